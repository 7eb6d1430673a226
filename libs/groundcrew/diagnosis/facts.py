"""Event log records and sensor readings as normalised observations: which part, which fault, whether it began or ended.

The vocabulary are the rules of the trigger themselves (`source = "sel"` and `"sensor"`), so that a log is read here
by the same words that raise an alarm there: a rule without causes, or one of info that tells of a moment only, says
nothing of a fault.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from groundcrew.contracts.incidents import Severity
from groundcrew.diagnosis.discrete import events_of, part_name
from groundcrew.diagnosis.levels import Look
from groundcrew.diagnosis.matching import Match, Matcher
from groundcrew.diagnosis.records import sel_clears, sel_part, sel_text, sensor_look
from groundcrew.diagnosis.rules import Rate, Rule
from groundcrew.diagnosis.sel import SelRecord
from groundcrew.diagnosis.sensors import SensorRead, Thresholds
from groundcrew.diagnosis.standing import is_by_message, pair_of, rung_of, state_of
from groundcrew.diagnosis.templates import fill

_BARE = re.compile(r"(Lower|Upper) (Non-critical|Critical|Non-recoverable)", re.IGNORECASE)
_STATUSES = ("nc", "cr", "nr")
_JUDGED = ("volts", "v", "degrees c", "c", "rpm")
"""Units of readings that are held against their thresholds even where the status column says ok: of loads, which idle
below their lower limits, that column alone counts."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One thing that an entry says of one part. `state` is what began or, with `ends`, ended; `level` (0 to 2, of a
    threshold) ends all graver ones with it. `all_states` ends whatever the rule knew of the part, `pair` what the same
    digital sensor told. `was` with `ends`: the message of a fault that is marked as over, so that it tells both."""

    rule: Rule
    component_class: str
    locator: str
    fault: str
    severity: Severity
    title: str
    ends: bool
    state: str
    ladder: str = ""
    level: int = -1
    all_states: bool = False
    pair: str = ""
    was: bool = False
    rate: Rate | None = None


class Vocabulary:
    """The rules of event logs and sensors, compiled. Threads may use it at once."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        rules = list(rules)
        self._sel = Matcher([rule for rule in rules if rule.source == "sel"])
        self._sensors = Matcher([rule for rule in rules if rule.source == "sensor"])

    def of_records(self, records: Sequence[SelRecord]) -> list[list[Observed]]:
        """What each record says; nothing where it tells of no fault."""
        return self._of_events([(record.sensor, _whole(record.event), record.asserted) for record in records])

    def _of_events(self, events: Sequence[tuple[str, str, bool | None]]) -> list[list[Observed]]:
        said: list[list[Match]] = [[] for _ in events]
        for match in self._sel.match([sel_text(sensor, event) for sensor, event, _ in events]):
            said[match.row].append(match)
        return [list(_observed(matches, *event)) for matches, event in zip(said, events, strict=True)]

    def of_reading(self, read: SensorRead) -> list[Observed]:
        """The faults that a reading shows: a value out of its range, or states that are faults. That nothing sits in a
        bay is none: only a log knows that something did."""
        found: list[Observed] = []
        status, side = judged(read)
        if status in _STATUSES:
            found += self._out_of_range(read, status, side)
        events = [(sensor, event, True) for sensor, event in events_of(read)]
        for told in self._of_events(events):
            found += [one for one in told if not one.ends and not one.fault.endswith(".removed")]
        return found

    def _out_of_range(self, read: SensorRead, status: str, side: str) -> list[Observed]:
        name = part_name(read)
        shown = f"{read.value:g} {read.unit}".strip() if read.value is not None else read.text
        for match in self._sensors.match([read.sensor]):
            rule = match.rule
            if sensor_look(rule, status, read.value, read.unit, side or "upper") is not Look.BAD:
                continue
            captures = {**match.captures, "sensor": name, "value": shown}
            part = fill(rule.component, captures) or name
            title = fill(rule.title, captures)
            return [Observed(rule, rule.component_class, part, fault_of(rule), rule.severity, title, False, status)]
        return []


def fault_of(rule: Rule) -> str:
    """The likeliest cause that the rule speaks for, `class.fault`."""
    return rule.causes[0] if rule.causes else ""


def _whole(event: str) -> str:
    """`Lower Critical` alone, as some tools print it, is going low."""
    if found := _BARE.fullmatch(event.strip()):
        return f"{event.strip()} going {'low' if found[1].lower() == 'lower' else 'high'}"
    return event


def _observed(matches: Sequence[Match], sensor: str, event: str, asserted: bool | None) -> Iterable[Observed]:
    """The gravest that begins, beside what is told only when there is much of it; and all that ends."""
    begun: list[Observed] = []
    for match in matches:
        clears = sel_clears(match, asserted)
        if clears is None or not match.rule.causes or (match.rule.once and match.rule.severity is Severity.INFO):
            continue
        one = _one(match, sensor, event, asserted, ends=clears)
        if one.ends or one.rate:
            yield one
        else:
            begun.append(one)
    yield from sorted(begun, key=lambda one: -one.severity.rank)[:1]


def _one(match: Match, sensor: str, event: str, asserted: bool | None, *, ends: bool) -> Observed:
    rule, part = match.rule, sel_part(match, sensor, event)
    captures = {**match.captures, "sensor": part, "event": match.captures.get("event") or event}
    rung = rung_of(sensor, event)
    return Observed(
        rule=rule,
        component_class=rule.component_class,
        locator=part,
        fault=fault_of(rule),
        severity=rule.severity,
        title=fill(rule.title, captures),
        ends=ends,
        state=state_of(event),
        ladder=rung.ladder if rung else "",
        level=rung.level if rung else -1,
        all_states=match.clears or is_by_message(sensor) or "redundan" in event.lower(),
        pair=pair_of(sensor, event),
        was=ends and not match.clears and is_by_message(sensor),
        rate=rule.rate,
    )


def judged(read: SensorRead) -> tuple[str, str]:
    """Status and side of a reading. A status that only a zero, absent or inverted threshold explains is none; a value
    beyond a good critical threshold is one, whatever the status column says."""
    limits = read.thresholds
    if limits is None or read.value is None:
        return read.status, read.side
    good = usable(limits)
    level, side = _beyond(read.value, good)
    if read.status in _STATUSES:
        if side:
            return read.status, side
        return ("ok", "") if _beyond(read.value, limits)[1] else (read.status, read.side)
    if read.status == "ok" and level >= 1 and read.value and read.unit.lower() in _JUDGED:
        strictly, _ = _beyond(read.value, good, strictly=True)
        return (_STATUSES[strictly], side) if strictly >= 1 else ("ok", "")
    return read.status, read.side


def _beyond(value: float, limits: Thresholds, *, strictly: bool = False) -> tuple[int, str]:
    """The gravest level that the value is at or beyond, and its side; (-1, "") within the range."""
    for level in (2, 1, 0):
        low, high = limits.lower[level], limits.upper[level]
        if low is not None and (value < low or (value == low and not strictly)):
            return level, "lower"
        if high is not None and (value > high or (value == high and not strictly)):
            return level, "upper"
    return -1, ""


def usable(limits: Thresholds) -> Thresholds:
    """The thresholds without those that are zero, and without a side that is inverted or crosses the other."""
    lower, upper = (tuple(limit or None for limit in side) for side in (limits.lower, limits.upper))
    low, high = [one for one in lower if one is not None], [one for one in upper if one is not None]
    if low != sorted(low, reverse=True):
        low, lower = [], (None, None, None)
    if high != sorted(high):
        high, upper = [], (None, None, None)
    if low and high and max(low) >= min(high):
        return Thresholds()
    return Thresholds((lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2]))
