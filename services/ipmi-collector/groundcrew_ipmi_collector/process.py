"""Runs ipmitool: bounded in time and output, gone when its block ends or this process dies."""

import asyncio
import ctypes
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from groundcrew_ipmi_collector.reason import IpmiFailed, Reason

_MAX_OUTPUT = 8 * 1024 * 1024
_MAX_COMPLAINT = 64 * 1024
_PIPE_BYTES = 60_000
_PR_SET_PDEATHSIG = 1
_LIBC = None


@dataclass(frozen=True)
class Finished:
    """What a program printed until it ended."""

    code: int
    output: str
    complaint: str


def _die_with_parent(parent: int) -> None:
    """Runs in the child before exec: the kernel kills it when the collector dies, even by SIGKILL."""
    assert _LIBC is not None
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


async def finished(argv: Sequence[str], *, environ: Mapping[str, str], said: bytes, timeout_s: float) -> Finished:
    """Run `argv` (no shell) with `said` on its standard input. Raises IpmiFailed: TOOL, TIMEOUT, UNREADABLE."""
    global _LIBC  # loaded before fork: the child must not take the import lock
    if _LIBC is None:
        _LIBC = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()
    heard = _filled_pipe(said)
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=heard,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC", **environ},
            preexec_fn=lambda: _die_with_parent(parent),
        )
    except OSError as error:
        raise IpmiFailed(Reason.TOOL, f"{argv[0]} does not start: {error.strerror or error}") from None
    finally:
        os.close(heard)
    try:
        async with asyncio.timeout(timeout_s):
            output, complaint = await asyncio.gather(
                _read(process.stdout, _MAX_OUTPUT), _read(process.stderr, _MAX_COMPLAINT)
            )
            code = await process.wait()
    except TimeoutError:
        raise IpmiFailed(Reason.TIMEOUT, f"the BMC did not finish its answer within {timeout_s:g} s") from None
    finally:
        await _end(process)
    if len(output) > _MAX_OUTPUT:
        raise IpmiFailed(Reason.UNREADABLE, f"{argv[0]} printed more than {_MAX_OUTPUT} bytes")
    return Finished(code, output.decode("utf-8", "replace"), complaint.decode("utf-8", "replace"))


async def _read(stream: asyncio.StreamReader | None, most: int) -> bytes:
    """What comes, at most one piece more than `most`; the rest is read and dropped, so that the pipe never fills."""
    assert stream is not None
    kept = bytearray()
    while data := await stream.read(65_536):
        if len(kept) <= most:
            kept += data
    return bytes(kept)


def _filled_pipe(said: bytes) -> int:
    """A real pipe that holds all of it: ipmitool opens /dev/stdin by name, which the event loop's sockets forbid."""
    assert len(said) <= _PIPE_BYTES, f"{len(said)} bytes do not fit a pipe at once"
    reading, writing = os.pipe()
    os.write(writing, said)
    os.close(writing)
    return reading


async def _end(process: asyncio.subprocess.Process) -> None:
    """Returns when the process is gone."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    await asyncio.shield(process.wait())
