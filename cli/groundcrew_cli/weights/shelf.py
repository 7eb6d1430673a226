"""The folder of model files: what is in it, what serves which purpose, and the lock beside each file.

A purpose is a relative link (`trigger.gguf` -> the file), so a server's command line never changes with the model. A
lock (`NAME.gguf.lock`) says what the file must be: it is written when the file gets its name, and checked ever after.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from groundcrew_cli.errors import FAILED, NOT_POSSIBLE, CliError
from groundcrew_cli.weights.catalogue import PURPOSES, Digest, FileName, Purpose

CHUNK = 1 << 20
SPARE = 256 << 20
"""Bytes that must stay free on the disk after a download."""


class Lock(BaseModel):
    """What a model file is and where it came from. The last two are empty where the file came from a folder."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file: FileName
    sha256: Digest
    size: int = Field(ge=0)
    pulled_at: datetime
    url: str = ""
    revision: str = ""


@dataclass(frozen=True)
class Shelf:
    path: Path

    def create(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self.unusable(error) from None

    def unusable(self, error: OSError) -> CliError:
        return CliError(
            f"{error.filename or self.path}: {error.strerror}",
            NOT_POSSIBLE,
            hint="models.dir or --dir names the folder",
        )

    @contextmanager
    def writing(self, waiting: Callable[[], None]) -> Iterator[None]:
        """One writer at a time; calls `waiting` once where another one is at work, then waits for it."""
        try:
            handle = os.open(self.path / ".pull", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self.unusable(error) from None
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def lock(self, file: str) -> Lock | None:
        """Raises CliError where the lock is there and is none."""
        path = self._lock_path(file)
        try:
            return Lock.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.unusable(error) from None
        except ValidationError:
            raise CliError(
                f"{path} is not what `models pull` writes", FAILED, hint="remove it and pull again"
            ) from None

    def linked(self, purpose: Purpose) -> str | None:
        """The file that serves a purpose."""
        link = self.path / f"{purpose}.gguf"
        return link.readlink().name if link.is_symlink() else None

    def purposes(self, file: str) -> list[Purpose]:
        return [purpose for purpose in PURPOSES if self.linked(purpose) == file]

    def is_whole(self, lock: Lock) -> bool:
        """Whether the file is there in its full length; its content is `verify`'s affair."""
        try:
            return (self.path / lock.file).stat().st_size == lock.size
        except FileNotFoundError:
            return False

    def locks(self) -> list[Lock]:
        """Of every model file, by name."""
        found = (self.lock(path.name.removesuffix(".lock")) for path in sorted(self.path.glob("*.gguf.lock")))
        return [lock for lock in found if lock is not None]

    def part(self, file: str, sha256: str) -> Path:
        """Where a file grows. The digest in its name: what is resumed is always a part of the same file."""
        return self.path / f".{file}.{sha256[:16]}.part"

    def keep(self, part: Path, lock: Lock) -> None:
        """A part whose digest was checked gets its name: lock first, so that no file is ever there without one."""
        with part.open("rb") as written:
            os.fsync(written.fileno())
        draft = part.with_suffix(".lock")
        draft.write_text(lock.model_dump_json(indent=1) + "\n", encoding="utf-8")
        draft.replace(self._lock_path(lock.file))
        part.replace(self.path / lock.file)

    def link(self, purpose: Purpose, file: str) -> None:
        draft = self.path / f".{purpose}.link"
        draft.unlink(missing_ok=True)
        draft.symlink_to(file)
        draft.replace(self.path / f"{purpose}.gguf")

    def need(self, size: int) -> None:
        """Raises CliError where so many bytes more do not fit."""
        free = shutil.disk_usage(self.path).free
        if size + SPARE > free:
            raise CliError(
                f"{self.path}: {amount(size)} are needed and {amount(SPARE)} must stay free, "
                f"but only {amount(free)} are free",
                NOT_POSSIBLE,
            )

    def digest(self, file: str, seen: Callable[[int], None]) -> str:
        """SHA-256 of a file on the shelf; `seen` is told every chunk's length. Raises OSError."""
        with (self.path / file).open("rb") as stream:
            return hash_of(stream.read, seen).hexdigest()

    def _lock_path(self, file: str) -> Path:
        return self.path / f"{file}.lock"


def hash_of(read: Callable[[int], bytes], seen: Callable[[int], None]) -> "hashlib._Hash":
    """The running SHA-256 of all that `read` gives."""
    running = hashlib.sha256()
    while chunk := read(CHUNK):
        running.update(chunk)
        seen(len(chunk))
    return running


def amount(count: float) -> str:
    """'1.1 GB', '340 MB', '12 kB' (powers of 1000, as disks and hubs count)."""
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            return f"{count / size:.1f} {unit}" if count < 10 * size else f"{count / size:.0f} {unit}"
    return f"{count:.0f} bytes"
