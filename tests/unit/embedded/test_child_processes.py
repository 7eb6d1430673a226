"""Children die with their parent, come back when they fall, and are recognised after a crash."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import psutil
import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew_embedded.account import Account
from groundcrew_embedded.home import Home
from groundcrew_embedded.process import Child, Command, RollingLog, end_leftovers, recall, remember
from groundcrew_embedded.supervisor import ChildFailed, Supervised

ME = Account(os.geteuid(), os.getegid(), "me", drops=False)
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(60)"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.create()
    return made


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["/bin/sleep", "60"])
    yield process
    process.kill()
    process.wait()


def command(*argv: str, stop_s: float = 5) -> Command:
    return Command(name="child", argv=argv, cwd=Path("/"), environ={"PATH": "/usr/bin:/bin"}, account=ME, stop_s=stop_s)


def log(home: Home) -> RollingLog:
    return RollingLog(home.logs / "child.log")


async def test_a_child_that_stops_when_asked_leaves_no_pid_file(home: Home) -> None:
    pid_file = home.run / "child.pid"
    child = Child.start(command("/bin/sleep", "60"), log(home), pid_file)
    assert pid_file.exists()
    await child.stop()
    assert child.exited.result() == -signal.SIGTERM
    assert not pid_file.exists()


async def test_a_child_that_ignores_the_signal_is_killed_in_time(home: Home) -> None:
    child = Child.start(command(sys.executable, "-c", STUBBORN, stop_s=0.3), log(home), home.run / "child.pid")
    while "here" not in child.tail:
        assert not child.exited.done(), child.tail
        await asyncio.sleep(0.02)
    await child.stop()
    assert child.exited.result() == -signal.SIGKILL


async def test_what_a_child_says_is_kept_in_a_file_of_bounded_size(home: Home) -> None:
    rolling = RollingLog(home.logs / "child.log", max_bytes=10_000)
    child = Child.start(command("/bin/sh", "-c", "seq 1 20000"), rolling, home.run / "child.pid")
    assert await asyncio.wait_for(child.exited, 30) == 0
    assert child.tail[-1] == "20000"
    assert sum(path.stat().st_size for path in home.logs.iterdir()) < 200_000
    await child.stop()


async def test_a_fallen_child_is_started_again_with_growing_pauses(home: Home) -> None:
    told: list[str] = []

    async def ready() -> bool:
        return True

    keeper = Supervised(
        home, lambda: command("/bin/sleep", "60"), ready, clock=SystemClock(), tell=told.append, log=log(home)
    )
    await keeper.start()
    for falls in (1, 2):
        first = keeper.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(10):
            while keeper.restarts < falls:
                await asyncio.sleep(0.02)
        assert keeper.pid != first
    assert [line.split(";")[1].split("(")[0].strip() for line in told] == [
        "starting it again in 0.2 s",
        "starting it again in 0.4 s",
    ]
    await keeper.stop()


async def test_a_child_that_falls_before_it_is_ready_is_an_error_with_its_last_words(home: Home) -> None:
    async def never() -> bool:
        return False

    keeper = Supervised(
        home,
        lambda: command("/bin/sh", "-c", "echo no space left; exit 3"),
        never,
        clock=SystemClock(),
        tell=print,
        log=log(home),
    )
    with pytest.raises(ChildFailed, match="child ended with exit code 3 before it was ready: no space left") as caught:
        await keeper.start()
    assert caught.value.code == 3
    await keeper.stop()


async def test_a_stranger_that_answers_on_the_port_is_not_taken_for_the_child(home: Home) -> None:
    async def answers() -> bool:
        return True

    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        late = "import sys, time; time.sleep(0.2); sys.exit('the port is in use')"
        wanted = replace(command(sys.executable, "-c", late), port=port)
        keeper = Supervised(home, lambda: wanted, answers, clock=SystemClock(), tell=print, log=log(home))
        with pytest.raises(ChildFailed, match="before it was ready: the port is in use"):
            await keeper.start()
        await keeper.stop()


async def test_a_server_is_ready_once_it_listens_itself(home: Home) -> None:
    async def answers() -> bool:
        return True

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listening = f"import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"
    wanted = replace(command(sys.executable, "-c", listening), port=port)
    keeper = Supervised(home, lambda: wanted, answers, clock=SystemClock(), tell=print, log=log(home))
    await keeper.start()
    with pytest.raises(OSError, match="in use"), socket.socket() as second:
        second.bind(("127.0.0.1", port))
    await keeper.stop()


def test_a_child_dies_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = tmp_path / "parent.py"
    parent.write_text(
        textwrap.dedent(f"""
        import asyncio, os, sys
        from pathlib import Path
        from groundcrew_embedded.account import Account
        from groundcrew_embedded.process import Child, Command, RollingLog

        async def main():
            account = Account(os.geteuid(), os.getegid(), "", drops=False)
            wanted = Command(name="c", argv=["/bin/sleep", "60"], cwd=Path("/"), environ={{}}, account=account)
            child = Child.start(wanted, RollingLog(Path("{tmp_path}/log")), Path("{tmp_path}/c.pid"))
            print(child.pid, flush=True)
            await asyncio.Event().wait()

        asyncio.run(main())
        """)
    )
    process = subprocess.Popen([sys.executable, parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = psutil.Process(int(process.stdout.readline()))
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs([child], timeout=5)
    assert not alive


def test_a_leftover_is_ended_and_named(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    remember(tmp_path / "nats.pid", sleeper.pid, signal.SIGTERM)
    assert end_leftovers(tmp_path) == ["nats"]
    assert sleeper.wait(5) is not None
    assert not list(tmp_path.iterdir())


def test_a_leftover_that_ignores_its_signal_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    remember(tmp_path / "nats.pid", process.pid, signal.SIGTERM)
    began = time.monotonic()
    end_leftovers(tmp_path, wait_s=0.3)
    assert process.wait(5) is not None
    assert time.monotonic() - began < 5
    process.stdout.close()


def test_a_number_that_was_given_to_somebody_else_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    noted = {"pid": sleeper.pid, "born": psutil.Process(sleeper.pid).create_time() - 100, "stop": 15}
    (tmp_path / "nats.pid").write_bytes(orjson.dumps(noted))
    assert recall(tmp_path / "nats.pid") is None
    assert end_leftovers(tmp_path) == []
    assert sleeper.poll() is None


@pytest.mark.parametrize("text", ["", "{", '{"pid": 1}', '{"pid": "x", "born": 1, "stop": 15}', "[]"])
def test_a_damaged_pid_file_names_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "nats.pid").write_text(text)
    assert recall(tmp_path / "nats.pid") is None
