"""What the detection benchmark feeds: real kernel lines as batches, of which so many match, and rules twice as many."""

import gzip
import os
import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import ProducedBy, encode, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.diagnosis.engines import EngineName
from groundcrew.diagnosis.matching import Matcher
from groundcrew.diagnosis.rules import Rule

DATA = Path(os.environ.get("GROUNDCREW_DATA", Path(__file__).parents[3] / "shared" / "data"))
KERNEL_LINES = DATA / "logs" / "unlabelled_kernel_log_lines_given.txt.gz"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 1_000
"""Rows of a batch: what a collector that reads 5,000 lines a second hands over at once."""

HOSTS = 100
BOOT = "5f1c2d3e4b5a69788796a5b4c3d2e1f0"
Line = tuple[str, str]
"""(identifier, message)"""


def workload(rules: Sequence[Rule], count: int, share: float, engine: EngineName = "re2") -> list[Line]:
    """Real kernel lines that no rule matches; every `1 / share`-th is replaced by one that a rule does: examples of
    the rules, and the real lines that match."""
    with gzip.open(KERNEL_LINES, "rt", errors="replace") as stream:
        real = [re.sub(r"^\[[^\]]*\]\s*", "", line.rstrip("\n")) for line in stream]
    matcher = Matcher(rules, engine=engine)
    matched = {match.row for match in matcher.match(real, ["kernel"] * len(real))}
    quiet = [("kernel", line) for row, line in enumerate(real) if row not in matched]
    firing = [("kernel", real[row]) for row in sorted(matched)]
    for rule in rules:
        told_by = (rule.identifiers or ["kernel"])[0]
        firing += [(example.identifier or told_by, example.text) for example in rule.examples]
    chance = random.Random(1)
    return [chance.choice(firing) if chance.random() < share else chance.choice(quiet) for _ in range(count)]


def mixed(lines: Sequence[Line]) -> list[Line]:
    """The same with the identifiers of a busy host, so that the column is not one repeated string."""
    chance, names = random.Random(2), ("kernel", "systemd", "sshd", "CRON", "dockerd", "slurmd", "nginx")
    return [(name if chance.random() < 0.02 else chance.choice(names), text) for name, text in lines]


def payloads(lines: Sequence[Line]) -> list[bytes]:
    """Log batches as they come from the bus, with cursors, boot ids and everything that journald gives."""
    return [_payload(lines[start : start + ROWS], start) for start in range(0, len(lines), ROWS)]


def _payload(part: Sequence[Line], start: int) -> bytes:
    first, rows = to_us(WHEN) + start * 1_000, range(len(part))
    entity = f"host:train-{start // ROWS % HOSTS}"
    cursors = [
        f"s={BOOT[::-1]};i={start + row:x};b={BOOT};m={start * 1_000 + row:x};t={first + row:x};x={row * 7919:016x}"
        for row in rows
    ]
    data = LogBatch(
        ids=[stable_id("bench", entity, "journal", cursor) for cursor in cursors],
        times=[first + row * 1_000 for row in rows],
        priorities=[4] * len(part),
        identifiers=[name for name, _ in part],
        units=["" if name == "kernel" else f"{name}.service" for name, _ in part],
        transports=["kernel" if name == "kernel" else "syslog" for name, _ in part],
        boot_ids=[BOOT] * len(part),
        positions=cursors,
        messages=[text for _, text in part],
    )
    sealed = seal(
        data, id=stable_id("bench", start), site="bench", entity=entity, time=WHEN, received_at=WHEN, source="journal",
        position=cursors[-1], produced_by=ProducedBy(service="host-collector", version="0"),
    )  # fmt: skip
    return encode(sealed)


_WORD = re.compile(r"(?<![A-Za-z\\<])[A-Za-z]{4,}(?![A-Za-z]*[>:}])")


def strangers(rules: Sequence[Rule]) -> list[Rule]:
    """As many rules again, of the same shapes and lengths, that speak of other words: each letter moved on by one."""
    made = []
    for rule in rules:
        patterns = [_WORD.sub(_moved, pattern) for pattern in rule.patterns]
        made.append(rule.model_copy(update={"id": f"stranger.{rule.id}", "patterns": patterns}))
    return made


def _moved(found: re.Match[str]) -> str:
    return "".join(
        chr((ord(letter) - base + 1) % 26 + base)
        for letter in found.group()
        for base in (ord("a") if letter.islower() else ord("A"),)
    )
