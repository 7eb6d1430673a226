"""Whatever is killed while lines are appended to a followed file: after the restart every line is stored once."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from .conftest import LINES, System, family, until

pytestmark = pytest.mark.chaos

BURST = 100
PAUSE_S = 0.03


def append_all(path: Path, halfway: threading.Event) -> None:
    with path.open("a", buffering=1) as file:
        for start in range(0, LINES, BURST):
            file.write("".join(f"numbered line {number:05d}\n" for number in range(start, start + BURST)))
            file.flush()
            if start >= LINES // 2:
                halfway.set()
            time.sleep(PAUSE_S)


@contextmanager
def lines_flow(system: System) -> Iterator[None]:
    """Append LINES numbered lines in the background; the body runs when half of them are written."""
    halfway = threading.Event()
    writer = threading.Thread(target=append_all, args=(system.followed, halfway), daemon=True)
    writer.start()
    assert halfway.wait(60)
    yield
    writer.join(60)


def all_stored_once(system: System) -> None:
    until("all lines are stored", 90, lambda: system.rows()[1] == LINES)
    time.sleep(2)  # a double would come late
    assert system.rows() == (LINES, LINES)


@pytest.mark.parametrize("child", ["nats", "postgres", "services"])
def test_a_killed_child_loses_and_doubles_no_line(system: System, child: str) -> None:
    parent = system.up().pid
    with lines_flow(system):
        stored, _ = system.rows()
        assert 0 < stored < LINES, "the kill must come in mid-stream"
        killed = system.kill(child)
    all_stored_once(system)
    state = system.state
    assert state.pid == parent, "the supervisor itself stays"
    assert killed not in (state.services_pid, *state.servers.values()), "the state names the child that came back"


def test_a_killed_supervisor_takes_everything_with_it_and_the_next_start_loses_no_line(system: System) -> None:
    members = family(system.up().pid)
    assert len(members) > 5
    with lines_flow(system):
        os.kill(members[0].pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(members, timeout=15)
        assert not alive, "no orphan may stay"
    system.up()
    all_stored_once(system)
