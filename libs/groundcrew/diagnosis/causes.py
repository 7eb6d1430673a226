"""Knowledge of causes: what each explains, how it reads to a person, what may be done. The data is `packs/causes.toml`;
adding a cause touches no code."""

import re
import tomllib
from collections.abc import Iterable
from functools import cached_property
from typing import Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from groundcrew.contracts.actions import ActionKind
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.incidents import Severity
from groundcrew.diagnosis.rules import PackError
from groundcrew.diagnosis.topology import SharedKind

UNKNOWN = "unknown"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PLACEHOLDERS = frozenset({"part", "place"})


class SharedFault(Record):
    """When the same kind of cause on several hosts is one fault of what they hang on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: SharedKind
    of: list[str] = Field(min_length=1, description="causes on single hosts that it shows as")
    min_hosts: int = Field(3, ge=2)


class CauseEntry(Record):
    """One cause of the pack."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^([a-z_]+\.[a-z_]+|unknown)$")
    component_class: str = ""
    title: str = Field(description="one line; {part} and {place} are filled in")
    severity: Severity = Field(description="an incident of this cause is at least so severe")
    explains: list[str] = Field(default_factory=list, description="causes whose symptoms it brings about on a host")
    per_part: bool = Field(False, description="on two parts of one host it is two faults")
    explanation: str
    steps: list[str] = Field(min_length=1)
    actions: list[ActionKind] = Field(default_factory=lambda: [ActionKind.TICKET_CREATE])
    shared: SharedFault | None = None

    @model_validator(mode="after")
    def _filled_in(self) -> Self:
        for text in (self.title, *self.steps):
            wrong = set(_PLACEHOLDER.findall(text)) - _PLACEHOLDERS
            if wrong:
                msg = f"placeholder {{{min(wrong)}}}: expected {{part}} or {{place}}"
                raise ValueError(msg)
        if self.severity is Severity.UNKNOWN:
            msg = "severity: expected info, warning or critical"
            raise ValueError(msg)
        if ActionKind.UNKNOWN in self.actions:
            known = ", ".join(kind.value for kind in ActionKind if kind is not ActionKind.UNKNOWN)
            msg = f"actions: expected some of {known}"
            raise ValueError(msg)
        return self

    @property
    def class_name(self) -> str:
        """The component class; it is the first half of the id unless the pack says otherwise."""
        return self.component_class or self.id.partition(".")[0]

    def title_for(self, part: str, place: str) -> str:
        return _fill(self.title, part or self.class_name, place)[:200]

    def steps_for(self, part: str, place: str) -> list[str]:
        return [_fill(step, part or self.class_name, place) for step in self.steps]


def _fill(template: str, part: str, place: str) -> str:
    """Fill in by one pass, so that braces in a part's name stay what they are."""
    values = {"part": part, "place": place}
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], template)


class Knowledge(Record):
    """The whole pack."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cause: list[CauseEntry]

    @classmethod
    def parse(cls, text: str, name: str = "causes.toml") -> "Knowledge":
        """Read one pack. Raises PackError with the file, the entry and what was expected."""
        return cls.parse_layers([(name, text)])

    @classmethod
    def parse_layers(cls, files: Iterable[tuple[str, str]]) -> "Knowledge":
        """Read (name, text) of several packs; a later entry replaces that of the same id. Raises PackError."""
        merged: dict[str, CauseEntry] = {}
        for name, text in files:
            merged |= {entry.id: entry for entry in _entries(text, name)}
        try:
            return cls(cause=list(merged.values()))
        except ValidationError as error:
            msg = f"causes: {error.errors()[0]['msg']}"
            raise PackError(msg) from None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        known = {entry.id for entry in self.cause}
        if UNKNOWN not in known:
            msg = "the cause 'unknown' is missing: it is what stands when nothing else does"
            raise ValueError(msg)
        for entry in self.cause:
            named = [*entry.explains, *(entry.shared.of if entry.shared else ())]
            missing = [name for name in named if name not in known]
            if missing:
                msg = f"cause {entry.id!r} names {missing[0]!r}, which is no cause of this pack"
                raise ValueError(msg)
        return self

    @cached_property
    def by_id(self) -> dict[str, CauseEntry]:
        return {entry.id: entry for entry in self.cause}

    @cached_property
    def shared_faults(self) -> list[CauseEntry]:
        """Causes that lie in something several hosts share, in the order of the pack."""
        return [entry for entry in self.cause if entry.shared]

    @cached_property
    def _explained_by(self) -> dict[str, frozenset[str]]:
        """Cause -> all that it explains, through others as well."""
        closed: dict[str, frozenset[str]] = {}
        for entry in self.cause:
            found: set[str] = set()
            todo = list(entry.explains)
            while todo:
                name = todo.pop()
                if name not in found and name != entry.id:
                    found.add(name)
                    todo.extend(self.by_id[name].explains)
            closed[entry.id] = frozenset(found)
        return closed

    def get(self, cause_id: str) -> CauseEntry:
        """The entry, or that of 'unknown' for an id that the pack does not know."""
        return self.by_id.get(cause_id) or self.by_id[UNKNOWN]

    def explains(self, cause: str, symptom: str) -> bool:
        """Whether `cause` can bring about what `symptom` (a cause id, too) shows, directly or through others."""
        return symptom in self._explained_by.get(cause, frozenset())


def _entries(text: str, name: str) -> list[CauseEntry]:
    """The `[[cause]]` tables of one file. Raises PackError with file, entry and what was expected."""
    try:
        raw = tomllib.loads(text)
        entries = _File.model_validate(raw).cause
    except tomllib.TOMLDecodeError as error:
        msg = f"{name}: {error}"
        raise PackError(msg) from None
    except ValidationError as error:
        first = error.errors()[0]
        msg = f"{name}: {_place(first['loc'], raw)}: {first['msg']}"
        raise PackError(msg) from None
    ids = [entry.id for entry in entries]
    if double := next((i for i in ids if ids.count(i) > 1), None):
        msg = f"{name}: cause {double!r} is given twice"
        raise PackError(msg)
    return entries


class _File(Record):
    model_config = ConfigDict(frozen=True, extra="forbid")
    cause: list[CauseEntry]


def _place(loc: tuple[int | str, ...], raw: dict[str, object]) -> str:
    """`cause 'psu.failed', steps` of the location ('cause', 3, 'steps')."""
    entries = raw.get("cause")
    if len(loc) >= 2 and isinstance(loc[1], int) and isinstance(entries, list) and isinstance(entries[loc[1]], dict):
        rest = ", ".join(str(part) for part in loc[2:])
        return f"cause {entries[loc[1]].get('id', loc[1])!r}" + (f", {rest}" if rest else "")
    return ".".join(str(part) for part in loc) or "pack"
