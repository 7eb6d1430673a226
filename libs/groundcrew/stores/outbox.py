"""The outbox table that owners have in their schema: messages committed together with the state they tell of."""

from collections.abc import Sequence

from groundcrew.stores.database import Connection, Database
from groundcrew.stores.port import Waiting


class PostgresOutbox:
    """Rows leave the table once published. With a site, only that site's: each process publishes on its own bus."""

    def __init__(self, database: Database, site: str | None) -> None:
        self._database = database
        self._site = site

    async def pending(self, limit: int) -> Sequence[Waiting]:
        rows = await self._database.fetch(
            "SELECT seq, payload FROM outbox WHERE %(site)s::text IS NULL OR site = %(site)s"
            " ORDER BY seq LIMIT %(limit)s",
            {"site": self._site, "limit": limit},
        )
        return [Waiting(seq, bytes(payload)) for seq, payload in rows]

    async def published(self, seqs: Sequence[int]) -> None:
        await self._database.execute("DELETE FROM outbox WHERE seq = ANY(%s)", (list(seqs),))


async def put(connection: Connection, site: str, payload: bytes) -> None:
    """Add a message within the caller's transaction."""
    await connection.execute("INSERT INTO outbox (site, payload) VALUES (%s, %s)", (site, payload))


async def put_all(connection: Connection, site: str, payloads: Sequence[bytes]) -> None:
    """Add messages within the caller's transaction, in this order."""
    await connection.execute(
        "INSERT INTO outbox (site, payload) SELECT %s, unnest(%s::bytea[])", (site, list(payloads))
    )
