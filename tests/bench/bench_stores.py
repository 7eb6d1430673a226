"""How fast the context store writes and reads: `python -m tests.bench.bench_stores [--rows N]`.

The COPY path is measured against executemany into the same kind of table in the same run, so that the ratio holds on
any machine. The server is the one that the embedded system uses, with fsync on, as in production.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from tests.conftest import PostgresServer
from tests.contract.stores.observed import HOST, NOON, NOON_US, SITE, sealed

from groundcrew.contracts.clock import SystemClock, from_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import LogBatch, MetricBatch, MetricSeries
from groundcrew.contracts.queries import LogsQuery, MetricsQuery
from groundcrew.stores.context.memory import MemoryContextStore
from groundcrew.stores.context.postgres import PostgresContextStore
from groundcrew.stores.database import Database
from groundcrew.stores.migrate import migrate

BATCH = 1_000
SERIES = 100


def metric_batches(rows: int) -> list[Envelope[MetricBatch]]:
    """100 series of one host, a sample each 10 s."""
    series = [MetricSeries(name="node_disk_io", labels={"device": f"sd{number}"}) for number in range(SERIES)]
    batches = []
    for first in range(0, rows, BATCH):
        numbers = range(first, first + BATCH)
        batch = MetricBatch(
            series=series,
            series_index=[number % SERIES for number in numbers],
            times=[NOON_US + number // SERIES * 10_000_000 for number in numbers],
            values=[float(number % 977) for number in numbers],
        )
        batches.append(sealed(batch, key=f"bench {first}"))
    return batches


def log_batches(rows: int) -> list[Envelope[LogBatch]]:
    """Lines of about 100 characters, ten a second."""
    batches = []
    for first in range(0, rows, BATCH):
        numbers = range(first, first + BATCH)
        batch = LogBatch(
            ids=[stable_id("bench", number) for number in numbers],
            times=[NOON_US + number * 100_000 for number in numbers],
            priorities=[6] * BATCH,
            identifiers=["kernel"] * BATCH,
            units=["sshd.service"] * BATCH,
            transports=["journal"] * BATCH,
            boot_ids=["0" * 32] * BATCH,
            positions=[f"s=abc;i={number:x};b=def;m=123456;t=789;x=42" for number in numbers],
            messages=[f"nvme nvme0: I/O {number} QID 7 timeout, aborting, request of 4096 bytes at sector {number * 8}"
                      for number in numbers],
        )  # fmt: skip
        batches.append(sealed(batch, key=f"bench {first}"))
    return batches


async def rate(work, rows: int) -> float:
    started = time.perf_counter()
    await work()
    return rows / (time.perf_counter() - started)


async def store_rates(store, rows: int) -> dict[str, float]:
    metrics, logs = metric_batches(rows), log_batches(rows)

    async def record(method, batches):
        for batch in batches:
            await method(batch)

    return {
        "samples": await rate(lambda: record(store.record_metrics, metrics), rows),
        "samples again": await rate(lambda: record(store.record_metrics, metrics), rows),
        "log lines": await rate(lambda: record(store.record_logs, logs), rows),
        "log lines again": await rate(lambda: record(store.record_logs, logs), rows),
    }


async def executemany_rates(database: Database, rows: int) -> dict[str, float]:
    """The plain way: the same rows, one INSERT ... ON CONFLICT each, pipelined, a transaction per batch."""

    async def insert(sql: str, batches: list[list[tuple]]) -> None:
        for batch in batches:
            async with database.transaction() as connection:
                await connection.cursor().executemany(sql, batch)

    samples = [
        [("plain", index, from_us(at), value)
         for index, at, value in zip(one.data.series_index, one.data.times, one.data.values, strict=True)]
        for one in metric_batches(rows)
    ]  # fmt: skip
    lines = [
        [("plain", from_us(at), UUID(key), HOST, NOON, 6, "kernel", "sshd.service", "x", "0" * 32, "x", place, text)
         for at, key, place, text in zip(one.times, one.ids, one.positions, one.messages, strict=True)]
        for one in (envelope.data for envelope in log_batches(rows))
    ]  # fmt: skip
    insert_sample = (
        "INSERT INTO samples (site, series_id, time, value) VALUES (%s, -1 - %s, %s, %s) ON CONFLICT DO NOTHING"
    )
    insert_line = f"INSERT INTO log_events VALUES ({', '.join(['%s'] * 13)}) ON CONFLICT DO NOTHING"
    return {
        "samples": await rate(lambda: insert(insert_sample, samples), rows),
        "log lines": await rate(lambda: insert(insert_line, lines), rows),
    }


async def read_times(store) -> dict[str, float]:
    """Milliseconds, best of 5."""
    until = NOON + timedelta(days=1)
    questions = {
        "newest 100 log lines of a host": lambda: store.logs(SITE, LogsQuery(host="node-1")),
        "100 log lines that contain a word": lambda: store.logs(SITE, LogsQuery(contains="i/o 77")),
        "a metric of 100 series over a day, 80 buckets": lambda: store.metrics(
            SITE, MetricsQuery(host="node-1", name="node_disk_io", since=NOON, until=until)
        ),
        "count of log lines": lambda: store.count_logs(SITE),
        "live incidents (none)": lambda: store.live_incidents(SITE),
        "hosts": lambda: store.hosts(SITE),
    }
    times = {}
    for name, ask in questions.items():
        best = 1e9
        for _ in range(5):
            started = time.perf_counter()
            await ask()
            best = min(best, time.perf_counter() - started)
        times[name] = best * 1_000
    return times


async def main(rows: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="gc-bench-"))
    server = PostgresServer(folder, fsync="on")
    server.create()
    server.start()
    try:
        database = await Database.open(**server.create_database("bench"), owner="context", clock=SystemClock())
        await migrate(database, "context")
        store = PostgresContextStore(database)
        plain = await executemany_rates(database, rows)
        copied = await store_rates(store, rows)
        memory = await store_rates(MemoryContextStore(), rows)
        reads = await read_times(store)
        sizes = await database.fetch(_SIZES)
        await store.close()
    finally:
        server.stop()
        shutil.rmtree(folder)
    print(f"{rows:,} rows each, batches of {BATCH:,}, PostgreSQL from the wheel, fsync on")
    print(f"{'':24}{'COPY path':>14}{'executemany':>14}{'ratio':>8}{'memory':>14}   rows/s")
    for name, value in copied.items():
        other = plain.get(name)
        against = f"{other:>14,.0f}{value / other:>8.1f}" if other else f"{'':>22}"
        print(f"{name:24}{value:>14,.0f}{against}{memory[name]:>14,.0f}")
    for name, size in sizes:
        print(f"{name}: {size} bytes a row with its indexes")
    for name, value in reads.items():
        print(f"{name}: {value:.1f} ms")


_SIZES = """
SELECT parent, (sum(pg_total_relation_size(child)) / sum(rows))::int
FROM (SELECT 'samples' AS parent, tableoid::regclass AS child, count(*) AS rows FROM samples GROUP BY 2
      UNION ALL SELECT 'log_events', tableoid::regclass, count(*) FROM log_events GROUP BY 2) AS parts
GROUP BY parent ORDER BY parent
"""

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    asyncio.run(main(parser.parse_args().rows))
