"""Redfish resources of many makers, whole and broken."""

import json
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundcrew.diagnosis.locators import sel_component
from groundcrew.diagnosis.records import sel_text
from groundcrew.diagnosis.redfish import is_link, listing, next_path, path_of
from groundcrew.diagnosis.redfish_facts import (
    bmc_seconds,
    firmware_facts,
    identity_of,
    manager_facts,
    part_facts,
    root_facts,
    system_facts,
)
from groundcrew.diagnosis.redfish_log import parse_entry, stamp
from groundcrew.diagnosis.redfish_parts import health_reads, parts_of, parts_of_power, parts_of_thermal
from groundcrew.diagnosis.redfish_sensors import power_reads, sensor_reads, thermal_reads
from groundcrew.diagnosis.redfish_words import follows

DATA = Path(os.environ.get("GROUNDCREW_DATA") or Path(__file__).parents[4] / "shared/data")
KINDS = ("memory", "processors", "drives", "storage", "pcie", "power_supplies", "fans")
READERS: tuple[Callable[[Any], object], ...] = (
    parse_entry,
    lambda value: sensor_reads([value]),
    thermal_reads,
    power_reads,
    parts_of_thermal,
    parts_of_power,
    *(lambda value, kind=kind: health_reads(parts_of(kind, [value])) for kind in KINDS),
    *(lambda value, kind=kind: part_facts(parts_of(kind, [value])) for kind in KINDS),
    root_facts,
    manager_facts,
    lambda value: system_facts([value]),
    lambda value: firmware_facts([value]),
    lambda value: identity_of(value, value, [value]),
    bmc_seconds,
    lambda value: (path_of(value), is_link(value), next_path(value if isinstance(value, dict) else {})),
)

EMPTY: tuple[object, ...] = (None, [], {}, "", ("", False, ""), ("", True, ""))

ENTRY = {
    "Id": "7", "Created": "2026-03-04T02:00:00+01:00", "EntryType": "SEL", "Severity": "Critical",
    "SensorType": "Power Supply / Converter", "SensorNumber": 83, "EntryCode": "Redundancy Lost", "Message": "x",
}  # fmt: skip


def test_an_entry_with_codes_of_ipmi_is_in_ipmitools_words():
    entry = parse_entry(ENTRY)
    assert entry is not None
    assert sel_text(entry.sensor, entry.event) == "Power Supply #0x53 | Redundancy Lost"
    assert (entry.record_id, entry.seconds, entry.asserted) == (7, stamp("2026-03-04T01:00:00Z"), True)
    assert sel_component(entry.sensor, entry.event) == "Power Supply #0x53"


def test_a_threshold_that_is_left_again_takes_back_the_one_that_was_crossed():
    gone = parse_entry(ENTRY | {"SensorType": "Fan", "EntryCode": "Lower Critical - going high"})
    assert gone is not None
    assert (gone.event, gone.asserted) == ("Lower Critical going low", False)


def test_an_entry_of_a_registry_bears_its_id_and_its_message_with_its_arguments():
    entry = parse_entry(
        {"Id": "1", "MessageId": "Event.1.0.TempTooHot", "Message": "%1 is %2", "MessageArgs": ["CPU", 88]}
    )
    assert entry is not None
    assert (entry.sensor, entry.event, entry.asserted) == ("Redfish Event.1.0.TempTooHot", "CPU is 88", None)


@pytest.mark.parametrize("mark", [{"Resolved": True}, {"Oem": {"Hpe": {"Repaired": True}}}])
def test_an_entry_that_is_marked_as_over_is_the_same_entry_and_asserts_nothing(mark: dict[str, Any]):
    before = parse_entry({"Id": "1", "Message": "Fan 3 failed", "Severity": "Critical"})
    after = parse_entry({"Id": "1", "Message": "Fan 3 failed", "Severity": "OK"} | mark)
    assert before is not None
    assert after is not None
    assert before.digest == after.digest
    assert after.asserted is False


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1970-01-01T00:00:09Z", 9), ("2026-03-04 02:00:00", 1_772_589_600), ("2026-03-04T02:00:00.123456789Z", None),
     ("2026-03-04T02:00:00.5-0600", 1_772_611_200), ("0000-00-00T00:00:00Z", None), ("yesterday", None)],
)  # fmt: skip
def test_stamps(text: str, seconds: int | None):
    assert stamp(text) == seconds or (seconds is None and stamp(text) in {None, 1_772_589_600})


def test_a_threshold_of_zero_or_none_says_nothing():
    base = {"Name": "12V", "ReadingVolts": 0.0, "LowerThresholdCritical": 0, "UpperThresholdCritical": None}
    assert power_reads({"Voltages": [base]})[0].status == "ok"
    low = power_reads({"Voltages": [base | {"ReadingVolts": 10.1, "LowerThresholdCritical": 10.8}]})
    assert (low[0].value, low[0].unit, low[0].status) == (10.1, "Volts", "cr")


def test_a_link_to_another_host_is_not_followed():
    assert path_of({"@odata.id": "https://pdu.example/redfish/v1/Outlets/A4"}) == ""
    assert path_of({"@odata.id": "//pdu.example/redfish/v1"}) == ""
    assert (
        next_path({"Members@odata.nextLink": "https://bmc.example/redfish/v1/E?$skip=50"}) == "/redfish/v1/E?$skip=50"
    )


@pytest.mark.parametrize(
    ("log", "followed"),
    [("Sel", True), ("Lclog", True), ("IML", True), ("EventLog", True), ("Log1", True), ("AuditLog", False),
     ("PostCodes", False), ("FaultList", False), ("SL", False), ("ActiveLog", False)],
)  # fmt: skip
def test_logs_of_hardware_are_followed(log: str, followed: bool):
    assert follows(log, frozenset()) is followed


def test_a_log_that_another_holds_whole_is_not_followed():
    assert follows("StandardLog", frozenset({"standardlog"}))
    assert not follows("StandardLog", frozenset({"standardlog", "platformlog"}))


@pytest.fixture(scope="module")
def data() -> Path:
    if not (DATA / "redfish").is_dir():
        pytest.skip("needs the shared resources (GROUNDCREW_DATA)")
    return DATA


@lru_cache
def _files(data: Path) -> list[tuple[str, Any]]:
    return [(str(path), json.loads(path.read_bytes())) for path in sorted((data / "redfish").rglob("*.json"))]


def _resources(value: Any) -> list[Any]:
    """The resource and what its collection holds."""
    members = listing(value.get("Members")) if isinstance(value, dict) else listing(value)
    return [value, *members]


def test_every_file_of_the_data_says_something(data):
    silent = []
    for name, value in _files(data):
        told = [reader(one) for one in _resources(value) for reader in READERS]
        if not any(one for one in told if one not in EMPTY):
            silent.append(name)
    assert [name for name in silent if "Metrics" not in name and "Controls" not in name] == []


def test_what_the_data_holds_is_found(data):
    folder = data / "redfish"

    def read(name: str) -> Any:
        return json.loads((folder / name).read_bytes())

    fans = {r.sensor: (r.value, r.unit, r.status) for r in thermal_reads(read("lenovo_bmclib/thermal.json"))}
    assert fans == {"Ambient Temp": (23.0, "degrees C", "ok"), "Fan 1 Tach": (6840.0, "RPM", "ok")}
    power = power_reads(read("linuxfabrik_redfish-sensors/cisco-powercontrol-power.json"))
    assert [(r.sensor, r.value) for r in power] == [("System Power Control", 287.0)]
    dimm = parts_of("memory", [read("supermicro_bmclib/smc_dimm_memory_dimm1.json")])
    assert [(p.locator, p.health, p.serial) for p in dimm] == [("DIMM1", "OK", "TESTDIMMSERIAL01")]
    hot = thermal_reads(read("linuxfabrik_redfish-sensors/legacy-temp-crit-thermal.json"))
    assert {r.status for r in hot} > {"ok"}
    entries = read("linuxfabrik_redfish-logservices/sel-entries-sel.json")["Members"]
    assert [e.event for entry in entries if (e := parse_entry(entry))][:1] == ["CPU temperature is critical"]
    board = sensor_reads(read("asrockrack_E3C246D4I-NL_sensors.json"))
    assert [(r.sensor, r.value, r.unit, r.status) for r in board][:1] == [("3VSB", 3.36, "Volts", "ok")]
    mockup = folder / "dmtf_public-rackmount1/Systems/437XR1138R2/LogServices/Log1/Entries/index.json"
    first = parse_entry(json.loads(mockup.read_bytes())["Members"][0])
    assert first is not None
    assert sel_text(first.sensor, first.event) == "Temperature #0x01 | Upper Critical going high"
    zero = sensor_reads([read("linuxfabrik_redfish-sensors/zero-range-chassis-sensor-0.json")])
    assert [(r.sensor, r.status) for r in zero] == [("CPU Utilization", "ok")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)


def _changed(value: Any, path: list[int], put: Any) -> Any:
    """A copy with one place of it replaced."""
    if not path or not isinstance(value, (dict, list)) or not value:
        return put
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    at = keys[path[0] % len(keys)]
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at] = _changed(value[at], path[1:], put)
    return copy


@settings(max_examples=150, deadline=None)
@given(pick=st.integers(0, 10_000), path=st.lists(st.integers(0, 60), max_size=5), put=JSON)
def test_a_resource_with_anything_in_any_place_is_read(data, pick: int, path: list[int], put: Any):
    files = _files(data)
    broken = _changed(files[pick % len(files)][1], path, put)
    for one in _resources(broken):
        for reader in READERS:
            reader(one)


@given(JSON)
def test_anything_at_all_is_read(value: Any):
    for reader in READERS:
        reader(value)
