"""What must survive a restart of a BMC that is read over Redfish: which session is open, and how far each of its logs
was read. As in the IPMI ledger, a stretch is on disk before it is published (`Intent`)."""

import asyncio
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from groundcrew.contracts.identity import stable_id
from groundcrew.runtime.durable_file import replace_durably

MAX_ANCHORS = 16


class Anchor(BaseModel):
    """An entry that the bus has."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    entry_id: str
    digest: str


class Intent(BaseModel):
    """A stretch that is being published: what comes after the newest anchor, up to `through`. The rest is what its
    records' times were made of."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    through: Anchor
    generation: int
    received_us: int
    offset_us: int | None
    since_start: bool


class LogPage(BaseModel):
    """One log. `mirrors`: the log that shows the same entries, so that this one is not read; `began`: why this
    generation began, until that is published."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    generation: int = 1
    anchors: list[Anchor] = []
    last_us: int | None = None
    syncing: bool = False
    fingerprint: str = ""
    count: int = 0
    intent: Intent | None = None
    mirrors: str = ""
    began: str = ""


class Page(BaseModel):
    """One BMC. `identity`: its ids by where they are from; `session`: path of the session that was last opened."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bmc: str
    identity: dict[str, str] = {}
    session: str = ""
    logs: dict[str, LogPage] = {}


class RedfishLedger:
    """Files in the collector's state folder, which the IPMI ledger has opened. One that cannot be read is moved aside:
    its BMC is read anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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

    def _path(self, bmc: str) -> Path:
        return self._folder / f"{stable_id('bmc', bmc)}.redfish.json"
