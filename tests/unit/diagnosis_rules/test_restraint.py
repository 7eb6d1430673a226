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
