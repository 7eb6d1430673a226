"""Samples of the machine that the tests run on."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from groundcrew.diagnosis.samples import Sample
from groundcrew_host_collector import machine
from groundcrew_host_collector.metrics import HostMetrics


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


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def diskstats(root: Path, *rows: str) -> None:
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc/diskstats").write_text("".join(f"{row} 0 0 0 0 0 0\n" for row in rows))


def of_disk(metrics: HostMetrics, device: str) -> dict[str, float]:
    return {s.name: s.value for s in metrics.sample() if ("device", device) in s.labels}


def test_disks_are_told_by_rate_and_latency(tmp_path: Path) -> None:
    clock = Clock()
    metrics = HostMetrics(tmp_path, clock)
    diskstats(tmp_path, "8 0 sda 100 0 8000 500 50 0 4000 250 0 1000 1000", "7 0 loop0 1 0 1 1 1 0 1 1 0 1 1")
    assert not {"disk_read_bytes_per_second", "disk_await_seconds"} & set(of_disk(metrics, "sda"))
    clock.now = 10.0
    diskstats(tmp_path, "8 0 sda 120 0 8040 700 60 0 4080 350 2 6000 9000", "7 0 loop0 1 0 1 1 1 0 1 1 0 1 1")
    found = of_disk(metrics, "sda")
    assert found["disk_read_bytes_per_second"] == 40 * 512 / 10
    assert found["disk_written_bytes_per_second"] == 80 * 512 / 10
    assert found["disk_busy_percent"] == 50
    assert found["disk_read_await_seconds"] == 0.010
    assert found["disk_write_await_seconds"] == 0.010
    assert found["disk_await_seconds"] == 0.010
    assert (found["disk_io_now"], found["disk_stalled_seconds"]) == (2, 0)
    clock.now = 20.0
    diskstats(tmp_path, "8 0 sda 0 0 0 0 0 0 0 0 0 0 0")
    assert "disk_read_bytes_per_second" not in of_disk(metrics, "sda"), "a counter that began anew has no rate"
    assert of_disk(metrics, "loop0") == {}


def test_a_disk_that_completes_nothing_while_requests_wait_is_stalled(tmp_path: Path) -> None:
    clock = Clock()
    metrics = HostMetrics(tmp_path, clock)
    for clock.now in (0.0, 15.0, 30.0, 45.0):
        diskstats(tmp_path, "8 0 sda 100 0 8000 500 50 0 4000 250 3 1000 1000")
        found = of_disk(metrics, "sda")
    assert found["disk_stalled_seconds"] == 45
    assert "disk_await_seconds" not in found, "there is no mean of nothing"
    clock.now = 60.0
    diskstats(tmp_path, "8 0 sda 101 0 8008 60500 50 0 4000 250 2 1000 1000")
    found = of_disk(metrics, "sda")
    assert (found["disk_stalled_seconds"], found["disk_await_seconds"]) == (0, 60)


def test_partitions_repeat_what_their_disk_says_and_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "sys/block/sda").mkdir(parents=True)
    diskstats(tmp_path, "8 0 sda 1 0 8 5 5 0 4 2 0 1 1", "8 1 sda1 1 0 8 5 5 0 4 2 0 1 1")
    metrics = HostMetrics(tmp_path)
    assert of_disk(metrics, "sda")
    assert not of_disk(metrics, "sda1")


def test_an_array_that_misses_a_member_is_degraded(tmp_path: Path) -> None:
    (tmp_path / "sys/block/md0/md").mkdir(parents=True)
    (tmp_path / "sys/block/md0/md/degraded").write_text("1\n")
    diskstats(tmp_path)
    assert of_disk(HostMetrics(tmp_path), "md0") == {"md_degraded_disks": 1}


def hwmon(root: Path, number: int, name: str, device: str, **files: str) -> None:
    chip = root / f"sys/class/hwmon/hwmon{number}"
    chip.mkdir(parents=True)
    (root / "sys/devices" / device).mkdir(parents=True)
    (chip / "device").symlink_to(root / "sys/devices" / device)
    (chip / "name").write_text(name + "\n")
    for file, text in files.items():
        (chip / file).write_text(text + "\n")


def test_chips_of_one_name_are_told_apart_and_their_own_limits_are_taken(tmp_path: Path) -> None:
    hwmon(tmp_path, 0, "coretemp", "coretemp.0", temp1_input="61000", temp1_label="Package id 0", temp1_crit="100000")
    hwmon(tmp_path, 1, "coretemp", "coretemp.1", temp1_input="55000", temp1_label="Package id 0", temp1_crit="0")
    hwmon(tmp_path, 2, "nvme", "nvme0", temp1_input="40850", temp1_label="Composite", temp1_crit="84850")
    hwmon(tmp_path, 3, "acpitz", "thermal0", temp1_input="27800")

    found = {s.labels: (s.name, s.value) for s in HostMetrics(tmp_path).sample() if s.name == "hwmon_temp_celsius"}
    margins = {dict(s.labels).get("device"): s.value for s in HostMetrics(tmp_path).sample() if "margin" in s.name}

    assert [dict(labels) for labels in found] == [
        {"chip": "coretemp", "device": "coretemp.0", "sensor": "Package id 0"},
        {"chip": "coretemp", "device": "coretemp.1", "sensor": "Package id 0"},
        {"chip": "nvme", "device": "nvme0", "sensor": "Composite"},
        {"chip": "acpitz", "sensor": "temp1"},
    ]
    assert margins == {"coretemp.0": 39, "nvme0": 44}, "0 is no limit"


def test_memory_errors_are_told_by_module(tmp_path: Path) -> None:
    module = tmp_path / "sys/devices/system/edac/mc/mc0/dimm3"
    module.mkdir(parents=True)
    for path, text in (("dimm_label", "CPU1_DIMM_C2"), ("dimm_ce_count", "4"), ("dimm_ue_count", "0")):
        (module / path).write_text(text + "\n")
    for name in ("ce_count", "ue_count", "ce_noinfo_count", "ue_noinfo_count"):
        (module.parent / name).write_text("4\n" if name == "ce_count" else "0\n")
    (tmp_path / "sys/devices/system/edac/mc/mc1").mkdir()
    (tmp_path / "sys/devices/system/edac/mc/mc1/ce_count").write_text("7\n")

    found = {(s.name, tuple(dict(s.labels).values())): s.value for s in HostMetrics(tmp_path).sample()}

    assert found["edac_dimm_correctable_errors_total", ("0", "CPU1_DIMM_C2")] == 4
    assert found["edac_correctable_errors_total", ("0",)] == 0, "the module has told them"
    assert found["edac_correctable_errors_total", ("1",)] == 7


def test_processes_that_cannot_be_interrupted_and_zombies_are_counted(tmp_path: Path) -> None:
    for number, line in enumerate(("1 (init) S 0", "2 (a) b) D 1", "3 (x) Z 1", "4 (y) Z 1"), 1):
        (tmp_path / "proc" / str(number)).mkdir(parents=True)
        (tmp_path / "proc" / str(number) / "stat").write_text(line)
    (tmp_path / "proc/stat").write_text("procs_running 2\nprocs_blocked 1\nbtime 1700000000\n")
    (tmp_path / "proc/loadavg").write_text("0.1 0.2 0.3 2/345 6789\n")
    (tmp_path / "proc/sys/kernel").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/threads-max").write_text("1000\n")
    (tmp_path / "proc/sys/kernel/pid_max").write_text("700\n")
    (tmp_path / "proc/sys/fs").mkdir(parents=True)
    (tmp_path / "proc/sys/fs/file-nr").write_text("900 100 5000\n")

    metrics = HostMetrics(tmp_path)
    samples = metrics.sample()
    found = by_name(samples)
    states = {dict(s.labels)["state"]: s.value for s in samples if s.name == "processes_state"}

    assert states == {"D": 1, "Z": 2}
    assert (found["processes"].value, found["processes_threads"].value) == (4, 345)
    assert found["processes_max_threads"].value == 700
    assert (found["filefd_allocated"].value, found["filefd_maximum"].value) == (800, 5000)
    assert found["boot_time_seconds"].value == 1_700_000_000
    assert "processes_state" not in by_name(metrics.sample()), "every fourth sample only"


def test_what_is_paged_and_killed_is_told(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    clock = Clock()
    metrics = HostMetrics(tmp_path, clock)
    (tmp_path / "proc/vmstat").write_text("pswpin 100\npswpout 200\noom_kill 3\npgmajfault 5\n")
    metrics.sample()
    clock.now = 10.0
    (tmp_path / "proc/vmstat").write_text("pswpin 150\npswpout 1200\noom_kill 4\npgmajfault 5\n")
    found = by_name(metrics.sample())
    assert found["swap_in_pages_per_second"].value == 5
    assert found["swap_out_pages_per_second"].value == 100
    assert found["vmstat_oom_kill_total"].value == 4


def test_the_connections_that_are_tracked_have_a_limit(tmp_path: Path) -> None:
    folder = tmp_path / "proc/sys/net/netfilter"
    folder.mkdir(parents=True)
    (folder / "nf_conntrack_count").write_text("250000\n")
    (folder / "nf_conntrack_max").write_text("262144\n")
    found = by_name(HostMetrics(tmp_path).sample())
    assert (found["nf_conntrack_entries"].value, found["nf_conntrack_entries_limit"].value) == (250_000, 262_144)


def test_a_link_tells_its_speed_and_the_best_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = dict.fromkeys(("bytes_recv", "bytes_sent", "packets_recv", "errin", "errout", "dropin", "dropout"), 0)
    io = SimpleNamespace(**counted)
    monkeypatch.setattr("psutil.net_io_counters", lambda pernic: {"eth0": io, "bond0": io, "lo": io, "veth1": io})
    speeds = {"eth0": SimpleNamespace(isup=True, speed=10_000), "bond0": SimpleNamespace(isup=True, speed=10_000)}
    monkeypatch.setattr("psutil.net_if_stats", lambda: speeds)
    (tmp_path / "sys/class/net/eth0/device").mkdir(parents=True)
    (tmp_path / "sys/class/net/eth0/carrier_changes").write_text("5\n")
    (tmp_path / "sys/class/net/bond0/bonding").mkdir(parents=True)
    (tmp_path / "sys/class/net/bond0/bonding/slaves").write_text("eth0 eth1\n")
    (tmp_path / "sys/class/net/eth0/bonding_slave").mkdir()
    (tmp_path / "sys/class/net/eth0/bonding_slave/mii_status").write_text("up\n")

    metrics = HostMetrics(tmp_path)
    assert of_disk(metrics, "eth0")["network_speed_bytes"] == 1.25e9
    speeds["eth0"].speed = 1_000
    eth0, bond0 = of_disk(metrics, "eth0"), of_disk(metrics, "bond0")
    assert (eth0["network_speed_bytes"], eth0["network_speed_best_bytes"]) == (1.25e8, 1.25e9)
    assert eth0["network_carrier_changes_total"] == 5
    assert (bond0["bonding_slaves"], bond0["bonding_active"]) == (2, 1)
    assert "network_speed_bytes" not in bond0, "a bond has no speed of its own"
    assert of_disk(metrics, "lo") == of_disk(metrics, "veth1") == {}


def test_an_infiniband_port_tells_its_state_and_errors(tmp_path: Path) -> None:
    ports = tmp_path / "sys/class/infiniband"
    for device, layer in (("mlx5_0", "InfiniBand"), ("mlx5_1", "Ethernet")):
        counters = ports / device / "ports/1/counters"
        counters.mkdir(parents=True)
        (counters / "symbol_error").write_text("7\n")
        (counters.parent / "link_layer").write_text(layer + "\n")
        (counters.parent / "state").write_text("4: ACTIVE\n")
        (counters.parent / "rate").write_text("200 Gb/sec (4X HDR)\n")
    metrics = HostMetrics(tmp_path)
    assert of_disk(metrics, "mlx5_0") == {
        "infiniband_port_down": 0,
        "infiniband_rate_best_bytes": 25e9,
        "infiniband_rate_bytes": 25e9,
        "infiniband_symbol_error_total": 7,
    }
    (ports / "mlx5_0/ports/1/rate").write_text("100 Gb/sec (2X HDR)\n")
    found = of_disk(metrics, "mlx5_0")
    assert (found["infiniband_rate_bytes"], found["infiniband_rate_best_bytes"]) == (12.5e9, 25e9)
    (ports / "mlx5_0/ports/1/state").write_text("1: DOWN\n")
    found = of_disk(metrics, "mlx5_0")
    assert found == {"infiniband_port_down": 1, "infiniband_symbol_error_total": 7}, "the last rate says nothing"
    assert of_disk(metrics, "mlx5_1") == {}, "that one is a network device"


def test_cards_of_amd_are_read_from_the_kernel(tmp_path: Path) -> None:
    device = tmp_path / "sys/devices/pci0000:40/0000:43:00.0"
    files = {
        "vendor": "0x1002",
        "gpu_busy_percent": "98",
        "mem_info_vram_total": str(64 * 2**30),
        "current_link_width": "16",
        "max_link_width": "16",
        "ras/umc_err_count": "ue: 1\nce: 40",
        "ras/aca_gfx": "ue: 0\nce: 2\nde: 0",
        "hwmon/hwmon5/temp1_input": "52000",
        "hwmon/hwmon5/temp1_label": "edge",
        "hwmon/hwmon5/temp2_input": "96000",
        "hwmon/hwmon5/temp2_label": "junction",
        "hwmon/hwmon5/temp2_crit": "100000",
        "hwmon/hwmon5/power1_average": "407000000",
    }
    for name, text in files.items():
        (device / name).parent.mkdir(parents=True, exist_ok=True)
        (device / name).write_text(text + "\n")
    drm = tmp_path / "sys/class/drm"
    for card in ("card0", "card0-DP-1"):
        (drm / card).mkdir(parents=True)
        (drm / card / "device").symlink_to(device)

    samples = [s for s in HostMetrics(tmp_path).sample() if s.labels[:1] == (("gpu", "0000:43:00.0"),)]

    assert {(s.name, *(value for _, value in s.labels[1:])): s.value for s in samples} == {
        ("gpu_utilization_percent",): 98,
        ("gpu_memory_total_bytes",): 64 * 2**30,
        ("gpu_pcie_width",): 16,
        ("gpu_pcie_width_max",): 16,
        ("gpu_temperature_celsius",): 52,
        ("gpu_temperature_margin_celsius",): 4,
        ("gpu_power_watts",): 407,
        ("gpu_ecc_uncorrected_total", "umc"): 1,
        ("gpu_ecc_corrected_total", "umc"): 40,
        ("gpu_ecc_uncorrected_total", "gfx"): 0,
        ("gpu_ecc_corrected_total", "gfx"): 2,
    }


def test_the_clock_of_this_kernel_is_told() -> None:
    found = by_name(HostMetrics().sample())
    assert found["timex_sync_status"].value in (0, 1)
    assert found["timex_maxerror_seconds"].value >= 0


def test_facts_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    facts = machine.facts(tmp_path)

    assert "os" not in facts
    assert facts["kernel"]
    assert int(facts["memory_bytes"]) > 0
