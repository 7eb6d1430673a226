"""The outbox table of the actions schema."""

from collections.abc import Sequence
from dataclasses import dataclass

from groundcrew.stores.database import Database


@dataclass(frozen=True)
class Waiting:
    """A message that was committed and is not published yet."""

    seq: int
    payload: bytes


class PostgresOutbox:
    """Rows leave the table once published."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending(self, limit: int) -> Sequence[Waiting]:
        rows = await self._database.fetch("SELECT seq, payload FROM outbox ORDER BY seq LIMIT %s", (limit,))
        return [Waiting(row[0], bytes(row[1])) for row in rows]

    async def published(self, seqs: Sequence[int]) -> None:
        await self._database.execute("DELETE FROM outbox WHERE seq = ANY(%s)", (list(seqs),))
