"""Who looks at a BMC: over IPMI, over Redfish, or over what it offers."""

import asyncio
import random
from functools import partial

from groundcrew.contracts.inventory import InventoryBmc
from groundcrew.runtime.resources import Resources
from groundcrew_ipmi_collector.choosing import backend_of
from groundcrew_ipmi_collector.credentials import credentials_of
from groundcrew_ipmi_collector.fleet import Poller
from groundcrew_ipmi_collector.ledger import Ledger
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.poller import Poller as IpmiPoller
from groundcrew_ipmi_collector.redfish.auto import AutoPoller
from groundcrew_ipmi_collector.redfish.client import MAX_PASSWORD, Client
from groundcrew_ipmi_collector.redfish.event_stream import Streams
from groundcrew_ipmi_collector.redfish.ledger import RedfishLedger
from groundcrew_ipmi_collector.redfish.poller import RedfishPoller
from groundcrew_ipmi_collector.redfish.pushed import Pushed
from groundcrew_ipmi_collector.redfish.trust import Trust
from groundcrew_ipmi_collector.settings import IpmiCollectorSection
from groundcrew_ipmi_collector.turn import Turn


class Backends:
    """Makes the poller of an inventory entry."""

    def __init__(
        self, section: IpmiCollectorSection, resources: Resources, *, ledger: Ledger, observer: Observer
    ) -> None:
        self._section = section
        self._clock = resources.clock
        self._log = resources.log
        self._ledger = ledger
        self._observer = observer
        self._trust = Trust(section)
        self._processes = asyncio.Semaphore(section.processes)
        self._chance = random.SystemRandom()
        self._streams = Streams(section.event_streams, resources.registry)
        self.pushed = Pushed(section, heard=self._streams.heard) if section.event_address else None

    def poller(self, entry: InventoryBmc, turn: Turn) -> Poller:
        """By the entry's protocol."""
        match entry.protocol:
            case "ipmi":
                return self._ipmi(entry, turn)
            case "redfish":
                return self._redfish(entry, turn, self._client(entry))
            case "auto":
                return self._auto(entry, turn)

    def _ipmi(self, entry: InventoryBmc, turn: Turn) -> IpmiPoller:
        backend = backend_of(
            entry,
            self._section,
            turn=turn,
            processes=self._processes,
            cache=self._ledger.cache(entry.name),
            clock=self._clock,
            ignored=lambda why: self._observer.ignored.labels(why).inc(),
            log=self._log,
        )
        return IpmiPoller(
            entity=f"bmc:{entry.name}",
            backend=backend,
            section=self._section,
            observer=self._observer,
            ledger=self._ledger,
            clock=self._clock,
        )

    def _client(self, entry: InventoryBmc) -> Client:
        credentials = partial(credentials_of, entry, self._section, most=MAX_PASSWORD)
        return Client(entry, self._section, credentials=credentials, trust=self._trust, clock=self._clock)

    def _redfish(self, entry: InventoryBmc, turn: Turn, client: Client) -> RedfishPoller:
        section = self._section
        return RedfishPoller(
            entity=f"bmc:{entry.name}",
            client=client,
            turn=turn,
            section=section,
            observer=self._observer,
            ledger=RedfishLedger(section.state_dir),
            clock=self._clock,
            streams=self._streams,
            chance=self._chance.random,
            pushed=self.pushed,
        )

    def _auto(self, entry: InventoryBmc, turn: Turn) -> AutoPoller:
        client = self._client(entry)

        async def probe() -> None:
            async with turn.taken(), client.connected(self._section.redfish_reply_s):
                await client.root()

        return AutoPoller(
            name=entry.name,
            probe=probe,
            redfish=self._redfish(entry, turn, client),
            ipmi=self._ipmi(entry, turn),
            clock=self._clock,
            log=self._log,
        )
