"""`python -m groundcrew_mcp` runs the MCP server."""

from groundcrew.runtime.run import main
from groundcrew_mcp.service import wire
from groundcrew_mcp.settings import Settings

if __name__ == "__main__":
    main("mcp", Settings, wire, serves_probes=False)
