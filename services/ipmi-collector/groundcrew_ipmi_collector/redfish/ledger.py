"""What must survive a restart of a BMC that is read over Redfish: which session is open, and how far each of its logs
was read. As in the IPMI ledger, a stretch is on disk before it is published (`Intent`)."""

import asyncio
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from groundcrew.contracts.event_logs import EventLogBatch, SyncJob
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import SelBatch
from groundcrew.runtime.durable_file import replace_durably
from groundcrew_ipmi_collector.asked import AskedJobs
from groundcrew_ipmi_collector.ledger import SeenClock

MAX_ANCHORS = 16


class Anchor(BaseModel):
    """An entry that the bus has."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    entry_id: str
    digest: str


class Intent(BaseModel):
    """A stretch that is being published, as it was read: it goes out though its BMC has lost it meanwhile."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    batch: SelBatch
    envelope_id: str
    position: str
    received_us: int
    anchors: list[Anchor]


class LogPage(BaseModel):
    """One log. `mirrors`: the log that shows the same entries, so that this one is not read; `opened_with`:
    the oldest entry when this generation began, of which the bus has none yet; `news`: what became of it, until that is
    published; `emptied`: that it was cleared is told though nothing followed. Its anchors stay, in case its entries
    come back."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    generation: int = 1
    anchors: list[Anchor] = []
    last_us: int | None = None
    syncing: bool = False
    fingerprint: str = ""
    count: int = 0
    intent: Intent | None = None
    mirrors: str = ""
    opened_with: Anchor | None = None
    news: EventLogBatch | None = None
    emptied: bool = False

    @field_validator("intent", mode="before")
    @classmethod
    def _of_an_older_version(cls, value: Any) -> Any:
        """Older ones kept no entries in it: the stretch is read again, and the store knows its rows by their ids."""
        return value if not isinstance(value, dict) or "batch" in value else None


class Page(BaseModel):
    """One BMC. `identity`: its ids by where they are from; `session`: path of the session that was last opened; `news`:
    that it was replaced, until it is published. `job`: the newest job that reads its logs whole; of one that somebody
    asked for, `again` is how far each log is (its newest entry that went out again, and how many did), and `again_done`
    are the logs that are through."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bmc: str
    identity: dict[str, str] = {}
    session: str = ""
    logs: dict[str, LogPage] = {}
    clock: SeenClock | None = None
    news: EventLogBatch | None = None
    job: SyncJob | None = None
    again: dict[str, LogPage] = {}
    again_done: list[str] = []


class RedfishLedger:
    """Files in the collector's state folder, which the IPMI ledger has opened. One that cannot be read is moved aside:
    its BMC is read anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.asked = AskedJobs(folder)

    def read(self, bmc: str) -> Page:
        path = self._path(bmc)
        try:
            return Page.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return Page(bmc=bmc)
        except ValidationError:
            path.replace(path.with_suffix(".broken"))
            return Page(bmc=bmc)

    async def write(self, page: Page) -> None:
        """Returns once it is on disk."""
        await asyncio.to_thread(replace_durably, self._path(page.bmc), page.model_dump_json().encode())

    async def keep(self, page: Page, path: str, log: LogPage) -> Page:
        """The page with this log, which is on disk by then."""
        page = page.model_copy(update={"logs": {**page.logs, path: log}})
        await self.write(page)
        return page

    def _path(self, bmc: str) -> Path:
        return self._folder / f"{stable_id('bmc', bmc)}.redfish.json"
