"""Follows the logs of one BMC over Redfish: each entry is published once, whatever the BMC does with its log.

The idea is that of the IPMI event log: the newest entries that the bus has are remembered by content. What comes after
one of them is new; where none is left although the log was read whole, it was cleared or wrapped, and that is a record
of its own in a new generation. A log that is empty for now (a BMC that starts) forgets nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import MAX_TEXT, SelBatch
from groundcrew.diagnosis.redfish_log import RedfishEntry, parse_entry
from groundcrew_ipmi_collector.raw_record import BmcClock
from groundcrew_ipmi_collector.reason import IpmiFailed
from groundcrew_ipmi_collector.redfish.client import Client
from groundcrew_ipmi_collector.redfish.entries import Item, Linked, Reading, is_known, read_entries
from groundcrew_ipmi_collector.redfish.ledger import MAX_ANCHORS, Anchor, Intent, LogPage, Page, RedfishLedger
from groundcrew_ipmi_collector.redfish.walk import LEFT_OUT, LogPlace

MAX_ROWS = 500
"""Entries that are published, and then committed, at a time."""

_LINKED_AT_ONCE = 50
_RELOOK_S = 600.0
"""So often a log is asked for without its ETag: some services never change theirs."""

Publish = Callable[[SelBatch, str, str, int], Awaitable[None]]
"""Batch, id of the envelope, position, time at which it was received (microseconds)."""


@dataclass
class Collected:
    """What one look at the logs found. `unreadable`: why a log could not be read, by its name."""

    entries: int = 0
    fullest: float = 0.0
    bad: int = 0
    unreadable: dict[str, str] | None = None


class RedfishLogs:
    """All logs of one BMC. Pages are handed in and out: whoever polls keeps them."""

    def __init__(self, *, site: str, entity: str, ledger: RedfishLedger, publish: Publish, clock: Clock) -> None:
        self._site = site
        self._entity = entity
        self._ledger = ledger
        self._publish = publish
        self._clock = clock
        self._etags: dict[str, tuple[str, float]] = {}
        self._digests: dict[str, set[str]] = {}

    async def collect(
        self, client: Client, places: Sequence[LogPlace], page: Page, clock: BmcClock, expand: str = ""
    ) -> tuple[Page, Collected]:
        """Publish what is new of all logs; `expand`: as the walk's `expansion` found it. Raises IpmiFailed where the
        BMC cannot be read, and what publishing does."""
        found = Collected(unreadable={})
        self._digests = {path: {a.digest for a in log.anchors} for path, log in page.logs.items() if not log.mirrors}
        for place in places:
            try:
                page = await self._log(client, place, page, clock, found, expand)
            except IpmiFailed as failure:
                if failure.reason not in LEFT_OUT:
                    raise
                assert found.unreadable is not None
                found.unreadable[place.name] = str(failure)
            log = page.logs.get(place.path)
            if log is not None and not log.mirrors:
                found.entries += log.count
                if place.most and not place.wraps:
                    found.fullest = max(found.fullest, log.count / place.most)
        return page, found

    async def _log(
        self, client: Client, place: LogPlace, page: Page, clock: BmcClock, found: Collected, expand: str
    ) -> Page:
        log = page.logs.get(place.path, LogPage())
        if log.mirrors:
            return page
        reading = await read_entries(client, place.path, log, self._etag(place.path, log), expand=expand)
        if reading is None:
            return page
        after = await self._newest_known(client, reading.items, log)
        if after is None and any(isinstance(item, Linked) for item in reading.items):
            # a link whose name is known was taken for the entry of that name: what lies before it was not read
            reading = await read_entries(client, place.path, log, "", expand=expand, whole=True) or reading
        found.bad += reading.bad
        self._etags[place.path] = (reading.etag, self._clock.monotonic())
        digests = [item.digest for item in reading.items if isinstance(item, RedfishEntry)]
        if not log.anchors and (other := self._mirrored(place.path, digests[-MAX_ANCHORS:])):
            log = log.model_copy(update={"mirrors": other})
            return await self._kept(page, place.path, log)
        self._digests[place.path] = set(digests)
        page, fresh = self._fresh(place, page, log, reading, after)
        read = {"fingerprint": reading.fingerprint, "count": reading.count, "intent": None, "syncing": False}
        return await self._out(client, place, page, fresh, clock, found, read)

    def _etag(self, path: str, log: LogPage) -> str:
        etag, seen = self._etags.get(path, ("", 0.0))
        due = self._clock.monotonic() - seen >= _RELOOK_S
        return "" if due or log.intent is not None else etag

    def _mirrored(self, path: str, newest: Sequence[str]) -> str:
        """The log of this BMC that shows the same entries: some list their event log under system, manager and
        chassis."""
        for other, digests in self._digests.items():
            if other != path and newest and 2 * sum(digest in digests for digest in newest) > len(newest):
                return other
        return ""

    def _fresh(
        self, place: LogPlace, page: Page, log: LogPage, reading: Reading, after: int | None
    ) -> tuple[Page, list[Item]]:
        """What comes after the newest entry that the bus has, which is in place `after`."""
        if after is not None:
            return page, reading.items[after + 1 :]
        if log.anchors and reading.items and reading.complete:
            log = log.model_copy(
                update={
                    "generation": log.generation + 1,
                    "anchors": [],
                    "last_us": None,
                    "began": _why(log.anchors[-1], reading.items),
                }
            )
        if not log.anchors:
            log = log.model_copy(update={"syncing": True})
        return page.model_copy(update={"logs": {**page.logs, place.path: log}}), reading.items

    async def _newest_known(self, client: Client, items: Sequence[Item], log: LogPage) -> int | None:
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

    async def _out(
        self,
        client: Client,
        place: LogPlace,
        page: Page,
        fresh: list[Item],
        clock: BmcClock,
        found: Collected,
        read: dict[str, Any],
    ) -> Page:
        """Publishes it in pieces; `read`: what holds of the log once all of it is out."""
        now_us = to_us(self._clock.now())
        log = page.logs.get(place.path, LogPage())
        while fresh:
            most = MAX_ROWS if isinstance(fresh[0], RedfishEntry) else _LINKED_AT_ONCE
            intent = log.intent if log.intent is not None and log.intent.generation == log.generation else None
            rows, taken = await _resolved(client, fresh[:most], found)
            seen_us, seen_clock = now_us, clock
            if intent is not None and (until := _place(rows, intent.through)) is not None:
                # goes out as it was, by itself, so that it is the same message with the same times
                seen_us, seen_clock = intent.received_us, BmcClock(intent.offset_us, intent.since_start)
                taken = next(n for n, item in enumerate(fresh, 1) if item.entry_id == rows[until].entry_id)
                rows = rows[: until + 1]
            fresh = fresh[taken:]
            if rows:
                page = await self._deliver(place, page, log, rows, seen_us, seen_clock, {} if fresh else read)
                log = page.logs[place.path]
            if fresh and isinstance(fresh[0], Linked) and client.is_nearly_spent:
                return page  # the next look goes on from here
        if log.fingerprint == read["fingerprint"] and log.intent is None and not log.syncing:
            return page
        return await self._kept(page, place.path, log, read)

    async def _deliver(
        self,
        place: LogPlace,
        page: Page,
        log: LogPage,
        rows: list[RedfishEntry],
        seen_us: int,
        clock: BmcClock,
        read: dict[str, Any],
    ) -> Page:
        """Write down, publish, commit."""
        through = Anchor(entry_id=rows[-1].entry_id, digest=rows[-1].digest)
        intent = Intent(
            through=through,
            generation=log.generation,
            received_us=seen_us,
            offset_us=clock.offset_us,
            since_start=clock.since_start,
        )
        log = log.model_copy(update={"intent": intent})
        page = await self._kept(page, place.path, log)
        told = [_beginning(place, log), *rows] if log.began else rows
        times = _times(told, seen_us, clock, log)
        batch = self._batch(page, place.path, log, told, times)
        envelope_id = stable_id(self._site, self._entity, batch.TYPE, batch.ids[0], batch.ids[-1])
        await self._publish(batch, envelope_id, f"{place.path}/{log.generation}/{through.entry_id}", seen_us)
        anchors = [*log.anchors, *(Anchor(entry_id=row.entry_id, digest=row.digest) for row in rows)][-MAX_ANCHORS:]
        log = log.model_copy(update={"anchors": anchors, "last_us": times[-1], "intent": None, "began": ""})
        return await self._kept(page, place.path, log, read)

    async def _kept(self, page: Page, path: str, log: LogPage, update: dict[str, Any] | None = None) -> Page:
        log = log.model_copy(update=update) if update else log
        page = page.model_copy(update={"logs": {**page.logs, path: log}})
        await self._ledger.write(page)
        return page

    def _batch(self, page: Page, path: str, log: LogPage, rows: Sequence[RedfishEntry], times: list[int]) -> SelBatch:
        whose = "|".join(f"{kind}={value}" for kind, value in sorted(page.identity.items()))
        return SelBatch(
            ids=[
                stable_id(self._site, self._entity, whose, path, log.generation, row.entry_id, row.digest)
                for row in rows
            ],
            record_ids=[row.record_id for row in rows],
            times=times,
            source_times=[row.source_time for row in rows],
            sensors=[row.sensor[:MAX_TEXT] for row in rows],
            events=[row.event[:MAX_TEXT] for row in rows],
            asserted=[row.asserted for row in rows],
            texts=[row.text[:MAX_TEXT] for row in rows],
        )


async def _resolved(client: Client, items: Sequence[Item], found: Collected) -> tuple[list[RedfishEntry], int]:
    """Entries of the items, those behind links fetched, and how many items that were. One that is gone or is no entry
    costs itself."""
    rows: list[RedfishEntry] = []
    for item in items:
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
    return rows, len(items)


def _place(rows: Sequence[RedfishEntry], through: Anchor) -> int | None:
    """Where what was under way when the process ended has its end."""
    return next(
        (n for n, row in enumerate(rows) if row.entry_id == through.entry_id and row.digest == through.digest), None
    )


def _why(last: Anchor, items: Sequence[Item]) -> str:
    """Lost where the numbers go on beyond the newest that was known, cleared where they do not."""
    first = items[0].entry_id
    if first.isdecimal() and last.entry_id.isdecimal() and int(first) > int(last.entry_id) + 1:
        return f"entries {int(last.entry_id) + 1} to {int(first) - 1} were overwritten before they were read"
    return "the log was cleared or replaced: none of the entries known before is left"


def _beginning(place: LogPlace, log: LogPage) -> RedfishEntry:
    """A clear or a loss is an event of its own, in the words that ipmitool has for it."""
    event = "Records lost" if "overwritten" in log.began else "Log area reset/cleared"
    return RedfishEntry(
        entry_id="",
        record_id=0,
        seconds=None,
        source_time="",
        sensor=f"Event Logging Disabled {place.name}",
        event=event,
        asserted=None,
        text=f"{place.name} | {log.began}",
        digest=f"began {log.generation}",
    )


def _times(rows: Sequence[RedfishEntry], seen_us: int, clock: BmcClock, log: LogPage) -> list[int]:
    """Best estimates: the entry's own stamp by the BMC's clock; where it has none, an entry that is new since the last
    look happened just now, and one of a log that was never read before about when its neighbour did."""
    told = (clock.time_us(row.seconds, seen_us) for row in rows)
    before = log.last_us if log.last_us is not None else next((time for time in told if time is not None), None)
    times: list[int] = []
    for row in rows:
        time = clock.time_us(row.seconds, seen_us)
        if time is None:
            time = before if log.syncing and before is not None else seen_us
        times.append(time)
        before = time
    return times
