"""Wiring of the actions service."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from groundcrew.bus.port import BusUnavailable, StreamFull
from groundcrew.contracts.queries import Endpoints
from groundcrew.contracts.streams import Buckets, Durables
from groundcrew.runtime.guard import answering, pausing
from groundcrew.runtime.inventory import InventoryView
from groundcrew.runtime.relay import relay, relay_once
from groundcrew.runtime.resources import Resources
from groundcrew.stores.actions.port import ActionStore
from groundcrew_actions.endpoints import Answers
from groundcrew_actions.handlers import TICK, Handlers, TicketDesk
from groundcrew_actions.lifecycle import Lifecycle
from groundcrew_actions.metrics import ActionMetrics
from groundcrew_actions.queue import ActionQueue, Rules
from groundcrew_actions.settings import Settings

TICK_S = 15


async def wire(settings: Settings, resources: Resources) -> None:
    section, bus, clock, site = settings.actions, resources.bus, resources.clock, resources.site
    store: ActionStore = await resources.stores.actions()
    metrics = ActionMetrics(resources.registry)

    inventory = InventoryView(resources.log)
    await (await bus.key_value(Buckets.INVENTORY)).watch(inventory.changed)

    rules = Rules(
        level=section.autonomy,
        limits=section.limits(),
        execute=section.execute,
        expiry=timedelta(seconds=section.expiry_s),
        max_waiting=section.max_waiting,
        protected=tuple(section.protected_units),
    )
    lifecycle = Lifecycle(site=site, produced_by=resources.produced_by, grant_ttl_s=section.grant_ttl_s)
    queue = ActionQueue(
        site=site, store=store, clock=clock, rules=rules, lifecycle=lifecycle, inventory=lambda: inventory.newest
    )
    desk = TicketDesk(bus, clock)

    async def publish() -> None:
        await relay_once(store.outbox, bus)

    async def publish_or_leave() -> None:
        # A decision that is stored stands; what cannot be published now is left to the root task.
        with suppress(BusUnavailable, StreamFull):
            await publish()

    handlers = Handlers(queue=queue, desk=desk, publish=publish, metrics=metrics)
    await bus.consume(Durables.PROPOSALS, pausing(handlers.proposed))
    await bus.consume(Durables.REPORTS, pausing(handlers.reported))
    await bus.consume(Durables.ACTIONS_TICK, pausing(handlers.ticked))
    await bus.schedule(TICK, TICK_S)

    answers = Answers(site=site, store=store, queue=queue, desk=desk, publish=publish_or_leave, metrics=metrics)
    await bus.serve(Endpoints.ACTIONS, answering(answers.actions))
    await bus.serve(Endpoints.ACTION, answering(answers.action))
    await bus.serve(Endpoints.DECIDE, answering(answers.decide))
    await bus.serve(Endpoints.CONFIRM, answering(answers.confirm))
    await bus.serve(Endpoints.AUDIT, answering(answers.audit))
    await bus.serve(Endpoints.AUDIT_VERIFY, answering(answers.audit_verify))
    await bus.serve(Endpoints.TICKETS, answering(answers.tickets))
    await bus.serve(Endpoints.AUTONOMY, answering(answers.autonomy))

    # What a process committed and died before publishing.
    resources.tasks.spawn("relay", relay(store.outbox, bus, asyncio.Event(), clock))
