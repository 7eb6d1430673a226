"""How times, sizes, states and commands read on a page."""

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

from markupsafe import Markup

_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_UNITS = {
    "percent": " %",
    "celsius": " °C",
    "degrees C": " °C",
    "Volts": " V",
    "Watts": " W",
    "Amps": " A",
    "seconds": " s",
    "per_second": "/s",
}

MARKS = {
    "critical": "●",
    "warning": "▲",
    "info": "○",
    "well": "✓",
    "queued": "◔",
    "approved": "◑",
    "running": "◑",
    "succeeded": "✓",
    "failed": "✕",
    "refused": "⊘",
    "rejected": "⊘",
    "expired": "⌛",
    "present": "✓",
    "absent": "–",
    "failing": "✕",
    "open": "●",
    "acknowledged": "◑",
    "maintenance": "◇",
    "mitigated": "◌",
    "resolved": "✓",
}
"""A shape beside every colour; what has none is shown as a question mark."""


def ago(when: datetime, now: datetime) -> str:
    """'24 min ago', 'in 5 min': one unit, two below an hour's precision are of no use at a glance."""
    seconds = (now - when).total_seconds()
    size = abs(seconds)
    if size < 5:
        return "now"
    for limit, unit, name in ((60, 1, "s"), (3_600, 60, "min"), (172_800, 3_600, "h"), (float("inf"), 86_400, "days")):
        if size < limit:
            text = f"{int(size // unit)} {name}"
            break
    return f"{text} ago" if seconds > 0 else f"in {text}"


def exact(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def time_tag(when: datetime, now: datetime) -> Markup:
    """Relative for the eye, exact on hover and for machines; the page's script keeps it fresh."""
    return Markup('<time datetime="{}" title="{}" data-ago>{}</time>').format(
        when.astimezone(UTC).isoformat(), exact(when), ago(when, now)
    )


def clock_tag(when: datetime) -> Markup:
    """The time of day in UTC, with the date on hover: for lists that are read line by line."""
    stamp = when.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        stamp.isoformat(), exact(when), stamp.strftime("%m-%d %H:%M:%S")
    )


def at_tag(when: datetime, now: datetime) -> Markup:
    """The time of day in UTC; with the date where that is not today's."""
    stamp, today = when.astimezone(UTC), now.astimezone(UTC).date()
    text = stamp.strftime("%H:%M" if stamp.date() == today else "%m-%d %H:%M")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp.isoformat(), exact(when), text)


def mark(state: str) -> str:
    return MARKS.get(state, "?")


def command(argv: Sequence[str]) -> str:
    """The argv as one line that a shell would split into exactly it."""
    return shlex.join(argv)


def quantity(value: float, unit: str = "") -> str:
    """A number with its unit, three figures at most where it is not whole."""
    if unit == "bytes":
        return _bytes(value)
    if unit == "bytes_per_second":
        return f"{_bytes(value)}/s"
    if unit == "seconds" and 0 < abs(value) < 1:
        return f"{value * 1000:.3g} ms"
    if value == int(value) and abs(value) < 1e6:
        text = str(int(value))
    else:
        text = f"{value:.3g}" if abs(value) < 1e3 else f"{value:,.0f}"
    return text + _UNITS.get(unit, f" {unit}" if unit else "")


def _bytes(value: float) -> str:
    size, index = float(value), 0
    while abs(size) >= 1024 and index < len(_SIZES) - 1:
        size, index = size / 1024, index + 1
    return f"{size:.3g} {_SIZES[index]}" if abs(size) < 1000 else f"{size:.0f} {_SIZES[index]}"


def duration(seconds: int) -> str:
    """'30 s', '12 min', '6 h': the largest unit that leaves a number of 1 or more."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds} s"


def unit_of(metric: str) -> str:
    """The unit that a metric's name ends in, '' where it names none."""
    for unit in ("bytes_per_second", "per_second", "bytes", "percent", "celsius", "seconds"):
        if metric.endswith(unit):
            return unit
    return ""


def health_word(health: int) -> str:
    """'well' from 90 on, 'warning' from 60 on, else 'critical': one open critical incident is enough for the last."""
    if health >= 90:
        return "well"
    return "warning" if health > 60 else "critical"
