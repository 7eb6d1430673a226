"""Readings as the columns that are published."""

from groundcrew.contracts.observations import SensorBatch
from groundcrew.diagnosis.facts import usable
from groundcrew.diagnosis.sensors import SensorRead


def batch_of(reads: list[SensorRead], now_us: int) -> SensorBatch:
    """Critical thresholds go along where any sensor has one; those that are zero or cross each other are none."""
    limits = [usable(read.thresholds) if read.thresholds is not None else None for read in reads]
    told = any(limit is not None for limit in limits)
    return SensorBatch(
        times=[now_us] * len(reads),
        sensors=[read.sensor for read in reads],
        values=[read.value for read in reads],
        texts=[read.text for read in reads],
        units=[read.unit for read in reads],
        statuses=[read.status for read in reads],
        lowers=[limit.lower[1] if limit is not None else None for limit in limits] if told else [],
        uppers=[limit.upper[1] if limit is not None else None for limit in limits] if told else [],
    )
