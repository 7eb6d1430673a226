"""What TimescaleDB is used for where it is there, and that plain PostgreSQL does without."""

from tests.contract.stores.observed import NOON, SITE, logs

from groundcrew.contracts.clock import SystemClock
from groundcrew.stores.context.tables import COMPRESSED, TIME_TABLES
from groundcrew.stores.database import Database
from groundcrew.stores.migrate import migrate
from groundcrew.stores.timescale import Timescale, compress, detect


async def test_tables_that_grow_are_hypertables(timescale_store):
    database = timescale_store._database
    present = await detect(database)
    assert present is not None
    assert present.licence in ("apache", "timescale")
    rows = await database.fetch(
        "SELECT hypertable_name FROM timescaledb_information.hypertables WHERE hypertable_schema = 'context'"
    )
    assert {name for (name,) in rows} == {table.name for table in TIME_TABLES}
    await timescale_store.record_logs(logs(range(3), step_us=86_400_000_000))
    assert await database.fetch("SELECT count(*) FROM show_chunks('log_events')") == [(3,)]


async def test_compression_is_turned_on_once_and_only_where_the_licence_allows_it(timescale_store):
    database = timescale_store._database
    present = await detect(database)
    turned_on = await compress(database, COMPRESSED)
    assert turned_on == ([one.table for one in COMPRESSED] if present.compresses else [])
    assert await compress(database, COMPRESSED) == []
    await timescale_store.apply_retention(NOON, {"log_events": 30})
    assert await timescale_store.count_logs(SITE) == 0


async def test_plain_postgresql_is_told_apart_and_left_alone(database_conninfo):
    database = await Database.open(**database_conninfo, owner="context", clock=SystemClock())
    await migrate(database, "context")
    assert await detect(database) is None
    assert await compress(database, COMPRESSED) == []
    await database.close()


def test_the_edition_is_named_with_what_it_lacks():
    assert str(Timescale("2.19.3", "apache")) == "TimescaleDB 2.19.3, licence apache (no compression)"
    assert str(Timescale("2.19.3", "timescale")) == "TimescaleDB 2.19.3, licence timescale"
