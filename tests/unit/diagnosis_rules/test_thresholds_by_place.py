"""Thresholds for some hosts, roles and mount points, and what they say."""

from pathlib import Path

import pytest

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.observations import MetricBatch
from groundcrew.diagnosis.detector import Detector
from groundcrew.diagnosis.rules import PackError
from groundcrew.runtime.packs import load_packs

from .seen import drafts, said, samples

GIB = 2.0**30
CPU = """
[[threshold]]
id = "cpu.busy"
title = "CPU: {value}, limit {limit}, since {since}"
severity = "warning"
component_class = "cpu"
metric = "cpu_percent"
when = "above"
limit = 90
clear = 80
unit = "%"
meaning = "Busy."
steps = ["Look."]
"""


def detector(folder: Path, text: str, roles: dict[str, str] | None = None) -> Detector:
    """With the shipped packs, and over them an operator's thresholds.toml."""
    (folder / "thresholds.toml").write_text(text)
    known = roles or {}
    return Detector(load_packs(folder).knowledge, role_of=lambda host: known.get(host, ""))


def nearly_full(mountpoint: str, percent: float, host: str = "db-01") -> list[Envelope[MetricBatch]]:
    size = samples("filesystem_size_bytes", (0, 100 * GIB), entity=f"host:{host}", mountpoint=mountpoint)
    left = percent * GIB
    gone = samples("filesystem_avail_bytes", (0, left), (90, left), entity=f"host:{host}", mountpoint=mountpoint)
    return [size, gone]


def test_an_override_holds_for_its_mount_point_only(tmp_path: Path) -> None:
    text = """
    [[override]]
    id = "scratch-fills-up"
    thresholds = ["filesystem.almost-full"]
    labels = { mountpoint = "/scratch(/.*)?" }
    limit = 2
    clear = 3
    """
    subject = detector(tmp_path, text)
    assert said(subject, *nearly_full("/scratch/a", 4)) == []
    assert said(subject, *nearly_full("/var", 4)) == [("filesystem.almost-full", "raised", "/var")]


def test_an_override_holds_for_hosts_by_name_and_by_role(tmp_path: Path) -> None:
    text = """
    [[override]]
    id = "caches-are-full-by-nature"
    thresholds = ["filesystem.*"]
    roles = ["cache"]
    off = true

    [[override]]
    id = "the-build-hosts-too"
    thresholds = ["filesystem.*"]
    hosts = ["build-*"]
    off = true
    """
    subject = detector(tmp_path, text, {"edge-1": "cache"})
    assert said(subject, *nearly_full("/var", 4, "edge-1")) == []
    assert said(subject, *nearly_full("/var", 4, "build-7")) == []
    assert said(subject, *nearly_full("/var", 4, "db-01"))


def test_a_host_whose_role_changes_is_judged_by_its_new_one(tmp_path: Path) -> None:
    roles = {"edge-1": "cache"}
    (tmp_path / "thresholds.toml").write_text(
        '[[override]]\nid = "x"\nthresholds = ["filesystem.almost-full"]\nroles = ["cache"]\noff = true\n'
    )
    subject = Detector(load_packs(tmp_path).knowledge, role_of=lambda host: roles.get(host, ""))
    assert said(subject, *nearly_full("/var", 4, "edge-1")) == []
    roles["edge-1"] = "db"
    assert said(subject, *nearly_full("/var", 4, "edge-1"))


def test_of_overrides_that_fit_the_last_one_wins_key_by_key(tmp_path: Path) -> None:
    text = """
    [[override]]
    id = "first"
    thresholds = ["cpu.busy"]
    limit = 50
    clear = 40
    hold_s = 0

    [[override]]
    id = "second"
    thresholds = ["cpu.busy"]
    hosts = ["db-*"]
    severity = "critical"
    limit = 70
    clear = 60
    """
    subject = detector(tmp_path, text)
    assert drafts(subject, samples("cpu_percent", (0, 60))) == []
    [draft] = drafts(subject, samples("cpu_percent", (10, 75)))
    assert draft.data.severity.value == "critical"
    [other] = drafts(subject, samples("cpu_percent", (0, 60), entity="host:web-01"))
    assert other.data.severity.value == "info"


def test_a_threshold_of_ones_own_may_be_for_one_role(tmp_path: Path) -> None:
    text = CPU.replace('id = "cpu.busy"', 'id = "site.cpu"\nroles = ["db"]')
    subject = detector(tmp_path, text, {"db-01": "db"})
    [draft] = drafts(subject, samples("cpu_percent", (0, 91)))
    assert draft.data.title == "CPU: 91%, limit above 90%, since 2026-03-04 02:00:00 UTC"
    assert "limit above 90%; since 2026-03-04 02:00:00 UTC" in draft.data.evidence[0].text
    assert said(subject, samples("cpu_percent", (0, 91), entity="host:web-01")) == []


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ('thresholds = ["cpu.buzy"]\noff = true', "thresholds: 'cpu.buzy' is the id of no threshold"),
        ('thresholds = ["cpu.busy"]', "expected off = true or a key that it changes, such as limit and clear"),
        ('thresholds = ["cpu.busy"]\nlimit = 5', "limit: expected together with clear"),
        ('thresholds = ["cpu.busy"]\nlimit = 5\nclear = 9', "clear: expected at most limit for cpu.busy (5)"),
        ('thresholds = ["cpu.busy"]\nwithin_s = 5', "within_s: cpu.busy has when = 'above' and no within_s"),
        ('thresholds = ["filesystem.fills"]\nlimit = 5\nclear = 9', "limit: filesystem.fills has when = 'runs-out'"),
        ('thresholds = ["cpu.busy"]\noff = true\nlabels = { a = "(" }', "labels.a: "),
        ('thresholds = ["cpu.busy"]\nlimits = 5', "limits: Extra inputs are not permitted"),
    ],
)
def test_an_override_that_cannot_hold_names_file_and_place(tmp_path: Path, override: str, told: str) -> None:
    (tmp_path / "thresholds.toml").write_text(f'[[override]]\nid = "mine"\n{override}\n')
    with pytest.raises(PackError) as refused:
        load_packs(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path}/thresholds.toml: override mine: ")
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("limit = 90", "limit: expected with when = 'above'"),
        ('when = "above"', "when: Field required"),
        ("clear = 80", "clear: expected with when = 'above'"),
    ],
)
def test_a_threshold_without_its_keys_names_the_place(tmp_path: Path, change: str, told: str) -> None:
    (tmp_path / "thresholds.toml").write_text(CPU.replace(change, ""))
    with pytest.raises(PackError, match=r"threshold cpu\.busy") as refused:
        load_packs(tmp_path)
    assert told in str(refused.value)


def test_a_forecast_needs_its_window(tmp_path: Path) -> None:
    text = CPU.replace('when = "above"\nlimit = 90\nclear = 80', 'when = "runs-out"\nwithin_s = 60')
    (tmp_path / "thresholds.toml").write_text(text)
    with pytest.raises(PackError, match=r"threshold cpu\.busy: window_s: expected with when = 'runs-out'"):
        load_packs(tmp_path)


def test_growth_over_a_window_that_is_longer_than_many_samples(tmp_path: Path) -> None:
    """A counter that grows by one at each of 240 samples of an hour grew by 240 within it, not by what fits a list."""
    text = CPU.replace('metric = "cpu_percent"', 'metric = "things_total"\nwindow_s = 3600').replace("= 90", "= 230")
    subject = detector(tmp_path, text)
    found = drafts(subject, samples("things_total", *[(15.0 * n, float(n)) for n in range(240)]))
    assert [draft.data.captures["value"] for draft in found] == ["231%"]


def test_a_counter_that_stands_still_is_forgotten_after_its_window(tmp_path: Path) -> None:
    text = CPU.replace('metric = "cpu_percent"', 'metric = "things_total"\nwindow_s = 3600')
    subject = detector(tmp_path, text)
    grew = [(15.0 * n, float(n)) for n in range(100)]
    still = [(1_500.0 + 60 * n, 99.0) for n in range(120)]
    states = [state for _, state, _ in said(subject, samples("things_total", *grew, *still))]
    assert states == ["raised", "cleared"]
