"""Entry point: `python -m groundcrew_trigger`."""

from groundcrew.runtime.run import main
from groundcrew_trigger.service import wire
from groundcrew_trigger.settings import Settings

if __name__ == "__main__":
    main("trigger", Settings, wire)
