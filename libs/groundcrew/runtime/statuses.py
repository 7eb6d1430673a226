"""How each source is doing, for the inventory and for /readyz."""

import asyncio
from collections.abc import Awaitable, Callable

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.observations import SourceState, SourceStatus


class Statuses:
    """One status per source. `since` moves only when the state changes, not with its wording."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_name: dict[str, SourceStatus] = {}
        self.changed = asyncio.Event()

    def set(self, name: str, state: SourceState, detail: str) -> None:
        before = self._by_name.get(name)
        if before is not None and (before.state, before.detail) == (state, detail):
            return
        since = before.since if before is not None and before.state is state else self._clock.now()
        self._by_name[name] = SourceStatus(name=name, state=state, detail=detail[:500], since=since)
        self.changed.set()

    def switched_off(self, name: str) -> None:
        self.set(name, SourceState.ABSENT, "switched off in the settings")

    def state(self, name: str) -> SourceState | None:
        status = self._by_name.get(name)
        return status.state if status else None

    def all(self) -> list[SourceStatus]:
        return [self._by_name[name] for name in sorted(self._by_name)]

    def check(self, name: str) -> Callable[[], Awaitable[str]]:
        """A readiness check of one source."""

        async def look() -> str:
            status = self._by_name.get(name)
            if status is None:
                return "not looked at yet"
            if status.state is SourceState.PRESENT:
                return status.detail
            msg = f"{status.state.value}: {status.detail}"
            raise RuntimeError(msg)

        return look
