"""`python -m groundcrew_host_collector`"""

from groundcrew.runtime.run import main
from groundcrew_host_collector.service import wire
from groundcrew_host_collector.settings import Settings

if __name__ == "__main__":
    main("host-collector", Settings, wire)
