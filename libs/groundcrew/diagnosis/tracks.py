"""Debounce, rates, confirmation and recovery of one (rule, entity, component), in event time.

The state machine knows no clock: it moves only with the times of what was observed, so that a replay of the same
observations gives the same triggers, however they are cut into batches.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from groundcrew.contracts.incidents import EvidenceSource, Severity

MAX_EVIDENCE = 10
"""Cited observations of one trigger: the first ones, as they name what began."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What a state machine needs to know of a rule, a threshold or a service check."""

    rule_id: str
    title: str
    severity: Severity
    causes: tuple[str, ...]
    component_class: str
    debounce_us: int = 0
    confirm_us: int = 0
    confirm_while_units_watched: bool = False
    rate_count: int = 0
    rate_window_us: int = 0


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
    """State of one (rule, entity, component). Times are event times in microseconds."""

    raised: bool = False
    emitted_us: int | None = None
    newest_us: int = 0
    due_us: int | None = None
    count: int = 0
    captures: dict[str, str] = field(default_factory=dict)
    evidence: list[Cited] = field(default_factory=list)
    window: list[list[int]] = field(default_factory=list)

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
        if hit.spec.rate_count and not self.raised:
            return self._rate(hit)
        self._fold(hit)
        if self.raised:
            return self.emitted_us is None or self.newest_us >= self.emitted_us + hit.spec.debounce_us
        if confirm_us:
            self.due_us = self.due_us if self.due_us is not None else when + confirm_us
            return False
        return True

    def _fold(self, hit: Hit) -> None:
        self.count += hit.weight
        if len(self.evidence) < MAX_EVIDENCE:
            self.evidence.append(hit.cited)

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

    def emitted(self) -> None:
        """The trigger is out: fold anew."""
        self.raised = True
        self.emitted_us = self.newest_us
        self.due_us = None
        self.count = 0
        self.evidence = []
        self.window = []

    def state(self) -> list[Any]:
        """A JSON form; `restore` reads it."""
        cited = [[c.id, c.source.value, c.ref, c.time_us, c.text] for c in self.evidence]
        return [
            self.raised, self.emitted_us, self.newest_us, self.due_us, self.count, self.captures, cited, self.window
        ]  # fmt: skip

    @classmethod
    def restore(cls, state: list[Any]) -> "Track":
        raised, emitted_us, newest_us, due_us, count, captures, cited, window = state
        evidence = [Cited(i, EvidenceSource(source), ref, us, text) for i, source, ref, us, text in cited]
        return cls(raised, emitted_us, newest_us, due_us, count, captures, evidence, window)
