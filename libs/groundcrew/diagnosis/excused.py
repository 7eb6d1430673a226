"""Complaints about a host that went down by order, which its neighbours miss, and warnings of a host on which work was
announced: nothing is wrong unless it stays so.

Such a complaint waits until `Windows.join` after the order, a warning under announced work until `Windows.join` after
it came. What is taken back by then was the restart or the work; the rest is fused as it came, only later. Pure.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.incidents import Severity, Symptom, TriggerRaised
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.ranking import leading
from groundcrew.diagnosis.relation import ANY_NEED, Relation, SymptomKey, Windows, key_of

ORDERED_STOP = "kernel.ordered_stop"
"""The cause that a host's own word of going down speaks for."""

ANNOUNCED_WORK = "software.announced_work"
"""The cause that an operator's own word of planned work speaks for."""

MAX_ORDERS = 4_096
MAX_EXCUSED = 500
"""Complaints that wait; what comes beyond them is told at once."""

ANNOUNCED_FOR = timedelta(hours=1)
"""Work begins and ends within so long after it was announced; what it touches has `Windows.join` to be taken back."""

BEFORE = timedelta(minutes=1)
"""Neighbours may miss a host a little before it says, by its clock, that it goes."""

_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True)
class Excuse:
    """A complaint and when it is told unless it was taken back."""

    envelope: Envelope[TriggerRaised]
    due: datetime


class Excuses:
    """Orders to go down and announced work, and the complaints that they excuse for a while."""

    def __init__(self, knowledge: Knowledge, windows: Windows) -> None:
        self._knowledge = knowledge
        self._windows = windows
        self._orders: OrderedDict[str, datetime] = OrderedDict()
        self._announced: OrderedDict[str, datetime] = OrderedDict()
        self._waiting: OrderedDict[SymptomKey, Excuse] = OrderedDict()

    def of(self, envelope: Envelope[TriggerRaised], symptom: Symptom, relation: Relation) -> Excuse | None:
        """The excuse of a symptom that misses a host which went down by order, or of a warning of a host on which work
        was announced; None for any other."""
        if len(self._waiting) >= MAX_EXCUSED and key_of(symptom) not in self._waiting:
            return None
        join = self._windows.join
        # a BMC's clock may be wrong; `due` bounds the wait all the same
        unsure = timedelta(seconds=symptom.uncertainty_s)
        for at in [self._orders[host] for host in self._missed(symptom, relation)] if self._orders else []:
            if at - BEFORE - unsure <= symptom.first_seen <= at + join + unsure:
                return Excuse(envelope=envelope, due=at + join)
        begun = self._announced.get(relation.home(symptom)) if symptom.severity is Severity.WARNING else None
        if begun is not None and begun - BEFORE - unsure <= symptom.first_seen <= begun + ANNOUNCED_FOR + unsure:
            return Excuse(envelope=envelope, due=max(begun, min(symptom.first_seen, begun + ANNOUNCED_FOR)) + join)
        return None

    def _missed(self, symptom: Symptom, relation: Relation) -> Iterator[str]:
        """Hosts that were told to go down and that a symptom may miss: one that it is about, or, of a cluster that does
        not say which, one that is numbered like its own."""
        cause, place = leading(symptom), relation.place(symptom)
        own = relation.home(symptom)
        if place != own and place in self._orders:
            yield place
        named = relation.named(symptom)
        if named in self._orders and self._knowledge.suffers(cause, ANY_NEED):
            yield named
        if cause in self._knowledge.of_clusters and not named:
            series = _NUMBERS.sub("#", own)
            yield from (host for host in self._orders if host != own and _NUMBERS.sub("#", host) == series)

    def due(self, now: datetime) -> Excuse | None:
        """The first complaint whose time has come."""
        return next((excuse for excuse in self._waiting.values() if excuse.due <= now), None)

    def ordered(self, host: str, at: datetime) -> None:
        """A host says that it goes down."""
        _note(self._orders, host, at)

    def announced(self, hosts: Iterable[str], at: datetime) -> None:
        """Somebody says that there will be work which touches these hosts."""
        for host in sorted(hosts):
            _note(self._announced, host, at)

    def wait(self, key: SymptomKey, excuse: Excuse) -> None:
        """Let a complaint wait; of its repeats the first stands for all."""
        self._waiting.setdefault(key, excuse)

    def drop(self, key: SymptomKey) -> None:
        """It was taken back, or is told now."""
        self._waiting.pop(key, None)


def _note(said: OrderedDict[str, datetime], host: str, at: datetime) -> None:
    said[host] = max(at, said.pop(host, at))
    while len(said) > MAX_ORDERS:
        said.popitem(last=False)
