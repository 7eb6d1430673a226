"""Settings of every service: one `groundcrew.toml`, overridden by `GROUNDCREW_<SECTION>__<KEY>`.

A service's settings class names the sections that it reads; see `load` for what happens with the others.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from groundcrew.contracts.identity import Site


class Section(BaseModel):
    """A table of `groundcrew.toml`. Field descriptions become the configuration reference."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class SiteSection(Section):
    name: Site = Field("default", description="the site (tenant) that this process works for")


class NatsSection(Section):
    url: str = Field("nats://127.0.0.1:4222", description="address of the NATS server")
    user: str = Field("", description="user name; empty where the server asks for none")
    password: SecretStr = Field(SecretStr(""), description="password of the user")
    wait_s: float = Field(30, gt=0, description="seconds to wait for the server at start before giving up")
    replicas: int = Field(1, ge=1, le=5, description="JetStream replicas of every stream")


class PostgresSection(Section):
    host: str = Field("127.0.0.1", description="address of PostgreSQL or TimescaleDB")
    port: int = Field(5432, ge=1, le=65_535)
    database: str = "groundcrew"
    user: str = "groundcrew"
    password: SecretStr = SecretStr("")
    wait_s: float = Field(30, gt=0, description="seconds to wait for the server at start before giving up")
    pool: int = Field(4, ge=1, le=50, description="connections per service at most")


class HttpSection(Section):
    host: str = Field("127.0.0.1", description="address that the service's health and metrics listen on")
    port: int = Field(0, ge=0, le=65_535, description="0: the service's own default port")


class LogSection(Section):
    level: str = Field("info", pattern="^(debug|info|warning|error)$")


class ServiceSettings(BaseSettings):
    """What every service reads. A service adds its own section: `trigger: TriggerSection = TriggerSection()`."""

    model_config = SettingsConfigDict(
        env_prefix="GROUNDCREW_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    site: SiteSection = SiteSection()
    nats: NatsSection = NatsSection()
    postgres: PostgresSection = PostgresSection()
    http: HttpSection = HttpSection()
    log: LogSection = LogSection()


def default_config_path() -> Path:
    """`groundcrew.toml` of the working folder, unless GROUNDCREW_CONFIG says otherwise (see `load`)."""
    return Path("groundcrew.toml")
