"""Tickets: what they say, and that text from machines stays text."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.actions import ActionKind, ActionState, AutonomyLevel
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Cause, Evidence, EvidenceSource, Incident, IncidentState, Severity
from groundcrew.contracts.queries import Endpoints, Failure, IncidentDetail, IncidentQuery, SetAutonomy, TicketsQuery
from groundcrew.diagnosis.markdown import fenced
from groundcrew_actions.tickets import MAX_EVIDENCE

T0 = datetime(2026, 3, 1, 2, 36, tzinfo=UTC)
INCIDENT = stable_id("incident")


def evidence(number: int, text: str) -> Evidence:
    return Evidence(
        id=stable_id("e", number), source=EvidenceSource.SEL, ref=f"bmc-43/{number}", time=T0,
        entity="bmc:bmc-43", text=text,
    )  # fmt: skip


def detail(*lines: str) -> IncidentDetail:
    cause = Cause(id="psu.input_lost", component_class="psu", component="PSU2", confidence=0.94, why="AC lost, 12V ok")
    incident = Incident(
        id=INCIDENT, revision=1, state=IncidentState.OPEN, severity=Severity.CRITICAL, title="PSU2 lost its *input*",
        hosts=["brickbox-43"], entity="host:brickbox-43", opened_at=T0, updated_at=T0, last_seen=T0, cause=cause,
        alternatives=[cause.model_copy(update={"id": "pcie.aer", "component": "", "confidence": 0.04})],
        evidence_count=len(lines), trigger_count=1, steps=["Check feed pdu-3b outlet 4", "Swap PSU2"],
    )  # fmt: skip
    found = [evidence(n, line) for n, line in enumerate(lines)]
    return IncidentDetail(incident=incident, evidence=found, history=[], findings=[])


async def ticket_of(make_site: Any, known: IncidentDetail) -> Any:
    site = await make_site()

    async def answer(query: IncidentQuery) -> IncidentDetail:
        assert query.id == INCIDENT
        return known

    await site.bus("context").serve(Endpoints.INCIDENT, answer)
    action = await site.propose(kind=ActionKind.TICKET_CREATE, parameters={}, incident_id=INCIDENT)
    assert action.state is ActionState.SUCCEEDED
    (ticket,) = (await site.ask(Endpoints.TICKETS, TicketsQuery(incident_id=INCIDENT))).items
    assert ticket.action_id == action.id
    return ticket


async def test_a_ticket_names_cause_part_evidence_and_steps(make_site: Any) -> None:
    ticket = await ticket_of(make_site, detail("AC lost | Asserted", "Redundancy lost | Asserted"))
    assert ticket.title == "PSU2 lost its *input*"
    assert "# PSU2 lost its \\*input\\*" in ticket.body
    assert "`psu.input_lost`, part PSU2, confidence 94%: AC lost, 12V ok" in ticket.body
    assert "- `pcie.aer`, part not known (psu), confidence 4%" in ticket.body
    assert "1. Check feed pdu-3b outlet 4\n2. Swap PSU2" in ticket.body
    assert "2026-03-01 02:36:00 UTC bmc:bmc-43 sel [bmc-43/0] AC lost | Asserted" in ticket.body
    assert "- Where: brickbox-43" in ticket.body


async def test_evidence_cannot_leave_its_fence_nor_grow_without_bound(make_site: Any) -> None:
    lines = ["```\n# owned", "x" * 5_000, *(f"line {n}" for n in range(100))]
    ticket = await ticket_of(make_site, detail(*lines))
    assert "52 older pieces of evidence" in ticket.body
    assert ticket.body.count("line ") == MAX_EVIDENCE
    assert len(ticket.body) < 60_000


@given(st.lists(st.text("`` ~#x", max_size=12), max_size=5))
def test_no_line_closes_the_fence_around_it(lines: list[str]) -> None:
    first, *inside, last = fenced(lines).split("\n")
    fence = first.removesuffix("text")
    assert last == fence
    assert len(fence) >= 3
    assert not any(fence in line for line in inside)


async def test_while_context_is_away_a_ticket_is_tried_again_and_then_written_without_it(make_site: Any) -> None:
    site = await make_site()
    action = await site.propose(kind=ActionKind.TICKET_CREATE, parameters={"title": "Fan"}, incident_id=INCIDENT)
    assert action.state is ActionState.SUCCEEDED
    assert site.clock.now() > T0.replace(second=1)
    (ticket,) = (await site.ask(Endpoints.TICKETS, TicketsQuery())).items
    assert "could not be read" in ticket.body
    assert stable_id("line") in ticket.body


async def test_approving_a_ticket_while_context_is_away_says_so_and_changes_nothing(make_site: Any) -> None:
    site = await make_site(level=AutonomyLevel.AUTO_SAFE)
    await site.ask(Endpoints.AUTONOMY, SetAutonomy(stopped=True, actor="ada"))
    action = await site.propose(kind=ActionKind.TICKET_CREATE, parameters={"title": "Fan"}, incident_id=INCIDENT)
    await site.ask(Endpoints.AUTONOMY, SetAutonomy(stopped=False, actor="ada"))
    with pytest.raises(RequestFailed) as failed:
        await site.decide(action)
    assert failed.value.failure is Failure.UNAVAILABLE
    assert (await site.action(action.id)).state is ActionState.QUEUED
