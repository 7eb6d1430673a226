"""Reads the logs of one BMC once more because somebody asked: what is in them now, all of it, for the store to fill its
gaps. A long log is read in parts, each look one; a killed collector goes on where it was."""

from collections.abc import Sequence

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.identity import stable_id
from groundcrew.diagnosis.sel_times import Stamped
from groundcrew_ipmi_collector.asked import AskedJobs
from groundcrew_ipmi_collector.outlet import Outlet
from groundcrew_ipmi_collector.raw_record import BmcClock
from groundcrew_ipmi_collector.redfish.client import Client
from groundcrew_ipmi_collector.redfish.entries import Item, Linked, read_entries
from groundcrew_ipmi_collector.redfish.ledger import LogPage, Page, RedfishLedger
from groundcrew_ipmi_collector.redfish.log_rows import Collected, Stretch, anchor_of, batch_of, newest_known, next_rows
from groundcrew_ipmi_collector.redfish.walk import LogPlace
from groundcrew_ipmi_collector.seen_clocks import placed_stamps, seen_clock
from groundcrew_ipmi_collector.syncing import Syncs, is_asked, is_running


class Rereading:
    """Pages are handed in and out, as of RedfishLogs."""

    def __init__(
        self,
        *,
        site: str,
        entity: str,
        ledger: RedfishLedger,
        outlet: Outlet,
        clock: Clock,
        asked: AskedJobs,
        syncs: Syncs,
    ) -> None:
        self._site = site
        self._entity = entity
        self._ledger = ledger
        self._outlet = outlet
        self._clock = clock
        self._asked = asked
        self._syncs = syncs

    async def go_on(self, client: Client, places: Sequence[LogPlace], page: Page, clock: BmcClock, expand: str) -> Page:
        """As far as one look goes. Raises as RedfishLogs.collect."""
        asked = self._asked.of(page.bmc)
        total = sum(log.count for log in page.logs.values() if not log.mirrors)
        if asked is not None and not is_running(page.job):
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
            page = await self._log(client, place, page, clock, expand)
            if place.path not in page.again_done:
                return page  # the next look goes on
        assert page.job is not None
        page = page.model_copy(update={"job": await self._syncs.done(page.job), "again": {}})
        await self._ledger.write(page)
        return page

    async def _log(self, client: Client, place: LogPlace, page: Page, clock: BmcClock, expand: str) -> Page:
        """What comes after `again`, as far as one reading goes."""
        after, newest = page.again.get(place.path, LogPage()), page.logs[place.path]

        async def seen(read: int, count: int | None) -> None:
            nonlocal page
            if page.job is not None:
                page = page.model_copy(update={"job": await self._syncs.reading(page.job, read, count)})

        reading = await read_entries(client, place.path, after, "", expand=expand, seen=seen)
        if reading is None:
            return page
        items: Sequence[Item] = reading.items
        done = await newest_known(client, items, newest)
        if done is None and not reading.left:
            return page  # it is another log by now: the next look tells
        items = items if done is None else items[: done + 1]  # what is newer is news, of the next look
        through = reading.count - len(reading.items) + len(items)
        begin = await newest_known(client, items, after) if after.anchors else None
        items = items[0 if begin is None else begin + 1 :]
        while items:
            page, items = await self._out(client, place, page, items, clock)
            if items and isinstance(items[0], Linked) and client.is_nearly_spent:
                return page
        if done is None:
            held = page.again.get(place.path, after).model_copy(update={"count": through})
            page = page.model_copy(update={"again": {**page.again, place.path: held}})
        else:
            page = page.model_copy(update={"again_done": [*page.again_done, place.path]})
        await self._ledger.write(page)
        return page

    async def _out(
        self, client: Client, place: LogPlace, page: Page, items: Sequence[Item], clock: BmcClock
    ) -> tuple[Page, Sequence[Item]]:
        """Publishes the first of the items; returns those that are left."""
        now_us = to_us(self._clock.now())
        rows, left = await next_rows(client, items, Collected(), Stretch(passes=True))
        if not rows or page.job is None:
            return page, left
        stamped = [Stamped.of(row.seconds, f"{row.sensor} | {row.event}") for row in rows]
        placed = placed_stamps(stamped, seen_clock(clock, now_us), None, None)
        batch = batch_of(self._site, self._entity, page, place.path, rows, placed, again=True)
        envelope_id = stable_id(self._site, self._entity, page.job.id, batch.ids[0], batch.ids[-1])
        position = f"{place.path}/{page.logs[place.path].generation}/{rows[-1].entry_id}"
        await self._outlet.records(batch, envelope_id, position, now_us)
        job = await self._syncs.moved(page.job, synced=len(rows))
        before = page.again.get(place.path, LogPage())
        held = before.model_copy(update={"anchors": [anchor_of(rows[-1])], "count": before.count + len(rows)})
        page = page.model_copy(update={"job": job, "again": {**page.again, place.path: held}})
        await self._ledger.write(page)
        return page, left
