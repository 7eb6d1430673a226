"""Jobs that somebody asked for and that have not begun: a file for each BMC, so that a killed collector still knows."""

import asyncio
from pathlib import Path

from pydantic import ValidationError

from groundcrew.contracts.event_logs import SyncJob
from groundcrew.contracts.identity import stable_id
from groundcrew.runtime.durable_file import replace_durably


class AskedJobs:
    """In the collector's state folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, job: SyncJob) -> None:
        """Returns once it is on disk."""
        await asyncio.to_thread(replace_durably, self._path(job.bmc), job.model_dump_json().encode())

    def of(self, bmc: str) -> SyncJob | None:
        try:
            return SyncJob.model_validate_json(self._path(bmc).read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            self.begun(bmc)
            return None

    def begun(self, bmc: str) -> None:
        """It stands in the BMC's own page from now on."""
        self._path(bmc).unlink(missing_ok=True)

    def _path(self, bmc: str) -> Path:
        return self._folder / f"{stable_id('bmc', bmc)}.sync"
