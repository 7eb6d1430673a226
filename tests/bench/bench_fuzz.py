"""Whatever a host may log, through the code that reads it, to the decision: `groundcrew bench fuzz [-- --inputs N]`.

Random bytes, invalid UTF-8, NULs, terminal escapes, lines of a megabyte, journal entries as arrays of numbers, clocks
that jump and failure lines that were damaged go through the collector's reading of files and of journalctl's output,
become log batches, travel as bytes, and are judged. Nothing may raise, no line may be missing from the count, and
memory must stay where it was. Continuous integration runs the same with fewer inputs.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import psutil

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import ProducedBy, encode, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import MAX_BATCH_ROWS, MAX_TEXT, LogBatch
from groundcrew.contracts.streams import decode
from groundcrew.diagnosis.detector import Detector
from groundcrew.diagnosis.lines import LineReader
from groundcrew.runtime.packs import load_packs
from groundcrew_host_collector.journal_entry import EntrySplitter
from groundcrew_host_collector.source import LogRow, weight
from groundcrew_host_collector.tail import BATCH_BYTES, Tail

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
LARGE = 1024 * 1024
GROWTH = 0.05
"""Of memory over the second half of a run, from which on it is growth rather than noise."""

HOSTS = 10
"""Each holds the state of at most 512 components; so few hosts reach that bound within the first half of a run."""

ROUND = 2_000
"""Inputs made, read and judged before the next are."""

_ESCAPES = [b"\x1b[31m", b"\x1b[0m", b"\x1b]0;title\x07", b"\x1b[2J", b"\x9b1m", b"\x08", b"\x07"]
_BROKEN = [b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f", b"\xed\xa0\x80", b"\xc0\x80", b"\xf8\x88\x80\x80\x80"]
_STAMPS = [
    "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2024-02-29T12:00:00.999999999-12:00",
    "2026-13-45T99:99:99Z", "Feb 29 23:59:59", "Dec 31 23:59:60", "Jan  1 00:00:00", "[99999999.999999]",
    "[    0.000000]",
]  # fmt: skip


@dataclass
class Report:
    """What went in and what came out."""

    inputs: int = 0
    large: int = 0
    file_lines: int = 0
    entries: int = 0
    no_entries: int = 0
    rows: int = 0
    judged: int = 0
    batches: int = 0
    triggers: int = 0
    longest: int = 0
    memory: list[float] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Lines and entries that did not become rows, or rows that were not judged."""
        return abs(self.file_lines + self.entries - self.rows) + abs(self.rows - self.judged)


class Inputs:
    """Lines and journal entries of all bad kinds. The same seed gives the same ones."""

    def __init__(self, seed: int, failures: Sequence[bytes]) -> None:
        self._chance = random.Random(seed)
        self._failures = failures
        self._made = 0

    def line(self, *, large: bool) -> bytes:
        """One line without its newline, which is not blank."""
        kind = self._chance.randrange(6)
        size = LARGE if large else self._chance.choice((0, 1, 20, 80, 200, 1_000))
        body = self._chance.randbytes(size)
        if kind == 1:
            body = self._mixed(body, _BROKEN)
        elif kind == 2:
            body = self._mixed(body.replace(b"\xff", b"\0"), [b"\0", b"\0\0\0\0"])
        elif kind == 3:
            body = self._mixed(self._failure(), _ESCAPES) + (b"\x1b[K" * (size // 3) if large else b"")
        elif kind == 4:
            body = f"{self._chance.choice(_STAMPS)} host kernel: ".encode() + self._failure() + body
        elif kind == 5:
            body = self._damaged(self._failure()) + (body if large else b"")
        return b"x" + body.replace(b"\n", b" ")

    def entry(self, *, large: bool) -> bytes:
        """A line of journalctl's output."""
        self._made += 1
        text = self.line(large=large)
        message: object = self._chance.choice(
            (list(text[:20_000]), text.decode("utf-8", "replace"), [text.decode("latin-1")] * 2, None, len(text), True)
        )
        if large:
            message = text.decode("latin-1")
        when = self._chance.choice((NOW, NOW + timedelta(days=self._chance.randint(-40_000, 40_000)), NOW))
        fields = {
            "__CURSOR": f"s=1;i={self._made:x}",
            "__REALTIME_TIMESTAMP": self._chance.choice((str(to_us(when)), "-1", "x", "9" * 30, [1, 2], "0")),
            "PRIORITY": self._chance.choice(("3", "9", "", [51], None, 3)),
            "SYSLOG_IDENTIFIER": self._chance.choice(("kernel", "sshd", [255, 0, 10], ["a", "b"], None, "\ud7ff")),
            "_TRANSPORT": self._chance.choice(("kernel", "journal", None, [0])),
            "MESSAGE": message,
        }
        keys = list(fields)
        self._chance.shuffle(keys)
        return orjson.dumps({key: fields[key] for key in keys})

    def garbage(self) -> bytes:
        """What journalctl should not print: no entry, as it has no cursor."""
        return self._chance.choice(
            (b"", b"{", b"[]", b'{"MESSAGE":"x"}', b"-- No entries --", self._chance.randbytes(30))
        )

    def cuts(self, data: bytes) -> list[bytes]:
        """The data as a pipe gives it."""
        pieces, at = [], 0
        while at < len(data):
            step = self._chance.choice((1, 100, 4_096, 65_536, 65_536))
            pieces.append(data[at : at + step])
            at += step
        return pieces

    def _failure(self) -> bytes:
        return self._chance.choice(self._failures)

    def _mixed(self, body: bytes, odd: Sequence[bytes]) -> bytes:
        for _ in range(self._chance.randint(1, 6)):
            at = self._chance.randint(0, len(body))
            body = body[:at] + self._chance.choice(odd) + body[at:]
        return body

    def _damaged(self, text: bytes) -> bytes:
        changed = bytearray(text)
        for _ in range(self._chance.randint(0, 5)):
            changed[self._chance.randrange(len(changed))] = self._chance.randrange(256)
        return (
            bytes(changed) if self._chance.random() < 0.8 else bytes(changed[: self._chance.randint(1, len(changed))])
        )


class Judge:
    """Rows of one host become batches, bytes, batches again, and decisions."""

    def __init__(self, report: Report) -> None:
        knowledge = load_packs().knowledge
        self.failures = [e.text.encode() for rule in knowledge.rules if rule.source == "log" for e in rule.examples]
        self._detector = Detector(knowledge, engine="auto")
        self._report = report

    def judge(self, source: str, entity: str, rows: Sequence[LogRow]) -> None:
        report, part, size = self._report, [], 0
        report.rows += len(rows)
        for row in rows:
            if part and (len(part) >= MAX_BATCH_ROWS or size + weight(row) > BATCH_BYTES):
                self._take(source, entity, part)
                part, size = [], 0
            part.append(row)
            size += weight(row)
            report.longest = max(report.longest, len(row.message))
        if part:
            self._take(source, entity, part)

    def _take(self, source: str, entity: str, rows: Sequence[LogRow]) -> None:
        batch = LogBatch(
            ids=[stable_id("fuzz", entity, source, row.position) for row in rows],
            times=[row.time_us for row in rows],
            priorities=[row.priority for row in rows],
            identifiers=[row.identifier for row in rows],
            units=[row.unit for row in rows],
            transports=[row.transport for row in rows],
            boot_ids=[row.boot_id for row in rows],
            positions=[row.position for row in rows],
            messages=[row.message for row in rows],
        )
        sealed = seal(
            batch, id=stable_id(entity, source, rows[-1].position), site="fuzz", entity=entity, time=NOW,
            received_at=NOW, source=source, position=rows[-1].position,
            produced_by=ProducedBy(service="host-collector", version="0"),
        )  # fmt: skip
        arrived = decode(encode(sealed))
        self._report.triggers += len(self._detector.observe(arrived))
        self._report.batches += 1
        self._report.judged += sum(self._detector.take_counts().rows.values())
        if arrived.data != batch:
            msg = "a batch changed between its two ends"
            raise AssertionError(msg)


def fuzz(inputs: int, seed: int, folder: Path, *, large_every: int = 10_000) -> Report:
    """Raises whatever the code under test raises, with the seed's inputs to see it again."""
    report = Report()
    judge = Judge(report)
    made = Inputs(seed, judge.failures)
    path = folder / "fuzz.log"
    path.touch()
    tail, splitter = Tail.open(str(path), generation=0, at_end=False), EntrySplitter()
    reader = LineReader("host", localize=lambda naive: naive.replace(tzinfo=UTC))
    clock = random.Random(seed + 1)
    try:
        while report.inputs < inputs:
            count = min(ROUND, inputs - report.inputs)
            lines = [made.line(large=_is_large(report, n, large_every)) for n in range(0, count, 2)]
            entries = [made.entry(large=_is_large(report, n, large_every)) for n in range(1, count, 2)]
            entity = f"host:fuzz-{report.inputs // ROUND % HOSTS}"
            now_us = to_us(NOW + timedelta(seconds=clock.randint(-(10**8), 10**8)))
            with path.open("ab") as file:
                file.write(b"".join(line + clock.choice((b"\n", b"\r\n", b"\n\n")) for line in lines))
            while (span := tail.next_span(reader, received_us=now_us, boot_us=0, final=True)) is not None:
                judge.judge(span[0].source, entity, span[1])
            garbage = [made.garbage() for _ in range(count // 50)]
            report.no_entries += len(garbage)
            for piece in made.cuts(b"\n".join([*entries, *garbage, b""])):
                judge.judge("journal", entity, splitter.feed(piece, now_us))
            report.inputs += count
            report.file_lines += len(lines)
            report.entries += len(entries)
            report.large += sum(len(text) >= LARGE for text in (*lines, *entries))
            report.memory.append(psutil.Process().memory_info().rss / 2**20)
            os.truncate(path, 0)
            if tail.began_anew():
                tail.restart(report.inputs)
    finally:
        tail.close()
    return report


def _is_large(report: Report, number: int, large_every: int) -> bool:
    """Now in a file, now in the journal."""
    at = report.inputs + number
    return at % large_every == large_every // 2 + at // large_every % 2


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="groundcrew bench fuzz --", description="Bad input through layer 1")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(list(arguments))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gc-fuzz-") as folder:
        report = fuzz(given.inputs, given.seed, Path(folder))
    memory = report.memory
    marks = [memory[min(len(memory) - 1, round(share / 20 * (len(memory) - 1)))] for share in range(21)]
    growth = marks[-1] / max(1.0, marks[10]) - 1
    print("| what | figure |\n|---|---|")
    print(f"| inputs, of which of a megabyte | {report.inputs:,}, {report.large} |")
    print(f"| lines in files, journal entries, lines that are no entry | {report.file_lines:,}, {report.entries:,}, "
          f"{report.no_entries:,} |")  # fmt: skip
    print(f"| rows, judged, in batches | {report.rows:,}, {report.judged:,}, {report.batches:,} |")
    print(f"| **lines lost from the count** | **{report.lost}** |")
    print(f"| longest message | {report.longest:,} characters (limit {MAX_TEXT:,}) |")
    print(f"| triggers | {report.triggers:,} |")
    print(f"| memory (RSS) at the start, at the end, most | {memory[0]:.0f}, {memory[-1]:.0f}, {max(memory):.0f} MiB |")
    verdict = "holds" if growth < GROWTH else "**does not hold**"
    print(f"| **growth of memory over the second half** | **{growth:.1%}**, {verdict} (< {GROWTH:.0%}) |")
    print(f"| time | {time.monotonic() - began:.0f} s |")
    print("\nMemory at each twentieth of the run, MiB: " + " ".join(f"{one:.0f}" for one in marks) + ".")
    if report.lost:
        sys.exit("lines were lost")


if __name__ == "__main__":
    main(sys.argv[1:])
