"""The other half of restraint: a fault that keeps saying what a healthy host says once is told."""

import pytest

from groundcrew.diagnosis.detector import Detector

from .seen import drafts, logs

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
    (
        "restic",
        "Fatal: unable to create lock in backend: repository is already locked by PID 812 on db-1 by root (UID 0)",
        86_400,
        3,
        "backup.locked-out",
    ),
]


@pytest.mark.parametrize(("identifier", "line", "every_s", "times", "rule"), AGAIN_AND_AGAIN)
def test_a_fault_that_says_a_harmless_line_over_and_over_is_told(
    detector: Detector, identifier: str, line: str, every_s: float, times: int, rule: str
) -> None:
    said = logs(*((number * every_s, identifier, line) for number in range(times)))
    found = drafts(detector, said, logs((times * every_s + 3_000, "x", "nothing of note"), first=500))
    assert {draft.data.rule_id for draft in found if draft.data.severity.rank > 0} == {rule}
