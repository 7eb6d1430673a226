"""Entries of a log over Redfish as rows that are published."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import MAX_TEXT, SelBatch
from groundcrew.diagnosis.redfish_log import RedfishEntry, parse_entry
from groundcrew.diagnosis.sel_times import Placed
from groundcrew_ipmi_collector.reason import IpmiFailed
from groundcrew_ipmi_collector.redfish.client import Client
from groundcrew_ipmi_collector.redfish.entries import Item, Linked, is_known
from groundcrew_ipmi_collector.redfish.ledger import Anchor, LogPage, Page
from groundcrew_ipmi_collector.redfish.walk import LEFT_OUT

MAX_ROWS = 500
"""Entries that are published, and then committed, at a time."""

_LINKED_AT_ONCE = 50


@dataclass
class Collected:
    """What one look at the logs found. `unreadable`: why a log could not be read, by its name."""

    entries: int = 0
    fullest: float = 0.0
    bad: int = 0
    unreadable: dict[str, str] | None = None


async def next_rows(
    client: Client, items: Sequence[Item], found: Collected
) -> tuple[list[RedfishEntry], Sequence[Item]]:
    """Entries of the first items, those behind links fetched, and the items after them. One that is gone or is no entry
    costs itself."""
    most = MAX_ROWS if isinstance(items[0], RedfishEntry) else _LINKED_AT_ONCE
    rows: list[RedfishEntry] = []
    for item in items[:most]:
        if isinstance(item, Linked):
            try:
                entry = parse_entry((await client.get(item.path)).body)
            except IpmiFailed as failure:
                if failure.reason not in LEFT_OUT:
                    raise
                entry = None
            if entry is None:
                found.bad += 1
                continue
            rows.append(replace(entry, entry_id=item.entry_id))
        else:
            rows.append(item)
    return rows, items[most:]


async def newest_known(client: Client, items: Sequence[Item], log: LogPage) -> int | None:
    """The place of the newest item that the bus has; of one behind a link the entry is compared, too."""
    known = {anchor.entry_id: anchor for anchor in log.anchors}
    for place in range(len(items) - 1, -1, -1):
        item = items[place]
        if not is_known(item, known):
            continue
        if isinstance(item, RedfishEntry):
            return place
        held = parse_entry((await client.get(item.path)).body)
        return place if held is not None and held.digest == known[item.entry_id].digest else None
    return None


def anchor_of(item: Item) -> Anchor:
    """Of one behind a link only the name is known."""
    return Anchor(entry_id=item.entry_id, digest=item.digest if isinstance(item, RedfishEntry) else "")


def batch_of(
    site: str,
    entity: str,
    page: Page,
    path: str,
    rows: Sequence[RedfishEntry],
    placed: Sequence[Placed],
    *,
    again: bool = False,
) -> SelBatch:
    """`again`: rows that the store may have."""
    whose = "|".join(f"{kind}={value}" for kind, value in sorted(page.identity.items()))
    generation = page.logs.get(path, LogPage()).generation
    return SelBatch(
        ids=[stable_id(site, entity, whose, path, generation, row.entry_id, row.digest) for row in rows],
        record_ids=[row.record_id for row in rows],
        times=[one.time_us for one in placed],
        source_times=[row.source_time for row in rows],
        sensors=[row.sensor[:MAX_TEXT] for row in rows],
        events=[row.event[:MAX_TEXT] for row in rows],
        asserted=[row.asserted for row in rows],
        texts=[row.text[:MAX_TEXT] for row in rows],
        uncertainties=[one.uncertainty_s for one in placed],
        again=again,
    )
