"""What became of the logs of one BMC (cleared, lost, deleted): written down together with the log, then told."""

from collections.abc import Mapping, Sequence

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.event_logs import EventLogBatch, LogChange, WhenFull
from groundcrew.diagnosis.event_logs import LogSeen, evidence, what_became
from groundcrew.diagnosis.redfish_log import RedfishEntry
from groundcrew_ipmi_collector.log_telling import LogNow, Told, joined
from groundcrew_ipmi_collector.outlet import Outlet
from groundcrew_ipmi_collector.redfish.entries import Reading
from groundcrew_ipmi_collector.redfish.ledger import LogPage, Page, RedfishLedger
from groundcrew_ipmi_collector.redfish.log_rows import anchor_of
from groundcrew_ipmi_collector.redfish.walk import LogPlace

STUCK_LOOKS = 3
"""So many looks a log waits for an entry that is listed and cannot be read, before it goes on after it."""


class LogNews:
    """Pages are handed in and out, as of RedfishLogs."""

    def __init__(self, *, site: str, entity: str, ledger: RedfishLedger, outlet: Outlet, clock: Clock) -> None:
        self._site = site
        self._entity = entity
        self._ledger = ledger
        self._outlet = outlet
        self._clock = clock
        self._told = Told()

    async def began_anew(self, place: LogPlace, page: Page, log: LogPage, reading: Reading) -> Page:
        """Nothing that the bus has is left in it: cleared, wrapped or replaced; a new generation."""
        names = (reading.items[0].entry_id, log.anchors[-1].entry_id)
        first, last = (int(one) if one.isdecimal() else None for one in names)
        change, why = what_became(LogSeen(log.count, last_id=last), LogSeen(reading.count, first_id=first))
        begun = {
            "generation": log.generation + 1,
            "anchors": [],
            "last_us": None,
            "opened_with": anchor_of(reading.items[0]),
            "syncing": False,
        }
        return await self._changed(place, page, log.model_copy(update=begun), log, reading.count, change, why)

    async def dropped_unread(self, place: LogPlace, page: Page, log: LogPage, reading: Reading) -> Page:
        """A generation of which nothing was stored before it was dropped as well."""
        assert log.opened_with is not None
        name, opened_name = reading.items[0].entry_id, log.opened_with.entry_id
        last = int(opened_name) - 1 if opened_name.isdecimal() else None
        first = int(name) if name.isdecimal() else None
        change, why = what_became(LogSeen(log.count, last_id=last), LogSeen(reading.count, first_id=first))
        fresh = log.model_copy(update={"opened_with": anchor_of(reading.items[0])})
        return await self._changed(place, page, fresh, log, reading.count, change, why)

    def unread(self, place: LogPlace, log: LogPage, gone: Mapping[str, str], last: str, now_us: int) -> EventLogBatch:
        """Entries of this generation that were listed and not read, to be written down with the entry `last` that came
        after them: those that were gone by then, and those that cannot be read, each with why."""
        whys = [why for why in gone.values() if why]
        went, failed = [name for name in gone if not gone[name]], [name for name in gone if gone[name]]
        said = [f"records were gone before they were read: {_named(went)}"] if went else []
        said += [f"{_named(failed)} could not be read in {STUCK_LOOKS} looks: {whys[0]}"] if failed else []
        them = "it" if len(gone) == 1 else "them"
        detail = f"{'; '.join(said)}; entry {last} was read after {them}; generation {log.generation}"
        return _now(place, log).row(self._site, self._entity, now_us, LogChange.LOST, detail)

    async def emptied(self, place: LogPlace, page: Page, log: LogPage, looks: int) -> Page:
        """It stays empty: cleared, though nothing that follows shows it yet."""
        newest = log.anchors[-1] if log.anchors else log.opened_with
        assert newest is not None
        why = f"it was empty in {looks} looks in a row, entry {newest.entry_id} was in it before"
        return await self._changed(
            place, page, log.model_copy(update={"emptied": True}), log, 0, LogChange.CLEARED, why
        )

    async def deleted(self, place: LogPlace, page: Page, log: LogPage, reading: Reading) -> Page:
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
        fresh = log.model_copy(update={"anchors": left})
        return await self._changed(place, page, fresh, log, reading.count, LogChange.DELETED, why)

    async def _changed(
        self, place: LogPlace, page: Page, log: LogPage, before: LogPage, count: int, change: LogChange, why: str
    ) -> Page:
        detail = evidence(
            why,
            generation=log.generation,
            generation_before=before.generation,
            entries=count,
            entries_before=before.count,
        )
        row = _now(place, log.model_copy(update={"count": count}))
        news = row.row(self._site, self._entity, to_us(self._clock.now()), change, detail)
        page = await self._ledger.keep(page, place.path, log.model_copy(update={"news": news}))
        return await self.out(page, place.path)

    async def out(self, page: Page, path: str) -> Page:
        """What stands on disk and was not told, also by a process that died."""
        log = page.logs[path]
        if log.news is None:
            return page
        await self._outlet.logs(log.news)
        return await self._ledger.keep(page, path, log.model_copy(update={"news": None}))

    async def how_they_are(self, places: Sequence[LogPlace], page: Page) -> None:
        """How full they are, where that changed or was not told for long."""
        read = {place.path: page.logs[place.path] for place in places if place.path in page.logs}
        logs = [_now(p, read[p.path]) for p in places if p.path in read and not read[p.path].mirrors]
        at_s = self._clock.monotonic()
        logs = self._told.due(list({one.log: one for one in logs}.values()), at_s)
        if logs:
            now_us = to_us(self._clock.now())
            await self._outlet.logs(joined([one.row(self._site, self._entity, now_us) for one in logs]))
            self._told.told(logs, at_s)


def _named(names: Sequence[str]) -> str:
    """Entries in few words."""
    if len(names) == 1:
        return f"entry {names[0]}"
    numbers = [int(name) for name in names if name.isdecimal() and len(name) < 19]
    if len(numbers) == len(names) == numbers[-1] - numbers[0] + 1:
        return f"entries {names[0]} to {names[-1]}"
    return f"{len(names)} entries from {names[0]} to {names[-1]}"


def _now(place: LogPlace, log: LogPage) -> LogNow:
    word = {True: WhenFull.OVERWRITES, False: WhenFull.STOPS}
    when_full = WhenFull.UNKNOWN if place.wraps is None else word[place.wraps]
    return LogNow(place.name, log.generation, log.count, place.most or None, when_full)
