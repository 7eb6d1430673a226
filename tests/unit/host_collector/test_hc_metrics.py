"""Samples of the machine that the tests run on."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from groundcrew_host_collector import machine
from groundcrew_host_collector.metrics import HostMetrics, Sample


def by_name(samples: list[Sample]) -> dict[str, Sample]:
    return {sample.name: sample for sample in samples}


def test_a_sample_has_the_well_known_names() -> None:
    metrics = HostMetrics()
    metrics.sample()
    deadline = time.monotonic() + 0.05
    while time.monotonic() < deadline:  # give the CPU counters something to count
        pass
    samples = metrics.sample()
    found = by_name(samples)

    assert {"memory_available_bytes", "memory_total_bytes", "load1", "load5", "load15", "processes"} <= set(found)
    assert 0 < found["memory_available_bytes"].value <= found["memory_total_bytes"].value
    roots = [s for s in samples if s.name == "filesystem_avail_bytes" and ("mountpoint", "/") in s.labels]
    assert len(roots) == 1
    assert 0 <= found["cpu_percent"].value <= 100
    assert len({(s.name, s.labels) for s in samples}) == len(samples), "a series comes once"


def test_pressure_is_left_out_where_the_kernel_has_none(tmp_path: Path) -> None:
    names = by_name(HostMetrics(tmp_path).sample())

    assert "pressure_percent" not in names
    assert "memory_total_bytes" in names, "one missing part does not cost the others"


def test_pressure_is_the_share_of_the_last_ten_seconds(tmp_path: Path) -> None:
    folder = tmp_path / "proc/pressure"
    folder.mkdir(parents=True)
    (folder / "memory").write_text(
        "some avg10=12.50 avg60=1.00 avg300=0.00 total=1\nfull avg10=3.25 avg60=0.00 avg300=0.00 total=2\n"
    )

    pressure = [s for s in HostMetrics(tmp_path).sample() if s.name == "pressure_percent"]

    assert [(dict(s.labels)["kind"], s.value) for s in pressure] == [("some", 12.5), ("full", 3.25)]


def test_rates_are_over_the_time_since_the_sample_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(read: int, busy_ms: int, received: int) -> None:
        disk = SimpleNamespace(read_bytes=read, write_bytes=0, read_count=0, write_count=0, busy_time=busy_ms)
        link = SimpleNamespace(bytes_recv=received, bytes_sent=0, errin=0, errout=0, dropin=0, dropout=0)
        monkeypatch.setattr("psutil.disk_io_counters", lambda perdisk: {"sda": disk, "loop0": disk})
        monkeypatch.setattr("psutil.net_io_counters", lambda pernic: {"eth0": link, "lo": link})

    def rates() -> dict[str, float]:
        return {
            s.name: s.value
            for s in metrics.sample()
            if s.name.startswith(("disk_", "network_")) and s.unit != "" and not s.name.endswith("_total")
        }

    now = iter(float(10 * (n // 5)) for n in range(100))  # five rates at each sample
    metrics = HostMetrics(monotonic=lambda: next(now))
    counted(1_000, 0, 500)
    assert rates() == {}
    counted(21_000, 5_000, 1_500)
    assert rates() == {
        "disk_read_bytes_per_second": 2_000,
        "disk_written_bytes_per_second": 0,
        "disk_busy_percent": 50,
        "network_receive_bytes_per_second": 100,
        "network_transmit_bytes_per_second": 0,
    }
    counted(0, 5_000, 1_500)
    assert "disk_read_bytes_per_second" not in rates(), "a counter that began anew has no rate"


def test_facts_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    facts = machine.facts(tmp_path)

    assert "os" not in facts
    assert facts["kernel"]
    assert int(facts["memory_bytes"]) > 0
