"""Follows the logs of one BMC over Redfish: each entry is published once, whatever the BMC does with its log.

The idea is that of the IPMI event log: the newest entries that the bus has are remembered by content. What comes after
one of them is new; where none is left although the log was read whole, it was cleared or wrapped: that is told, and a
new generation begins. A log that is empty for now (a BMC that starts) forgets nothing; one that stays so was cleared.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.identity import name_of, stable_id
from groundcrew.diagnosis.redfish_log import RedfishEntry
from groundcrew.diagnosis.sel_times import Placed, Stamped
from groundcrew_ipmi_collector.asked import AskedJobs
from groundcrew_ipmi_collector.outlet import Outlet
from groundcrew_ipmi_collector.raw_record import BmcClock
from groundcrew_ipmi_collector.reason import IpmiFailed
from groundcrew_ipmi_collector.redfish.client import Client
from groundcrew_ipmi_collector.redfish.entries import Item, Linked, Reading, read_entries
from groundcrew_ipmi_collector.redfish.ledger import MAX_ANCHORS, Anchor, Intent, LogPage, Page, RedfishLedger
from groundcrew_ipmi_collector.redfish.log_news import STUCK_LOOKS, LogNews
from groundcrew_ipmi_collector.redfish.log_rows import (
    Collected,
    Stretch,
    anchor_of,
    batch_of,
    newest_known,
    next_rows,
    of_one_log,
)
from groundcrew_ipmi_collector.redfish.rereading import Rereading
from groundcrew_ipmi_collector.redfish.walk import LEFT_OUT, LogPlace
from groundcrew_ipmi_collector.seen_clocks import placed_stamps, seen_clock
from groundcrew_ipmi_collector.syncing import WORTH_A_JOB, Syncs, is_asked, is_running

_EMPTY_LOOKS = 6
"""A log that was empty in so many looks in a row was cleared: five minutes at the usual interval, longer than a BMC
takes to start."""

_RELOOK_S = 600.0
"""So often a log is asked for without its ETag: some services never change theirs."""


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
        self._syncs = Syncs(site=site, bmc=name_of(entity), outlet=outlet, clock=clock)
        self._news = LogNews(site=site, entity=entity, ledger=ledger, outlet=outlet, clock=clock)
        self._again = Rereading(
            site=site,
            entity=entity,
            ledger=ledger,
            outlet=outlet,
            clock=clock,
            asked=asked or ledger.asked,
            syncs=self._syncs,
        )
        self._etags: dict[str, tuple[str, float]] = {}
        self._empty: dict[str, int] = {}
        self._digests: dict[str, set[str]] = {}
        self._stuck: dict[str, tuple[str, int]] = {}

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
        page = await self._again.go_on(client, places, page, clock, expand)
        await self._news.how_they_are(places, page)
        return page.model_copy(update={"clock": seen}), found

    async def _left_behind(self, page: Page) -> Page:
        """What a process that died had not told."""
        if page.news is not None:
            await self._outlet.logs(page.news)
            page = page.model_copy(update={"news": None})
            await self._ledger.write(page)
        for path in page.logs:
            page = await self._delivered(page, path)
            page = await self._news.out(page, path)
        return page

    async def _first_done(self, page: Page) -> Page:
        job = page.job
        if job is None or not is_running(job) or is_asked(job) or any(log.syncing for log in page.logs.values()):
            return page
        page = page.model_copy(update={"job": await self._syncs.done(job)})
        await self._ledger.write(page)
        return page

    # --- what is new -------------------------------------------------------------------------------------------------

    async def _log(
        self, client: Client, place: LogPlace, page: Page, clock: BmcClock, found: Collected, expand: str
    ) -> Page:
        log = page.logs.get(place.path, LogPage())
        if log.mirrors:
            return page

        async def seen(read: int, count: int | None) -> None:
            nonlocal page
            page = await self._being_read(page, place.path, read, count)

        reading = await read_entries(client, place.path, log, self._etag(place.path, log), expand=expand, seen=seen)
        if reading is None:
            known = log.anchors or log.opened_with is not None
            return await self._still_empty(place, page) if known and not log.count else page
        after = await newest_known(client, reading.items, log)
        if after is None and any(isinstance(item, Linked) for item in reading.items):
            # a link whose name is known was taken for the entry of that name: what lies before it was not read
            reading = await read_entries(client, place.path, log, "", expand=expand, whole=True) or reading
        log = page.logs.get(place.path, log)
        found.bad += reading.bad
        listed = not any(isinstance(item, Linked) for item in reading.items)  # links may stay the same over a clear
        self._etags[place.path] = (reading.etag if listed else "", self._clock.monotonic())
        digests = [item.digest for item in reading.items if isinstance(item, RedfishEntry)]
        if not log.anchors and (other := self._mirrored(place.path, digests[-MAX_ANCHORS:])):
            log = log.model_copy(update={"mirrors": other, "syncing": False})
            return await self._ledger.keep(page, place.path, log)
        self._digests[place.path] = set(digests)
        page, fresh = await self._fresh(place, page, log, reading, after)
        log = page.logs.get(place.path, LogPage())
        read = {
            "fingerprint": reading.fingerprint,
            "count": reading.count,
            "intent": None,
            "syncing": log.syncing and reading.left > 0,
            "emptied": log.emptied and not reading.items,
        }
        return await self._out(client, place, page, fresh, clock, found, read)

    async def _being_read(self, page: Page, path: str, read: int, count: int | None) -> Page:
        """A log of several pages is on its way; of one that is read for the first time, that is a job by now."""
        log = page.logs.get(path, LogPage())
        if not log.anchors and not log.syncing and count is not None:
            page = await self._sync_begun(page, path, log, count)
        if not page.logs.get(path, log).syncing or page.job is None or not is_running(page.job):
            return page
        return page.model_copy(update={"job": await self._syncs.reading(page.job, read, count)})

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
        if not reading.items and (log.anchors or log.opened_with is not None):
            return await self._still_empty(place, page), []
        self._empty.pop(place.path, None)
        if after is not None:
            return await self._news.deleted(place, page, log, reading), reading.items[after + 1 :]
        if log.emptied and reading.items and reading.complete and not (place.most and reading.count >= place.most):
            page = await self._ledger.keep(page, place.path, _begun_anew(log))
        elif log.anchors and reading.items and reading.complete:
            page = await self._news.began_anew(place, page, log, reading)
        elif log.opened_with is not None and reading.items and anchor_of(reading.items[0]) != log.opened_with:
            page = await self._news.dropped_unread(place, page, log, reading)
        log = page.logs.get(place.path, log)
        if not log.anchors and not log.syncing:
            page = await self._sync_begun(page, place.path, log, reading.count + reading.left)
        return page, reading.items

    async def _still_empty(self, place: LogPlace, page: Page) -> Page:
        """One more look at a log without entries."""
        log = page.logs[place.path]
        looks = self._empty[place.path] = self._empty.get(place.path, 0) + 1
        if looks < _EMPTY_LOOKS or log.emptied:
            return page
        return await self._news.emptied(place, page, log, looks)

    async def _sync_begun(self, page: Page, path: str, log: LogPage, count: int) -> Page:
        """A log that is read whole: a job, where it is long enough for one."""
        page = page.model_copy(update={"logs": {**page.logs, path: log.model_copy(update={"syncing": True})}})
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

    async def _out(
        self,
        client: Client,
        place: LogPlace,
        page: Page,
        fresh: Sequence[Item],
        clock: BmcClock,
        found: Collected,
        read: dict[str, Any],
    ) -> Page:
        """Publishes it in pieces; `read`: what holds of the log once all of it is out."""
        now_us = to_us(self._clock.now())
        log = page.logs.get(place.path, LogPage())
        stretch = Stretch(passes=self._stuck.get(place.path, ("", 0))[1] >= STUCK_LOOKS - 1, count=read["count"])
        while fresh:
            listed = fresh
            rows, fresh = await next_rows(client, listed, found, stretch)
            of_it = await of_one_log(client, listed, rows, log.anchors[-1] if log.anchors else None)
            if was_cleared := of_it < len(rows):
                rows, stretch.gone, stretch.missing = rows[:of_it], {}, {}  # the next look tells that it was cleared
            if rows:
                page = await self._deliver(place, page, log, rows, now_us, clock, stretch)
                log = page.logs[place.path]
            if was_cleared:
                return page
            if stretch.stuck is not None:
                return self._waits(place, page, *stretch.stuck, found)
            if fresh and isinstance(fresh[0], Linked) and client.is_nearly_spent:
                return page  # the next look goes on from here
        if stretch.missing:
            return await self._without_an_end(place, page, stretch.missing, found)
        self._stuck.pop(place.path, None)
        same = all(getattr(log, name) == read[name] for name in ("fingerprint", "count", "emptied"))
        if same and log.intent is None and not log.syncing:
            return page
        return await self._ledger.keep(page, place.path, log.model_copy(update=read))

    def _waits(self, place: LogPlace, page: Page, entry_id: str, why: str, found: Collected) -> Page:
        """An entry is there and cannot be read: the next look tries again."""
        before, looks = self._stuck.get(place.path, ("", 0))
        self._stuck[place.path] = (entry_id, looks + 1 if before == entry_id else 1)
        assert found.unreadable is not None
        found.unreadable[place.name] = why
        return page

    async def _without_an_end(self, place: LogPlace, page: Page, missing: Mapping[str, str], found: Collected) -> Page:
        """The newest entries of a listing were not read, and nothing after them tells why: the log was cleared or
        overwritten meanwhile, or they cannot be read. The next look sees, and finds no fingerprint."""
        if why := next((why for why in missing.values() if why), ""):
            assert found.unreadable is not None
            found.unreadable[place.name] = why
        log = page.logs.get(place.path, LogPage())
        opened = log.opened_with
        if not log.anchors and opened is None:
            opened = Anchor(entry_id=next(iter(missing)), digest="")
        return await self._ledger.keep(
            page, place.path, log.model_copy(update={"fingerprint": "", "opened_with": opened})
        )

    async def _deliver(
        self,
        place: LogPlace,
        page: Page,
        log: LogPage,
        rows: list[RedfishEntry],
        now_us: int,
        clock: BmcClock,
        stretch: Stretch,
    ) -> Page:
        """Write down, publish, commit; what was lost before these rows is written down with them, then told."""
        placed = self._placed(rows, clock, now_us, page, log)
        batch = batch_of(self._site, self._entity, page, place.path, rows, placed)
        intent = Intent(
            batch=batch,
            envelope_id=stable_id(self._site, self._entity, batch.TYPE, batch.ids[0], batch.ids[-1]),
            position=f"{place.path}/{log.generation}/{rows[-1].entry_id}",
            received_us=now_us,
            anchors=[Anchor(entry_id=row.entry_id, digest=row.digest) for row in rows[-MAX_ANCHORS:]],
        )
        begun: dict[str, Any] = {"intent": intent}
        if stretch.gone:
            gone, stretch.gone = stretch.gone, {}
            begun["news"] = self._news.unread(
                place,
                log.model_copy(update={"count": stretch.count}),
                gone,
                rows[-1].entry_id,
                to_us(self._clock.now()),
            )
        page = await self._ledger.keep(page, place.path, log.model_copy(update=begun))
        page = await self._delivered(page, place.path)
        page = await self._news.out(page, place.path)
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
        told = {"anchors": anchors, "last_us": batch.times[-1], "intent": None, "opened_with": None}
        return await self._ledger.keep(page, path, log.model_copy(update=told))

    @staticmethod
    def _placed(rows: Sequence[RedfishEntry], clock: BmcClock, now_us: int, page: Page, log: LogPage) -> list[Placed]:
        """When they happened, by our clock."""
        stamped = [Stamped.of(row.seconds, f"{row.sensor} | {row.event}") for row in rows]
        before = None if log.syncing and log.generation == 1 else page.clock
        return placed_stamps(stamped, seen_clock(clock, now_us), before, log.last_us)


def _begun_anew(log: LogPage) -> LogPage:
    """The generation after one whose end was told when the log stayed empty."""
    begun = {"generation": log.generation + 1, "anchors": [], "last_us": None, "opened_with": None, "emptied": False}
    return log.model_copy(update=begun)
