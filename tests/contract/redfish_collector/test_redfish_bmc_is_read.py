"""What a look at a BMC over Redfish finds, and how it is told."""

from datetime import timedelta

import pytest
from tests.bmc.redfish.bmc import RedfishBmc

from .reading import Reading


async def test_a_bmc_is_read_and_told(bmc: RedfishBmc, reading: Reading):
    bmc.add(1, "The power input for power supply 2 is lost.", MessageId="TST.2.8.PSU0003", Severity="Critical")
    await reading.poll()

    assert reading.numbers == [1]
    envelope = reading.bus.of("observe.sel")[0]
    assert (envelope.data.sensors, envelope.data.events) == (
        ["Redfish TST.2.8.PSU0003"],
        ["The power input for power supply 2 is lost."],
    )
    assert reading.sensors["Inlet Temp"] == (24.0, "", "degrees C", "ok")
    assert reading.sensors["PSU1 input voltage"] == (230.0, "", "Volts", "ok")
    assert reading.sensors["dimm DIMM A1"] == (None, "OK", "health", "ok")
    assert {state for state, _ in reading.sources.values()} == {"present"}
    facts = reading.facts
    assert (facts["power"], facts["faults"], facts["product"], facts["product_serial"]) == (
        "on", "none", "Brick 4", "SN-bmc",
    )  # fmt: skip
    assert (facts["firmware"], facts["sel_entries"], facts["clock_offset_s"]) == ("1.74", "1", "0")
    assert facts["part dimm DIMM A1"] == "Acme, serial D1, part M-32"
    assert facts["firmware BIOS"] == "2.1"


@pytest.mark.parametrize("expands", [False, True], ids=["one by one", "expanded"])
async def test_the_new_schema_says_the_same(bmc: RedfishBmc, reading: Reading, expands: bool):
    bmc.schema, bmc.expands = "new", expands
    await reading.poll()
    assert reading.sensors["Inlet Temp"] == (24.0, "", "degrees C", "ok")
    assert reading.sensors["FAN1"] == (6_000.0, "", "RPM", "ok")
    assert reading.sensors["psu PSU2"] == (None, "OK", "health", "ok")
    assert any("$expand" in request for request in bmc.requests) is expands


async def test_a_temperature_above_its_threshold_is_critical_although_the_bmc_calls_it_well(
    bmc: RedfishBmc, reading: Reading
):
    bmc.inlet = 44
    await reading.poll()
    assert reading.sensors["Inlet Temp"][3] == "cr"


async def test_a_part_that_fails_is_looked_for_as_soon_as_the_machine_says_that_something_does(
    bmc: RedfishBmc, reading: Reading
):
    await reading.poll()
    bmc.dimm1_health = "Critical"
    reading.poller._due.pop("sensors")
    await reading.poll()
    assert reading.sensors["dimm DIMM A1"] == (None, "Critical", "health", "cr")
    assert reading.facts["faults"] == "health is Critical"


async def test_a_clock_that_is_hours_off_is_corrected(bmc: RedfishBmc, reading: Reading):
    await reading.poll()
    bmc.clock_off = timedelta(hours=7)
    bmc.add(1)
    await reading.poll()
    assert abs(int(reading.facts["clock_offset_s"]) - 7 * 3_600) < 60
    (_, _, _, when) = reading.rows[0]
    assert abs(when - 1_772_589_601_000_000) < 60_000_000


async def test_a_quiet_look_asks_for_little(bmc: RedfishBmc, reading: Reading):
    bmc.add(3)
    await reading.poll()
    bmc.requests.clear()
    await reading.poll()
    assert bmc.requests == [
        "GET /redfish/v1/Systems/1",
        "GET /redfish/v1/Managers/1",
        "GET /redfish/v1/Managers/1/LogServices/Sel/Entries",
    ]


async def test_a_log_with_an_etag_is_not_sent_again(bmc: RedfishBmc, reading: Reading):
    bmc.etags = True
    bmc.add(3)
    await reading.poll()
    bmc.add(2)
    await reading.poll()
    await reading.poll()
    assert reading.numbers == [1, 2, 3, 4, 5]


async def test_a_log_that_never_overwrites_says_how_full_it_is(bmc: RedfishBmc, reading: Reading):
    bmc.log_policy, bmc.keeps = "NeverOverWrites", 10
    bmc.add(8)
    await reading.poll()
    assert reading.facts["sel_percent_used"] == "80"
