"""One sample of one metric, as whoever measured it hands it on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    name: str
    value: float
    unit: str = ""
    labels: tuple[tuple[str, str], ...] = ()
