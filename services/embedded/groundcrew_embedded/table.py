"""The services that share the embedded process, in the order in which they are wired.

Owners of stores come first and collectors last: a stream keeps an observation only once its consumers exist.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from groundcrew.runtime.resources import Resources
from groundcrew.runtime.settings import ServiceSettings, SettingsError, load


@dataclass(frozen=True)
class Service:
    """A service by name. Modules are imported when asked for: reading all settings needs no web framework."""

    name: str
    package: str

    @property
    def section(self) -> str:
        """Its table in `groundcrew.toml`."""
        return self.name.replace("-", "_")

    def settings_class(self) -> type[ServiceSettings]:
        found: type[ServiceSettings] = import_module(f"{self.package}.settings").Settings
        return found

    def wire(self) -> Callable[[Any, Resources], Awaitable[None]]:
        found: Callable[[Any, Resources], Awaitable[None]] = import_module(f"{self.package}.service").wire
        return found


SERVICES = (
    Service("context", "groundcrew_context"),
    Service("actions", "groundcrew_actions"),
    Service("hybrid-coordinator", "groundcrew_hybrid_coordinator"),
    Service("trigger", "groundcrew_trigger"),
    Service("review", "groundcrew_review"),
    Service("meta", "groundcrew_meta"),
    Service("runner", "groundcrew_runner"),
    Service("gateway", "groundcrew_gateway"),
    Service("mcp", "groundcrew_mcp"),
    Service("host-collector", "groundcrew_host_collector"),
    Service("ipmi-collector", "groundcrew_ipmi_collector"),
)

DEMO_SITE = "demo"
DEMO_SERVICES = tuple(
    service
    for service in SERVICES
    if service.name in ("context", "actions", "hybrid-coordinator", "trigger", "review", "meta")
)
"""What runs a second time for the demo site: no collector reads anything there, no runner executes anything."""


def settings_classes() -> dict[str, type[ServiceSettings]]:
    """The settings class of every service, by service name."""
    return {service.name: service.settings_class() for service in SERVICES}


def check_all(environ: Mapping[str, str], config_path: Path | None = None) -> list[str]:
    """What is wrong with the settings of any service, each line once; empty where all is well."""
    lines: dict[str, None] = {}
    for cls in settings_classes().values():
        try:
            load(cls, environ=environ, config_path=config_path)
        except SettingsError as error:
            lines |= dict.fromkeys(error.lines)
    return list(lines)
