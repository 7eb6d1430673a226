"""Silences and maintenance windows: stretches of time in which triggers of some hosts are recorded and open no
incident. context owns them; trigger follows them."""

from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, field_validator, model_validator

from groundcrew.contracts.envelope import Record
from groundcrew.contracts.identity import Id

MAX_DURATION = timedelta(days=92)
"""Longer ones are forgotten by those who made them; what is always noise wants a pack that leaves the rule out."""

MAX_AHEAD = timedelta(days=366)
TARGETS = ("host", "bmc", "role", "rack", "entity")
"""Kinds of targets. A host covers the BMC that sits in it."""

KEY = "current"
"""Where the whole of them stands in the bucket."""


def _target_fault(target: str) -> str:
    """What is wrong with a target; empty where nothing is."""
    kind, colon, name = target.partition(":")
    if target == "all" or (colon and kind in TARGETS and name.strip() == name != ""):
        return ""
    return f"{target[:80]!r}: expected 'all', or one of {', '.join(f'{each}:NAME' for each in TARGETS)}"


class Window(Record):
    """What is silenced, when, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["silence", "maintenance"] = Field("silence", description="how it is called; both do the same")
    targets: list[str] = Field(
        min_length=1,
        max_length=100,
        description="'host:NAME', 'bmc:NAME', 'role:NAME', 'rack:NAME', 'entity:KIND:NAME' or 'all'; names may have "
        "the wildcards * and ?",
        examples=[["host:brickbox-43"], ["rack:r7", "role:gpu*"]],
    )
    rules: list[str] = Field(
        default_factory=list,
        max_length=100,
        description="only these: ids of rules or causes, with wildcards; empty: all",
        examples=[["nic.*", "psu.input_lost"]],
    )
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    why: str = Field(min_length=1, max_length=500, examples=["new firmware, ticket 4711"])

    @field_validator("targets", "rules")
    @classmethod
    def _short(cls, names: list[str]) -> list[str]:
        for name in names:
            if not 0 < len(name) <= 260 or not name.isprintable():
                msg = f"{name[:80]!r}: expected 1 to 260 printable characters"
                raise ValueError(msg)
        return names

    @field_validator("targets")
    @classmethod
    def _known_targets(cls, targets: list[str]) -> list[str]:
        fault = next((fault for target in targets if (fault := _target_fault(target))), "")
        if fault:
            raise ValueError(fault)
        return targets

    @field_validator("why")
    @classmethod
    def _says_why(cls, why: str) -> str:
        if not why.strip() or "\0" in why:
            msg = "expected a reason that the next person understands"
            raise ValueError(msg)
        return why.strip()

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends_at < self.starts_at:
            msg = "ends_at: expected after starts_at"
            raise ValueError(msg)
        if self.ends_at - self.starts_at > MAX_DURATION:
            msg = f"ends_at: expected at most {MAX_DURATION.days} days after starts_at"
            raise ValueError(msg)
        return self


class Silence(Window):
    """A window as it stands, with who made it and who ended it early."""

    id: Id
    by: str = Field(description="who made it")
    created_at: AwareDatetime
    ended_by: str = Field("", description="who ended it before its time; ends_at is when")

    def state(self, now: datetime) -> Literal["planned", "in force", "over"]:
        return "over" if now >= self.ends_at else "in force" if now >= self.starts_at else "planned"

    @property
    def label(self) -> str:
        """How a trigger names it."""
        return f"{self.kind} {self.id[:8]}: {self.why}"

    def covers(self, rule_id: str, causes: list[str] | tuple[str, ...]) -> bool:
        """Whether it is about this rule or one of these causes."""
        return not self.rules or any(
            fnmatchcase(name, pattern) for pattern in self.rules for name in (rule_id, *causes)
        )

    def aims_at(self, entity: str, host: str, role: str, rack: str) -> bool:
        """Whether it is about this entity; `host` is the name of the host that it is or sits in, empty where none."""
        kind, _, name = entity.partition(":")
        known = {"host": host, "bmc": name if kind == "bmc" else "", "role": role, "rack": rack, "entity": entity}
        for target in self.targets:
            of, _, pattern = target.partition(":")
            if target == "all" or (known[of] and fnmatchcase(known[of], pattern)):
                return True
        return False


class SilenceBook(Record):
    """All silences of a site as one revision: those that are planned or in force, and some that are over."""

    revision: int = 0
    silence: list[Silence] = Field(default_factory=list)
