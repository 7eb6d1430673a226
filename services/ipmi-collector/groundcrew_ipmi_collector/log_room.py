"""How many records an event log holds, by what a BMC says of its memory.

Free bytes alone mislead: many BMCs keep a record in more than its 16 bytes, and 65535 means as many or more. Where the
BMC tells of its units (Get SEL Allocation Info), those count; the largest record that it tells does not, since some
tell it in bytes rather than in units.
"""

from dataclasses import dataclass

RECORD = 16
_OR_MORE = 0xFFFF


@dataclass(frozen=True, slots=True)
class Allocation:
    """IPMI 2.0, 31.3: memory in units; a count of 0 is one that the BMC does not tell."""

    units: int
    unit_bytes: int
    free_units: int


def capacity(entries: int, free_bytes: int | None, allocation: Allocation | None) -> int | None:
    """Records that fit, those that are there included; None where that cannot be told."""
    if allocation is not None and allocation.units and allocation.unit_bytes:
        each = -(-RECORD // allocation.unit_bytes)  # units of a record
        if allocation.free_units == free_bytes:  # ipmi_sim tells bytes where units are meant
            each *= allocation.unit_bytes
        most = allocation.units // each
        if most >= max(entries, 1):
            # the larger of what both commands call free: neither alone makes a log a full one
            free = max(allocation.free_units // each, (free_bytes or 0) // max(RECORD, allocation.unit_bytes))
            return min(most, entries + free)
    if free_bytes is None or free_bytes >= _OR_MORE:
        return None
    return entries + free_bytes // RECORD
