"""Starts the programs that this collector reads from, so that none of them outlives it."""

import asyncio
import ctypes
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from groundcrew_host_collector.source import SourceFailed

_STDERR_BYTES = 4_096
_DEATH_S = 5.0
"""Seconds that a killed process may take to be gone; one that hangs in the kernel takes for ever."""

_PR_SET_PDEATHSIG = 1
_LIBC = None


def _die_with_parent(parent: int) -> None:
    """Runs in the child before exec: the kernel kills it when the collector dies, even by SIGKILL."""
    assert _LIBC is not None
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class Unkillable(SourceFailed):
    """The program was killed and does not die. `alive` says whether that is still so: it must not be started again
    meanwhile, or such processes would pile up."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        super().__init__(f"{name} (process {process.pid}) was killed and does not die: it hangs in the kernel")
        self._process = process

    @property
    def alive(self) -> bool:
        return self._process.returncode is None


class Program:
    """A running program: its standard output, and the end of what it said on standard error."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.stdout = process.stdout
        self._name = name
        self._process = process
        self._complaint = b""
        self._listener = asyncio.create_task(self._listen(process.stderr))

    async def _listen(self, stderr: asyncio.StreamReader) -> None:
        """Keep the end of standard error, and never let the pipe fill."""
        while data := await stderr.read(_STDERR_BYTES):
            self._complaint = (self._complaint + data)[-_STDERR_BYTES:]

    async def wait(self) -> int:
        """The exit code, once all that it said is known (a child of its own may hold the pipe: not for ever)."""
        code = await self._process.wait()
        await asyncio.wait({self._listener}, timeout=1)
        return code

    async def kill(self) -> None:
        """Returns when the process is gone. Raises Unkillable."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        gone = asyncio.ensure_future(self._process.wait())
        await asyncio.wait({gone}, timeout=_DEATH_S)
        self._listener.cancel()
        if not gone.done():
            gone.cancel()
            raise Unkillable(self._name, self._process)

    @property
    def complaints(self) -> list[str]:
        """The lines of standard error, of the last few thousand bytes."""
        return self._complaint.decode("utf-8", "replace").strip().splitlines()

    @property
    def complaint(self) -> str:
        """The last line of standard error."""
        lines = self.complaints
        return lines[-1][:300] if lines else "it said nothing"


@asynccontextmanager
async def running(argv: Sequence[str]) -> AsyncIterator[Program]:
    """Run `argv` (no shell) for the length of the block; at its end the process is gone. Raises SourceFailed."""
    global _LIBC  # loaded before fork: the child must not take the import lock
    if _LIBC is None:
        _LIBC = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"},
            preexec_fn=lambda: _die_with_parent(parent),
        )
    except OSError as error:
        msg = f"{argv[0]} does not start: {error.strerror or error}"
        raise SourceFailed(msg) from None
    program = Program(argv[0], process)
    try:
        yield program
    finally:
        await program.kill()


@dataclass(frozen=True, slots=True)
class Printed:
    """What a program that has ended left: its exit code, standard output, and its last words on standard error."""

    code: int
    output: bytes
    complaint: str


async def output_of(argv: Sequence[str], *, timeout_s: float, max_bytes: int) -> bytes:
    """Standard output of a short program that must end with 0. Raises SourceFailed."""
    printed = await printed_by(argv, timeout_s=timeout_s, max_bytes=max_bytes)
    if printed.code != 0:
        msg = f"{' '.join(argv[:2])} ended with {printed.code}: {printed.complaint}"
        raise SourceFailed(msg)
    return printed.output


async def printed_by(argv: Sequence[str], *, timeout_s: float, max_bytes: int) -> Printed:
    """What a short program printed, however it ended. Raises SourceFailed."""
    try:
        async with asyncio.timeout(timeout_s), running(argv) as program:
            parts: list[bytes] = []
            size = 0
            while data := await program.stdout.read(65_536):
                size += len(data)
                if size > max_bytes:
                    msg = f"{argv[0]} printed more than {max_bytes} bytes"
                    raise SourceFailed(msg)
                parts.append(data)
            code = await program.wait()
            return Printed(code, b"".join(parts), program.complaint)
    except TimeoutError:
        msg = f"{' '.join(argv[:2])} did not end within {timeout_s:g} s"
        raise SourceFailed(msg) from None
