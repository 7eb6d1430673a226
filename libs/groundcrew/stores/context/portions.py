"""Cuts a batch whose times are scattered into several, for hypertables: they have no default partition, and a
transaction that makes hundreds of chunks runs out of lock memory.
"""

from itertools import compress as pick
from typing import TypeVar

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.observations import Columns
from groundcrew.stores.context.tables import TimeTable

C = TypeVar("C", bound=Columns)

MAX_SLOTS = 64
"""Chunks that one transaction touches at most."""


def portions(table: TimeTable, envelope: Envelope[C], times: list[int]) -> list[Envelope[C]]:
    """The envelope, or several with its rows, none of which touches more than MAX_SLOTS partitions of the table."""
    if not times or (max(times) - min(times)) // table.width_us < MAX_SLOTS - 1:
        return [envelope]
    slots = [table.slot(time) for time in times]
    ordered = sorted(set(slots))
    groups = [set(ordered[first : first + MAX_SLOTS]) for first in range(0, len(ordered), MAX_SLOTS)]
    return [envelope.model_copy(update={"data": _rows(envelope.data, [s in group for s in slots])}) for group in groups]


def _rows(batch: C, chosen: list[bool]) -> C:
    columns = {
        name: list(pick(getattr(batch, name), chosen))
        for name in type(batch).model_fields
        if name not in batch.NOT_A_COLUMN
    }
    return batch.model_copy(update=columns)
