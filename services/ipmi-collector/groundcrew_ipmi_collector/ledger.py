"""What must survive a restart, one small file per BMC: how far its event log was read, and what is under way.

A stretch under way (`Intent`) is on disk before it is published: the BMC may clear or overwrite it before a process
that was killed is back, and what is not in the log itself (when we saw it, how far the BMC's clock was off) decides the
times of its records. Published again after a crash, the message is equal.
"""

import asyncio
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from groundcrew.contracts.event_logs import EventLogBatch, SyncJob
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import SelBatch
from groundcrew.runtime.durable_file import replace_durably
from groundcrew.runtime.resources import CannotStart
from groundcrew_ipmi_collector.asked import AskedJobs

MAX_ANCHORS = 16
"""Newest records that are remembered: as long as one of them is still in the log, the log was not cleared."""


class LedgerError(CannotStart):
    """The state folder cannot be used; the text names it."""


class Anchor(BaseModel):
    """A record that the bus has."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    record_id: int
    digest: str


class Intent(BaseModel):
    """A stretch that is being published, as it was read: it goes out though its BMC has lost it meanwhile."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    batch: SelBatch
    envelope_id: str
    position: str
    received_us: int
    anchors: list[Anchor]


class SeenClock(BaseModel):
    """The BMC's clock at the look before."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at_us: int
    offset_us: int | None
    uncertainty_us: int
    since_start: bool


class Page(BaseModel):
    """What is known of one BMC. `identity` is its GUID (or name); another one means another event log. `last_us` is the
    time of the newest record that the bus has. `erased`: when the BMC last lost records, by its own word, empty where
    it keeps none. `overwrites`: it was seen to. `opened_with`: the oldest record when this generation began, of which
    the bus has none yet. `news`: what became of the log, until it is published. `job`: the newest one that reads it
    whole, and `again` is how far one got that somebody asked for."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bmc: str
    identity: str = ""
    suite: int | None = None
    generation: int = 1
    anchors: list[Anchor] = []
    opened_with: Anchor | None = None
    last_us: int | None = None
    syncing: bool = False
    fingerprint: str = ""
    entries: int = 0
    erased: str | None = None
    overwrites: bool = False
    clock: SeenClock | None = None
    intent: Intent | None = None
    news: EventLogBatch | None = None
    job: SyncJob | None = None
    again: Anchor | None = None
    sdr_stamp: str = ""

    @field_validator("intent", mode="before")
    @classmethod
    def _of_an_older_version(cls, value: Any) -> Any:
        """Older ones kept no records in it: the stretch is read again, and the store knows its rows by their ids."""
        return value if not isinstance(value, dict) or "batch" in value else None


class Ledger:
    """Files in one folder. A file that cannot be read is moved aside and told: its BMC is read anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.asked = AskedJobs(folder)

    def open(self) -> None:
        """Raises LedgerError where the folder cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            replace_durably(self._folder / "writable", b"")
        except OSError as error:
            msg = f"ipmi_collector.state_dir {self._folder}: {error.strerror or error}; the folder must be writable"
            raise LedgerError(msg) from None

    def read(self, bmc: str) -> Page:
        path = self._path(bmc, "json")
        try:
            return Page.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return Page(bmc=bmc)
        except ValidationError:
            path.replace(path.with_suffix(".broken"))
            return Page(bmc=bmc)

    async def write(self, page: Page) -> None:
        """Returns once it is on disk."""
        await asyncio.to_thread(replace_durably, self._path(page.bmc, "json"), page.model_dump_json().encode())

    def cache(self, bmc: str) -> Path:
        """Where the BMC's sensor records are kept (ipmitool's `sdr dump`)."""
        return self._path(bmc, "sdr")

    def _path(self, bmc: str, kind: str) -> Path:
        return self._folder / f"{stable_id('bmc', bmc)}.{kind}"
