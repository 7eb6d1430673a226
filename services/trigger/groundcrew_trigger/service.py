"""Wiring of the trigger service."""

from pathlib import Path

from groundcrew.contracts.queries import Endpoints
from groundcrew.contracts.streams import Buckets, Durables
from groundcrew.diagnosis.detector import Detector
from groundcrew.runtime.guard import pausing
from groundcrew.runtime.packs import load_packs
from groundcrew.runtime.resources import Resources
from groundcrew_trigger.classifying import Classifier
from groundcrew_trigger.handlers import Observer
from groundcrew_trigger.ledger import Ledger
from groundcrew_trigger.listing import Listing
from groundcrew_trigger.metrics import TriggerMetrics
from groundcrew_trigger.settings import Settings
from groundcrew_trigger.shelf import TemplateShelf
from groundcrew_trigger.watching import Watcher


async def wire(settings: Settings, resources: Resources) -> None:
    section = settings.trigger
    packs = load_packs(
        Path(section.packs) if section.packs else None,
        thresholds=Path(section.thresholds) if section.thresholds else None,
        debounce_s=section.debounce_s,
    )
    knowledge = packs.knowledge
    rules, limits, checks = len(knowledge.rules), len(knowledge.thresholds), len(knowledge.services)
    summary = f"{rules} rules, {limits} thresholds, {checks} service checks"

    async def loaded() -> str:
        return summary

    resources.health.add("packs", loaded)
    bucket = await resources.bus.key_value(Buckets.TRIGGER_STATE)
    produced_by = resources.produced_by.model_copy(update={"packs": packs.digest})
    metrics = TriggerMetrics(resources.registry)
    classifier = watcher = None
    if section.novelty or section.classify:
        watcher = Watcher(
            bus=resources.bus,
            shelf=TemplateShelf(await resources.bus.key_value(Buckets.TEMPLATES)),
            clock=resources.clock,
            section=section,
            produced_by=produced_by,
            metrics=metrics,
            log=resources.log,
        )
        resources.stack.push_async_callback(watcher.write)
        resources.tasks.spawn("templates", watcher.keep_writing())
    if section.classify:
        classifier = Classifier(
            bus=resources.bus,
            bucket=bucket,
            clock=resources.clock,
            section=section,
            produced_by=produced_by,
            metrics=metrics,
            log=resources.log,
        )
        await classifier.open()
        resources.tasks.spawn("classify", classifier.keep_asking())
    observer = Observer(
        detector=Detector(knowledge, max_entities=section.max_entities, tells_unruled=watcher is not None),
        ledger=Ledger(bucket),
        bus=resources.bus,
        clock=resources.clock,
        produced_by=produced_by,
        metrics=metrics,
        log=resources.log,
        classifier=classifier,
        watcher=watcher,
    )
    await resources.bus.serve(Endpoints.TEMPLATES, Listing(watcher, classifier).templates)
    await resources.bus.consume(Durables.TRIGGER, pausing(observer.observe))
    resources.tasks.spawn("silences", observer.listen_to_silence())
    resources.log.info("watching", packs=packs.digest, knowledge=summary)
