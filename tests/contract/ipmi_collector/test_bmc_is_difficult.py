"""BMCs that hang, drip, forget, lie and babble: what is known of them stays right, and nothing is lost or doubled."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from tests.bmc.fleet import Lab, lab, our_clock

from groundcrew.contracts.inventory import Inventory
from groundcrew.diagnosis.maker_meanings import META
from groundcrew.runtime.inventory import InventoryView
from groundcrew_ipmi_collector.fleet import Fleet
from groundcrew_ipmi_collector.lab.bmc import Fault, SimulatedBmc
from groundcrew_ipmi_collector.lab.records import Analog, Discrete, event
from groundcrew_ipmi_collector.lab.server import BmcServer
from groundcrew_ipmi_collector.lanplus import client

from .reading import Reading, reading_of
from .simulated_bmc import needs_the_simulator

DRIVE, PRESENT = 0x0D, b"\x00\xff\xff"
STORAGE, ALLOCATION = 0x0A, 0x41


@dataclass
class Difficult:
    """A BMC on a port, and whoever reads it."""

    lab: Lab
    bmc: SimulatedBmc
    port: int

    @property
    def server(self) -> BmcServer:
        return self.lab.servers[self.port]

    def add(self, count: int) -> None:
        def adding() -> None:
            for _ in range(count):
                self.bmc.add(event(DRIVE, 9, PRESENT))

        self.lab.do(adding)

    def is_now(self, *faults: Fault) -> None:
        self.lab.do(lambda: self.bmc.faults.clear() or self.bmc.faults.update(faults))


@pytest.fixture(scope="module")
def running() -> Iterator[Lab]:
    needs_the_simulator()
    with lab() as started:
        yield started


@pytest.fixture
def difficult(running: Lab) -> Difficult:
    bmc = SimulatedBmc(our_clock)
    bmc.add_sensor(Analog(number=1, name="CPU1 Temp", kind=1, unit=1))
    bmc.add_sensor(Discrete(number=2, name="PS1 Status", kind=8))
    bmc.read(1, 62)
    bmc.read(2, 0, 1)
    return Difficult(running, bmc, running.start(bmc))


@pytest.fixture
async def reading(difficult: Difficult, tmp_path: Path, backend: str) -> AsyncIterator[Reading]:
    made = reading_of(difficult, tmp_path / "collector", backend=backend, section={"session_s": 10})
    yield made
    await made.close()


def numbers(reading: Reading) -> list[int]:
    return [number for _, number, _, _ in reading.rows]


async def test_cipher_suite_17_is_taken_where_the_bmc_knows_it(reading: Reading):
    await reading.poll()
    assert reading.facts["cipher_suite"] == "17"
    assert {state for state, _ in reading.sources.values()} == {"present"}


async def test_a_bmc_that_hangs_is_told_as_such_and_read_on_when_it_answers(difficult: Difficult, reading: Reading):
    difficult.add(3)
    await reading.poll()
    difficult.is_now(Fault.HANG)
    difficult.add(2)
    await reading.poll()
    assert reading.sources["sel"] == ("failing", "timeout: the BMC does not answer")
    difficult.is_now()
    await reading.poll()
    assert numbers(reading) == [1, 2, 3, 4, 5]
    assert reading.sources["sel"][0] == "present"


async def test_answers_that_drip_are_waited_for(difficult: Difficult, reading: Reading):
    difficult.add(2)
    difficult.is_now(Fault.DRIP)
    await reading.poll()
    assert numbers(reading) == [1, 2]


async def test_a_bmc_that_refuses_the_password_is_told_as_such(difficult: Difficult, reading: Reading):
    difficult.is_now(Fault.REFUSE)
    await reading.poll()
    assert reading.sources["sel"][1].startswith("credentials: ")
    difficult.is_now()
    await reading.poll()
    assert reading.sources["sel"][0] == "present", "the attempt before left no session behind"


async def test_a_full_log_keeps_its_records_and_says_that_it_is_full(difficult: Difficult, reading: Reading):
    difficult.bmc.capacity = 20
    difficult.is_now(Fault.FULL)
    difficult.add(30)
    await reading.poll()
    assert numbers(reading) == list(range(1, 21))
    assert (reading.facts["sel_percent_used"], reading.facts["sel_overflow"]) == ("100", "yes")


def told_capacities(reading: Reading) -> list[tuple[int, int | None]]:
    """Entries and capacity of the event log, as they were told."""
    batches = [envelope.data for envelope in reading.bus.of("observe.eventlogs")]
    return [(batch.entries[-1], batch.capacities[-1]) for batch in batches]


async def test_a_log_of_more_than_64_kib_tells_by_its_units_how_much_fits(difficult: Difficult, reading: Reading):
    difficult.bmc.unit_bytes, difficult.bmc.capacity = 24, 4_000
    difficult.add(3)
    await reading.poll()
    assert told_capacities(reading) == [(3, 4_000)], "its free bytes would say nothing: 65535 or more"


async def test_records_of_more_than_16_bytes_count_as_what_they_take(difficult: Difficult, reading: Reading):
    difficult.bmc.unit_bytes, difficult.bmc.capacity = 20, 50
    difficult.add(40)
    await reading.poll()
    assert told_capacities(reading) == [(40, 50)], "its 200 free bytes would let it seem to have room for 12"
    assert reading.facts["sel_percent_used"] == "80"
    assert reading.registry.get_sample_value("groundcrew_ipmi_collector_log_fill_ratio", {"bmc": "node-1-bmc"}) == 0.8
    difficult.add(1)
    await reading.poll()
    assert told_capacities(reading)[-1] == (41, 50)


async def test_a_bmc_that_does_not_know_the_units_that_it_promised_is_not_asked_again(
    difficult: Difficult, reading: Reading
):
    difficult.bmc.unit_bytes, difficult.bmc.capacity = 20, 50
    difficult.bmc.refuses[(STORAGE, ALLOCATION)] = 0xC1
    for _ in range(3):
        difficult.add(1)
        await reading.poll()
    assert told_capacities(reading)[-1] == (3, 3 + 47 * 20 // 16), "its free bytes must do"
    if reading.native:
        assert reading.asked.count((STORAGE, ALLOCATION)) == 1


async def test_a_log_that_stays_as_it_was_is_not_measured_again(difficult: Difficult, reading: Reading):
    difficult.bmc.unit_bytes = 20
    for _ in range(3):
        await reading.poll()
    assert reading.asked.count((STORAGE, ALLOCATION)) == (1 if reading.native else 0)
    difficult.add(1)
    await reading.poll()
    assert reading.asked.count((STORAGE, ALLOCATION)) == (2 if reading.native else 0)


@pytest.mark.parametrize("backend", ["native"])
async def test_a_bmc_too_busy_to_tell_its_units_keeps_its_capacity(difficult: Difficult, reading: Reading):
    difficult.bmc.unit_bytes, difficult.bmc.capacity = 20, 50
    difficult.add(1)
    await reading.poll()
    difficult.bmc.refuses[(STORAGE, ALLOCATION)] = 0xFF
    difficult.add(1)
    await reading.poll()
    assert told_capacities(reading) == [(1, 50), (2, 50)]


async def test_a_log_that_wraps_while_nobody_looks_loses_only_what_the_bmc_lost(difficult: Difficult, reading: Reading):
    difficult.bmc.capacity = 20
    difficult.add(15)
    await reading.poll()
    difficult.add(15)
    await reading.poll()
    difficult.add(50)
    await reading.poll()
    assert numbers(reading) == [*range(1, 31), *range(61, 81)]
    assert reading.facts["sel_generation"] == "2", "the break is told"


async def test_a_log_that_somebody_cleared_is_another_generation(difficult: Difficult, reading: Reading):
    difficult.add(5)
    await reading.poll()
    difficult.bmc.clock_off_s += 60
    difficult.lab.do(difficult.bmc.clear)
    difficult.add(7)
    await reading.poll()
    assert numbers(reading) == [*range(1, 6), *range(1, 8)]
    assert len({row_id for row_id, *_ in reading.rows}) == 12


async def test_a_clock_that_is_years_off_is_corrected(difficult: Difficult, reading: Reading):
    difficult.bmc.clock_off_s = -5 * 365 * 86_400
    difficult.add(1)
    await reading.poll()
    ((_, _, _, when),) = reading.rows
    assert abs(when / 1_000_000 - our_clock()) < 60


async def test_thresholds_of_zero_are_what_the_bmc_says_and_break_nothing(difficult: Difficult, reading: Reading):
    difficult.is_now(Fault.NO_LIMITS)
    await reading.poll()
    sensors = reading.bus.of("observe.sensors")[-1].data
    assert (sensors.values[0], sensors.statuses[0]) == (62.0, "nr")


GUID, RESTART_CAUSE, SEL_INFO, CHASSIS = (0x06, 0x37), (0x00, 0x07), (0x0A, 0x40), (0x00, 0x01)
UNSPECIFIED, NOT_KNOWN, NO_RIGHT = 0xFF, 0xC1, 0xD4


async def test_a_bmc_that_does_not_say_who_it_is_for_once_is_no_other_bmc(difficult: Difficult, reading: Reading):
    difficult.add(3)
    await reading.poll()
    difficult.bmc.refuses[GUID] = UNSPECIFIED
    difficult.add(1)
    later = reading.again()
    await later.poll()
    assert numbers(reading) == [1, 2, 3, 4]


async def test_what_a_bmc_does_not_know_is_left_out_and_the_rest_is_read(difficult: Difficult, reading: Reading):
    difficult.bmc.refuses |= {RESTART_CAUSE: NOT_KNOWN, GUID: NOT_KNOWN, CHASSIS: NOT_KNOWN}
    difficult.add(2)
    await reading.poll()
    await reading.poll()
    assert numbers(reading) == [1, 2]
    assert "restart_cause" not in reading.facts
    assert {name: state for name, (state, _) in reading.sources.items()} == {
        "chassis": "absent", "sel": "present", "sensors": "present",
    }  # fmt: skip


async def test_an_event_log_that_the_user_may_not_read_is_absent_and_says_so(difficult: Difficult, reading: Reading):
    difficult.bmc.refuses[SEL_INFO] = NO_RIGHT
    await reading.poll()
    assert reading.sources["sel"] == ("absent", "the BMC does not tell of an event log")
    assert reading.sources["sensors"][0] == "present"


async def test_a_bmc_without_a_repository_gives_the_records_of_its_own_sensors(difficult: Difficult, reading: Reading):
    difficult.bmc.own_sdrs_only = True
    difficult.bmc.whole_sdrs = True
    await reading.poll()
    sensors = reading.bus.of("observe.sensors")[-1].data
    assert dict(zip(sensors.sensors, sensors.values, strict=True)) == {"CPU1 Temp": 62.0, "PS1 Status": None}


# --- what only our own client does -----------------------------------------------------------------------------------


@pytest.fixture
async def native(difficult: Difficult, tmp_path: Path) -> AsyncIterator[Reading]:
    made = reading_of(difficult, tmp_path / "native", backend="native", section={"session_s": 10})
    yield made
    await made.close()


async def test_garbage_between_the_answers_changes_nothing(difficult: Difficult, native: Reading):
    difficult.is_now(Fault.GARBAGE)
    difficult.add(40)
    await native.poll()
    assert numbers(native) == list(range(1, 41))
    ignored = {
        why: native.registry.get_sample_value("groundcrew_ipmi_collector_datagrams_ignored_total", {"why": why})
        for why in ("garbage", "unsigned")
    }
    assert all(ignored.values()), "and it is counted"
    assert native.bus.of("observe.sensors")[-1].data.values == [62.0, None]


async def test_a_bmc_that_is_busy_is_asked_again(difficult: Difficult, native: Reading):
    difficult.is_now(Fault.BUSY)
    difficult.add(5)
    await native.poll()
    assert numbers(native) == [1, 2, 3, 4, 5]


async def test_a_quiet_look_is_a_handful_of_datagrams_of_one_session(difficult: Difficult, native: Reading):
    difficult.add(50)
    await native.poll()
    native.poller._sensors_at = native.poller._clock.monotonic() + 1_000
    heard = difficult.server.heard
    await native.poll()
    await native.poll()
    assert difficult.server.heard - heard <= 2 * 5
    assert difficult.server.opened == 1


async def test_a_session_that_the_bmc_dropped_is_opened_anew_within_the_look(difficult: Difficult, native: Reading):
    difficult.add(3)
    await native.poll()
    difficult.lab.do(difficult.server.forget_sessions)
    difficult.add(2)
    await native.poll()
    assert numbers(native) == [1, 2, 3, 4, 5]
    assert native.errors("timeout") == 0
    assert difficult.server.opened == 2


async def test_a_bmc_that_forgets_again_and_again_does_not_double_a_record(difficult: Difficult, native: Reading):
    difficult.is_now(Fault.FORGET)
    difficult.add(12)
    for _ in range(3):
        await native.poll()
    assert numbers(native) == list(range(1, 13))


async def test_records_that_come_in_pieces_are_whole(difficult: Difficult, native: Reading):
    difficult.bmc.sel_bytes = 8
    difficult.add(4)
    await native.poll()
    assert numbers(native) == [1, 2, 3, 4]
    difficult.bmc.sel_bytes = 16
    difficult.add(1)
    await native.poll()
    assert numbers(native) == [1, 2, 3, 4, 5], "known again by their content"


async def test_two_entries_of_one_address_never_have_two_sessions(difficult: Difficult, tmp_path: Path):
    one = reading_of(difficult, tmp_path / "one", backend="native")
    same = Reading(one.bmc, one.folder, one.entry.model_copy(update={"name": "same"}), one.section, turn=one.turn)
    for _ in range(2):
        await asyncio.gather(one.poll(), same.poll())
    assert difficult.server.most_open == 1
    assert {state for state, _ in same.sources.values()} == {"present"}
    await one.close()
    await same.close()


async def test_where_it_ends_the_bmc_is_told_so(difficult: Difficult, native: Reading):
    await native.poll()
    await native.close()
    async with asyncio.timeout(5):
        while difficult.server.open_sessions:
            await asyncio.sleep(0.01)


async def test_a_look_that_is_cut_short_anywhere_leaves_no_session(difficult: Difficult, native: Reading):
    chance = random.Random(4)
    for _ in range(25):
        polling = asyncio.create_task(native.poll())
        await asyncio.sleep(chance.uniform(0, 0.03))
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await native.close()
        async with asyncio.timeout(5):
            while difficult.server.open_sessions:
                await asyncio.sleep(0.01)


async def test_a_password_that_changed_counts_at_once(difficult: Difficult, tmp_path: Path):
    file = tmp_path / "password"
    file.write_text("not-it\n")
    reading = reading_of(difficult, tmp_path / "changed", backend="native", password_file=str(file))
    await reading.poll()
    assert reading.errors("credentials") == 1
    file.write_text("s3cret-of-a-bmc\n")
    await reading.poll()
    assert reading.sources["sel"][0] == "present"
    file.write_text("not-it\n")
    await reading.poll()
    assert reading.errors("credentials") == 2, "the session of the old password is not used on"
    await reading.close()


async def test_the_password_is_in_no_object_s_words(difficult: Difficult, native: Reading):
    await native.poll()
    client = native.backend._client  # type: ignore[attr-defined]
    assert "s3cret" not in repr([vars(client), client._who, vars(client._session)])


async def test_power_by_dcmi_is_a_sensor(difficult: Difficult, native: Reading):
    difficult.bmc.watts = 321
    await native.poll()
    sensors = native.bus.of("observe.sensors")[-1].data
    assert (sensors.sensors[-1], sensors.values[-1], sensors.units[-1]) == ("DCMI Power", 321.0, "Watts")


async def test_what_our_client_cannot_speak_ipmitool_reads_and_that_is_told_once(running: Lab, tmp_path: Path):
    bmc = SimulatedBmc(our_clock)
    plain = Difficult(running, bmc, running.start(bmc, suites=frozenset({3})))
    plain.add(2)
    reading = reading_of(plain, tmp_path / "auto", backend="auto", cipher_suite=17)
    await reading.poll()
    assert reading.sources["sel"][1].startswith("cipher: "), "neither can, and the reason is the BMC's"
    odd = reading_of(plain, tmp_path / "odd", backend="auto")
    await odd.poll()
    assert (odd.facts["cipher_suite"], numbers(odd)) == ("3", [1, 2])
    assert odd.calls() == [], "our own client could"
    await reading.close()
    await odd.close()


async def test_a_bmc_that_is_silent_about_a_cipher_suite_that_it_does_not_know(running: Lab, tmp_path: Path):
    bmc = SimulatedBmc(our_clock)
    silent = Difficult(running, bmc, running.start(bmc, suites=frozenset({3}), silent=True))
    reading = reading_of(silent, tmp_path / "silent", backend="native")
    await reading.poll()
    assert reading.facts["cipher_suite"] == "3"
    await reading.close()


async def test_a_silent_controller_behind_the_bmc_costs_its_own_readings_only(difficult: Difficult, native: Reading):
    for number in (3, 4, 5):
        difficult.bmc.add_sensor(Analog(number=number, name=f"ME {number}", kind=1, unit=1, owner=0x2C))
    difficult.bmc.add_sensor(Analog(number=6, name="Inlet", kind=1, unit=1))
    difficult.bmc.read(6, 24)
    difficult.lab.do(lambda: difficult.bmc.faults.add(Fault.DEAF_BUS))
    await native.poll()
    sensors = native.bus.of("observe.sensors")[-1].data
    assert sensors.values == [62.0, None, None, None, None, 24.0]
    assert native.sources["sensors"][0] == "present"
    assert difficult.server.opened == 1, "the session is used on"


async def test_a_session_that_nobody_used_for_a_while_is_kept_alive(
    difficult: Difficult, native: Reading, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client, "KEEP_ALIVE_S", 1.0)
    await native.poll()
    asked = difficult.bmc.asked
    async with asyncio.timeout(10):
        while difficult.bmc.asked < asked + 2:
            await asyncio.sleep(0.05)
    assert difficult.server.opened == 1


async def test_where_looks_are_far_apart_no_session_is_kept(difficult: Difficult, tmp_path: Path):
    rare = reading_of(difficult, tmp_path / "rare", backend="native", section={"interval_s": 3_600})
    await rare.poll()
    assert difficult.server.open_sessions == 0
    await rare.poll()
    assert {state for state, _ in rare.sources.values()} == {"present"}
    await rare.close()


async def test_which_dimm_is_meant_is_said_by_the_board_s_own_counting(running: Lab, tmp_path: Path, backend: str):
    bmc = SimulatedBmc(our_clock, maker=10_876, board=0x0933)
    board = Difficult(running, bmc, running.start(bmc))
    bmc.add(event(0x0C, 5, b"\xa1\x1a\x00"))
    reading = reading_of(board, tmp_path / "maker", backend=backend)
    await reading.poll()
    assert "| Uncorrectable ECC (@DIMM1A(CPU1)) |" in reading.rows[0][2]
    await reading.close()


async def test_a_record_of_a_maker_s_own_type_is_said_in_words_and_kept_raw(running: Lab, tmp_path: Path, backend: str):
    bmc = SimulatedBmc(our_clock, maker=META)
    board = Difficult(running, bmc, running.start(bmc))
    bmc.add(bytes.fromhex("0000fb") + bytes.fromhex("01000000000002000002000000"))
    bmc.add(bytes.fromhex("0000fb") + bytes.fromhex("07") + bytes(12))
    reading = reading_of(board, tmp_path / "maker", backend=backend)
    await reading.poll()
    known, unknown = (text for _, _, text, _ in reading.rows)
    assert known.startswith("Memory | Uncorrectable ECC (DIMM A2 | CPU 0 channel 2 slot 0) | Asserted | OEM record fb ")
    assert unknown.endswith("07" + "00" * 12)
    await reading.close()


@pytest.mark.parametrize("command", [(0x30, 0x21), (STORAGE, ALLOCATION)], ids=["which board", "units of its log"])
async def test_a_bmc_that_falls_silent_over_what_can_be_done_without_is_read_but_for_that(
    running: Lab, tmp_path: Path, command: tuple[int, int]
):
    bmc = SimulatedBmc(our_clock, maker=10_876, board=0x0933, unit_bytes=20, mute={command})
    board = Difficult(running, bmc, running.start(bmc))
    reading = reading_of(board, tmp_path / "mute", backend="native")
    for _ in range(4):
        board.add(1)
        await reading.poll()
    assert reading.sources["sel"][0] == "present"
    assert numbers(reading) == [1, 2, 3, 4]
    assert reading.errors("timeout") == 2
    await reading.close()


async def test_bytes_of_a_maker_that_nobody_reads_are_kept(difficult: Difficult, reading: Reading):
    difficult.lab.do(lambda: difficult.bmc.add(event(0x0C, 5, b"\xa1\x1a\x7f")))
    await reading.poll()
    assert reading.rows[0][2].endswith("| Uncorrectable ECC | Asserted | Event data a1 1a 7f")


async def test_a_collector_that_ends_leaves_no_session_behind(difficult: Difficult, running: Lab, tmp_path: Path):
    other_bmc = SimulatedBmc(our_clock)
    other = Difficult(running, other_bmc, running.start(other_bmc))
    made = {
        str(one.port): reading_of(one, tmp_path / str(one.port), backend="native", name=f"b{one.port}")
        for one in (difficult, other)
    }
    view = InventoryView(structlog.get_logger())
    reading = next(iter(made.values()))
    fleet = Fleet(
        view,
        lambda entry, _: made[str(entry.port)].poller,
        section=reading.section,
        observer=reading.poller._observer,
        clock=reading.poller._clock,
        log=structlog.get_logger(),
    )
    inventory = Inventory(revision=1, bmc=[one.entry for one in made.values()])
    await view.changed("current", inventory.model_dump_json().encode())
    following = asyncio.create_task(fleet.follow())
    async with asyncio.timeout(20):
        while sum(one.server.open_sessions for one in (difficult, other)) < 2:
            await asyncio.sleep(0.02)
    fewer = Inventory(revision=2, bmc=[made[str(difficult.port)].entry])
    await view.changed("current", fewer.model_dump_json().encode())
    async with asyncio.timeout(20):
        while other.server.open_sessions:
            await asyncio.sleep(0.02)
    assert difficult.server.open_sessions == 1
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    async with asyncio.timeout(5):
        while difficult.server.open_sessions:
            await asyncio.sleep(0.02)
