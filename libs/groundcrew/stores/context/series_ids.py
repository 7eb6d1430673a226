"""The number of each series. Numbers are remembered only once the transaction that made them is committed."""

import orjson

from groundcrew.contracts.observations import MetricBatch
from groundcrew.stores.context.latest import labels_text
from groundcrew.stores.copying import storable
from groundcrew.stores.database import Connection

MAX_REMEMBERED = 200_000
"""About 60 MB; beyond that the memory is emptied and filled again from the table."""

SeriesKey = tuple[str, str, str, str, str]
"""site, entity, name, unit, labels"""


class SeriesIds:
    """One per process. `look_up` within a transaction, `remember` after its commit, `forget` when in doubt."""

    def __init__(self) -> None:
        self._ids: dict[SeriesKey, int] = {}

    async def look_up(self, connection: Connection, keys: set[SeriesKey]) -> dict[SeriesKey, int]:
        """Numbers of all `keys`; series that are new get a row. Sorted, so that two processes cannot deadlock."""
        found = {key: self._ids[key] for key in keys if key in self._ids}
        missing = sorted(keys - found.keys())
        if missing:
            columns = [list(column) for column in zip(*missing, strict=True)]
            await connection.execute(_INSERT, columns)
            cursor = await connection.execute(_SELECT, columns)
            found |= {(row[0], row[1], row[2], row[3], row[4]): row[5] for row in await cursor.fetchall()}
        return found

    def remember(self, found: dict[SeriesKey, int]) -> None:
        if len(self._ids) + len(found) > MAX_REMEMBERED:
            self._ids.clear()
        self._ids.update(found)

    def forget(self) -> None:
        """After a lost connection: the database that comes back may be another one."""
        self._ids.clear()


def keys_of(batch: MetricBatch, site: str, entity: str) -> list[SeriesKey]:
    """The key of each series of a batch, by its index."""
    return [
        (site, storable(entity), storable(one.name), storable(one.unit), labels_text(_storable_labels(one.labels)))
        for one in batch.series
    ]


def read_labels(text: str) -> dict[str, str]:
    labels: dict[str, str] = orjson.loads(text)
    return labels


def _storable_labels(labels: dict[str, str]) -> dict[str, str]:
    return {storable(name): storable(value) for name, value in labels.items()}


_KEYS = "unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) AS k (site, entity, name, unit, labels)"
_INSERT = (
    f"INSERT INTO series (site, entity, name, unit, labels) SELECT * FROM {_KEYS} ON CONFLICT DO NOTHING".encode()  # noqa: S608 - constant
)
_SELECT = f"SELECT k.*, series.id FROM {_KEYS} JOIN series USING (site, entity, name, unit, labels)".encode()  # noqa: S608 - constant
