"""Entry point: `python -m groundcrew_context`."""

from groundcrew.runtime.run import main
from groundcrew_context.service import wire
from groundcrew_context.settings import Settings

if __name__ == "__main__":
    main("context", Settings, wire)
