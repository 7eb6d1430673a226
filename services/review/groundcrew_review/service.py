"""Wiring of the review service."""

from pathlib import Path

from groundcrew.contracts.streams import Durables
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.runtime.guard import pausing
from groundcrew.runtime.packs import load_packs
from groundcrew.runtime.resources import Resources
from groundcrew_review.handlers import Reviewer
from groundcrew_review.metrics import ReviewMetrics
from groundcrew_review.settings import Settings
from groundcrew_review.words import Words


async def wire(settings: Settings, resources: Resources) -> None:
    section, bus = settings.review, resources.bus
    packs = load_packs(Path(section.packs) if section.packs else None)
    produced_by = resources.produced_by.model_copy(update={"packs": packs.digest})
    metrics = ReviewMetrics(resources.registry)
    words = None
    if section.words:
        words = Words(
            bus=bus,
            clock=resources.clock,
            section=section,
            produced_by=produced_by,
            metrics=metrics,
            log=resources.log,
        )
        resources.tasks.spawn("words", words.keep_asking())
    reviewer = Reviewer(
        bus=bus,
        clock=resources.clock,
        knowledge=Knowledge.parse_layers((file.name, file.text) for file in packs.texts("causes")),
        section=section,
        produced_by=produced_by,
        metrics=metrics,
        words=words,
    )
    await bus.consume(Durables.REVIEW_INCIDENTS, pausing(reviewer.incident))
    await bus.consume(Durables.REVIEW_TICK, pausing(reviewer.tick))
    await bus.schedule("review", section.every_s)
