"""Starting a program: found on fixed folders, no shell, minimal environment, bounded in time and output."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

MAX_OUTPUT = 16 * 1024
KILL_AFTER_S = 2.0
DRAIN_S = 1.0
_READ = 64 * 1024
_CUT = b"[... cut ...]\n"


class CannotStart(Exception):
    """There is no such program on the configured folders, or it cannot be executed; the text names it."""


@dataclass(frozen=True)
class Finished:
    """How a program ended. `exit_code` is None where it had to be killed at its time limit."""

    exit_code: int | None
    output: str


class Executor:
    """Runs one program at a time per call; keeps no state."""

    def __init__(self, path: Sequence[str]) -> None:
        self._path = os.pathsep.join(path)

    def find(self, program: str) -> str:
        """Raises CannotStart."""
        found = shutil.which(program, path=self._path)
        if found is None:
            raise CannotStart(f"no program {program!r} in {self._path}")
        return found

    async def run(self, argv: Sequence[str], timeout_s: float) -> Finished:
        """Standard output and error together; raises CannotStart. When cancelled, the whole process group is killed."""
        # A pipe of our own: asyncio's waits for everybody who inherited it, also once the program has ended.
        reader, writer = os.pipe()
        tail = _Tail()
        with os.fdopen(writer, "wb", buffering=0) as output:
            # Before the start: whoever is cancelled between the start and here would leave the program behind.
            async with _reading(os.fdopen(reader, "rb", buffering=0), tail):
                code = await self._watched(argv, output, timeout_s)
        return Finished(code, tail.text())

    async def _watched(self, argv: Sequence[str], output: BinaryIO, timeout_s: float) -> int | None:
        """The exit code, None where the time limit ended it; nothing of the program is running afterwards."""
        starting = asyncio.ensure_future(self._start(argv, output))
        try:
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            with suppress(CannotStart):
                await _end(await starting)
            raise
        finally:
            output.close()  # the program's end alone ends the reading
        try:
            async with asyncio.timeout(timeout_s):
                return await process.wait()
        except TimeoutError:
            return None
        finally:
            await _end(process)

    async def _start(self, argv: Sequence[str], output: BinaryIO) -> asyncio.subprocess.Process:
        program = self.find(argv[0])
        try:
            return await asyncio.create_subprocess_exec(
                program,
                *argv[1:],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"PATH": self._path, "LANG": "C.UTF-8", "TZ": "UTC", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise CannotStart(f"{program} cannot be executed: {error.strerror}") from error


class _Tail:
    """The last MAX_OUTPUT bytes of a stream."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._cut = False

    async def read(self, stream: asyncio.StreamReader) -> None:
        while chunk := await stream.read(_READ):
            self._kept += chunk
            if len(self._kept) > MAX_OUTPUT:
                self._cut = True
                del self._kept[: len(self._kept) - MAX_OUTPUT]

    def text(self) -> str:
        raw = bytes(self._kept)
        if self._cut:
            raw = _CUT + raw[len(_CUT) :]
        text = raw.decode("utf-8", "replace").replace("\0", "\ufffd")
        # A byte that is no UTF-8 becomes three, so the limit is applied once more.
        return text.encode()[-MAX_OUTPUT:].decode("utf-8", "ignore")


@asynccontextmanager
async def _reading(source: BinaryIO, tail: _Tail) -> AsyncIterator[None]:
    """Owns `source`; when the block ends, what was written to it is in `tail`, and what still holds it is not waited
    for longer than DRAIN_S."""
    stream = asyncio.StreamReader()
    try:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), source
        )
    except BaseException:
        source.close()
        raise
    reading = asyncio.create_task(tail.read(stream))
    try:
        yield
        await asyncio.wait([reading], timeout=DRAIN_S)
    finally:
        transport.close()
        reading.cancel()
        await asyncio.wait([reading])


async def _end(process: asyncio.subprocess.Process) -> None:
    """Nothing of the program's process group is left running."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    if process.returncode is None:
        with suppress(TimeoutError):
            async with asyncio.timeout(KILL_AFTER_S):
                await process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
