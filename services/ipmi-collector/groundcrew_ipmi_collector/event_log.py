"""Reads a BMC's event log from where it was left, and notices when it is another one: cleared, wrapped, replaced.

Nothing is lost, nothing doubled: the newest records that the bus has are remembered by content. Where one of them is
found again, what comes after it is new; where none is, all that is in the log is new, in a generation of its own. What
became of the log is told before the records that it is followed by. The log itself is never cleared or changed.
"""

from collections.abc import Sequence
from typing import Any

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.event_logs import LogChange, SyncState, WhenFull
from groundcrew.contracts.identity import name_of, stable_id
from groundcrew.contracts.observations import MAX_TEXT, SelBatch
from groundcrew.diagnosis.event_logs import LogSeen, evidence, what_became
from groundcrew.diagnosis.sel_times import Placed, Stamped
from groundcrew_ipmi_collector.asked import AskedJobs
from groundcrew_ipmi_collector.backend import Backend, Newest, Row
from groundcrew_ipmi_collector.ledger import MAX_ANCHORS, Anchor, Intent, Ledger, Page, SeenClock
from groundcrew_ipmi_collector.log_telling import LogNow, Told
from groundcrew_ipmi_collector.look import Look, SelState
from groundcrew_ipmi_collector.outlet import Outlet
from groundcrew_ipmi_collector.raw_record import BmcClock
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.seen_clocks import placed_stamps, seen_clock
from groundcrew_ipmi_collector.syncing import WORTH_A_JOB, Syncs, is_asked, is_running

MAX_ROWS = 500
"""Records that are published, and then committed, at a time."""

LOG = "SEL"

_LEAST_WINDOW = 8
_RELOOK_S = 600.0
"""So often the newest records are read though nothing says that they changed: some BMCs keep no times of changes."""


class EventLog:
    """The event log of one BMC. `page` is handed in and out: whoever polls keeps it."""

    def __init__(
        self, *, site: str, entity: str, ledger: Ledger, outlet: Outlet, clock: Clock, asked: AskedJobs | None = None
    ) -> None:
        self._site = site
        self._entity = entity
        self._ledger = ledger
        self._outlet = outlet
        self._clock = clock
        self._asked = asked
        self._syncs = Syncs(site=site, bmc=name_of(entity), outlet=outlet, clock=clock)
        self._told = Told()
        self._read_at: float | None = None

    async def collect(self, backend: Backend, look: Look, state: SelState, page: Page) -> Page:
        """Publish what is new; returns the page as it stands on disk. Raises IpmiFailed and what publishing raises."""
        seen = seen_clock(look.clock, to_us(self._clock.now()))
        page = await self._delivered(page)
        page = await self._of_this_log(look, state, page)
        page = await self._news_told(page)
        try:
            if self._unchanged(state, page):
                page = page.model_copy(update={"clock": seen})
            else:
                page = await self._read(backend, look, state, page)
                page = page.model_copy(update={"clock": seen})
                await self._ledger.write(page)
                self._read_at = self._clock.monotonic()
            page = await self._read_again(backend, look, state, page)
        except IpmiFailed as failure:
            await self._stalled(page.bmc, failure)
            raise
        await self._tell(state, page)
        return page

    async def _stalled(self, bmc: str, failure: IpmiFailed) -> None:
        page = self._ledger.read(bmc)
        if page.job is not None and page.job.state is SyncState.RUNNING:
            job = await self._syncs.stalled(page.job, str(failure))
            if job is not page.job:
                await self._ledger.write(page.model_copy(update={"job": job}))

    # --- which log it is ---------------------------------------------------------------------------------------------

    async def _of_this_log(self, look: Look, state: SelState, page: Page) -> Page:
        """The page, begun anew where this is another BMC than before (its board was replaced)."""
        if not look.guid_known:
            if not page.identity:
                raise IpmiFailed(Reason.TIMEOUT, "the BMC did not tell who it is (Get System GUID)")
            return page
        identity = look.guid or f"name:{page.bmc}"
        if identity == page.identity:
            return page
        before, page = page, page.model_copy(update={"identity": identity})
        if before.identity:
            page = Page(bmc=page.bmc, suite=page.suite, sdr_stamp=page.sdr_stamp, identity=identity)
            why = f"its GUID is {identity}, it was {before.identity}"
            page = self._with_news(page, state, LogChange.REPLACED, why, before)
        await self._ledger.write(page)
        return page

    def _with_news(self, page: Page, state: SelState, change: LogChange, why: str, before: Page) -> Page:
        """To be written together with what it is about."""
        detail = evidence(
            why,
            generation=page.generation,
            generation_before=before.generation,
            entries=state.entries,
            entries_before=before.entries,
        )
        news = self._now(state, page).row(self._site, self._entity, to_us(self._clock.now()), change, detail)
        return page.model_copy(update={"news": news})

    async def _news_told(self, page: Page) -> Page:
        if page.news is None:
            return page
        await self._outlet.logs(page.news)
        page = page.model_copy(update={"news": None})
        await self._ledger.write(page)
        return page

    def _now(self, state: SelState, page: Page) -> LogNow:
        when_full = WhenFull.OVERWRITES if page.overwrites else WhenFull.UNKNOWN
        return LogNow(LOG, page.generation, state.entries, state.capacity, when_full, state.overflow)

    async def _tell(self, state: SelState, page: Page) -> None:
        at_s, due = self._clock.monotonic(), [self._now(state, page)]
        if due := self._told.due(due, at_s):
            await self._outlet.logs(due[0].row(self._site, self._entity, to_us(self._clock.now())))
            self._told.told(due, at_s)

    def _unchanged(self, state: SelState, page: Page) -> bool:
        if page.fingerprint != state.fingerprint:
            return False
        if self._read_at is None and page.anchors:
            return False  # once after each start: who knows what happened meanwhile
        due = self._read_at is None or self._clock.monotonic() - self._read_at >= _RELOOK_S
        return state.entries == 0 or (state.dated and not due)

    async def _begun_anew(self, state: SelState, rows: Sequence[Row], page: Page) -> Page:
        """None of the records known before is left."""
        first = rows[0].raw.record_id if rows else None
        seen = LogSeen(page.entries, page.erased or "", last_id=page.anchors[-1].record_id)
        erased = state.erased_at if page.erased is not None else ""
        change, why = what_became(seen, LogSeen(state.entries, erased, first_id=first, is_full=state.is_full))
        fresh = page.model_copy(update={"generation": page.generation + 1, "anchors": [], "last_us": None})
        opened = rows[0].anchor if rows else None
        fresh = fresh.model_copy(update={"opened_with": opened, "entries": state.entries, "erased": state.erased_at})
        fresh = self._with_news(fresh, state, change, why, page)
        await self._ledger.write(fresh)
        return await self._news_told(fresh)

    async def _opened_anew(self, state: SelState, rows: Sequence[Row], page: Page) -> Page:
        """A generation of which nothing was stored before it was dropped as well."""
        opened, first = page.opened_with, rows[0] if rows else None
        erased = page.erased is not None and state.erased_at not in ("", page.erased)
        if first is not None and first.anchor == opened:
            return page
        if first is None and not erased:
            return page  # empty for now
        if opened is None and (page.erased is None or not (erased or (page.generation > 1 and state.is_full))):
            return page  # it was empty when this generation began, and is the same log
        seen = LogSeen(page.entries, page.erased or "", last_id=0 if opened is None else opened.record_id - 1)
        first_id = None if first is None else first.raw.record_id
        change, why = what_became(seen, LogSeen(state.entries, state.erased_at, first_id, is_full=state.is_full))
        if opened is None and not erased and change is not LogChange.LOST:
            return page
        update = {
            "opened_with": None if first is None else first.anchor,
            "entries": state.entries,
            "erased": state.erased_at,
        }
        fresh = self._with_news(page.model_copy(update=update), state, change, why, page)
        await self._ledger.write(fresh)
        return await self._news_told(fresh)

    async def _deleted(self, state: SelState, rows: Sequence[Row], after: int, page: Page) -> Page:
        """Whether somebody deleted records while others stayed: the oldest go by themselves, others do not."""
        place = max(n for n, anchor in enumerate(page.anchors) if anchor == rows[after].anchor)
        missing = len(page.anchors) - 1 - place
        reason = f"{missing} of the newest records that were read are gone from it"
        if not missing and state.erased_at and page.erased is not None and state.erased_at != page.erased:
            is_full = state.capacity is not None and page.entries >= state.capacity
            missing = 0 if is_full else page.entries + len(rows) - after - 1 - state.entries
            reason = (
                f"{missing} records that were read are gone from it, and the BMC says it erased at {state.erased_at}"
            )
        if missing <= 0:
            return page
        left = page.model_copy(update={"anchors": page.anchors[: place + 1]})
        left = self._with_news(left, state, LogChange.DELETED, reason, page)
        left = left.model_copy(update={"entries": max(page.entries - missing, 0), "erased": state.erased_at})
        await self._ledger.write(left)
        return await self._news_told(left)

    # --- what is new -------------------------------------------------------------------------------------------------

    async def _read(self, backend: Backend, look: Look, state: SelState, page: Page) -> Page:
        before = page.clock
        while True:
            newest, after = await self._window(backend, state, page)
            rows = newest.rows
            if after is None and page.anchors:
                if not rows and not (page.erased is not None and state.erased_at not in ("", page.erased)):
                    return page  # empty for now: a BMC that starts; nothing is forgotten
                page = await self._begun_anew(state, rows, page)
            elif after is not None:
                page = await self._deleted(state, rows, after, page)
            else:
                page = await self._opened_anew(state, rows, page)
            fresh = rows if after is None else rows[after + 1 :]
            page = await self._job_begun(state, page)
            placed = _placed(fresh, look.clock, to_us(self._clock.now()), before, page)
            for start in range(0, len(fresh), MAX_ROWS):
                chunk = fresh[start : start + MAX_ROWS]
                page = await self._deliver(page, chunk, placed[start : start + MAX_ROWS], state)
            if newest.broken:
                raise IpmiFailed(Reason.CHANGED, "the log changed while it was read; the next look goes on")
            if not newest.more:
                break
        wrapped = bool(state.is_full and fresh and page.entries == state.entries and not state.overflow)
        page = page.model_copy(
            update={
                "fingerprint": "" if state.fresh else state.fingerprint,
                "entries": state.entries,
                "erased": state.erased_at,
                "overwrites": page.overwrites or wrapped,
                "syncing": False,
            }
        )
        if page.job is not None and page.job.state is SyncState.RUNNING and not is_asked(page.job):
            page = page.model_copy(update={"job": await self._syncs.done(page.job)})
        return page

    async def _job_begun(self, state: SelState, page: Page) -> Page:
        if page.anchors:
            return page
        page = page.model_copy(update={"syncing": True})
        first = page.generation == 1
        if state.entries and (first or state.entries >= WORTH_A_JOB) and not is_running(page.job):
            reason = "first look" if first else "the log began anew"
            page = page.model_copy(update={"job": await self._syncs.begun(reason, state.entries)})
            await self._ledger.write(page)
        return page

    async def _deliver(self, page: Page, chunk: Sequence[Row], placed: Sequence[Placed], state: SelState) -> Page:
        """Write down, publish, commit."""
        batch = self._batch(page, chunk, placed)
        intent = Intent(
            batch=batch,
            envelope_id=stable_id(self._site, self._entity, batch.TYPE, batch.ids[0], batch.ids[-1]),
            position=f"{page.generation}/{chunk[-1].raw.record_id}",
            received_us=to_us(self._clock.now()),
            anchors=[row.anchor for row in chunk[-MAX_ANCHORS:]],
        )
        # from now on the bus has something of this log, so that its end is to be told
        erased = state.erased_at if page.erased is None else page.erased
        page = page.model_copy(update={"intent": intent, "erased": erased})
        await self._ledger.write(page)
        page = await self._delivered(page)
        if is_running(page.job) and page.job is not None and page.syncing:
            page = page.model_copy(update={"job": await self._syncs.moved(page.job, total=state.entries)})
        return page

    async def _delivered(self, page: Page) -> Page:
        """Publishes what stands on disk, also what a process that died left there; then commits."""
        intent = page.intent
        if intent is None:
            return page
        batch = intent.batch
        await self._outlet.records(batch, intent.envelope_id, intent.position, intent.received_us)
        update: dict[str, Any] = {
            "anchors": [*page.anchors, *intent.anchors][-MAX_ANCHORS:],
            "opened_with": None,
            "last_us": batch.times[-1],
            "intent": None,
        }
        if page.syncing and is_running(page.job) and page.job is not None:
            count = page.job.events_synced + len(batch)
            update["job"] = page.job.model_copy(update={"events_synced": count})
        page = page.model_copy(update=update)
        await self._ledger.write(page)
        return page

    def _batch(self, page: Page, rows: Sequence[Row], placed: Sequence[Placed], *, again: bool = False) -> SelBatch:
        return SelBatch(
            ids=[
                stable_id(self._site, self._entity, page.identity, page.generation, r.raw.record_id, r.raw.digest)
                for r in rows
            ],
            record_ids=[row.raw.record_id for row in rows],
            times=[one.time_us for one in placed],
            source_times=[row.said.source_time for row in rows],
            sensors=[row.said.sensor[:MAX_TEXT] for row in rows],
            events=[row.said.event[:MAX_TEXT] for row in rows],
            asserted=[row.said.asserted for row in rows],
            texts=[row.said.text[:MAX_TEXT] for row in rows],
            uncertainties=[one.uncertainty_s for one in placed],
            again=again,
        )

    async def _window(self, backend: Backend, state: SelState, page: Page) -> tuple[Newest, int | None]:
        """The newest records back to one that the bus has, and its place; None: the whole log, none is known."""
        if state.entries == 0:
            return Newest([], whole=True), None
        count = max(state.entries - page.entries, 0) + _LEAST_WINDOW if page.anchors else state.entries
        while True:
            newest = await backend.newest(state, None if count >= state.entries else count, page.anchors)
            found = _place(newest.rows, page.anchors)
            if found is not None or newest.whole:
                return newest, found
            count *= 8

    # --- once more, because somebody asked ---------------------------------------------------------------------------

    async def _read_again(self, backend: Backend, look: Look, state: SelState, page: Page) -> Page:
        """What is in the log now, all of it, for the store to fill its gaps. Goes on where it was left."""
        asked = None if self._asked is None else self._asked.of(page.bmc)
        if asked is not None and self._asked is not None and not is_running(page.job):
            begun = await self._syncs.begun("", state.entries, asked=asked)
            page = page.model_copy(update={"job": begun, "again": None})
            await self._ledger.write(page)
            self._asked.begun(page.bmc)
        job = page.job
        if job is None or not is_running(job) or not is_asked(job):
            return page
        while page.anchors:
            newest = await backend.newest(state, None, [] if page.again is None else [page.again])
            after = None if page.again is None else _place(newest.rows, [page.again])
            rows = newest.rows[0 if after is None else after + 1 :]
            last = page.anchors[-1]
            if newest.broken or not await self._is_there(backend, state, last):
                raise IpmiFailed(Reason.CHANGED, "the log changed while it was read once more")
            end = next((n + 1 for n, row in enumerate(rows) if row.anchor == last), None)
            rows = rows[:end]  # what is newer is news, of the next look
            placed = _placed(
                rows, look.clock, to_us(self._clock.now()), None, page.model_copy(update={"last_us": None})
            )
            for start in range(0, len(rows), MAX_ROWS):
                chunk = rows[start : start + MAX_ROWS]
                batch = self._batch(page, chunk, placed[start : start + MAX_ROWS], again=True)
                envelope_id = stable_id(self._site, self._entity, job.id, batch.ids[0], batch.ids[-1])
                position = f"{page.generation}/{chunk[-1].raw.record_id}"
                await self._outlet.records(batch, envelope_id, position, to_us(self._clock.now()))
                job = await self._syncs.moved(job, synced=len(chunk), total=state.entries)
                page = page.model_copy(update={"job": job, "again": chunk[-1].anchor})
                await self._ledger.write(page)
            if end is not None or not newest.more:
                break
        page = page.model_copy(update={"job": await self._syncs.done(job), "again": None})
        await self._ledger.write(page)
        return page

    async def _is_there(self, backend: Backend, state: SelState, anchor: Anchor) -> bool:
        """Asked after reading: what was read was then of this generation."""
        newest = await backend.newest(state, min(_LEAST_WINDOW, state.entries) or None, [anchor])
        return _place(newest.rows, [anchor]) is not None


def _place(rows: Sequence[Row], anchors: Sequence[Anchor]) -> int | None:
    """Where the newest row is that is one of the anchors."""
    known = {anchor.record_id: anchor.digest for anchor in anchors}
    return next(
        (n for n in range(len(rows) - 1, -1, -1) if known.get(rows[n].raw.record_id) == rows[n].raw.digest), None
    )


def _placed(rows: Sequence[Row], clock: BmcClock, now_us: int, before: SeenClock | None, page: Page) -> list[Placed]:
    """When they happened, by our clock."""
    stamped = [Stamped.of(row.raw.seconds, f"{row.said.sensor} | {row.said.event}") for row in rows]
    return placed_stamps(stamped, seen_clock(clock, now_us), before, page.last_us)
