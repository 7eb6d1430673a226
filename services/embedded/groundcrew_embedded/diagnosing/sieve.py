"""Keeps, of the lines of files of any length, those that a rule speaks of: the others can change no verdict.

All rules are looked for in one pass, by the trigger's own matcher. What is kept is bounded twice: of one rule and one
component so many in ten minutes (a flood says no more than its first hundreds), and so many lines in all, where
the rules that speak most give way.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from groundcrew.diagnosis.engines import CompiledStore
from groundcrew.diagnosis.matching import Matcher
from groundcrew.diagnosis.rules import Rule
from groundcrew.diagnosis.templates import fill
from groundcrew_host_collector.source import LogRow

MAX_KEPT = 20_000
"""Lines that are kept of all files. Of the rules that speak most, the newest ones stay."""

MAX_ALIKE = 150
"""Lines of one rule and one component that are kept within ten minutes; no rule counts to more."""

FIRST_KEPT = 20
"""Of a rule of which lines are left out, so many stay from the beginning: they say since when."""

MAX_COUNTED = 50_000
"""Pairs of rule and component that are counted at once."""

_ALIKE_US = 600 * 1_000_000
_BAD = 3
_SAMPLES = 5
_VARIES = re.compile(r"0x[0-9a-f]+|[0-9]+", re.IGNORECASE)


@dataclass(slots=True)
class Kept:
    """A line that matters. `boot` is the number of the boot, within its file, that its time counts from; None where
    that is the time of day. `file` is the place of its file among those read."""

    file: int
    number: int
    host: str
    row: LogRow
    boot: int | None = None
    rule: str = ""


@dataclass
class Sieve:
    """Takes batches, keeps what matters."""

    matcher: Matcher
    kept: list[Kept] = field(default_factory=list)
    folded: int = 0
    """Lines that only repeat what was kept often enough."""
    dropped: int = 0
    """Lines that would have been kept, were there not so many."""
    unruled: int = 0
    """Lines of an error's priority that no rule knows."""
    samples: list[str] = field(default_factory=list)
    _alike: OrderedDict[tuple[str, str, str, int], int] = field(default_factory=OrderedDict)
    _boots: set[tuple[str, str]] = field(default_factory=set)
    _shapes: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, rules: Sequence[Rule], compiled: CompiledStore | None = None) -> "Sieve":
        return cls(Matcher([rule for rule in rules if rule.source == "log"], compiled=compiled))

    def take(self, batch: Sequence[Kept], *, dated: bool = True) -> int:
        """How many of them a rule speaks of. Lines of a file without any time may be anything: what they claim is not
        counted."""
        rows = [one.row for one in batch]
        matched: dict[int, list[tuple[str, str]]] = {}
        for match in self.matcher.match(
            [row.message for row in rows], [row.identifier for row in rows], [row.unit for row in rows]
        ):
            component = fill(match.rule.component, match.captures)
            matched.setdefault(match.row, []).append((match.rule.id, component))
        for at, one in enumerate(batch):
            if at in matched:
                fresh = [self._fresh(one, *told) for told in matched[at]]  # each counts
                if any(fresh):
                    one.rule = matched[at][0][0]
                    self.kept.append(one)
                else:
                    self.folded += 1
            elif self._begins_boot(one):
                self.kept.append(one)
            elif dated:
                self._note_unruled(one.row)
        if len(self.kept) > 2 * MAX_KEPT:
            self.cut()
        return len(matched)

    def cut(self) -> None:
        """Leave out lines of the rules that speak most, until all fits."""
        if len(self.kept) <= MAX_KEPT:
            return
        counts = Counter((one.host, one.rule) for one in self.kept)
        share = _share(sorted(counts.values()), MAX_KEPT)
        left = {key: count - share for key, count in counts.items() if count > share}
        passed: Counter[tuple[str, str]] = Counter()
        stay = []
        for one in self.kept:
            key = (one.host, one.rule)
            if key in left:
                passed[key] += 1
                if FIRST_KEPT < passed[key] <= FIRST_KEPT + left[key]:
                    self.dropped += 1
                    continue
            stay.append(one)
        self.kept = stay

    def _fresh(self, one: Kept, rule_id: str, component: str) -> bool:
        key = (one.host, rule_id, component, one.row.time_us // _ALIKE_US)
        count = self._alike.pop(key, 0) + 1
        self._alike[key] = count
        if len(self._alike) > MAX_COUNTED:
            self._alike.popitem(last=False)
        return count <= MAX_ALIKE

    def _begins_boot(self, one: Kept) -> bool:
        """The first line of a boot that the journal numbers: some rules say nothing while a host boots."""
        if not one.row.boot_id or (one.host, one.row.boot_id) in self._boots:
            return False
        self._boots.add((one.host, one.row.boot_id))
        return True

    def _note_unruled(self, row: LogRow) -> None:
        if row.priority > _BAD:
            return
        self.unruled += 1
        shape = _VARIES.sub("#", row.message[:120])
        if len(self.samples) < _SAMPLES and shape not in self._shapes:
            self._shapes.add(shape)
            self.samples.append(row.message[:200])


def _share(counts: Sequence[int], room: int) -> int:
    """How many each may keep so that all fit; `counts` in rising order, the small ones whole."""
    for at, count in enumerate(counts):
        share = room // (len(counts) - at)
        if count > share:
            return max(share, FIRST_KEPT)
        room -= count
    return counts[-1]


@dataclass
class Tally:
    """What was read of one file, for people."""

    name: str
    kind: str
    is_log: bool = False
    """Whether its entries are lines, of which some say nothing to any rule."""
    entries: int = 0
    matched: int = 0
    note: str = ""
    skipped: str = ""
    hosts: Counter[str] = field(default_factory=Counter)
