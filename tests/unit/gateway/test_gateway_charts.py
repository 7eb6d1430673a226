"""Charts of a host's history as plain numbers."""

from datetime import UTC, datetime, timedelta

from groundcrew.contracts.queries import MetricPoints
from groundcrew_gateway.pages.charts import CHARTED, gap_of, host_charts, runs_of
from groundcrew_gateway.pages.timeline import Axis, sparkline

END = datetime(2026, 3, 4, tzinfo=UTC)
DAY = Axis(END - timedelta(days=1), END)
STEP_S = 720


def points(*values: float, labels: dict[str, str] | None = None, unit: str = "", every_s: int = 600) -> MetricPoints:
    times = [DAY.start + timedelta(seconds=every_s * n) for n in range(len(values))]
    return MetricPoints(
        labels=labels or {}, unit=unit, times=times, averages=list(values), minima=[v / 2 for v in values],
        maxima=[v * 2 for v in values], slope_per_hour=None,
    )  # fmt: skip


def test_a_chart_tells_minimum_average_and_maximum_of_each_line():
    [cpu] = host_charts({"cpu_percent": [points(10, 20, 30)]}, DAY, STEP_S, None)
    [line] = cpu.lines
    assert (line.low, line.average, line.high, line.latest) == (5, 20, 60, 30)
    assert (cpu.bottom, cpu.top) == (0, 100)
    assert line.path == "M0 90L0.69 80L1.39 70"
    assert line.band.endswith("Z")


def test_of_the_modes_only_waiting_for_disks_is_drawn_dashed():
    modes = [points(1, labels={"mode": mode}) for mode in ("user", "iowait")]
    [cpu] = host_charts({"cpu_percent": [points(10)], "cpu_mode_percent": modes}, DAY, STEP_S, None)
    assert [line.name for line in cpu.lines] == ["busy", "waits for disks"]


def test_memory_is_drawn_against_what_the_host_has():
    [memory] = host_charts({"memory_available_bytes": [points(4e9, unit="bytes")]}, DAY, STEP_S, 64e9)
    assert (memory.bottom, memory.top, memory.unit) == (0, 64e9, "bytes")


def test_the_busiest_disks_are_drawn_and_partitions_left_to_their_disk():
    names = {"sda": 5.0, "sda1": 5.0, "nvme0n1": 900.0, "nvme0n1p2": 900.0, "sdb": 70.0, "sdc": 0.0}
    read = [points(peak, labels={"device": name}, unit="bytes_per_second") for name, peak in names.items()]
    charts = host_charts({"disk_read_bytes_per_second": read}, DAY, STEP_S, None)
    assert [chart.of for chart in charts] == ["nvme0n1", "sdb"]


def test_a_temperature_begins_at_its_lowest_value():
    labels = {"chip": "coretemp", "sensor": "Core 0"}
    [chart] = host_charts({"hwmon_temp_celsius": [points(40, 50, labels=labels)]}, DAY, STEP_S, None)
    assert (chart.of, chart.bottom, chart.top) == ("coretemp Core 0", 20, 100)


def test_a_device_that_never_did_anything_has_no_chart():
    idle = [points(0.0, labels={"device": "eth1"})]
    assert host_charts({"network_receive_bytes_per_second": idle}, DAY, STEP_S, None) == []


def test_values_that_never_move_are_drawn_all_the_same():
    [load] = host_charts({"load1": [points(0, 0)]}, DAY, STEP_S, None)
    assert load.top == 1


def test_nothing_measured_is_no_chart():
    assert host_charts({name: [] for name in CHARTED}, DAY, STEP_S, None) == []


def test_history_of_every_ten_minutes_is_one_line_and_a_hole_of_hours_is_none():
    times = [*(DAY.start + timedelta(minutes=10 * n) for n in range(6)), DAY.start + timedelta(hours=9)]
    assert [len(run) for run in runs_of(times, gap_of(times, 30))] == [6, 1]
    assert runs_of([], timedelta(1)) == []


def test_a_point_by_itself_is_a_dot():
    [load] = host_charts({"load1": [points(0.5)]}, DAY, STEP_S, None)
    assert load.lines[0].path == "M0 50h0"
    assert sparkline([DAY.start], [1.0], DAY, timedelta(minutes=3)).endswith("h0")
