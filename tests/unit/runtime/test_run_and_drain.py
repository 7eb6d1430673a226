"""A service process: what ends it, how, and what it says then. Real processes, no servers."""

import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

PROGRAM = """
    import asyncio, sys
    from groundcrew.runtime import run as running
    from groundcrew.runtime.settings import ServiceSettings

    class QuietBus:
        def __init__(self): self.closed = False
        async def ping(self): pass
        async def close(self): print("bus closed", flush=True)

    async def connect(*_args, **_kwargs): return QuietBus()

    if "real-bus" not in sys.argv:
        running.connect_bus = connect

    async def wire(settings, resources):
        async def closed(): print("wired part closed", flush=True)
        async def stuck(): await asyncio.sleep(3600)
        async def falls(): raise RuntimeError("the pack is gone")
        async def stays(): await asyncio.Event().wait()
        resources.tasks.spawn("stays", stays())
        if "falls" in sys.argv: resources.tasks.spawn("falls", falls())
        if "refuses" in sys.argv: raise RuntimeError("cannot wire")
        if "stuck" in sys.argv:
            running.DRAIN_S = 0.3
            resources.stack.push_async_callback(stuck)
        resources.stack.push_async_callback(closed)
        print("wired", flush=True)

    running.main("trigger", ServiceSettings, wire)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    def __init__(self, folder: Path, *words: str, **environ: str) -> None:
        script = folder / "service.py"
        script.write_text(textwrap.dedent(PROGRAM))
        self.port = free_port()
        settings = {"PATH": "/usr/bin:/bin", "GROUNDCREW_HTTP__PORT": str(self.port)} | environ
        self.process = subprocess.Popen(
            [sys.executable, script, *words],
            cwd=folder, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.said = ""

    def until(self, words: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if words in line:
                return
        pytest.fail(f"it never said {words!r}: {self.said}")

    def end(self) -> int:
        output, _ = self.process.communicate(timeout=20)
        self.said += output
        return self.process.returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_what_was_wired_before_the_bus(tmp_path: Path, number: signal.Signals) -> None:
    service = Service(tmp_path)
    service.until('"running"')
    service.process.send_signal(number)
    assert service.end() == 0
    assert service.said.index("wired part closed") < service.said.index("bus closed")
    assert '"event":"stopped"' in service.said


def test_a_drain_that_hangs_ends_in_time_with_an_error(tmp_path: Path) -> None:
    service = Service(tmp_path, "stuck")
    service.until('"running"')
    began = time.monotonic()
    service.process.terminate()
    assert service.end() == 1
    assert time.monotonic() - began < 5
    assert "did not drain in time" in service.said


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    service = Service(tmp_path, "stuck")
    service.until('"running"')
    service.process.send_signal(signal.SIGINT)
    service.until('"stopping"')
    service.process.send_signal(signal.SIGINT)
    assert service.end() == 130


def test_a_root_task_that_falls_ends_the_process_with_its_name_and_error(tmp_path: Path) -> None:
    service = Service(tmp_path, "falls")
    assert service.end() == 1
    assert '"task":"falls"' in service.said
    assert "the pack is gone" in service.said
    assert "bus closed" in service.said


def test_wiring_that_fails_closes_what_was_opened(tmp_path: Path) -> None:
    service = Service(tmp_path, "refuses")
    assert service.end() == 1
    assert "cannot wire" in service.said
    assert "bus closed" in service.said


def test_a_server_that_is_not_there_is_waited_for_and_then_named(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    environ = {"GROUNDCREW_NATS__URL": f"nats://{address}", "GROUNDCREW_NATS__WAIT_S": "0.5"}
    service = Service(tmp_path, "real-bus", **environ)
    assert service.end() == 1
    assert f"NATS at {address} did not answer within 0.5 s" in service.said
    assert "Traceback" not in service.said


def test_a_signal_while_it_waits_for_a_server_ends_it_at_once(tmp_path: Path) -> None:
    environ = {"GROUNDCREW_NATS__URL": f"nats://127.0.0.1:{free_port()}", "GROUNDCREW_NATS__WAIT_S": "60"}
    service = Service(tmp_path, "real-bus", **environ)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:  # its probes answer while it waits
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", service.port)) == 0:
                break
        time.sleep(0.05)
    began = time.monotonic()
    service.process.terminate()
    assert service.end() == 0
    assert time.monotonic() - began < 10


def test_wrong_settings_end_with_exit_code_2_and_one_line(tmp_path: Path) -> None:
    service = Service(tmp_path, GROUNDCREW_NATS__REPLICAS="9")
    assert service.end() == 2
    assert service.said == (
        "GROUNDCREW_NATS__REPLICAS: nats.replicas = '9': expected a number less than or equal to 5\n"
    )


def test_a_taken_probe_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        service = Service(tmp_path, GROUNDCREW_HTTP__PORT=str(port))
        assert service.end() == 1
    assert f"cannot listen on 127.0.0.1:{port}" in service.said
