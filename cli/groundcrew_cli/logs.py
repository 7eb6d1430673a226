"""`groundcrew logs`: stored log lines, oldest first, and what comes after them."""

import time
from collections import OrderedDict, deque
from collections.abc import Container, Iterator, Mapping
from datetime import datetime, timedelta

from groundcrew.contracts.queries import LogLine, LogPage
from groundcrew_cli.connection import Gateway
from groundcrew_cli.terminal import note, paint, plain, say

POLL_S = 1.0
LATE_S = 60
"""Lines may be stored this much later than others of their time; --follow looks back that far."""

_REMEMBERED = 20_000
_ERROR, _WARNING = 3, 4


def show(
    gateway: Gateway, *, follow: bool, lines: int, as_json: bool, now: datetime, filters: Mapping[str, str | int | None]
) -> None:
    """With `follow` it ends when interrupted."""
    page = gateway.get(LogPage, "logs", limit=lines, **filters)
    seen: OrderedDict[str, None] = OrderedDict()
    for line in _new(reversed(page.items), seen):
        _show(line, as_json)
    if not page.items:
        wanted = any(value is not None and (name, value) != ("max_priority", 7) for name, value in filters.items())
        note("No stored line matches." if wanted else "No log lines are stored here yet.")
    newest = max((line.time for line in page.items), default=now)
    if follow:  # what is older than the lines just shown is no news
        deque(_new(iter(_since(gateway, newest, seen, filters)), seen), maxlen=0)
    while follow:
        time.sleep(POLL_S)
        for line in _new(reversed(_since(gateway, newest, seen, filters)), seen):
            newest = max(newest, line.time)
            _show(line, as_json)


def _since(
    gateway: Gateway, newest: datetime, seen: Container[str], filters: Mapping[str, str | int | None]
) -> list[LogLine]:
    """Lines not seen yet, newest first. One page could miss the oldest; so pages are read until one is all known."""
    since = (newest - timedelta(seconds=LATE_S)).isoformat()
    fresh: list[LogLine] = []
    cursor: str | None = None
    while True:
        page = gateway.get(LogPage, "logs", limit=1_000, since=since, cursor=cursor, **filters)
        unknown = [line for line in page.items if line.id not in seen]
        fresh += unknown
        cursor = page.next
        if cursor is None or not unknown or len(fresh) >= _REMEMBERED // 2:
            return fresh


def _new(lines: Iterator[LogLine], seen: "OrderedDict[str, None]") -> Iterator[LogLine]:
    for line in lines:
        if line.id in seen:
            continue
        seen[line.id] = None
        if len(seen) > _REMEMBERED:
            seen.popitem(last=False)
        yield line


def _show(line: LogLine, as_json: bool) -> None:
    if as_json:
        say(line.model_dump_json())
        return
    who = line.identifier or line.unit or line.source
    text = f"{line.time.astimezone():%b %d %H:%M:%S} {plain(line.entity.partition(':')[2])} {plain(who)}: "
    message = plain(line.message)
    if line.priority <= _ERROR:
        message = paint(message, "red")
    elif line.priority == _WARNING:
        message = paint(message, "yellow")
    say(text + message)
