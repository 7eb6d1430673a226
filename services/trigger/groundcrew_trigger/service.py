"""Wiring of the trigger service."""

import asyncio
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.streams import Buckets, Durables
from groundcrew.diagnosis.detector import Detector, Knowledge
from groundcrew.diagnosis.engines import EngineUnusable
from groundcrew.runtime.compiled_patterns import CompiledFolder
from groundcrew.runtime.guard import pausing
from groundcrew.runtime.packs import load_packs
from groundcrew.runtime.resources import CannotStart, Resources
from groundcrew_trigger.classifying import Classifier
from groundcrew_trigger.handlers import Observer
from groundcrew_trigger.ledger import Ledger
from groundcrew_trigger.metrics import TriggerMetrics
from groundcrew_trigger.settings import Settings, TriggerSection


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
    detector = await asyncio.to_thread(_detector, knowledge, section, resources.log)
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
    resources.log.info("watching", packs=packs.digest, knowledge=summary, engine=detector.log_matcher.engine)


def _detector(knowledge: Knowledge, section: TriggerSection, log: FilteringBoundLogger) -> Detector:
    """Blocks while patterns are compiled. Raises CannotStart where the engine asked for cannot be had."""
    try:
        detector = Detector(
            knowledge,
            max_entities=section.max_entities,
            tells_unruled=section.classify,
            engine=section.engine,
            compiled=CompiledFolder(section.state_dir / "patterns", log) if section.state_dir else None,
        )
    except EngineUnusable as error:
        msg = f"trigger.engine: {section.engine}: {error}"
        raise CannotStart(msg) from None
    matcher = detector.log_matcher
    if matcher.unusable:
        log.info("patterns are looked for with re2", reason=matcher.unusable)
    for beside in matcher.beside:
        log.warning(
            "a pattern is looked for beside the others",
            rule=beside.rule_id,
            pattern=beside.pattern,
            reason=beside.reason,
        )
    return detector
