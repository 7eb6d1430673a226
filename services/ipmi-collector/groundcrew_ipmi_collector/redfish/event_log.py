"""Follows the logs of one BMC over Redfish: each entry is published once, whatever the BMC does with its log.

The idea is that of the IPMI event log: the newest entries that the bus has are remembered by content. What comes after
one of them is new; where none is left although the log was read whole, it was cleared or wrapped: that is told, and a
new generation begins. A log that is empty for now (a BMC that starts) forgets nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.event_logs import LogChange, WhenFull
from groundcrew.contracts.identity import name_of, stable_id
from groundcrew.contracts.observations import MAX_TEXT, SelBatch
from groundcrew.diagnosis.event_logs import LogSeen, evidence, what_became
from groundcrew.diagnosis.redfish_log import RedfishEntry, parse_entry
from groundcrew.diagnosis.sel_times import Placed, Stamped
from groundcrew_ipmi_collector.asked import AskedJobs
from groundcrew_ipmi_collector.log_telling import LogNow, Told, joined
from groundcrew_ipmi_collector.outlet import Outlet
from groundcrew_ipmi_collector.raw_record import BmcClock
from groundcrew_ipmi_collector.reason import IpmiFailed
from groundcrew_ipmi_collector.redfish.client import Client
from groundcrew_ipmi_collector.redfish.entries import Item, Linked, Reading, is_known, read_entries
from groundcrew_ipmi_collector.redfish.ledger import MAX_ANCHORS, Anchor, Intent, LogPage, Page, RedfishLedger
from groundcrew_ipmi_collector.redfish.walk import LEFT_OUT, LogPlace
from groundcrew_ipmi_collector.seen_clocks import placed_stamps, seen_clock
from groundcrew_ipmi_collector.syncing import WORTH_A_JOB, Syncs, is_asked, is_running

MAX_ROWS = 500
"""Entries that are published, and then committed, at a time."""

_LINKED_AT_ONCE = 50
_RELOOK_S = 600.0
"""So often a log is asked for without its ETag: some services never change theirs."""


@dataclass
class Collected:
    """What one look at the logs found. `unreadable`: why a log could not be read, by its name."""

    entries: int = 0
    fullest: float = 0.0
    bad: int = 0
    unreadable: dict[str, str] | None = None


class RedfishLogs:
    """All logs of one BMC. Pages are handed in and out: whoever polls keeps them."""

    def __init__(
        self,
        *,
        site: str,
        entity: str,
        ledger: RedfishLedger,
        outlet: Outlet,
        clock: Clock,
        asked: AskedJobs | None = None,
    ) -> None:
        self._site = site
        self._entity = entity
        self._ledger = ledger
        self._outlet = outlet
        self._clock = clock
        self._asked = asked
        self._syncs = Syncs(site=site, bmc=name_of(entity), outlet=outlet, clock=clock)
        self._told = Told()
        self._etags: dict[str, tuple[str, float]] = {}
        self._digests: dict[str, set[str]] = {}

    async def collect(
        self, client: Client, places: Sequence[LogPlace], page: Page, clock: BmcClock, expand: str = ""
    ) -> tuple[Page, Collected]:
        """Publish what is new of all logs; `expand`: as the walk's `expansion` found it. Raises IpmiFailed where the
        BMC cannot be read, and what publishing does."""
        found, seen = Collected(unreadable={}), seen_clock(clock, to_us(self._clock.now()))
        page = await self._left_behind(page)
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
                if place.most and place.wraps is False:
                    found.fullest = max(found.fullest, log.count / place.most)
        page = await self._first_done(page)
        page = await self._read_again(client, places, page, clock, expand)
        await self._tell(places, page)
        return page.model_copy(update={"clock": seen}), found

    async def _left_behind(self, page: Page) -> Page:
        """What a process that died had not told."""
        if page.news is not None:
            await self._outlet.logs(page.news)
            page = page.model_copy(update={"news": None})
            await self._ledger.write(page)
        for path in page.logs:
            page = await self._delivered(page, path)
            page = await self._news_told(page, path)
        return page

    async def _first_done(self, page: Page) -> Page:
        job = page.job
        if job is None or not is_running(job) or is_asked(job) or any(log.syncing for log in page.logs.values()):
            return page
        page = page.model_copy(update={"job": await self._syncs.done(job)})
        await self._ledger.write(page)
        return page

    # --- once more, because somebody asked ---------------------------------------------------------------------------

    async def _read_again(
        self, client: Client, places: Sequence[LogPlace], page: Page, clock: BmcClock, expand: str
    ) -> Page:
        """What is in the logs now, all of it, for the store to fill its gaps. Goes on where it was left."""
        asked = None if self._asked is None else self._asked.of(page.bmc)
        total = sum(log.count for log in page.logs.values() if not log.mirrors)
        if asked is not None and self._asked is not None and not is_running(page.job):
            job = await self._syncs.begun("", total, asked=asked)
            page = page.model_copy(update={"job": job, "again": {}, "again_done": []})
            await self._ledger.write(page)
            self._asked.begun(page.bmc)
        if page.job is None or not is_running(page.job) or not is_asked(page.job):
            return page
        for place in places:
            log = page.logs.get(place.path)
            if log is None or log.mirrors or not log.anchors or place.path in page.again_done:
                continue
            page = await self._log_again(client, place, page, clock, expand)
            if place.path not in page.again_done:
                return page  # the next look goes on
        assert page.job is not None
        page = page.model_copy(update={"job": await self._syncs.done(page.job), "again": {}})
        await self._ledger.write(page)
        return page

    async def _log_again(self, client: Client, place: LogPlace, page: Page, clock: BmcClock, expand: str) -> Page:
        log = page.logs[place.path]
        reading = await read_entries(client, place.path, LogPage(), "", expand=expand, whole=True)
        if reading is None or (end := await self._newest_known(client, reading.items, log)) is None:
            return page  # it is another log by now: the next look tells
        items = reading.items[: end + 1]  # what is newer is news, of the next look
        after = page.again.get(place.path)
        start = next((n + 1 for n, item in enumerate(items) if after and item.entry_id == after.entry_id), 0)
        found, now_us = Collected(), to_us(self._clock.now())
        items = items[start:]
        while items:
            most = MAX_ROWS if isinstance(items[0], RedfishEntry) else _LINKED_AT_ONCE
            rows, taken = await _resolved(client, items[:most], found)
            items = items[taken:]
            if rows and page.job is not None:
                placed = self._placed(rows, clock, now_us, page.model_copy(update={"clock": None}), LogPage())
                batch = self._batch(page, place.path, log, rows, placed, again=True)
                envelope_id = stable_id(self._site, self._entity, page.job.id, batch.ids[0], batch.ids[-1])
                position = f"{place.path}/{log.generation}/{rows[-1].entry_id}"
                await self._outlet.records(batch, envelope_id, position, now_us)
                job = await self._syncs.moved(page.job, synced=len(rows))
                through = Anchor(entry_id=rows[-1].entry_id, digest=rows[-1].digest)
                page = page.model_copy(update={"job": job, "again": {**page.again, place.path: through}})
                await self._ledger.write(page)
            if items and isinstance(items[0], Linked) and client.is_nearly_spent:
                return page
        page = page.model_copy(update={"again_done": [*page.again_done, place.path]})
        await self._ledger.write(page)
        return page

    # --- what is new -------------------------------------------------------------------------------------------------

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
        listed = not any(isinstance(item, Linked) for item in reading.items)  # links may stay the same over a clear
        self._etags[place.path] = (reading.etag if listed else "", self._clock.monotonic())
        digests = [item.digest for item in reading.items if isinstance(item, RedfishEntry)]
        if not log.anchors and (other := self._mirrored(place.path, digests[-MAX_ANCHORS:])):
            log = log.model_copy(update={"mirrors": other})
            return await self._kept(page, place.path, log)
        self._digests[place.path] = set(digests)
        page, fresh = await self._fresh(place, page, log, reading, after)
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

    async def _fresh(
        self, place: LogPlace, page: Page, log: LogPage, reading: Reading, after: int | None
    ) -> tuple[Page, list[Item]]:
        """What comes after the newest entry that the bus has, which is in place `after`."""
        if after is not None:
            return await self._deleted(place, page, log, reading, after), reading.items[after + 1 :]
        if log.anchors and reading.items and reading.complete:
            names = (reading.items[0].entry_id, log.anchors[-1].entry_id)
            first, last = (int(one) if one.isdecimal() else None for one in names)
            change, why = what_became(LogSeen(log.count, last_id=last), LogSeen(reading.count, first_id=first))
            opened = _anchor(reading.items[0])
            begun = {"generation": log.generation + 1, "anchors": [], "last_us": None, "opened_with": opened}
            fresh = log.model_copy(update=begun)
            page = await self._news(place, page, fresh, log, reading.count, change, why)
            log = page.logs[place.path]
        elif log.opened_with is not None and reading.items and _anchor(reading.items[0]) != log.opened_with:
            # a generation of which nothing was stored before it was dropped as well
            fresh = log.model_copy(update={"opened_with": _anchor(reading.items[0])})
            name, opened_name = reading.items[0].entry_id, log.opened_with.entry_id
            last = int(opened_name) - 1 if opened_name.isdecimal() else None
            first = int(name) if name.isdecimal() else None
            seen = LogSeen(log.count, last_id=last)
            change, why = what_became(seen, LogSeen(reading.count, first_id=first))
            page = await self._news(place, page, fresh, log, reading.count, change, why)
            log = page.logs[place.path]
        if not log.anchors:
            log = log.model_copy(update={"syncing": True})
            page = page.model_copy(update={"logs": {**page.logs, place.path: log}})
            page = await self._job_begun(page, log, reading.count)
        return page, reading.items

    async def _deleted(self, place: LogPlace, page: Page, log: LogPage, reading: Reading, after: int) -> Page:
        """Whether somebody deleted entries that are newer than one that stayed: by themselves the oldest go."""
        known = {(item.entry_id, item.digest) for item in reading.items if isinstance(item, RedfishEntry)}
        if len(known) < len(reading.items):
            return page  # of entries behind links only the names are known
        old = [(a.entry_id, a.digest) for a in log.anchors]
        left = [a for n, a in enumerate(log.anchors) if old[n] in known or not known.intersection(old[:n])]
        missing = len(log.anchors) - len(left)
        if not missing:
            return page
        why = f"{missing} of the newest entries that were read are gone from it"
        return await self._news(
            place, page, log.model_copy(update={"anchors": left}), log, reading.count, LogChange.DELETED, why
        )

    async def _news(
        self, place: LogPlace, page: Page, log: LogPage, before: LogPage, count: int, change: LogChange, why: str
    ) -> Page:
        """What became of a log, written down together with it, then told."""
        detail = evidence(
            why,
            generation=log.generation,
            generation_before=before.generation,
            entries=count,
            entries_before=before.count,
        )
        row = self._now(place, log.model_copy(update={"count": count}))
        news = row.row(self._site, self._entity, to_us(self._clock.now()), change, detail)
        page = await self._kept(page, place.path, log, {"news": news})
        return await self._news_told(page, place.path)

    async def _news_told(self, page: Page, path: str) -> Page:
        log = page.logs[path]
        if log.news is None:
            return page
        await self._outlet.logs(log.news)
        return await self._kept(page, path, log, {"news": None})

    @staticmethod
    def _now(place: LogPlace, log: LogPage) -> LogNow:
        word = {True: WhenFull.OVERWRITES, False: WhenFull.STOPS}
        when_full = WhenFull.UNKNOWN if place.wraps is None else word[place.wraps]
        return LogNow(place.name, log.generation, log.count, place.most or None, when_full)

    async def _tell(self, places: Sequence[LogPlace], page: Page) -> None:
        read = {place.path: page.logs[place.path] for place in places if place.path in page.logs}
        logs = [self._now(p, read[p.path]) for p in places if p.path in read and not read[p.path].mirrors]
        at_s = self._clock.monotonic()
        logs = self._told.due(list({one.log: one for one in logs}.values()), at_s)
        if logs:
            now_us = to_us(self._clock.now())
            await self._outlet.logs(joined([one.row(self._site, self._entity, now_us) for one in logs]))
            self._told.told(logs, at_s)

    async def _job_begun(self, page: Page, log: LogPage, count: int) -> Page:
        if not count or (log.generation > 1 and count < WORTH_A_JOB):
            return page
        if is_running(page.job) and page.job is not None:
            job = await self._syncs.moved(page.job, total=page.job.events_total + count)
        else:
            reason = "first look" if log.generation == 1 else "a log began anew"
            job = await self._syncs.begun(reason, count)
        page = page.model_copy(update={"job": job})
        await self._ledger.write(page)
        return page

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
            rows, taken = await _resolved(client, fresh[:most], found)
            fresh = fresh[taken:]
            if rows:
                page = await self._deliver(place, page, log, rows, now_us, clock)
                log = page.logs[place.path]
            if fresh and isinstance(fresh[0], Linked) and client.is_nearly_spent:
                return page  # the next look goes on from here
        same = (log.fingerprint, log.count) == (read["fingerprint"], read["count"])
        if same and log.intent is None and not log.syncing:
            return page
        return await self._kept(page, place.path, log, read)

    async def _deliver(
        self, place: LogPlace, page: Page, log: LogPage, rows: list[RedfishEntry], now_us: int, clock: BmcClock
    ) -> Page:
        """Write down, publish, commit."""
        batch = self._batch(page, place.path, log, rows, self._placed(rows, clock, now_us, page, log))
        intent = Intent(
            batch=batch,
            envelope_id=stable_id(self._site, self._entity, batch.TYPE, batch.ids[0], batch.ids[-1]),
            position=f"{place.path}/{log.generation}/{rows[-1].entry_id}",
            received_us=now_us,
            anchors=[Anchor(entry_id=row.entry_id, digest=row.digest) for row in rows[-MAX_ANCHORS:]],
        )
        page = await self._kept(page, place.path, log, {"intent": intent})
        page = await self._delivered(page, place.path)
        if is_running(page.job) and page.job is not None and log.syncing:
            page = page.model_copy(update={"job": await self._syncs.moved(page.job)})
        return page

    async def _delivered(self, page: Page, path: str) -> Page:
        """Publishes what stands on disk, also what a process that died left there; then commits."""
        log = page.logs[path]
        intent = log.intent
        if intent is None:
            return page
        batch = intent.batch
        await self._outlet.records(batch, intent.envelope_id, intent.position, intent.received_us)
        if log.syncing and is_running(page.job) and page.job is not None:
            count = page.job.events_synced + len(batch)
            page = page.model_copy(update={"job": page.job.model_copy(update={"events_synced": count})})
        anchors = [*log.anchors, *intent.anchors][-MAX_ANCHORS:]
        return await self._kept(
            page, path, log, {"anchors": anchors, "last_us": batch.times[-1], "intent": None, "opened_with": None}
        )

    @staticmethod
    def _placed(rows: Sequence[RedfishEntry], clock: BmcClock, now_us: int, page: Page, log: LogPage) -> list[Placed]:
        """When they happened, by our clock."""
        stamped = [Stamped.of(row.seconds, f"{row.sensor} | {row.event}") for row in rows]
        before = None if log.syncing and log.generation == 1 else page.clock
        return placed_stamps(stamped, seen_clock(clock, now_us), before, log.last_us)

    async def _kept(self, page: Page, path: str, log: LogPage, update: dict[str, Any] | None = None) -> Page:
        log = log.model_copy(update=update) if update else log
        page = page.model_copy(update={"logs": {**page.logs, path: log}})
        await self._ledger.write(page)
        return page

    def _batch(
        self,
        page: Page,
        path: str,
        log: LogPage,
        rows: Sequence[RedfishEntry],
        placed: Sequence[Placed],
        *,
        again: bool = False,
    ) -> SelBatch:
        whose = "|".join(f"{kind}={value}" for kind, value in sorted(page.identity.items()))
        return SelBatch(
            ids=[
                stable_id(self._site, self._entity, whose, path, log.generation, row.entry_id, row.digest)
                for row in rows
            ],
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


def _anchor(item: Item) -> Anchor:
    """Of one behind a link only the name is known."""
    return Anchor(entry_id=item.entry_id, digest=item.digest if isinstance(item, RedfishEntry) else "")
