"""Lines of log files and journals as rows, in batches: text in all dresses that `diagnosis/lines.py` knows, and the
journal as JSON, in its export format and out of its own files."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

import orjson

from groundcrew.diagnosis.journal_export import Malformed, entries
from groundcrew.diagnosis.lines import Line, LineReader
from groundcrew_embedded.diagnosing.boots import Boots
from groundcrew_embedded.diagnosing.opening import Unusable
from groundcrew_embedded.diagnosing.sieve import Kept
from groundcrew_host_collector.journal_entry import EntrySplitter, row_of
from groundcrew_host_collector.process import running
from groundcrew_host_collector.source import LogRow, SourceFailed, cut

BATCH = 2_000
MAX_LINE = 64 * 1024
JOURNALCTL = "journalctl"
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_DECORATION = re.compile(
    r"-- (?:Boot [0-9a-f]{32}|Reboot|Logs begin at .*|Journal begins at .*|No entries) ?(?:--)?|"
    r"(?:dmesg-\w+-\d+|(?:Panic|Oops)#\d+ Part\d+):?|\s*"
)
"""What journalctl and pstore write between lines."""


def texts_of(stream: BufferedReader) -> Iterator[str]:
    """Lines without their ends; of a very long one its beginning."""
    encoding = _UTF16.get(stream.peek(2)[:2])
    if encoding is not None:
        yield from _wide_lines(stream, encoding)
        return
    while raw := stream.readline(MAX_LINE):
        whole = raw.endswith(b"\n")
        while not whole and (more := stream.readline(MAX_LINE)):
            whole = more.endswith(b"\n")
        yield raw.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r\n")


def _wide_lines(stream: BufferedReader, encoding: str) -> Iterator[str]:
    """Of a file that a Windows shell redirected."""
    held = ""
    while data := stream.read(MAX_LINE):
        *lines, held = (held + data.decode(encoding, "replace")).split("\n")
        yield from (line.lstrip("\ufeff").rstrip("\r") for line in lines)
        held = held[-MAX_LINE:]
    if held:
        yield held.lstrip("\ufeff").rstrip("\r")


class LogText:
    """A log file as text. Lines without a time have that of the line before."""

    def __init__(self, file: int, *, host: str, end_us: int) -> None:
        """`end_us` dates years that are not written, and lines of a file without any time."""
        self._file = file
        self._host = host
        self._end_us = end_us
        self.boots = Boots()
        self.dated = self.undated = 0
        self.named: str = ""
        self._last: tuple[int, int | None] | None = None

    def batches(self, texts: Iterator[str]) -> Iterator[list[Kept]]:
        reader = LineReader(self._host)
        batch: list[Kept] = []
        for number, text in enumerate(texts, 1):
            if _DECORATION.fullmatch(text):
                continue
            batch.append(self._row(number, reader.read(cut(text), received_us=self._end_us, boot_us=0)))
            if len(batch) >= BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _row(self, number: int, line: Line) -> Kept:
        boot: int | None = None
        if line.time_us is None:
            self.undated += 1
            time_us, boot = self._last or (self._end_us, None)
        elif line.since_boot:
            time_us, boot = line.time_us, self.boots.note(line)
            self.dated += 1
        else:
            time_us = line.time_us
            self.dated += 1
        if line.time_us is not None:
            self._last = (time_us, boot)
        boot_id = f"file-{self._file}-boot-{boot}" if boot is not None else ""
        transport = "kernel" if line.identifier == "kernel" else "file"
        row = LogRow(
            str(number), time_us, line.priority, line.identifier, "", transport, boot_id, line.message, line.host
        )
        return Kept(self._file, number, line.host, row, boot)


def export_batches(file: int, name: str, stream: BufferedReader, end_us: int) -> Iterator[list[Kept]]:
    """Of the journal's export format. Raises Unusable."""
    batch: list[Kept] = []
    try:
        for number, fields in enumerate(entries(stream), 1):
            fields.setdefault("__CURSOR", str(number))
            if row := row_of(fields, end_us):
                batch.append(Kept(file, number, row.host, row))
            if len(batch) >= BATCH:
                yield batch
                batch = []
    except Malformed as error:
        msg = f"{name}: {error}"
        raise Unusable(msg) from None
    if batch:
        yield batch


def json_batches(file: int, name: str, stream: BufferedReader, end_us: int) -> Iterator[list[Kept]]:
    """Of `journalctl -o json`. Entries without a cursor have their number. Raises Unusable."""
    batch: list[Kept] = []
    number = broken = 0
    for number, text in enumerate(texts_of(stream), 1):
        fields = None
        with suppress(orjson.JSONDecodeError):
            fields = orjson.loads(text)
        if not isinstance(fields, dict):
            broken += bool(text.strip())
            continue
        fields.setdefault("__CURSOR", str(number))
        if row := row_of(fields, end_us):
            batch.append(Kept(file, number, row.host, row))
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if broken and broken == number:
        msg = f"{name}: no line of it is a JSON object; expected what `journalctl -o json` prints"
        raise Unusable(msg)
    if batch:
        yield batch


async def journal_batches(file: int, path: Path, end_us: int) -> AsyncIterator[list[Kept]]:
    """Of a `.journal` file, which journalctl reads for us. Raises Unusable."""
    argv = [JOURNALCTL, "-o", "json", "--all", "--no-pager", "--quiet", "--file", str(path)]
    splitter, number, batch = EntrySplitter(), 0, list[Kept]()
    try:
        async with running(argv) as program:
            while data := await program.stdout.read(256 * 1024):
                for row in splitter.feed(data, end_us):
                    number += 1
                    batch.append(Kept(file, number, row.host, row))
                if len(batch) >= BATCH:
                    yield batch
                    batch = []
            code = await program.wait()
            complaint = program.complaint
    except SourceFailed as error:
        msg = f"{path}: a journal file is read by journalctl: {error}"
        raise Unusable(msg) from None
    if batch:
        yield batch
    if code != 0 and not number:
        msg = f"{path}: journalctl cannot read it: {complaint}"
        raise Unusable(msg)
