"""The context store on PostgreSQL or TimescaleDB, put together from what it does."""

from groundcrew.stores.context.event_logs import EventLogs
from groundcrew.stores.context.fusion import Fusing
from groundcrew.stores.context.partitions import Partitions
from groundcrew.stores.context.reading import Reading
from groundcrew.stores.context.recording import Recording
from groundcrew.stores.context.retention import Retention
from groundcrew.stores.context.series_ids import SeriesIds
from groundcrew.stores.database import Database
from groundcrew.stores.outbox import PostgresOutbox


class PostgresContextStore(Recording, EventLogs, Fusing, Reading, Retention):
    """See `port.ContextStore`. The migrations of `context` are applied before; closing it closes the database.

    `site` narrows the outbox to one site, where several processes share a database but not a bus.
    """

    def __init__(self, database: Database, *, site: str | None = None) -> None:
        self._database = database
        self._partitions = Partitions(database)
        self._series = SeriesIds()
        self._outbox = PostgresOutbox(database, site)

    async def ping(self) -> None:
        await self._database.ping()

    async def close(self) -> None:
        await self._database.close()
