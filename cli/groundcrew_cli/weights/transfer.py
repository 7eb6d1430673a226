"""Fetching one file: resumed where it broke off, tried again in bounds, and checked before it gets its name."""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import httpx2

from groundcrew_cli.errors import FAILED, CliError
from groundcrew_cli.weights.hub import Hub, Opened, Said, Unanswered
from groundcrew_cli.weights.shelf import CHUNK, amount, hash_of

T = TypeVar("T")


class Gauge(Protocol):
    """Is told how far a file has come, in bytes."""

    def begin(self, what: str, total: int | None, have: int = 0) -> None: ...

    def add(self, count: int) -> None: ...

    def say(self, text: str) -> None: ...


@dataclass(frozen=True)
class Patience:
    """How long a bad line is borne: `attempts` in succession that bring less than `worth` bytes each."""

    attempts: int = 6
    worth: int = 16 << 20
    first_wait_s: float = 1.0
    most_wait_s: float = 30.0


@dataclass(frozen=True)
class Wanted:
    """The file as it must be; `size` is None where nobody told."""

    url: str
    sha256: str
    size: int | None


class Transfer:
    """Brings one file into `part` and returns its length. Raises CliError once that is hopeless."""

    def __init__(
        self, hub: Hub, gauge: Gauge, patience: Patience = Patience(), sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._hub = hub
        self._gauge = gauge
        self._patience = patience
        self._sleep = sleep

    def fetch(self, wanted: Wanted, part: Path) -> int:
        resumed = part.exists()
        size = self._whole(wanted, part)
        if self._digest(part) == wanted.sha256:
            return size
        part.unlink()
        if resumed:  # what was there from an earlier day may have been spoilt: once more, all of it
            self._gauge.say("what was there already is damaged; starting over")
            return self.fetch(wanted, part)
        raise CliError(
            f"{part.name.split('.gguf')[0].lstrip('.')}.gguf: what came is not what was promised "
            f"(expected SHA-256 {wanted.sha256}); it was thrown away",
            FAILED,
        )

    def describe(self, url: str) -> Said:
        """What the server says of the file, asked as patiently as the file itself."""
        return self._persist(lambda: self._hub.describe(url), lambda: 0)

    def _whole(self, wanted: Wanted, part: Path) -> int:
        """Attempts until the part is as long as it must be."""
        return self._persist(lambda: self._attempt(wanted, part), lambda: _length(part))

    def _persist(self, attempt: Callable[[], T], have: Callable[[], int]) -> T:
        failures = 0
        while True:
            before = have()
            try:
                return attempt()
            except (Unanswered, httpx2.TransportError) as error:
                reason = str(error) or type(error).__name__
            failures = 1 if have() - before >= self._patience.worth else failures + 1
            if failures >= self._patience.attempts:
                hint = "without a network: models pull --from FOLDER"
                if have():
                    hint = f"{amount(have())} are kept: the same command goes on from there"
                raise CliError(f"given up after {failures} attempts in succession: {reason}", FAILED, hint=hint)
            wait = min(self._patience.first_wait_s * 2 ** (failures - 1), self._patience.most_wait_s)
            self._gauge.say(f"{reason}; trying again in {wait:g} s")
            self._sleep(wait)

    def _attempt(self, wanted: Wanted, part: Path) -> int:
        have = _length(part)
        if wanted.size is not None and have == wanted.size:
            return have
        if wanted.size is not None and have > wanted.size:
            part.unlink()
            have = 0
        with self._hub.open(wanted.url, have) as opened:
            if opened.start < 0:  # our part does not fit: either it is all there is, or it is wrong
                if opened.total == have:
                    return have
                part.unlink()
                raise Unanswered("the server has less than what is here already")
            total = wanted.size if wanted.size is not None else opened.total
            self._gauge.begin("fetching", total, opened.start)
            got = opened.start + self._append(opened, part, total)
        if total is not None and got < total:
            raise Unanswered(f"the server ended after {got:,} of {total:,} bytes")
        return got

    def _append(self, opened: Opened, part: Path, total: int | None) -> int:
        """Bytes written: never more than the file may have, whatever the server goes on to send."""
        written = 0
        with part.open("ab" if opened.start else "wb") as file:
            for received in opened.response.iter_raw():  # as it comes: a fixed size would hold back the last of it
                chunk = received if total is None else received[: total - opened.start - written]
                file.write(chunk)
                written += len(chunk)
                self._gauge.add(len(chunk))
                if opened.start + written == total:
                    break
        return written

    def _digest(self, part: Path) -> str:
        self._gauge.begin("checking", part.stat().st_size)
        with part.open("rb") as stream:
            return hash_of(stream.read, self._gauge.add).hexdigest()


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def copy(source: Path, part: Path, sha256: str, gauge: Gauge) -> int:
    """Copy a file from another folder, checked like a download. Returns its length; raises CliError, OSError."""
    running, size = hashlib.sha256(), 0
    gauge.begin("copying", source.stat().st_size)
    try:
        with source.open("rb") as reading, part.open("wb") as writing:
            while chunk := reading.read(CHUNK):
                running.update(chunk)
                writing.write(chunk)
                size += len(chunk)
                gauge.add(len(chunk))
        if running.hexdigest() != sha256:
            raise CliError(f"{source} is not what it should be (expected SHA-256 {sha256})", FAILED)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    return size
