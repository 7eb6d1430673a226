"""Event logs as such: how full one is, and what became of it between two looks. Pure."""

from dataclasses import dataclass

from groundcrew.contracts.event_logs import EventLogBatch, LogChange, WhenFull

NEARLY_FULL = 0.80
HAS_ROOM = 0.75
"""A log that was nearly full counts as such until less than this share of it is used."""


@dataclass(frozen=True, slots=True)
class LogSeen:
    """A log at one look. Record ids are None where they are no numbers; `erased` is the BMC's word for when it last
    lost records, empty where it keeps none."""

    entries: int
    erased: str = ""
    first_id: int | None = None
    last_id: int | None = None
    is_full: bool = False


def fill_words(entries: int, capacity: int | None, when_full: WhenFull, *, overflow: bool) -> str:
    """What the rules of source `eventlog` see of a log as it is; empty where it says nothing: between two borders, or
    where the BMC does not tell how much fits."""
    wraps = when_full is WhenFull.OVERWRITES
    used = f": {entries} of {capacity} records" if capacity else f": {entries} records"
    if overflow or (capacity and entries >= capacity):
        dropped = ", the BMC says that it dropped some" if overflow else ""
        return f"overwrites its oldest records{used}" if wraps else f"full{used}{dropped}"
    if not capacity:
        return ""
    share = entries / capacity
    if share >= NEARLY_FULL:
        return f"nearly full, then overwrites{used}" if wraps else f"nearly full{used}"
    return f"has room{used}" if share < HAS_ROOM else ""


def row_text(batch: EventLogBatch, row: int) -> str:
    """What patterns are matched against: `SEL | nearly full: 412 of 512 records`, `SEL | cleared: ...`; empty where the
    row says nothing."""
    change = batch.changes[row]
    if change not in (LogChange.NONE, LogChange.UNKNOWN):
        return f"{batch.logs[row]} | {change.value}: {batch.details[row]}"
    words = fill_words(batch.entries[row], batch.capacities[row], batch.when_full[row], overflow=batch.overflows[row])
    return f"{batch.logs[row]} | {words}" if words else ""


def what_became(before: LogSeen, now: LogSeen) -> tuple[LogChange, str]:
    """Of a log in which none of the records known before is left: what became of it, and what speaks for that. It was
    cleared where the BMC says that it erased, or where record ids begin anew; where they go on, it overwrote what lay
    between before anybody read it."""
    told = f"the BMC says it erased at {now.erased}" if now.erased and now.erased != before.erased else ""
    if before.last_id is not None and now.first_id is not None and now.first_id > before.last_id + 1:
        between = f"ids {before.last_id + 1} to {now.first_id - 1}"
        if not told or now.is_full:
            return LogChange.LOST, f"records were overwritten before they were read: {between}"
        return LogChange.CLEARED, f"{told}, {between} were not read before"
    if told:
        return LogChange.CLEARED, told
    if before.last_id is not None and now.first_id is not None and now.first_id <= before.last_id:
        return LogChange.CLEARED, f"record ids begin anew at {now.first_id}, the last one read was {before.last_id}"
    return LogChange.CLEARED, "none of the records known before is left"


def evidence(reason: str, *, generation: int, generation_before: int, entries: int, entries_before: int) -> str:
    """The sentence that goes with a change."""
    counts = f"{entries_before} records before, {entries} now"
    turn = f"generation {generation_before}"
    turn += f" became {generation}" if generation != generation_before else ""
    return f"{reason}; {counts}; {turn}"
