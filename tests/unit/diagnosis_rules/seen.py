"""Batches as collectors send them, in a few words. Times are seconds after START."""

from datetime import UTC, datetime, timedelta
from typing import Any

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Envelope, Message, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import LogBatch, MetricBatch, MetricSeries, SelBatch, SensorBatch, ServiceBatch
from groundcrew.diagnosis.detector import Detector, TriggerDraft

START = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
SITE = "demo"


def us(seconds: float) -> int:
    return to_us(START + timedelta(seconds=seconds))


def sealed(data: Message, entity: str, *, received_s: float = 0) -> Envelope[Any]:
    times = getattr(data, "times", [us(0)])
    when = START + timedelta(seconds=received_s)
    return seal(
        data,
        id=stable_id(entity, data.TYPE, *times),
        site=SITE,
        entity=entity,
        time=when,
        received_at=when,
        source="test",
        position=str(times[-1] if times else 0),
        produced_by=ProducedBy(service="test", version="0"),
    )


def logs(
    *lines: tuple[float, str, str], entity: str = "host:train-11", first: int = 0, boot: str = ""
) -> Envelope[LogBatch]:
    """(seconds, identifier, message) per line; `first` numbers the first one, `boot` is the boot that they are of."""
    numbers = range(first, first + len(lines))
    count = len(lines)
    batch = LogBatch(
        ids=[stable_id(entity, number) for number in numbers],
        times=[us(seconds) for seconds, _, _ in lines],
        priorities=[4] * count,
        identifiers=[identifier for _, identifier, _ in lines],
        units=[""] * count,
        transports=["journal"] * count,
        boot_ids=[boot] * count,
        positions=[f"c{number}" for number in numbers],
        messages=[message for _, _, message in lines],
    )
    return sealed(batch, entity)


def samples(
    name: str, *values: tuple[float, float], entity: str = "host:db-01", **labels: str
) -> Envelope[MetricBatch]:
    """(seconds, value) per sample of one series."""
    batch = MetricBatch(
        series=[MetricSeries(name=name, labels=labels)],
        series_index=[0] * len(values),
        times=[us(seconds) for seconds, _ in values],
        values=[value for _, value in values],
    )
    return sealed(batch, entity)


def units(
    *rows: tuple[float, str, str, str], restarts: int | None = None, entity: str = "host:edge-03"
) -> Envelope[ServiceBatch]:
    """(seconds, unit, active state, sub state) per row."""
    count = len(rows)
    batch = ServiceBatch(
        times=[us(row[0]) for row in rows],
        units=[row[1] for row in rows],
        load_states=["loaded"] * count,
        active_states=[row[2] for row in rows],
        sub_states=[row[3] for row in rows],
        results=["exit-code" if row[2] == "failed" else "success" for row in rows],
        restarts=[restarts] * count,
    )
    return sealed(batch, entity)


def readings(sensor: str, *rows: tuple[float, float | None, str], unit: str = "RPM") -> Envelope[SensorBatch]:
    """(seconds, value, status) per poll."""
    count = len(rows)
    batch = SensorBatch(
        times=[us(row[0]) for row in rows],
        sensors=[sensor] * count,
        values=[row[1] for row in rows],
        texts=[""] * count,
        units=[unit] * count,
        statuses=[row[2] for row in rows],
    )
    return sealed(batch, "bmc:sm-06-bmc")


def records(*rows: tuple[float, str, str, bool | None], received_s: float = 0) -> Envelope[SelBatch]:
    """(seconds, sensor, event, asserted) per record."""
    count = len(rows)
    batch = SelBatch(
        ids=[stable_id("sel", number, row[0]) for number, row in enumerate(rows)],
        record_ids=list(range(1, count + 1)),
        times=[us(row[0]) for row in rows],
        source_times=[""] * count,
        sensors=[row[1] for row in rows],
        events=[row[2] for row in rows],
        asserted=[row[3] for row in rows],
        texts=[f"{row[1]} | {row[2]} | {'Asserted' if row[3] else 'Deasserted'}" for row in rows],
    )
    return sealed(batch, "bmc:brickbox-43-bmc", received_s=received_s)


def said(detector: Detector, *envelopes: Envelope[Any]) -> list[tuple[str, str, str]]:
    """(rule, state, component) of what comes out, in order."""
    return [(d.data.rule_id, d.data.state.value, d.data.component) for d in drafts(detector, *envelopes)]


def drafts(detector: Detector, *envelopes: Envelope[Any]) -> list[TriggerDraft]:
    return [draft for envelope in envelopes for draft in detector.observe(envelope)]
