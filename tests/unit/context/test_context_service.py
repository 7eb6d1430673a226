"""The context service as its neighbours see it: messages in, incidents, answers and windows out."""

from contextlib import AsyncExitStack

import pytest

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.incidents import EvidenceSource, IncidentOpened, IncidentState, Severity, TriggerState
from groundcrew.contracts.observations import InventoryObserved, SourceState, SourceStatus
from groundcrew.contracts.queries import (
    Empty,
    Endpoints,
    Failure,
    HostsQuery,
    IncidentCommand,
    IncidentsQuery,
    LogsQuery,
    MetricsQuery,
    TriggersQuery,
    WindowQuery,
)

from .conftest import START, log_lines, sealed, trigger

MINUTE = 60


async def opened(station):
    """Incidents that were told of on the bus."""
    told = []

    async def note(envelope):
        told.append(envelope)

    await station.bus.tap("gc.*.incident.opened.*", note)
    return told


async def test_trigger_in_incident_with_evidence_out(station):
    await station.start()
    told = await opened(station)
    await station.send(trigger("n1", "disk.failed", "sda"))
    [incident] = await station.incidents()
    detail = await station.detail(incident)
    assert (incident.cause.id, incident.cause.component) == ("disk.failed", "sda")
    assert [e.text for e in detail.evidence] == ["disk.failed sda seen after 0 s"]
    assert [entry.actor for entry in detail.history] == ["fusion"]
    assert [type(e.data) for e in told] == [IncidentOpened]
    assert told[0].causation_id == trigger("n1", "disk.failed", "sda").id


async def test_redelivered_triggers_change_nothing(station):
    await station.start()
    same = trigger("n1", "disk.failed", "sda")
    await station.send(same)
    before = await station.incidents()
    await station.bus.publish(same.model_copy(update={"id": same.id}))
    station.clock.advance_to(START.replace(hour=6))
    await station.send(same)
    assert await station.incidents() == before


async def test_restarted_process_goes_on_where_the_other_stopped(station):
    async with AsyncExitStack() as first:
        await station.start(first)
        await station.send(trigger("n1", "disk.failed", "sda"))
    await station.start()
    await station.send(trigger("n1", "raid.degraded", "md0", at=30))
    [incident] = await station.incidents()
    assert (incident.revision, incident.cause.id) == (2, "disk.failed")


async def test_recorded_lines_are_found_again(station):
    await station.start()
    await station.send(log_lines("n1", "first", "second"), log_lines("n1", "first", "second"))
    page = await station.ask(Endpoints.LOGS, LogsQuery(host="n1"))
    assert [line.message for line in page.items] == ["second", "first"]


async def test_all_clear_resolves_after_the_hold_time(station):
    await station.start()
    unit = {"cause": "software.failed", "part": "a.service", "source": EvidenceSource.SERVICES}
    await station.send(trigger("n1", **unit), trigger("n1", **unit, at=60, state=TriggerState.CLEARED))
    await station.wait_until(4 * MINUTE)
    assert [i.state for i in await station.incidents()] == [IncidentState.OPEN]
    await station.wait_until(7 * MINUTE)
    assert [i.state for i in await station.incidents()] == [IncidentState.RESOLVED]


async def test_operator_acknowledges_and_resolves_over_the_endpoint(station):
    await station.start()
    await station.send(trigger("n1", "disk.failed", "sda"))
    [incident] = await station.incidents()
    for command, state in (("acknowledge", IncidentState.ACKNOWLEDGED), ("resolve", IncidentState.RESOLVED)):
        request = IncidentCommand(id=incident.id, command=command, actor="alex")
        assert (await station.ask(Endpoints.INCIDENT_COMMAND, request)).state is state
    detail = await station.detail(incident)
    assert [entry.actor for entry in detail.history] == ["fusion", "alex", "alex"]
    with pytest.raises(RequestFailed) as failed:
        await station.ask(Endpoints.INCIDENT_COMMAND, request)
    assert failed.value.failure is Failure.CONFLICT


async def test_command_for_no_incident_is_not_found(station):
    await station.start()
    with pytest.raises(RequestFailed) as failed:
        await station.ask(Endpoints.INCIDENT_COMMAND, IncidentCommand(id="0" * 32, command="note", actor="a", text="x"))
    assert failed.value.failure is Failure.NOT_FOUND


async def test_hosts_show_health_facts_and_absent_sources(station):
    await station.start()
    absent = SourceStatus(name="systemd", state=SourceState.ABSENT, detail="no systemd here", since=START)
    observed = InventoryObserved(facts={"os": "Debian 12"}, sources=[absent])
    await station.send(sealed(observed, "n1", "a" * 32, START))
    await station.send(
        trigger("n1", "dimm.uncorrectable", "A1", severity=Severity.CRITICAL), trigger("n2", "fan.failed", "F1")
    )
    page = await station.ask(Endpoints.HOSTS, HostsQuery())
    assert [(h.name, h.health, h.open_incidents) for h in page.items] == [("n1", 60, 1), ("n2", 85, 1)]
    assert page.items[0].sources == [absent]
    assert page.items[0].health_reasons == ["-40 critical: A1 of n1 lost data"]


async def test_hosts_are_paged_by_name(station, tmp_path):
    file = tmp_path / "inventory.toml"
    file.write_text("".join(f'[[host]]\nname = "n{i}"\n' for i in range(5)))
    await station.start(inventory_file=str(file))
    names, cursor = [], None
    while True:
        page = await station.ask(Endpoints.HOSTS, HostsQuery(limit=2, cursor=cursor))
        names += [h.name for h in page.items]
        if (cursor := page.next) is None:
            break
    assert names == ["n0", "n1", "n2", "n3", "n4"]


async def test_status_counts_the_fleet(station):
    await station.start()
    await station.send(
        log_lines("n3", "hello"),
        trigger("n1", "dimm.uncorrectable", "A1", severity=Severity.CRITICAL),
        trigger("n2", "fan.failed", "F1"),
    )
    status = await station.ask(Endpoints.STATUS, Empty())
    assert (status.hosts, status.healthy, status.warning, status.critical) == (3, 1, 1, 1)
    assert (status.open_incidents, status.log_rows, status.triggers_24h) == (2, 1, 2)


async def test_triggers_say_which_incident_they_went_to(station):
    await station.start()
    await station.send(trigger("n1", "disk.failed", "sda"))
    [incident] = await station.incidents()
    page = await station.ask(Endpoints.TRIGGERS, TriggersQuery(host="n1"))
    assert [t.incident_id for t in page.items] == [incident.id]


async def test_too_many_buckets_are_refused(station):
    await station.start()
    query = MetricsQuery(host="n1", name="load1", since=START, until=START.replace(hour=23), step_s=1)
    with pytest.raises(RequestFailed) as failed:
        await station.ask(Endpoints.METRICS, query)
    assert failed.value.failure is Failure.INVALID


async def test_window_tells_cause_evidence_and_lines_within_the_budget(station):
    await station.start()
    await station.send(log_lines("n1", "sd 0:0:0:0: [sda] Unaligned write", at=10), trigger("n1", "disk.failed", "sda"))
    [incident] = await station.incidents()
    window = await station.ask(Endpoints.WINDOW, WindowQuery(incident_id=incident.id, budget_tokens=4_000))
    assert window.tokens <= 4_000
    assert "cause disk.failed" in window.text
    assert "<data>host:n1 kernel: sd 0:0:0:0: [sda] Unaligned write</data>" in window.text
    evidence = (await station.detail(incident)).evidence
    assert window.evidence_ids[0] == evidence[0].id


async def test_window_of_no_incident_is_not_found(station):
    await station.start()
    with pytest.raises(RequestFailed) as failed:
        await station.ask(Endpoints.WINDOW, WindowQuery(incident_id="0" * 32))
    assert failed.value.failure is Failure.NOT_FOUND


async def test_rows_older_than_wanted_are_forgotten(station):
    await station.start(keep_days_logs=7)
    await station.send(log_lines("n1", "long ago", at=-30 * 86_400), log_lines("n1", "today"))
    await station.wait_until(1)
    await station.wait_until(11 * MINUTE)
    page = await station.ask(Endpoints.LOGS, LogsQuery(host="n1"))
    assert [line.message for line in page.items] == ["today"]


async def test_verdict_does_not_wait_for_a_timer(station):
    await station.start()
    await station.send(trigger("n1", "disk.failed", "sda"))
    assert len(await station.incidents()) == 1
    assert station.clock.now() == START


@pytest.mark.parametrize(
    ("endpoint", "query"),
    [
        (Endpoints.INCIDENTS, IncidentsQuery(cursor="ö")),
        (Endpoints.LOGS, LogsQuery(cursor="nonsense")),
        (Endpoints.TRIGGERS, TriggersQuery(cursor="1-2")),
    ],
)
async def test_a_cursor_that_no_page_gave_out_is_the_callers_mistake(station, endpoint, query):
    await station.start()
    with pytest.raises(RequestFailed, match="expected the `next` of the page before") as refused:
        await station.bus.request(endpoint, query)
    assert refused.value.failure is Failure.INVALID
