"""Settings of the gateway."""

from pydantic import Field

from groundcrew.runtime.settings import Section, ServiceSettings


class GatewaySection(Section):
    """Where the page and the API listen, and how far they trust a caller."""

    host: str = Field("127.0.0.1", description="address that the page and the API listen on")
    port: int = Field(40083, ge=0, le=65_535, description="port of the page and the API; 0: any free one")
    allowed_hosts: list[str] = Field(
        default_factory=lambda: ["127.0.0.1", "localhost", "[::1]"],
        description="names that a Host header may carry (a defence against DNS rebinding); '*' allows all",
    )
    admin_key_file: str = Field(
        "", description="file in which the gateway keeps an admin key that it makes itself (0600); empty: none is made"
    )
    cookie_secure: bool = Field(False, description="send the session cookie over HTTPS only; set it behind a TLS proxy")
    session_hours: float = Field(12, gt=0, le=720, description="hours that a signed-in browser stays signed in")
    alerts_body_bytes: int = Field(
        2_097_152, ge=1_024, le=16_777_216, description="the same for a group of alerts that another tool hands in"
    )
    max_body_bytes: int = Field(65_536, ge=1_024, le=16_777_216, description="bytes of a request body at most")
    chat_body_bytes: int = Field(
        1_048_576, ge=1_024, le=16_777_216, description="the same under /v1, where clients send whole conversations"
    )
    cors_origins: list[str] = Field(
        default_factory=list,
        description="origins of web pages elsewhere, such as https://chat.example.org, whose scripts may call /v1 with"
        " an API key; empty: none",
    )
    live_clients: int = Field(200, ge=1, le=10_000, description="WebSocket clients at once at most")
    live_queue: int = Field(256, ge=1, le=10_000, description="events waiting per WebSocket client at most")
    heartbeat_s: float = Field(20, gt=0, le=300, description="seconds between heartbeats to WebSocket clients")


class Settings(ServiceSettings):
    gateway: GatewaySection = GatewaySection()
