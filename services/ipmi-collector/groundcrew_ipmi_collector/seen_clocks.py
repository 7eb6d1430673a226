"""A BMC's clock as it was seen at two looks, and the times that follow for its records."""

from collections.abc import Sequence

from groundcrew.diagnosis.sel_times import ClockLook, Placed, Stamped, place
from groundcrew_ipmi_collector.ledger import SeenClock
from groundcrew_ipmi_collector.raw_record import BmcClock


def seen_clock(clock: BmcClock, at_us: int) -> SeenClock:
    """To be remembered for the next look."""
    return SeenClock(
        at_us=at_us,
        offset_us=clock.offset_us,
        uncertainty_us=clock.uncertainty_us,
        since_start=clock.since_start,
    )


def placed_stamps(
    records: Sequence[Stamped], now: SeenClock, before: SeenClock | None, newest_us: int | None
) -> list[Placed]:
    """`newest_us`: the time of the record before them."""
    return place(records, _look(now), before=None if before is None else _look(before), newest_us=newest_us)


def _look(seen: SeenClock) -> ClockLook:
    return ClockLook(seen.at_us, seen.offset_us, seen.uncertainty_us, seen.since_start)
