"""`python -m groundcrew_gateway` runs the gateway."""

from groundcrew.runtime.run import main
from groundcrew_gateway.service import wire
from groundcrew_gateway.settings import Settings

if __name__ == "__main__":
    main("gateway", Settings, wire, serves_probes=False)
