"""Following a log through what no simulator does: it wraps, skips numbers, changes while it is read, dies with us."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.event_logs import EventLogBatch, LogChange, SyncJob
from groundcrew.contracts.observations import SelBatch
from groundcrew_ipmi_collector.backend import Backend
from groundcrew_ipmi_collector.event_log import MAX_ROWS, EventLog
from groundcrew_ipmi_collector.lanplus.wire import Message
from groundcrew_ipmi_collector.ledger import Ledger, Page
from groundcrew_ipmi_collector.look import Look, SelState
from groundcrew_ipmi_collector.native import NativeBackend
from groundcrew_ipmi_collector.process import Finished
from groundcrew_ipmi_collector.raw_record import BmcClock
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.syncing import asked_job
from groundcrew_ipmi_collector.tool import ToolBackend

START = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
STAMP = int(START.timestamp())


@dataclass
class Log:
    """A BMC's event log: numbers and stamps, oldest first; answers as ipmitool would, and as the BMC itself."""

    records: list[tuple[int, int]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    vanishes: bool = False
    wraps_after: int | None = None
    moves: dict[int, Callable[[], None]] = field(default_factory=dict)
    erased: str = ""
    free_bytes: int | None = None
    guid: str = "a1"

    def clear(self, *, told: bool = True) -> None:
        self.records = []
        if told:
            self.erased = f"03/04/26 02:00:{len(self.asked) % 60:02} UTC"

    def add(self, *numbers: int, stamp: int | None = None) -> None:
        self.records += [(number, STAMP + number if stamp is None else stamp) for number in numbers]

    @property
    def state(self) -> SelState:
        newest = str(self.records[-1]) if self.records else "Not Available"
        count = len(self.records)
        capacity = None if self.free_bytes is None else count + self.free_bytes // 16
        return SelState(count, f"{newest} {count}", self.erased, overflow=False, capacity=capacity)

    async def command(self, *words: str, cache: Path | None = None, timeout_s: float = 0) -> Finished:
        self.asked.append(" ".join(words))
        shown = self.records[-int(words[3]) :] if len(words) == 4 else self.records
        lines = [f" {number:3x} | 03/04/26 | 02:00:00 UTC | Fan FAN{number} | Failed | Asserted" for number, _ in shown]
        return Finished(0, "\n".join(lines), "")

    async def script(self, lines: Sequence[str], *, cache: Path | None = None, timeout_s: float = 0) -> Finished:
        if self.vanishes:
            self.records = []
        held = dict(self.records)
        said = []
        for line in lines:
            low, high = (int(word, 16) for word in line.split()[5:7])
            number = low | high << 8
            if number in held:
                record = number.to_bytes(2, "little") + b"\x02" + held[number].to_bytes(4, "little") + b"\x20" * 9
                said += [" ff ff " + record[:14].hex(" "), " " + record[14:].hex(" ")]
        return Finished(0, "\n".join(said), "")

    @asynccontextmanager
    async def speaking(self, timeout_s: float = 0) -> AsyncIterator[None]:
        yield

    async def ask(self, netfn: int, command: int, data: bytes = b"", *, lun: int = 0) -> Message:
        assert (netfn, command) == (0x0A, 0x43), "Get SEL Entry"
        if self.vanishes and self.asked:
            self.records = []
        if self.wraps_after is not None and len(self.asked) >= self.wraps_after:
            self.records = self.records[-2:]
        self.moves.pop(len(self.asked), lambda: None)()
        wanted = int.from_bytes(data[2:4], "little")
        self.asked.append(str(wanted))
        numbers = [number for number, _ in self.records]
        if wanted == 0 and numbers:
            wanted = numbers[0]
        if wanted not in numbers:
            return Message(0x0B, 0, 0, command, 0xCB, b"")
        place = numbers.index(wanted)
        following = numbers[place + 1] if place + 1 < len(numbers) else 0xFFFF
        stamp = self.records[place][1]
        record = wanted.to_bytes(2, "little") + b"\x02" + stamp.to_bytes(4, "little") + b"\x20" * 9
        return Message(0x0B, 0, 0, command, 0, following.to_bytes(2, "little") + record)


class Died(Exception):
    """The process ended here."""


class Rig:
    """A collector's memory of one log, over restarts; the bus keeps what it took."""

    def __init__(self, folder: Path, backend: str) -> None:
        self.log = Log()
        cache = folder / "no-sensors"
        self.backend: Backend = (
            NativeBackend(self.log, cache=cache, now_us=lambda: 0)  # type: ignore[arg-type]
            if backend == "native"
            else ToolBackend(self.log, cache=cache, now_us=lambda: 0)  # type: ignore[arg-type]
        )
        self.clock = VirtualClock(START + timedelta(days=1))
        self.ledger = Ledger(folder)
        self.ledger.open()
        self.stored: list[tuple[str, int, int]] = []
        self.messages: list[str] = []
        self.again: list[str] = []
        self.unsure: list[float | None] = []
        self.states: list[int] = []
        self.changes: dict[str, tuple[LogChange, str]] = {}
        self.jobs: list[SyncJob] = []
        self.dies_after: int | None = None
        self.tells_no_more = False
        self.page = Page(bmc="b")
        self.restart()

    def restart(self) -> None:
        self.event_log = EventLog(
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
            if change is LogChange.NONE:
                self.states.append(batch.entries[row])
            elif self.tells_no_more:
                raise Died
            else:
                self.changes[batch.ids[row]] = (change, batch.details[row])

    async def sync(self, job: SyncJob) -> None:
        self.jobs.append(job)

    async def records(self, batch: SelBatch, envelope_id: str, position: str, now_us: int) -> None:
        self.messages.append(envelope_id)
        if batch.again:
            self.again += batch.ids
        else:
            self.stored += zip(batch.ids, batch.record_ids, batch.times, strict=True)
            self.unsure += batch.uncertainties
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after <= 0:
                raise Died

    async def poll(self, *, bmc_clock: BmcClock | None = None) -> None:
        look = Look(guid=self.log.guid, guid_known=True, clock=bmc_clock or BmcClock(0))
        self.page = await self.event_log.collect(self.backend, look, self.log.state, self.page)

    @property
    def numbers(self) -> list[int]:
        return [number for _, number, _ in self.stored]


@pytest.fixture(params=["native", "ipmitool"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def rig(tmp_path: Path, backend: str) -> Rig:
    return Rig(tmp_path, backend)


async def test_a_log_that_wraps_round_is_followed_within_its_generation(rig: Rig):
    rig.log.add(*range(1, 21))
    await rig.poll()
    for number in range(21, 60, 3):
        rig.log.add(number, number + 1, number + 2)
        rig.log.records = rig.log.records[-20:]  # as many as fit; the oldest go
        await rig.poll()
    assert rig.numbers == list(range(1, 60))
    assert rig.page.generation == 1


async def test_a_log_that_wrapped_round_wholly_while_nobody_looked_is_another_generation(rig: Rig):
    rig.log.add(*range(1, 21))
    await rig.poll()
    rig.log.records = []
    rig.log.add(*range(101, 121))
    await rig.poll()
    assert rig.numbers == [*range(1, 21), *range(101, 121)]
    assert rig.page.generation == 2


async def test_where_somebody_deleted_the_newest_record_the_others_are_no_news(rig: Rig):
    rig.log.add(1, 2, 3, 4)
    await rig.poll()
    del rig.log.records[-1]
    rig.log.add(9)
    await rig.poll()
    assert rig.numbers == [1, 2, 3, 4, 9]


async def test_record_numbers_with_gaps_are_followed(rig: Rig):
    rig.log.add(*range(0x14, 0x14 * 40, 0x14))
    await rig.poll()
    rig.log.add(0x14 * 41, 0x14 * 45)
    await rig.poll()
    assert rig.numbers[-2:] == [0x14 * 41, 0x14 * 45]
    assert len(set(rig.stored)) == len(rig.stored) == 41


async def test_a_log_that_changes_between_two_sessions_is_left_for_the_next_look(rig: Rig, backend: str):
    rig.log.add(1, 2)
    rig.log.vanishes = True
    with pytest.raises(IpmiFailed) as failure:
        await rig.poll()
    assert failure.value.reason is Reason.CHANGED
    assert rig.numbers == ([1] if backend == "native" else [])


@pytest.mark.parametrize("backend", ["native"])
async def test_what_was_read_before_the_log_wrapped_under_the_reading_is_kept_and_the_gap_is_told(rig: Rig):
    rig.log.add(*range(1, 11))
    rig.log.wraps_after = 5
    with pytest.raises(IpmiFailed, match="the next look goes on"):
        await rig.poll()
    assert rig.numbers == [1, 2, 3, 4, 5]
    rig.log.wraps_after = None
    rig.restart()
    await rig.poll()
    assert rig.numbers == [1, 2, 3, 4, 5, 9, 10]
    assert became(rig) == [LogChange.LOST]


async def test_a_record_without_a_time_that_is_new_happened_just_now(rig: Rig):
    rig.log.add(1)
    await rig.poll()
    rig.log.add(2, stamp=40)  # the BMC restarted, and its clock was set since
    await rig.poll()
    assert rig.stored[-1][2] == int((START + timedelta(days=1)).timestamp()) * 1_000_000


async def test_of_a_log_never_read_before_a_record_without_a_time_is_as_old_as_its_neighbour(rig: Rig):
    rig.log.add(1, stamp=40)
    rig.log.add(2, stamp=STAMP - 90 * 86_400)
    rig.log.add(3, stamp=41)
    await rig.poll()
    assert {time for _, _, time in rig.stored} == {(STAMP - 90 * 86_400) * 1_000_000}


@pytest.mark.parametrize("dies_after", [1, 2, 3])
async def test_what_was_under_way_when_it_died_goes_out_again_as_the_same_message(rig: Rig, dies_after: int):
    rig.log.add(*range(1, 2 * MAX_ROWS + 50), stamp=STAMP)
    rig.log.add(5_000, stamp=7)
    rig.dies_after = dies_after
    with pytest.raises(Died):
        await rig.poll()
    rig.dies_after = None
    rig.log.add(6_000)
    rig.clock.advance_to(START + timedelta(days=1, hours=1))
    rig.restart()
    await rig.poll(bmc_clock=BmcClock(3_600_000_000))  # and meanwhile somebody moved the BMC's clock
    assert rig.messages[dies_after - 1] == rig.messages[dies_after], "the bus knows it as a repetition"
    times: dict[str, set[int]] = {}
    for row_id, _, time in rig.stored:
        times.setdefault(row_id, set()).add(time)
    assert all(len(each) == 1 for each in times.values())
    assert len(times) == 2 * MAX_ROWS + 51


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(["add", "clear", "die", "restart", "wrap"]), st.integers(1, 30)), max_size=12)
)
async def test_whatever_happens_each_record_is_stored_and_none_twice(
    tmp_path_factory: pytest.TempPathFactory, backend: str, happenings: list[tuple[str, int]]
):
    rig = Rig(tmp_path_factory.mktemp("state"), backend)
    number, written = 0, set()
    for what, size in happenings:
        match what:
            case "add":
                rig.log.add(*range(number + 1, number + size + 1))
                number += size
            case "clear":
                rig.log.records = []
            case "wrap":
                rig.log.records = rig.log.records[size:]
            case "die":
                rig.dies_after = 1
            case "restart":
                rig.restart()
        written |= {one for one, _ in rig.log.records}
        try:
            await rig.poll()
        except Died:
            rig.dies_after = None
            rig.restart()
            await rig.poll()
    assert set(rig.numbers) == written
    assert len({row_id for row_id, _, _ in rig.stored}) == len(written), "one id for each record"


# --- what became of the log ------------------------------------------------------------------------------------------


def became(rig: Rig) -> list[LogChange]:
    return [change for change, _ in rig.changes.values()]


async def test_a_clear_is_told_with_what_was_there_and_what_the_bmc_says(rig: Rig):
    rig.log.add(*range(1, 21))
    await rig.poll()
    rig.log.clear()
    rig.log.add(1, 2, stamp=STAMP + 500)
    await rig.poll()
    await rig.poll()
    ((change, detail),) = rig.changes.values()
    assert change is LogChange.CLEARED
    assert detail.startswith(
        f"the BMC says it erased at {rig.log.erased}; 20 records before, 2 now; generation 1 became 2"
    )
    assert rig.numbers == [*range(1, 21), 1, 2]


async def test_a_log_that_was_emptied_is_told_at_once_where_the_bmc_says_when(rig: Rig):
    rig.log.add(1, 2, 3)
    await rig.poll()
    rig.log.clear()
    await rig.poll()
    assert became(rig) == [LogChange.CLEARED]


async def test_a_clear_before_anything_of_the_log_was_stored_is_told_too(rig: Rig):
    rig.log.add(1, 2, 3)
    await rig.poll()
    rig.log.clear()
    rig.log.add(1, 2, stamp=STAMP + 500)
    rig.tells_no_more = True
    with pytest.raises(Died):  # it was about to tell of the clear, and has stored nothing of what followed
        await rig.poll()
    rig.tells_no_more = False
    rig.clock.advance_to(rig.clock.now() + timedelta(seconds=61))
    rig.log.erased = "03/04/26 05:00:00 UTC"
    rig.log.records = []
    rig.restart()
    await rig.poll()
    await rig.poll()
    assert became(rig) == [LogChange.CLEARED, LogChange.CLEARED]
    assert rig.numbers == [1, 2, 3]


async def test_of_a_log_whose_first_reading_was_cut_off_a_clear_is_told(rig: Rig):
    rig.log.erased = "03/04/26 01:00:00 UTC"
    rig.log.add(1, 2, 3)
    rig.dies_after = 1
    with pytest.raises(Died):
        await rig.poll()
    rig.dies_after = None
    rig.log.clear()
    rig.restart()
    await rig.poll()
    assert became(rig) == [LogChange.CLEARED]


async def test_a_second_clear_is_told_though_nothing_was_read_between_the_two(rig: Rig):
    rig.log.add(1, 2, 3)
    await rig.poll()
    rig.log.clear()
    await rig.poll()
    rig.clock.advance_to(rig.clock.now() + timedelta(seconds=61))
    rig.log.add(1, 2)
    rig.log.erased = "03/04/26 06:00:00 UTC"
    rig.log.records = []
    rig.log.add(1, stamp=STAMP + 900)
    await rig.poll()
    assert became(rig) == [LogChange.CLEARED, LogChange.CLEARED]


async def test_what_a_log_dropped_since_it_was_emptied_is_told_as_a_loss(rig: Rig):
    rig.log.free_bytes = 0
    rig.log.add(1, 2, 3)
    await rig.poll()
    rig.log.clear()
    await rig.poll()
    rig.log.add(*range(8, 28))
    await rig.poll()
    assert became(rig) == [LogChange.CLEARED, LogChange.LOST]
    assert "ids 1 to 7" in list(rig.changes.values())[-1][1]


@pytest.mark.parametrize("backend", ["native"])
async def test_what_stood_in_the_place_of_a_known_record_is_kept_though_the_log_drops_it(rig: Rig):
    rig.log.add(1, 2, 3)
    await rig.poll()
    rig.log.clear()
    rig.log.add(*range(1, 9), stamp=STAMP + 500)

    def wraps() -> None:
        rig.log.records = rig.log.records[5:]

    rig.log.moves[len(rig.log.asked) + 3] = wraps  # after the places of the known records were looked at
    await rig.poll()
    assert rig.numbers == [1, 2, 3, 1, 2, 3, 6, 7, 8]


async def test_a_log_that_is_empty_while_the_bmc_starts_was_not_cleared(rig: Rig):
    rig.log.add(1, 2, 3)
    await rig.poll()
    kept, rig.log.records = rig.log.records, []
    await rig.poll()
    await rig.poll()
    rig.log.records = kept
    rig.log.add(4)
    await rig.poll()
    assert became(rig) == []
    assert rig.numbers == [1, 2, 3, 4], "nothing twice"


async def test_records_that_were_overwritten_before_anybody_read_them_are_told_as_a_loss(rig: Rig):
    rig.log.add(*range(1, 21))
    await rig.poll()
    rig.log.records = []
    rig.log.add(*range(31, 51))
    await rig.poll()
    ((change, detail),) = rig.changes.values()
    assert change is LogChange.LOST
    assert "ids 21 to 30" in detail


async def test_somebody_who_deletes_single_records_is_told(rig: Rig):
    rig.log.add(*range(1, 11))
    await rig.poll()
    del rig.log.records[8:]
    rig.log.add(11)
    await rig.poll()
    await rig.poll()
    ((change, detail),) = rig.changes.values()
    assert change is LogChange.DELETED
    assert detail.startswith("2 of the newest records")
    assert rig.numbers == list(range(1, 12))


async def test_where_the_bmc_says_that_it_erased_and_older_records_are_missing_somebody_deleted_them(rig: Rig):
    rig.log.add(*range(1, 11))
    rig.log.free_bytes = 1_600
    await rig.poll()
    del rig.log.records[2:5]
    rig.log.erased = "03/04/26 03:00:00 UTC"
    await rig.poll()
    assert became(rig) == [LogChange.DELETED]
    await rig.poll()
    assert became(rig) == [LogChange.DELETED]


async def test_another_board_at_the_same_address_is_told(rig: Rig):
    rig.log.add(1, 2)
    await rig.poll()
    rig.log.guid = "b2"
    await rig.poll()
    ((change, detail),) = rig.changes.values()
    assert change is LogChange.REPLACED
    assert detail.startswith("its GUID is b2, it was a1; 2 records before, 2 now")
    assert rig.numbers == [1, 2, 1, 2], "they are records of another BMC"


@pytest.mark.parametrize("dies_after", [1, 2])
async def test_what_was_read_is_kept_though_the_log_is_cleared_before_the_killed_process_is_back(
    rig: Rig, dies_after: int
):
    rig.log.add(*range(1, 2 * MAX_ROWS), stamp=STAMP)
    rig.dies_after = dies_after
    with pytest.raises(Died):
        await rig.poll()
    read = len({row_id for row_id, _, _ in rig.stored})
    rig.stored.clear()  # the bus had not taken the last of it
    rig.dies_after = None
    rig.log.clear()
    rig.log.add(1, stamp=STAMP + 900)
    rig.restart()
    await rig.poll()
    assert len(rig.stored) == read // dies_after + 1
    assert became(rig) == [LogChange.CLEARED]


async def test_the_state_of_a_log_is_told_when_it_changes_and_every_ten_minutes(rig: Rig):
    rig.log.free_bytes = 16
    rig.log.add(1)
    await rig.poll()
    await rig.poll()
    rig.log.add(2)
    await rig.poll()
    assert rig.states == [1, 2]
    rig.clock.advance_to(rig.clock.now() + timedelta(minutes=10))
    await rig.poll()
    assert rig.states == [1, 2, 2]


# --- jobs ------------------------------------------------------------------------------------------------------------


async def test_reading_a_log_for_the_first_time_is_a_job_that_goes_on_after_a_kill(rig: Rig):
    rig.log.add(*range(1, 1_251), stamp=STAMP)
    rig.dies_after = 2
    with pytest.raises(Died):
        await rig.poll()
    rig.dies_after = None
    rig.restart()
    rig.clock.advance_to(rig.clock.now() + timedelta(seconds=9))
    await rig.poll()
    assert len({job.id for job in rig.jobs}) == 1
    synced = [job.events_synced for job in rig.jobs]
    assert synced == sorted(synced), "it never starts again"
    last = rig.jobs[-1]
    assert (last.state, last.progress, last.events_synced, last.reason) == ("done", 1.0, 1_250, "first look")
    assert last.finished_at is not None
    assert last.started_at == START + timedelta(days=1)


async def test_a_log_is_read_once_more_where_somebody_asks_and_nothing_is_news(rig: Rig):
    rig.log.add(*range(1, 701), stamp=STAMP)
    await rig.poll()
    known = {row_id for row_id, _, _ in rig.stored}
    rig.jobs.clear()
    await rig.ledger.asked.put(asked_job("demo", "b", "anna", rig.clock.now()))
    rig.restart()  # asked for before it was killed
    rig.log.add(701)
    await rig.poll()
    assert set(rig.again) == {row_id for row_id, _, _ in rig.stored}
    assert known < set(rig.again)
    assert len(rig.stored) == 701
    assert (rig.jobs[0].reason, rig.jobs[-1].state, rig.jobs[-1].events_synced) == ("anna asked", "done", 701)
    assert rig.ledger.asked.of("b") is None
    await rig.poll()
    assert len(rig.again) == 701


async def test_reading_once_more_goes_on_where_it_was_killed(rig: Rig):
    rig.log.add(*range(1, 1_251), stamp=STAMP)
    await rig.poll()
    await rig.ledger.asked.put(asked_job("demo", "b", "anna", rig.clock.now()))
    rig.dies_after = 2
    with pytest.raises(Died):
        await rig.poll()
    rig.dies_after = None
    rig.restart()
    await rig.poll()
    assert len(set(rig.again)) == 1_250
    assert len(rig.again) < 2 * 1_250 - 50, "what was through is not read again"
    assert (rig.jobs[-1].state, rig.jobs[-1].progress) == ("done", 1.0)
