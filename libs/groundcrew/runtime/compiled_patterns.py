"""Compiled pattern databases in a folder, so that a start does not compile for seconds what the last one compiled."""

from pathlib import Path

from structlog.typing import FilteringBoundLogger

from groundcrew.diagnosis.engines import CompiledStore
from groundcrew.runtime.durable_file import replace_durably

KEPT = 4
"""Files kept, the newest: the packs of this start and a few before."""

MAX_BYTES = 256 * 1024 * 1024
_SUFFIX = ".patterns"


class CompiledFolder:
    """A `CompiledStore`. Where the folder cannot be used it says so once per start and keeps nothing."""

    def __init__(self, folder: Path, log: FilteringBoundLogger) -> None:
        self._folder = folder
        self._log = log

    def load(self, key: str) -> bytes | None:
        path = self._folder / f"{key}{_SUFFIX}"
        try:
            return path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
        except FileNotFoundError:
            return None
        except OSError as error:
            self._complain(error)
            return None

    def store(self, key: str, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_durably(self._folder / f"{key}{_SUFFIX}", data)
            self._prune()
        except OSError as error:
            self._complain(error)

    def _prune(self) -> None:
        files = [(path.stat().st_mtime, path) for path in self._folder.glob(f"*{_SUFFIX}")]
        for _, path in sorted(files, reverse=True)[KEPT:]:
            path.unlink(missing_ok=True)

    def _complain(self, error: OSError) -> None:
        self._log.warning(
            "compiled patterns are not kept; every start compiles them anew",
            folder=str(self._folder),
            reason=error.strerror or str(error),
        )


class CompiledOnce:
    """A `CompiledStore` that also hands what was compiled here to whoever asks next, wherever else it is kept. So it
    can be compiled by something that is thrown away, with all the memory that compiling took."""

    def __init__(self, kept: CompiledStore | None) -> None:
        self._kept = kept
        self._fresh: tuple[str, bytes] | None = None

    @property
    def fresh(self) -> bool:
        """Whether something was compiled that nobody has asked for yet."""
        return self._fresh is not None

    def load(self, key: str) -> bytes | None:
        fresh, self._fresh = self._fresh, None
        if fresh is not None and fresh[0] == key:
            return fresh[1]
        return self._kept.load(key) if self._kept is not None else None

    def store(self, key: str, data: bytes) -> None:
        self._fresh = (key, data)
        if self._kept is not None:
            self._kept.store(key, data)
