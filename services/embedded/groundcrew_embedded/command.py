"""What the CLI calls: `up` in the foreground or detached, `down`, and the running system's state."""

import asyncio
import contextlib
import os
import select
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
import psutil

from groundcrew_embedded.home import Home, HomeError, default_home
from groundcrew_embedded.process import RollingLog
from groundcrew_embedded.status import Ready, State, read_state, report
from groundcrew_embedded.supervisor import ChildFailed, Tell
from groundcrew_embedded.up import UpOptions, run

DETACHED_READY_S = 180.0
DOWN_S = 40.0


def up(options: UpOptions, *, on_ready: Callable[[Ready], None], tell: Tell) -> int:
    """Bring the system up and keep it until a signal; returns the exit code. `on_ready` gets URL and sign-in link,
    `tell` one line at a time of what a person should know."""
    with asyncio.Runner() as runner:
        return runner.run(run(options, on_ready=on_ready, tell=tell))


def up_detached(options: UpOptions) -> Ready:
    """Bring the system up in the background and return once it answers.

    Raises HomeError where it does not, ChildFailed with its exit code where it ended.
    """
    Home(options.home).create()
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    argv = [sys.executable, "-m", "groundcrew_embedded.command", str(options.home), "--status-fd", str(writing)]
    argv += ["--port", str(options.port)] if options.port is not None else []
    argv += ["--demo"] if options.demo else []
    pid = _spawn(argv)
    os.close(writing)
    try:
        event = _first_event(reading)
    finally:
        os.close(reading)
    if event.get("ready"):
        return Ready(url=event["url"], link=event["link"], mcp_url=event["mcp_url"])
    if not event:
        with contextlib.suppress(psutil.Error):
            psutil.Process(pid).terminate()
    raise ChildFailed(event.get("reason") or f"it did not answer within {DETACHED_READY_S:g} s", _exit_code(pid) or 1)


def _exit_code(pid: int) -> int:
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:  # a `down` of this very process has waited for it already
        return 0


def _spawn(argv: list[str]) -> int:
    """Start a program that stays when we leave: own session, no terminal."""
    nowhere = [(os.POSIX_SPAWN_OPEN, handle, os.devnull, os.O_RDWR, 0) for handle in (0, 1, 2)]
    return os.posix_spawn(argv[0], argv, os.environ, file_actions=nowhere, setsid=True)


def _first_event(handle: int) -> Mapping[str, str]:
    """The first line of the pipe; empty where it ends or stays silent."""
    line = b""
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([handle], [], [], DETACHED_READY_S)
        chunk = os.read(handle, 65_536) if readable else b""
        if not chunk:
            return {}
        line += chunk
    event: Mapping[str, str] = orjson.loads(line)
    return event


@dataclass(frozen=True, kw_only=True)
class Down:
    """What `down` did: nothing where nothing ran; `forced` where it had to kill."""

    was_running: bool
    forced: bool = False


def down(home_path: Path) -> Down:
    """Stop the system, running or starting, and wait until it is gone, killing it after DOWN_S."""
    pid = Home(home_path).holder()
    if pid is None:
        return Down(was_running=False)
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(DOWN_S)
        except psutil.TimeoutExpired:
            process.kill()  # its children die with it
            process.wait(5)
            return Down(was_running=True, forced=True)
    return Down(was_running=True)


def state(home_path: Path) -> State | None:
    """The running system of this home, None where none runs."""
    return read_state(Home(home_path))


def _background(argv: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(prog="groundcrew_embedded.command")
    parser.add_argument("home", type=Path)
    parser.add_argument("--status-fd", type=int, required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--demo", action="store_true")
    given = parser.parse_args(argv)
    log = RollingLog(Home(given.home).logs / "up.log")

    def ready(found: Ready) -> None:
        report(given.status_fd, ready=True, url=found.url, link=found.link, mcp_url=found.mcp_url)
        os.close(given.status_fd)

    last = ""

    def tell(line: str) -> None:
        nonlocal last
        last = line
        log.write(line.encode() + b"\n")

    code = up(UpOptions(home=given.home, port=given.port, demo=given.demo), on_ready=ready, tell=tell)
    with contextlib.suppress(OSError):
        report(given.status_fd, ready=False, reason=last)
    return code


__all__ = [
    "ChildFailed",
    "Down",
    "HomeError",
    "Ready",
    "State",
    "UpOptions",
    "default_home",
    "down",
    "state",
    "up",
    "up_detached",
]

if __name__ == "__main__":
    sys.exit(_background(sys.argv[1:]))
