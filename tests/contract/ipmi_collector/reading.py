"""A poller on a simulated BMC, with a bus that remembers what was published."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.envelope import Envelope, ProducedBy
from groundcrew.contracts.inventory import InventoryBmc
from groundcrew_ipmi_collector.credentials import credentials_of
from groundcrew_ipmi_collector.ledger import Ledger
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.poller import Poller
from groundcrew_ipmi_collector.session import Sessions
from groundcrew_ipmi_collector.settings import IpmiCollectorSection

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

    def __post_init__(self) -> None:
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
        self.poller = Poller(
            entity=f"bmc:{self.entry.name}",
            sessions=Sessions(
                self.entry,
                self.section,
                credentials=partial(credentials_of, self.entry, self.section),
                turn=asyncio.Lock(),
            ),
            section=self.section,
            observer=observer,
            ledger=ledger,
            clock=clock,
        )

    def again(self) -> "Reading":
        return Reading(self.bmc, self.folder, self.entry, self.section, self.bus)

    async def poll(self) -> None:
        await self.poller.poll()

    def calls(self) -> list[str]:
        """How ipmitool was called since the last question."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

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


def reading_of(bmc: SimulatedBmc, folder: Path, **changes: Any) -> Reading:
    """A collector of this BMC whose calls of ipmitool are written down."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "recorded-ipmitool"
    program.write_text(RECORDING.format(folder=folder))
    program.chmod(0o755)
    entry = InventoryBmc(name="node-1-bmc", address="127.0.0.1", port=bmc.port, user=USER)
    section = IpmiCollectorSection(
        state_dir=folder / "state",
        program=str(program),
        password=SecretStr(PASSWORD),
        sensors_interval_s=1,
        tries=1,
        **changes.pop("section", {}),
    )
    return Reading(bmc, folder, entry.model_copy(update=changes), section)
