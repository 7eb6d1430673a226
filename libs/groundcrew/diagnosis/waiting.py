"""Trigger events that are of no incident yet: info evidence, and complaints about hosts that went down by order.

Pure. It is memory of this process; `recall` makes it anew after a take-over from the trigger events that the store has.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.incidents import Symptom, TriggerRaised, TriggerState
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.contrasts import Contrasts
from groundcrew.diagnosis.excused import AHEAD, ANNOUNCED_WORK, LATE, ORDERED_STOP, Excuses
from groundcrew.diagnosis.ranking import leading
from groundcrew.diagnosis.relation import Relation, Windows, gap, key_of
from groundcrew.diagnosis.track import Fused

MAX_WAITING = 500
"""Info trigger events that wait for an incident to be evidence of."""

MAX_RECALLED = 2_000
"""Trigger events that are read again after a take-over."""


class Waiting:
    """What waits, and until when."""

    def __init__(self, knowledge: Knowledge, windows: Windows, symptom_of: Callable[..., Symptom]) -> None:
        self.excuses = Excuses(knowledge, windows)
        self.contrasts = Contrasts(knowledge)
        self._windows = windows
        self._symptom_of = symptom_of
        self._infos: deque[Envelope[TriggerRaised]] = deque(maxlen=MAX_WAITING)

    @property
    def span(self) -> timedelta:
        """How far back what waits may lie."""
        return max(2 * self._windows.join, AHEAD + LATE + self._windows.join)

    def infos_for(
        self, trigger_id: str, symptom: Symptom, relation: Relation
    ) -> list[tuple[Envelope[TriggerRaised], Symptom]]:
        """Info events before a new incident that relate to what opens it, which may be one of them."""
        found = []
        for waiting in self._infos:
            if waiting.id == trigger_id:
                continue
            info = self._symptom_of(waiting)
            if gap(info, symptom) <= self._windows.join and relation.related(info, symptom):
                found.append((waiting, info))
        return found

    def keep(self, fused: Fused) -> None:
        """Take over what was computed, once it is stored."""
        if fused.waiting is not None:
            self._infos.append(fused.waiting)
        if fused.ordered is not None:
            self.excuses.ordered(*fused.ordered)
        if fused.back is not None:
            self.excuses.is_back(*fused.back)
        if fused.announced is not None:
            self.excuses.announced(*fused.announced)
        if fused.excused is not None:
            self.excuses.wait(*fused.excused)
        if fused.said is not None:
            self.contrasts.note(fused.said)
        if fused.contrasted is not None:
            self.contrasts.drop(fused.contrasted)
        if fused.settled is not None:
            self.excuses.drop(fused.settled)

    def recall(
        self,
        events: Sequence[tuple[Envelope[TriggerRaised], str | None]],
        relation: Relation,
        is_told: Callable[[Symptom], bool],
        announced: Callable[[Envelope[TriggerRaised], Symptom], tuple[frozenset[str], datetime, datetime]],
    ) -> None:
        """From trigger events in their order, each with the incident that it went to; a complaint that `is_told` waits
        no more; of announced work `announced` says whom it touches, and when."""
        known = [(one, self._symptom_of(one), to) for one, to in events if not one.data.silenced_by]
        raised = TriggerState.RAISED
        for one, symptom, _ in known:
            if symptom.severity.rank != 0:
                continue
            if one.data.state is not raised:
                if leading(symptom) == ORDERED_STOP:
                    self.excuses.is_back(relation.home(symptom), symptom.last_seen)
            elif leading(symptom) == ORDERED_STOP:
                self.excuses.ordered(relation.home(symptom), symptom.last_seen)
            elif leading(symptom) == ANNOUNCED_WORK:
                self.excuses.announced(*announced(one, symptom))
        for one, symptom, to in known:
            if (said := self.contrasts.said(one, symptom, relation)) is not None:
                self.contrasts.note(said)
                if said.less is not None and is_told(symptom):
                    self.contrasts.drop(said)
            if to is not None or self.contrasts.is_whole(symptom):
                continue
            if one.data.state is not raised:
                self.excuses.drop(key_of(symptom))
            elif symptom.severity.rank == 0:
                self._infos.append(one)
            elif not is_told(symptom) and (excuse := self.excuses.of(one, symptom, relation)) is not None:
                self.excuses.wait(key_of(symptom), excuse)
