"""Lines for the latency benchmark: real kernel lines, of which so many match, and among them marker lines whose trigger
event is told apart by the component that they name."""

import sys
from dataclasses import dataclass

from tests.bench.detection_lines import WHEN, Line, workload

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.diagnosis.crowds import MAX_COMPONENTS
from groundcrew.diagnosis.detector import Detector, Knowledge

_KILLED = (
    "ut of memory: Killed process {n} (bench-{n}) total-vm:9216kB, anon-rss:8kB, file-rss:4kB, shmem-rss:0kB, UID:0 "
    "pgtables:52kB oom_score_adj:0"
)
FORMS: tuple[Line, ...] = (
    ("systemd", "bench-{n}.service: Start request repeated too quickly."),
    ("kernel", f"O{_KILLED}"),
    ("kernel", f"Memory cgroup o{_KILLED}"),
    ("kernel", "EXT4-fs error (device dm-{n}): ext4_lookup:1855: inode #2: comm ls: deleted inode referenced: 12"),
    ("kernel", "XFS (dm-{n}): Metadata corruption detected at xfs_agf_read_verify+0x70/0x90 [xfs], xfs_agf block 0x1"),
    ("kernel", "BTRFS error (device dm-{n}): parent transid verify failed on logical 4096 mirror 1 wanted 7 found 5"),
    ("kernel", "md/raid1:md0: Disk failure on dm-{n}, disabling device."),
    ("kernel", "nvme nvme{n}: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0x10"),
    ("kernel", "NVRM: Xid (PCI:{n:04x}:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."),
    ("kernel", "INFO: task bench-{n}:{n} blocked for more than 120 seconds."),
    ("kernel", "Buffer I/O error on dev dm-{n}, logical block 0, lost async page write"),
)
"""Lines that a rule tells of at once; `n` makes them speak of another component."""

FIRST = 100
"""Lower numbers are those of the rules' examples."""

OF_A_FORM = MAX_COMPONENTS - 14
"""Beyond 64 components of one rule in ten minutes they are folded into one trigger event; other lines bring some."""


@dataclass(frozen=True)
class Marker:
    """A line that raises a trigger event of its own, known by the event's `rule_id` and `component`."""

    line: Line
    rule_id: str
    component: str


def markers(knowledge: Knowledge) -> list[Marker]:
    """Of all forms, in turns."""
    detector = Detector(Knowledge(rules=tuple(rule for rule in knowledge.rules if rule.source == "log")))
    by_form = [[_marker(detector, form, FIRST + n) for n in range(OF_A_FORM)] for form in FORMS]
    return [marker for turn in zip(*by_form, strict=True) for marker in turn]


def _marker(detector: Detector, form: Line, number: int) -> Marker:
    identifier, text = form
    line = (identifier, text.format(n=number))
    drafts = detector.observe(_alone(line))
    if len(drafts) != 1:
        sys.exit(f"{line[1]!r} is no marker: {len(drafts)} trigger events come of it at once, expected one")
    return Marker(line, drafts[0].data.rule_id, drafts[0].data.component)


def _alone(line: Line) -> Envelope[LogBatch]:
    one = LogBatch(
        ids=[stable_id("marker", *line)], times=[to_us(WHEN)], priorities=[3], identifiers=[line[0]], units=[""],
        transports=["kernel"], boot_ids=[""], positions=["0"], messages=[line[1]],
    )  # fmt: skip
    return seal(
        one, id=stable_id("marker batch", *line), site="bench", entity="host:bench", time=WHEN, received_at=WHEN,
        source="bench", position="0", produced_by=ProducedBy(service="bench", version="0"),
    )  # fmt: skip


def stream(knowledge: Knowledge, count: int, share: float) -> list[tuple[Line, Marker | None]]:
    """So many lines, `share` of which match, with all markers among them at even distances."""
    rules = [rule for rule in knowledge.rules if rule.source == "log"]
    marked = markers(knowledge)
    others = workload(rules, count, max(0.0, share - len(marked) / count), engine="auto")
    lines: list[tuple[Line, Marker | None]] = [(line, None) for line in others]
    step = count // len(marked)
    for number, marker in enumerate(marked):
        lines[number * step + step // 2] = (marker.line, marker)
    return lines
