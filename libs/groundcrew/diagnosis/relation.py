"""When two symptoms belong to one fault. The relation is symmetric and looks at symptoms only, never at the verdict of
the moment, so the incidents that come out do not depend on the order in which the triggers came in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundcrew.contracts.incidents import Symptom
from groundcrew.diagnosis.causes import UNKNOWN, CauseEntry, Knowledge
from groundcrew.diagnosis.ranking import leading
from groundcrew.diagnosis.topology import Topology, are_two_parts, names_part, part_key

SymptomKey = tuple[str, str, str]


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
    """Time between two symptoms, zero where they overlap."""
    return max(first.first_seen - second.last_seen, second.first_seen - first.last_seen, timedelta())


def distance(symptom: Symptom, when: datetime) -> timedelta:
    """Time from a moment to a symptom, zero where it lies inside."""
    return max(symptom.first_seen - when, when - symptom.last_seen, timedelta())


class Relation:
    """Says which symptoms go together, from the causal table and the topology."""

    def __init__(self, knowledge: Knowledge, topology: Topology, windows: Windows) -> None:
        self._knowledge = knowledge
        self._topology = topology
        self._windows = windows

    def place(self, symptom: Symptom) -> str:
        """The host a symptom shows on, or its own entity where that is no host's. A line that blames a BMC is about
        the host that the BMC sits in, whoever wrote it."""
        if symptom.component_class == "bmc" and (host := self._topology.host_of_bmc(symptom.component)):
            return host
        return self._topology.host_of(symptom.entity) or symptom.entity

    def bmc(self, symptoms: Sequence[Symptom]) -> str:
        """The entity of the first BMC of the inventory that symptoms blame; empty where they blame none."""
        names = (s.component for s in symptoms if s.component_class == "bmc")
        return next((f"bmc:{name}" for name in names if self._topology.host_of_bmc(name)), "")

    def related(self, first: Symptom, second: Symptom) -> bool:
        """Same place, and one fault by part or by cause. What speaks for the same cause goes together however much
        later it comes, as long as the incident is live; what is only related must be close in time."""
        if key_of(first) == key_of(second):
            return True
        if not self._same_place(first, second) or not self.same_fault(first, second):
            return False
        return leading(first) == leading(second) != UNKNOWN or gap(first, second) <= self._windows.join

    def _same_place(self, first: Symptom, second: Symptom) -> bool:
        """BMCs that fell silent together are in the place of each of them."""
        one, other = self.place(first), self.place(second)
        if one == other:
            return True
        if first.component_class != "bmc" or second.component_class != "bmc":
            return False
        return one in self._topology.hosts_of(other) or other in self._topology.hosts_of(one)

    def same_fault(self, first: Symptom, second: Symptom) -> bool:
        """Whether two symptoms of one place can come from one fault, whenever they were."""
        parts = names_part(first.component), names_part(second.component)
        same_part = parts[0] == parts[1] != ""
        if same_part and (
            first.component_class == second.component_class or not set(first.causes).isdisjoint(second.causes)
        ):
            return True
        one, other = leading(first), leading(second)
        if one == other == UNKNOWN:
            return first.component_class == second.component_class
        if are_two_parts(*parts) and self._of_parts(one, other):
            return False
        return one == other or self._knowledge.explains(one, other) or self._knowledge.explains(other, one)

    def under_shared(self, symptom: Symptom, entry: CauseEntry, element: str) -> bool:
        """Whether a fault in a shared element accounts for this symptom."""
        if entry.shared is None:
            return False
        cause = leading(symptom)
        known = cause in entry.shared.of or self._knowledge.explains(entry.id, cause)
        return known and element in self._topology.shared(self.place(symptom), entry.shared.kind)

    def _of_parts(self, one: str, other: str) -> bool:
        """Two causes of one class that both lie in a part: on two parts they are two faults."""
        first, second = self._knowledge.get(one), self._knowledge.get(other)
        return first.per_part and second.per_part and first.class_name == second.class_name
