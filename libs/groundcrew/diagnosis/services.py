"""Service packs: what is said of which systemd units on which hosts. Parsed and checked text, no I/O."""

import re
from fnmatch import fnmatchcase
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from groundcrew.contracts.incidents import Severity
from groundcrew.diagnosis.rules import CauseId, Level, Named, parse_tables

_OF_SHOULD_RUN: dict[str, Any] = {
    "title": "{unit} should run and is {state}",
    "severity": "critical",
    "causes": ["software.failed"],
    "meaning": "A unit that this host is there for does not run.",
    "steps": ["Look why: systemctl status {unit}; journalctl -u {unit}.", "Start it once the reason is understood."],
}
"""What an operator who lists units that should run need not say."""


class ServiceCheck(Named):
    """What to say of which units.

    Units are chosen by `names` (shell patterns of whole names, `postgresql@*.service`) and by the regular expressions
    `units` and `not_units`; hosts by shell patterns of their name and of their role in the inventory. What is left
    empty chooses all.

    - `down`, `failed`: the unit failed; `down` where it was seen running before, `failed` where it was not.
    - `crash-loop`: `restarts` within `window_s`.
    - `flapping`: so many changes between active and not active within `window_s`.
    - `should-run`: not active for `hold_s`. Each name must be there, but with `where_enabled`, which speaks only of
      units that are enabled. Oneshots, and what a timer or socket starts, may rest.
    - `stuck`: starting or stopping for `hold_s`.
    """

    kind: Literal["down", "failed", "crash-loop", "flapping", "should-run", "stuck"]
    title: str = Field(min_length=1)
    severity: Level
    causes: list[CauseId] = Field(default_factory=list)
    hosts: list[str] = Field(default_factory=list, max_length=200)
    roles: list[str] = Field(default_factory=list, max_length=200)
    names: list[str] = Field(default_factory=list, max_length=200)
    units: str = Field(".*", description="regular expression that the whole unit name fits")
    not_units: str = ""
    where_enabled: bool = False
    restarts: int = Field(3, ge=1, le=1_000)
    changes: int = Field(6, ge=3, le=60)
    window_s: float = Field(600, gt=0, le=86_400)
    hold_s: float = Field(60, ge=0, le=86_400)
    recover_s: float = Field(60, ge=0, le=86_400)
    repeat_s: float = Field(3_600, ge=60)
    meaning: str = Field(min_length=1)
    steps: list[str] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _said_for_should_run(cls, table: Any) -> Any:
        if isinstance(table, dict) and table.get("kind") == "should-run":
            return {**_OF_SHOULD_RUN, **table}
        return table

    @model_validator(mode="after")
    def _units_compile(self) -> Self:
        for key in ("units", "not_units"):
            try:
                re.compile(getattr(self, key))
            except re.error as error:
                msg = f"{key}: {error}"
                raise ValueError(msg) from None
        if self.kind == "should-run" and not self.names:
            msg = "names: expected the units that should run, e.g. ['nginx.service']"
            raise ValueError(msg)
        wrong = next((name for name in self.names if not name.endswith((".service", ".timer"))), None)
        if wrong is not None:
            msg = f"names: {wrong!r}: expected names that end in .service or .timer"
            raise ValueError(msg)
        return self

    @property
    def masked_severity(self) -> Severity:
        """Somebody masked it on purpose: at most a warning."""
        return Severity.INFO if self.severity is Severity.INFO else Severity.WARNING

    def of_unit(self, unit: str) -> bool:
        if self.names and not any(fnmatchcase(unit, name) for name in self.names):
            return False
        return bool(re.fullmatch(self.units, unit)) and not (self.not_units and re.fullmatch(self.not_units, unit))

    def on_host(self, name: str, role: str) -> bool:
        if self.hosts and not any(fnmatchcase(name, pattern) for pattern in self.hosts):
            return False
        return not self.roles or any(fnmatchcase(role, pattern) for pattern in self.roles)


def parse_services(text: str, file: str) -> list[ServiceCheck]:
    """The `[[service]]` tables of one file. Raises PackError naming file, check and key."""
    return parse_tables(text, file, "service", ServiceCheck)
