"""Which faults of an event log or a sensor listing still stand, which have recovered, and what tells of none.

A fault stands while any of its states does: a fan that left `Lower Non-recoverable` and is still below
`Lower Critical` stands. A state ends when the same is deasserted, when the good state that a rule knows is told (a
supply is present again, redundancy is regained, a drive is back), and, of thresholds, when a milder one of the same
side ends. What was told several times is one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from groundcrew.contracts.incidents import Severity
from groundcrew.diagnosis.facts import Observed, Vocabulary
from groundcrew.diagnosis.listings import Listing
from groundcrew.diagnosis.locators import split_sensor
from groundcrew.diagnosis.rules import Rule
from groundcrew.diagnosis.sel import SelRecord
from groundcrew.diagnosis.sensors import SensorRead

_DUTY = re.compile(r"(?i)\b(?:pwm|duty)\b")
_NUMBER = re.compile(r"\d+")
_FAN = re.compile(r"(?i)^(?:sys(?:tem)?[ _]?|cha(?:ssis)?[ _]?)?fan[ _]?(\d+)$")
_NEARLY_FULL_PERCENT = 80
_PANIC = "Linux kernel panic: "


@dataclass(frozen=True, slots=True)
class Condition:
    """One fault of one part. `since` is None where nothing dated it, `until` while it stands; `times` counts records
    that told it, of a recovered one how often it came."""

    component_class: str
    locator: str
    fault: str
    severity: Severity
    since: datetime | None
    text: str
    title: str
    rule: Rule
    until: datetime | None = None
    times: int = 1


@dataclass
class Folded:
    """Gravest first, then by time. `noise` counts records and readings that tell of no fault, `chatter` by what they
    are."""

    active: list[Condition] = field(default_factory=list)
    recovered: list[Condition] = field(default_factory=list)
    noise: int = 0
    chatter: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Open:
    """A fault that stands: its states, each with what told it first."""

    since: datetime | None
    states: dict[tuple[str, str], tuple[Observed, SelRecord]]
    told: Counter[str] = field(default_factory=Counter)

    def worst(self) -> Observed:
        return max((one for one, _ in self.states.values()), key=lambda one: (one.severity.rank, one.level))


def fold(listing: Listing, vocabulary: Vocabulary) -> Folded:
    """Of all that a listing holds."""
    folded = fold_records([*_of_info(listing), *in_time(listing.records)], vocabulary)
    _fold_readings(folded, listing.readings, vocabulary)
    folded.active.sort(key=_urgency)
    return folded


def in_time(records: Sequence[SelRecord]) -> list[SelRecord]:
    """The oldest first: turned round where most times, or, without times, most record ids fall."""
    stamps: list[float] = [record.time.timestamp() for record in records if record.time is not None]
    marks = stamps if len(stamps) > 1 else [float(record.record_id) for record in records]
    falling = sum(later < earlier for earlier, later in pairwise(marks))
    rising = sum(later > earlier for earlier, later in pairwise(marks))
    return list(reversed(records)) if falling > rising else list(records)


def fold_records(records: Sequence[SelRecord], vocabulary: Vocabulary) -> Folded:
    """Records from the oldest to the newest."""
    folding = _Folding()
    for number, (record, observed) in enumerate(zip(records, vocabulary.of_records(records), strict=True)):
        for one in observed:
            folding.take(number, record, one)
    folded = folding.result()
    for number, record in enumerate(records):
        if number not in folding.telling:
            folded.noise += 1
            folded.chatter[_kind_of(record)] += 1
    return folded


def _kind_of(record: SelRecord) -> str:
    kind = split_sensor(record.sensor)[0] or record.sensor or "OEM record"
    return f"{kind}: {record.event}" if record.event and not record.event[:1].isdigit() else kind


class _Folding:
    def __init__(self) -> None:
        self._open: dict[tuple[str, ...], _Open] = {}
        self._ended: dict[tuple[str, ...], Condition] = {}
        self._often: dict[tuple[str, ...], list[tuple[float, int, datetime | None]]] = {}
        self._last = 0.0
        self.telling: set[int] = set()
        """Numbers of records that tell of a fault or its end."""

    def take(self, number: int, record: SelRecord, one: Observed) -> None:
        key = ("ladder", one.ladder) if one.ladder else (one.fault, one.component_class, one.locator)
        if record.time is not None:
            self._last = record.time.timestamp()
        if one.ends:
            if one.was and key not in self._open:
                self._begin(number, key, record, one, record.time)
            for of in self._ended_by(key, record, one):
                self._end(number, of, record, one)
        elif one.rate is None:
            self._begin(number, key, record, one, record.time)
        elif (since := self._enough(number, key, record, one)) is not None:
            self._begin(number, key, record, one, since[0])

    def _ended_by(self, key: tuple[str, ...], record: SelRecord, one: Observed) -> list[tuple[str, ...]]:
        """The key itself; where a sensor says that all is well, also both sides of its range."""
        if not one.all_states or one.ladder or one.pair:
            return [key]
        sides = [("ladder", f"{record.sensor} {side}") for side in ("lower", "upper")]
        return [key, *(side for side in sides if side in self._open)]

    def _begin(
        self, number: int, key: tuple[str, ...], record: SelRecord, one: Observed, since: datetime | None
    ) -> None:
        self.telling.add(number)
        standing = self._open.get(key)
        if standing is None:
            standing = self._open[key] = _Open(since, {})
        standing.states.setdefault((one.rule.id, one.state), (one, record))
        standing.told[one.state] += 1

    def _enough(
        self, number: int, key: tuple[str, ...], record: SelRecord, one: Observed
    ) -> tuple[datetime | None] | None:
        """Since when there were as many as the rule asks for within its window; None while there are not."""
        assert one.rate is not None
        seen = self._often.setdefault(key, [])
        seen.append((self._last, number, record.time))
        del seen[: max(0, len(seen) - one.rate.count)]
        if key not in self._open and (len(seen) < one.rate.count or self._last - seen[0][0] > one.rate.window_s):
            return None
        self.telling.update(earlier for _, earlier, _ in seen)
        return (seen[0][2],)

    def _end(self, number: int, key: tuple[str, ...], record: SelRecord, one: Observed) -> None:
        standing = self._open.get(key)
        if standing is None:
            if key in self._ended:
                self.telling.add(number)
            return
        before = standing.worst()
        gone = [
            state for state, (other, _) in standing.states.items()
            if (one.all_states and not one.ladder and not one.pair and state[0] == one.rule.id)
            or (one.pair and other.pair == one.pair)
            or (one.ladder and other.level >= one.level)
            or state == (one.rule.id, one.state)
        ]  # fmt: skip
        if not gone:
            return
        self.telling.add(number)
        if len(gone) < len(standing.states):
            for state in gone:
                del standing.states[state]
            return
        self._ended[key] = self._recovered(self._ended.get(key), standing, before, record)
        del self._open[key]

    def _recovered(self, earlier: Condition | None, standing: _Open, worst: Observed, record: SelRecord) -> Condition:
        first = next(iter(standing.states.values()))[1]
        condition = _condition(worst, standing.since, _text(first.sensor, standing.told), record.time, 1)
        if earlier is None:
            return condition
        graver = max(earlier, condition, key=lambda one: one.severity.rank)
        return Condition(
            graver.component_class, graver.locator, graver.fault, graver.severity, earlier.since, graver.text,
            graver.title, graver.rule, record.time, earlier.times + 1,
        )  # fmt: skip

    def result(self) -> Folded:
        active = []
        for standing in self._open.values():
            worst = standing.worst()
            sensor = standing.states[next(iter(standing.states))][1].sensor
            said = list(dict.fromkeys(one.state for one, _ in standing.states.values()))
            times = max(standing.told[state] for state in said)
            active.append(_condition(worst, standing.since, _text(sensor, said), None, times))
        recovered = sorted(self._ended.values(), key=_urgency)
        return Folded(sorted(active, key=_urgency), recovered)


def _text(sensor: str, states: Iterable[str]) -> str:
    """`<sensor> | <states>`; of a panic that Linux wrote in pieces, the pieces joined."""
    said: list[str] = []
    for state in states:
        if state.startswith(_PANIC) and said and said[-1].startswith(_PANIC):
            said[-1] += state.removeprefix(_PANIC)
        else:
            said.append(state)
    return " | ".join(part for part in (sensor, ", ".join(said)) if part)


def _condition(one: Observed, since: datetime | None, text: str, until: datetime | None, times: int) -> Condition:
    return Condition(
        one.component_class, one.locator, one.fault, one.severity, since, text, one.title, one.rule, until, times
    )


def _urgency(one: Condition) -> tuple[int, float]:
    return -one.severity.rank, one.since.timestamp() if one.since else 0.0


def _fold_readings(folded: Folded, readings: Sequence[SensorRead], vocabulary: Vocabulary) -> None:
    driven = {number for read in readings if (number := _driven(read)) is not None}
    standing: dict[tuple[str, str], Condition] = {}
    for read in readings:
        found = [_standing(one, read) for one in vocabulary.of_reading(read)]
        if not found and read.status == "ns" and (fan := _FAN.match(read.sensor)) and fan[1] in driven:
            found = [_standing(one, read) for one in _missing_fan(read, vocabulary)]
        for one in found:
            standing.setdefault((one.locator, one.fault), one)
        if not found:
            folded.noise += 1
            folded.chatter["sensor without reading" if read.status == "ns" else "sensor without fault"] += 1
    folded.active += standing.values()


def _driven(read: SensorRead) -> str | None:
    """The number of the fan that a duty cycle above zero drives."""
    if read.value and _DUTY.search(read.sensor) and not re.search(r"(?i)psu", read.sensor):
        numbers = _NUMBER.findall(read.sensor)
        return str(numbers[0]) if len(numbers) == 1 else None
    return None


def _missing_fan(read: SensorRead, vocabulary: Vocabulary) -> Iterable[Observed]:
    """A fan that is driven and has no reading is not there."""
    record = SelRecord(0, None, "", f"Fan {read.sensor}", "Device Absent", True, "")
    return vocabulary.of_records([record])[0]


def _standing(one: Observed, read: SensorRead) -> Condition:
    if read.value is not None:
        shown = f"{read.value:g} {read.unit}".strip()
        shown = f"{shown}, {one.state}" if one.state not in {"nc", "cr", "nr"} else shown
    else:
        shown = one.state if read.status != "ns" else "no reading"
    return _condition(one, None, f"{read.sensor} | {shown} | {read.status}", None, 1)


def _of_info(listing: Listing) -> list[SelRecord]:
    """What `ipmitool sel info` says of the log's room, as the record that BMCs write of it."""
    percent = listing.info.get("Percent Used", "").rstrip("%")
    used = int(percent) if percent.isascii() and percent.isdigit() else 0
    full = listing.info.get("Overflow", "").lower() == "true" or used >= 100
    if not full and used < _NEARLY_FULL_PERCENT:
        return []
    event = "Log full" if full else "Log almost full"
    return [SelRecord(0, None, "", "Event Logging Disabled SEL", event, True, event)]
