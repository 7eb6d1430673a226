"""Keeps, of the lines of files of any length, those that a rule speaks of: the others can change no verdict.

All rules are looked for in one pass, with the trigger's own matcher. What is kept is bounded twice: of one rule and one
component so many in ten minutes (a flood says no more than its first thousand lines), and so many lines in all.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from groundcrew.diagnosis.engines import CompiledStore
from groundcrew.diagnosis.matching import Matcher
from groundcrew.diagnosis.priorities import claimed
from groundcrew.diagnosis.rules import Rule
from groundcrew.diagnosis.templates import fill
from groundcrew_host_collector.source import LogRow

MAX_KEPT = 100_000
"""Lines that are kept of all files; of more, the newest."""

MAX_ALIKE = 1_000
"""Lines of one rule and one component that are kept within ten minutes; no rule counts to more."""

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

    def take(self, batch: Sequence[Kept]) -> int:
        """How many of them a rule speaks of."""
        rows = [one.row for one in batch]
        matched: dict[int, list[tuple[str, str]]] = {}
        for match in self.matcher.match(
            [row.message for row in rows], [row.identifier for row in rows], [row.unit for row in rows]
        ):
            component = fill(match.rule.component, match.captures)
            matched.setdefault(match.row, []).append((match.rule.id, component))
        for at, one in enumerate(batch):
            if at in matched:
                if any([self._fresh(one, *told) for told in matched[at]]):  # each counts
                    self.kept.append(one)
                else:
                    self.folded += 1
            elif self._begins_boot(one):
                self.kept.append(one)
            else:
                self._note_unruled(one.row)
        if len(self.kept) > 2 * MAX_KEPT:
            self.cut()
        return len(matched)

    def cut(self) -> None:
        """Keep the newest; those whose time counts from a boot stay in the order of their file."""
        if (more := len(self.kept) - MAX_KEPT) > 0:
            self.kept.sort(key=lambda one: (one.boot is not None, one.row.time_us))
            del self.kept[:more]
            self.dropped += more

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
        if row.priority > _BAD and (claimed(row.message) or 6) > _BAD:
            return
        self.unruled += 1
        shape = _VARIES.sub("#", row.message[:120])
        if len(self.samples) < _SAMPLES and shape not in self._shapes:
            self._shapes.add(shape)
            self.samples.append(row.message[:200])


@dataclass
class Tally:
    """What was read of one file, for people."""

    name: str
    kind: str
    entries: int = 0
    matched: int = 0
    note: str = ""
    skipped: str = ""
    hosts: Counter[str] = field(default_factory=Counter)
