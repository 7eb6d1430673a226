"""How fast the context store writes and reads: `groundcrew bench stores [-- --rows N]`.

The COPY path is measured against executemany into the same kind of table in the same run, so that the ratio holds on
any machine. The server is the one that the embedded system uses, with fsync on, as in production.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Sequence
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


class Stopwatch:
    """Rows and seconds of one way to write."""

    def __init__(self) -> None:
        self.rows = 0
        self.seconds = 0.0

    async def run(self, work: Awaitable[object], rows: int) -> None:
        started = time.perf_counter()
        await work
        self.seconds += time.perf_counter() - started
        self.rows += rows

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


async def insert_each(database: Database, sql: str, rows: list[tuple]) -> None:
    """The plain way: one INSERT ... ON CONFLICT a row, pipelined, a transaction per batch."""
    async with database.transaction() as connection:
        await connection.cursor().executemany(sql, rows)


def plain_samples(batch: MetricBatch) -> list[tuple]:
    columns = zip(batch.series_index, batch.times, batch.values, strict=True)
    return [("plain", -1 - index, from_us(at), value) for index, at, value in columns]


def plain_lines(batch: LogBatch) -> list[tuple]:
    columns = zip(batch.times, batch.ids, batch.positions, batch.messages, strict=True)
    return [
        ("plain", from_us(at), UUID(key), HOST, NOON, 6, "kernel", "sshd.service", "x", "0" * 32, "x", place, text)
        for at, key, place, text in columns
    ]


async def write_both_ways(database: Database, store: PostgresContextStore, rows: int) -> dict[str, list[Stopwatch]]:
    """Turn and turn about, batch by batch, so that a busy machine slows both the same."""
    ways = [
        ("samples", store.record_metrics, metric_batches(rows), plain_samples, INSERT_SAMPLE),
        ("log lines", store.record_logs, log_batches(rows), plain_lines, INSERT_LINE),
    ]
    watches: dict[str, list[Stopwatch]] = {}
    for name, record, envelopes, plain, sql in ways:
        copied, inserted = watches.setdefault(name, [Stopwatch(), Stopwatch()])
        for envelope in envelopes:
            tuples = plain(envelope.data)
            await copied.run(record(envelope), BATCH)
            await inserted.run(insert_each(database, sql, tuples), BATCH)
        (again,) = watches.setdefault(f"{name} again", [Stopwatch()])
        for envelope in envelopes:
            await again.run(record(envelope), BATCH)
    return watches


async def write_to_memory(rows: int) -> dict[str, Stopwatch]:
    store = MemoryContextStore()
    watches = {"samples": Stopwatch(), "log lines": Stopwatch()}
    for metrics, logs in zip(metric_batches(rows), log_batches(rows), strict=True):
        await watches["samples"].run(store.record_metrics(metrics), BATCH)
        await watches["log lines"].run(store.record_logs(logs), BATCH)
    return watches


INSERT_SAMPLE = "INSERT INTO samples (site, series_id, time, value) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
INSERT_LINE = f"INSERT INTO log_events VALUES ({', '.join(['%s'] * 13)}) ON CONFLICT DO NOTHING"


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


async def compare(rows: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="gc-bench-"))
    server = PostgresServer(folder, fsync="on")
    server.create()
    server.start()
    try:
        database = await Database.open(**server.create_database("bench"), owner="context", clock=SystemClock())
        await migrate(database, "context")
        store = PostgresContextStore(database)
        written = await write_both_ways(database, store, rows)
        await database.execute("ANALYZE")  # as autovacuum does within the minute
        memory = await write_to_memory(rows)
        reads = await read_times(store)
        sizes = await database.fetch(_SIZES)
        await store.close()
    finally:
        server.stop()
        shutil.rmtree(folder)
    print("```")
    print(f"{rows:,} rows each, batches of {BATCH:,}, PostgreSQL from the wheel, fsync on")
    print(f"{'':24}{'COPY path':>14}{'executemany':>14}{'ratio':>8}{'memory':>14}   rows/s")
    for name, (copied, *inserted) in written.items():
        against = "".join(f"{one.rate:>14,.0f}{copied.rate / one.rate:>8.1f}" for one in inserted)
        held = f"{memory[name].rate:>14,.0f}" if name in memory else ""
        print(f"{name:24}{copied.rate:>14,.0f}{against}{held}")
    for name, size in sizes:
        print(f"{name}: {size} bytes a row with its indexes")
    for name, value in reads.items():
        print(f"{name}: {value:.1f} ms")
    print("```")


_SIZES = """
SELECT parent, (sum(pg_total_relation_size(child)) / sum(rows))::int
FROM (SELECT 'samples' AS parent, tableoid::regclass AS child, count(*) AS rows FROM samples GROUP BY 2
      UNION ALL SELECT 'log_events', tableoid::regclass, count(*) FROM log_events GROUP BY 2) AS parts
GROUP BY parent ORDER BY parent
"""


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="groundcrew bench stores --", description="Rates of the context store")
    parser.add_argument("--rows", type=int, default=100_000)
    asyncio.run(compare(parser.parse_args(list(arguments)).rows))
