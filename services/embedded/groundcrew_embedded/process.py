"""Child processes that cannot outlive us: own session, death signal, pid file, bounded log."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import psutil

from groundcrew_embedded.account import Account
from groundcrew_embedded.home import write_json

_PR_SET_PDEATHSIG = 1
_TAIL_LINES = 30
_POLL_S = 0.1
_READS = 16
"""Pieces of output taken at once, so that a child that never stops talking does not keep us from anything else."""


@dataclass
class RollingLog:
    """What a child wrote: the last lines in memory, the rest in a file of bounded size with one predecessor."""

    path: Path
    max_bytes: int = 8 * 1024 * 1024
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=_TAIL_LINES))

    def write(self, chunk: bytes) -> None:
        """Keep it; a disk that is full loses the file's part, and the child goes on."""
        self.tail.extend(chunk.decode("utf-8", "replace").splitlines())
        with contextlib.suppress(OSError):
            with self.path.open("ab") as file:
                file.write(chunk)
                full = file.tell() >= self.max_bytes
            if full:
                self.path.replace(self.path.with_name(self.path.name + ".1"))


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to start. `death_signal` is what the kernel sends the child when we die without a word; file descriptors
    in `pass_fds` are handed over: ours are closed. `port`: where a server listens on loopback."""

    name: str
    argv: Sequence[str]
    cwd: Path
    environ: Mapping[str, str]
    account: Account
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    stop_s: float = 10
    pass_fds: tuple[int, ...] = ()
    port: int | None = None


class Child:
    """One running child process. Only one thread may start children: the death signal follows the thread."""

    def __init__(self, command: Command, process: subprocess.Popen[bytes], log: RollingLog, pid_file: Path) -> None:
        self.command = command
        self._process = process
        self._log = log
        self._pid_file = pid_file
        self.exited = asyncio.get_running_loop().create_future()
        self._watcher = asyncio.create_task(self._watch(), name=f"watch {command.name}")

    @classmethod
    def start(cls, command: Command, log: RollingLog, pid_file: Path) -> "Child":
        process = subprocess.Popen(  # noqa: S603 - argv is ours, and never a shell
            command.argv,
            cwd=command.cwd,
            env=dict(command.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=command.pass_fds,
            preexec_fn=dies_with(os.getpid(), command.death_signal),
            umask=0o077,
            **command.account.identity(),
        )
        for handle in command.pass_fds:
            os.close(handle)
        remember(pid_file, process.pid, command.stop_signal)
        return cls(command, process, log, pid_file)

    @property
    def pid(self) -> int:
        return self._process.pid

    def listens(self) -> bool:
        """Whether it is this child that listens on its port, and not a stranger that was there before it."""
        try:
            sockets = psutil.Process(self.pid).net_connections("tcp")
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:  # a system that hides this: who answers is taken for ours
            return True
        port = self.command.port
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in sockets)

    @property
    def tail(self) -> list[str]:
        return list(self._log.tail)

    async def _watch(self) -> None:
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        os.set_blocking(output, False)
        loop = asyncio.get_running_loop()
        loop.add_reader(output, self._copy, output)
        try:
            await _exit_of(self._process)
        finally:
            self._copy(output)
            loop.remove_reader(output)
            self._process.stdout.close()
        self._pid_file.unlink(missing_ok=True)
        if not self.exited.done():
            self.exited.set_result(self._process.returncode)

    def _copy(self, output: int) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(_READS):
                if not (chunk := os.read(output, 65_536)):
                    asyncio.get_running_loop().remove_reader(output)
                    return
                self._log.write(chunk)

    async def stop(self) -> None:
        """Ask, wait `stop_s`, then kill the whole session."""
        if self._process.poll() is None:
            self._process.send_signal(self.command.stop_signal)
            await asyncio.wait({self.exited}, timeout=self.command.stop_s)
        if not self.exited.done():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            await asyncio.wait({self.exited}, timeout=5)
        self._watcher.cancel()


def dies_with(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    """What runs in the child between fork and exec: the kernel is told to signal it when its parent is gone.

    Linux only (PR_SET_PDEATHSIG, prctl(2)); elsewhere pid files alone end leftovers, at the next start.
    """
    try:
        prctl = ctypes.CDLL(None).prctl
    except AttributeError:
        return lambda: None

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died in between, and the kernel will not tell
            os._exit(1)

    return before_exec


async def _exit_of(process: subprocess.Popen[bytes]) -> None:
    try:
        handle = os.pidfd_open(process.pid)
    except (OSError, AttributeError):
        while process.poll() is None:  # noqa: ASYNC110 - there is nothing to wait on without pidfd
            await asyncio.sleep(_POLL_S)
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)
    process.wait()


def remember(pid_file: Path, pid: int, stop_signal: signal.Signals) -> None:
    """Write a pid file that cannot be mistaken for another process after the number was given out again."""
    try:
        born = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return
    write_json(pid_file, {"pid": pid, "born": born, "stop": int(stop_signal)})


def recall(pid_file: Path) -> tuple[psutil.Process, signal.Signals] | None:
    """The process of a pid file where it still lives, with the signal that stops it."""
    try:
        noted: dict[str, Any] = orjson.loads(pid_file.read_bytes())
        process = psutil.Process(int(noted["pid"]))
        same = abs(process.create_time() - float(noted["born"])) < 1 and process.status() != psutil.STATUS_ZOMBIE
        return (process, signal.Signals(noted["stop"])) if same else None
    except (FileNotFoundError, KeyError, TypeError, ValueError, psutil.NoSuchProcess):  # ValueError: no JSON, too
        return None


def end_leftovers(folder: Path, *, wait_s: float = 10) -> list[str]:
    """Stop children of a run that died; returns their names. Whoever ignores its stop signal is killed."""
    found = [(path, *recalled) for path in sorted(folder.glob("*.pid")) if (recalled := recall(path))]
    for _path, process, stop in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(stop)
    _gone, stubborn = psutil.wait_procs([process for _path, process, _stop in found], timeout=wait_s)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=wait_s)
    for path in folder.glob("*.pid"):
        path.unlink(missing_ok=True)
    return [path.stem for path, _process, _stop in found]


async def run_to_end(command: Command, output: Path, *, stdin: bytes = b"", timeout_s: float = 60) -> tuple[int, str]:
    """Run a short program; returns exit code and what it wrote. Killed after `timeout_s`, which is exit code -9."""
    process = _start_quietly(command, output)
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(stdin)
        process.stdin.close()
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await _exit_of(process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, _take(output)


def _start_quietly(command: Command, output: Path) -> subprocess.Popen[bytes]:
    with output.open("wb") as sink:
        return subprocess.Popen(  # noqa: S603 - argv is ours, and never a shell
            command.argv,
            cwd=command.cwd,
            env=dict(command.environ),
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dies_with(os.getpid(), signal.SIGKILL),
            umask=0o077,
            **command.account.identity(),
        )


def _take(output: Path) -> str:
    text = output.read_text("utf-8", "replace")[-4_000:]
    output.unlink()
    return text
