"""Pages by key, not by offset: rows that arrive between two pages neither repeat nor hide others."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

_CURSOR = re.compile(r"(-?\d{1,18})-([0-9a-f]{32})")

MAX_PAGE_BYTES = 512 * 1024
"""Text of one page at most, so that a reply stays below the bus' largest message; a page ends early for it."""


class BadCursor(ValueError):
    """A cursor that no page of ours gave out."""


def cursor_of(time_us: int, row_id: str) -> str:
    """The cursor behind the row with this key."""
    return f"{time_us}-{row_id}"


def read_cursor(cursor: str | None) -> tuple[int, str] | None:
    """The key (microseconds, id) of the last row of the page before; None for the first page. Raises BadCursor."""
    if cursor is None:
        return None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        msg = f"cursor {cursor[:60]!r}: expected the `next` of the page before"
        raise BadCursor(msg)
    return int(match[1]), match[2]


def cut_page(
    rows: Sequence[T], limit: int, key: Callable[[T], tuple[int, str]], size: Callable[[T], int]
) -> tuple[list[T], str | None]:
    """The page out of `rows`, of which one more than `limit` was read where there are more, and its `next`."""
    page: list[T] = []
    total = 0
    for row in rows[:limit]:
        total += size(row)
        if page and total > MAX_PAGE_BYTES:
            break
        page.append(row)
    return page, cursor_of(*key(page[-1])) if len(rows) > len(page) else None
