"""Wires the ipmi-collector."""

import asyncio
import shutil

from groundcrew.contracts.inventory import InventoryBmc
from groundcrew.contracts.streams import Buckets
from groundcrew.runtime.inventory import InventoryView
from groundcrew.runtime.resources import Resources
from groundcrew_ipmi_collector.choosing import backend_of
from groundcrew_ipmi_collector.fleet import Fleet
from groundcrew_ipmi_collector.ledger import Ledger
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.poller import Poller
from groundcrew_ipmi_collector.settings import Settings
from groundcrew_ipmi_collector.turn import Turn


async def wire(settings: Settings, resources: Resources) -> None:
    """Open the ledger, follow the inventory, poll what it names. Raises LedgerError."""
    section, clock, log = settings.ipmi_collector, resources.clock, resources.log
    ledger = Ledger(section.state_dir)
    ledger.open()
    observer = Observer(
        resources.bus, clock=clock, produced_by=resources.produced_by, registry=resources.registry, log=log
    )

    processes = asyncio.Semaphore(section.processes)

    def make_poller(entry: InventoryBmc, turn: Turn) -> Poller:
        backend = backend_of(
            entry,
            section,
            turn=turn,
            processes=processes,
            cache=ledger.cache(entry.name),
            clock=clock,
            ignored=lambda why: observer.ignored.labels(why).inc(),
            log=log,
        )
        return Poller(
            entity=f"bmc:{entry.name}",
            backend=backend,
            section=section,
            observer=observer,
            ledger=ledger,
            clock=clock,
        )

    view = InventoryView(log)
    inventory = await resources.bus.key_value(Buckets.INVENTORY)
    await inventory.watch(view.changed)
    fleet = Fleet(view, make_poller, section=section, observer=observer, clock=clock, log=log)

    async def tool() -> str:
        found = shutil.which(section.program)
        if found is None and section.backend == "auto":
            return f"absent: there is no {section.program} on this machine, so a BMC that needs it is not read"
        if found is None:
            msg = f"absent: there is no {section.program} on this machine, so no BMC is read"
            raise RuntimeError(msg)
        return found

    if section.backend != "native":
        resources.health.add("ipmitool", tool, required=False)
    resources.health.add("bmcs", fleet.check, required=False)
    resources.tasks.spawn("bmcs", fleet.follow())
