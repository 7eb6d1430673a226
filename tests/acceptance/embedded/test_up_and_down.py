"""`up` brings everything up on this machine, `down` leaves nothing behind."""

import asyncio
import os
import signal
import socket
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import httpx2
import orjson
import psutil
import psycopg
import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew_embedded import command, ports
from groundcrew_embedded.command import ChildFailed, UpOptions
from groundcrew_embedded.home import Home, write_json
from groundcrew_embedded.table import SERVICES
from groundcrew_embedded.up import System

from .conftest import Running


def up(home: Home, *, demo: bool = False) -> command.Ready:
    return command.up_detached(UpOptions(home=home.path, port=0, demo=demo))


def key(home: Home) -> dict[str, str]:
    return {"Authorization": f"Bearer {home.api_key.read_text().strip()}"}


def pid_of(home: Home, child: str) -> int:
    return int(orjson.loads((home.run / f"{child}.pid").read_bytes())["pid"])


def test_up_answers_and_down_leaves_no_process(home: Home) -> None:
    ready = up(home)
    state = command.state(home.path)
    assert state is not None
    family = [psutil.Process(state.pid), *psutil.Process(state.pid).children(recursive=True)]
    assert httpx2.get(f"{ready.url}/readyz").json()["ready"] is True

    assert command.down(home.path) == command.Down(was_running=True)
    _, alive = psutil.wait_procs(family, timeout=2)
    assert not alive
    assert command.state(home.path) is None
    assert command.down(home.path) == command.Down(was_running=False)


async def test_a_port_that_a_stranger_takes_before_our_server_is_left_to_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stranger answers as PostgreSQL would, so that only whose port it is tells them apart."""

    async def authenticate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"R")
        writer.close()

    stranger = await asyncio.start_server(authenticate, "127.0.0.1", 0)
    taken = stranger.sockets[0].getsockname()[1]
    claims: list[dict[str, int]] = []

    def claim(names: list[str], path: Path) -> dict[str, int]:
        claimed = ports.claim(names, path)
        if not claims:
            claimed["postgres"] = taken
            write_json(path, claimed)
        claims.append(claimed)
        return claimed

    monkeypatch.setattr("groundcrew_embedded.up.ports", SimpleNamespace(claim=claim, taken=ports.taken))
    told: list[str] = []
    system = System(UpOptions(home=home.path, port=0), clock=SystemClock(), tell=told.append)
    async with stranger:
        ready = await system.start()
        try:
            async with httpx2.AsyncClient() as client:
                assert (await client.get(f"{ready.url}/readyz")).json()["ready"] is True
        finally:
            await system.stop()
    assert told == [f"somebody else took port {taken} meanwhile; starting with others"]
    assert claims[-1]["postgres"] != taken


def test_the_link_signs_in_once(running: Running) -> None:
    url, token = running.ready.url, running.ready.link.partition("#token=")[2]
    with httpx2.Client(base_url=url, headers={"Origin": url}) as client:
        assert client.get("/api/v1/me").status_code == 401
        assert client.post("/api/v1/session", json={"token": token}).status_code < 300
        assert client.get("/api/v1/me").status_code == 200
    with httpx2.Client(base_url=url, headers={"Origin": url}) as another:
        assert another.post("/api/v1/session", json={"token": token}).status_code == 401


def test_key_ports_and_rows_survive_a_restart(home: Home) -> None:
    up(home)
    first_key = home.api_key.read_text()
    for _ in range(3):  # a test beside this one may take a port while nobody listens on it
        first_ports = (home.run / "ports.json").read_text()
        command.down(home.path)
        with suppress(ChildFailed):
            ready = up(home)
            if (home.run / "ports.json").read_text() == first_ports:
                break
    else:
        pytest.fail("it never came up again on its ports")
    assert home.api_key.read_text() == first_key
    assert httpx2.get(f"{ready.url}/api/v1/me", headers=key(home)).status_code == 200


def test_secrets_are_private_and_in_no_command_line_or_log(running: Running) -> None:
    home = running.home
    kept = [home.api_key, *home.secrets.iterdir()]
    assert len(kept) > 5
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in kept)
    words = [path.read_text().strip() for path in kept] + [running.ready.link.partition("#token=")[2]]
    said = "\n".join(" ".join(process.cmdline()) for process in running.family())
    said += "".join(path.read_text("utf-8", "replace") for path in home.logs.iterdir()) + home.state.read_text()
    assert not [word for word in words if word in said]


def test_servers_ask_for_a_password_and_listen_on_loopback_only(running: Running) -> None:
    ports = running.state.ports
    listening = {
        connection.laddr.ip
        for process in running.family()
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
    with pytest.raises(psycopg.OperationalError, match="no password"):
        psycopg.connect(host="127.0.0.1", port=ports["postgres"], user="groundcrew", dbname="groundcrew")
    with socket.create_connection(("127.0.0.1", ports["valkey"])) as client:
        client.sendall(b"GET x\r\n")
        assert client.recv(100).startswith(b"-NOAUTH")
    with socket.create_connection(("127.0.0.1", ports["nats"])) as client:
        assert b'"auth_required":true' in client.recv(4096)


def test_a_second_up_in_the_same_home_says_who_holds_it(running: Running) -> None:
    pid = running.state.pid
    with pytest.raises(ChildFailed, match=f"in use by process {pid}"):
        up(running.home)
    assert psutil.pid_exists(pid)


def test_metrics_name_every_service(running: Running) -> None:
    text = httpx2.get(f"{running.ready.url}/metrics").text
    built = [line for line in text.splitlines() if line.startswith("groundcrew_build_info{")]
    assert len(built) >= len(SERVICES)
    assert 'process_resident_memory_bytes{service="embedded"' in text


def test_down_stops_a_system_that_is_still_starting(home: Home) -> None:
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(up, home)
        deadline = time.monotonic() + 30
        while (holder := home.holder()) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert holder is not None
        assert command.down(home.path).was_running
        with pytest.raises(ChildFailed):
            starting.result(30)
    assert not list(home.run.glob("*.pid"))


def test_a_taken_port_is_named_with_the_way_out(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ChildFailed, match=f"127.0.0.1:{port}: Address already in use; set --port"):
            command.up_detached(UpOptions(home=home.path, port=port))
    assert command.state(home.path) is None


def test_wrong_settings_end_the_start_with_exit_code_2(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDCREW_CONTEXT__KEEP_DAYS_LOGS", "0")
    with pytest.raises(
        ChildFailed, match=r"GROUNDCREW_CONTEXT__KEEP_DAYS_LOGS: context.keep_days_logs = '0'"
    ) as caught:
        up(home)
    assert caught.value.code == 2


def test_what_a_killed_run_left_behind_is_ended_before_the_next_one(home: Home) -> None:
    up(home)
    state = command.state(home.path)
    assert state is not None
    nats = psutil.Process(pid_of(home, "nats"))
    nats.suspend()  # it cannot follow the death signal, as a process that hangs in the kernel
    os.kill(state.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(state.pid)] if psutil.pid_exists(state.pid) else [], timeout=5)
    up(home)
    assert not nats.is_running() or nats.status() == psutil.STATUS_ZOMBIE
    assert "ended what a killed run left behind" in (home.logs / "up.log").read_text()


def test_the_demo_shows_incidents_in_a_site_of_its_own(home: Home) -> None:
    ready = up(home, demo=True)
    deadline = time.monotonic() + 60
    items: list[dict[str, str]] = []
    while len(items) < 2 and time.monotonic() < deadline:
        time.sleep(0.5)
        answer = httpx2.get(f"{ready.url}/api/v1/incidents?site=demo", headers=key(home))
        items = answer.json()["items"]
    assert len(items) >= 2
    assert httpx2.get(f"{ready.url}/api/v1/incidents", headers=key(home)).json()["items"] == []


def test_root_is_told_when_its_servers_cannot_enter_the_home(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root changes to another account")
    (tmp_path / "closed").mkdir(mode=0o700)
    with pytest.raises(ChildFailed, match="the servers run as 'nobody', who may not enter"):
        command.up_detached(UpOptions(home=tmp_path / "closed" / "home", port=0))
