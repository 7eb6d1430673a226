"""Takes SAR files in: from records to stored samples, and where each file stands."""

import itertools
from collections.abc import Sequence
from typing import Any

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import Clock, from_us
from groundcrew.contracts.observations import MAX_BATCH_ROWS, MetricBatch, MetricSeries, SourceState
from groundcrew.diagnosis.samples import Sample
from groundcrew.runtime.statuses import Statuses
from groundcrew_host_collector.delivery import Delivery
from groundcrew_host_collector.ledger import Ledger
from groundcrew_host_collector.sar import Reading, SarFile, SarFiles, disk_name
from groundcrew_host_collector.sar_metrics import samples_of
from groundcrew_host_collector.sar_records import Record
from groundcrew_host_collector.source import SourceAbsent, SourceFailed

NAME = "sar"


class SarHistory:
    """The source `sar`: looks at the files at an interval and publishes what is new, the newest file first."""

    def __init__(
        self,
        *,
        files: SarFiles,
        delivery: Delivery,
        ledger: Ledger,
        statuses: Statuses,
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self._files = files
        self._delivery = delivery
        self._ledger = ledger
        self._statuses = statuses
        self._clock = clock
        self._log = log

    async def follow(self, interval_s: float) -> None:
        """Root task."""
        while True:
            await self.look()
            await self._clock.sleep(interval_s)

    async def look(self) -> None:
        """Take in what is new, and say how the source is doing: failing where the newest file cannot be read."""
        try:
            self._files.program()
            files = self._files.list()
        except SourceAbsent as absent:
            self._statuses.set(NAME, SourceState.ABSENT, str(absent))
            return
        except SourceFailed as failure:
            self._fail(str(failure))
            return
        self._forget(files)
        problems = [await self._take_in(file) for file in files]
        told = next((problem for problem in problems if problem), "")
        if problems[0]:
            self._fail(problems[0])
            return
        whole = len(files) - sum(map(bool, problems))
        detail = f"{whole} of {len(files)} files in {files[0].path.parent}, the newest {files[0].path.name}"
        self._statuses.set(NAME, SourceState.PRESENT, f"{detail}; {told}" if told else detail)

    def _fail(self, reason: str) -> None:
        if self._statuses.state(NAME) is not SourceState.FAILING:
            self._log.warning("source_failing", source=NAME, reason=reason)
        self._statuses.set(NAME, SourceState.FAILING, reason)

    def _forget(self, files: Sequence[SarFile]) -> None:
        """Cursors of files that sysstat removed."""
        stems = {file.stem for file in files}
        for stem in self._ledger.positions(NAME):
            if stem not in stems:
                self._ledger.place(NAME, stem, None)

    async def _take_in(self, file: SarFile) -> str:
        """One sentence where the file could not be read whole; what was read of it is taken in all the same."""
        cursor = self._ledger.positions(NAME).get(file.stem, {})
        if cursor.get("stamp") == file.stamp:
            return str(cursor.get("problem", ""))
        identity, taken = str(cursor.get("identity", "")), _count(cursor)

        async def take(reading: Reading, records: Sequence[Record]) -> None:
            await self._publish(file.stem, reading.identity, records)
            self._ledger.place(NAME, file.stem, {"identity": reading.identity, "taken": reading.seen})

        reading = await self._files.read(file, identity=identity, taken=taken, take=take)
        if not reading.identity:  # nothing of it could be read: what was known of it stands
            reading.identity = identity
        kept = max(reading.seen, taken) if reading.identity == identity else reading.seen
        place = {"identity": reading.identity, "taken": kept, "stamp": file.stamp, "problem": reading.problem}
        self._ledger.place(NAME, file.stem, place)
        return reading.problem

    async def _publish(self, stem: str, identity: str, records: Sequence[Record]) -> None:
        """In batches as large as a message may be; a record stays whole."""
        rows: list[tuple[int, Sample]] = []
        for record in records:
            samples = samples_of(record.values, disk_name)
            if rows and len(rows) + len(samples) > MAX_BATCH_ROWS:
                await self._send(stem, identity, rows)
                rows = []
            rows += [(record.time_us, sample) for sample in samples]
        if rows:
            await self._send(stem, identity, rows)

    async def _send(self, stem: str, identity: str, rows: Sequence[tuple[int, Sample]]) -> None:
        numbers: dict[tuple[str, str, tuple[tuple[str, str], ...]], int] = {}
        counter = itertools.count()
        index = []
        for _, sample in rows:
            key = (sample.name, sample.unit, sample.labels)
            if key not in numbers:
                numbers[key] = next(counter)
            index.append(numbers[key])
        first_us, last_us = rows[0][0], rows[-1][0]
        batch = MetricBatch(
            series=[MetricSeries(name=name, unit=unit, labels=dict(labels)) for name, unit, labels in numbers],
            series_index=index,
            times=[time_us for time_us, _ in rows],
            values=[float(sample.value) for _, sample in rows],
            history=True,
        )
        position = f"{stem} {identity} {first_us}-{last_us}"
        envelope = self._delivery.seal(
            batch,
            time=from_us(max(batch.times)),
            received_at=self._clock.now(),
            source=NAME,
            position=position,
        )
        await self._delivery.publish([envelope])
        self._delivery.rows.labels(NAME).inc(len(rows))


def _count(cursor: dict[str, Any]) -> int:
    taken = cursor.get("taken", 0)
    return taken if isinstance(taken, int) and taken >= 0 else 0
