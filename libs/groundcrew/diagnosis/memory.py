"""All that detection remembers of one entity: bounded, and serialisable so that it survives a restart."""

import math
from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import Any

import orjson

from groundcrew.diagnosis import trend
from groundcrew.diagnosis.crowds import CROWD, MAX_COMPONENTS, WINDOW_US, Crowd
from groundcrew.diagnosis.flapping import Flap
from groundcrew.diagnosis.levels import Level, Look, Patience, Step
from groundcrew.diagnosis.sensor_history import SensorHistory
from groundcrew.diagnosis.silencing import Hushed
from groundcrew.diagnosis.standing import States, Told
from groundcrew.diagnosis.tracks import Track
from groundcrew.diagnosis.trend import Point

MAX_TRACKS = 512
"""Tracks of one entity; beyond, the one unused for longest goes and is counted."""

MAX_FLAPS = 512
MAX_HUSHED = 512
MAX_STANDING = 512
MAX_ENDED = 512
MAX_LEVELS = 4_096
MAX_SERIES = 8_192
MAX_FACTS = 8_192
"""Both for a host with a thousand mount points; MAX_STATE_BYTES bounds them all."""

MAX_STATE_BYTES = 700_000
"""A key's value stays well below the broker's default payload of 1 MiB."""

VERSION = 1

_BOOT = "first line of boot "
_ENDED = "first line of ended boot "
_UNORDERED = "no order ended what was before boot "
_BANNER = "kernel's first line where no boot is named"
_GOING_DOWN = "going down in boot "
_GOING_DOWN_US = 1_800 * 1_000_000
"""Longer than any ordered shutdown; what went on after that was called off."""
_UNITS_SEEN = "unit states seen"
_UNITS_NOTED_US = 600 * 1_000_000
_UNITS_WATCHED_US = 7_200 * 1_000_000


class Memory:
    """State of one entity. `changed` says whether anything moved since it was last cleared by the caller."""

    def __init__(self, entity: str = "") -> None:
        self.entity = entity
        self.tracks: OrderedDict[tuple[str, str], Track] = OrderedDict()
        self.levels: dict[str, Level] = {}
        self.series: dict[str, list[list[float]]] = {}
        self.facts: dict[str, float] = {}
        self.crowds: dict[str, Crowd] = {}
        self.flaps: dict[tuple[str, str], Flap] = {}
        self.hushed: dict[tuple[str, str], Hushed] = {}
        self.standing: dict[tuple[str, str], States] = {}
        self.history = SensorHistory()
        self.ended: OrderedDict[tuple[str, str], int] = OrderedDict()  # of minutes; a restart may forget it
        self.due_us: int | None = None
        self.changed = False
        self.evictions = 0
        self._parts: Counter[str] = Counter()

    def track(self, rule_id: str, component: str) -> Track:
        """The track of a rule and component, made where there is none."""
        key = (rule_id, component)
        found = self.tracks.get(key)
        if found is None:
            found = self.tracks[key] = Track()
            self._parts[rule_id] += 1
            while len(self.tracks) > MAX_TRACKS:
                (dropped, _), _ = self.tracks.popitem(last=False)
                self._parts[dropped] -= 1
                self.evictions += 1
        self.tracks.move_to_end(key)
        self.changed = True
        return found

    def crowd(self, rule_id: str, component: str, when: int) -> Crowd | None:
        """The crowd that a component without a track belongs to: that of a rule with as many active tracks as it may
        have, and then until that is over. None where it may have a track of its own."""
        if self._parts[rule_id] < MAX_COMPONENTS or (rule_id, component) in self.tracks:
            return None
        crowd = self.crowds.get(rule_id)
        if crowd is not None and crowd.active(when):
            return crowd
        since = when - WINDOW_US
        active = sum(key[0] == rule_id and track.newest_us >= since for key, track in self.tracks.items())
        if active < MAX_COMPONENTS:
            return None
        return self.crowds.setdefault(rule_id, Crowd())

    def tracks_of(self, rule_id: str, component: str) -> list[tuple[str, str]]:
        """Keys of a rule's tracks for this component, or of all its tracks where the component is empty."""
        if component:
            return [(rule_id, component)] if (rule_id, component) in self.tracks else []
        return [key for key in self.tracks if key[0] == rule_id]

    def forget(self, key: tuple[str, str]) -> None:
        if self.tracks.pop(key, None) is not None:
            self._parts[key[0]] -= 1
            self.changed = True
        if key[1] == CROWD:
            self.crowds.pop(key[0], None)

    def end(self, rule_id: str, component: str, when: int) -> None:
        """The end of a component, or of all of its rule, was told: what comes late behind it is over already."""
        key = (rule_id, component)
        self.ended[key] = max(when, self.ended.pop(key, when))
        if len(self.ended) > MAX_ENDED:
            self.ended.popitem(last=False)

    def ended_within(self, rule_id: str, component: str, when: int, span_us: int) -> bool:
        """Whether an end that is known already came so soon after this moment."""
        return any(
            (end := self.ended.get((rule_id, name))) is not None and when <= end <= when + span_us
            for name in (component, "")
        )

    def wait(self, due_us: int | None) -> None:
        """Something of the entity is due at that event time."""
        if due_us is not None:
            self.due_us = due_us if self.due_us is None else min(self.due_us, due_us)

    def flap(self, key: tuple[str, str], when: int) -> Flap:
        """The changes of a track, made where there are none; those that are over make room."""
        found = self.flaps.get(key)
        if found is None:
            found = Flap()
            if len(self.flaps) >= MAX_FLAPS:
                self.flaps = {each: flap for each, flap in self.flaps.items() if not flap.over(when)}
            self._put(self.flaps, key, found, MAX_FLAPS)
        self.changed = True
        return found

    def hush(self, key: tuple[str, str], hushed: Hushed) -> None:
        """The last trigger of this track was told in silence."""
        self.hushed.pop(key, None)
        self._put(self.hushed, key, hushed, MAX_HUSHED)
        self.wait(hushed.until_us)

    def begins(self, key: tuple[str, str], told: Told) -> None:
        """An event log tells a state of a (rule, part)."""
        states = self.standing.get(key)
        if states is None:
            states = States()
            self._put(self.standing, key, states, MAX_STANDING)
        states.begin(told)
        self.changed = True

    def ends(self, key: tuple[str, str], told: Told) -> list[tuple[str, str]]:
        """The (rule, part)s that are over with the end of a state: this one where nothing else of it stands, and those
        of other rules that stood for graver thresholds of the same range."""
        over = [] if key in self.standing else [key]
        for each, states in list(self.standing.items()):
            if (each == key or told.ladder) and states.end(told):
                self.changed = True
                if not states.held:
                    del self.standing[each]
                    over.append(each)
        return over

    def dues(self) -> Iterator[tuple[int, str, tuple[str, str]]]:
        """(event time, of what, key) of all that waits for its time."""
        for key, track in self.tracks.items():
            if track.due_us is not None:
                yield track.due_us, "track", key
        for key, flap in self.flaps.items():
            if flap.due_us is not None:
                yield flap.due_us, "flap", key
        for key, hushed in self.hushed.items():
            if hushed.until_us is not None:
                yield hushed.until_us, "hushed", key

    def look(self, key: str, look: Look, when: int, patience: Patience) -> Step:
        """Step a level; levels at rest take no room."""
        level = self.levels.get(key)
        if level is None:
            if look is not Look.BAD:
                return Step.NONE
            level = Level()
            self._put(self.levels, key, level, MAX_LEVELS)
        before = level.state()
        step = level.step(look, when, patience)
        if level.idle:
            del self.levels[key]
            self.changed = True
        elif level.state() != before:
            self.changed = True
        return step

    def fact(self, key: str, value: float) -> None:
        """Remember the last value of something that others are compared with."""
        if self.facts.get(key) != value:
            self._put(self.facts, key, value, MAX_FACTS)

    def divisor(self, key: str, value: float) -> None:
        """Remember what samples are divided by. A thousandth more or less is the same: every note is a write, and the
        number of inodes of some file systems moves at every look."""
        known = self.facts.get(key)
        if known is None or abs(value - known) > abs(known) / 1_000:
            self._put(self.facts, key, value, MAX_FACTS)

    def booted(self, boot_id: str, when: int) -> float:
        """When the first line of this boot was seen; so that of a host first seen later counts from then. Where lines
        name no boot, the kernel's first line tells it; minus infinity before one was seen."""
        if not boot_id:
            banner = self.facts.get(_BANNER, math.inf)
            return banner if banner <= when else -math.inf
        first = self.facts.get(_BOOT + boot_id, self.facts.get(_ENDED + boot_id))
        if first is not None:  # of the boot before where its lines come late
            return first
        for before in [fact for fact in self.facts if fact.startswith(_BOOT)]:
            ended = before.removeprefix(_BOOT)
            self._forget(_ENDED, _UNORDERED)
            self.fact(_ENDED + ended, self.facts.pop(before))
            if _GOING_DOWN + ended not in self.facts:
                self.fact(_UNORDERED + boot_id, when)
        self.fact(_BOOT + boot_id, when)
        return when

    def kernel_starts(self, boot_id: str, when: int) -> None:
        """The kernel said its first line."""
        if boot_id:
            self.booted(boot_id, when)
        else:
            self.fact(_BANNER, when)

    def restarted_unordered(self, boot_id: str) -> bool:
        """Whether the boot before this one was seen, and ended though nobody told the host to go down."""
        return _UNORDERED + boot_id in self.facts

    def goes_down(self, boot_id: str, when: int) -> None:
        """In this boot the host was told to go down."""
        self._forget(_GOING_DOWN)
        if _ENDED + boot_id in self.facts:  # the order came late, after lines of the next boot
            self._forget(_UNORDERED)
        self.fact(_GOING_DOWN + boot_id, when)

    def _forget(self, *kinds: str) -> None:
        for key in [fact for fact in self.facts if fact.startswith(kinds)]:
            del self.facts[key]

    def going_down(self, boot_id: str, when: int) -> bool:
        """Whether the host is on its way down, by order."""
        return 0 <= when - self.facts.get(_GOING_DOWN + boot_id, math.inf) <= _GOING_DOWN_US

    def units_seen(self, when: int) -> None:
        """Unit states were observed; noted every few minutes only, as every note is a write."""
        if when - self.facts.get(_UNITS_SEEN, -math.inf) >= _UNITS_NOTED_US:
            self.fact(_UNITS_SEEN, when)

    def units_watched(self, when: int) -> bool:
        """Whether unit states are observed these days, so that they tell what failed and stayed so."""
        return abs(when - self.facts.get(_UNITS_SEEN, -math.inf)) <= _UNITS_WATCHED_US

    def increase(self, key: str, value: float, when: int, window_us: int) -> float:
        """How much a counter grew within the window up to `when`. A counter that fell began anew at zero."""
        points = self.series.get(key)
        if points is None:
            self._put(self.series, key, [[when, value]], MAX_SERIES)
            return 0.0
        last = points[-1][1]
        if value < last:
            points[:] = [[when, 0.0]]
            self.changed = True
            last = 0.0
        if value > last and (len(points) == 1 or when - points[-1][0] >= window_us / 60):
            points.append([when, value])
            self.changed = True
        elif value > last:
            points[-1][1] = value  # within one slot of the window; comes again after a restart
        horizon = when - window_us
        while len(points) > 1 and (points[1][0] <= horizon or len(points) > 64):
            del points[0]
            self.changed = True
        return value - points[0][1]

    def trend(self, key: str, when: int, value: float, window_s: float) -> list[Point] | None:
        """The points of a trend with this one added; None where it is not yet time for the next point."""
        points = self.series.get(key)
        if points is None:
            points = []
            self._put(self.series, key, points, MAX_SERIES)
        moved = trend.add(points, when // 1_000_000, value, window_s)
        self.changed = self.changed or moved is True
        return None if moved is None else points

    def forget_series(self, key: str) -> None:
        if self.series.pop(key, None) is not None:
            self.changed = True

    def _put(self, table: dict[Any, Any], key: Any, value: Any, limit: int) -> None:
        table[key] = value
        self.changed = True
        while len(table) > limit:
            del table[next(iter(table))]
            self.evictions += 1

    def state(self) -> bytes:
        """JSON of everything. Where it would be too large, what was put in first is dropped, and counted: trends and
        growths, as they come again, then tracks, then what only a flood of long names can make so large."""
        tables: tuple[dict[Any, Any], ...] = (
            self.series, self.tracks, self.facts, self.levels, self.hushed, self.standing, self.flaps, self.crowds
        )  # fmt: skip
        data = self._dump()
        for table in tables:
            while len(data) > MAX_STATE_BYTES and table:
                for key in list(table)[: 1 + len(table) // 16]:
                    del table[key]
                    self.evictions += 1
                data = self._dump()
        self._parts = Counter(rule for rule, _ in self.tracks)
        return data

    def _dump(self) -> bytes:
        return orjson.dumps(
            {
                "v": VERSION,
                "entity": self.entity,
                "tracks": [[rule, component, track.state()] for (rule, component), track in self.tracks.items()],
                "levels": [[key, level.state()] for key, level in self.levels.items()],
                "series": [[key, points] for key, points in self.series.items()],
                "facts": [[key, value] for key, value in self.facts.items()],
                "crowds": [[rule, *crowd.state()] for rule, crowd in self.crowds.items()],
                "flaps": [[*key, *flap.state()] for key, flap in self.flaps.items()],
                "hushed": [[*key, *hushed.state()] for key, hushed in self.hushed.items()],
                "standing": [[*key, states.held] for key, states in self.standing.items()],
                "history": self.history.state(),
                "due_us": self.due_us,
            }
        )

    @classmethod
    def restore(cls, data: bytes) -> "Memory":
        """What `state` gave. Raises ValueError for anything else, such as the state of another version."""
        memory = cls()
        try:
            document = orjson.loads(data)
            if document["v"] != VERSION:
                msg = f"state of version {document['v']}, this is version {VERSION}"
                raise ValueError(msg)
            memory.tracks = OrderedDict(((rule, part), Track.restore(t)) for rule, part, t in document["tracks"])
            memory.levels = {key: Level(*level) for key, level in document["levels"]}
            memory.series = dict(document["series"])
            memory.facts = dict(document["facts"])
            memory.crowds = {rule: Crowd.restore(*crowd) for rule, *crowd in document.get("crowds", ())}
            memory.flaps = {(rule, part): Flap(*flap) for rule, part, *flap in document.get("flaps", ())}
            memory.hushed = {(rule, part): Hushed(*told) for rule, part, *told in document.get("hushed", ())}
            memory.standing = {(rule, part): States(held) for rule, part, held in document.get("standing", ())}
            if "history" in document:
                memory.history = SensorHistory.restore(document["history"])
            memory.due_us, memory.entity = document["due_us"], document.get("entity", "")
            memory._parts = Counter(rule for rule, _ in memory.tracks)
        except (KeyError, TypeError) as error:
            msg = f"no detection state: {error!r}"
            raise ValueError(msg) from None
        return memory


def waits(data: bytes) -> tuple[str, int] | None:
    """(entity, event time) of what a written state waits for, without taking it up; None where that is nothing, or the
    state is none."""
    try:
        document = orjson.loads(data)
        entity, due_us = document["entity"], document["due_us"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return (entity, due_us) if entity and isinstance(due_us, int) else None
