"""Wiring of the trigger service."""

from pathlib import Path

from groundcrew.contracts.streams import Buckets, Durables
from groundcrew.diagnosis.detector import Detector
from groundcrew.runtime.guard import pausing
from groundcrew.runtime.inventory import InventoryView
from groundcrew.runtime.packs import load_packs
from groundcrew.runtime.resources import Resources
from groundcrew_trigger.classifying import Classifier
from groundcrew_trigger.handlers import Observer
from groundcrew_trigger.ledger import Ledger
from groundcrew_trigger.metrics import TriggerMetrics
from groundcrew_trigger.settings import Settings


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
    classifier = None
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
    inventory = InventoryView(resources.log)
    await (await resources.bus.key_value(Buckets.INVENTORY)).watch(inventory.changed)
    detector = Detector(
        knowledge, max_entities=section.max_entities, tells_unruled=section.classify, role_of=inventory.role_of
    )
    observer = Observer(
        detector=detector,
        ledger=Ledger(bucket),
        bus=resources.bus,
        clock=resources.clock,
        produced_by=produced_by,
        metrics=metrics,
        log=resources.log,
        classifier=classifier,
    )
    await resources.bus.consume(Durables.TRIGGER, pausing(observer.observe))
    resources.tasks.spawn("silences", observer.listen_to_silence())
    resources.log.info("watching", packs=packs.digest, knowledge=summary)
