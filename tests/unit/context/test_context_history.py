"""What others say about an incident stands in its history: actions, findings, operators."""

from groundcrew.contracts.actions import Action, ActionChanged, ActionKind, ActionState, RiskClass
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Finding, IncidentState, ReviewCompleted, Severity
from groundcrew.contracts.queries import Endpoints, IncidentCommand

from .conftest import START, sealed, trigger

HOURS = 3_600


def changed(incident_id: str | None, state: ActionState, outcome: str = ""):
    action = Action(
        id="a" * 32,
        revision=1,
        kind=ActionKind.SERVICE_RESTART,
        target="host:n1",
        parameters={"unit": "a.service"},
        risk=RiskClass.DISRUPTIVE,
        state=state,
        reason="it is down",
        argv=[],
        incident_id=incident_id,
        proposed_by="review",
        created_at=START,
        updated_at=START,
        expires_at=START,
        outcome=outcome,
    )
    return sealed(ActionChanged(action=action), "n1", stable_id("change", state.value), START)


async def opened(station):
    await station.start()
    await station.send(trigger("n1", "software.failed", "a.service"))
    [incident] = await station.incidents()
    return incident


async def test_action_stands_in_the_history_once(station):
    incident = await opened(station)
    await station.send(
        changed(incident.id, ActionState.QUEUED), changed(incident.id, ActionState.SUCCEEDED, "runs again")
    )
    station.clock.advance_to(START.replace(hour=5))
    await station.send(changed(incident.id, ActionState.SUCCEEDED, "runs again"))
    detail = await station.detail(incident)
    assert [entry.change for entry in detail.history if entry.actor == "actions"] == [
        "Action service.restart on host:n1 queued [aaaaaaaa]",
        "Action service.restart on host:n1 succeeded: runs again [aaaaaaaa]",
    ]
    assert detail.incident.revision == 3


async def test_action_without_or_of_an_unknown_incident_changes_nothing(station):
    incident = await opened(station)
    await station.send(changed(None, ActionState.QUEUED), changed("0" * 32, ActionState.FAILED))
    assert (await station.detail(incident)).incident.revision == 1


async def test_findings_of_an_incident_are_told_with_it(station):
    incident = await opened(station)
    finding = Finding(
        id="f" * 32,
        kind="recurrence",
        severity=Severity.WARNING,
        entity="host:n1",
        text="it came back",
        incident_id=incident.id,
    )
    review = ReviewCompleted(scope=incident.id, findings=[finding], window_tokens=1)
    await station.send(sealed(review, "n1", "b" * 32, START), sealed(review, "n1", "c" * 32, START))
    assert (await station.detail(incident)).findings == [finding]


async def test_note_can_be_left_on_an_incident_that_is_long_over(station):
    incident = await opened(station)
    await station.ask(Endpoints.INCIDENT_COMMAND, IncidentCommand(id=incident.id, command="resolve", actor="alex"))
    await station.wait_until(3 * HOURS)
    note = IncidentCommand(id=incident.id, command="note", actor="alex", text="it was the cable")
    after = await station.ask(Endpoints.INCIDENT_COMMAND, note)
    assert (after.note, after.state, after.revision) == ("it was the cable", IncidentState.RESOLVED, 3)
