"""From what nvidia-smi, smartctl and the kernel say to what an operator is told, with the shipped thresholds."""

from collections.abc import Sequence
from typing import Any

import pytest
from tests.unit.diagnosis_hardware.cards import ampere, hopper, printed
from tests.unit.diagnosis_hardware.drives import attribute, disk, nvme, sas
from tests.unit.diagnosis_hardware.drives import printed as smart_printed

from groundcrew.contracts.observations import MetricBatch, MetricSeries
from groundcrew.diagnosis.detector import Detector, Knowledge
from groundcrew.diagnosis.nvidia_smi import parse
from groundcrew.diagnosis.nvidia_smi import samples_of as gpu_samples
from groundcrew.diagnosis.samples import Sample
from groundcrew.diagnosis.smart import Device, report_of

from .seen import drafts, said, samples, sealed, us

A100, H100 = "00000000:3B:00.0", "00000000:86:00.0"
DAY = 86_400
FAILED_TEST = {"standard": {"table": [{"status": {"value": 121}}]}}
MODULE = {"controller": "0", "dimm": "A1"}


@pytest.fixture
def detector(knowledge: Knowledge) -> Detector:
    """Of thresholds alone: rules take a while to compile."""
    return Detector(Knowledge(thresholds=knowledge.thresholds))


def at(second: float, found: Sequence[Sample]) -> Any:
    batch = MetricBatch(
        series=[MetricSeries(name=s.name, unit=s.unit, labels=dict(s.labels)) for s in found],
        series_index=list(range(len(found))),
        times=[us(second)] * len(found),
        values=[s.value for s in found],
    )
    return sealed(batch, "host:gpu-07")


def cards(*texts: tuple[str, str]) -> list[Sample]:
    return [sample for card in parse(printed(*texts))[1] for sample in gpu_samples(card)]


def over(seconds: float, step: float, found: Sequence[Sample]) -> list[Any]:
    return [at(step * n, found) for n in range(round(seconds / step) + 1)]


def drive(document: dict[str, Any], name: str = "/dev/sda", kind: str = "sat") -> list[Sample]:
    device = Device(name, kind)
    readable = Sample("smart_readable", 1.0, "", (("device", device.name),))
    return [readable, *report_of(device, smart_printed(document)).samples]


def told(detector: Detector, *envelopes: Any) -> list[tuple[str, str]]:
    """(rule, component) of what was raised at warning and above."""
    found = drafts(detector, *envelopes)
    return [
        (d.data.rule_id, d.data.component) for d in found if d.data.severity.rank and d.data.state.value == "raised"
    ]


def test_healthy_cards_at_work_and_at_rest_say_nothing(detector: Detector) -> None:
    rest = hopper().replace("<sram_threshold_exceeded>Yes", "<sram_threshold_exceeded>No")
    rest = rest.replace("failure>Yes", "failure>No").replace(">1 bank(s)", ">0 bank(s)")
    idle = ampere(gen=1, state="P8", busy=0, temperature=31)
    for text in (ampere(), idle):
        assert told(detector, *over(3_600, 30, cards((A100, text), (H100, rest)))) == []


def test_a_hot_card_is_judged_by_its_own_limit(detector: Detector) -> None:
    """It slows down at 89 degrees: at 88 it is told so, and by nothing else."""
    assert told(detector, *over(300, 30, cards((A100, ampere(temperature=88))))) == [
        ("gpu.near-slowdown", "GPU 0000:3b:00.0")
    ]


def test_a_card_that_tells_no_limit_is_judged_by_the_usual_one(detector: Detector) -> None:
    hot = [(30.0 * n, 90.0) for n in range(10)]
    assert said(detector, samples("gpu_temperature_celsius", *hot, gpu="0")) == [("gpu.hot", "raised", "GPU 0")]


@pytest.mark.parametrize(
    ("card", "rule"),
    [
        (ampere(width=8), "gpu.pcie-narrow"),
        (ampere(gen=3), "gpu.pcie-slow"),
        (ampere(slowed="Active"), "gpu.hot-slowdown"),
        (ampere(pending="Yes"), "gpu.remap-pending"),
    ],
)
def test_a_fault_of_a_card_names_the_card(detector: Detector, card: str, rule: str) -> None:
    assert told(detector, *over(900, 30, cards((A100, card)))) == [(rule, "GPU 0000:3b:00.0")]


def test_a_worn_card_is_told_by_each_of_its_signs(detector: Detector) -> None:
    found = told(detector, *over(120, 30, cards((H100, hopper(action="Reset", reset="Yes")))))
    assert sorted(rule for rule, _ in found) == [
        "gpu.recovery-wanted",
        "gpu.remap-banks-exhausted",
        "gpu.remap-failed",
        "gpu.sram-worn",
    ]


def test_a_card_that_is_lost_is_critical(detector: Detector) -> None:
    lost = cards((A100, hopper(temperature="GPU is lost", busy="GPU is lost")))
    alone = [sample for sample in lost if sample.name == "gpu_readable"]
    found = drafts(detector, *over(60, 30, alone))
    assert [(d.data.rule_id, d.data.severity.value, d.data.component) for d in found] == [
        ("gpu.unreadable", "critical", "GPU 0000:3b:00.0")
    ]


def test_errors_counted_before_we_looked_are_old_news(detector: Detector) -> None:
    """The card has counted two since its driver was loaded; a third is told, of the memory that had it."""
    before = cards((A100, ampere()))
    assert told(detector, *over(600, 30, before)) == []
    [draft] = drafts(
        detector, at(700, cards((A100, ampere().replace("<dram_uncorrectable>2", "<dram_uncorrectable>3"))))
    )
    assert draft.data.title == "GPU 0000:3b:00.0 counted 1 uncorrectable errors of its dram within a day"


@pytest.mark.parametrize(
    "document",
    [disk(attribute(5, 40), attribute(199, 3)), nvme(media_errors=71), sas()],
    ids=["disk", "nvme", "sas"],
)
def test_old_counts_of_a_drive_that_do_not_grow_say_nothing(detector: Detector, document: dict[str, Any]) -> None:
    name = "/dev/nvme0" if "nvme_smart_health_information_log" in document else "/dev/sda"
    found = drive(document, name)
    assert told(detector, *over(2 * DAY, 1_800, found)) == []


@pytest.mark.parametrize(
    ("document", "rules"),
    [
        (disk(passed=False), ["smart.failing"]),
        (disk(attribute(197, 8)), ["smart.pending"]),
        (disk(attribute(5, 900, failed="now", prefailure=True)), ["smart.attributes-failing"]),
        (disk(temperature={"current": 61, "op_limit_max": 60}), ["drive.at-its-limit"]),
        (disk(temperature={"current": 63}), ["drive.hot"]),
        (disk(endurance_used={"current_percent": 96}), ["ssd.worn"]),
        (disk(ata_smart_self_test_log=FAILED_TEST), ["smart.self-test-failed"]),
        (nvme(critical_warning=4), ["nvme.unreliable"]),
        (nvme(critical_warning=9, available_spare=4), ["nvme.spare-low", "nvme.spare-used-up", "nvme.read-only"]),
        (nvme(percentage_used=104), ["nvme.worn"]),
    ],
)  # fmt: skip
def test_what_a_drive_says_of_itself_is_told(detector: Detector, document: dict[str, Any], rules: list[str]) -> None:
    name = "/dev/nvme0" if "nvme_smart_health_information_log" in document else "/dev/sda"
    found = told(detector, at(0, drive(document, name)))
    assert sorted(found) == sorted((rule, name.removeprefix("/dev/")) for rule in rules)


def test_counts_that_grow_are_told(detector: Detector) -> None:
    first = drive(disk(attribute(5, 40), attribute(199, 3)))
    later = drive(disk(attribute(5, 48), attribute(199, 40)))
    assert told(detector, at(0, first), at(DAY / 2, later)) == [
        ("smart.reallocating", "sda"),
        ("smart.link-errors", "sda"),
    ]


def test_a_drive_that_stops_answering_is_told_at_the_second_look(detector: Detector) -> None:
    gone = samples("smart_readable", (0, 1), (1_800, 0), (3_600, 0), device="sdc")
    assert said(detector, gone) == [("smart.unreadable", "raised", "sdc")]


def test_a_file_system_that_was_always_read_only_says_nothing(detector: Detector) -> None:
    always = samples("filesystem_readonly", *[(60.0 * n, 1.0) for n in range(50)], mountpoint="/srv")
    assert said(detector, always) == []
    became = samples("filesystem_readonly", (0, 0), (60, 0), (120, 1), (180, 1), mountpoint="/data")
    assert said(detector, became) == [("filesystem.became-readonly", "raised", "/data")]


@pytest.mark.parametrize(
    ("metric", "values", "labels", "rule"),
    [
        ("disk_stalled_seconds", (15, 45, 75), {"device": "sdb"}, "disk.stalled"),
        ("disk_stalled_seconds", (15, 45, 75), {"device": "nvme1n1"}, "nvme.stalled"),
        ("disk_await_seconds", (2,) * 30, {"device": "sdb"}, "disk.slow"),
        ("md_degraded_disks", (0, 1), {"device": "md0"}, "raid.member-missing"),
        ("network_carrier_changes_total", (2, 3, 4, 5, 6), {"device": "eth0"}, "nic.flaps"),
        ("hwmon_temp_margin_celsius", (1,) * 30, {"chip": "coretemp", "sensor": "Core 3"}, "temperature.processor"),
        ("edac_dimm_uncorrectable_errors_total", (0, 1), MODULE, "memory.module-uncorrected"),
        ("processes_state", (40,) * 60, {"state": "D"}, "kernel.tasks-stuck"),
        ("timex_offset_seconds", (0.4,) * 60, {}, "time.behind-server"),
        ("infiniband_port_down", (0, 0, 1, 1), {"device": "mlx5_0", "port": "1"}, "infiniband.port-down"),
        ("gpu_visible", (1, 0, 0, 0, 0, 0), {"gpu": "0000:3b:00.0"}, "gpu.not-listed"),
        ("gpu_nvlink_links_inactive", (0, 1), {"gpu": "0000:3b:00.0"}, "nvlink.down"),
    ],
)  # fmt: skip
def test_a_host_in_trouble_is_told(
    detector: Detector, metric: str, values: tuple[float, ...], labels: dict[str, str], rule: str
) -> None:
    series = samples(metric, *[(15.0 * n, float(value)) for n, value in enumerate(values)], **labels)
    assert [(found, state) for found, state, _ in said(detector, series)] == [(rule, "raised")]


@pytest.mark.parametrize(
    ("metric", "whole", "value", "total", "rule"),
    [
        ("nf_conntrack_entries", "nf_conntrack_entries_limit", 250_000, 262_144, "network.conntrack-full"),
        ("filefd_allocated", "filefd_maximum", 95, 100, "kernel.files-run-out"),
        ("processes_threads", "processes_max_threads", 31_000, 32_768, "kernel.threads-run-out"),
    ],
)
def test_what_the_kernel_runs_out_of_is_told(
    detector: Detector, metric: str, whole: str, value: float, total: float, rule: str
) -> None:
    limit = samples(whole, (0, total))
    assert [found for found, _, _ in said(detector, limit, samples(metric, (0, value), (60, value)))] == [rule]


def test_the_flood_of_a_large_host_stays_small(detector: Detector) -> None:
    """Sixteen cards with all their series, at every interval of an hour, in one state."""
    many = cards(*[(f"00000000:{n:02X}:00.0", ampere(temperature=88)) for n in range(16)])
    assert len(many) < 1_900, "one batch"
    found = told(detector, *over(3_000, 30, many))
    assert len(found) == 16, "each card once"
    assert len(detector.state("host:gpu-07")) < 100_000
