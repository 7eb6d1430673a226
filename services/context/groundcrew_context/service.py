"""Wiring of the context service."""

import asyncio
from pathlib import Path

from groundcrew.bus.port import Consumer, Subscription
from groundcrew.contracts.identity import random_id
from groundcrew.contracts.queries import Endpoints
from groundcrew.contracts.streams import Buckets, Durables
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.runtime.counting import Counter
from groundcrew.runtime.guard import answering, pausing, pausing_together
from groundcrew.runtime.packs import load_packs
from groundcrew.runtime.relay import relay
from groundcrew.runtime.resources import Resources
from groundcrew_context.answers import Answers
from groundcrew_context.forecasting import Forecasts, targets_of
from groundcrew_context.fusing import AT_ONCE, HANDLERS, Fuser
from groundcrew_context.housekeeping import forget_old_rows, resolve_incidents
from groundcrew_context.inventory import InventoryBook, InventoryFile, read_inventory
from groundcrew_context.lease import Leadership, Lease
from groundcrew_context.metrics import ContextMetrics
from groundcrew_context.recording import Recorder
from groundcrew_context.settings import Settings
from groundcrew_context.silences import Silences
from groundcrew_context.windows import Windows


async def wire(settings: Settings, resources: Resources) -> None:
    section, bus, clock, site = settings.context, resources.bus, resources.clock, resources.site
    packs = load_packs(Path(section.packs) if section.packs else None)
    knowledge = Knowledge.parse_layers((file.name, file.text) for file in packs.texts("causes"))
    listed = read_inventory(Path(section.inventory_file)) if section.inventory_file else None
    produced_by = resources.produced_by.model_copy(update={"packs": packs.digest})
    metrics = ContextMetrics(resources.registry)
    store = await resources.stores.context()

    inventories = await bus.key_value(Buckets.INVENTORY)
    book = InventoryBook(inventories, clock, resources.log, section.inventory_file)
    await book.open(listed)
    await inventories.watch(book.changed)
    if section.inventory_file:
        file = InventoryFile(Path(section.inventory_file), book.open, clock, resources.log)
        resources.health.add("inventory", file.check, required=False)
        resources.tasks.spawn("inventory", file.follow())

    silences = Silences(await bus.key_value(Buckets.SILENCES), clock, resources.log)
    await bus.serve(Endpoints.SILENCES, answering(silences.silences))
    await bus.serve(Endpoints.ADD_SILENCE, answering(silences.add))
    await bus.serve(Endpoints.END_SILENCE, answering(silences.end))

    recorder = Recorder(store, book, clock, metrics)
    await bus.consume(Durables.RECORD, pausing(recorder.record))
    await bus.consume(Durables.FINDINGS, pausing(recorder.finding))

    answers = Answers(site=site, store=store, clock=clock, inventory=lambda: book.current)
    windows = Windows(
        site=site,
        store=store,
        clock=clock,
        inventory=lambda: book.current,
        knowledge=knowledge,
        count=Counter(section.tokenizer),
    )
    await bus.serve(Endpoints.INCIDENTS, answering(answers.incidents))
    await bus.serve(Endpoints.INCIDENT, answering(answers.incident))
    await bus.serve(Endpoints.HOSTS, answering(answers.hosts))
    await bus.serve(Endpoints.LOGS, answering(answers.logs))
    await bus.serve(Endpoints.METRICS, answering(answers.metrics))
    targets = targets_of(packs.texts("forecasts"))
    forecasts = Forecasts(site=site, store=store, clock=clock, targets=targets, inventory=lambda: book.current)
    await bus.serve(Endpoints.FORECASTS, answering(forecasts.forecasts))
    await bus.serve(Endpoints.SERVICES, answering(answers.services))
    await bus.serve(Endpoints.TRIGGERS, answering(answers.triggers))
    await bus.serve(Endpoints.BMCS, answering(answers.bmcs))
    await bus.serve(Endpoints.SENSORS, answering(answers.sensors))
    await bus.serve(Endpoints.SENSOR_HISTORY, answering(answers.sensor_history))
    await bus.serve(Endpoints.SEL, answering(answers.sel))
    await bus.serve(Endpoints.EVENT_LOGS, answering(answers.event_logs))
    await bus.serve(Endpoints.SYNCS, answering(answers.syncs))
    await bus.serve(Endpoints.WINDOW, answering(windows.window))
    await bus.serve(Endpoints.STATUS, answering(answers.status))
    await bus.serve(Endpoints.INVENTORY, answering(book.inventory))
    await bus.serve(Endpoints.EDIT_INVENTORY, answering(book.edit))

    fuser = Fuser(
        site=site,
        store=store,
        bus=bus,
        clock=clock,
        knowledge=knowledge,
        inventory=lambda: book.current,
        windows=section.windows(),
        produced_by=produced_by,
        metrics=metrics,
    )
    running: list[Consumer | Subscription] = []

    async def lead() -> None:
        """What only one process of a site may do."""
        fuser.forget()
        metrics.leader.set(1)
        fusing = pausing_together(fuser.triggers)
        running.append(await bus.consume_together(Durables.FUSE, fusing, at_most=AT_ONCE, concurrency=HANDLERS))
        running.append(await bus.consume(Durables.CONTEXT_ACTIONS, pausing(fuser.action)))
        running.append(await bus.serve(Endpoints.INCIDENT_COMMAND, answering(fuser.command)))

    async def follow() -> None:
        metrics.leader.set(0)
        ending = [each.stop() for each in running]
        running.clear()
        await asyncio.gather(*ending)

    lease = Lease(
        await bus.key_value(Buckets.LEASES), "fusion", section.instance or random_id(), clock, section.lease_s
    )
    leadership = Leadership(lease, start=lead, stop=follow, log=resources.log)
    resources.stack.push_async_callback(leadership.close)
    await leadership.step()

    async def role() -> str:
        return "fuses for the site" if leadership.leading else "stands by: another process fuses for the site"

    resources.health.add("fusion", role, required=False)
    resources.tasks.spawn("lease", leadership.keep(clock, section.lease_s / 4))
    resources.tasks.spawn("resolve", resolve_incidents(fuser, leadership, clock))
    resources.tasks.spawn("retention", forget_old_rows(store, section.keep_days(), leadership, clock, metrics))
    # What a process committed and died before publishing.
    resources.tasks.spawn("relay", relay(store.outbox, bus, asyncio.Event(), clock))
