"""Rows in memory: kept in order of time, each once."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

Key = tuple[int, str]
"""Microseconds since the epoch, id."""


class Timeline(Generic[T]):
    """Rows by (time, id). Rows mostly arrive in order of time, so that putting one in is an append."""

    def __init__(self) -> None:
        self._keys: list[Key] = []
        self._rows: dict[Key, T] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: Key) -> bool:
        return key in self._rows

    def add(self, time_us: int, row_id: str, row: T) -> bool:
        """False where the key is there already; then the first row stays."""
        key = (time_us, row_id)
        if key in self._rows:
            return False
        self._rows[key] = row
        if not self._keys or self._keys[-1] < key:
            self._keys.append(key)
        else:
            insort(self._keys, key)
        return True

    def remove(self, time_us: int, row_id: str) -> None:
        """Nothing where there is no such row."""
        key = (time_us, row_id)
        if self._rows.pop(key, None) is not None:
            del self._keys[bisect_left(self._keys, key)]

    def oldest_first(self, since_us: int | None = None, until_us: int | None = None) -> Iterator[tuple[Key, T]]:
        start = 0 if since_us is None else bisect_left(self._keys, (since_us, ""))
        end = len(self._keys) if until_us is None else bisect_left(self._keys, (until_us, ""))
        for place in range(start, end):
            yield self._keys[place], self._rows[self._keys[place]]

    def newest_first(
        self, since_us: int | None = None, until_us: int | None = None, behind: Key | None = None
    ) -> Iterator[T]:
        start = 0 if since_us is None else bisect_left(self._keys, (since_us, ""))
        end = len(self._keys) if until_us is None else bisect_left(self._keys, (until_us, ""))
        if behind is not None:
            end = min(end, bisect_left(self._keys, behind))
        for place in range(end - 1, start - 1, -1):
            yield self._rows[self._keys[place]]

    def drop_before(self, time_us: int) -> list[T]:
        end = bisect_left(self._keys, (time_us, ""))
        gone = [self._rows.pop(key) for key in self._keys[:end]]
        del self._keys[:end]
        return gone
