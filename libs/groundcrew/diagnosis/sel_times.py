"""When the records of an event log happened, by our clock, and how sure that is. Pure.

A record's stamp is the BMC's claim (IPMI 2.0, 37): seconds since 1970, or, below PREINIT_END, since the BMC started and
until its clock was set. Where a stamp says when, the BMC's clock is corrected by how far it was off at the two looks
around it. Where it does not, the record lies between its neighbours, and what came with it from the same start keeps
its distance; a boot or a setting of the clock right after it says where between.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from groundcrew.diagnosis.sel_bytes import PREINIT_END

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
UNBOUND_S = 2_700.0
"""What is assumed of the clock of a BMC that nothing bounds: clocks that nobody sets are off by minutes, and one that
is off by half an hour must not part a fault from its consequences."""

RESOLUTION_S = 1.0
"""A stamp has whole seconds."""

DRIFT = 100e-6
"""How much a BMC's clock, which nothing disciplines, may run fast or slow: a crystal of 20 ppm, and warm."""

STEP_US = 5 * SECOND_US
"""An offset that moved by more than this between two looks was a setting of the clock, not drift."""

_BOOT = re.compile(
    r"(?i)boot (?:initiated|completed|event)|initiated by (?:power up|(?:hard|warm) reset)|os boot|system restart"
    r"|s0/g0|timestamp clock sync"
)
_SYNC = re.compile(r"(?i)timestamp clock sync")


@dataclass(frozen=True, slots=True)
class Stamped:
    """A record as the log has it. `boots`: it tells that the machine or its BMC started, or that its clock was set;
    `sets_clock`: that the clock was set, so that the record before it was written at the same moment."""

    seconds: int | None
    boots: bool = False
    sets_clock: bool = False

    @classmethod
    def of(cls, seconds: int | None, words: str) -> "Stamped":
        return cls(seconds, bool(_BOOT.search(words)), bool(_SYNC.search(words)))

    @property
    def absolute(self) -> bool:
        return self.seconds is not None and self.seconds >= PREINIT_END

    @property
    def since_start(self) -> bool:
        return self.seconds is not None and self.seconds < PREINIT_END


@dataclass(frozen=True, slots=True)
class ClockLook:
    """A BMC's clock when it was asked: what must be added to its times, give or take; None where it tells none.
    `since_start`: it counts from the BMC's start."""

    at_us: int
    offset_us: int | None = None
    uncertainty_us: int = 0
    since_start: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """`uncertainty_s`: to either side; None where nothing bounds it."""

    time_us: int
    uncertainty_s: float | None


def place(
    records: Sequence[Stamped], now: ClockLook, *, before: ClockLook | None = None, newest_us: int | None = None
) -> list[Placed]:
    """Of records in the log's order. `before`: the look before, after which they were written; None where the log was
    never read. `newest_us`: the time of the record before them, where there is one."""
    found: list[Placed | None] = [_by_its_stamp(one, now, before) for one in records]
    if now.since_start:
        for n in _of_this_start(records):
            found[n] = _by_offset(records[n].seconds or 0, now.offset_us, now, before)
    start = 0
    while start < len(records):
        if found[start] is not None:
            start += 1
            continue
        end = start
        while end + 1 < len(records) and found[end + 1] is None:
            end += 1
        earlier = found[start - 1].time_us if start else newest_us  # type: ignore[union-attr]
        later = found[end + 1] if end + 1 < len(records) else None
        after = records[end + 1] if later is not None else None
        placed = _between(records[start : end + 1], earlier, later, after, now, before)
        found[start : end + 1] = placed
        start = end + 1
    return [one for one in found if one is not None]


def ahead(newest_us: int, read_us: int) -> int:
    """How far a BMC's clock is fast, of whose log nothing is known but its newest stamp and when it was read; 0 where
    the stamp may be true, give or take what nobody knows of a clock anyway. What is yet to come cannot have been
    written: the clock is fast by at least so much, and as clocks are mostly wrong by a time zone, by whole hours."""
    least = newest_us - read_us
    return -(-least // HOUR_US) * HOUR_US if least > UNBOUND_S * SECOND_US else 0


def _by_its_stamp(record: Stamped, now: ClockLook, before: ClockLook | None) -> Placed | None:
    if not record.absolute or record.seconds is None:
        return None
    if now.since_start or now.offset_us is None:
        told = min(record.seconds * SECOND_US, now.at_us)
        return Placed(max(0, told), None)  # the clock of then is not known any more
    return _by_offset(record.seconds, _offset_at(record.seconds, now, before), now, before)


def _by_offset(seconds: int, offset_us: int | None, now: ClockLook, before: ClockLook | None) -> Placed:
    shift = offset_us or 0
    told = max(0, min(seconds * SECOND_US + shift, now.at_us))
    since = before.at_us if before is not None and before.offset_us is not None else now.at_us
    unwatched_s = max(0, since - told) / SECOND_US
    unsure = RESOLUTION_S + now.uncertainty_us / SECOND_US + unwatched_s * DRIFT
    if before is not None and before.offset_us is not None and now.offset_us is not None and not now.since_start:
        unsure += abs(now.offset_us - before.offset_us) / SECOND_US if _was_set(now, before) else 0.0
    return Placed(told, round(unsure, 3))


def _offset_at(seconds: int, now: ClockLook, before: ClockLook | None) -> int:
    """Between two looks a clock drifts evenly, unless it was set: then what fits between the looks counts."""
    assert now.offset_us is not None
    if before is None or before.offset_us is None or before.since_start or before.at_us >= now.at_us:
        return now.offset_us
    if _was_set(now, before):
        fits = before.at_us <= seconds * SECOND_US + now.offset_us <= now.at_us + SECOND_US
        return now.offset_us if fits else before.offset_us
    share = (seconds * SECOND_US + now.offset_us - before.at_us) / (now.at_us - before.at_us)
    return round(before.offset_us + min(max(share, 0.0), 1.0) * (now.offset_us - before.offset_us))


def _was_set(now: ClockLook, before: ClockLook) -> bool:
    return (
        now.offset_us is not None
        and before.offset_us is not None
        and abs(now.offset_us - before.offset_us) > STEP_US + DRIFT * (now.at_us - before.at_us)
    )


def _of_this_start(records: Sequence[Stamped]) -> list[int]:
    """Of a BMC whose clock still counts from its start: the newest records, back to where the count began."""
    found: list[int] = []
    least: int | None = None
    for n in range(len(records) - 1, -1, -1):
        seconds = records[n].seconds
        if seconds is None:
            continue
        if seconds >= PREINIT_END or (least is not None and seconds > least):
            break
        least = seconds
        found.append(n)
    return found


def _between(
    run: Sequence[Stamped],
    earlier: int | None,
    later: Placed | None,
    after: Stamped | None,
    now: ClockLook,
    before: ClockLook | None,
) -> list[Placed]:
    """A run of records without a time, from one start or several: they lie between `earlier` and `later`."""
    lo = earlier
    if before is not None:
        lo = before.at_us if lo is None else max(lo, before.at_us)
    hi = later.time_us if later is not None else now.at_us
    if lo is not None and lo > hi:
        lo = hi  # the BMC's clock was set back between the neighbours
    spans = _distances(run)
    length = spans[-1]
    slack = None if lo is None else hi - lo - length
    if slack is not None and slack < 0:  # more starts than seconds: they cannot keep their distance
        spans = [round(one * (hi - (lo or 0)) / length) if length else 0 for one in spans]
        length, slack = spans[-1], 0
    known = after is not None and after.sets_clock and run[-1].since_start and later is not None
    if known and later is not None:
        unsure: float | None = RESOLUTION_S + (later.uncertainty_s or 0.0)
        shift = 0
    elif slack is None:
        unsure, shift = None, 0
    elif later is None and before is None:
        unsure, shift = RESOLUTION_S + slack / SECOND_US, slack  # of a log never read before: rather old than news
    elif later is None or (after is not None and after.boots):
        unsure, shift = RESOLUTION_S + slack / SECOND_US, 0  # right before that, or at most so much earlier
    else:
        unsure, shift = RESOLUTION_S + slack / 2 / SECOND_US, slack // 2
    first = max(0, hi - length - shift)
    return [Placed(min(first + one, hi), None if unsure is None else round(unsure, 3)) for one in spans]


def _distances(run: Sequence[Stamped]) -> list[int]:
    """Microseconds of each from the first; where the count begins anew no time passes that is known, but what the count
    itself says has."""
    found = [0]
    for one, following in pairwise(run):
        step = 0
        if one.seconds is not None and following.seconds is not None:
            step = following.seconds - one.seconds if following.seconds >= one.seconds else following.seconds
        found.append(found[-1] + step * SECOND_US)
    return found
