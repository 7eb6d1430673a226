"""The real embedded system, following one file, in a home of its own."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from groundcrew_embedded import command
from groundcrew_embedded.home import Home
from groundcrew_embedded.status import State

from ..conftest import ConnectionParts, PostgresServer  # noqa: TID252 - tests are no package on the path
from ..contract.bus.nats_server import NatsServer  # noqa: TID252 - as above
from .processes import Services

LINES = 20_000


def until(what: str, seconds: float, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)


@dataclass
class System:
    """One home with a followed file; up and down as often as a test wants."""

    home: Home
    followed: Path

    def up(self) -> State:
        command.up_detached(command.UpOptions(home=self.home.path, port=0))
        state = command.state(self.home.path)
        assert state is not None
        return state

    @property
    def state(self) -> State:
        state = command.state(self.home.path)
        assert state is not None
        return state

    def kill(self, child: str) -> int:
        pid = pid_of(self.home, child)
        os.kill(pid, signal.SIGKILL)
        return pid

    def rows(self) -> tuple[int, int]:
        """(numbered lines stored, different ones among them); (-1, -1) while PostgreSQL is away."""
        try:
            with psycopg.connect(
                host="127.0.0.1", port=command_ports(self.home)["postgres"], dbname="groundcrew", user="groundcrew",
                password=self.home.secret("postgres"), connect_timeout=2,
            ) as connection:  # fmt: skip
                found = connection.execute(
                    "SELECT count(*), count(DISTINCT message) FROM context.log_events WHERE message LIKE %s",
                    ("%numbered line %",),
                ).fetchone()
        except psycopg.Error:
            return (-1, -1)
        assert found is not None
        return (found[0], found[1])

    def down(self) -> None:
        command.down(self.home.path)


def command_ports(home: Home) -> dict[str, int]:
    import orjson

    ports: dict[str, int] = orjson.loads((home.run / "ports.json").read_bytes())
    return ports


def pid_of(home: Home, child: str) -> int:
    import orjson

    return int(orjson.loads((home.run / f"{child}.pid").read_bytes())["pid"])


def family(pid: int) -> list[psutil.Process]:
    """A process and everything below it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    folder = Path(tempfile.mkdtemp(prefix="gc-chaos-"))
    folder.chmod(0o711)  # as root the servers run as nobody, who must pass through
    followed = folder / "numbered.log"
    followed.touch()
    for key, value in {
        "FILES": str(followed),
        "FILES_START": "start",
        "JOURNAL": "off",
        "KMSG": "off",
        "METRICS": "off",
        "SERVICES": "off",
    }.items():
        monkeypatch.setenv(f"GROUNDCREW_HOST_COLLECTOR__{key}", value)
    monkeypatch.setenv("GROUNDCREW_CONTEXT__TOKENIZER", "bytes")
    made = System(Home(folder / "home"), followed)
    try:
        yield made
    finally:
        made.down()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def services(
    tmp_path: Path, postgres: PostgresServer, database_conninfo: ConnectionParts
) -> AsyncIterator[Services]:
    nats = NatsServer(tmp_path)
    await nats.start()
    made = Services(tmp_path, nats, database_conninfo)
    try:
        yield made
    finally:
        made.end()
        nats.stop()
        postgres.thaw()
        if postgres.process is None:
            postgres.start()
