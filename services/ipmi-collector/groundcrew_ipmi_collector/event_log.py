"""Reads a BMC's event log from where it was left, and notices when it is another one: cleared, wrapped, replaced.

Nothing is lost, nothing doubled: the newest records that the bus has are remembered by content. Where one of them is
found again, what comes after it is new; where none is, all that is in the log is new, in a generation of its own. The
log itself is never cleared or changed.
"""

from collections.abc import Awaitable, Callable, Sequence

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import MAX_TEXT, SelBatch
from groundcrew_ipmi_collector.backend import Backend, Row
from groundcrew_ipmi_collector.ledger import MAX_ANCHORS, Intent, Ledger, Page
from groundcrew_ipmi_collector.look import Look, SelState
from groundcrew_ipmi_collector.raw_record import BmcClock
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason

MAX_ROWS = 500
"""Records that are published, and then committed, at a time."""

_LEAST_WINDOW = 8
_RELOOK_S = 600.0
"""So often the newest records are read though nothing says that they changed: some BMCs keep no times of changes."""

Publish = Callable[[SelBatch, str, str, int], Awaitable[None]]
"""Batch, id of the envelope, position, time at which it was received (microseconds)."""


class EventLog:
    """The event log of one BMC. `page` is handed in and out: whoever polls keeps it."""

    def __init__(self, *, site: str, entity: str, ledger: Ledger, publish: Publish, clock: Clock) -> None:
        self._site = site
        self._entity = entity
        self._ledger = ledger
        self._publish = publish
        self._clock = clock
        self._read_at: float | None = None

    async def collect(self, backend: Backend, look: Look, state: SelState, page: Page) -> Page:
        """Publish what is new; returns the page as it stands on disk. Raises IpmiFailed and what publishing raises."""
        page = await self._of_this_log(look, page)
        if self._unchanged(state, page):
            return page
        page = await self._read(backend, look, state, page)
        self._read_at = self._clock.monotonic()
        page = page.model_copy(
            update={
                "fingerprint": "" if state.fresh else state.fingerprint,
                "entries": state.entries,
                "intent": None,
                "syncing": False,
            }
        )
        await self._ledger.write(page)
        return page

    async def _of_this_log(self, look: Look, page: Page) -> Page:
        """The page, begun anew where this is another BMC than before (its board was replaced)."""
        if not look.guid_known:
            if not page.identity:
                raise IpmiFailed(Reason.TIMEOUT, "the BMC did not tell who it is (Get System GUID)")
            return page
        identity = look.guid or f"name:{page.bmc}"
        if identity == page.identity:
            return page
        if page.identity:
            page = Page(bmc=page.bmc, suite=page.suite, sdr_stamp=page.sdr_stamp)
        page = page.model_copy(update={"identity": identity})
        await self._ledger.write(page)
        return page

    def _unchanged(self, state: SelState, page: Page) -> bool:
        if page.intent is not None or page.fingerprint != state.fingerprint:
            return False
        if self._read_at is None and page.anchors:
            return False  # once after each start: who knows what happened meanwhile
        due = self._read_at is None or self._clock.monotonic() - self._read_at >= _RELOOK_S
        return state.entries == 0 or (state.dated and not due)

    async def _read(self, backend: Backend, look: Look, state: SelState, page: Page) -> Page:
        rows, after = await self._window(backend, state, page)
        now_us, clock = to_us(self._clock.now()), look.clock
        if after is None and page.anchors:  # none of them is left: the log was cleared, or it wrapped meanwhile
            page = page.model_copy(update={"generation": page.generation + 1, "anchors": [], "last_us": None})
        if not page.anchors:
            page = page.model_copy(update={"syncing": True})
        fresh = rows if after is None else rows[after + 1 :]
        while fresh:
            chunk, seen_us, seen_clock = fresh[:MAX_ROWS], now_us, clock
            if (until := _under_way(page, chunk)) is not None and page.intent is not None:
                # goes out as it was, by itself, so that it is the same message with the same times
                chunk, seen_us = chunk[: until + 1], page.intent.received_us
                seen_clock = BmcClock(page.intent.offset_us, page.intent.since_start)
            times = _times(chunk, fresh, seen_us, seen_clock, page)
            page = await self._deliver(page, chunk, times, seen_us, seen_clock)
            fresh = fresh[len(chunk) :]
        return page

    async def _deliver(self, page: Page, chunk: Sequence[Row], times: list[int], seen_us: int, clock: BmcClock) -> Page:
        """Write down, publish, commit."""
        through = chunk[-1].anchor
        intent = Intent(
            through=through,
            generation=page.generation,
            received_us=seen_us,
            offset_us=clock.offset_us,
            since_start=clock.since_start,
        )
        page = page.model_copy(update={"intent": intent})
        await self._ledger.write(page)
        batch = self._batch(page, chunk, times)
        envelope_id = stable_id(self._site, self._entity, batch.TYPE, batch.ids[0], batch.ids[-1])
        await self._publish(batch, envelope_id, f"{page.generation}/{through.record_id}", seen_us)
        anchors = [*page.anchors, *(row.anchor for row in chunk)][-MAX_ANCHORS:]
        page = page.model_copy(update={"anchors": anchors, "last_us": times[-1], "intent": None})
        await self._ledger.write(page)
        return page

    def _batch(self, page: Page, rows: Sequence[Row], times: list[int]) -> SelBatch:
        return SelBatch(
            ids=[
                stable_id(self._site, self._entity, page.identity, page.generation, r.raw.record_id, r.raw.digest)
                for r in rows
            ],
            record_ids=[row.raw.record_id for row in rows],
            times=times,
            source_times=[row.said.source_time for row in rows],
            sensors=[row.said.sensor[:MAX_TEXT] for row in rows],
            events=[row.said.event[:MAX_TEXT] for row in rows],
            asserted=[row.said.asserted for row in rows],
            texts=[row.said.text[:MAX_TEXT] for row in rows],
        )

    async def _window(self, backend: Backend, state: SelState, page: Page) -> tuple[list[Row], int | None]:
        """The newest records back to one that the bus has, and its place; None: the whole log, none is known."""
        if state.entries == 0:
            return [], None
        known = {anchor.record_id: anchor.digest for anchor in page.anchors}
        count = max(state.entries - page.entries, 0) + _LEAST_WINDOW if known else state.entries
        while True:
            newest = await backend.newest(state, None if count >= state.entries else count, page.anchors)
            rows = newest.rows
            places = [n for n, row in enumerate(rows) if known.get(row.raw.record_id) == row.raw.digest]
            if places or newest.whole:
                return rows, places[-1] if places else None
            count *= 8


def _under_way(page: Page, rows: Sequence[Row]) -> int | None:
    """Place of the last record of what was under way when the process ended, None where there is nothing of it."""
    intent = page.intent
    if intent is None or intent.generation != page.generation:
        return None
    return next((n for n, row in enumerate(rows) if row.anchor == intent.through), None)


def _times(chunk: Sequence[Row], fresh: Sequence[Row], seen_us: int, clock: BmcClock, page: Page) -> list[int]:
    """Best estimates: the record's own stamp by the BMC's clock; where it has none, a record that is new since the
    last look happened just now, and one of a log that was never read before about when its neighbour did."""
    told = (clock.time_us(row.raw.seconds, seen_us) for row in fresh)
    before = page.last_us if page.last_us is not None else next((time for time in told if time is not None), None)
    times: list[int] = []
    for row in chunk:
        time = clock.time_us(row.raw.seconds, seen_us)
        if time is None:
            time = before if page.syncing and before is not None else seen_us
        times.append(time)
        before = time
    return times
