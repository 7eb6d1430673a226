"""Tokens that a purpose may spend within an hour: kept in Redis over restarts, in the process where Redis is away."""

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.completions import Purpose
from groundcrew_hybrid_coordinator.shelf import Shelf

SLOT_S = 300
SLOTS = 12
"""An hour is so many slots of five minutes; the oldest falls out whole."""

KEEP_S = 2 * 3_600


class Budget:
    """One purpose's account. Reserving takes the most that a question can cost; settling gives the rest back."""

    def __init__(self, purpose: Purpose, site: str, limit: int, clock: Clock, shelf: Shelf | None) -> None:
        self.limit = limit
        self._account = f"{site}:tokens:{purpose.value}"
        self._clock = clock
        self._shelf = shelf
        self._own: dict[int, int] = {}
        self._forgotten = 0

    async def spent(self) -> int:
        """Tokens of the last hour, those under way included: the greater of what Redis and this process know."""
        kept = await self._shelf.spent(self._account) if self._shelf is not None else None
        return max(self._sum(kept or {}), self._sum(self._own))

    async def reserve(self, tokens: int) -> int | None:
        """The slot that was charged; None where that would be more than the limit."""
        if self.limit and await self.spent() + tokens > self.limit:
            return None
        slot = self._slot()
        await self._charge(slot, tokens)
        return slot

    async def settle(self, slot: int, reserved: int, used: int) -> None:
        if used != reserved:
            await self._charge(slot, used - reserved)

    async def _charge(self, slot: int, tokens: int) -> None:
        oldest = self._slot() - SLOTS
        self._own = {s: t for s, t in self._own.items() if s > oldest}
        self._own[slot] = self._own.get(slot, 0) + tokens
        if self._shelf is not None:
            await self._shelf.spend(self._account, slot, tokens, KEEP_S)
            if self._forgotten < oldest:
                self._forgotten = oldest
                await self._shelf.forget(self._account, oldest)

    def _sum(self, slots: "dict[int, int] | object") -> int:
        assert isinstance(slots, dict)
        oldest = self._slot() - SLOTS
        return max(0, sum(tokens for slot, tokens in slots.items() if slot > oldest))

    def _slot(self) -> int:
        return to_us(self._clock.now()) // 1_000_000 // SLOT_S
