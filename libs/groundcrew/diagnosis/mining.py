"""Templates of log lines, mined as the lines come.

The tree of Drain (He, Zhu, Zheng, Lyu: Drain: An Online Log Parsing Approach with Fixed Depth Tree, ICWS 2017) over
masked words: by program, by number of words, by the first words that do not vary; in a leaf the most similar template
takes the line, and where they differ the template varies from then on. Added to it: bounds everywhere, the template
unused for longest goes first; ids that hold while a template generalises; a state that survives a restart.

Deterministic: the same lines in the same order give the same templates with the same ids, whatever was remembered.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from math import ceil
from operator import countOf, eq, itemgetter
from typing import Any

from groundcrew.diagnosis.masking import WILD, Masker

MAX_TEMPLATES = 4_000
MAX_OF_A_KIND = 400
"""Templates of one program and number of words; beyond, the one of them unused for longest goes."""

MAX_CHILDREN = 100
"""Different first words under one node; further ones share a branch, as in Drain."""

MAX_RECENT = 30_000
SEARCHES = 4_000
PACE = 0.03
"""Searches of the tree that may be made at once, and how many more each line allows. Lines whose masked words were
seen lately need none, so only a flood of lines that differ in more than their numbers is ever sampled."""

ONE_IN = 8
"""In such a flood, of lines that are not equal to one seen lately, so many are looked at at all."""

MAX_SAMPLE = 500
MAX_HOSTS = 16
LEADING = 4
DEPTH = 2
"""Words that lead to a leaf: the first so many of the LEADING ones that do not vary."""

KIND = 2
"""Steps of a place that name program and number of words."""

SIMILARITY = 0.7
"""Share of words that must be equal, of those that a template has fixed; see `groundcrew bench mining`."""

ALIKE = 6
"""Equal words that a line needs to be taken by a template of another leaf, which may differ from it in one."""

Words = tuple[str, ...]
Place = tuple[str, ...]
"""The way to a leaf: program, number of words, first words."""


def _none(_words: Words) -> Words:
    return ()


def _id(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(slots=True, eq=False)
class Template:
    """A kind of line. `order` counts up as templates are found; times are event times.

    A template generalises until half of what it began with is left (`least`): beyond, it would swallow what is new.
    """

    id: str
    identifier: str
    words: Words
    place: Place
    order: int
    sample: str
    first_us: int
    last_us: int
    count: int = 0
    worst: int = 7
    hosts: dict[str, None] = field(default_factory=dict)
    novel: bool = False
    least: int = 0
    kept: Words = ()
    needed: int = 0
    first: int = 0
    last: int = 0
    pick: Callable[[Words], Words] | None = None

    def __post_init__(self) -> None:
        if not self.least:
            self.least = (1 + sum(1 for word in self.words if word != WILD)) // 2
        self.settle(self.words)

    def settle(self, words: Words) -> None:
        """Set the words, and prepare to compare a line with those of them that do not vary."""
        self.words = self.kept = words
        self.pick, self.first, self.last = None, 0, len(words) - 1
        if WILD in words:
            fixed = [place for place, word in enumerate(words) if word != WILD]
            fixed = fixed * 2 if len(fixed) == 1 else fixed  # an itemgetter of one place gives no tuple
            self.kept = tuple(words[place] for place in fixed)
            self.pick = itemgetter(*fixed) if fixed else _none
            self.first, self.last = (fixed[0], fixed[-1]) if fixed else (0, 0)
        self.needed = max(ceil(SIMILARITY * len(self.kept)), min(self.least, len(self.kept)))

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def take(self, when: int, priority: int, entity: str, weight: int) -> None:
        """Count a line of it."""
        self.count += weight
        if when > self.last_us:
            self.last_us = when
        if priority < self.worst:
            self.worst = priority
        if entity not in self.hosts and len(self.hosts) < MAX_HOSTS:
            self.hosts[entity] = None

    def state(self) -> list[Any]:
        return [
            self.id, self.identifier, " ".join(self.words), " ".join(self.place[2:]), self.order, self.sample,
            self.first_us, self.last_us, self.count, self.worst, list(self.hosts), self.novel, self.least,
        ]  # fmt: skip

    @classmethod
    def restore(cls, state: list[Any]) -> "Template":
        id_, identifier, text, steps, order, sample, first_us, last_us, count, worst, hosts, novel, least = state
        words = tuple(text.split(" "))
        place = (identifier, str(len(words)), *steps.split(" "))
        return cls(
            id_,
            identifier,
            words,
            place,
            order,
            sample,
            first_us,
            last_us,
            count,
            worst,
            dict.fromkeys(hosts),
            novel,
            least,
        )


@dataclass(slots=True, eq=False)
class _Kind:
    """Templates of one program and one number of words, and how often they changed. `ends` has them by their first and
    by their last fixed word, with its place in the line."""

    templates: dict[str, Template] = field(default_factory=dict)
    version: int = 0
    ends: dict[tuple[int, str], dict[str, Template]] = field(default_factory=dict)

    def add(self, template: Template) -> None:
        self.templates[template.id] = template
        self.version += 1
        self._note(template)

    def remove(self, template: Template) -> None:
        del self.templates[template.id]
        self.version += 1
        self._forget(template)

    def settle(self, template: Template, words: Words) -> None:
        """A template of this kind generalises."""
        self._forget(template)
        template.settle(words)
        self.version += 1
        self._note(template)

    def _note(self, template: Template) -> None:
        for end in _ends(template):
            self.ends.setdefault(end, {})[template.id] = template

    def _forget(self, template: Template) -> None:
        for end in _ends(template):
            ending = self.ends[end]
            del ending[template.id]
            if not ending:
                del self.ends[end]

    def near(self, words: Words) -> list[Template]:
        """Those whose first or last fixed word is the line's: of all others two words differ. The oldest first."""
        found: dict[str, Template] = {}
        for end in enumerate(words):
            if end in self.ends:
                found.update(self.ends[end])
        return sorted(found.values(), key=_order)


def _ends(template: Template) -> set[tuple[int, str]]:
    kept = template.kept
    return {(template.first, kept[0]), (template.last, kept[-1])} if kept else set()


def _order(template: Template) -> int:
    return template.order


class Miner:
    """The templates of one stream of lines."""

    def __init__(self, masker: Masker, *, max_templates: int = MAX_TEMPLATES) -> None:
        self._masker = masker
        self._remembers = masker.remembers
        self._max = max_templates
        self._leaves: dict[Place, list[Template]] = {}
        self._kinds: dict[Place, _Kind] = {}
        self._steps: dict[Place, dict[str, int]] = {}
        self._recent: dict[tuple[str, Words], tuple[Template, _Kind, int]] = {}
        self._order = 0
        self.templates: OrderedDict[str, Template] = OrderedDict()
        self._searches = float(SEARCHES)
        self._flood = 0
        self.evictions = 0
        self.passed_over = 0

    def mine(self, identifier: str, message: str, when: int) -> tuple[Template | None, bool]:
        """The line's template, and whether it was made for it. Counting is the caller's (`Template.take`).

        None where more lines have to be looked for in the tree than it has time for: those equal to one seen lately
        are still told, of the others a sample. `passed_over` counts what is not.
        """
        self._searches += PACE
        if self._searches > SEARCHES:
            self._searches = float(SEARCHES)
        elif self._searches < 1 and not self._remembers(message):
            self._flood += 1
            if self._flood % ONE_IN:
                self.passed_over += 1
                return None, False
        key = (identifier, self._masker.words(message))
        recent = self._recent.get(key)
        if recent is not None and recent[1].version == recent[2]:
            self.templates.move_to_end(recent[0].id)
            return recent[0], False
        if self._searches < 1:
            if recent is not None and recent[0].id in self.templates:  # perhaps there is a better one by now
                return recent[0], False
            self.passed_over += 1
            return None, False
        self._searches -= 1
        return self._look(key, message, when)

    def knows(self, identifier: str, message: str) -> bool:
        """Whether a line has a template here; changes nothing."""
        words = self._masker.words(message)
        return self._find(self._place(identifier, words), words) is not None

    def _look(self, key: tuple[str, Words], message: str, when: int) -> tuple[Template, bool]:
        identifier, words = key
        place = self._place(identifier, words)
        found = self._find(place, words)
        made = found is None
        if found is None:
            self._bound(place)
            found = self._make(identifier, words, place, message, when)
            self._plant(found)
        elif found.words != words:
            merged = tuple(a if a == b else WILD for a, b in zip(found.words, words, strict=True))
            if merged != found.words:
                self._kinds[found.place[:KIND]].settle(found, merged)
        self.templates.move_to_end(found.id)
        if len(self._recent) >= MAX_RECENT:
            self._recent.clear()
        kind = self._kinds[place[:KIND]]
        self._recent[key] = (found, kind, kind.version)
        return found, made

    def _find(self, place: Place, words: Words) -> Template | None:
        """The line's template: in its leaf, else among all lines of the program with as many words. Drain stops at the
        leaf, and so takes each name that stands among the first words for a kind of its own."""
        leaf = self._leaves.get(place)
        found = self._best(leaf, words) if leaf is not None else None
        if found is None and place[:KIND] in self._kinds:
            found = self._alike(self._kinds[place[:KIND]].near(words), words)
        return found

    @staticmethod
    def _alike(templates: Iterable[Template], words: Words) -> Template | None:
        """The first template of which all words but one are the line's."""
        for template in templates:
            kept = template.kept
            wanted = len(kept) - 1
            if wanted < ALIKE or wanted < template.needed:
                continue
            pick = template.pick
            if countOf(map(eq, pick(words) if pick is not None else words, kept), True) >= wanted:
                return template
        return None

    def _make(self, identifier: str, words: Words, place: Place, message: str, when: int) -> Template:
        id_ = _id(identifier, *words)
        while id_ in self.templates:  # the template of that id has generalised away from its first line
            id_ = _id(id_)
        self._order += 1
        return Template(id_, identifier, words, place, self._order, message[:MAX_SAMPLE], when, when)

    @staticmethod
    def _best(templates: Iterable[Template], words: Words) -> Template | None:
        """The most similar template; of equals the one with most that varies, then the oldest, as in Drain."""
        best: Template | None = None
        most = -1
        for template in templates:
            pick = template.pick
            equal = countOf(map(eq, pick(words) if pick is not None else words, template.kept), True)
            if equal < template.needed or equal < most:
                continue
            if equal > most or (best is not None and len(template.kept) < len(best.kept)):
                best, most = template, equal
        return best

    # --- the tree ---------------------------------------------------------------------------------------------------

    def _place(self, identifier: str, words: Words) -> Place:
        """Which leaf a line belongs to. A first word that varies, or one too many, goes by WILD."""
        place: Place = (identifier, str(len(words)))
        leading = [word for word in words[:LEADING] if WILD not in word and len(word) > 1]
        for step in (leading + [WILD] * DEPTH)[:DEPTH]:
            known = self._steps.get(place)
            many = known is not None and step not in known and len(known) >= MAX_CHILDREN
            place = (*place, WILD if many else step)
        return place

    def _plant(self, template: Template) -> None:
        for end in range(KIND, len(template.place)):
            steps = self._steps.setdefault(template.place[:end], {})
            steps[template.place[end]] = steps.get(template.place[end], 0) + 1
        self._leaves.setdefault(template.place, []).append(template)
        self._kinds.setdefault(template.place[:KIND], _Kind()).add(template)
        self.templates[template.id] = template

    def _uproot(self, template: Template) -> None:
        for end in range(KIND, len(template.place)):
            steps = self._steps[template.place[:end]]
            steps[template.place[end]] -= 1
            if not steps[template.place[end]]:
                del steps[template.place[end]]
            if not steps:
                del self._steps[template.place[:end]]
        leaf = self._leaves[template.place]
        leaf.remove(template)
        if not leaf:
            del self._leaves[template.place]
        kind = self._kinds[template.place[:KIND]]
        kind.remove(template)
        if not kind.templates:
            del self._kinds[template.place[:KIND]]
        del self.templates[template.id]
        self.evictions += 1

    def _bound(self, place: Place) -> None:
        """Room for one more."""
        kind = self._kinds.get(place[:KIND])
        if kind is not None and len(kind.templates) >= MAX_OF_A_KIND:
            self._uproot(min(kind.templates.values(), key=lambda one: (one.last_us, one.order)))
        while len(self.templates) >= self._max:
            self._uproot(next(iter(self.templates.values())))

    # --- what survives ----------------------------------------------------------------------------------------------

    def state(self) -> list[Any]:
        """A JSON form, from the template unused for longest to the one used last."""
        return [self._order, self._searches, self._flood, [template.state() for template in self.templates.values()]]

    def restore(self, state: list[Any]) -> None:
        """Take up what `state` gave."""
        order, searches, flood, stored = state
        templates = [Template.restore(one) for one in stored]
        for template in sorted(templates, key=lambda one: one.order):
            self._plant(template)
        for template in templates:
            self.templates.move_to_end(template.id)
        self._order, self._searches, self._flood = order, searches, flood
