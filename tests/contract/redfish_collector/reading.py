"""A poller on a simulated BMC, with a bus that remembers what was published."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from tests.bmc.redfish.bmc import PASSWORD, USER
from tests.bmc.redfish.server import Served
from tests.contract.ipmi_collector.reading import MemorisingBus

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.contracts.inventory import InventoryBmc
from groundcrew_ipmi_collector.credentials import credentials_of
from groundcrew_ipmi_collector.ledger import Ledger
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.redfish.client import MAX_PASSWORD, Client
from groundcrew_ipmi_collector.redfish.event_stream import Streams
from groundcrew_ipmi_collector.redfish.ledger import RedfishLedger
from groundcrew_ipmi_collector.redfish.poller import RedfishPoller
from groundcrew_ipmi_collector.redfish.pushed import Pushed
from groundcrew_ipmi_collector.redfish.trust import Trust
from groundcrew_ipmi_collector.settings import IpmiCollectorSection
from groundcrew_ipmi_collector.turn import Turn


@dataclass
class Reading:
    """Everything that one collector has of one BMC; `again()` is the same after a restart."""

    served: Served
    entry: InventoryBmc
    section: IpmiCollectorSection
    bus: MemorisingBus = field(default_factory=MemorisingBus)

    def __post_init__(self) -> None:
        self.registry = CollectorRegistry()
        clock = SystemClock()
        Ledger(self.section.state_dir).open()
        observer = Observer(
            self.bus,  # type: ignore[arg-type]
            clock=clock,
            produced_by=ProducedBy(service="ipmi-collector", version="0"),
            registry=self.registry,
            log=structlog.get_logger(),
        )
        self.client = Client(
            self.entry,
            self.section,
            credentials=partial(credentials_of, self.entry, self.section, most=MAX_PASSWORD),
            trust=Trust(self.section),
            clock=clock,
        )
        streams = Streams(self.section.event_streams, self.registry)
        self.pushed = Pushed(self.section, heard=streams.heard) if self.section.event_address else None
        self.poller = RedfishPoller(
            entity=f"bmc:{self.entry.name}",
            client=self.client,
            turn=Turn(),
            section=self.section,
            observer=observer,
            ledger=RedfishLedger(self.section.state_dir),
            clock=clock,
            streams=streams,
            chance=lambda: 0.5,
            pushed=self.pushed,
        )

    def again(self) -> "Reading":
        return Reading(self.served, self.entry, self.section, self.bus)

    async def poll(self) -> None:
        await self.poller.poll()

    @property
    def rows(self) -> list[tuple[str, int, str, int]]:
        """Event log records as published: id, record id, event, time."""
        found = []
        for envelope in self.bus.of("observe.sel"):
            data = envelope.data
            found += zip(data.ids, data.record_ids, data.events, data.times, strict=True)
        return found

    @property
    def numbers(self) -> list[int]:
        return [number for _, number, _, _ in self.rows]

    @property
    def changes(self) -> list[tuple[str, str]]:
        """What became of its logs: what, and the sentence that goes with it."""
        batches = [envelope.data for envelope in self.bus.of("observe.eventlogs")]
        rows = [row for data in batches for row in zip(data.changes, data.details, strict=True)]
        return [(change.value, detail) for change, detail in rows if change.value != "none"]

    @property
    def sensors(self) -> dict[str, tuple[float | None, str, str, str]]:
        """The newest readings: value, text, unit, status."""
        data = self.bus.of("observe.sensors")[-1].data
        columns = zip(data.values, data.texts, data.units, data.statuses, strict=True)
        return dict(zip(data.sensors, columns, strict=True))

    @property
    def sources(self) -> dict[str, tuple[str, str]]:
        newest = self.bus.of("observe.inventory")[-1].data
        return {source.name: (source.state.value, source.detail) for source in newest.sources}

    @property
    def facts(self) -> dict[str, str]:
        return self.bus.of("observe.inventory")[-1].data.facts

    def errors(self, reason: str) -> float:
        return self.registry.get_sample_value("groundcrew_ipmi_collector_errors_total", {"reason": reason}) or 0


def reading_of(served: Served, folder: Path, **changes: Any) -> Reading:
    section = IpmiCollectorSection(
        state_dir=folder / "state",
        password=SecretStr(changes.pop("password", PASSWORD)),
        sensors_interval_s=1,
        redfish_reply_s=1,
        **changes.pop("section", {}),
    )
    entry = InventoryBmc(
        name="node-1-bmc", address="127.0.0.1", redfish_port=served.port, protocol="redfish", user=USER
    )
    return Reading(served, entry.model_copy(update=changes), section)
