"""Lines that sound worse than they are: once is nothing, again and again is told."""

import pytest

from groundcrew.diagnosis.detector import Detector

from .seen import drafts, logs

CHOSEN = (
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,oom_memcg=/a,task_memcg=/a/b,task=sort,pid=81,uid=7"
)
KILLED = "Memory cgroup out of memory: Killed process 81 (sort) total-vm:9kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB"
IN_GROUP = ("sort invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0", CHOSEN, KILLED)
STOPPED = ("NVRM: Xid (PCI:0000:65:00): 43, pid=4120, name=python3, Ch 00000009",)
FAULT = "NVRM: Xid (PCI:0000:{}:00): 31, pid=77, name={}, Ch 00000018, intr 00000000. MMU Fault: ENGINE GRAPHICS"
BACKUP = ("ERROR: Backup of VM 310 failed - got timeout",)


def warned(detector: Detector, *lines: tuple[float, str]) -> list[str]:
    batch = logs(*((at, "kernel", text) for at, text in lines))
    found = drafts(detector, batch, logs((lines[-1][0] + 3_000, "x", "nothing of note"), first=500))
    return [
        draft.data.rule_id for draft in found if draft.data.severity.rank > 0 and draft.data.state.value == "raised"
    ]


@pytest.mark.parametrize("lines", [IN_GROUP, STOPPED])
def test_what_happens_once_to_a_program_is_no_warning(detector: Detector, lines: tuple[str, ...]) -> None:
    assert warned(detector, *((number / 10, text) for number, text in enumerate(lines))) == []


@pytest.mark.parametrize(("lines", "rule"), [(IN_GROUP, "kernel.oom-kill-cgroup"), (STOPPED, "gpu.xid-43")])
def test_what_happens_again_within_the_hour_is_a_warning(detector: Detector, lines: tuple[str, ...], rule: str) -> None:
    twice = [(round_ * 900 + number / 10, text) for round_ in range(2) for number, text in enumerate(lines)]
    assert warned(detector, *twice) == [rule]


def test_a_host_without_memory_is_told_from_the_first_line(detector: Detector) -> None:
    assert warned(detector, (0, IN_GROUP[0])) == ["kernel.oom-invoked"]


def test_a_guests_backup_that_goes_well_at_the_next_try_is_no_warning(detector: Detector) -> None:
    assert warned(detector, (0, BACKUP[0]), (900, "INFO: Finished Backup of VM 310 (00:03:40)")) == []


def test_a_guests_backup_that_is_not_made_up_for_is_a_warning(detector: Detector) -> None:
    assert warned(detector, (0, BACKUP[0]), (900, "INFO: Finished Backup of VM 311 (00:03:40)")) == [
        "backup.guest-failed"
    ]


FAILED = "zabbix-agent2.service: Failed with result 'exit-code'."
UNMOUNTED = "Failed unmounting scratch.mount - /scratch."


@pytest.mark.parametrize("text", [FAILED, UNMOUNTED])
def test_a_unit_that_fails_while_its_host_goes_down_is_no_warning(detector: Detector, text: str) -> None:
    batch = logs((0, "systemd-logind", "System is rebooting."), (5, "systemd", text), (600, "x", "y"))
    assert [draft.data.rule_id for draft in drafts(detector, batch)] == ["system.going-down"]


def test_that_its_host_goes_down_ends_what_a_unit_failed_with(detector: Detector) -> None:
    batch = logs((0, "systemd", FAILED), (10, "systemd-logind", "System is rebooting."), (600, "x", "y"))
    told = [(draft.data.rule_id, draft.data.state.value) for draft in drafts(detector, batch)]
    assert [state for rule, state in told if rule == "systemd.unit-failed"] == ["raised", "cleared"]


@pytest.mark.parametrize("text", [FAILED, UNMOUNTED])
def test_a_unit_that_fails_and_stays_so_is_a_warning(detector: Detector, text: str) -> None:
    batch = logs((0, "systemd", text), (600, "x", "y"))
    assert [draft.data.severity.value for draft in drafts(detector, batch)] == ["warning"]


def test_a_user_who_logs_out_takes_no_host_down(detector: Detector) -> None:
    batch = logs((0, "systemd", "Reached target shutdown.target - Shutdown."), (5, "systemd", FAILED), (600, "x", "y"))
    assert [draft.data.rule_id for draft in drafts(detector, batch)] == ["systemd.unit-failed"]


HARMLESS = [
    "cgroup: fork rejected by pids controller in /user.slice/user-1012.slice",
    "I/O error, dev sdz, sector 0 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0",
    "Buffer I/O error on dev sdz, logical block 0, async page read",
    "sd 5:0:3:0: [sdg] Synchronize Cache(10) failed: Result: hostbyte=DID_NO_CONNECT driverbyte=DRIVER_OK",
    "audit: backlog limit exceeded",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_the_kernel_says_of_sticks_pulled_drives_and_limits_of_users_is_no_warning(
    detector: Detector, text: str
) -> None:
    assert warned(detector, (0, text), (300, text), (7_000, text)) == []


TOLD = [
    ("cgroup: fork rejected by pids controller in /system.slice/ingest.service", "software.unit-process-limit"),
    ("I/O error, dev sdb, sector 8192 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0", "disk.io-error"),
    ("I/O error, dev sdb, sector 0 op 0x1:(WRITE) flags 0x0 phys_seg 1 prio class 0", "disk.io-error"),
    ("Buffer I/O error on dev sdb, logical block 1, async page read", "disk.buffer-error"),
    ("sd 5:0:3:0: [sdg] tag#1 FAILED Result: hostbyte=DID_NO_CONNECT driverbyte=DRIVER_OK", "disk.command-failed"),
]


@pytest.mark.parametrize(("text", "rule"), TOLD)
def test_what_differs_from_it_in_what_counts_is_a_warning(detector: Detector, text: str, rule: str) -> None:
    assert warned(detector, (0, text)) == [rule]


def test_minutes_of_lost_audit_records_are_a_warning(detector: Detector) -> None:
    lines = [(at, "audit: backlog limit exceeded") for at in range(400, 800, 5)]
    assert set(warned(detector, *lines)) == {"security.audit-backlog"}


def test_a_refused_order_of_a_user_changes_no_software(detector: Detector) -> None:
    refused = "lea : user NOT in sudoers ; TTY=pts/4 ; PWD=/home/lea ; USER=root ; COMMAND=/usr/bin/dnf install htop"
    done = "lea : TTY=pts/4 ; PWD=/home/lea ; USER=root ; COMMAND=/usr/bin/dnf install htop"
    rules = [
        [draft.data.rule_id for draft in drafts(detector, logs((at, "sudo", text), first=at))]
        for at, text in ((0, refused), (900, done))
    ]
    assert "software.package-changed" not in rules[0]
    assert "software.package-changed" in rules[1]


def test_one_fault_of_a_program_on_a_gpu_is_evidence_and_no_warning(detector: Detector) -> None:
    told = drafts(detector, logs((0, "kernel", FAULT.format("65", "python3"))))
    assert [(draft.data.rule_id, draft.data.severity.value) for draft in told] == [("gpu.xid-31-once", "info")]


def test_one_program_that_faults_on_gpu_after_gpu_is_a_warning_that_names_it(detector: Detector) -> None:
    lines = [(at, "kernel", FAULT.format(bus, "rayfield")) for at, bus in ((0, "4a"), (700, "61"), (1_500, "ca"))]
    told = [draft.data for draft in drafts(detector, logs(*lines)) if draft.data.severity.rank > 0]
    assert [(data.rule_id, data.component) for data in told] == [("gpu.program-faults", "rayfield")]


def test_single_faults_of_different_programs_are_no_warning(detector: Detector) -> None:
    faults = [(at, FAULT.format(bus, name)) for at, bus, name in ((0, "4a", "a"), (700, "61", "b"), (1_500, "ca", "c"))]
    assert warned(detector, *faults) == []
