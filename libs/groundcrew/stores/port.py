"""What all stores have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class StoreUnavailable(Exception):
    """The store does not answer; the address is in the text. Whoever handles a message pauses and tries again."""

    dependency = "postgres"


class StaleRevision(Exception):
    """Somebody else stored this revision of a record, or a newer one, with other content: read it and decide again."""


@dataclass(frozen=True)
class Waiting:
    """A message in an outbox: committed, and not published yet."""

    seq: int
    payload: bytes


class Outbox(Protocol):
    """Messages committed together with the state they tell of; published afterwards, at least once, in order."""

    async def pending(self, limit: int) -> Sequence[Waiting]: ...
    async def published(self, seqs: Sequence[int]) -> None: ...
