"""When two symptoms belong to one fault. The relation is symmetric and looks at symptoms only, never at the verdict of
the moment, so the incidents that come out do not depend on the order in which the triggers came in."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache

from groundcrew.contracts.incidents import Severity, Symptom
from groundcrew.diagnosis.causes import UNKNOWN, CauseEntry, Knowledge
from groundcrew.diagnosis.parts import are_two_parts, names_part, part_key
from groundcrew.diagnosis.ranking import leading
from groundcrew.diagnosis.topology import Topology

SymptomKey = tuple[str, str, str]

_COUNTED = frozenset({"cpu", "dimm", "psu", "fan", "gpu", "nvlink", "pcie", "cooling"})

_PLACES_KEPT = 65_536
ANY_NEED = frozenset({"service", "storage", "network"})

_WORDS = re.compile(r"[a-z]{3,}")
_FIRST_WORD = re.compile(r"[a-z]{3,}")
MOST_WORDS = 8
_ANY_CLUSTER = frozenset({"cluster", "database", "service", "node", "search", "netfs", "broker", "failed"})
"""Words of rules and units that name no product."""

_Kind = tuple[str, str, tuple[str, ...]]
"""All of a symptom that says what it may belong to: component class, part and causes."""


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Spans of event time that fusion works with."""

    join: timedelta = timedelta(minutes=15)
    hold: timedelta = timedelta(minutes=5)
    reopen: timedelta = timedelta(hours=1)


def key_of(symptom: Symptom) -> SymptomKey:
    """Trigger events with the same key are one symptom, seen again."""
    return symptom.rule_id, symptom.entity, part_key(symptom.component)


def gap(first: Symptom, second: Symptom) -> timedelta:
    """Least time that may lie between two symptoms, as far as their clocks are known; zero where they overlap."""
    apart = max(first.first_seen - second.last_seen, second.first_seen - first.last_seen)
    if first.uncertainty_s or second.uncertainty_s:
        apart -= timedelta(seconds=first.uncertainty_s + second.uncertainty_s)
    return max(apart, timedelta())


def distance(symptom: Symptom, when: datetime) -> timedelta:
    """Time from a moment to a symptom, zero where it may lie inside."""
    apart = max(symptom.first_seen - when, when - symptom.last_seen) - timedelta(seconds=symptom.uncertainty_s)
    return max(apart, timedelta())


class Relation:
    """Says which symptoms go together, from the causal table and the topology."""

    def __init__(self, knowledge: Knowledge, topology: Topology, windows: Windows) -> None:
        self._knowledge = knowledge
        self._topology = topology
        self._windows = windows
        self._one_fault = cache(self._can_be_one)
        self._host_of = lru_cache(maxsize=_PLACES_KEPT)(topology.place_of)
        self._host_named = lru_cache(maxsize=_PLACES_KEPT)(topology.host_named)
        self._peers = lru_cache(maxsize=_PLACES_KEPT)(topology.peers)
        self._fellows = lru_cache(maxsize=_PLACES_KEPT)(topology.fellows)
        self._shown_at = lru_cache(maxsize=_PLACES_KEPT)(self._find_places)

    def place(self, symptom: Symptom) -> str:
        """The host a symptom shows on, or its own entity where that is no host's. A line that blames a BMC is about
        the host that the BMC sits in; one that blames a host's clock, or tells that a node is lost, is about that host,
        whoever wrote it."""
        if symptom.component_class == "bmc" and (host := self._topology.host_of_bmc(symptom.component)):
            return host
        if self._about_named(symptom) and (host := self._host_named(symptom.component)):
            return host
        return self._host_of(symptom.entity)

    def _about_named(self, symptom: Symptom) -> bool:
        return symptom.component_class == "time" or leading(symptom) in self._knowledge.about_named

    def home(self, symptom: Symptom) -> str:
        """The host that told of a symptom, whatever it is about; its own entity where that is no host's."""
        return self._host_of(symptom.entity)

    def named(self, symptom: Symptom) -> str:
        """Another host that a symptom is about by the name of its part, such as the file server that does not answer;
        empty where it is about none."""
        host = self._host_named(symptom.component) or symptom.about
        return host if host and host != self.place(symptom) else ""

    def places(self, symptom: Symptom) -> frozenset[str]:
        """Where a symptom can be found: its place, and the host that it is about."""
        shown = self._shown_at(self.place(symptom), symptom.component)
        return shown | {symptom.about} if symptom.about else shown

    def _find_places(self, place: str, component: str) -> frozenset[str]:
        return frozenset({place, *self._topology.hosts_named(component)})

    def around(self, symptom: Symptom) -> Iterable[str]:
        """Places where a related symptom may show, the own one first."""
        place = self.place(symptom)
        yield from self.places(symptom)
        yield from self._topology.needs(place)
        yield from self._topology.needed_by(place)
        if symptom.component_class == "bmc":
            yield from self._topology.hosts_of(place)
            yield from self._topology.above(place)
        if leading(symptom) in self._knowledge.of_peers or leading(symptom) in self._knowledge.felt_by_peers:
            yield from self._peers(place)
        if leading(symptom) in self._knowledge.of_clusters or leading(symptom) in self._knowledge.felt_by_clusters:
            yield from self._fellows(place)

    def bmc(self, symptoms: Sequence[Symptom]) -> str:
        """The entity of the first BMC of the inventory that symptoms blame; empty where they blame none."""
        names = (s.component for s in symptoms if s.component_class == "bmc")
        return next((f"bmc:{name}" for name in names if self._topology.host_of_bmc(name)), "")

    def related(self, first: Symptom, second: Symptom) -> bool:
        """Same place, and one fault by part or by cause. What speaks for the same cause goes together however much
        later it comes, as long as the incident is live; what is only related must be close in time."""
        if first.rule_id == second.rule_id and key_of(first) == key_of(second):
            return True
        if not self._same_place(first, second):
            return self._by_need(first, second) or self._by_cluster(first, second) or self._by_peer(first, second)
        if not self.same_fault(first, second):
            return False
        return leading(first) == leading(second) != UNKNOWN or gap(first, second) <= self._windows.join

    def _same_place(self, first: Symptom, second: Symptom) -> bool:
        """BMCs that fell silent together are in the place of each of them."""
        if first.entity == second.entity and first.component_class == second.component_class != "bmc":
            return True
        one, other = self.place(first), self.place(second)
        if one == other:
            return True
        if self._about_named(first) or self._about_named(second):
            return self._is_about(first, other) or self._is_about(second, one)
        if first.component_class != "bmc" or second.component_class != "bmc":
            return False
        return one in self._topology.hosts_of(other) or other in self._topology.hosts_of(one)

    def _is_about(self, symptom: Symptom, place: str) -> bool:
        """Whether a symptom tells of several nodes, one of which is this place."""
        return self._about_named(symptom) and place in self.places(symptom)

    def _by_need(self, first: Symptom, second: Symptom) -> bool:
        """Whether what one host shows follows from a fault of what it depends on."""
        if gap(first, second) > self._windows.join:
            return False
        return any(
            self.follows(needing, self.place(needed)) and self._knowledge.stops(leading(needed))
            for needing, needed in ((first, second), (second, first))
        )

    def _by_cluster(self, first: Symptom, second: Symptom) -> bool:
        """Whether one is the complaint of the cluster that the other one's unit is a member of, or both are the same
        complaint by two of its members."""
        if not (self.complains(first, second) or self.complains(second, first) or self._one_complaint(first, second)):
            return False
        return gap(first, second) <= self._windows.join

    def _one_complaint(self, first: Symptom, second: Symptom) -> bool:
        if leading(first) == leading(second) and leading(first) in self._knowledge.of_sites:
            return True
        if first.rule_id != second.rule_id or leading(first) not in self._knowledge.of_clusters:
            return False
        same = part_key(first.component) == part_key(second.component) and self.named(first) == self.named(second)
        return same and self.place(second) in self._fellows(self.place(first))

    def _by_peer(self, first: Symptom, second: Symptom) -> bool:
        """Whether one is but the waiting for a host on which the other one shows a fault."""
        if not (self.waits_for(first, second) or self.waits_for(second, first)):
            return False
        return gap(first, second) <= self._windows.join

    def waits_for(self, first: Symptom, second: Symptom) -> bool:
        """Whether the first tells of a peer or a member that it does not name, and the second is why: a fault that
        brings it about on a host that may be that one. Of a peer it must be a grave one."""
        one, other = leading(first), leading(second)
        if one == other or second.severity.rank == 0 or not self._knowledge.explains(other, one):
            return False
        if one in self._knowledge.of_clusters and not self.named(first):
            return self.place(second) in self._fellows(self.place(first))
        if one not in self._knowledge.of_peers or second.severity is not Severity.CRITICAL:
            return False
        return self.place(second) in self._peers(self.place(first))

    def complains(self, first: Symptom, second: Symptom) -> bool:
        """Whether the first is a complaint of the cluster that the second one's unit belongs to by its name, or about a
        service of the site that the second one spoils."""
        return not self.unit(second).isdisjoint(self.cluster(first))

    def unit(self, symptom: Symptom) -> frozenset[str]:
        """First word of the name of the unit that a symptom is of: `ceph` of `ceph-osd@11.service`; and what its cause
        makes a whole site complain of."""
        if symptom.severity.rank > 0 and (felt := self._knowledge.felt_by_sites.get(leading(symptom))):
            return felt
        word = _FIRST_WORD.match(symptom.component) if symptom.component.endswith(".service") else None
        return frozenset({word[0]}) if word is not None else frozenset()

    def cluster(self, symptom: Symptom) -> frozenset[str]:
        """Words that name the cluster whose complaint a symptom is: those of its rule and its part; of a complaint
        about a service of the site its cause."""
        if leading(symptom) in self._knowledge.of_sites:
            return frozenset({leading(symptom)})
        if leading(symptom) not in self._knowledge.of_clusters:
            return frozenset()
        return frozenset(_WORDS.findall(f"{symptom.rule_id} {symptom.component}")[:MOST_WORDS]) - _ANY_CLUSTER

    def follows(self, symptom: Symptom, place: str) -> bool:
        """Whether a symptom may be but the consequence of a fault in a place that its own one depends on, by the
        inventory or by its own words."""
        own = self.place(symptom)
        kinds = self._topology.need(own, place)
        if place != own and self.named(symptom) == place:
            kinds = kinds | ANY_NEED
        return bool(kinds) and self._knowledge.suffers(leading(symptom), kinds)

    def needed(self, symptom: Symptom) -> list[str]:
        """Places that its own one depends on by the inventory, of whose fault it may be the consequence."""
        return [place for place in self._topology.needs(self.place(symptom)) if self.follows(symptom, place)]

    def fellows(self, place: str) -> list[str]:
        """Other hosts that may be one cluster with this one."""
        return self._fellows(place)

    def sisters(self, place: str) -> list[str]:
        """Other hosts that are built like this one and do the same."""
        return self._topology.sisters(place)

    def suffering(self, symptoms: Sequence[Symptom]) -> Iterator[Symptom]:
        """Those that follow from a fault of what their place depends on, where another one of them stops it, and what
        follows from these in turn."""
        if len({self.place(symptom) for symptom in symptoms}) < 2:
            return
        stopped = {self.place(symptom) for symptom in symptoms if self._knowledge.stops(leading(symptom))}
        first = [symptom for symptom in symptoms if any(self.follows(symptom, place) for place in stopped)]
        at: dict[str, set[str]] = {}
        for symptom in first:
            at.setdefault(self.place(symptom), set()).add(leading(symptom))
        yield from first
        for symptom in symptoms:
            causes = at.get(self.place(symptom), ())
            if leading(symptom) not in causes and any(self._knowledge.explains(c, leading(symptom)) for c in causes):
                yield symptom

    def same_fault(self, first: Symptom, second: Symptom) -> bool:
        """Whether two symptoms of one place can come from one fault, whenever they were."""
        one, other = _kind(first), _kind(second)
        return self._one_fault(one, other) if one <= other else self._one_fault(other, one)

    def _can_be_one(self, first: _Kind, second: _Kind) -> bool:
        (one_class, one_part, one_causes), (other_class, other_part, other_causes) = first, second
        same_part = one_part == other_part != ""
        if same_part and (one_class == other_class or not set(one_causes).isdisjoint(other_causes)):
            return True
        one, other = (causes[0] if causes else UNKNOWN for causes in (one_causes, other_causes))
        if one == other == UNKNOWN:
            return one_class == other_class
        if one_class == other_class and _one_is_of_all(one_class, one_part, other_part):
            return one == other or self._knowledge.explains(one, other) or self._knowledge.explains(other, one)
        if are_two_parts(one_part, other_part) and self._of_parts(one, other):
            return False
        return one == other or self._knowledge.explains(one, other) or self._knowledge.explains(other, one)

    def speaks_for(self, symptom: Symptom, entry: CauseEntry, told: Collection[str] = ()) -> bool:
        """Whether a symptom is of the kind that a fault of a shared element shows as on single hosts. `told`: places
        that tell of the shared fault itself."""
        if entry.shared is None or symptom.severity.rank == 0:
            return False
        cause = leading(symptom)
        return cause in entry.shared.of or (cause in entry.shared.of_told and self.place(symptom) in told)

    def elements(self, symptom: Symptom, entry: CauseEntry) -> tuple[str, ...]:
        """Names of the elements of the entry's kind that a symptom's host hangs on."""
        assert entry.shared is not None
        if entry.shared.kind.in_topology:
            return self._topology.shared(self.place(symptom), entry.shared.kind)
        if entry.shared.same_part:
            return (part_key(symptom.component),) if symptom.component else ()
        return (entry.id.partition(".")[2],)

    def hosts_on(self, entry: CauseEntry, element: str) -> int:
        """How many hosts hang on an element, 0 where the inventory does not say."""
        assert entry.shared is not None
        return len(self._topology.hosts_on(entry.shared.kind, element)) if entry.shared.kind.in_topology else 0

    def under_shared(self, symptom: Symptom, entry: CauseEntry, element: str) -> bool:
        """Whether a fault in a shared element accounts for this symptom."""
        if entry.shared is None or symptom.severity.rank == 0:
            return False
        cause = leading(symptom)
        if not entry.shared.kind.in_topology:
            wanted = part_key(element) if entry.shared.same_part else element
            return cause in entry.shared.of and wanted in self.elements(symptom, entry)
        known = cause in entry.shared.of or self._knowledge.explains(entry.id, cause)
        return known and element in self._topology.shared(self.place(symptom), entry.shared.kind)

    def _of_parts(self, one: str, other: str) -> bool:
        """Two causes of one class that both lie in a part: on two parts they are two faults."""
        first, second = self._knowledge.get(one), self._knowledge.get(other)
        return first.per_part and second.per_part and first.class_name == second.class_name


def _one_is_of_all(component_class: str, one: str, other: str) -> bool:
    """Whether one of two names is of a whole board (`CATERR`, `ECC Error`, `Fan Redundancy`) and the other of a part on
    it: parts of these classes are counted."""
    if component_class not in _COUNTED or not one or not other:
        return False
    return any(map(str.isdigit, one)) is not any(map(str.isdigit, other))


def _kind(symptom: Symptom) -> _Kind:
    return symptom.component_class, names_part(symptom.component), tuple(symptom.causes)
