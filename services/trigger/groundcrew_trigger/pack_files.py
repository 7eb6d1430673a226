"""Follows the operator's packs: what was changed on disk is judged by within seconds, and a mistake changes nothing."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import Clock
from groundcrew.diagnosis.detector import Detector
from groundcrew.diagnosis.rules import PackError
from groundcrew.runtime.packs import Packs, load_packs
from groundcrew_trigger.metrics import TriggerMetrics
from groundcrew_trigger.settings import TriggerSection

LOOK_S = 2.0
"""Seconds between looks. A change is taken up at the second look that finds it the same: editors write in steps."""

MAX_FILES = 1_000

Stamp = tuple[tuple[str, int, int, int], ...]


class PackFiles:
    """The packs that a trigger section names. `problem` says why the files on disk are not in force, else is empty."""

    def __init__(self, section: TriggerSection) -> None:
        self._section = section
        self._folder = Path(section.packs) if section.packs else None
        self._thresholds = Path(section.thresholds) if section.thresholds else None
        self.problem = ""
        self.loaded: Stamp = ()
        self.digest = ""

    @property
    def any(self) -> bool:
        """Whether there is anything of the operator's to follow."""
        return self._folder is not None or self._thresholds is not None

    def load(self) -> Packs:
        """Raises PackError naming file, table and key. What changes while it reads is seen at the next look."""
        self.loaded = self.stamp()
        packs = load_packs(self._folder, thresholds=self._thresholds, debounce_s=self._section.debounce_s)
        self.digest = packs.digest
        return packs

    def stamp(self) -> Stamp:
        """What changes when a file is written, replaced, added or removed."""
        paths = sorted(self._folder.glob("*.toml"))[:MAX_FILES] if self._folder is not None else []
        if self._thresholds is not None:
            paths.append(self._thresholds)
        stamps = []
        for path in paths:
            try:
                state = path.stat()
            except OSError:  # gone since it was listed, or not readable: loading says what is wrong
                continue
            stamps.append((str(path), state.st_ino, state.st_size, state.st_mtime_ns))
        return tuple(stamps)


async def follow(
    files: PackFiles,
    *,
    build: Callable[[Packs], Detector],
    adopt: Callable[[Packs, Detector], None],
    clock: Clock,
    metrics: TriggerMetrics,
    log: FilteringBoundLogger,
) -> None:
    """Root task, after `files.load`. `build` compiles in a thread, so that detection goes on meanwhile; `adopt` swaps
    in the event loop."""
    seen = files.loaded
    while True:
        await clock.sleep(LOOK_S)
        before, seen = seen, await asyncio.to_thread(files.stamp)
        if seen == files.loaded or seen != before:
            continue
        in_force = files.digest
        try:
            packs = await asyncio.to_thread(files.load)
            detector = await asyncio.to_thread(build, packs)
        except PackError as error:
            files.problem = str(error)
            metrics.packs_refused.inc()
            log.error("changed packs are not taken up; those from before stay in force", reason=str(error))
            continue
        files.problem = ""
        if packs.digest != in_force:
            adopt(packs, detector)
            log.info("packs changed", packs=packs.digest, rules=len(packs.knowledge.rules))
