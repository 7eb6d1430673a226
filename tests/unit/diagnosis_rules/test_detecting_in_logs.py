"""From log lines to trigger events: folding, rates, confirmation, recovery, all in event time."""

from groundcrew.contracts.incidents import Severity
from groundcrew.diagnosis.detector import Detector
from groundcrew.diagnosis.tracks import Track

from .seen import drafts, logs, said, units, us

OOM = "Out of memory: Killed process 3656 (ingestd) total-vm:1kB"
CE = "EDAC MC1: {n} CE memory read error on CPU_SrcID#0_MC#1_Chan#1_DIMM#0 (channel:1 slot:0)"
FAILED = "report-gen.service: Failed with result 'exit-code'."
RESTARTED = "report-gen.service: Scheduled restart job, restart counter is at 1."
DOWN, UP = "bnxt_en 0000:19:00.0 eno1np0: NIC Link is Down", "bnxt_en 0000:19:00.0 eno1np0: NIC Link is Up, 25000 Mbps"


def test_a_line_raises_a_trigger_that_cites_it(detector: Detector) -> None:
    [draft] = drafts(detector, logs((7, "kernel", "all is well"), (8, "kernel", OOM)))
    assert (draft.entity, draft.time_us, draft.data.severity) == ("host:train-11", us(8), Severity.WARNING)
    assert draft.data.causes == ["memory_pressure.oom"]
    assert draft.data.title == "Out of memory: ingestd was killed"
    [evidence] = draft.data.evidence
    assert (evidence.text, evidence.ref, evidence.trigger_id) == (OOM, "c1", draft.id)


def test_a_rule_for_the_kernel_does_not_believe_a_program_that_quotes_it(detector: Detector) -> None:
    assert said(detector, logs((0, "orders-api", OOM))) == []


def test_a_line_of_unknown_origin_is_believed(detector: Detector) -> None:
    assert said(detector, logs((0, "", OOM))) == [("kernel.oom-kill", "raised", "ingestd")]


def test_equal_lines_within_the_debounce_are_one_trigger_and_the_rest_is_told_with_the_next(detector: Detector) -> None:
    storm = [(float(second), "kernel", OOM) for second in range(301)]
    first, second = drafts(detector, logs(*storm))
    assert (first.data.count, second.data.count) == (1, 300)
    assert second.data.first_seen == second.data.evidence[0].time
    assert len(second.data.evidence) == 10
    assert first.id != second.id


def test_few_corrected_errors_are_noise_and_many_within_the_hour_are_a_trigger(detector: Detector) -> None:
    few = [(60.0 * number, "kernel", CE.format(n=1)) for number in range(29)]
    assert said(detector, logs(*few)) == []
    [draft] = drafts(detector, logs((1_800, "kernel", CE.format(n=1)), first=29))
    assert (draft.data.rule_id, draft.data.count) == ("memory.corrected-storm", 30)


def test_errors_that_one_line_counts_together_weigh_together(detector: Detector) -> None:
    [draft] = drafts(detector, logs((0, "kernel", CE.format(n=40))))
    assert draft.data.count == 40


def test_corrected_errors_spread_over_a_day_never_add_up(detector: Detector) -> None:
    spread = [(300.0 * number, "kernel", CE.format(n=1)) for number in range(288)]
    assert said(detector, logs(*spread)) == []


def test_after_a_rate_went_down_it_has_to_be_reached_again(detector: Detector) -> None:
    attempt = "Failed password for root from 203.0.113.87 port 53033 ssh2"
    storm = [(float(n), "sshd", attempt) for n in range(20)]
    assert said(detector, logs(*storm)) == [("security.ssh-bruteforce", "raised", "203.0.113.87")]
    assert said(detector, logs((7_200, "sshd", attempt), first=20)) == []


def test_each_address_is_counted_by_itself(detector: Detector) -> None:
    lines = [(float(n), "sshd", f"Failed password for root from 203.0.113.{n} port 5 ssh2") for n in range(60)]
    assert said(detector, logs(*lines)) == []


def test_where_units_are_watched_one_that_fails_and_is_restarted_at_once_is_not_worth_a_trigger(
    detector: Detector,
) -> None:
    watched = units((-60, "ssh.service", "active", "running"), entity="host:train-11")
    lines = [(0, "systemd", FAILED), (5.2, "systemd", RESTARTED), (60, "systemd", "Startup finished")]
    assert said(detector, watched, logs(*lines)) == []


def test_where_units_are_watched_one_that_stays_failed_is_raised_when_time_has_passed(detector: Detector) -> None:
    watched = units((-60, "ssh.service", "active", "running"), entity="host:train-11")
    assert said(detector, watched, logs((0, "systemd", FAILED))) == []
    [draft] = drafts(detector, logs((45, "sshd", "Connection closed by 10.20.0.5 port 51786"), first=1))
    assert (draft.data.rule_id, draft.data.component) == ("systemd.unit-failed", "report-gen.service")
    assert draft.data.evidence[0].text == FAILED


def test_where_only_logs_are_followed_a_failed_unit_is_raised_at_once_and_cleared_by_its_restart(
    detector: Detector,
) -> None:
    assert said(detector, logs((0, "systemd", FAILED), (5.2, "systemd", RESTARTED))) == [
        ("systemd.unit-failed", "raised", "report-gen.service"),
        ("systemd.unit-failed", "cleared", "report-gen.service"),
    ]


def test_a_link_that_stays_down_is_raised_and_cleared_when_it_is_up(detector: Detector) -> None:
    lines = [(0, "kernel", DOWN), (40, "CRON", "pam_unix"), (90, "kernel", UP)]
    assert said(detector, logs(*lines)) == [
        ("nic.link-down", "raised", "eno1np0"),
        ("nic.link-down", "cleared", "eno1np0"),
    ]


def test_a_port_without_a_cable_says_nothing_while_the_host_boots(detector: Detector) -> None:
    down = "bnxt_en 0000:19:00.0 eno1np0: NIC Link is Down"
    booting = logs((0, "kernel", "Linux version 6.8.0"), (40, "kernel", down), boot="b1")
    running = logs((600, "kernel", "all is well"), (605, "kernel", down), (700, "kernel", "next"), boot="b1", first=9)
    assert detector.observe(booting) == []
    assert detector.observe(logs((90, "kernel", "next"), boot="b1", first=5)) == []
    assert [draft.data.rule_id for draft in detector.observe(running)] == ["nic.link-down"]
    again = logs((900, "kernel", down), (990, "kernel", "next"), boot="b2", first=20, entity="host:train-12")
    assert detector.observe(again) == []


def test_a_link_that_goes_down_with_a_reboot_says_nothing(detector: Detector) -> None:
    lines = [(0, "kernel", DOWN), (240, "kernel", "Linux version 5.15.0-119-generic (buildd@lcy02)")]
    assert said(detector, logs(*lines)) == []


def test_a_recovery_of_one_array_leaves_the_other_raised(detector: Detector) -> None:
    def fail(md: str) -> str:
        return f"Fail event detected on md device /dev/{md}, component device /dev/sde1"

    finished = "RebuildFinished event detected on md device /dev/md0"
    lines = [(0, "mdadm", fail("md0")), (1, "mdadm", fail("md1")), (2, "mdadm", finished), (3, "mdadm", finished)]
    assert said(detector, logs(*lines)) == [
        ("raid.degraded", "raised", "md0"),
        ("raid.degraded", "raised", "md1"),
        ("raid.degraded", "cleared", "md0"),
    ]


def test_a_clock_that_jumped_ahead_does_not_silence_what_comes_after(detector: Detector) -> None:
    assert said(detector, logs((86_400 * 365, "kernel", OOM))) == [("kernel.oom-kill", "raised", "ingestd")]
    assert said(detector, logs((0, "kernel", OOM), first=1)) == [("kernel.oom-kill", "raised", "ingestd")]


def test_an_entry_of_several_lines_is_read_as_one(detector: Detector) -> None:
    assert said(detector, logs((0, "kernel", "first\n" + OOM + "\nlast"))) == [("kernel.oom-kill", "raised", "ingestd")]


def test_the_same_part_in_two_spellings_is_one_part(detector: Detector) -> None:
    xid = "NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
    again = "NVRM: GPU 0000:3B:00.0: GPU has fallen off the bus."
    assert set(said(detector, logs((0, "kernel", xid), (1, "kernel", again)))) == {
        ("gpu.xid-79", "raised", "GPU 0000:3b:00.0")
    }


def test_another_wording_of_a_rule_is_told_at_once_and_each_but_once(detector: Detector) -> None:
    error = "EXT4-fs error (device sda2): ext4_journal_check_start:83: comm postgres: Detected aborted journal"
    remount = "EXT4-fs (sda2): Remounting filesystem read-only"
    lines = [(float(second), "kernel", (error, remount)[second % 2]) for second in range(10)]
    told = [[one.text for one in draft.data.evidence] for draft in drafts(detector, logs(*lines))]
    assert told == [[error], [remount]]


def test_a_state_of_before_there_were_wordings_is_restored() -> None:
    state = Track().state()
    assert Track.restore(state[:-1]).told == 0
