"""The one folder that the embedded system lives in (`GROUNDCREW_HOME`): its layout, its secrets, its lock."""

import contextlib
import fcntl
import os
import secrets
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

_FLOCK = struct.Struct("hhlli4x")  # struct flock of a 64-bit Linux: type, whence, start, length, pid


class HomeError(Exception):
    """The folder cannot be used; the text says why and what to do."""


def default_home(environ: Mapping[str, str]) -> Path:
    """GROUNDCREW_HOME, else a folder of the user's own. Root's own folder is closed to the account that the servers
    run as (PostgreSQL refuses to run as root), so root's default is where daemons keep their state."""
    if named := environ.get("GROUNDCREW_HOME"):
        return Path(named).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/groundcrew")
    base = environ.get("XDG_DATA_HOME") or Path(environ.get("HOME") or Path.home()) / ".local" / "share"
    return Path(base).absolute() / "groundcrew"


@dataclass(frozen=True)
class Home:
    """Paths below the home folder."""

    path: Path

    @property
    def api_key(self) -> Path:
        """The admin API key of this machine's operator, mode 0600."""
        return self.path / "api-key"

    @property
    def run(self) -> Path:
        """What is true only while the system runs: lock, pid files, state, ports."""
        return self.path / "run"

    @property
    def state(self) -> Path:
        """Where the CLI reads URL, pid and ports of the running system."""
        return self.run / "state.json"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def programs(self) -> Path:
        """Copies of the servers' programs, where their account cannot reach the installed ones."""
        return self.path / "programs"

    def create(self) -> None:
        """Make what is missing. The servers' account passes through the home folder but may not list it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.run, self.secrets, self.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            msg = f"{error.filename or self.path}: {error.strerror}; set GROUNDCREW_HOME to a folder you may write to"
            raise HomeError(msg) from error

    def secret(self, name: str) -> str:
        """A random password that is made once and kept 0600."""
        path = self.secrets / name
        with contextlib.suppress(FileNotFoundError):
            if text := path.read_text().strip():
                return text
        text = secrets.token_urlsafe(24)
        write_private(path, text + "\n")
        return text

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Only one system per home. Raises HomeError naming who holds it; the lock falls with its process."""
        handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
            except OSError:
                holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "another process"
                msg = f"{self.path} is in use by process {holder}; `groundcrew down` stops it"
                raise HomeError(msg) from None
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            yield
            os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def holder(self) -> int | None:
        """The process that holds the lock, None where nobody does. Only asks: a question that took the lock, even for
        a moment, would turn away a system that starts in that moment."""
        try:
            handle = os.open(self._lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            asked = fcntl.fcntl(handle, fcntl.F_OFD_GETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
            text = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
        finally:
            os.close(handle)
        held = _FLOCK.unpack(asked)[0] != fcntl.F_UNLCK
        return int(text) if held and text.isdecimal() else None

    @property
    def _lock(self) -> Path:
        return self.run / "lock"


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; nobody else can read it, not even for a moment."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    draft.replace(path)


def write_json(path: Path, value: object) -> None:
    write_private(path, orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
