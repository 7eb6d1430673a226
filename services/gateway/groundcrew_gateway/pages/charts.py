"""Charts of a host's history: which metrics belong together, how they are scaled, and their paths as plain numbers.

Every chart draws at most two series: the first with its range from minimum to maximum of each bucket, the second
dashed. Colour tells nothing; the table below each chart does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from groundcrew.contracts.queries import MetricPoints
from groundcrew_gateway.pages.timeline import Axis

Series = Mapping[str, Sequence[MetricPoints]]
"""What was asked for, by metric."""

_PARTITION = re.compile(r"(?:(?<=[a-z])|(?<=\d)p)\d+$")
_MOST_DEVICES = 2


@dataclass(frozen=True)
class Wanted:
    """One line of a chart: a metric, perhaps of one label value only, and how it reads."""

    metric: str
    name: str
    only: tuple[str, str] | None = None


@dataclass(frozen=True)
class Group:
    """`each`: one chart for each value of this label, the liveliest first. `top`: the scale's upper end at least;
    a `floating` scale begins at the lowest value instead of 0."""

    title: str
    lines: tuple[Wanted, ...]
    each: str = ""
    top: float = 0.0
    floating: bool = False


GROUPS = (
    Group(
        "CPU",
        (Wanted("cpu_percent", "busy"), Wanted("cpu_mode_percent", "waits for disks", ("mode", "iowait"))),
        top=100,
    ),
    Group("Load", (Wanted("load1", "over 1 min"), Wanted("load15", "over 15 min")), top=1),
    Group("Memory", (Wanted("memory_available_bytes", "available"),)),
    Group(
        "Disk",
        (Wanted("disk_read_bytes_per_second", "read"), Wanted("disk_written_bytes_per_second", "written")),
        each="device",
        top=1024,
    ),
    Group(
        "Network",
        (Wanted("network_receive_bytes_per_second", "received"), Wanted("network_transmit_bytes_per_second", "sent")),
        each="device",
        top=1024,
    ),
    Group("Temperature", (Wanted("hwmon_temp_celsius", "sensor"),), each="sensor", floating=True),
    Group("GPU temperature", (Wanted("gpu_temperature_celsius", "GPU"),), each="gpu", floating=True),
)

CHARTED = tuple(dict.fromkeys(line.metric for group in GROUPS for line in group.lines))
"""Metrics that charts draw."""


@dataclass(frozen=True)
class Line:
    name: str
    unit: str
    latest: float
    latest_at: datetime
    low: float
    average: float
    high: float
    path: str
    band: str = ""


@dataclass
class HostChart:
    title: str
    of: str
    unit: str
    bottom: float
    top: float
    lines: list[Line] = field(default_factory=list)


def host_charts(series: Series, axis: Axis, step_s: int, memory_total: float | None) -> list[HostChart]:
    """The charts for which there is at least one point, in the order of GROUPS."""
    charts = []
    for group in GROUPS:
        top = memory_total or 0.0 if group.title == "Memory" else group.top
        for value in _values(group, series) if group.each else [""]:
            found = [(line, points) for line in group.lines if (points := _points(line, group.each, value, series))]
            if found:
                charts.append(_chart(group, value, found, axis, step_s, top))
    return charts


def _points(line: Wanted, each: str, value: str, series: Series) -> MetricPoints | None:
    for points in series.get(line.metric, ()):
        fits = not each or _label(points, each) == value
        if points.averages and fits and (line.only is None or points.labels.get(line.only[0]) == line.only[1]):
            return points
    return None


def _label(points: MetricPoints, each: str) -> str:
    """What tells the charts of a group apart: one label, with the others before it."""
    others = " ".join(value for name, value in sorted(points.labels.items()) if name != each)
    return f"{others} {points.labels.get(each, '')}".strip()


def _values(group: Group, series: Series) -> list[str]:
    """Devices by their highest value, at most a few; a partition is left to its disk."""
    peaks: dict[str, float] = {}
    for line in group.lines:
        for points in series.get(line.metric, ()):
            if points.maxima:
                name = _label(points, group.each)
                peaks[name] = max(peaks.get(name, 0.0), max(points.maxima))
    whole = [
        name
        for name, peak in peaks.items()
        if peak and not (_PARTITION.search(name) and _PARTITION.sub("", name) in peaks)
    ]
    return sorted(sorted(whole), key=lambda name: -peaks[name])[:_MOST_DEVICES]


def _chart(
    group: Group, value: str, found: list[tuple[Wanted, MetricPoints]], axis: Axis, step_s: int, least_top: float
) -> HostChart:
    top = max(least_top, *(max(points.maxima) for _, points in found))
    bottom = min(min(points.minima) for _, points in found) if group.floating else 0.0
    if top <= bottom:
        top = bottom + 1
    chart = HostChart(group.title, value, next((points.unit for _, points in found), ""), bottom, top)
    for number, (wanted, points) in enumerate(found):
        gap = gap_of(points.times, step_s)
        chart.lines.append(
            Line(
                name=wanted.name,
                unit=points.unit,
                latest=points.averages[-1],
                latest_at=points.times[-1],
                low=min(points.minima),
                average=sum(points.averages) / len(points.averages),
                high=max(points.maxima),
                path=_path(points, axis, gap, bottom, top),
                band=_band(points, axis, gap, bottom, top) if number == 0 else "",
            )
        )
    return chart


def gap_of(times: Sequence[datetime], step_s: int) -> timedelta:
    """How far two points may lie apart and still be joined: history has one every ten minutes, live metrics more."""
    apart = [(b - a).total_seconds() for a, b in pairwise(times)]
    usual = min(median(apart), 1_800.0) if apart else 0.0
    return timedelta(seconds=max(3.0 * step_s, 180.0, 2.5 * usual))


def runs_of(times: Sequence[datetime], gap: timedelta) -> list[range]:
    """Stretches without a gap, as indices."""
    runs, start = [], 0
    for index in range(1, len(times) + 1):
        if index == len(times) or times[index] - times[index - 1] > gap:
            runs.append(range(start, index))
            start = index
    return runs if times else []


def _y(value: float, bottom: float, top: float) -> float:
    """From the upper edge of a box of 100 x 100."""
    return round(100 - 100 * (min(max(value, bottom), top) - bottom) / (top - bottom), 2)


def _path(points: MetricPoints, axis: Axis, gap: timedelta, bottom: float, top: float) -> str:
    """An SVG path through the averages; a point by itself is a dot."""
    parts = []
    for run in runs_of(points.times, gap):
        places = [f"{axis.x(points.times[i]):g} {_y(points.averages[i], bottom, top):g}" for i in run]
        parts.append("M" + "L".join(places) + ("h0" if len(places) == 1 else ""))
    return "".join(parts)


def _band(points: MetricPoints, axis: Axis, gap: timedelta, bottom: float, top: float) -> str:
    """The ground between minima and maxima."""
    parts = []
    for run in runs_of(points.times, gap):
        over = [f"{axis.x(points.times[i]):g} {_y(points.maxima[i], bottom, top):g}" for i in run]
        under = [f"{axis.x(points.times[i]):g} {_y(points.minima[i], bottom, top):g}" for i in reversed(run)]
        if len(run) > 1:
            parts.append("M" + "L".join([*over, *under]) + "Z")
    return "".join(parts)
