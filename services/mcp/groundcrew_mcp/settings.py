"""Settings of the MCP server."""

from pydantic import Field

from groundcrew.runtime.settings import Section, ServiceSettings

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class McpSection(Section):
    """Where MCP clients connect, and how far a request is trusted before its key is looked at."""

    host: str = Field("127.0.0.1", description="address that the MCP server listens on")
    port: int = Field(40084, ge=0, le=65_535, description="port of the MCP server; 0: any free one")
    allowed_hosts: list[str] = Field(
        default_factory=lambda: list(_LOOPBACK),
        description="names that a Host header may carry (a defence against DNS rebinding); '*' allows all",
    )
    allowed_origins: list[str] = Field(
        default_factory=lambda: [f"http://{name}" for name in _LOOPBACK],
        description="origins that a browser may call from, without port; '*' allows all. Other clients send none",
    )
    max_body_bytes: int = Field(262_144, ge=1_024, le=16_777_216, description="bytes of a request body at most")
    connections: int = Field(256, ge=8, le=10_000, description="connections at once at most; more get 503")
    key_seconds: float = Field(
        5, ge=0, le=60, description="seconds that an accepted API key is not asked about again; so soon revoking bites"
    )


class Settings(ServiceSettings):
    mcp: McpSection = McpSection()
