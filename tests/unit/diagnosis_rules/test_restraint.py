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


AGAIN_AND_AGAIN = [
    (
        "kernel",
        "unregister_netdevice: waiting for lo to become free. Usage count = 1",
        10,
        6,
        "kernel.netdevice-held",
    ),
    ("kernel", "ata2.00: failed to set xfermode (err_mask=0x40)", 12, 3, "disk.ata-not-set-up"),
    ("kernel", r"CIFS: VFS: \\files.example.net Send error in SessSetup = -13", 4, 8, "netfs.cifs-refused"),
    ("kernel", "iSCSI Login timeout on Network Portal 10.20.8.11:3260", 20, 6, "iscsi.logins-time-out"),
    (
        "ceph-osd",
        "osd.14 881 get_health_metrics reporting 4 slow ops, oldest is op(c.1)",
        5,
        30,
        "netfs.ceph-slow-ops",
    ),
    ("chronyd", "Forward time jump detected!", 300, 4, "time.clock-jumps"),
    (
        "systemd-oomd",
        "Killed /user.slice/user-7.slice/session-4.scope due to memory used (9) / total (9) being more than 90.00%",
        600,
        2,
        "systemd.oomd-killed-session",
    ),
]


@pytest.mark.parametrize(("identifier", "line", "every_s", "times", "rule"), AGAIN_AND_AGAIN)
def test_a_fault_that_says_a_harmless_line_over_and_over_is_told(
    detector: Detector, identifier: str, line: str, every_s: float, times: int, rule: str
) -> None:
    said = logs(*((number * every_s, identifier, line) for number in range(times)))
    found = drafts(detector, said, logs((times * every_s + 3_000, "x", "nothing of note"), first=500))
    assert {draft.data.rule_id for draft in found if draft.data.severity.rank > 0} == {rule}
