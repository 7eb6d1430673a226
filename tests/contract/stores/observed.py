"""Makes batches, triggers and incidents with the few fields that a test is about."""

from datetime import UTC, datetime, timedelta

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.event_logs import EventLogBatch, SyncChanged, SyncJob
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import (
    Cause,
    Evidence,
    EvidenceSource,
    Incident,
    IncidentOpened,
    IncidentState,
    Severity,
    TriggerRaised,
)
from groundcrew.contracts.observations import (
    InventoryObserved,
    LogBatch,
    MetricBatch,
    MetricSeries,
    SelBatch,
    SensorBatch,
    ServiceBatch,
    SourceState,
    SourceStatus,
)

SITE = "test"
HOST = "host:node-1"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
NOON_US = to_us(NOON)
MINUTE = timedelta(minutes=1)
SECOND_US = 1_000_000


def sealed(data, *, key, time=NOON, entity=HOST, site=SITE) -> Envelope:
    return seal(
        data,
        id=stable_id("test", key),
        site=site,
        entity=entity,
        time=time,
        received_at=time + timedelta(seconds=1),
        source="file:/var/log/syslog",
        position=str(key),
        produced_by=ProducedBy(service="test", version="0"),
    )


def logs(numbers, *, entity=HOST, site=SITE, step_us=SECOND_US, start_us=NOON_US, priority=6, text="line {}", unit=""):
    """Numbered lines, one each second from noon on; the same number is the same line."""
    numbers = list(numbers)
    times = [start_us + number * step_us for number in numbers]
    batch = LogBatch(
        ids=[stable_id(site, entity, number) for number in numbers],
        times=times,
        priorities=[priority] * len(numbers),
        identifiers=["kernel"] * len(numbers),
        units=[unit] * len(numbers),
        transports=["kernel"] * len(numbers),
        boot_ids=[""] * len(numbers),
        positions=[str(number) for number in numbers],
        messages=[text.format(number) for number in numbers],
    )
    newest = from_us(max(times)) if times and 0 <= max(times) < 10**17 else NOON
    return sealed(batch, key=f"logs {numbers[:1]} {len(numbers)}", time=newest, entity=entity, site=site)


def metrics(samples, *, name="node_load1", unit="", labels=None, entity=HOST, site=SITE):
    """(seconds after noon, value) pairs of one series."""
    samples = list(samples)
    batch = MetricBatch(
        series=[MetricSeries(name=name, unit=unit, labels=labels or {})],
        series_index=[0] * len(samples),
        times=[NOON_US + int(second * SECOND_US) for second, _ in samples],
        values=[value for _, value in samples],
    )
    newest = max((second for second, _ in samples), default=0)
    return sealed(
        batch, key=f"metrics {name} {newest}", time=NOON + timedelta(seconds=newest), entity=entity, site=site
    )


def services(states, *, second=0, entity=HOST, site=SITE):
    """unit -> active state, seen at one time."""
    units = list(states)
    batch = ServiceBatch(
        times=[NOON_US + second * SECOND_US] * len(units),
        units=units,
        load_states=["loaded"] * len(units),
        active_states=[states[unit] for unit in units],
        sub_states=["running" if states[unit] == "active" else "failed" for unit in units],
        results=["success" if states[unit] == "active" else "exit-code" for unit in units],
        restarts=[0 if states[unit] == "active" else None for unit in units],
    )
    return sealed(batch, key=f"services {second}", time=NOON + timedelta(seconds=second), entity=entity, site=site)


def sensors(values, *, second=0, entity="bmc:node-1", site=SITE):
    names = list(values)
    batch = SensorBatch(
        times=[NOON_US + second * SECOND_US] * len(names),
        sensors=names,
        values=[values[name] for name in names],
        texts=["" if values[name] is not None else "0x01" for name in names],
        units=["degrees C"] * len(names),
        statuses=["ok"] * len(names),
    )
    return sealed(batch, key=f"sensors {second}", time=NOON + timedelta(seconds=second), entity=entity, site=site)


def sel(records, *, entity="bmc:node-1", site=SITE):
    records = list(records)
    batch = SelBatch(
        ids=[stable_id(site, entity, record) for record in records],
        record_ids=records,
        times=[NOON_US + record * SECOND_US for record in records],
        source_times=["03/04/2026 12:00:00"] * len(records),
        sensors=["Power Supply PS2 Status"] * len(records),
        events=["Power Supply AC lost"] * len(records),
        asserted=[True] * len(records),
        texts=["Power Supply PS2 Status | Power Supply AC lost | Asserted"] * len(records),
    )
    return sealed(batch, key=f"sel {records[:1]}", entity=entity, site=site)


def inventory(kernel, *, second=0, entity=HOST, site=SITE):
    data = InventoryObserved(
        facts={"kernel": kernel},
        sources=[SourceStatus(name="journal", state=SourceState.ABSENT, detail="no journal here", since=NOON)],
    )
    return sealed(data, key=f"inventory {second}", time=NOON + timedelta(seconds=second), entity=entity, site=site)


def evidence(number, *, second=0, text="PSU2 lost its input"):
    return Evidence(
        id=stable_id("evidence", number),
        source=EvidenceSource.JOURNAL,
        ref=f"cursor-{number}",
        time=NOON + timedelta(seconds=second),
        entity=HOST,
        text=text,
        rule_id="psu.input_lost",
    )


def trigger(number, *, second=0, entity=HOST, site=SITE, severity=Severity.CRITICAL):
    time = NOON + timedelta(seconds=second)
    data = TriggerRaised(
        rule_id="psu.input_lost",
        severity=severity,
        title=f"trigger {number}",
        causes=["psu.input_lost"],
        component_class="psu",
        component="PS2",
        first_seen=time,
        last_seen=time,
        evidence=[evidence(number, second=second)],
    )
    return sealed(data, key=f"trigger {number}", time=time, entity=entity, site=site)


def incident(number, *, revision=1, minute=0, state=IncidentState.OPEN, hosts=("node-1",), **fields):
    opened = NOON + minute * MINUTE
    seen = opened + revision * MINUTE
    values = {
        "severity": Severity.CRITICAL,
        "title": f"incident {number}",
        "entity": HOST,
        "opened_at": opened,
        "updated_at": seen,
        "last_seen": seen,
        "resolved_at": seen if state is IncidentState.RESOLVED else None,
        "cause": Cause(id="psu.input_lost", component_class="psu", component="PS2", confidence=0.9),
        "evidence_count": 1,
        "trigger_count": 1,
    }
    return Incident(
        id=stable_id("incident", number), revision=revision, state=state, hosts=sorted(hosts), **(values | fields)
    )


def opened(one, *, site=SITE):
    data = IncidentOpened(incident=one, evidence=[])
    return sealed(data, key=f"opened {one.id} {one.revision}", time=one.opened_at, site=site)


async def save(store, one, pieces=(), *, actor="fusion", change="opened", site=SITE):
    async with store.fusion(site) as transaction:
        await transaction.save_incident(one, list(pieces), actor=actor, change=change)


def event_logs(*rows, entity="bmc:node-1", site=SITE):
    """(seconds after noon, log, entries, change) each."""
    batch = EventLogBatch(
        ids=[stable_id(site, entity, *row) for row in rows],
        times=[NOON_US + row[0] * SECOND_US for row in rows],
        logs=[row[1] for row in rows],
        generations=[1 + (row[3] != "none") for row in rows],
        entries=[row[2] for row in rows],
        capacities=[512] * len(rows),
        when_full=["stops"] * len(rows),
        overflows=[False] * len(rows),
        changes=[row[3] for row in rows],
        details=[f"{row[3]}: 1 record now" for row in rows],
    )
    return sealed(batch, key=f"event logs {rows}", entity=entity, site=site)


def sync(second, state="running", *, synced=0, bmc="node-1", site=SITE):
    """A job, so many seconds after noon."""
    job = SyncJob(
        id=stable_id(bmc, "sync"),
        bmc=bmc,
        state=state,
        reason="first look",
        progress=synced / 100,
        current_step="reading",
        events_synced=synced,
        events_total=100,
        started_at=NOON,
        updated_at=NOON + timedelta(seconds=second),
    )
    return sealed(SyncChanged(job=job), key=f"sync {bmc} {second}", entity=f"bmc:{bmc}", site=site)
