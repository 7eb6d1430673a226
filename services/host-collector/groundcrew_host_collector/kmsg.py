"""The kernel's ring buffer, /dev/kmsg.

A record is `priority,sequence,microseconds,flags;text`, then lines that begin with a space (its dictionary). The
sequence starts anew at each boot, so a position is `boot_id:sequence`.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from groundcrew.contracts.clock import Clock, to_us
from groundcrew.contracts.observations import MAX_BATCH_ROWS
from groundcrew_host_collector.source import LogRow, Sink, SourceAbsent, SourceFailed, Span, cut, weight

KEY = "kmsg"
BATCH_BYTES = 512 * 1024
_READ_BYTES = 16_384  # the kernel refuses to give a record to a buffer that is too small for it
_RECORD = re.compile(r"(\d{1,10}),(\d{1,20}),(\d{1,16}),[^;]{0,200};(.*)", re.ASCII)
_USERSPACE = re.compile(r"([^\s:\[\]]{1,64})(?:\[\d{1,10}\])?: ")
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")


def read_record(text: str, *, boot_id: str, boot_us: int, received_us: int) -> tuple[int, LogRow] | None:
    """Sequence and row of a record's first line; None where it is not one. Never raises."""
    found = _RECORD.fullmatch(text)
    if found is None:
        return None
    priority, sequence, uptime_us = (int(part) for part in found.groups()[:3])
    message = _ESCAPED.sub(lambda m: chr(int(m.group(1), 16)), found.group(4))
    identifier = "kernel"
    if priority >> 3 and (named := _USERSPACE.match(message)):
        identifier, message = named.group(1), message[named.end() :]
    row = LogRow(
        position=f"{boot_id}:{sequence}",
        time_us=max(0, min(boot_us + uptime_us, received_us)),
        priority=priority & 7,
        identifier=identifier,
        unit="",
        transport="kernel",
        boot_id=boot_id,
        message=cut(message),
    )
    return sequence, row


class KmsgSource:
    """Reads the ring buffer from where it stood. `instead` raises SourceAbsent where the journal has the kernel log."""

    name = "kmsg"

    def __init__(
        self,
        *,
        path: Path,
        boot_id: str,
        since_s: int,
        poll_s: float,
        instead: Callable[[], Awaitable[None]],
        clock: Clock,
        boot_us: Callable[[], int],
    ) -> None:
        self._path = path
        self._boot_id = boot_id
        self._since_s = since_s
        self._poll_s = poll_s
        self._instead = instead
        self._clock = clock
        self._boot_us = boot_us

    async def probe(self) -> str:
        await self._instead()
        try:
            os.close(self._open())
        except FileNotFoundError:
            msg = f"{self._path} does not exist here"
            raise SourceAbsent(msg) from None
        except OSError as error:
            msg = f"{self._path} may not be read by this user ({error.strerror}); CAP_SYSLOG or root may"
            raise SourceAbsent(msg) from None
        return f"reading {self._path}"

    def _open(self) -> int:
        return os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)

    def _drain(self, file: int, rest: str, limit: int) -> tuple[list[str], str]:
        """What can be read now without waiting, in lines, and an unfinished one; at most about `limit` lines."""
        lines: list[str] = []
        while len(lines) < limit:
            try:
                data = os.read(file, _READ_BYTES)
            except BlockingIOError:
                break
            except BrokenPipeError:  # overwritten before we read it; the next read goes on behind the gap
                continue
            except OSError as error:
                msg = f"{self._path} cannot be read: {error.strerror}"
                raise SourceFailed(msg) from None
            if not data:
                break
            *whole, rest = (rest + data.decode("utf-8", "replace")).split("\n")
            lines += whole
        return lines, rest

    async def follow(self, sink: Sink) -> None:
        position = sink.positions().get(KEY)
        last = position["sequence"] if position and position["boot_id"] == self._boot_id else -1
        oldest = 0 if position else to_us(self._clock.now()) - self._since_s * 1_000_000
        file = self._open()
        rest = ""
        try:
            while True:
                lines, rest = await asyncio.to_thread(self._drain, file, rest, MAX_BATCH_ROWS // 2)
                received_us, boot_us = to_us(self._clock.now()), self._boot_us()
                rows: list[LogRow] = []
                size = 0
                for line in lines:
                    record = read_record(line, boot_id=self._boot_id, boot_us=boot_us, received_us=received_us)
                    if record is None or record[0] <= last or record[1].time_us < oldest:
                        continue
                    last = record[0]
                    rows.append(record[1])
                    size += weight(record[1])
                    if size >= BATCH_BYTES or len(rows) >= MAX_BATCH_ROWS:
                        await self._hand_over(rows, received_us, boot_us, sink)
                        rows, size = [], 0
                await self._hand_over(rows, received_us, boot_us, sink)
                if not lines:
                    await self._clock.sleep(self._poll_s)
        finally:
            os.close(file)

    async def _hand_over(self, rows: list[LogRow], received_us: int, boot_us: int, sink: Sink) -> None:
        if not rows:
            return
        first, last = (int(row.position.rpartition(":")[2]) for row in (rows[0], rows[-1]))
        span = Span(
            key=KEY,
            source=self.name,
            start={"boot_id": self._boot_id, "sequence": first},
            end={"boot_id": self._boot_id, "sequence": last},
            received_us=received_us,
            boot_us=boot_us,
        )
        await sink.take(span, rows)

    async def reread(self, span: Span) -> list[LogRow]:
        """Nothing where the machine was booted meanwhile, or the buffer was overwritten."""
        if span.end["boot_id"] != self._boot_id:
            return []
        file = self._open()
        try:
            lines, _ = await asyncio.to_thread(self._drain, file, "", 1_000_000)
        finally:
            os.close(file)
        rows = []
        for line in lines:
            record = read_record(line, boot_id=self._boot_id, boot_us=span.boot_us, received_us=span.received_us)
            if record is not None and span.start["sequence"] <= record[0] <= span.end["sequence"]:
                rows.append(record[1])
        return rows[:MAX_BATCH_ROWS]
