"""Thresholds, units, sensors and event logs: what is so or not so at each look."""

import math

import pytest

from groundcrew.diagnosis.detector import Detector

from .seen import drafts, readings, records, said, samples, units, us

GIB = 2.0**30


def _filling(detector: Detector, *available: tuple[float, float]) -> list[tuple[str, str, str]]:
    size = samples("filesystem_size_bytes", (0, 100 * GIB), mountpoint="/var")
    return said(detector, size, samples("filesystem_avail_bytes", *available, mountpoint="/var"))


def test_a_file_system_below_its_limit_for_a_minute_is_almost_full(detector: Detector) -> None:
    assert _filling(detector, (0, 4 * GIB), (30, 4 * GIB)) == []
    assert _filling(detector, (60, 4 * GIB)) == [("filesystem.almost-full", "raised", "/var")]


def test_history_is_not_judged(detector: Detector) -> None:
    before = samples("filesystem_size_bytes", (0, 100 * GIB), mountpoint="/var")
    full = samples("filesystem_avail_bytes", (1, 0.5 * GIB), (400, 0.5 * GIB), mountpoint="/var")
    archived = [
        one.model_copy(update={"data": one.data.model_copy(update={"history": True})}) for one in (before, full)
    ]
    assert said(detector, *archived) == []


def test_a_file_system_that_wavers_about_its_limit_is_said_once(detector: Detector) -> None:
    wavering = [(10.0 * n, (4.9 if n % 2 else 5.1) * GIB) for n in range(1, 40)]
    assert _filling(detector, (0, 4 * GIB), (60, 4 * GIB), *[(60 + s, v) for s, v in wavering]) == [
        ("filesystem.almost-full", "raised", "/var")
    ]


def test_a_full_file_system_is_critical_at_once_and_cleared_when_there_is_room(detector: Detector) -> None:
    found = drafts(detector, samples("filesystem_size_bytes", (0, 100 * GIB), mountpoint="/var"))
    found += drafts(detector, samples("filesystem_avail_bytes", (1, 0.5 * GIB), (400, 60 * GIB), mountpoint="/var"))
    assert [(d.data.rule_id, d.data.state.value) for d in found] == [
        ("filesystem.full", "raised"),
        ("filesystem.full", "cleared"),
    ]
    assert found[0].data.title == "/var is full: 0.5% left"


def test_without_a_known_size_the_absolute_floor_counts(detector: Detector) -> None:
    batch = samples("filesystem_avail_bytes", (0, 50 * 2.0**20), mountpoint="/scratch")
    [draft] = drafts(detector, batch)
    assert draft.data.title == "/scratch is full: 50.0 MiB left"


def test_read_only_images_are_full_by_nature(detector: Detector) -> None:
    batch = samples("filesystem_avail_bytes", (0, 0), (600, 0), mountpoint="/snap/core/1", fstype="squashfs")
    assert said(detector, batch) == []


def test_a_sample_that_is_no_number_says_nothing(detector: Detector) -> None:
    assert said(detector, samples("filesystem_avail_bytes", (0, math.nan), mountpoint="/var")) == []


def test_packets_received_with_errors_are_counted_by_growth(detector: Detector) -> None:
    old_errors = [(60.0 * n, 5_000.0) for n in range(20)]
    assert said(detector, samples("network_receive_errs_total", *old_errors, device="eno1")) == []
    growing = [(1_200 + 60.0 * n, 5_000.0 + 30 * n) for n in range(6)]
    assert said(detector, samples("network_receive_errs_total", *growing, device="eno1")) == [
        ("nic.receive-errors", "raised", "eno1")
    ]


def test_a_counter_that_begins_anew_after_a_reboot_did_not_grow_backwards(detector: Detector) -> None:
    batch = samples("network_receive_errs_total", (0, 90_000), (60, 0), (120, 3), (180, 4), device="eno1")
    assert said(detector, batch) == []


def test_a_failed_unit_is_raised_and_cleared_when_it_runs(detector: Detector) -> None:
    batch = units((0, "nginx.service", "failed", "failed"), (15, "nginx.service", "active", "running"))
    assert said(detector, batch) == [
        ("service.failed", "raised", "nginx.service"),
        ("service.failed", "cleared", "nginx.service"),
    ]


def test_a_unit_that_was_running_and_failed_is_down(detector: Detector) -> None:
    batch = units(
        (0, "nginx.service", "active", "running"),
        (15, "nginx.service", "failed", "failed"),
        (30, "nginx.service", "active", "running"),
    )
    assert said(detector, batch) == [
        ("service.down", "raised", "nginx.service"),
        ("service.down", "cleared", "nginx.service"),
    ]


def test_a_oneshot_that_succeeded_before_and_failed_now_is_not_down(detector: Detector) -> None:
    batch = units((0, "backup.service", "inactive", "dead"), (15, "backup.service", "failed", "failed"))
    assert said(detector, batch) == [("service.failed", "raised", "backup.service")]


def test_a_unit_that_stays_failed_is_said_again_after_an_hour_only(detector: Detector) -> None:
    polls = [(15.0 * n, "nginx.service", "failed", "failed") for n in range(300)]
    assert said(detector, units(*polls)) == [("service.failed", "raised", "nginx.service")] * 2


@pytest.mark.parametrize(("active", "sub"), [("inactive", "dead"), ("active", "exited"), ("activating", "start")])
def test_a_unit_at_rest_or_on_its_way_is_not_failed(detector: Detector, active: str, sub: str) -> None:
    assert said(detector, units((0, "backup.service", active, sub), (15, "backup.service", active, sub))) == []


def test_restarts_counted_by_systemd_are_a_crash_loop(detector: Detector) -> None:
    first = units((0, "nginx.service", "active", "running"), restarts=40)
    few = units((60, "nginx.service", "activating", "auto-restart"), restarts=43)
    assert said(detector, first, few) == []
    many = units((120, "nginx.service", "activating", "auto-restart"), restarts=44)
    assert said(detector, many) == [("service.crash-loop", "raised", "nginx.service")]


def test_restarts_seen_by_state_alone_are_a_crash_loop_until_the_unit_stays_up(detector: Detector) -> None:
    looping = [(10.0 * n, "nginx.service", "activating", "auto-restart") for n in range(6)]
    assert said(detector, units(*looping)) == [("service.crash-loop", "raised", "nginx.service")]
    up = [(100.0 + 60 * n, "nginx.service", "active", "running") for n in range(14)]
    assert said(detector, units(*up)) == [("service.crash-loop", "cleared", "nginx.service")]


def test_one_bad_poll_of_a_fan_is_not_believed_and_two_are(detector: Detector) -> None:
    assert said(detector, readings("FAN5", (0, 5_000, "ok"), (60, 0, "nr"), (120, 5_000, "ok"))) == []
    assert said(detector, readings("FAN5", (180, 0, "nr"), (240, 0, "nr"), (300, 0, "nr"))) == [
        ("sensor.fan-failed", "raised", "FAN5")
    ]


def test_a_fan_is_cleared_by_two_good_polls(detector: Detector) -> None:
    bad = readings("FAN5", (0, 0, "nr"), (60, 0, "nr"))
    good = readings("FAN5", (120, 5_000, "ok"), (180, None, "ns"), (240, 5_000, "ok"))
    assert said(detector, bad, good)[1:] == [("sensor.fan-failed", "cleared", "FAN5")]


def test_a_sensor_without_reading_is_neither_bad_nor_good(detector: Detector) -> None:
    assert said(detector, readings("FAN5", (0, None, "ns"), (60, None, "ns"), (120, None, "ns"))) == []


def test_an_asserted_record_raises_and_its_deassertion_clears(detector: Detector) -> None:
    lost = (0.0, "Power Supply PS2 Status", "Power Supply AC lost", True)
    back = (60.0, "Power Supply PS2 Status", "Power Supply AC lost", False)
    found = drafts(detector, records(lost, back))
    assert [(d.data.rule_id, d.data.state.value, d.data.component) for d in found] == [
        ("sel.psu-input-lost", "raised", "PS2"),
        ("sel.psu-input-lost", "cleared", "PS2"),
    ]
    assert found[0].data.evidence[0].ref == "brickbox-43-bmc/1"
    assert found[0].data.title == "Power supply PS2 lost its input"


def test_redundancy_that_is_back_is_told_by_another_event(detector: Detector) -> None:
    lost = (0.0, "Power Supply PS Redundancy", "Redundancy Lost", True)
    back = (60.0, "Power Supply PS Redundancy", "Fully Redundant", True)
    assert [state for _, state, _ in said(detector, records(lost, back))] == ["raised", "cleared"]


def test_records_of_last_week_are_history(detector: Detector) -> None:
    lost = (0.0, "Power Supply PS2 Status", "Power Supply AC lost", True)
    assert said(detector, records(lost, received_s=7 * 86_400)) == []
    assert us(0) < us(7 * 86_400)


def test_a_cleared_log_is_told_but_opens_nothing(detector: Detector) -> None:
    [draft] = drafts(detector, records((0.0, "Event Logging Disabled SEL", "Log area reset/cleared", True)))
    assert draft.data.severity.rank == 0
