"""Which TimescaleDB a database has, and what its licence allows.

The Apache edition has hypertables, `drop_chunks` and `show_chunks`; compression (like policies and continuous
aggregates) needs the Timescale licence. `SHOW timescaledb.license` tells; see the TimescaleDB documentation, "Compare
TimescaleDB editions".
"""

from dataclasses import dataclass

from groundcrew.stores.database import Database

COMPRESS_AFTER_DAYS = 7


@dataclass(frozen=True)
class Timescale:
    """An installed extension. `licence` is 'apache' or 'timescale'."""

    version: str
    licence: str

    @property
    def compresses(self) -> bool:
        return self.licence == "timescale"

    def __str__(self) -> str:
        return f"TimescaleDB {self.version}, licence {self.licence}{'' if self.compresses else ' (no compression)'}"


@dataclass(frozen=True)
class Compression:
    """How a hypertable is compressed: rows of the same segment together, in this order."""

    table: str
    segment_by: str
    order_by: str

    def statements(self) -> tuple[str, str]:
        settings = (
            "timescaledb.compress",
            f"timescaledb.compress_segmentby = '{self.segment_by}'",
            f"timescaledb.compress_orderby = '{self.order_by}'",
        )
        age = f"INTERVAL '{COMPRESS_AFTER_DAYS} days'"
        return (
            f"ALTER TABLE {self.table} SET ({', '.join(settings)})",
            f"SELECT add_compression_policy('{self.table}', {age}, if_not_exists => true)",
        )


async def detect(database: Database) -> Timescale | None:
    """What this database has; None on plain PostgreSQL."""
    rows = await database.fetch(
        "SELECT extversion, current_setting('timescaledb.license', true)"
        " FROM pg_extension WHERE extname = 'timescaledb'"
    )
    return Timescale(rows[0][0], rows[0][1] or "apache") if rows else None


async def compress(database: Database, wanted: tuple[Compression, ...]) -> list[str]:
    """Turn compression on where the licence allows it and it is off; returns the tables that it was turned on for."""
    present = await detect(database)
    if present is None or not present.compresses:
        return []
    rows = await database.fetch(
        "SELECT hypertable_name FROM timescaledb_information.hypertables"
        " WHERE hypertable_schema = %s AND NOT compression_enabled",
        (database.owner,),
    )
    off = {name for (name,) in rows}
    turned_on = [one for one in wanted if one.table in off]
    for one in turned_on:
        async with database.transaction() as connection:
            for statement in one.statements():
                await connection.execute(statement.encode())
    return [one.table for one in turned_on]
