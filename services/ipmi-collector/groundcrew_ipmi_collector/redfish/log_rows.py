"""Entries of a log over Redfish as rows that are published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import MAX_TEXT, SelBatch
from groundcrew.diagnosis.redfish import path_of
from groundcrew.diagnosis.redfish_log import RedfishEntry, parse_entry
from groundcrew.diagnosis.sel_times import Placed
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.redfish.client import Client
from groundcrew_ipmi_collector.redfish.entries import Item, Linked, is_known
from groundcrew_ipmi_collector.redfish.ledger import Anchor, LogPage, Page
from groundcrew_ipmi_collector.redfish.walk import LEFT_OUT, optional

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


@dataclass
class Stretch:
    """What is being read of one log. `passes`: what cannot be read no longer stands in the way; `count`: entries of the
    log; `missing`: entries behind links that could not be read, each with why, or with nothing where it is gone;
    `gone`: those of them that a later entry, which was read, shows to be lost; `stuck`: the entry that stands in the
    way, and why."""

    passes: bool = False
    count: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    stuck: tuple[str, str] | None = None

    def passed(self) -> None:
        """A later entry was read."""
        self.gone |= self.missing
        self.missing = {}


async def next_rows(
    client: Client, items: Sequence[Item], found: Collected, stretch: Stretch
) -> tuple[list[RedfishEntry], Sequence[Item]]:
    """Entries of the first items, those behind links fetched, and the items after them. One that is gone costs itself;
    at one that is there and cannot be read it stops, unless `stretch` passes over it."""
    most = MAX_ROWS if isinstance(items[0], RedfishEntry) else _LINKED_AT_ONCE
    rows: list[RedfishEntry] = []
    for place, item in enumerate(items[:most]):
        if not isinstance(item, Linked):
            rows.append(item)
            continue
        entry, why = await _behind(client, item)
        if entry is not None:
            stretch.passed()
            rows.append(replace(entry, entry_id=item.entry_id))
            continue
        if why and not stretch.passes:
            stretch.stuck = (item.entry_id, why)
            return rows, items[place:]
        found.bad += 1
        stretch.missing[item.entry_id] = why
    return rows, items[most:]


async def _behind(client: Client, item: Linked) -> tuple[RedfishEntry | None, str]:
    """The entry behind a link, or why it cannot be read: nothing where it is gone. Raises IpmiFailed where the whole
    BMC cannot be read."""
    try:
        body = (await client.get(item.path)).body
        if _is_anothers(body, item.path):  # some services number bodies otherwise than links: those say so twice
            body = (await client.get(item.path)).body
    except IpmiFailed as failure:
        if failure.reason not in LEFT_OUT:
            raise
        return None, "" if failure.reason is Reason.UNSUPPORTED else str(failure)
    entry = parse_entry(body)
    return entry, "" if entry is not None else f"the BMC's answer on {item.path} is no entry"


async def of_one_log(client: Client, items: Sequence[Item], rows: list[RedfishEntry], anchor: Anchor | None) -> int:
    """How many of these rows are of the log that was listed; those after them are of the log that bears the same names
    since it was cleared. `anchor`: the newest entry of the log before them."""
    paths = {item.entry_id: item.path for item in items if isinstance(item, Linked)}
    if not rows or not paths:
        return len(rows)
    if anchor is None:
        first = await _now_there(client, paths[rows[0].entry_id])
        if first is None or first.digest == rows[0].digest:
            return len(rows)
    else:
        folder = next(iter(paths.values())).rstrip("/").rpartition("/")[0]
        there = await _now_there(client, f"{folder}/{anchor.entry_id}")
        if there is None or there.digest == anchor.digest:
            return len(rows)  # where it is gone the log wrapped: of one that was cleared it would have come again first
    for place in range(len(rows) - 1, -1, -1):
        there = await _now_there(client, paths[rows[place].entry_id])
        if there is None or there.digest != rows[place].digest:
            return place + 1
    return 0


async def _now_there(client: Client, path: str) -> RedfishEntry | None:
    """None where it is gone or cannot be read."""
    return parse_entry(await optional(client, path))


def _is_anothers(body: Mapping[str, Any], path: str) -> bool:
    """Whether a body says that it is another entry of the same log."""
    folder, _, name = path.rstrip("/").rpartition("/")
    its_folder, _, its_name = path_of(body).rstrip("/").rpartition("/")
    return its_folder == folder and its_name != name


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
