"""Log batches of one host, and a watch that has learnt."""

from collections.abc import Iterable, Iterator, Sequence

from groundcrew.contracts.clock import from_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.diagnosis.detector import TriggerDraft
from groundcrew.diagnosis.masking import Masker
from groundcrew.diagnosis.novelty import Patience, Watch
from groundcrew.diagnosis.usual import INTERVAL_US

START_US = 1_772_582_400 * 1_000_000  # 2026-03-04T00:00:00Z
HOUR_US = 3_600 * 1_000_000

Line = tuple[int, int, str, str]
"""(event time in microseconds, priority, program, message)."""


def batch(lines: Sequence[Line], entity: str = "host:node-1") -> Envelope[LogBatch]:
    ids = [stable_id(entity, time, message, number) for number, (time, _, _, message) in enumerate(lines)]
    data = LogBatch(
        ids=ids,
        times=[line[0] for line in lines],
        priorities=[line[1] for line in lines],
        identifiers=[line[2] for line in lines],
        units=[""] * len(lines),
        transports=["journal"] * len(lines),
        boot_ids=[""] * len(lines),
        positions=[str(line[0]) for line in lines],
        messages=[line[3] for line in lines],
    )
    when = from_us(max((line[0] for line in lines), default=START_US))
    return seal(
        data, id=stable_id("batch", entity, *ids), site="demo", entity=entity, time=when, received_at=when,
        source="journal", position="1", produced_by=ProducedBy(service="host-collector", version="1"),
    )  # fmt: skip


def unruled(envelope: Envelope[LogBatch]) -> list[int]:
    return [row for row, priority in enumerate(envelope.data.priorities) if priority <= 4]


def see(watch: Watch, lines: Iterable[Line], entity: str = "host:node-1") -> list[TriggerDraft]:
    """One batch of lines that no rule knows."""
    envelope = batch(list(lines), entity)
    return watch.observe(envelope, unruled(envelope)).drafts


def quiet_days(days: float, *, start_us: int = START_US, every: int = 1) -> Iterator[Line]:
    """A host that says one harmless thing in each interval of five minutes."""
    for interval in range(0, round(days * 288), every):
        yield start_us + interval * INTERVAL_US, 6, "cron", f"run number {interval} is done"


def learnt(days: float = 2, entities: Sequence[str] = ("host:node-1",), *, lines: int = 100) -> Watch:
    watch = Watch(Patience(hours=24, lines=lines), masker=Masker())
    for entity in entities:
        assert see(watch, quiet_days(days), entity) == []
    return watch


def after(days: float, seconds: float = 0) -> int:
    return START_US + round(days * 24 * HOUR_US) + round(seconds * 1_000_000)
