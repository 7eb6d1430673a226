"""A poller on a simulated BMC, with a bus that remembers what was published."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.envelope import Envelope, ProducedBy
from groundcrew.contracts.inventory import InventoryBmc
from groundcrew_ipmi_collector.backend import Backend
from groundcrew_ipmi_collector.choosing import FallingBack, backend_of
from groundcrew_ipmi_collector.lanplus.client import LanClient
from groundcrew_ipmi_collector.lanplus.wire import Message
from groundcrew_ipmi_collector.ledger import Ledger
from groundcrew_ipmi_collector.native import NativeBackend
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.poller import Poller
from groundcrew_ipmi_collector.settings import IpmiCollectorSection
from groundcrew_ipmi_collector.turn import Turn

from .simulated_bmc import PASSWORD, USER, SimulatedBmc

RECORDING = """#!/bin/sh
echo "$@" >> '{folder}/calls'
exec ipmitool "$@"
"""


class MemorisingBus:
    """As much of a bus as the collector uses. `fails` makes the next publish raise."""

    site = "demo"

    def __init__(self) -> None:
        self.published: list[Envelope[Any]] = []

    async def publish_batch(self, envelopes: Sequence[Envelope[Any]]) -> None:
        self.published += envelopes

    def of(self, kind: str) -> list[Envelope[Any]]:
        return [envelope for envelope in self.published if envelope.type == kind]


@dataclass
class Reading:
    """Everything that one collector has of one BMC; `again()` is the same after a restart."""

    bmc: SimulatedBmc
    folder: Path
    entry: InventoryBmc
    section: IpmiCollectorSection
    bus: MemorisingBus = field(default_factory=MemorisingBus)
    turn: Turn = field(default_factory=Turn)
    lives: "list[Reading]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lives.append(self)
        self.registry = CollectorRegistry()
        clock = SystemClock()
        ledger = Ledger(self.section.state_dir)
        ledger.open()
        observer = Observer(
            self.bus,  # type: ignore[arg-type]
            clock=clock,
            produced_by=ProducedBy(service="ipmi-collector", version="0"),
            registry=self.registry,
            log=structlog.get_logger(),
        )
        self.backend = backend_of(
            self.entry,
            self.section,
            turn=self.turn,
            processes=asyncio.Semaphore(16),
            cache=ledger.cache(self.entry.name),
            clock=clock,
            ignored=lambda why: observer.ignored.labels(why).inc(),
            log=structlog.get_logger(),
        )
        self.asked = _recorded(self.backend)
        self.poller = Poller(
            entity=f"bmc:{self.entry.name}",
            backend=self.backend,
            section=self.section,
            observer=observer,
            ledger=ledger,
            clock=clock,
        )

    def again(self) -> "Reading":
        """A process that was killed told the BMC nothing: its session is still open there."""
        return Reading(self.bmc, self.folder, self.entry, self.section, self.bus, lives=self.lives)

    async def close(self) -> None:
        """This one and all that came of it."""
        for life in self.lives:
            await life.poller.close()

    async def poll(self) -> None:
        await self.poller.poll()

    @property
    def native(self) -> bool:
        return self.section.backend == "native"

    def calls(self) -> list[str]:
        """How ipmitool was called since the last question."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def records_read(self) -> int:
        """How many event log records were read since the last question."""
        if self.native:
            return _taken(self.asked, 0x0A, 0x43)
        lists = [call.partition("sel elist ")[2] for call in self.calls() if "sel elist" in call]
        return sum(int(words.removeprefix("last ") or 1_000) for words in lists)

    def sensor_records_read(self) -> int:
        """How often the sensor records were fetched since the last question."""
        if self.native:
            return _taken(self.asked, 0x0A, 0x22)  # reserved once for each pass through them
        return sum("sdr dump" in call for call in self.calls())

    @property
    def rows(self) -> list[tuple[str, int, str, int]]:
        """Event log records as published: id, record id, text, time."""
        found = []
        for envelope in self.bus.of("observe.sel"):
            data = envelope.data
            found += zip(data.ids, data.record_ids, data.texts, data.times, strict=True)
        return found

    @property
    def sources(self) -> dict[str, tuple[str, str]]:
        newest = self.bus.of("observe.inventory")[-1].data
        return {source.name: (source.state.value, source.detail) for source in newest.sources}

    @property
    def facts(self) -> dict[str, str]:
        return self.bus.of("observe.inventory")[-1].data.facts

    def errors(self, reason: str) -> float:
        return self.registry.get_sample_value("groundcrew_ipmi_collector_errors_total", {"reason": reason}) or 0


def _recorded(backend: Backend) -> list[tuple[int, int]]:
    """Network functions and commands that the native backend asks from now on."""
    asked: list[tuple[int, int]] = []
    native = backend._native if isinstance(backend, FallingBack) else backend
    if isinstance(native, NativeBackend):
        client: LanClient = native._client

        async def ask(netfn: int, command: int, data: bytes = b"", *, lun: int = 0) -> Message:
            asked.append((netfn, command))
            return await client.ask(netfn, command, data, lun=lun)

        native._ask = ask
    return asked


def _taken(asked: list[tuple[int, int]], netfn: int, command: int) -> int:
    count = asked.count((netfn, command))
    asked.clear()
    return count


def reading_of(bmc: SimulatedBmc, folder: Path, *, backend: str, **changes: Any) -> Reading:
    """A collector of this BMC whose calls of ipmitool are written down."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "recorded-ipmitool"
    program.write_text(RECORDING.format(folder=folder))
    program.chmod(0o755)
    entry = InventoryBmc(name="node-1-bmc", address="127.0.0.1", port=bmc.port, user=USER)
    section = IpmiCollectorSection(
        state_dir=folder / "state",
        program=str(program),
        backend=backend,
        password=SecretStr(PASSWORD),
        sensors_interval_s=1,
        tries=1,
        **changes.pop("section", {}),
    )
    return Reading(bmc, folder, entry.model_copy(update=changes), section)
