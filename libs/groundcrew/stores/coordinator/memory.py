"""The coordinator store in memory, for replay and tests."""

from collections.abc import Sequence
from datetime import datetime

from groundcrew.stores.coordinator.port import Interaction


class MemoryCoordinatorStore:
    """Forgets everything with the process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Interaction] = {}

    async def add(self, site: str, interactions: Sequence[Interaction]) -> None:
        for interaction in interactions:
            self._kept.setdefault((site, interaction.id), interaction)

    async def newest(self, site: str, limit: int, *, incident_id: str | None = None) -> Sequence[Interaction]:
        own = [
            kept
            for (of, _), kept in self._kept.items()
            if of == site and (incident_id is None or kept.incident_id == incident_id)
        ]
        return sorted(own, key=lambda kept: (kept.time, kept.id), reverse=True)[:limit]

    async def forget(self, site: str, before: datetime) -> int:
        old = [key for key, kept in self._kept.items() if key[0] == site and kept.time < before]
        for key in old:
            del self._kept[key]
        return len(old)

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return
