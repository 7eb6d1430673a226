"""The MCP server: the fleet as tools and resources for MCP clients."""
