"""Settings of every service: one `groundcrew.toml`, overridden by `GROUNDCREW_<SECTION>__<KEY>`.

A service's settings class names the sections that it reads; see `load` for what happens with the others.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from groundcrew.contracts.identity import Site
from groundcrew.runtime.sources import Gathered, SettingsError, nearest, read_environment, read_toml
from groundcrew.telemetry.redaction import redact

__all__ = ["Section", "ServiceSettings", "SettingsError", "is_secret", "load", "redacted", "sections"]


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
    port: int = Field(5432, ge=1, le=65_535, description="port of the server")
    database: str = Field("groundcrew", min_length=1, description="name of the database")
    user: str = Field("groundcrew", min_length=1, description="role that owns the schemas")
    password: SecretStr = Field(SecretStr(""), description="password of the role")
    wait_s: float = Field(30, gt=0, description="seconds to wait for the server at start before giving up")
    pool: int = Field(4, ge=1, le=50, description="connections per service at most")


class HttpSection(Section):
    host: str = Field("127.0.0.1", description="address that /healthz, /readyz, /metrics and /version listen on")
    port: int = Field(0, ge=0, le=65_535, description="0: the service's own default port")


class LogSection(Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is written")


class ServiceSettings(BaseSettings):
    """What every service reads. A service adds its own section: `trigger: TriggerSection = TriggerSection()`."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, validate_default=True)

    site: SiteSection = SiteSection()
    nats: NatsSection = NatsSection()
    postgres: PostgresSection = PostgresSection()
    http: HttpSection = HttpSection()
    log: LogSection = LogSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed in: `load` reads file and environment itself, since an error must name the place."""
        return (init_settings,)


S = TypeVar("S", bound=ServiceSettings)


def default_config_path() -> Path:
    """`groundcrew.toml` of the working folder, unless GROUNDCREW_CONFIG says otherwise (see `load`)."""
    return Path("groundcrew.toml")


def load(
    cls: type[S],
    *,
    environ: Mapping[str, str],
    config_path: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    defaults: Mapping[str, Mapping[str, Any]] | None = None,
) -> S:
    """Settings of one service: defaults, under the TOML file, under the environment, under `overrides`. `defaults`
    stand in for those of the class, where whoever starts the service knows better ones.

    The file is `config_path`, else GROUNDCREW_CONFIG, else `groundcrew.toml` of the working folder if it is there.
    Unknown sections and keys fail wherever they are written; a section of another service is left to that service.
    Raises SettingsError with a line for everything that is wrong.
    """
    gathered = Gathered()
    gathered.put_all(defaults or {}, "defaults")
    named = config_path or (Path(environ["GROUNDCREW_CONFIG"]) if environ.get("GROUNDCREW_CONFIG") else None)
    read_toml(gathered, named or default_config_path(), required=named is not None)
    fields = _keys(cls)
    read_environment(
        gathered,
        environ,
        secrets=frozenset(place for place, info in fields.items() if is_secret(info)),
        lists=frozenset(place for place, info in fields.items() if _is_composite(info)),
    )
    gathered.put_all(overrides or {}, "command line")
    own = {section: table for section, table in gathered.values.items() if section in cls.model_fields}
    try:
        settings = cls.model_validate(own)
    except ValidationError as error:
        gathered.problems += [_line(problem, gathered, fields) for problem in error.errors(include_url=False)]
    if gathered.problems:
        raise SettingsError(gathered.problems)
    return settings


def redacted(settings: ServiceSettings) -> dict[str, Any]:
    """Plain data of all settings with secrets hidden, for `config show`."""
    plain: dict[str, Any] = redact(settings.model_dump())
    return plain


def sections(cls: type[ServiceSettings]) -> dict[str, type[Section]]:
    """The section classes of a settings class, by name."""
    found = {}
    for name, info in cls.model_fields.items():
        assert isinstance(info.annotation, type), f"{cls.__name__}.{name} is no section"
        assert issubclass(info.annotation, Section), f"{cls.__name__}.{name} is no section"
        found[name] = info.annotation
    return found


def is_secret(info: FieldInfo) -> bool:
    return SecretStr in _types(info.annotation)


def _keys(cls: type[ServiceSettings]) -> dict[tuple[str, str], FieldInfo]:
    return {
        (section, key): info for section, table in sections(cls).items() for key, info in table.model_fields.items()
    }


def _types(annotation: Any) -> set[Any]:
    inner = get_args(annotation)
    return {annotation} | {found for part in inner for found in _types(part)}


def _is_composite(info: FieldInfo) -> bool:
    origins = {get_origin(found) or found for found in _types(info.annotation)}
    return bool(origins & {list, tuple, set, frozenset, dict})


def _line(problem: ErrorDetails, gathered: Gathered, fields: Mapping[tuple[str, str], FieldInfo]) -> str:
    """'<file or variable>: <section>.<key> = <value>: expected ...'; never the value of a secret or unknown key."""
    section, *rest = (str(part) for part in problem["loc"])
    key = rest[0] if rest else ""
    place = gathered.places.get((section, key), "settings")
    name = ".".join([section, *rest])
    if problem["type"] == "extra_forbidden":
        known = [known_key for known_section, known_key in fields if known_section == section]
        return f"{place}: unknown key {name}; {nearest(key, known)}"
    text = problem["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    text = re.sub(r"expected (?=greater|less)", "expected a number ", text)
    if "expected" not in text:
        text = f"expected: {text[:1].lower()}{text[1:]}"
    info = fields.get((section, key))
    shown = "" if info is None or is_secret(info) else f" = {redact(problem['input'])!r}"[:200]
    return f"{place}: {name}{shown}: {text}"
