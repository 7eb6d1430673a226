"""How much fits into a BMC's event log, and records in which their maker says more, by both backends."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.bmc.fleet import Lab, our_clock

from groundcrew.diagnosis.maker_meanings import META
from groundcrew_ipmi_collector.lab.bmc import SimulatedBmc
from groundcrew_ipmi_collector.lab.records import event

from .difficult import Difficult
from .reading import Reading, reading_of

STORAGE, ALLOCATION = 0x0A, 0x41


@pytest.fixture
async def reading(difficult: Difficult, tmp_path: Path, backend: str) -> AsyncIterator[Reading]:
    made = reading_of(difficult, tmp_path / "collector", backend=backend, section={"session_s": 10})
    yield made
    await made.close()


def numbers(reading: Reading) -> list[int]:
    return [number for _, number, _, _ in reading.rows]


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
