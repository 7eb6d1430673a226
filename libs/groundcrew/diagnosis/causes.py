"""Knowledge of causes: the symptoms that each brings about, how it reads to a person, what may be done. The data is
`packs/causes*.toml`; adding a cause touches no code."""

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from heapq import heappop, heappush
from typing import Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from groundcrew.contracts.actions import ActionKind
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.incidents import EvidenceSource, Severity, Symptom
from groundcrew.diagnosis.rules import PackError
from groundcrew.diagnosis.topology import SharedKind

UNKNOWN = "unknown"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PLACEHOLDERS = frozenset({"part", "place"})


class Chance(StrEnum):
    """How likely a cause brings a symptom about, in words that a person can put down and argue about."""

    ALWAYS = "always"
    USUALLY = "usually"
    OFTEN = "often"
    SOMETIMES = "sometimes"
    RARELY = "rarely"

    @property
    def value_of(self) -> float:
        """The probability that the word stands for: the middles of the ranges in which people use such words, after
        Mosteller and Youtz, Quantifying Probabilistic Expressions (Statistical Science 5, 1990), rounded."""
        return _CHANCES[self.value]


_CHANCES = {"always": 0.95, "usually": 0.75, "often": 0.5, "sometimes": 0.25, "rarely": 0.1}


class Role(StrEnum):
    """What a symptom says of a cause."""

    SUPPORTING = "supporting"
    REQUIRED = "required"  # where its source is watched and it stays away, the cause is unlikely
    CONTRADICTING = "contradicting"  # where it is seen, the cause is unlikely


class Order(StrEnum):
    """When a symptom comes, seen from the first evidence of the cause itself."""

    AFTER = "after"
    BEFORE = "before"
    ANY = "any"


class Where(StrEnum):
    """Where a symptom shows, seen from the cause. What a fault of a feed, switch or rack shows on the hosts that hang
    on it is `CauseEntry.shared`."""

    HOST = "host"
    PART = "part"


class Produced(Record):
    """A symptom that a cause brings about: all that speaks first for `shows`, a cause that may be found alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shows: str = Field(description="cause id that the symptom's rule names first")
    source: list[EvidenceSource] = Field(
        default_factory=list, description="observations that would show it; empty: whatever there is"
    )
    where: Where = Where.HOST
    order: Order = Order.AFTER
    within_s: float = Field(900, gt=0, description="seconds after which it should have come")
    chance: Chance = Chance.OFTEN
    role: Role = Role.SUPPORTING

    @property
    def expected(self) -> bool:
        """Whether its absence says something."""
        return self.role is Role.REQUIRED or (self.role is Role.SUPPORTING and self.chance.value_of >= _EXPECTED)


_EXPECTED = 0.75

FAR_FETCHED = 0.05
"""Chance below which a way through other causes explains nothing: by steps that happen sometimes anything leads to
anything, and two faults of one host would be one. What the pack names itself is never below."""


class Example(Record):
    """What was seen and what it is: a test of the pack, and the shortest explanation of a cause."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seen: list[str] = Field(
        min_length=1,
        description="trigger events in order of time, a minute apart: '@rule part', or 'cause part' with '!' before it "
        "where it is critical and '~' where it is info; 'n2: ' before all of it: on that host, else on n1",
    )
    quiet_s: float = Field(0, ge=0, description="seconds in which nothing more is seen although all is watched")
    part: str = Field("", description="the part that is blamed; empty: whichever")


class Narrowing(Record):
    """What the name of a part makes of a cause: a hot sensor of a GPU speaks of that GPU first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cause: str
    part: str = Field(description="regular expression over the part's name, found anywhere, without case")
    to: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.part, re.IGNORECASE)

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        try:
            _ = self.pattern
        except re.error as error:
            msg = f"part {self.part!r}: {error}"
            raise ValueError(msg) from None
        return self


class Contrast(Record):
    """Two info rules about one part that mean a fault only against each other, on hosts that are built alike."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    less: str = Field(description="rule that says that the part has less than it could")
    whole: str = Field(description="rule that says that it has all")


class SharedFault(Record):
    """When the same kind of cause on several hosts is one fault of what they hang on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: SharedKind
    spreads: bool = Field(False, description="several elements at the same time are one fault still, such as of a room")
    same_part: bool = Field(False, description="of kinds that the inventory does not know: the part is the element")
    of: list[str] = Field(min_length=1, description="causes on single hosts that it shows as")
    of_told: list[str] = Field(
        default_factory=list,
        description="causes that it also shows as, on hosts that tell of this cause itself, were it as info only",
    )
    min_hosts: int = Field(3, ge=2)
    severity: Severity = Field(Severity.INFO, description="at least so grave once so many hosts show it")

    @cached_property
    def shows_as(self) -> frozenset[str]:
        """All causes on single hosts that it may show as."""
        return frozenset((*self.of, *self.of_told))


class CauseEntry(Record):
    """One cause of the pack."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^([a-z_]+\.[a-z_]+|unknown)$")
    kind_of: str = Field("", description="the wider cause that this one is a variant of, under whose id it is told")
    component_class: str = ""
    title: str = Field(description="one line; {part} and {place} are filled in")
    severity: Severity = Field(description="an incident of this cause is at least so severe")
    at_most: Severity = Field(
        Severity.CRITICAL,
        description="however grave its symptoms: nothing is lost by it alone; its consequences may be",
    )
    grave: Severity = Field(
        Severity.INFO,
        description="an incident whose cause brought this about is at least so severe, though info alone tells of it",
    )
    borne_by: list[str] = Field(
        default_factory=list,
        description="causes that tell of a redundancy that bore it: told beside one of them, it alone is a warning",
    )
    explains: list[str] = Field(
        default_factory=list, description="causes whose symptoms it often brings about on a host: `symptom` in short"
    )
    symptom: list[Produced] = Field(default_factory=list, description="the same with chance, place, order and role")
    example: list[Example] = Field(default_factory=list)
    per_part: bool = Field(False, description="on two parts of one host it is two faults")
    one_part: bool = Field(False, description="lies in one part, and does not explain the same of another one")
    explanation: str
    steps: list[str] = Field(min_length=1)
    actions: list[ActionKind] = Field(default_factory=lambda: [ActionKind.TICKET_CREATE])
    shared: SharedFault | None = None
    about_named: bool = Field(False, description="it is about the host that its part names, whoever tells of it")
    of_cluster: bool = Field(
        False, description="it is the complaint of a cluster, whose fault may lie on any host of it"
    )
    of_peers: bool = Field(
        False,
        description="it waits for a peer: a fault that brings it about may lie on a host of the same role and switch",
    )
    of_site: bool = Field(
        False, description="it is the complaint about a service of the whole site, whose fault may lie on any host"
    )
    stops: bool = Field(False, description="what depends on its place by the inventory stops with it")
    suffers: list[Literal["service", "storage", "network", "power", "cooling"]] = Field(
        default_factory=list, description="dependencies whose fault elsewhere may show so here"
    )

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
    def told_as(self) -> str:
        """The id that an incident of this cause bears."""
        return self.kind_of or self.id

    @cached_property
    def produced(self) -> tuple[Produced, ...]:
        """All symptoms that the cause brings about or that contradict it."""
        detailed = {one.shows for one in self.symptom}
        short = (Produced(shows=name) for name in self.explains if name not in detailed)
        return (*self.symptom, *short)

    @cached_property
    def awaited(self) -> tuple[Produced, ...]:
        """What it must show, or nearly must."""
        return tuple(one for one in self.produced if one.expected)

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
    stopping: list[str] = Field(
        default_factory=list, description="causes as which all that stops its place shows as well"
    )
    narrowing: list[Narrowing] = Field(default_factory=list)
    contrast: list[Contrast] = Field(default_factory=list)

    @classmethod
    def parse(cls, text: str, name: str = "causes.toml") -> "Knowledge":
        """Read one pack. Raises PackError with the file, the entry and what was expected."""
        return cls.parse_layers([(name, text)])

    @classmethod
    def parse_layers(cls, files: Iterable[tuple[str, str]]) -> "Knowledge":
        """Read (name, text) of several packs; a later entry replaces that of the same id. Raises PackError."""
        merged: dict[str, CauseEntry] = {}
        stopping: list[str] = []
        narrowing: list[Narrowing] = []
        contrast: list[Contrast] = []
        for name, text in files:
            read = _entries(text, name)
            merged |= {entry.id: entry for entry in read.cause}
            stopping = read.stopping or stopping
            narrowing += read.narrowing
            contrast += read.contrast
        try:
            return cls(cause=list(merged.values()), stopping=stopping, narrowing=narrowing, contrast=contrast)
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
            named = [
                *(name for one in self.narrowing for name in (one.cause, one.to)),
                *(one.shows for one in entry.produced),
                *(entry.shared.shows_as if entry.shared else ()),
                *((entry.kind_of,) if entry.kind_of else ()),
                *entry.borne_by,
                *self.stopping,
            ]
            missing = [name for name in named if name not in known]
            if missing:
                msg = f"cause {entry.id!r} names {missing[0]!r}, which is no cause of this pack"
                raise ValueError(msg)
        return self

    @cached_property
    def by_id(self) -> dict[str, CauseEntry]:
        return {entry.id: entry for entry in self.cause}

    @cached_property
    def about_named(self) -> frozenset[str]:
        """Causes that are about the host that their part names, such as a node that a scheduler lost."""
        return frozenset(entry.id for entry in self.cause if entry.about_named)

    @cached_property
    def of_clusters(self) -> frozenset[str]:
        """Causes that are the complaint of a cluster."""
        return frozenset(entry.id for entry in self.cause if entry.of_cluster)

    @cached_property
    def of_sites(self) -> frozenset[str]:
        """Causes that are the complaint about a service of the whole site."""
        return frozenset(entry.id for entry in self.cause if entry.of_site)

    @cached_property
    def felt_by_sites(self) -> dict[str, frozenset[str]]:
        """Cause -> complaints about a service of the whole site that it brings about directly."""
        found = {e.id: frozenset(one.shows for one in e.produced if one.shows in self.of_sites) for e in self.cause}
        return {cause: shows for cause, shows in found.items() if shows}

    @cached_property
    def of_peers(self) -> frozenset[str]:
        """Causes that tell of a peer that does not answer."""
        return frozenset(entry.id for entry in self.cause if entry.of_peers)

    @cached_property
    def felt_by_peers(self) -> frozenset[str]:
        """Causes that may show on peers of their host."""
        return frozenset(e.id for e in self.cause if any(self.explains(e.id, one) for one in self.of_peers))

    @cached_property
    def felt_by_clusters(self) -> frozenset[str]:
        """Causes of which the cluster of their host may complain."""
        return frozenset(e.id for e in self.cause if any(self.explains(e.id, one) for one in self.of_clusters))

    @cached_property
    def shared_faults(self) -> list[CauseEntry]:
        """Causes that lie in something several hosts share: one that brings others about before those, else in the
        order of the pack."""
        found = [entry for entry in self.cause if entry.shared]
        return sorted(found, key=lambda one: sum(self.explains(other.id, one.id) for other in found))

    @cached_property
    def _showing(self) -> dict[str, tuple[CauseEntry, ...]]:
        return {
            one.id: tuple(
                entry
                for entry in self.shared_faults
                if entry.shared and (one.id in entry.shared.shows_as or self.explains(entry.id, one.id))
            )
            for one in self.cause
        }

    @cached_property
    def shared_beyond(self) -> dict[str, bool]:
        """Causes on single hosts that may be one fault whatever the inventory says, and whether of one part only."""
        return {
            cause: entry.shared.same_part
            for entry in self.shared_faults
            if entry.shared and (entry.shared.spreads or not entry.shared.kind.in_topology)
            for cause in entry.shared.of
        }

    @cached_property
    def shared_where_told(self) -> dict[str, tuple[str, bool]]:
        """Causes on single hosts that a shared fault shows as only where its own sign is told, too: which fault, and
        whether on equal parts only."""
        return {
            cause: (entry.id, entry.shared.same_part)
            for entry in self.shared_faults
            if entry.shared
            for cause in entry.shared.of_told
        }

    def shared_faults_showing(self, cause: str) -> tuple[CauseEntry, ...]:
        """Shared faults that may show as this cause on single hosts."""
        return self._showing.get(cause, ())

    @cached_property
    def _chances(self) -> dict[str, dict[str, float]]:
        """Cause -> what it brings about, directly or through others, with the chance of the likeliest way there."""
        return {entry.id: self._reach(entry) for entry in self.cause}

    def _reach(self, entry: CauseEntry) -> dict[str, float]:
        """Likeliest way to everything that a cause explains (Dijkstra, over products of chances)."""
        best: dict[str, float] = {}
        todo = [(-1.0, entry.id)]
        while todo:
            chance, name = heappop(todo)
            if name in best:
                continue
            best[name] = -chance
            for one in self._all_produced(self.by_id[name]):
                further = chance * one.chance.value_of
                if one.role is not Role.CONTRADICTING and one.shows not in best and -further >= FAR_FETCHED:
                    heappush(todo, (further, one.shows))
        del best[entry.id]
        return best

    @cached_property
    def _direct(self) -> dict[tuple[str, str], Produced]:
        return {(entry.id, one.shows): one for entry in self.cause for one in self._all_produced(entry)}

    def _all_produced(self, entry: CauseEntry) -> Iterator[Produced]:
        yield from entry.produced
        if entry.stops:
            named = {one.shows for one in entry.produced}
            yield from (Produced(shows=name) for name in self.stopping if name not in named and name != entry.id)

    def narrowed(self, symptom: Symptom) -> Symptom:
        """A symptom as the name of its part has it."""
        first = symptom.causes[0] if symptom.causes else ""
        for one in self.narrowing:
            if one.cause == first and one.pattern.search(symptom.component):
                causes = [one.to, *(name for name in symptom.causes if name != one.to)]
                return symptom.model_copy(update={"causes": causes, "component_class": self.get(one.to).class_name})
        return symptom

    def get(self, cause_id: str) -> CauseEntry:
        """The entry, or that of 'unknown' for an id that the pack does not know."""
        return self.by_id.get(cause_id) or self.by_id[UNKNOWN]

    def explains(self, cause: str, symptom: str) -> bool:
        """Whether `cause` can bring about what `symptom` (a cause id, too) shows, directly or through others."""
        return symptom in self._chances.get(cause, _NOTHING)

    def suffers(self, cause: str, kinds: Collection[str]) -> bool:
        """Whether a dependency of these kinds that is at fault may show as `cause` on what needs it."""
        return not set(self.get(cause).suffers).isdisjoint(kinds)

    def stops(self, cause: str) -> bool:
        """Whether `cause` stops what depends on its place."""
        return self.get(cause).stops

    def common(self, one: str, other: str) -> float:
        """Chance of the likeliest cause of the pack that brings both about; 0 where there is none."""
        known = self._common.get((one, other))
        if known is None:
            ways = (found.get(one, 0.0) * found.get(other, 0.0) for found in self._chances.values())
            known = self._common[one, other] = max(ways, default=0.0)
        return known

    @cached_property
    def _common(self) -> dict[tuple[str, str], float]:
        """Answers of `common` so far: at most one for each pair of causes."""
        return {}

    def chance(self, cause: str, symptom: str) -> float:
        """How likely `cause` brings about what `symptom` shows, 0 where it cannot."""
        return self._chances.get(cause, _NOTHING).get(symptom, 0.0)

    def told_of(self, cause: str, symptom: str) -> Produced | None:
        """What the pack says of a symptom that `cause` brings about directly; None where it says nothing."""
        return self._direct.get((cause, symptom))


_NOTHING: dict[str, float] = {}


def _entries(text: str, name: str) -> "_File":
    """What one file says. Raises PackError with file, entry and what was expected."""
    try:
        raw = tomllib.loads(text)
        read = _File.model_validate(raw)
    except tomllib.TOMLDecodeError as error:
        msg = f"{name}: {error}"
        raise PackError(msg) from None
    except ValidationError as error:
        first = error.errors()[0]
        msg = f"{name}: {_place(first['loc'], raw)}: {first['msg']}"
        raise PackError(msg) from None
    ids = [entry.id for entry in read.cause]
    if double := next((i for i in ids if ids.count(i) > 1), None):
        msg = f"{name}: cause {double!r} is given twice"
        raise PackError(msg)
    return read


class _File(Record):
    model_config = ConfigDict(frozen=True, extra="forbid")
    cause: list[CauseEntry]
    stopping: list[str] = Field(default_factory=list)
    narrowing: list[Narrowing] = Field(default_factory=list)
    contrast: list[Contrast] = Field(default_factory=list)


def _place(loc: tuple[int | str, ...], raw: dict[str, object]) -> str:
    """`cause 'psu.failed', steps` of the location ('cause', 3, 'steps')."""
    entries = raw.get("cause")
    if len(loc) >= 2 and isinstance(loc[1], int) and isinstance(entries, list) and isinstance(entries[loc[1]], dict):
        rest = ", ".join(str(part) for part in loc[2:])
        return f"cause {entries[loc[1]].get('id', loc[1])!r}" + (f", {rest}" if rest else "")
    return ".".join(str(part) for part in loc) or "pack"
