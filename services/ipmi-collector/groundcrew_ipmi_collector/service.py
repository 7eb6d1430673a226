"""Wires the ipmi-collector."""

import shutil

from groundcrew.contracts.queries import Endpoints
from groundcrew.contracts.streams import Buckets
from groundcrew.runtime.inventory import InventoryView
from groundcrew.runtime.resources import Resources
from groundcrew_ipmi_collector.backends import Backends
from groundcrew_ipmi_collector.fleet import Fleet
from groundcrew_ipmi_collector.ledger import Ledger
from groundcrew_ipmi_collector.observing import Observer
from groundcrew_ipmi_collector.redfish.pushed import PushServer, server_context
from groundcrew_ipmi_collector.settings import Settings
from groundcrew_ipmi_collector.starting import SyncStarting


async def wire(settings: Settings, resources: Resources) -> None:
    """Open the ledger, follow the inventory, poll what it names. Raises LedgerError,
    PushError."""
    section, clock, log = settings.ipmi_collector, resources.clock, resources.log
    ledger = Ledger(section.state_dir)
    ledger.open()
    observer = Observer(
        resources.bus, clock=clock, produced_by=resources.produced_by, registry=resources.registry, log=log
    )
    backends = Backends(section, resources, ledger=ledger, observer=observer)
    if backends.pushed is not None:
        server = PushServer(backends.pushed)
        resources.stack.push_async_callback(server.close)
        port = await server.start(*section.listens_at, server_context(section))
        log.info("events_awaited", address=section.event_address, port=port)
    view = InventoryView(log)
    inventory = await resources.bus.key_value(Buckets.INVENTORY)
    await inventory.watch(view.changed)
    fleet = Fleet(view, backends.poller, section=section, observer=observer, clock=clock, log=log)

    async def tool() -> str:
        found = shutil.which(section.program)
        if found is None and section.backend == "auto":
            return f"absent: there is no {section.program} on this machine, so a BMC that needs it is not read"
        if found is None:
            msg = f"absent: there is no {section.program} on this machine, so no BMC is read over IPMI"
            raise RuntimeError(msg)
        return found

    starting = SyncStarting(
        site=resources.bus.site,
        names=lambda: {entry.name for entry in view.newest.bmcs()} if view.newest is not None else set(),
        asked=ledger.asked,
        observer=observer,
        clock=clock,
    )
    await resources.bus.serve(Endpoints.START_SYNC, starting.start)

    if section.backend != "native":
        resources.health.add("ipmitool", tool, required=False)
    resources.health.add("bmcs", fleet.check, required=False)
    resources.tasks.spawn("bmcs", fleet.follow())
