"""Debounce, rates, confirmation and recovery of one (rule, entity, component), in event time.

The state machine knows no clock: it moves only with the times of what was observed, so that a replay of the same
observations gives the same triggers, however they are cut into batches.
"""

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zlib import crc32

from groundcrew.contracts.incidents import EvidenceSource, Severity

MAX_EVIDENCE = 10
"""Cited observations of one trigger: the first ones, as they name what began, and the newest."""

STORM = 20
"""Hits folded since the last trigger from which on they are told when the debounce is over, whether or not another
comes then: the counts of a storm's triggers add up to its hits."""

_SLOTS = 64
MAX_WORDINGS = 4
"""Wordings of a track that are told at once; what comes in yet other words waits for the debounce as repeats do."""

_BITS = 63
_WORDS = re.compile(r"[^A-Za-z ]+|(?<![A-Za-z])[A-Za-z]{1,2}(?![A-Za-z])")
"""What varies in a line: numbers, addresses, marks, and what is left of names without them."""

CLOCK_JUMP_US = 3_600 * 1_000_000
"""A hit this much older than the newest one means that the source's clock was set back: its timeline starts anew."""

SECOND_US = 1_000_000


class Cited(NamedTuple):
    """What was observed, as evidence will cite it."""

    id: str
    source: EvidenceSource
    ref: str
    time_us: int
    text: str
    uncertainty_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What a state machine needs to know of a rule, a threshold or a service check. `recovers`: its end can be told;
    `crowds`: its components are out of texts, so that there may be any number of them; `after_boot_us`: so long after
    boot a hit is usual; `unordered`: it says something only of a boot that no order came before."""

    rule_id: str
    title: str
    severity: Severity
    causes: tuple[str, ...]
    component_class: str
    debounce_us: int = 0
    confirm_us: int = 0
    confirm_while_units_watched: bool = False
    recovers: bool = True
    crowds: bool = False
    rate_count: int = 0
    rate_window_us: int = 0
    after_boot_us: int = 0
    usual_going_down: bool = False
    unordered: bool = False


class Hit(NamedTuple):
    """One observation that speaks for a rule, or with `clears` of its end."""

    spec: Spec
    component: str
    captures: dict[str, str]
    cited: Cited
    clears: bool = False
    weight: int = 1


@dataclass(slots=True)
class Track:
    """State of one (rule, entity, component). Times are event times in microseconds. `told`: bits of the wordings that
    were folded since it was raised: another one is news, such as the remount that follows an aborted journal."""

    raised: bool = False
    emitted_us: int | None = None
    newest_us: int = 0
    due_us: int | None = None
    count: int = 0
    captures: dict[str, str] = field(default_factory=dict)
    evidence: list[Cited] = field(default_factory=list)
    window: list[list[int]] = field(default_factory=list)
    told: int = 0

    def hit(self, hit: Hit, *, confirm_us: int = 0) -> bool:
        """Take a hit; True where a trigger is to be raised now with what was folded. With `confirm_us` it waits so
        long, until `due_us`."""
        when = hit.cited.time_us
        if when < self.newest_us - CLOCK_JUMP_US:
            self.__init__(raised=self.raised)  # type: ignore[misc]
        if hit.spec.rate_count and self.raised and when > self.newest_us + hit.spec.rate_window_us:
            self.__init__(newest_us=self.newest_us)  # type: ignore[misc]
        self.newest_us = max(self.newest_us, when)
        self.captures = hit.captures
        news = self._another_wording(hit.cited)
        if hit.spec.rate_count and not (self.raised and self._still_at_rate(hit)):
            return self._rate(hit)
        self._fold(hit)
        if self.raised:
            return news or self._again(hit.spec.debounce_us)
        if confirm_us:
            self.due_us = self.due_us if self.due_us is not None else when + confirm_us
            return False
        return True

    def _again(self, debounce_us: int) -> bool:
        if self.emitted_us is None or self.newest_us >= self.emitted_us + debounce_us:
            return True
        if self.count >= STORM:
            self.due_us = self.emitted_us + debounce_us + 1  # a hit at that very time comes before
        return False

    def _another_wording(self, cited: Cited) -> bool:
        """Whether a line says it in words that none before did; of many, only the first few are told apart."""
        if cited.source is not EvidenceSource.JOURNAL or self.told.bit_count() >= MAX_WORDINGS:
            return False
        known, self.told = self.told, self.told | 1 << crc32(_WORDS.sub("", cited.text).encode()) % _BITS
        return known != self.told

    def _fold(self, hit: Hit) -> None:
        self.count += hit.weight
        if len(self.evidence) < MAX_EVIDENCE:
            self.evidence.append(hit.cited)
        else:
            self.evidence[-1] = hit.cited

    def _rate(self, hit: Hit) -> bool:
        spec = hit.spec
        self._fold(hit)
        self.window.append([hit.cited.time_us, hit.weight])
        horizon = self.newest_us - spec.rate_window_us
        kept = [entry for entry in self.window if entry[0] >= horizon][-spec.rate_count :]
        if len(kept) < len(self.window):
            self.window = kept
            self.evidence = [cited for cited in self.evidence if cited.time_us >= horizon] or [hit.cited]
        self.count = sum(weight for _, weight in self.window)
        return self.count >= spec.rate_count

    def _still_at_rate(self, hit: Hit) -> bool:
        """While raised: whether there is at least half the rate, this hit included. Below that it has ended, and takes
        the whole rate to be raised again. Hits are counted in slots of the window here, as there may be millions."""
        spec, when, window = hit.spec, hit.cited.time_us, self.window
        horizon, slot = self.newest_us - spec.rate_window_us, spec.rate_window_us // _SLOTS
        while window and window[0][0] < horizon:
            del window[0]
        if 2 * (hit.weight + sum(weight for _, weight in window)) < spec.rate_count:
            self.raised, self.emitted_us, self.due_us, self.evidence = False, None, None, []
            return False
        if window and 0 <= when - window[-1][0] < slot:
            window[-1][1] += hit.weight
        else:
            window.append([when, hit.weight])
            if len(window) > 2 * _SLOTS:
                self.window = _in_slots(window, slot)
        return True

    def emitted(self, at_us: int = 0) -> None:
        """The trigger is out, at event time `at_us` where that is later than its newest hit: fold anew."""
        self.raised = True
        self.emitted_us = max(self.newest_us, at_us)
        self.due_us = None
        self.count = 0
        self.evidence = []

    def state(self) -> list[Any]:
        """A JSON form; `restore` reads it."""
        cited = [[c.id, c.source.value, c.ref, c.time_us, c.text, c.uncertainty_s] for c in self.evidence]
        return [
            self.raised, self.emitted_us, self.newest_us, self.due_us, self.count, self.captures, cited, self.window,
            self.told,
        ]  # fmt: skip

    @classmethod
    def restore(cls, state: list[Any]) -> "Track":
        raised, emitted_us, newest_us, due_us, count, captures, cited, window, *told = state
        evidence = [Cited(i, EvidenceSource(source), *rest) for i, source, *rest in cited]
        # a state of before there were wordings says nothing of them
        return cls(raised, emitted_us, newest_us, due_us, count, captures, evidence, window, *told)


def _in_slots(window: list[list[int]], slot_us: int) -> list[list[int]]:
    """The same hits in fewer entries."""
    merged: list[list[int]] = []
    for when, weight in window:
        if merged and 0 <= when - merged[-1][0] < slot_us:
            merged[-1][1] += weight
        else:
            merged.append([when, weight])
    return merged[-2 * _SLOTS :]
