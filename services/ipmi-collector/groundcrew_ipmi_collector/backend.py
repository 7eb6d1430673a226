"""What a poller needs of a BMC, whoever asks it: our own client (`native.py`) or ipmitool (`tool.py`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from groundcrew.diagnosis.sel import SelRecord
from groundcrew.diagnosis.sensors import SensorRead
from groundcrew_ipmi_collector.ledger import Anchor
from groundcrew_ipmi_collector.look import Look, SelState
from groundcrew_ipmi_collector.raw_record import RawRecord

RECORD_S = 0.3
"""Seconds that a slow BMC may take for one record."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record in words, and as the BMC holds it."""

    said: SelRecord
    raw: RawRecord

    @property
    def anchor(self) -> Anchor:
        return Anchor(record_id=self.raw.record_id, digest=self.raw.digest)


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest records, oldest first; `whole`: nothing that the log holds comes before them; `more`: something comes
    after them; `broken`: the log changed under the reading, which ends where the next record was gone."""

    rows: list[Row]
    whole: bool
    more: bool = False
    broken: bool = False


class Backend(Protocol):
    """All methods raise IpmiFailed, and nothing else, for what a BMC does."""

    suite: int | None
    """Cipher suite that the BMC last took."""

    async def look(self, *, who: bool) -> Look:
        """Event log, chassis, clock; and who the BMC is, where that is asked for."""
        ...

    async def newest(self, state: SelState, count: int | None, known: Sequence[Anchor]) -> Newest:
        """The newest `count` records or all; a backend that can begins at the newest of `known` instead.

        Raises CHANGED where the log changed meanwhile.
        """
        ...

    async def fetch_sensor_records(self) -> bytes | None:
        """The BMC's sensor records, one after the other, as `ipmitool sdr dump` writes them; None where it has none."""
        ...

    async def sensors(self) -> list[SensorRead]:
        """A reading of each sensor; of those with the same name the later ones are numbered."""
        ...

    async def close(self) -> None:
        """End what is kept open; does not wait for the BMC."""
        ...


def bound_s(records: int) -> float:
    """Seconds that reading so many records may take."""
    return 20 + RECORD_S * min(records, 10_000)
