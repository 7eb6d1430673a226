"""A real simulated BMC, read by our own client and by a real ipmitool: what comes of it is the same."""

import asyncio
import time
from pathlib import Path

import psutil
import uvloop

from groundcrew.contracts.clock import SystemClock, to_us

from .reading import Reading, reading_of
from .simulated_bmc import AC_LOST, PASSWORD, USER, SimulatedBmc, simulated


async def test_sensors_event_log_and_chassis_become_observations(reading: Reading):
    reading.bmc.supply(2, AC_LOST)

    await reading.poll()

    assert [text for _, _, text, _ in reading.rows] == ["Power Supply PS2 Status | Power Supply AC lost | Asserted"]
    sensors = reading.bus.of("observe.sensors")[-1].data
    read = zip(sensors.values, sensors.units, sensors.texts, sensors.statuses, strict=True)
    told = dict(zip(sensors.sensors, read, strict=True))
    assert told["CPU1 Temp"] == (62.0, "degrees C", "", "ok")
    assert told["FAN1"] == (6000.0, "RPM", "", "ok")
    assert told["PS1 Status"] == (None, "", "Presence detected", "ok")
    assert told["PS2 Status"] == (None, "", "Presence detected, Power Supply AC lost", "ok")
    assert {name: state for name, (state, _) in reading.sources.items()} == dict.fromkeys(
        ("chassis", "sel", "sensors"), "present"
    )
    facts = reading.facts
    assert (facts["power"], facts["faults"]) == ("on", "none")
    assert (facts["product_vendor"], facts["product"], facts["product_serial"]) == ("Acme", "Brick 4", "SN-77")
    assert facts["product_part"] == "P-1"
    assert (facts["firmware"], facts["sel_entries"], facts["clock_offset_s"]) == ("9.08", "1", "0")


def test_it_is_read_on_the_event_loop_of_production_too(bmc: SimulatedBmc, tmp_path: Path, backend: str):
    reading = reading_of(bmc, tmp_path / "collector", backend=backend)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(reading.poll())
        runner.run(reading.close())
    assert {state for state, _ in reading.sources.values()} == {"present"}


async def test_a_temperature_over_its_threshold_has_the_status_that_rules_look_for(reading: Reading):
    reading.bmc.tell("sensor_set_value 0x20 0 1 91 0")
    await reading.poll()
    sensors = reading.bus.of("observe.sensors")[-1].data
    assert (sensors.values[0], sensors.statuses[0]) == (91.0, "cr")


async def test_critical_thresholds_travel_with_the_readings(reading: Reading):
    await reading.poll()
    sensors = reading.bus.of("observe.sensors")[-1].data
    limits = dict(zip(sensors.sensors, zip(sensors.lowers, sensors.uppers, strict=True), strict=True))
    assert limits["CPU1 Temp"] == (5.0, 90.0)
    assert limits["PS1 Status"] == (None, None)


async def test_a_sensor_of_a_controller_behind_the_bmc_is_read_through_it(tmp_path: Path, backend: str):
    with simulated(tmp_path / "bmc", satellite=True) as bmc:
        reading = reading_of(bmc, tmp_path / "collector", backend=backend)
        await reading.poll()
        sensors = reading.bus.of("observe.sensors")[-1].data
        told = dict(zip(sensors.sensors, sensors.values, strict=True))
        assert (told["ME Temp"], told["CPU1 Temp"]) == (44.0, 62.0)
        await reading.close()


async def test_only_new_records_are_read_and_each_is_published_once(reading: Reading):
    reading.bmc.add_records(60)
    await reading.poll()
    assert [n for _, n, _, _ in reading.rows] == list(range(1, 61))
    reading.records_read()

    await reading.poll()
    assert reading.records_read() == 0, "nothing changed"

    reading.bmc.add_records(3, start=60)
    await reading.poll()

    assert [n for _, n, _, _ in reading.rows] == list(range(1, 64))
    assert reading.records_read() <= 11


async def test_after_a_restart_reading_goes_on_where_it_was(reading: Reading):
    reading.bmc.add_records(5)
    await reading.poll()
    reading.bmc.add_records(5, start=5)
    later = reading.again()
    await later.poll()
    assert [n for _, n, _, _ in reading.rows] == list(range(1, 11))


async def test_records_of_a_cleared_log_are_new_ones_of_another_generation(reading: Reading):
    reading.bmc.add_records(5)
    await reading.poll()
    first = reading.rows
    reading.bmc.clear_log()
    reading.bmc.add_records(5)
    await reading.poll()

    assert len(reading.rows) == 10
    assert len({row_id for row_id, *_ in reading.rows}) == 10, "ids of the two generations differ"
    assert reading.rows[:5] == first
    assert reading.facts["sel_generation"] == "2"
    assert reading.bmc.entries() == 5, "we never clear a log"


async def test_a_log_that_begins_again_under_the_same_record_ids_and_grew_past_the_old_end_is_noticed(reading: Reading):
    reading.bmc.add_records(5)
    await reading.poll()
    reading.bmc.lose_log()
    reading.bmc.add_records(12)
    await reading.poll()
    assert [n for _, n, _, _ in reading.rows] == [*range(1, 6), *range(1, 13)]
    assert len({row_id for row_id, *_ in reading.rows}) == 17


async def test_another_bmc_at_the_same_address_has_another_log(reading: Reading):
    reading.bmc.add_records(3)
    await reading.poll()
    first = {row_id for row_id, *_ in reading.rows}
    reading.bmc.guid = "b123456789abcdefa123456789abcdef"
    reading.bmc.lose_log()
    reading.bmc.add_records(3)
    later = reading.again()
    await later.poll()
    assert later.facts["sel_generation"] == "1"
    assert len(first | {row_id for row_id, *_ in reading.rows}) == 6


async def test_cipher_suite_17_is_tried_first_and_3_is_remembered(bmc: SimulatedBmc, tmp_path: Path):
    reading = reading_of(bmc, tmp_path / "collector", backend="ipmitool")
    await reading.poll()
    suites = [call.partition("-C ")[2].split()[0] for call in reading.calls()]
    assert suites[:2] == ["17", "3"]
    assert set(suites[2:]) == {"3"}
    assert reading.facts["cipher_suite"] == "3"

    later = reading.again()
    await later.poll()
    assert {call.partition("-C ")[2].split()[0] for call in reading.calls()} == {"3"}


async def test_a_bmc_that_knows_cipher_suite_3_alone_is_read_with_it(reading: Reading):
    await reading.poll()
    assert reading.facts["cipher_suite"] == "3"


async def test_sensor_records_are_fetched_once_and_again_when_they_change(reading: Reading):
    await reading.poll()
    assert reading.sensor_records_read() == 1
    later = reading.again()
    await later.poll()
    assert later.sensor_records_read() == 0, "read with the records that are kept"

    reading.bmc.add_sensor("CPU2 Temp", 40)
    last = reading.again()
    await last.poll()
    assert last.sensor_records_read() == 1
    assert "CPU2 Temp" in reading.bus.of("observe.sensors")[-1].data.sensors


async def test_either_backend_can_use_the_sensor_records_that_the_other_kept(bmc: SimulatedBmc, tmp_path: Path):
    kept = []
    for backend in ("native", "ipmitool"):
        reading = reading_of(bmc, tmp_path / backend, backend=backend)
        await reading.poll()
        await reading.close()
        (cache,) = reading.section.state_dir.glob("*.sdr")
        kept.append(cache.read_bytes())
    assert kept[0] == kept[1]


async def test_how_much_fits_is_what_the_bmc_tells_of_its_units(reading: Reading):
    reading.bmc.add_records(3)
    await reading.poll()
    told = reading.bus.of("observe.eventlogs")[-1].data
    assert (told.entries, told.capacities) == ([3], [1_000])


async def test_clock_that_is_hours_off_is_corrected(reading: Reading):
    reading.bmc.set_clock(int(time.time()) - 7 * 3_600)
    reading.bmc.add_records(1)
    before = to_us(SystemClock().now())
    await reading.poll()
    (_, _, _, when) = reading.rows[0]
    assert abs(when - before) < 60_000_000
    assert abs(int(reading.facts["clock_offset_s"]) - 7 * 3_600) < 60


async def test_a_wrong_password_is_told_as_such(bmc: SimulatedBmc, tmp_path: Path, backend: str):
    wrong = tmp_path / "wrong"
    wrong.write_text("not-it\n")
    refused = reading_of(bmc, tmp_path / "refused", backend=backend, password_file=str(wrong))
    await refused.poll()
    assert {source: state for source, (state, _) in refused.sources.items()} == dict.fromkeys(
        ("chassis", "sel", "sensors"), "failing"
    )
    assert refused.sources["sel"][1].startswith("credentials: ")
    assert "not-it" not in str(refused.bus.published)
    assert refused.errors("credentials") == 1
    await refused.close()


async def test_a_bmc_that_comes_back_is_read_on(reading: Reading):
    reading.bmc.add_records(3)
    await reading.poll()
    reading.bmc.kill()
    await reading.poll()
    assert reading.sources["sel"][0] == "failing"
    assert reading.errors("timeout") == 1
    reading.bmc.start()  # its clock is not set now, as after a power cut
    reading.bmc.add_records(2, start=3)
    await reading.poll()
    assert reading.sources["sel"][0] == "present"
    assert len({row_id for row_id, *_ in reading.rows}) == len(reading.rows) == 5


async def test_without_the_tool_all_sources_are_absent(bmc: SimulatedBmc, tmp_path: Path):
    missing = reading_of(bmc, tmp_path / "missing", backend="ipmitool")
    missing.section = missing.section.model_copy(update={"program": "no-such-ipmitool"})
    missing = missing.again()
    await missing.poll()
    assert {state for state, _ in missing.sources.values()} == {"absent"}
    assert missing.sources["sel"][1] == "tool: there is no no-such-ipmitool on the collector's machine"


async def test_the_password_is_in_no_process_s_arguments(bmc: SimulatedBmc, tmp_path: Path):
    reading = reading_of(bmc, tmp_path / "collector", backend="ipmitool")
    reading.bmc.freeze()
    polling = asyncio.create_task(reading.poll())
    seen: list[list[str]] = []
    while not any("lanplus" in " ".join(words) for words in seen):
        await asyncio.sleep(0.02)
        seen = [arguments(process) for process in psutil.Process().children(recursive=True)]
    reading.bmc.thaw()
    await polling
    assert [words for words in seen if USER in words], "our ipmitool was among them"
    assert not [words for words in seen if any(PASSWORD in word for word in words)]


def arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
