"""`python -m groundcrew_ipmi_collector`"""

from groundcrew.runtime.run import main
from groundcrew_ipmi_collector.service import wire
from groundcrew_ipmi_collector.settings import Settings

if __name__ == "__main__":
    main("ipmi-collector", Settings, wire)
