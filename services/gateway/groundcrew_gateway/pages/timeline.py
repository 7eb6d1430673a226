"""Timelines as plain numbers: what is where on the axis, in percent of its width. Templates draw them as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from groundcrew.contracts.actions import Action
from groundcrew.contracts.incidents import Incident, Severity
from groundcrew.contracts.queries import TriggerSummary
from groundcrew_gateway.pages.wording import exact

_STEPS_S = (
    1,
    5,
    10,
    30,
    60,
    300,
    600,
    1_800,
    3_600,
    10_800,
    21_600,
    43_200,
    86_400,
    172_800,
    432_000,
    604_800,
    2_592_000,
)
_MOST_TICKS = 6
_TOGETHER = 1.6  # percent: marks closer than this are drawn as one
COLUMNS = 48
_BARS = 8


@dataclass
class Mark:
    """One or several things at one place."""

    x: float
    title: str
    href: str
    kind: str = ""
    count: int = 1


@dataclass(frozen=True)
class Span:
    """Something that went on for a while."""

    x: float
    width: float
    title: str
    severity: str


@dataclass
class Lane:
    name: str
    marks: list[Mark] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    note: str = ""
    """How sure the times of this lane are, where they are not."""

    elsewhere: int = 0
    """Marks before and after the part that is drawn."""

    def add(self, mark: Mark) -> None:
        """Marks come in order of time; near ones become one with a count."""
        if not 0 <= mark.x <= 100:
            self.elsewhere += 1
            return
        last = self.marks[-1] if self.marks else None
        if last is None or mark.x - last.x >= _TOGETHER or last.kind != mark.kind:
            self.marks.append(mark)
            return
        last.count += 1
        if last.count <= 6:
            last.title += f"\n{mark.title}"


@dataclass(frozen=True)
class Tick:
    x: float
    text: str


@dataclass(frozen=True)
class Axis:
    start: datetime
    end: datetime

    def x(self, when: datetime) -> float:
        span = (self.end - self.start).total_seconds()
        return round(100 * (when - self.start).total_seconds() / span, 2)

    def ticks(self) -> list[Tick]:
        span = (self.end - self.start).total_seconds()
        step = next((s for s in _STEPS_S if span / s <= _MOST_TICKS), span)
        form = "%H:%M:%S" if step < 60 else "%H:%M" if step < 86_400 else "%m-%d"
        first = (self.start.timestamp() // step + 1) * step
        found = []
        while first < self.end.timestamp():
            when = datetime.fromtimestamp(first, UTC)
            found.append(Tick(self.x(when), when.strftime(form)))
            first += step
        return [tick for tick in found if 3 <= tick.x <= 97]


@dataclass(frozen=True)
class Chart:
    """`reboots` go through all lanes: what was before them is another boot."""

    axis: Axis
    lanes: list[Lane]
    reboots: list[Mark] = field(default_factory=list)

    @property
    def drawn(self) -> bool:
        return any(lane.marks or lane.spans for lane in self.lanes)

    @property
    def elsewhere(self) -> int:
        return sum(lane.elsewhere for lane in self.lanes)


def padded(start: datetime, end: datetime) -> Axis:
    """An axis with some room at both ends, a minute wide at least."""
    room = max((end - start) * 0.05, timedelta(seconds=max(0.0, 60 - (end - start).total_seconds()) / 2))
    return Axis(start - room, end + room)


@dataclass(frozen=True)
class Column:
    """Triggers of one stretch of time; heights in percent, stacked from the ground."""

    x: float
    width: float
    title: str
    critical: float
    warning: float
    info: float


@dataclass(frozen=True)
class Bar:
    x: float
    width: float
    row: int
    severity: str
    title: str
    href: str


@dataclass(frozen=True)
class FleetChart:
    axis: Axis
    columns: list[Column]
    bars: list[Bar]
    ticks: list[Mark]
    rows: int


def fleet_chart(
    now: datetime, triggers: Sequence[TriggerSummary], incidents: Sequence[Incident], actions: Sequence[Action]
) -> FleetChart:
    """The last 24 hours: triggers stacked by severity, incidents as bars, actions as ticks."""
    axis = Axis(now - timedelta(hours=24), now)
    bars = _bars(axis, incidents)
    ticks = [
        Mark(axis.x(one.created_at), f"{exact(one.created_at)}\n{one.kind.value}: {one.state.value}", f"#a-{one.id}")
        for one in actions
        if one.created_at >= axis.start
    ]
    return FleetChart(axis, _columns(axis, triggers), bars, ticks, 1 + max((bar.row for bar in bars), default=-1))


def _columns(axis: Axis, triggers: Sequence[TriggerSummary]) -> list[Column]:
    counts: dict[int, dict[Severity, int]] = {}
    for one in triggers:
        place = int(axis.x(one.time) * COLUMNS / 100)
        if 0 <= place < COLUMNS:
            column = counts.setdefault(place, {})
            column[one.severity] = column.get(one.severity, 0) + one.count
    top = max((sum(column.values()) for column in counts.values()), default=1)
    width = 100 / COLUMNS
    found = []
    for place, column in sorted(counts.items()):
        at = axis.start + (axis.end - axis.start) * place / COLUMNS
        words = ", ".join(f"{n} {severity.value}" for severity, n in sorted(column.items(), key=lambda p: -p[0].rank))
        shares = {severity: 100 * n / top for severity, n in column.items()}
        found.append(
            Column(
                x=round(place * width, 2),
                width=round(width * 0.8, 2),
                title=f"from {exact(at)}: {words}",
                critical=round(shares.get(Severity.CRITICAL, 0), 1),
                warning=round(shares.get(Severity.WARNING, 0), 1),
                info=round(shares.get(Severity.INFO, 0) + shares.get(Severity.UNKNOWN, 0), 1),
            )
        )
    return found


def _bars(axis: Axis, incidents: Sequence[Incident]) -> list[Bar]:
    """Each in the first row that is free; what does not fit eight rows is left to the list."""
    ends: list[float] = []
    bars = []
    for one in sorted(incidents, key=lambda one: one.opened_at):
        end = min(100.0, axis.x(one.resolved_at) if one.resolved_at else 100.0)
        start = max(0.0, axis.x(one.opened_at))
        if end < 0 or start > 100:
            continue
        row = next((n for n, taken in enumerate(ends) if taken <= start), len(ends))
        if row >= _BARS:
            continue
        width = max(end - start, 0.8)
        ends[row : row + 1] = [start + width]
        bars.append(Bar(start, width, row, one.severity.value, one.title, f"/incidents/{one.id}"))
    return bars


def sparkline(times: Sequence[datetime], values: Sequence[float], axis: Axis, gap: timedelta) -> str:
    """An SVG path in a box of 100 x 30, broken where samples are missing for longer than `gap`."""
    low, high = min(values, default=0), max(values, default=0)
    span = (high - low) or 1
    parts, last, lonely = [], None, False
    for when, value in zip(times, values, strict=True):
        joined = last is not None and when - last <= gap
        if lonely and not joined:
            parts.append("h0")  # a point by itself is a dot
        parts.append(f"{'L' if joined else 'M'}{axis.x(when):g} {28 - 26 * (value - low) / span:.1f}")
        last, lonely = when, not joined
    return "".join(parts) + ("h0" if lonely else "")
