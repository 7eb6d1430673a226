"""The outbox of the memory stores."""

from collections.abc import Iterable, Sequence
from itertools import islice

from groundcrew.stores.port import Waiting


class MemoryOutbox:
    """See `port.Outbox`; forgets everything with the process."""

    def __init__(self) -> None:
        self._waiting: dict[int, bytes] = {}
        self._next = 1

    def put(self, payloads: Iterable[bytes]) -> None:
        for payload in payloads:
            self._waiting[self._next] = payload
            self._next += 1

    async def pending(self, limit: int) -> Sequence[Waiting]:
        return [Waiting(seq, payload) for seq, payload in islice(self._waiting.items(), limit)]

    async def published(self, seqs: Sequence[int]) -> None:
        for seq in seqs:
            self._waiting.pop(seq, None)
