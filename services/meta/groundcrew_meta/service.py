"""Wiring of the meta service."""

import asyncio
from contextlib import suppress

from groundcrew.bus.port import BusUnavailable, StreamFull
from groundcrew.contracts.queries import Endpoints
from groundcrew.contracts.streams import Buckets, Durables
from groundcrew.runtime.counting import Counter
from groundcrew.runtime.guard import answering, pausing
from groundcrew.runtime.inventory import InventoryView
from groundcrew.runtime.relay import relay, relay_once
from groundcrew.runtime.resources import Resources
from groundcrew_meta.analyst import Analyst
from groundcrew_meta.chat import Chat
from groundcrew_meta.desk import Desk
from groundcrew_meta.endpoints import Answers, Kept
from groundcrew_meta.gathering import Gatherer
from groundcrew_meta.handlers import Handlers
from groundcrew_meta.housekeeping import forget_old, look_after_tasks
from groundcrew_meta.metrics import MetaMetrics
from groundcrew_meta.model import Model
from groundcrew_meta.reporting import Reporter
from groundcrew_meta.root_causes import Causes, RootCauses, read_causes
from groundcrew_meta.settings import Settings
from groundcrew_meta.survey import Surveyor
from groundcrew_meta.tasks import Closing


async def wire(settings: Settings, resources: Resources) -> None:
    section, bus, clock, site = settings.meta, resources.bus, resources.clock, resources.site
    store = await resources.stores.meta()
    metrics = MetaMetrics(resources.registry)

    inventory = InventoryView(resources.log)
    await (await bus.key_value(Buckets.INVENTORY)).watch(inventory.changed)

    surveyor = Surveyor(bus, clock, lambda: inventory.newest)
    model = Model(bus, clock, window_tokens=section.window_tokens, passages=section.passages)
    chat = Chat(site=site, desk=Desk(surveyor), model=model, store=store, clock=clock, section=section, metrics=metrics)
    analyst = Analyst(
        site=site,
        surveyor=surveyor,
        model=model,
        store=store,
        clock=clock,
        section=section,
        produced_by=resources.produced_by,
        metrics=metrics,
    )

    async def publish() -> None:
        await relay_once(store.outbox, bus)

    async def publish_or_leave() -> None:
        # An analysis that is stored is answered; what cannot be published now is left to the root task.
        with suppress(BusUnavailable, StreamFull):
            await publish()

    handlers = Handlers(
        site=site, analyst=analyst, store=store, publish=publish, deadline_s=section.analysis_deadline_s
    )
    await bus.consume(Durables.ESCALATIONS, pausing(handlers.escalated))

    gatherer = Gatherer(bus, clock, lambda: inventory.newest)
    reporter = Reporter(
        site=site,
        gatherer=gatherer,
        store=store,
        clock=clock,
        count=Counter(section.tokenizer),
        root_causes=RootCauses(gatherer, Causes(lambda: read_causes(section.packs))),
        produced_by=resources.produced_by,
        metrics=metrics,
    )
    kept = Kept(site, store)
    await bus.serve(Endpoints.MAKE_REPORT, answering(reporter.make))
    await bus.serve(Endpoints.REPORTS, answering(kept.reports))
    await bus.serve(Endpoints.REPORT, answering(kept.report))
    await bus.serve(Endpoints.TASKS, answering(kept.tasks))
    await bus.serve(Endpoints.TASK, answering(kept.task))
    await bus.serve(Endpoints.CLOSE_TASK, answering(Closing(site, gatherer, store, clock).close))

    answers = Answers(site=site, chat=chat, analyst=analyst, store=store, publish=publish_or_leave)
    await bus.serve(Endpoints.ASK, answering(answers.ask))
    await bus.serve_stream(Endpoints.ASK_STREAM, answers.ask_stream)
    await bus.serve(Endpoints.CONVERSATIONS, answering(answers.conversations))
    await bus.serve(Endpoints.CONVERSATION, answering(answers.conversation))
    await bus.serve(Endpoints.CONVERSATION_COMMAND, answering(answers.command))
    await bus.serve(Endpoints.ANALYSIS, answering(answers.analysis))
    await bus.serve(Endpoints.ANALYSE, answering(answers.analyse))

    # What a process committed and died before publishing.
    resources.tasks.spawn("relay", relay(store.outbox, bus, asyncio.Event(), clock))
    resources.tasks.spawn("repair-tasks", look_after_tasks(reporter, clock))
    resources.tasks.spawn("retention", forget_old(store, site, section.keep_days, clock, metrics))
