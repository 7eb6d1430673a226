"""What this runner began and finished, on disk before it is done: the reason why nothing ever runs twice.

One JSON file per grant, replaced whole and synced with its folder. A grant without a file was never begun; one
without a report was begun, and nobody knows how it ended.
"""

import os
import re
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from groundcrew.contracts.actions import ActionReported
from groundcrew.contracts.identity import Id

_NAME = re.compile(r"[0-9a-f]{32}\.json")


class LedgerBroken(Exception):
    """A page cannot be read; the text names the file. The grant counts as begun."""


class Page(BaseModel):
    """One grant. `published` says that the broker has the report."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    grant_id: Id
    action_id: Id
    correlation_id: Id
    started_at: AwareDatetime
    probe_before: dict[str, str] = {}
    report: ActionReported | None = None
    published: bool = False


class Ledger:
    """All methods are synchronous and touch one small file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> None:
        """Make the folder (0700) where it is missing; raises OSError where it cannot be written."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = self._folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()

    def read(self, grant_id: str) -> Page | None:
        path = self._path(grant_id)
        try:
            return Page.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise LedgerBroken(f"{path}: {error.errors()[0]['msg']}") from error

    def write(self, page: Page) -> None:
        """Returns once it is on disk."""
        path = self._path(page.grant_id)
        new = path.with_suffix(".new")
        with new.open("wb") as file:
            file.write(page.model_dump_json().encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        self._sync_folder()

    def unpublished(self) -> list[Page]:
        """Pages whose report the broker may not have, oldest first. A broken page is left to its redelivery."""
        pages = []
        for path in self._pages():
            try:
                page = self.read(path.stem)
            except LedgerBroken:
                continue
            if page is not None and page.report is not None and not page.published:
                pages.append(page)
        return sorted(pages, key=lambda page: (page.started_at, page.grant_id))

    def forget_before(self, when: datetime) -> int:
        """Remove finished pages last touched before `when`; returns how many."""
        gone = 0
        for path in self._pages():
            if path.stat().st_mtime < when.timestamp():
                try:
                    page = self.read(path.stem)
                except LedgerBroken:
                    continue
                if page is not None and page.published:
                    path.unlink()
                    gone += 1
        return gone

    def _pages(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if _NAME.fullmatch(path.name))

    def _path(self, grant_id: str) -> Path:
        assert re.fullmatch(r"[0-9a-f]{32}", grant_id), "ids are checked where messages are decoded"
        return self._folder / f"{grant_id}.json"

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
