"""What sadf prints, cut into records and read as samples; whatever it prints."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.samples import Sample
from groundcrew_host_collector.sar import disk_name
from groundcrew_host_collector.sar_metrics import MAX_SAMPLES, MODES, TABLE, samples_of
from groundcrew_host_collector.sar_records import Record, Splitter, Unreadable, record_of

STAMP = {"date": "2026-03-04", "time": "02:10:01", "utc": 1, "interval": 600}


def printed(*records: dict[str, Any], indent: int | None = 1) -> bytes:
    """As sadf prints: a header, the records, the restarts."""
    head = {"nodename": "web-1", "file-date": "2026-03-04", "file-utc-time": "00:00:01"}
    host = head | {"statistics": list(records), "restarts": [{"boot": {"date": "2026-03-04", "utc": 1}}]}
    return json.dumps({"sysstat": {"hosts": [host]}}, indent=indent).encode()


def split(data: bytes, size: int = 1 << 20) -> tuple[list[Any], Splitter]:
    splitter, found = Splitter(), []
    for start in range(0, len(data), size):
        found += splitter.feed(data[start : start + size])
    found += splitter.end()
    return [json.loads(one) for one in found], splitter


def values(record: dict[str, Any]) -> dict[str, float]:
    return {f"{s.name}{dict(s.labels) or ''}": s.value for s in samples_of(record, lambda name: name)}


def test_records_are_cut_out_wherever_the_pipe_breaks() -> None:
    records = [{"timestamp": STAMP, "io": {"n": n, "text": 'a "}]" b'}} for n in range(5)]
    for size in (1, 7, 100, 100_000):
        found, splitter = split(printed(*records), size)
        assert found == records
        assert (splitter.whole, splitter.identity) == (True, "2026-03-04 00:00:01 web-1")


def test_a_file_without_records_is_whole() -> None:
    assert split(printed())[0] == []
    assert split(printed())[1].whole


def test_what_was_cut_off_gives_the_records_before_and_is_not_whole() -> None:
    data = printed({"timestamp": STAMP, "n": 1}, {"timestamp": STAMP, "n": 2})
    found, splitter = split(data[: data.index(b'"n": 2')])
    assert [one["n"] for one in found] == [1]
    assert not splitter.whole


@pytest.mark.parametrize("garbage", [b"Invalid system activity file: sa04\n", b"\x00\x01\x02\n", b"[1]\n"])
def test_what_is_no_json_of_sadf_is_told_in_one_line(garbage: bytes) -> None:
    with pytest.raises(Unreadable, match="sadf did not print the expected JSON but ") as told:
        split(garbage)
    assert "\n" not in str(told.value)


def test_a_line_and_a_record_are_bounded() -> None:
    with pytest.raises(Unreadable, match="a line of more than"):
        split(b'{"sysstat": ' + b"x" * 2_000_000)
    with pytest.raises(Unreadable, match="a record of more than"):
        split(printed({"timestamp": STAMP, "big": ["x" * 60] * 100_000}))


@pytest.mark.parametrize(
    "stamp",
    [STAMP, {"date": "2026-03-04", "time": "02:10:01", "tz": "UTC", "interval": 600}],
    ids=["up to 12.6", "from 12.7 on"],
)
def test_time_is_the_end_of_the_interval_in_utc(stamp: dict[str, Any]) -> None:
    record = record_of(json.dumps({"timestamp": stamp}).encode())
    assert record == Record(1_772_590_201_000_000, 600, {"timestamp": stamp})


@pytest.mark.parametrize("stamp", [STAMP | {"utc": 0}, {**STAMP, "tz": "CET"}])
def test_local_times_are_refused(stamp: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="local times where UTC was expected"):
        record_of(json.dumps({"timestamp": stamp}).encode())


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"timestamp": 4},
        {"timestamp": STAMP | {"interval": 115_292_150_460_685}},
        {"timestamp": STAMP | {"interval": 0}},
        {"timestamp": STAMP | {"date": "2026-02-30"}},
        {"timestamp": STAMP | {"time": None}},
    ],
)
def test_a_record_without_a_believable_time_is_left_out(broken: dict[str, Any]) -> None:
    assert record_of(json.dumps(broken).encode()) is None


def test_a_number_that_c_prints_as_nan_costs_no_record() -> None:
    text = json.dumps({"timestamp": STAMP, "queue": {"ldavg-1": 1.5, "blocked": 0}}).replace("1.5", "-nan")
    record = record_of(text.encode())
    assert record is not None
    assert values(record.values) == {"procs_blocked": 0}


def test_units_are_those_of_the_live_metrics() -> None:
    record = {
        "cpu-load": [
            {
                "cpu": "all",
                "usr": 10,
                "guest": 5,
                "nice": 1,
                "gnice": 0,
                "sys": 4,
                "iowait": 20,
                "steal": 0,
                "idle": 60,
            },
            {"cpu": "0", "usr": 99, "idle": 1},
        ],
        "queue": {"ldavg-1": 0.5, "runq-sz": 2, "blocked": 1},
        "memory": {"memfree": 10, "avail": 1024, "swpfree": 3, "swpused": 1},
        "disk": [{"disk-device": "sda", "rkB": 2.0, "rd_sec": 4.0, "wr_sec": 4.0, "await": 5.0, "util-percent": 1.5}],
        "network": {"net-dev": [{"iface": "eth0", "rxkB": 1.0, "txkB": 0.5}, {"iface": "lo", "rxkB": 9.0}]},
        "psi": {"psi-mem": {"full_avg10": 3.0}},
        "power-management": {"temperature": [{"number": 2, "degC": 41.0, "device": "coretemp-isa-0000"}]},
        "filesystems": [{"filesystem": "/dev/sda1", "MBfsfree": 2}],
    }
    assert values(record) == {
        "cpu_percent": 20,
        "cpu_mode_percent{'mode': 'user'}": 15,
        "cpu_mode_percent{'mode': 'nice'}": 1,
        "cpu_mode_percent{'mode': 'system'}": 4,
        "cpu_mode_percent{'mode': 'iowait'}": 20,
        "cpu_mode_percent{'mode': 'steal'}": 0,
        "load1": 0.5,
        "procs_running": 2,
        "procs_blocked": 1,
        "memory_available_bytes": 1_048_576,
        "swap_free_bytes": 3_072,
        "swap_total_bytes": 4_096,
        "disk_read_bytes_per_second{'device': 'sda'}": 2_048,
        "disk_written_bytes_per_second{'device': 'sda'}": 2_048,
        "disk_await_seconds{'device': 'sda'}": 0.005,
        "disk_busy_percent{'device': 'sda'}": 1.5,
        "network_receive_bytes_per_second{'device': 'eth0'}": 1_024,
        "network_transmit_bytes_per_second{'device': 'eth0'}": 512,
        "pressure_percent{'resource': 'memory', 'kind': 'full'}": 3,
        "hwmon_temp_celsius{'chip': 'coretemp', 'sensor': 'sar 2'}": 41,
        "filesystem_free_bytes{'device': '/dev/sda1'}": 2_097_152,
    }


def test_where_a_version_records_no_available_memory_what_is_free_and_cached_stands_in() -> None:
    memory = {"memfree": 10, "avail": 0, "buffers": 2, "cached": 4}
    assert values({"memory": memory}) == {"memory_available_bytes": 16_384}


def test_a_disk_is_known_by_the_kernels_name(tmp_path: Path) -> None:
    blocks = tmp_path / "sys/dev/block"
    blocks.mkdir(parents=True)
    (blocks / "8:0").symlink_to("../../devices/pci0000:00/ata1/block/sda")
    assert [disk_name(name, tmp_path) for name in ("dev8-0", "dev9-9", "nvme0n1")] == ["sda", "dev9-9", "nvme0n1"]


KEYS = st.sampled_from(
    sorted(
        {part for column in TABLE for part in (*column.section.split("/"), column.key)}
        | {key for _, keys in MODES for key in keys}
        | {"cpu-load", "cpu", "idle", "memory", "avail", "memfree", "temperature", "degC", "disk-device", "iface"}
    )
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["all", "sda"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


@given(st.dictionaries(KEYS, JSON, max_size=8))
def test_no_record_is_too_strange(record: dict[str, Any]) -> None:
    samples = samples_of(record, lambda name: name)
    assert len(samples) <= MAX_SAMPLES
    assert len({(s.name, s.labels) for s in samples}) == len(samples), "a series comes once"
    assert all(isinstance(s, Sample) and s.value == s.value and abs(s.value) != float("inf") for s in samples)


def told_of(data: bytes) -> str:
    """What is told of this output, empty where it can be read."""
    splitter = Splitter()
    try:
        for one in (*splitter.feed(data), *splitter.end()):
            record_of(one)
    except Unreadable as told:
        return str(told)
    return ""


@given(st.binary(max_size=400) | st.lists(st.sampled_from(list(b'{}[]",:\n \\a1')), max_size=200).map(bytes))
def test_no_output_is_too_strange(data: bytes) -> None:
    assert "\n" not in told_of(data)


@given(st.data())
def test_a_damaged_output_gives_records_or_one_line(data: st.DataObject) -> None:
    whole = bytearray(printed(*({"timestamp": STAMP, "queue": {"ldavg-1": n}} for n in range(3))))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert "\n" not in told_of(bytes(whole))
