"""A part of a timeline: which one is shown, and the ways from there.

Each part has an address, so that it works without any script and can be passed on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from groundcrew_gateway.pages.timeline import Axis
from groundcrew_gateway.pages.wording import duration, exact
from groundcrew_gateway.problems import Problem

LEAST = timedelta(seconds=2)
"""The narrowest part: times of log lines are seldom surer than this."""

_CLOSER = 0.5
_STEP = 0.5


@dataclass(frozen=True)
class Way:
    """To another part, by the parameters of its address; `since` and `until` are empty where it is all."""

    key: str
    sign: str
    text: str
    since: str = ""
    until: str = ""
    open: bool = True


@dataclass(frozen=True)
class Zoom:
    """`times` of what there is, in order: coming closer keeps to it."""

    whole: Axis
    shown: Axis
    times: tuple[datetime, ...] = ()

    @property
    def narrowed(self) -> bool:
        return self.shown != self.whole

    @property
    def x(self) -> float:
        """Where the part begins, in percent of the whole."""
        return self.whole.x(self.shown.start)

    @property
    def width(self) -> float:
        """Of the part in percent of the whole; never too narrow to be seen."""
        return max(0.5, round(self.whole.x(self.shown.end) - self.x, 2))

    @property
    def words(self) -> str:
        part = f"{exact(self.shown.start)} to {exact(self.shown.end)}"
        return (
            f"{part}, a part of {duration(int((self.whole.end - self.whole.start).total_seconds()))}"
            if self.narrowed
            else f"{part}, all of it"
        )

    @property
    def middle(self) -> datetime:
        """What coming closer keeps in the middle: the middlemost of what is shown, so that nobody comes closer to
        nothing."""
        inside = [one for one in self.times if self.shown.start <= one <= self.shown.end]
        return inside[(len(inside) - 1) // 2] if inside else self.shown.start + (self.shown.end - self.shown.start) / 2

    @property
    def pivot(self) -> float:
        """Where `middle` lies in the part, 0 to 1."""
        return round(self.shown.x(self.middle) / 100, 4)

    @property
    def ways(self) -> list[Way]:
        start, end, span = self.shown.start, self.shown.end, self.shown.end - self.shown.start
        step, grown = span * _STEP, span * (1 / _CLOSER - 1) / 2
        nearer = self.middle - span * _CLOSER / 2
        return [
            self._way("closer", "+", "Closer", nearer, nearer + span * _CLOSER, span > LEAST),
            self._way("wider", "−", "Wider", start - grown, end + grown, self.narrowed),
            self._way("earlier", "◀", "Earlier", start - step, end - step, start > self.whole.start),
            self._way("later", "▶", "Later", start + step, end + step, end < self.whole.end),
            Way("all", "↔", "All", open=self.narrowed),
        ]

    def _way(self, key: str, sign: str, text: str, since: datetime, until: datetime, there: bool) -> Way:
        part = _within(self.whole, since, until)
        if not there:
            return Way(key, sign, text, open=False)
        if part == self.whole:
            return Way(key, sign, text)
        return Way(key, sign, text, stamp(part.start), stamp(part.end))


def zoomed(whole: Axis, since: datetime | None, until: datetime | None, times: Sequence[datetime] = ()) -> Zoom:
    """The part from `since` to `until` as far as there is something: moved inside, and never narrower than LEAST.

    All of it where nothing is asked for, or nothing of it. Raises Problem where `since` is not before `until`.
    """
    if since is not None and until is not None and since >= until:
        raise Problem(422, "since: a time before until is expected")
    start, end, found = since or whole.start, until or whole.end, tuple(sorted(times))
    if start >= whole.end or end <= whole.start:
        return Zoom(whole, whole, found)
    return Zoom(whole, _within(whole, max(start, whole.start), min(end, whole.end)), found)


def _within(whole: Axis, start: datetime, end: datetime) -> Axis:
    """As wide as from `start` to `end`, LEAST at least and the whole at most, moved where it reaches beyond."""
    span = min(max(end - start, LEAST), whole.end - whole.start)
    start = start - (span - (end - start)) / 2 if span > end - start else start
    start = max(whole.start, min(start, whole.end - span))
    return Axis(start, min(whole.end, start + span))


def stamp(when: datetime) -> str:
    """For an address: short, and without a plus sign that would be read as a space."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"
