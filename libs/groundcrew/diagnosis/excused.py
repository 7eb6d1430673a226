"""Complaints about a host that went down by order, which its neighbours miss, and warnings of a host on which work was
announced: nothing is wrong unless it stays so.

Such a complaint waits until `Windows.join` after the order, a warning under announced work until `Windows.join` after
it came. What is taken back by then was the restart or the work, and so is what nothing takes back, if it is said no
more once the host is up again; the rest is fused as it came, only later. Pure.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
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

AHEAD = timedelta(hours=12)
"""Work is announced at most so long ahead: a time of day in the words that is nearer is taken for one of the work's."""

LATE = timedelta(minutes=30)
"""Work lasts at most so much longer than was said."""

BEFORE = timedelta(minutes=1)
"""Neighbours may miss a host a little before it says, by its clock, that it goes."""

_NUMBERS = re.compile(r"\d+")
_TIME_OF_DAY = re.compile(r"(?<![\d:.])([01]?\d|2[0-3])[:h]([0-5]\d)(?![\d:])")


def announced_until(words: str, at: datetime) -> datetime:
    """Until when announced work may go on: an hour from its announcement, or a little longer than the last time of day
    (in UTC) that the words name."""
    named = []
    for hour, minute in _TIME_OF_DAY.findall(words):
        when = at.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
        named.append(when if when >= at else when + timedelta(days=1))
    return max([at + ANNOUNCED_FOR, *(when + LATE for when in named if when <= at + AHEAD)])


@dataclass(frozen=True, kw_only=True)
class Excuse:
    """A complaint and when it is told unless it was taken back."""

    envelope: Envelope[TriggerRaised]
    due: datetime
    missed: str = ""
    """The host that went down, where it is one."""
    last: datetime
    """When it was said last."""


class Excuses:
    """Orders to go down and announced work, and the complaints that they excuse for a while."""

    def __init__(self, knowledge: Knowledge, windows: Windows) -> None:
        self._knowledge = knowledge
        self._windows = windows
        self._orders: OrderedDict[str, datetime] = OrderedDict()
        self._announced: OrderedDict[str, datetime] = OrderedDict()
        self._until: dict[str, datetime] = {}
        self._back: OrderedDict[str, datetime] = OrderedDict()
        self._waiting: OrderedDict[SymptomKey, Excuse] = OrderedDict()

    def of(self, envelope: Envelope[TriggerRaised], symptom: Symptom, relation: Relation) -> Excuse | None:
        """The excuse of a symptom that misses a host which went down by order, or of a warning of a host on which work
        was announced; None for any other."""
        if len(self._waiting) >= MAX_EXCUSED and key_of(symptom) not in self._waiting:
            return None
        join = self._windows.join
        # a BMC's clock may be wrong; `due` bounds the wait all the same
        unsure = timedelta(seconds=symptom.uncertainty_s)
        last = symptom.last_seen
        for host in self._missed(symptom, relation) if self._orders else ():
            at = self._orders[host]
            if at - BEFORE - unsure <= symptom.first_seen <= at + join + unsure:
                return Excuse(envelope=envelope, due=at + join, missed=host, last=last)
        begun = self._announced.get(relation.home(symptom)) if symptom.severity is Severity.WARNING else None
        if begun is None:
            return None
        until = self._until[relation.home(symptom)]
        if begun - BEFORE - unsure <= symptom.first_seen <= until + unsure:
            due = max(begun, min(symptom.first_seen, until)) + join
            return Excuse(envelope=envelope, due=due, last=last)
        return None

    def _missed(self, symptom: Symptom, relation: Relation) -> Iterator[str]:
        """Hosts that were told to go down and that a symptom may miss: one that it is about or that its own depends on,
        or, of a cluster that does not say which, one that is numbered like its own or has its role."""
        cause, place = leading(symptom), relation.place(symptom)
        own = relation.home(symptom)
        if place != own and place in self._orders:
            yield place
        named = relation.named(symptom)
        if named in self._orders and self._knowledge.suffers(cause, ANY_NEED):
            yield named
        yield from (host for host in relation.needed(symptom) if host in self._orders)
        if cause in self._knowledge.of_clusters and not named:
            series = _NUMBERS.sub("#", own)
            yield from (host for host in self._orders if host != own and _NUMBERS.sub("#", host) == series)
            yield from (host for host in relation.fellows(own) if host in self._orders)

    def due(self, now: datetime) -> tuple[SymptomKey, Excuse] | None:
        """The first complaint whose time has come."""
        return next(((key, excuse) for key, excuse in self._waiting.items() if self._due(excuse) <= now), None)

    def _due(self, excuse: Excuse) -> datetime:
        quiet = self._quiet_from(excuse)
        return excuse.due if quiet is None else max(excuse.due, quiet)

    def _quiet_from(self, excuse: Excuse) -> datetime | None:
        """When a complaint that nothing takes back should have ended, as the host that it misses came back in time."""
        back = self._back.get(excuse.missed)
        if back is None or excuse.envelope.data.ends or not excuse.due - self._windows.join <= back <= excuse.due:
            return None
        return back + self._windows.hold

    def is_over(self, excuse: Excuse) -> bool:
        """Whether a complaint that nothing takes back was said no more since the host that it misses is up again."""
        quiet = self._quiet_from(excuse)
        return quiet is not None and excuse.last <= quiet

    def ordered(self, host: str, at: datetime) -> None:
        """A host says that it goes down."""
        _note(self._orders, host, at)

    def is_back(self, host: str, at: datetime) -> None:
        """A host that went down by order starts again."""
        _note(self._back, host, at)

    def announced(self, hosts: Iterable[str], at: datetime, until: datetime) -> None:
        """Somebody says that there will be work which touches these hosts, for so long at most."""
        for host in sorted(hosts):
            _note(self._announced, host, at)
            self._until[host] = max(until, self._until.get(host, until))
        for gone in self._until.keys() - self._announced.keys():
            del self._until[gone]

    def wait(self, key: SymptomKey, excuse: Excuse) -> None:
        """Let a complaint wait; of its repeats the first stands for all, and the newest says how long it went on."""
        first = self._waiting.get(key)
        self._waiting[key] = excuse if first is None else replace(first, last=max(first.last, excuse.last))

    def drop(self, key: SymptomKey) -> None:
        """It was taken back, or is told now."""
        self._waiting.pop(key, None)


def _note(said: OrderedDict[str, datetime], host: str, at: datetime) -> None:
    said[host] = max(at, said.pop(host, at))
    while len(said) > MAX_ORDERS:
        said.popitem(last=False)
