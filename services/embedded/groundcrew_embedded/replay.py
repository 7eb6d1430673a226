"""Replay: a scenario through the production handlers, on scenario time, with nothing executed.

trigger, context, review and actions are wired exactly as in production, over the shipped memory bus and stores and a
virtual clock. One handler runs at a time, so two replays of a folder print the same bytes.
"""

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from groundcrew import __version__
from groundcrew.bus.memory import MemoryBus
from groundcrew.bus.memory_broker import MemoryBroker
from groundcrew.bus.port import Bus
from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.contracts.incidents import Evidence
from groundcrew.contracts.queries import (
    ActionsQuery,
    Endpoints,
    IncidentQuery,
    IncidentsQuery,
    TriggersQuery,
)
from groundcrew_embedded.disturbing import Disturb, undisturbed
from groundcrew_embedded.feeder import STEP_S, Feeder
from groundcrew_embedded.rehearsal import rehearse
from groundcrew_embedded.scenario import Scenario, read

SETTLING = timedelta(minutes=10)
"""How long scenario time runs on after the end, so that hold times and ticks come to rest."""


async def replay(
    folder: Path, *, site: str = "default", shift: timedelta = timedelta(), disturb: Disturb = undisturbed
) -> dict[str, Any]:
    """Replay `folder`, with all times moved by `shift`, and return what `--json` prints. Raises ScenarioError."""
    return await run(disturb(read(folder)), site=site, shift=shift)


async def run(
    scenario: Scenario,
    *,
    site: str = "default",
    shift: timedelta = timedelta(),
    pause: timedelta | None = None,
    patterns: Path | None = None,
    looks_s: int | None = None,
    step_s: int = STEP_S,
) -> dict[str, Any]:
    """The same of a scenario that was read or made up. Where nothing was seen for longer than `pause`, time leaps to
    what comes next once it has run on for so long: of an event log of years, the seconds between are not waited for.
    `patterns` is a folder that keeps compiled patterns, `looks_s` how often review looks at everything,
    `step_s` how much travels in one batch."""
    clock = VirtualClock(scenario.start + shift)
    broker = MemoryBroker(clock)
    async with AsyncExitStack() as stack:
        await rehearse(stack, broker, clock, scenario.inventory, site, patterns=patterns, looks_s=looks_s)
        collectors = MemoryBus(site, clock, broker=broker)
        feeder = Feeder(scenario, site, ProducedBy(service="replay", version=__version__), shift, step_s)
        for when, messages in feeder.steps():
            if pause is not None and when - clock.now() > 2 * pause:
                await broker.settle(clock.now() + pause)
                clock.advance_to(when - timedelta(seconds=step_s))
            await broker.settle(when)
            await collectors.publish_batch(messages)
            await broker.settle()
        await broker.settle(scenario.end + shift + SETTLING)
        return await report(MemoryBus(site, clock, service="gateway", broker=broker), scenario)


async def report(bus: Bus, scenario: Scenario) -> dict[str, Any]:
    """The incidents of a site in the order in which they were opened, as the format prints them."""
    page = await bus.request(Endpoints.INCIDENTS, IncidentsQuery(limit=1_000))
    incidents = []
    whole = [one for one in page.items if one.merged_into is None]
    for incident in sorted(whole, key=lambda one: (one.opened_at, one.id)):
        detail = await bus.request(Endpoints.INCIDENT, IncidentQuery(id=incident.id))
        actions = await bus.request(Endpoints.ACTIONS, ActionsQuery(incident_id=incident.id, limit=1_000))
        incidents.append(
            {
                "id": incident.id,
                "hosts": incident.hosts,
                "severity": incident.severity.value,
                "state": incident.state.value,
                "title": incident.title,
                "opened_at": incident.opened_at.isoformat(),
                "last_seen": incident.last_seen.isoformat(),
                "cause": incident.cause.model_dump(include={"id", "component_class", "component", "confidence"}),
                "alternatives": [
                    cause.model_dump(include={"id", "component_class", "component", "confidence"})
                    for cause in incident.alternatives
                ],
                "steps": incident.steps,
                "evidence": [_evidence(one) for one in detail.evidence],
                "actions": [
                    {"kind": action.kind.value, "target": action.target, "state": action.state.value}
                    for action in sorted(actions.items, key=lambda one: (one.created_at, one.id))
                ],
            }
        )
    return {"scenario": scenario.name, "triggers": await _count_triggers(bus), "incidents": incidents}


def _evidence(one: Evidence) -> dict[str, str]:
    return {"source": one.source.value, "ref": one.ref, "time": one.time.isoformat(), "text": one.text}


async def _count_triggers(bus: Bus) -> int:
    count, cursor = 0, None
    while True:
        page = await bus.request(Endpoints.TRIGGERS, TriggersQuery(limit=1_000, cursor=cursor))
        count += len(page.items)
        cursor = page.next
        if cursor is None:
            return count
