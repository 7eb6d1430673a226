"""Which symptoms are one fault: a pure function of the symptoms, so that the order of arrival does not matter.

Related symptoms hang together. What hangs together by consequences alone, and has two first causes that nothing in the
pack would bring about together, is two faults: each consequence goes to the cause that brings it about more likely, of
equals to the nearer one. So later evidence may part what was one, as it may join what was two.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from groundcrew.contracts.incidents import Symptom
from groundcrew.diagnosis.causes import UNKNOWN, CauseEntry, Knowledge
from groundcrew.diagnosis.folding import in_order
from groundcrew.diagnosis.parts import names_part
from groundcrew.diagnosis.ranking import leading
from groundcrew.diagnosis.relation import Relation, Windows, gap, key_of

UNLIKELY = 0.1
"""Chance of a common cause below which two first causes are two faults."""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A fault in something that several hosts hang on, and the symptoms on single hosts that show it."""

    entry: CauseEntry
    element: str
    hosts: frozenset[str] = frozenset()
    symptoms: tuple[Symptom, ...] = ()

    @property
    def in_topology(self) -> bool:
        """Whether the element is an entity of its own; else the symptoms alone know it."""
        assert self.entry.shared is not None
        return self.entry.shared.kind.in_topology

    @property
    def entity(self) -> str:
        """Of an element in the topology."""
        assert self.entry.shared is not None
        return f"{self.entry.shared.kind.value}:{self.element}"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Symptoms of one fault, in order of first sight."""

    symptoms: tuple[Symptom, ...]
    shared: Shared | None = None
    parted: bool = False  # hangs together with another one


class Grouping:
    """Parts symptoms into faults."""

    def __init__(self, knowledge: Knowledge, relation: Relation, windows: Windows) -> None:
        self._knowledge = knowledge
        self._relation = relation
        self._windows = windows

    def faults(self, wholes: Sequence[Sequence[Sequence[Symptom]]], changed: Symptom) -> list[Fault]:
        """Every symptom in exactly one fault; info symptoms go with what they relate to, and tie nothing together.

        `wholes` hang together already and are parted already: each is a list of faults. `changed` is new, or an older
        one of them seen again and longer: what it now relates to hangs together, and is parted anew. `wholes` must not
        hold its older self.
        """
        speaking: list[list[list[Symptom]]] = []
        quiet: list[Symptom] = []
        together = [changed] if changed.severity.rank > 0 else []
        for whole in wholes:
            parts = [[symptom for symptom in part if symptom.severity.rank > 0] for part in whole]
            quiet += [symptom for part in whole for symptom in part if symptom.severity.rank == 0]
            if together and any(self._relation.related(changed, symptom) for part in parts for symptom in part):
                together += [symptom for part in parts for symptom in part]
            else:
                speaking.append([part for part in parts if part])
        done = [part for whole in speaking for part in whole]
        anew = self._parted(in_order(together)) if together else []
        faults = self._of_one_whole(self._with_shared([*anew, *done], quiet), together)
        if changed.severity.rank == 0:
            quiet.append(changed)
        return self._with_quiet(faults, quiet) if quiet else faults

    # --- what hangs together -----------------------------------------------------------------------------------------

    def hanging_together(self, symptoms: Sequence[Symptom]) -> list[list[Symptom]]:
        """Connected components of the relation."""
        sets = _Sets(len(symptoms))
        at: dict[str, list[int]] = {}
        complaints = any(self._relation.cluster(symptom) for symptom in symptoms)
        for index, symptom in enumerate(symptoms):
            for other in self._near(symptom, at, clusters=complaints):
                if not sets.same(index, other) and self._relation.related(symptom, symptoms[other]):
                    sets.join(index, other)
            for place in self._relation.places(symptom):
                at.setdefault(place, []).append(index)
        return sets.members(symptoms)

    def _near(self, symptom: Symptom, at: dict[str, list[int]], *, clusters: bool) -> Iterator[int]:
        """Those among `at` that may relate to a symptom: in its place or around, or on another host of its cluster."""
        if clusters and (self._relation.cluster(symptom) or self._relation.unit(symptom)):
            yield from (index for there in at.values() for index in there)
            return
        around = dict.fromkeys(self._relation.around(symptom))
        sites = (place for place in at if place.startswith("site:")) if symptom.component_class == "bmc" else ()
        for place in dict.fromkeys((*around, *sites)):
            yield from at.get(place, ())

    def _parted(self, symptoms: list[Symptom]) -> list[list[Symptom]]:
        """One list, or one for each of several first causes that have nothing in common."""
        if len(symptoms) < 3:  # two causes and a consequence of both
            return [symptoms]
        over = self._over(symptoms)
        roots = [symptom for symptom, above in zip(symptoms, over, strict=True) if not above]
        sets = _Sets(len(roots))
        for index, root in enumerate(roots):
            for other in range(index):
                if not sets.same(index, other) and self._one_root(root, roots[other]):
                    sets.join(index, other)
        if sets.count > 1:
            for index, other in self._by_part(roots, symptoms):
                sets.join(index, other)
        heads = sets.members(roots)
        if len(heads) < 2:
            return [symptoms]
        parts = [list(head) for head in heads]
        for symptom, above in zip(symptoms, over, strict=True):
            if above:
                parts[self._nearest(symptom, heads)].append(symptom)
        return parts

    def _over(self, symptoms: Sequence[Symptom]) -> list[bool]:
        """Of each whether another one brings it about."""
        by_cause: dict[str, list[Symptom]] = {}
        for symptom in symptoms:
            by_cause.setdefault(leading(symptom), []).append(symptom)
        above = {effect: [cause for cause in by_cause if self._brings_about(cause, effect)] for effect in by_cause}
        return [
            any(
                self._relation.related(other, symptom) for cause in above[leading(symptom)] for other in by_cause[cause]
            )
            for symptom in symptoms
        ]

    def _brings_about(self, cause: str, effect: str) -> bool:
        return (
            cause != effect and self._knowledge.explains(cause, effect) and not self._knowledge.explains(effect, cause)
        )

    def _by_part(self, roots: Sequence[Symptom], symptoms: Sequence[Symptom]) -> Iterator[tuple[int, int]]:
        """First causes of which one says something of the very part that a consequence of the other shows on."""
        for symptom in symptoms:
            part = names_part(symptom.component)
            if not part:
                continue
            over = [index for index, root in enumerate(roots) if self._above(root, symptom)]
            beside = [
                index
                for index, root in enumerate(roots)
                if index not in over
                and root is not symptom
                and names_part(root.component) == part
                and self._relation.related(root, symptom)
            ]
            yield from ((index, other) for index in beside for other in over)

    def _above(self, cause: Symptom, effect: Symptom) -> bool:
        return self._brings_about(leading(cause), leading(effect)) and self._relation.related(cause, effect)

    def _one_root(self, first: Symptom, second: Symptom) -> bool:
        one, other = leading(first), leading(second)
        if UNKNOWN in (one, other) or self._relation.related(first, second):
            return True
        if one in second.causes or other in first.causes:
            return not (
                one == other
                and self._knowledge.get(one).per_part
                and names_part(first.component)
                and names_part(second.component)
            )
        known = self._knowledge
        return max(known.common(one, other), known.chance(one, other), known.chance(other, one)) >= UNLIKELY

    def _nearest(self, symptom: Symptom, heads: Sequence[Sequence[Symptom]]) -> int:
        """Index of the first causes that a consequence goes to."""

        def fit(index: int) -> tuple[float, timedelta, int]:
            likeliest = max(self._fit(root, symptom) for root in heads[index])
            return -likeliest, min(gap(root, symptom) for root in heads[index]), index

        return min(range(len(heads)), key=fit)

    def _fit(self, root: Symptom, symptom: Symptom) -> float:
        if self._relation.place(root) != self._relation.place(symptom):
            return 0.0
        return self._knowledge.chance(leading(root), leading(symptom))

    # --- faults in what hosts share ---------------------------------------------------------------------------------

    @staticmethod
    def _of_one_whole(faults: Sequence[Fault], together: Sequence[Symptom]) -> list[Fault]:
        """The faults, those marked that share what hangs together."""
        ids = {id(symptom) for symptom in together}
        of = [any(id(symptom) in ids for symptom in fault.symptoms) for fault in faults]
        if sum(of) < 2:
            return list(faults)
        return [replace(fault, parted=True) if mine else fault for fault, mine in zip(faults, of, strict=True)]

    def _with_shared(self, parts: list[list[Symptom]], quiet: Sequence[Symptom]) -> list[Fault]:
        faults: list[Fault] = []
        left = parts
        suffering = {id(symptom) for part in parts for symptom in self._relation.suffering(part)}
        for shared in self._shared([s for part in parts for s in part if id(s) not in suffering], quiet):
            under = [part for part in left if any(id(s) not in suffering and self._under(s, shared) for s in part)]
            if under:
                left = [part for part in left if part not in under]
                faults.append(Fault(symptoms=tuple(in_order(s for part in under for s in part)), shared=shared))
        return [*faults, *(Fault(symptoms=tuple(in_order(part))) for part in left)]

    def _under(self, symptom: Symptom, shared: Shared) -> bool:
        """Whether a shared fault accounts for a symptom so close to what shows it."""
        if any(symptom is other for other in shared.symptoms):
            return True
        return self._relation.under_shared(symptom, shared.entry, shared.element) and any(
            gap(symptom, other) <= self._windows.join for other in shared.symptoms
        )

    def _shared(self, symptoms: Sequence[Symptom], quiet: Sequence[Symptom]) -> Iterator[Shared]:
        """Shared faults that enough hosts show, by entry; of one entry first the element of which the larger share is
        struck (the feed whose other hosts are well is not the fault), then the one with more hosts, then by name."""
        shown = {leading(symptom) for symptom in symptoms}
        for entry in self._knowledge.shared_faults:
            assert entry.shared is not None
            if shown.isdisjoint(entry.shared.shows_as):
                continue
            told = {self._relation.place(one) for one in quiet if leading(one) == entry.id}
            left = [symptom for symptom in symptoms if self._relation.speaks_for(symptom, entry, told)]
            if len({self._relation.place(symptom) for symptom in left}) < entry.shared.min_hosts:
                continue
            elements = []
            while found := self._strongest(entry, left):
                elements.append(found)
                mine = {id(symptom) for symptom in found.symptoms}
                left = [symptom for symptom in left if id(symptom) not in mine]
            yield from self._beyond(entry, elements, left) if entry.shared.spreads else elements

    def _beyond(self, entry: CauseEntry, elements: list[Shared], left: list[Symptom]) -> Iterator[Shared]:
        """Elements struck at the same time by what they in turn share, such as the air of a room: one fault, named
        after the element that was struck first."""
        symptoms = [symptom for one in elements for symptom in one.symptoms]
        for together in self._close_in_time(symptoms):
            ids = {id(symptom) for symptom in together}
            first = next(one for one in elements if id(together[0]) in {id(s) for s in one.symptoms})
            several = len([one for one in elements if id(one.symptoms[0]) in ids]) > 1
            beside = [s for s in left if several and any(gap(s, o) <= self._windows.join for o in together)]
            whole = (*together, *beside)
            yield Shared(
                entry=entry,
                element=first.element,
                hosts=frozenset(self._relation.place(symptom) for symptom in whole),
                symptoms=whole,
            )

    def _strongest(self, entry: CauseEntry, symptoms: Sequence[Symptom]) -> Shared | None:
        assert entry.shared is not None
        on: dict[str, list[Symptom]] = {}
        for symptom in symptoms:
            for element in self._relation.elements(symptom, entry):
                on.setdefault(element, []).append(symptom)
        found = []
        for element, those in on.items():
            for together in self._close_in_time(those):
                hosts = frozenset(self._relation.place(symptom) for symptom in together)
                if len(hosts) >= entry.shared.min_hosts:
                    share = len(hosts) / max(self._relation.hosts_on(entry, element), len(hosts))
                    found.append((-share, -len(hosts), element, hosts, together))
        if not found:
            return None
        _, _, element, hosts, together = min(found, key=lambda one: (one[:3], one[4][0].first_seen))
        if entry.shared.same_part:
            element = together[0].component
        return Shared(entry=entry, element=element, hosts=hosts, symptoms=tuple(together))

    def _close_in_time(self, symptoms: Sequence[Symptom]) -> list[list[Symptom]]:
        """Runs of symptoms of which each is close in time to one before it."""
        sets = _Sets(len(symptoms))
        for index in range(len(symptoms)):
            for other in range(index):
                if not sets.same(index, other) and gap(symptoms[index], symptoms[other]) <= self._windows.join:
                    sets.join(index, other)
        return [sorted(one, key=lambda s: (s.first_seen, key_of(s))) for one in sets.members(symptoms)]

    # --- info -------------------------------------------------------------------------------------------------------

    def _with_quiet(self, faults: list[Fault], quiet: Iterable[Symptom]) -> list[Fault]:
        """Info symptoms with the first fault that they relate to; alone where they relate to none."""
        taken: dict[int, list[Symptom]] = {}
        alone = []
        for symptom in quiet:
            index = next(
                (
                    index
                    for index, fault in enumerate(faults)
                    if any(self._relation.related(symptom, other) for other in fault.symptoms)
                ),
                None,
            )
            if index is None:
                alone.append(Fault(symptoms=(symptom,)))
            else:
                taken.setdefault(index, []).append(symptom)
        grown = [
            replace(fault, symptoms=tuple(in_order((*fault.symptoms, *taken[index])))) if index in taken else fault
            for index, fault in enumerate(faults)
        ]
        return [*grown, *alone]


class _Sets:
    """Disjoint sets of numbers below `count` (Tarjan 1975, with path halving)."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self.count = count

    def _root(self, one: int) -> int:
        parent = self._parent
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    def same(self, one: int, other: int) -> bool:
        return self._root(one) == self._root(other)

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self._root(one), self._root(other)))
        if low != high:
            self._parent[high] = low
            self.count -= 1

    def members(self, of: Sequence[Symptom]) -> list[list[Symptom]]:
        """The sets, by their first member."""
        sets: dict[int, list[Symptom]] = {}
        for index, symptom in enumerate(of):
            sets.setdefault(self._root(index), []).append(symptom)
        return list(sets.values())
