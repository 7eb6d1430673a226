"""Triggers in the words of the field, and a fusion that they go through."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Evidence, EvidenceSource, Incident, Severity, TriggerRaised, TriggerState
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.fusion import Fusion
from groundcrew.diagnosis.track import Change, Fused
from groundcrew.runtime.packs import load_packs

START = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
MADE_BY = ProducedBy(service="trigger", version="test")

Raise = Callable[..., Envelope[TriggerRaised]]


def raise_trigger(
    host: str,
    *causes: str,
    part: str = "",
    at: float = 0,
    rule: str = "",
    severity: Severity = Severity.WARNING,
    state: TriggerState = TriggerState.RAISED,
    source: EvidenceSource = EvidenceSource.JOURNAL,
    entity: str = "",
    ends: bool = True,
) -> Envelope[TriggerRaised]:
    """A trigger event `at` seconds after START."""
    when = START + timedelta(seconds=at)
    entity = entity or f"host:{host}"
    rule = rule or (causes[0].replace(".", "-") if causes else "some-rule")
    trigger_id = stable_id("trigger", entity, rule, part, str(at), state.value)
    text = f"{causes[0] if causes else rule} at {part} after {at} s"
    evidence = Evidence(
        id=stable_id("evidence", trigger_id),
        source=source,
        ref=f"cursor-{at}",
        time=when,
        entity=entity,
        text=text,
        rule_id=rule,
        trigger_id=trigger_id,
    )
    data = TriggerRaised(
        rule_id=rule,
        state=state,
        severity=severity,
        title=text,
        causes=list(causes),
        component_class=causes[0].partition(".")[0] if causes else "unknown",
        component=part,
        first_seen=when,
        last_seen=when,
        evidence=[evidence],
        ends=ends,
    )
    return seal(
        data,
        id=trigger_id,
        site="demo",
        entity=entity,
        time=when,
        received_at=when,
        source="rules",
        position=str(at),
        produced_by=MADE_BY,
    )


@cache
def shipped_knowledge() -> Knowledge:
    return Knowledge.parse_layers((file.name, file.text) for file in load_packs().texts("causes"))


def rack(count: int) -> Inventory:
    """Hosts n1..n<count> on pdu-a and pdu-b behind tor-1, and two strangers that share pdu-a only."""
    hosts = [
        InventoryHost(name=f"n{i}", bmc=f"n{i}-bmc", rack="r1", pdu=["pdu-a", "pdu-b"], switch="tor-1")
        for i in range(1, count + 1)
    ]
    others = [InventoryHost(name=f"m{i}", rack="r2", pdu=["pdu-a", "pdu-c"], switch="tor-2") for i in (1, 2)]
    return Inventory(revision=1, host=[*hosts, *others])


class Crew:
    """A fusion that keeps at once what it computed, and the changes so far."""

    def __init__(self, inventory: Inventory) -> None:
        self.knowledge = shipped_knowledge()
        self.fusion = Fusion(self.knowledge, inventory)
        self.changes: list[Change] = []

    def see(self, *triggers: Envelope[TriggerRaised]) -> "Crew":
        for trigger in triggers:
            self._keep(self.fusion.fuse(trigger))
        return self

    def see_all(self, triggers: Iterable[Envelope[TriggerRaised]]) -> "Crew":
        return self.see(*triggers)

    def wait_until(self, seconds: float) -> "Crew":
        self._keep(self.fusion.advance(START + timedelta(seconds=seconds)))
        return self

    def operator(self, incident: Incident, command: Any, text: str = "", at: float = 0) -> "Crew":
        self._keep(self.fusion.command(incident.id, command, "alex", text, START + timedelta(seconds=at)))
        return self

    @property
    def incidents(self) -> list[Incident]:
        return self.fusion.incidents()

    @property
    def only(self) -> Incident:
        assert len(self.incidents) == 1, [i.title for i in self.incidents]
        return self.incidents[0]

    def _keep(self, fused: Fused) -> None:
        for change in fused.changes:  # made by copying, which validates nothing
            told = change.message()
            assert type(told).model_validate_json(told.model_dump_json()) == told
        self.changes.extend(fused.changes)
        self.fusion.keep(fused)


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return shipped_knowledge()


@pytest.fixture
def trigger() -> Raise:
    return raise_trigger


@pytest.fixture
def crew() -> Crew:
    return Crew(rack(6))


@pytest.fixture
def new_crew() -> Callable[[], Crew]:
    return lambda: Crew(rack(6))
