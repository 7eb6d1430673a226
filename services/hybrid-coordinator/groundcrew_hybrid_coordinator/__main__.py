"""Entry point: `python -m groundcrew_hybrid_coordinator`."""

from groundcrew.runtime.run import main
from groundcrew_hybrid_coordinator.service import wire
from groundcrew_hybrid_coordinator.settings import Settings

if __name__ == "__main__":
    main("hybrid-coordinator", Settings, wire)
