"""All that detection remembers of one entity: bounded, and serialisable so that it survives a restart."""

import math
from collections import OrderedDict
from typing import Any

import orjson

from groundcrew.diagnosis import trend
from groundcrew.diagnosis.levels import Level, Look, Patience, Step
from groundcrew.diagnosis.tracks import Track
from groundcrew.diagnosis.trend import Point

MAX_TRACKS = 512
"""Tracks of one entity; beyond, the one unused for longest goes and is counted."""

MAX_LEVELS = 4_096
MAX_SERIES = 8_192
MAX_FACTS = 8_192
"""Both for a host with a thousand mount points; MAX_STATE_BYTES bounds them all."""

MAX_STATE_BYTES = 700_000
"""A key's value stays well below the broker's default payload of 1 MiB."""

VERSION = 1

_UNITS_SEEN = "unit states seen"
_UNITS_NOTED_US = 600 * 1_000_000
_UNITS_WATCHED_US = 7_200 * 1_000_000


class Memory:
    """State of one entity. `changed` says whether anything moved since it was last cleared by the caller."""

    def __init__(self) -> None:
        self.tracks: OrderedDict[tuple[str, str], Track] = OrderedDict()
        self.levels: dict[str, Level] = {}
        self.series: dict[str, list[list[float]]] = {}
        self.facts: dict[str, float] = {}
        self.due_us: int | None = None
        self.changed = False
        self.evictions = 0

    def track(self, rule_id: str, component: str) -> Track:
        """The track of a rule and component, made where there is none."""
        key = (rule_id, component)
        found = self.tracks.get(key)
        if found is None:
            found = self.tracks[key] = Track()
            while len(self.tracks) > MAX_TRACKS:
                self.tracks.popitem(last=False)
                self.evictions += 1
        self.tracks.move_to_end(key)
        self.changed = True
        return found

    def tracks_of(self, rule_id: str, component: str) -> list[tuple[str, str]]:
        """Keys of a rule's tracks for this component, or of all its tracks where the component is empty."""
        if component:
            return [(rule_id, component)] if (rule_id, component) in self.tracks else []
        return [key for key in self.tracks if key[0] == rule_id]

    def forget(self, key: tuple[str, str]) -> None:
        if self.tracks.pop(key, None) is not None:
            self.changed = True

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

    def _put(self, table: dict[str, Any], key: str, value: Any, limit: int) -> None:
        table[key] = value
        self.changed = True
        while len(table) > limit:
            del table[next(iter(table))]
            self.evictions += 1

    def state(self) -> bytes:
        """JSON of everything. Where it would be too large, trends and growths that were begun first are dropped, as
        they come again, then tracks unused for longest; both are counted."""
        while len(data := self._dump()) > MAX_STATE_BYTES and self.series:
            for key in list(self.series)[: 1 + len(self.series) // 8]:
                del self.series[key]
                self.evictions += 1
        while len(data := self._dump()) > MAX_STATE_BYTES and self.tracks:
            self.tracks.popitem(last=False)
            self.evictions += 1
        return data

    def _dump(self) -> bytes:
        return orjson.dumps(
            {
                "v": VERSION,
                "tracks": [[rule, component, track.state()] for (rule, component), track in self.tracks.items()],
                "levels": [[key, level.state()] for key, level in self.levels.items()],
                "series": [[key, points] for key, points in self.series.items()],
                "facts": [[key, value] for key, value in self.facts.items()],
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
            memory.due_us = document["due_us"]
        except (KeyError, TypeError) as error:
            msg = f"no detection state: {error!r}"
            raise ValueError(msg) from None
        return memory
