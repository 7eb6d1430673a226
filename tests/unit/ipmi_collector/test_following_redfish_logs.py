"""Following a log over Redfish through growth, clears, wraps and deaths, in every shape that services give it."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.bmc.redfish.bmc import USER, RedfishBmc

from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.event_logs import EventLogBatch, LogChange, SyncJob
from groundcrew.contracts.observations import SelBatch
from groundcrew_ipmi_collector.raw_record import BmcClock
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.redfish.client import Reply
from groundcrew_ipmi_collector.redfish.entries import MAX_ENTRIES
from groundcrew_ipmi_collector.redfish.event_log import RedfishLogs
from groundcrew_ipmi_collector.redfish.ledger import RedfishLedger
from groundcrew_ipmi_collector.redfish.walk import LogPlace
from groundcrew_ipmi_collector.syncing import asked_job

ENTRIES = "/redfish/v1/Managers/1/LogServices/Sel/Entries"
PLACE = LogPlace("Sel", ENTRIES)
KEEPS = 30


class Died(Exception):
    """The process ended here."""


class Straight:
    """A client without a network."""

    def __init__(self, bmc: RedfishBmc) -> None:
        self._bmc = bmc
        bmc.sessions["token"] = "s"
        self.meanwhile: dict[int, Callable[[], None]] = {}
        self.asked = 0

    is_nearly_spent = False

    def extended(self, _seconds: float) -> AbstractContextManager[None]:
        return nullcontext()

    async def get(self, path: str, *, etag: str = "") -> Reply:
        self.asked += 1
        self.meanwhile.get(self.asked, lambda: None)()
        answer = self._bmc.answer("GET", path, {"x-auth-token": "token", "if-none-match": etag}, b"")
        if answer.status == 304:
            return Reply(304)
        if answer.status != 200:
            raise IpmiFailed(Reason.UNSUPPORTED, path)
        return Reply(200, json.loads(answer.body), {name.lower(): value for name, value in answer.headers.items()})


class Rig:
    """A collector's memory of one log, over restarts; the bus keeps what it took."""

    def __init__(self, folder: Path, bmc: RedfishBmc, expand: str = "", place: LogPlace = PLACE) -> None:
        self.bmc = bmc
        self.place = place
        self.expand = expand
        self.client: Any = Straight(bmc)
        self.clock = VirtualClock(datetime(2026, 3, 5, tzinfo=UTC))
        self.ledger = RedfishLedger(folder)
        self.stored: dict[str, set[tuple[str, int]]] = {}
        self.changes: dict[str, tuple[LogChange, str]] = {}
        self.jobs: list[SyncJob] = []
        self.again: list[str] = []
        self.added = 0
        self.expected: set[str] = set()
        self.dies_after: int | None = None
        self.restart()

    def restart(self) -> None:
        self.followed = RedfishLogs(
            site="demo",
            entity="bmc:b",
            ledger=self.ledger,
            outlet=self,
            clock=self.clock,
            asked=self.ledger.asked,
        )
        self.page = self.ledger.read("b")

    async def logs(self, batch: EventLogBatch) -> None:
        for row, change in enumerate(batch.changes):
            if change is not LogChange.NONE:
                self.changes[batch.ids[row]] = (change, batch.details[row])

    async def sync(self, job: SyncJob) -> None:
        self.jobs.append(job)

    async def records(self, batch: SelBatch, _id: str, _position: str, _now: int) -> None:
        if batch.again:
            self.again += batch.texts
            return
        for row_id, text, time in zip(batch.ids, batch.texts, batch.times, strict=True):
            self.stored.setdefault(row_id, set()).add((text, time))
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after < 0:
                raise Died

    def add(self, count: int, *, stamped: bool) -> None:
        for _ in range(count):
            self.added += 1
            self.bmc.add(1, f"event {self.added}", **({} if stamped else {"Created": "0000-00-00T00:00:00Z"}))

    async def look(self, dies_after: int | None = None) -> None:
        self.clock.advance_to(self.clock.now() + timedelta(seconds=61))
        self.dies_after = dies_after
        there = set() if self.bmc.empty_log else {entry["Message"] for entry in self.bmc.entries}
        try:
            self.page, _ = await self.followed.collect(self.client, [self.place], self.page, BmcClock(0), self.expand)
        except Died:
            self.restart()
            there &= set(self.texts)  # what it did not get to may be cleared before the next look
        self.expected |= there

    @property
    def texts(self) -> list[str]:
        """What is stored, by row."""
        rows = [{text for text, _ in said} for said in self.stored.values()]
        told = [next(iter(texts)).rpartition(" | ")[2] for texts in rows if len(texts) == 1]
        assert len(told) == len(rows), "a row that is stored again is the same row"
        return told


SHAPES = st.fixed_dictionaries(
    {
        "newest_first": st.booleans(),
        "page": st.sampled_from([1, 3, 7, 50]),
        "skips": st.just(True),
        "next_links": st.booleans(),
        "linked": st.booleans(),
        "etags": st.booleans(),
    }
)
STEPS = st.one_of(
    st.tuples(st.just("add"), st.integers(1, 12)),
    st.tuples(st.just("look"), st.none()),
    st.tuples(st.just("dies"), st.integers(0, 2)),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("clear"), st.none()),
    st.tuples(st.just("empty"), st.none()),
    st.tuples(st.just("looks"), st.integers(2, 8)),
)


async def _follow(rig: Rig, steps: list[tuple[str, Any]], *, stamped: bool) -> None:
    for what, argument in steps:
        match what:
            case "add":
                rig.add(argument, stamped=stamped)
            case "look":
                await rig.look()
            case "looks":
                for _ in range(argument):
                    await rig.look()
            case "dies":
                await rig.look(dies_after=argument)
            case "restart":
                rig.restart()
            case "clear":
                rig.bmc.clear()
            case "empty":
                rig.bmc.empty_log = True
                await rig.look()
                rig.bmc.empty_log = False
    await rig.look()


@example(
    shape={"newest_first": True, "page": 1, "skips": True, "next_links": True, "linked": False, "etags": False},
    steps=[("add", 10), ("look", None), ("add", 1)],
    stamped=False,
)
@settings(max_examples=150, deadline=None)
@given(shape=SHAPES, steps=st.lists(STEPS, max_size=14), stamped=st.booleans())
def test_each_entry_that_was_there_at_a_look_is_stored_once_whatever_happens(
    shape: dict[str, Any], steps: list[tuple[str, Any]], stamped: bool
):
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(keeps=KEEPS, password=USER, **shape))
        asyncio.run(_follow(rig, steps, stamped=stamped))
    assert sorted(rig.texts) == sorted(rig.expected)


def test_of_a_cleared_log_whose_links_have_known_names_everything_is_read():
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER, linked=True, page=3))
        asyncio.run(_follow(rig, [("add", 12), ("look", None), ("clear", None), ("add", 20)], stamped=True))
    assert len(rig.texts) == 32


def test_a_row_that_goes_out_again_has_its_time():
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER))
        steps = [("add", 3), ("dies", 0), ("add", 2), ("look", None), ("restart", None)]
        asyncio.run(_follow(rig, steps, stamped=False))
    assert all(len(said) == 1 for said in rig.stored.values())
    assert len(rig.texts) == 5


def followed(steps: list[tuple[str, Any]], **shape: Any) -> Rig:
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER, **shape))
        asyncio.run(_follow(rig, steps, stamped=True))
    return rig


def test_a_clear_is_told_once_with_what_was_there():
    rig = followed([("add", 12), ("look", None), ("clear", None), ("add", 2), ("look", None), ("restart", None)])
    ((change, detail),) = rig.changes.values()
    assert change is LogChange.CLEARED
    assert "12 records before, 2 now; generation 1 became 2" in detail


@pytest.mark.parametrize("etags", [True, False])
def test_a_clear_that_nothing_follows_is_told_once_the_log_stays_empty(etags: bool):
    rig = followed([("add", 12), ("look", None), ("clear", None), ("looks", 4)], etags=etags)
    assert rig.changes == {}, "it may be a BMC that starts"
    rig = followed([("add", 12), ("look", None), ("clear", None), ("looks", 12), ("restart", None)], etags=etags)
    ((change, detail),) = rig.changes.values()
    assert (change, "entry 12 was in it before" in detail) == (LogChange.CLEARED, True)


def test_a_clear_is_told_though_the_log_looked_as_empty_when_the_collector_was_killed():
    seen_empty = [("add", 12), ("look", None), ("clear", None), ("look", None)]
    rig = followed([*seen_empty, ("restart", None), ("add", 2), ("clear", None), ("looks", 8)])
    assert [change for change, _ in rig.changes.values()] == [LogChange.CLEARED]


def test_what_follows_such_a_clear_is_a_new_generation_and_no_second_clear():
    rig = followed([("add", 12), ("look", None), ("clear", None), ("looks", 8), ("restart", None), ("add", 3)])
    assert [change for change, _ in rig.changes.values()] == [LogChange.CLEARED]
    assert (rig.page.logs[ENTRIES].generation, len(rig.texts)) == (2, 15)


def test_entries_that_come_back_after_it_are_known():
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER))
        asyncio.run(_follow(rig, [("add", 12), ("look", None)], stamped=True))
        rig.bmc.empty_log = True
        asyncio.run(_follow(rig, [("looks", 8)], stamped=True))
        rig.bmc.empty_log = False
        asyncio.run(_follow(rig, [("add", 1), ("looks", 2), ("clear", None), ("looks", 8)], stamped=True))
    assert len(rig.texts) == 13
    assert [change for change, _ in rig.changes.values()] == [LogChange.CLEARED] * 2, "the second is another one"


def test_what_was_overwritten_unread_after_such_a_clear_is_told():
    steps = [("add", 5), ("look", None), ("clear", None), ("looks", 8), ("add", 2 * KEEPS)]
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER, keeps=KEEPS), place=LogPlace("Sel", ENTRIES, KEEPS))
        asyncio.run(_follow(rig, steps, stamped=True))
    assert len(rig.changes) == 2


def test_a_full_log_that_moves_under_the_reading_is_told_as_a_loss():
    """Pages overlap where new entries come first: what was read is all of the log though it is less than it holds."""
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER, keeps=KEEPS, page=10, skips=True, next_links=True))
        asyncio.run(_follow(rig, [("add", 5), ("look", None)], stamped=True))
        rig.add(2 * KEEPS, stamped=True)
        rig.client.meanwhile[rig.client.asked + 2] = lambda: rig.add(3, stamped=True)
        asyncio.run(rig.look())
    assert [change for change, _ in rig.changes.values()] == [LogChange.LOST]


def test_what_was_read_of_a_log_before_it_was_cleared_under_the_reading_is_stored():
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER, keeps=40, page=10, skips=True, next_links=True))
        rig.add(40, stamped=True)

        def clears() -> None:
            rig.bmc.clear()
            rig.add(35, stamped=True)

        rig.client.meanwhile[rig.client.asked + 2] = clears
        asyncio.run(rig.look())
        asyncio.run(rig.look())
    assert {f"event {number}" for number in (*range(31, 41), *range(41, 76))} <= set(rig.texts)


def test_entries_that_were_overwritten_before_anybody_read_them_are_told_as_a_loss():
    rig = followed([("add", 5), ("look", None), ("add", 2 * KEEPS)], keeps=KEEPS)
    assert [change for change, _ in rig.changes.values()] == [LogChange.LOST]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("moves", [(3,), (3, 7)])
def test_what_was_read_before_the_log_wrapped_under_the_reading_is_stored(newest_first: bool, moves: tuple[int, ...]):
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER, keeps=25, page=7, newest_first=newest_first))
        rig.client.meanwhile = {asked: lambda: rig.add(6, stamped=True) for asked in moves}
        asyncio.run(_follow(rig, [("add", 25), ("look", None), ("look", None)], stamped=True))
    everything = [f"event {number}" for number in range(1, rig.added + 1)]
    if newest_first:  # the oldest come last, and some went before their page was asked for
        everything = everything[-len(rig.texts) :]
        assert len(rig.texts) >= 25
    assert rig.texts == everything


def test_reading_the_logs_for_the_first_time_is_a_job_and_reading_them_once_more_another():
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER, page=7))
        asyncio.run(_follow(rig, [("add", 25), ("look", None)], stamped=True))
        first = rig.jobs[-1]
        assert (first.reason, first.state, first.events_synced) == ("first look", "done", 25)
        asyncio.run(rig.ledger.asked.put(asked_job("demo", "b", "anna", rig.clock.now())))
        asyncio.run(_follow(rig, [("add", 2), ("restart", None), ("look", None), ("look", None)], stamped=True))
    assert sorted(text.rpartition(" | ")[2] for text in rig.again) == sorted(rig.texts)
    assert len(rig.texts) == 27
    assert (rig.jobs[-1].reason, rig.jobs[-1].state, rig.jobs[-1].progress) == ("anna asked", "done", 1.0)


@pytest.mark.parametrize("expands", [False, True])
@pytest.mark.parametrize("newest_first", [True, False])
def test_of_a_log_beyond_one_reading_nothing_is_left_out(newest_first: bool, expands: bool):
    """It takes several looks, each goes on where the one before ended, while the log grows."""
    with TemporaryDirectory() as folder:
        bmc = RedfishBmc(
            password=USER, keeps=50_000, page=500, newest_first=newest_first, linked=expands, expands=expands
        )
        rig = Rig(Path(folder), bmc, expand="$expand=.($levels=1)" if expands else "")
        steps: list[tuple[str, Any]] = [("add", 2 * MAX_ENTRIES + 100), ("look", None), ("add", 5), ("restart", None)]
        asyncio.run(_follow(rig, [*steps, ("look", None), ("add", 3), ("look", None), ("look", None)], stamped=True))
        requests = len(bmc.requests)
        asyncio.run(rig.look())
    assert rig.texts == [f"event {number}" for number in range(1, 2 * MAX_ENTRIES + 109)]
    asked = len(bmc.requests) - requests
    assert asked == 1 + expands, "once all is read: the first page, and the newest entry where that shows only links"


@pytest.mark.parametrize("newest_first", [True, False])
def test_after_an_absence_a_long_log_is_read_from_what_was_known_on(newest_first: bool):
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER, keeps=50_000, page=500, newest_first=newest_first))
        steps: list[tuple[str, Any]] = [("add", 20), ("look", None), ("add", MAX_ENTRIES + 700), ("look", None)]
        asyncio.run(_follow(rig, steps, stamped=True))
    assert rig.texts == [f"event {number}" for number in range(1, MAX_ENTRIES + 721)]


def test_the_first_look_s_job_lasts_until_all_parts_of_a_long_log_are_read():
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER, keeps=50_000, page=500))
        rig.add(2 * MAX_ENTRIES + 100, stamped=True)
        asyncio.run(rig.look())
        assert [job.state for job in rig.jobs[-1:]] == ["running"]
        assert rig.page.job is not None
        assert rig.page.job.events_synced == MAX_ENTRIES
        assert rig.page.job.events_total == 2 * MAX_ENTRIES + 100
        asyncio.run(rig.look())
        asyncio.run(rig.look())
    assert rig.page.job is not None
    assert (rig.page.job.state, rig.page.job.events_synced) == ("done", 2 * MAX_ENTRIES + 100)
    assert len({job.id for job in rig.jobs}) == 1


def test_while_a_log_of_many_pages_is_read_its_job_says_how_much_is_here():
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER, page=50))
        rig.add(400, stamped=True)
        ask = rig.client.get

        async def slowly(path: str, etag: str = "") -> Reply:
            rig.clock.advance_to(rig.clock.now() + timedelta(seconds=2))
            return await ask(path, etag=etag)

        rig.client.get = slowly
        asyncio.run(rig.look())
    steps = [job.current_step for job in rig.jobs]
    assert steps[:3] == ["reading", "reading: 150 of 400 entries", "reading: 200 of 400 entries"]
    assert rig.jobs[0].events_total == 400, "the job begins before the log is read"
    assert (rig.jobs[-1].state, rig.jobs[-1].events_synced, rig.jobs[-1].events_total) == ("done", 400, 400)


@pytest.mark.parametrize("newest_first", [True, False])
def test_reading_a_long_log_once_more_covers_all_of_it_over_several_looks_and_a_restart(newest_first: bool):
    with TemporaryDirectory() as folder:
        rig = Rig(Path(folder), RedfishBmc(password=USER, keeps=50_000, page=500, newest_first=newest_first))
        rig.add(MAX_ENTRIES + 700, stamped=True)
        asyncio.run(rig.look())
        asyncio.run(rig.look())
        assert len(rig.texts) == MAX_ENTRIES + 700
        asyncio.run(rig.ledger.asked.put(asked_job("demo", "b", "anna", rig.clock.now())))
        asyncio.run(rig.look())
        assert rig.page.job is not None
        assert rig.page.job.state == "running"
        rig.restart()
        rig.add(3, stamped=True)
        asyncio.run(rig.look())
        asyncio.run(rig.look())
    assert rig.page.job is not None
    assert rig.page.job.state == "done"
    told = {text.rpartition(" | ")[2] for text in rig.again}
    assert told >= {f"event {number}" for number in range(1, MAX_ENTRIES + 701)}


class Linking(Straight):
    """A client of a log of links, and what happens when a certain entry is asked for."""

    def __init__(self, bmc: RedfishBmc) -> None:
        super().__init__(bmc)
        self.before: dict[int, Callable[[], None]] = {}
        self.fails: dict[int, str] = {}
        self.instead: dict[int, dict[str, Any]] = {}

    async def get(self, path: str, *, etag: str = "") -> Reply:
        name = path.rpartition("/")[2]
        if name.isdecimal():
            self.before.pop(int(name), lambda: None)()
            if why := self.fails.get(int(name)):
                raise IpmiFailed(Reason.OTHER, why)
            if (body := self.instead.pop(int(name), None)) is not None:
                return Reply(200, body)
        return await super().get(path, etag=etag)


def linking(folder: str, **shape: Any) -> Rig:
    rig = Rig(Path(folder), RedfishBmc(password=USER, linked=True, **{"page": 40, "keeps": KEEPS, **shape}))
    rig.client = Linking(rig.bmc)
    return rig


async def looks(rig: Rig, count: int) -> None:
    for _ in range(count):
        await rig.look()


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("dies", [None, 0])
def test_entries_that_are_overwritten_between_their_listing_and_their_reading_are_told_once(
    newest_first: bool, dies: int | None
):
    with TemporaryDirectory() as folder:
        rig = linking(folder, newest_first=newest_first)
        rig.add(5, stamped=True)
        asyncio.run(rig.look())
        rig.add(KEEPS - 3, stamped=True)  # 3 to 32 are there
        rig.client.before[6] = lambda: rig.add(5, stamped=True)  # 8 to 37
        asyncio.run(rig.look(dies))
        asyncio.run(looks(rig, 2))
    assert rig.texts == [f"event {number}" for number in (*range(1, 6), *range(8, 38))]
    ((change, why),) = rig.changes.values()
    assert change is LogChange.LOST
    assert why == "records were gone before they were read: entries 6 to 7; entry 32 was read after them; generation 1"


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_listing_that_is_overwritten_whole_before_it_is_read_is_told_once(newest_first: bool):
    with TemporaryDirectory() as folder:
        rig = linking(folder, newest_first=newest_first)
        rig.add(5, stamped=True)
        asyncio.run(rig.look())
        rig.add(10, stamped=True)
        rig.client.before[9] = lambda: rig.add(2 * KEEPS, stamped=True)
        asyncio.run(looks(rig, 3))
    assert rig.texts == [f"event {number}" for number in (*range(1, 9), *range(46, 76))]
    ((change, why),) = rig.changes.values()
    assert change is LogChange.LOST
    assert "ids 9 to 45" in why


def test_a_first_listing_that_is_overwritten_whole_before_it_is_read_is_told_once():
    with TemporaryDirectory() as folder:
        rig = linking(folder)
        rig.add(10, stamped=True)
        rig.client.before[1] = lambda: rig.add(2 * KEEPS, stamped=True)
        asyncio.run(looks(rig, 3))
    assert rig.texts == [f"event {number}" for number in range(41, 71)]
    assert [change for change, _ in rig.changes.values()] == [LogChange.LOST]


@pytest.mark.parametrize("at", [6, 7, 9, 15])
@pytest.mark.parametrize("known", [0, 5])
@pytest.mark.parametrize("newest_first", [True, False])
def test_of_a_log_that_is_cleared_and_grows_again_while_its_links_are_read_nothing_is_left_out(
    at: int, known: int, newest_first: bool
):
    """The names of the links are those of other entries by then."""
    with TemporaryDirectory() as folder:
        rig = linking(folder, newest_first=newest_first)
        rig.add(known, stamped=True)
        asyncio.run(looks(rig, 1))
        rig.add(15 - known, stamped=True)

        def clears() -> None:
            rig.bmc.clear()
            rig.add(12, stamped=True)

        rig.client.before[at] = clears
        asyncio.run(looks(rig, 3))
    assert sorted(rig.texts) == sorted(f"event {number}" for number in (*range(1, at), *range(16, 28)))
    assert [change for change, _ in rig.changes.values()] == [LogChange.CLEARED]


def test_an_entry_that_fails_for_now_is_read_by_the_next_look():
    with TemporaryDirectory() as folder:
        rig = linking(folder)
        rig.add(10, stamped=True)
        rig.client.fails[4] = "the BMC answers 500"
        asyncio.run(looks(rig, 2))
        assert rig.texts == ["event 1", "event 2", "event 3"]
        rig.client.fails.clear()
        asyncio.run(rig.look())
    assert rig.texts == [f"event {number}" for number in range(1, 11)]
    assert rig.changes == {}


def test_an_entry_that_never_can_be_read_is_told_and_the_log_goes_on():
    with TemporaryDirectory() as folder:
        rig = linking(folder)
        rig.add(10, stamped=True)
        rig.client.fails[4] = "the BMC answers 500"
        asyncio.run(looks(rig, 5))
    assert rig.texts == [f"event {number}" for number in range(1, 11) if number != 4]
    ((change, why),) = rig.changes.values()
    assert change is LogChange.LOST
    assert why.startswith("entry 4 could not be read in 3 looks: the BMC answers 500; entry 10 was read after it")


def test_the_newest_entry_that_fails_is_read_though_no_other_follows():
    with TemporaryDirectory() as folder:
        rig = linking(folder)
        rig.add(10, stamped=True)
        rig.client.fails[10] = "the BMC answers 500"
        asyncio.run(looks(rig, 5))
        rig.client.fails.clear()
        asyncio.run(rig.look())
    assert rig.texts == [f"event {number}" for number in range(1, 11)]
    assert rig.changes == {}


@pytest.mark.parametrize("body", [{"Id": "4"}, {"@odata.id": f"{ENTRIES}/2", "Id": "2", "Message": "event 2"}])
def test_a_body_that_is_not_the_entry_that_was_asked_for_is_asked_for_again(body: dict[str, Any]):
    """One that is no entry by the next look, one that says to be another entry at once."""
    with TemporaryDirectory() as folder:
        rig = linking(folder)
        rig.add(6, stamped=True)
        rig.client.instead[4] = body
        asyncio.run(looks(rig, 2))
    assert rig.texts == [f"event {number}" for number in range(1, 7)]
    assert rig.changes == {}


def test_a_service_that_numbers_bodies_otherwise_than_links_is_read():
    with TemporaryDirectory() as folder:
        rig = linking(folder)
        rig.add(6, stamped=True)
        numbered = rig.client.get

        async def get(path: str, *, etag: str = "") -> Reply:
            reply = await numbered(path, etag=etag)
            name = path.rpartition("/")[2]
            if not name.isdecimal():
                return reply
            return Reply(200, {**reply.body, "@odata.id": f"{ENTRIES}/{int(name) + 1}"}, reply.headers)

        rig.client.get = get
        asyncio.run(looks(rig, 2))
    assert rig.texts == [f"event {number}" for number in range(1, 7)]
    assert rig.changes == {}
