"""What all stores have in common."""

from collections.abc import Sequence
from typing import Protocol


class StoreUnavailable(Exception):
    """The database does not answer; the address is in the text. Whoever handles a message pauses and tries again."""


class StaleRevision(Exception):
    """Somebody else stored this revision of a record, or a newer one, with other content: read it and decide again."""


class StoredEnvelope(Protocol):
    """A message that waits in an outbox."""

    @property
    def seq(self) -> int: ...
    @property
    def payload(self) -> bytes: ...


class Outbox(Protocol):
    """Messages committed together with the state they tell of; published afterwards, at least once, in order."""

    async def pending(self, limit: int) -> Sequence[StoredEnvelope]: ...
    async def published(self, seqs: Sequence[int]) -> None: ...
