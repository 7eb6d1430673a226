"""Wiring of the trigger service."""

import asyncio
from functools import partial

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.queries import Endpoints
from groundcrew.contracts.streams import Buckets, Durables
from groundcrew.diagnosis.detector import Detector
from groundcrew.diagnosis.engines import CompiledStore, EngineUnusable
from groundcrew.diagnosis.rules import PackError
from groundcrew.diagnosis.silencing import SilencedBy
from groundcrew.diagnosis.threshold_checks import RoleOf
from groundcrew.diagnosis.trend_rules import ModelOf
from groundcrew.runtime.allocator import apart, give_back
from groundcrew.runtime.compiled_patterns import CompiledFolder, CompiledOnce
from groundcrew.runtime.guard import pausing
from groundcrew.runtime.inventory import InventoryView
from groundcrew.runtime.packs import Packs
from groundcrew.runtime.resources import CannotStart, Resources
from groundcrew.runtime.silences import SilencesView
from groundcrew_trigger.classifying import Classifier
from groundcrew_trigger.handlers import Observer
from groundcrew_trigger.ledger import Ledger
from groundcrew_trigger.listing import Listing
from groundcrew_trigger.metrics import TriggerMetrics
from groundcrew_trigger.pack_files import PackFiles, follow
from groundcrew_trigger.settings import Settings, TriggerSection
from groundcrew_trigger.shelf import TemplateShelf
from groundcrew_trigger.watching import Watcher


async def wire(settings: Settings, resources: Resources) -> None:
    section = settings.trigger
    files = PackFiles(section)
    packs = files.load()
    in_force = packs

    async def loaded() -> str:
        if files.problem:
            msg = f"a changed pack is not taken up, {_summary(in_force)} stay in force: {files.problem}"
            raise PackError(msg)
        return _summary(in_force)

    resources.health.add("packs", loaded, required=False)  # with a mistake in a pack, the packs from before go on
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
    inventory = InventoryView(resources.log)
    await (await resources.bus.key_value(Buckets.INVENTORY)).watch(inventory.changed)
    silences = SilencesView(inventory, resources.log)
    await (await resources.bus.key_value(Buckets.SILENCES)).watch(silences.changed)

    folder = CompiledFolder(section.state_dir / "patterns", resources.log) if section.state_dir else None
    compiled = CompiledOnce(folder)

    # hyperscan compiles for many seconds what it does not find compiled: until then, re2 looks for the same patterns.
    at_once = section.engine != "auto"

    def build(packs: Packs, *, compiles: bool = at_once) -> Detector:
        return _detector(
            packs,
            section,
            compiled,
            compiles=compiles,
            role_of=inventory.role_of,
            model_of=inventory.model_of,
            silenced=silences.silenced,
            log=resources.log,
        )

    detector = await apart(partial(build, packs))
    give_back()
    observer = Observer(
        detector=detector,
        ledger=Ledger(bucket),
        bus=resources.bus,
        clock=resources.clock,
        produced_by=produced_by,
        metrics=metrics,
        log=resources.log,
        classifier=classifier,
        watcher=watcher,
    )
    silences.told = observer.reconsider
    await resources.bus.serve(Endpoints.TEMPLATES, Listing(watcher, classifier).templates)
    await resources.bus.consume(Durables.TRIGGER, pausing(observer.observe))
    resources.tasks.spawn("quiet", observer.wait_out())
    news = asyncio.Event()
    if _waits_for_hyperscan(detector):
        news.set()

    async def quicken() -> None:
        while True:
            await news.wait()
            news.clear()
            packs = in_force
            detector = await apart(partial(build, packs, compiles=True))
            if compiled.fresh:  # compiling takes a hundred megabytes, which go with the detector that it was done for
                del detector
                give_back()
                detector = await apart(partial(build, packs))
            if packs is in_force:
                observer.adopt(detector, packs.digest)
                give_back()
                resources.log.info("patterns compiled", engine=detector.log_matcher.engine)

    if section.engine == "auto":
        resources.tasks.spawn("patterns", quicken())
    if files.any:

        def adopt(packs: Packs, detector: Detector) -> None:
            nonlocal in_force
            in_force = packs
            observer.adopt(detector, packs.digest)
            if _waits_for_hyperscan(detector):
                news.set()

        resources.tasks.spawn(
            "packs",
            follow(files, build=build, adopt=adopt, clock=resources.clock, metrics=metrics, log=resources.log),
        )
    engine = detector.log_matcher.engine
    resources.log.info("watching", packs=packs.digest, knowledge=_summary(packs), engine=engine)


def _summary(packs: Packs) -> str:
    known = packs.knowledge
    return f"{len(known.rules)} rules, {len(known.thresholds)} thresholds, {len(known.services)} service checks"


def _waits_for_hyperscan(detector: Detector) -> bool:
    """Whether re2 looks only because hyperscan has not compiled the patterns."""
    return detector.log_matcher.engine == "re2" and not detector.log_matcher.unusable


def _detector(
    packs: Packs,
    section: TriggerSection,
    compiled: CompiledStore,
    *,
    compiles: bool,
    role_of: RoleOf,
    model_of: ModelOf,
    silenced: SilencedBy,
    log: FilteringBoundLogger,
) -> Detector:
    """Blocks while patterns are compiled. Raises CannotStart where the engine asked for cannot be had."""
    try:
        detector = Detector(
            packs.knowledge,
            max_entities=section.max_entities,
            tells_unruled=section.novelty or section.classify,
            engine=section.engine,
            compiled=compiled,
            compiles=compiles,
            role_of=role_of,
            model_of=model_of,
            silenced=silenced,
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
