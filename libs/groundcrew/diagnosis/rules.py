"""Rule packs: parsed and checked text, no I/O. A pack that does not hold names its file, rule and key."""

import string
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, Self, TypeVar

import re2
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from groundcrew.contracts.incidents import Severity
from groundcrew.diagnosis.vocabulary import COMPONENT_CLASSES

BUILT_IN_FIELDS = frozenset({"unit", "identifier", "entity", "sensor", "value", "event", "bmc"})
"""Fields of titles and components beside the capture groups; what a source does not have is empty."""

MAX_MEMORY = 64 * 1024 * 1024
"""re2's budget for one compiled set; its default of 8 MiB refuses sets of about a thousand patterns."""

PATTERN_MEMORY = (128 * 1024, MAX_MEMORY)
"""re2's budgets for one pattern, of which the first that its program fits in is taken. It also bounds the states of its
automaton that are remembered, which grow with each line that differs: by re2's own 8 MiB, those of a thousand patterns
have no bound that a process reaches before its memory; by 512 KiB they took 44 MiB, and were a tenth faster."""

LOOKS = ("sensor", "bmc", "trend")
"""Sources that are looked at again and again: a rule of theirs is confirmed by so many looks (`polls`)."""


class PackError(ValueError):
    """A pack that cannot be used; the text names file, rule and key, and what was expected."""


class Part(BaseModel):
    """A table of a pack. Unknown keys are errors: a misspelt key would be a rule that silently does less."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _component_class(value: str) -> str:
    if value not in COMPONENT_CLASSES:
        msg = f"expected one of {' '.join(sorted(COMPONENT_CLASSES))}"
        raise ValueError(msg)
    return value


def _known(value: Severity) -> Severity:
    if value is Severity.UNKNOWN:
        msg = "expected info, warning or critical"
        raise ValueError(msg)
    return value


RuleId = Annotated[str, Field(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$")]


class Named(Part):
    """A table with an id, which a later pack replaces or disables by it."""

    id: RuleId
    disabled: bool = False


P = TypeVar("P", bound=Named)
CauseId = Annotated[str, Field(pattern=r"^([a-z0-9_]+\.[a-z0-9_]+|unknown)$")]
ComponentClass = Annotated[str, AfterValidator(_component_class)]
Level = Annotated[Severity, AfterValidator(_known)]


class Rate(Part):
    """So many hits within a window make a trigger; a capture group named `count` weighs a hit."""

    count: int = Field(ge=2, le=10_000)
    window_s: float = Field(gt=0, le=604_800)
    alone: bool = Field(
        True,
        description="whether one hit is itself a fault (a corrected error) or only their number is (a wrong password)",
    )


class Example(Part):
    """A line that must fire the rule, and the component that must come out of it."""

    text: str
    component: str = ""
    identifier: str = ""
    unit: str = ""
    status: str = ""
    uptime_s: float | None = None


class Rule(Named):
    """One thing worth telling an operator, and the text that says it."""

    title: str = Field(min_length=1)
    kind: str = Field("", pattern=r"^([a-z0-9]+(_[a-z0-9]+)*)?$", description="what the text says, e.g. nvme_timeout")
    severity: Level
    causes: list[CauseId] = Field(default_factory=list)
    component_class: ComponentClass
    component: str = ""
    source: Literal["log", "sel", "sensor", "eventlog", "bmc", "trend"] = "log"
    identifiers: list[str] = Field(default_factory=list)
    patterns: list[str] = Field(min_length=1)
    not_patterns: list[str] = Field(default_factory=list)
    examples: list[Example] = Field(min_length=1)
    counter_examples: list[Example] = Field(default_factory=list)
    debounce_s: float | None = Field(None, ge=0)
    confirm_s: float = Field(0, ge=0, le=3_600)
    confirm_while: Literal["", "services"] = ""
    rate: Rate | None = None
    after_boot_s: float = Field(
        0,
        ge=0,
        le=3_600,
        description="so long after boot such a line is usual: by itself it is a fault only with a later uptime",
    )
    usual_going_down: bool = Field(
        False, description="usual while the host goes down by order: a fault only where nobody told it to"
    )
    going_down: bool = Field(
        False,
        description="tells that the host goes down by order: from then on what is usual after boot is usual too",
    )
    unordered: bool = Field(
        False,
        description="tells of a boot: said only where the boot before was seen and ended without an order to go down",
    )
    clear: list[str] = Field(default_factory=list)
    asserted: bool = True
    once: bool = Field(False, description="tells what happened at one moment, not a state: nothing ends it")
    statuses: list[Literal["nc", "cr", "nr", "ok", "ns"]] = Field(default_factory=list)
    below: float | None = None
    facts: dict[str, str] = Field(default_factory=dict, description="what is known beforehand; goes with the captures")
    units: list[str] = Field(default_factory=list)
    polls: int = Field(2, ge=1, le=100)
    side: Literal["", "lower", "upper"] = Field("", description="only where a reading left its range at this side")
    meaning: str = Field(min_length=1)
    steps: list[str] = Field(min_length=1)
    reference: str = ""

    @model_validator(mode="after")
    def _keys_fit_the_source(self) -> Self:
        sensor_only = {"statuses", "below", "units", "side"} & self.model_fields_set
        if self.source != "sensor" and sensor_only:
            msg = f"{min(sensor_only)}: only rules with source = 'sensor' have it"
            raise ValueError(msg)
        if not self.looks and "polls" in self.model_fields_set:
            msg = f"polls: only rules with source = {' or '.join(map(repr, LOOKS))} have it"
            raise ValueError(msg)
        if self.source == "sensor" and not self.statuses and self.below is None:
            msg = "statuses: a sensor rule says which statuses (or 'below' which value) fire it"
            raise ValueError(msg)
        if self.rate and self.confirm_s:
            msg = "confirm_s: a rule with a rate needs no confirmation time"
            raise ValueError(msg)
        return self

    @property
    def looks(self) -> bool:
        """Whether it judges what is so or not so at each look, instead of what is said once."""
        return self.source in LOOKS

    @model_validator(mode="after")
    def _patterns_compile(self) -> Self:
        names = BUILT_IN_FIELDS | set(self.facts)
        for key in ("patterns", "not_patterns", "clear"):
            for index, pattern in enumerate(getattr(self, key)):
                names |= group_names(pattern, f"{key}[{index}]")
        for key in ("title", "component"):
            for name in _fields(getattr(self, key), key):
                if name not in names:
                    msg = f"{key}: {{{name}}} is no capture group; expected one of {' '.join(sorted(names))}"
                    raise ValueError(msg)
        return self


def compile_pattern(pattern: str, place: str) -> Any:
    """A compiled re2 pattern. Raises ValueError naming the place; re2 has neither look-around nor back-references,
    which is what keeps matching linear in the length of the text."""
    try:
        return _compiled(pattern)
    except re2.error as error:
        raise _no_pattern(pattern, place, error) from None


def group_names(pattern: str, place: str) -> frozenset[str]:
    """The names of a pattern's groups. Raises as `compile_pattern`, and keeps nothing: most patterns never match."""
    try:
        return _group_names(pattern)
    except re2.error as error:
        raise _no_pattern(pattern, place, error) from None


@lru_cache(maxsize=16_384)  # every reload and every replay of a process checks the same packs
def _group_names(pattern: str) -> frozenset[str]:
    return frozenset(_fresh(pattern).groupindex)


def _no_pattern(pattern: str, place: str, error: Exception) -> ValueError:
    reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
    return ValueError(
        f"{place}: {pattern!r} is no re2 pattern ({reason}; look-around and back-references are not supported)"
    )


@lru_cache(maxsize=16_384)
def _compiled(pattern: str) -> Any:
    return _fresh(pattern)


def _fresh(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    for options.max_mem in PATTERN_MEMORY[:-1]:
        try:
            return re2.compile(pattern, options)
        except re2.error:  # too large for so little, or no pattern at all, which the last one tells
            continue
    options.max_mem = PATTERN_MEMORY[-1]
    return re2.compile(pattern, options)


def _fields(template: str, key: str) -> list[str]:
    try:
        return [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError as error:
        msg = f"{key}: {error}"
        raise ValueError(msg) from None


def parse_rules(text: str, file: str) -> list[Rule]:
    """The rules of one file, `[[rule]]` tables, in the file's order. Raises PackError."""
    return parse_tables(text, file, "rule", Rule)


def parse_tables(text: str, file: str, kind: str, model: type[P], beside: Sequence[str] = ()) -> list[P]:
    """The `[[kind]]` tables of one file as models with ids; tables named in `beside` are somebody else's. Raises
    PackError naming file, table and key."""
    found: dict[str, P] = {}
    for index, table in enumerate(tables(text, file, kind, beside)):
        name = table.get("id", f"number {index + 1}") if isinstance(table, dict) else f"number {index + 1}"
        try:
            entry = model.model_validate(table)
        except ValidationError as error:
            raise PackError(describe(error, file, f"{kind} {name}")) from None
        if entry.id in found:
            msg = f"{file}: {kind} {name}: id: used twice in this file"
            raise PackError(msg)
        found[entry.id] = entry
    return list(found.values())


def tables(text: str, file: str, kind: str, beside: Sequence[str] = ()) -> list[Any]:
    """The raw `[[kind]]` tables of one file. Raises PackError where it is no TOML or holds anything else."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{file}: not TOML: {error}"
        raise PackError(msg) from None
    unknown = sorted(set(document) - {kind, *beside})
    tables = document.get(kind, [])
    if unknown or not isinstance(tables, list):
        msg = f"{file}: {unknown[0] if unknown else kind}: expected [[{kind}]] tables only"
        raise PackError(msg)
    return list(tables)


def describe(error: ValidationError, file: str, where: str) -> str:
    """One line naming file, place and key of the first thing wrong; a misspelt key before the one it leaves out."""
    first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{file}: {where}: {key}: {message}" if key else f"{file}: {where}: {message}"


def overlay(layers: Sequence[Sequence[P]]) -> list[P]:
    """Entries of all layers by id; a later layer replaces one of the same id, and `disabled = true` removes it."""
    merged = {entry.id: entry for layer in layers for entry in layer}
    return [entry for entry in merged.values() if not entry.disabled]
