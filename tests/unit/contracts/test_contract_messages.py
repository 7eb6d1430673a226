"""Messages as bytes: round trips, what newer versions may send, and errors that name their place."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from groundcrew.bus.subjects import stream_of
from groundcrew.contracts.actions import ActionKind, ActionProposed, ActionState
from groundcrew.contracts.clock import VirtualClock, from_us, to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, encode, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import Cause, Incident, IncidentOpened, IncidentState, Severity, Tick
from groundcrew.contracts.observations import MAX_BATCH_ROWS, LogBatch, MetricBatch, MetricSeries, SensorBatch
from groundcrew.contracts.queries import Endpoints
from groundcrew.contracts.streams import (
    ROUTES,
    STREAMS,
    Durables,
    MalformedMessage,
    decode,
    route_of,
    stream,
    subject_of,
)

WHEN = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
LINES = st.lists(st.tuples(TEXT, st.integers(0, 7), st.integers(0, 2**53)), max_size=20)


def sealed(data, *, entity="host:web-1", cause=None):
    return seal(
        data,
        id=stable_id(type(data).__name__),
        site="demo",
        entity=entity,
        time=WHEN,
        received_at=WHEN,
        source="journal",
        position="7",
        produced_by=ProducedBy(service="test", version="1"),
        cause=cause,
    )


def log_batch(lines):
    return LogBatch(
        ids=[stable_id(index, text) for index, (text, _, _) in enumerate(lines)],
        times=[time for _, _, time in lines],
        priorities=[priority for _, priority, _ in lines],
        identifiers=[text[:8] for text, _, _ in lines],
        units=["" for _ in lines],
        transports=["journal" for _ in lines],
        boot_ids=["" for _ in lines],
        positions=[str(index) for index, _ in enumerate(lines)],
        messages=[text for text, _, _ in lines],
    )


def incident():
    cause = Cause(id="psu.input_lost", component_class="psu", component="PSU2", confidence=0.9)
    return Incident(
        id=stable_id("incident"),
        revision=1,
        state=IncidentState.OPEN,
        severity=Severity.CRITICAL,
        title="PSU2 lost its input",
        hosts=["web-1"],
        entity=host("web-1"),
        opened_at=WHEN,
        updated_at=WHEN,
        last_seen=WHEN,
        cause=cause,
        evidence_count=1,
        trigger_count=1,
    )


@given(LINES)
def test_a_log_batch_survives_the_wire(lines):
    envelope = sealed(log_batch(lines))
    assert decode(encode(envelope)) == envelope


@given(st.lists(st.floats(allow_nan=False), max_size=20))
def test_samples_survive_the_wire(values):
    batch = MetricBatch(
        series=[MetricSeries(name="load1")], series_index=[0] * len(values), times=[1] * len(values), values=values
    )
    received = decode(encode(sealed(batch))).data if all(abs(v) != float("inf") for v in values) else batch
    assert received.values == values


def test_what_follows_from_a_message_keeps_its_correlation():
    first = sealed(log_batch([("a", 6, 1)]))
    second = sealed(IncidentOpened(incident=incident(), evidence=[]), cause=first)
    third = sealed(Tick(name="review"), cause=second)
    assert first.correlation_id == first.id
    assert third.correlation_id == first.id
    assert (second.causation_id, third.causation_id) == (first.id, second.id)


def test_unknown_fields_of_a_newer_version_are_ignored():
    raw = orjson.loads(encode(sealed(log_batch([("a", 6, 1)]))))
    raw["weather"] = "rain"
    raw["data"]["moods"] = ["calm"]
    raw["v"] = 2
    read = decode(orjson.dumps(raw))
    assert read.v == 2
    assert not hasattr(read.data, "moods")


def test_unknown_enum_values_of_a_newer_version_read_as_unknown():
    proposed = ActionProposed(
        kind=ActionKind.SERVICE_RESTART, target=host("web-1"), reason="failed unit", proposed_by="review"
    )
    raw = orjson.loads(encode(sealed(proposed)))
    raw["data"]["kind"] = "firmware.flash"
    assert decode(orjson.dumps(raw)).data.kind is ActionKind.UNKNOWN
    assert Severity("apocalyptic") is Severity.UNKNOWN
    assert Severity.UNKNOWN.rank == 0
    assert ActionState("halfway") is ActionState.UNKNOWN


def test_an_enum_takes_only_text():
    with pytest.raises(ValueError):
        Severity(3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "XYZ"}, "observe.logs: id:"),
        ({"site": "Not A Site"}, "observe.logs: site: .*expected 1 to 63 characters"),
        ({"entity": "toaster:x"}, "observe.logs: entity: .*expected 'kind:name'"),
        ({"time": "2026-01-01T00:00:00"}, "observe.logs: time: .*timezone"),
        ({"data": {}}, "observe.logs: data.ids:"),
        ({"type": "observe.telepathy"}, "type 'observe.telepathy': expected one of action.changed"),
        ({"type": 7}, "type 7: expected one of"),
    ],
)
def test_a_malformed_message_names_the_field_and_what_was_expected(change, message):
    raw = orjson.loads(encode(sealed(log_batch([("a", 6, 1)]))))
    with pytest.raises(MalformedMessage, match=message):
        decode(orjson.dumps(raw | change))


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_malformed_and_nothing_worse(payload):
    with pytest.raises(MalformedMessage):
        decode(payload)


@given(st.recursive(st.none() | st.integers() | TEXT, lambda c: st.lists(c) | st.dictionaries(TEXT, c), max_leaves=8))
def test_json_of_any_kind_is_malformed_and_nothing_worse(value):
    with pytest.raises(MalformedMessage):
        decode(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS) if not _too_big(value) else b"{}")


def _too_big(value):
    if isinstance(value, int):
        return abs(value) >= 2**63
    if isinstance(value, dict):
        return any(_too_big(v) for v in value.values())
    return isinstance(value, list) and any(_too_big(v) for v in value)


def test_columns_of_different_length_are_told_by_name():
    batch = log_batch([("a", 6, 1), ("b", 6, 2)]).model_dump()
    with pytest.raises(ValidationError, match=r"columns differ in length: .*'messages': 1"):
        LogBatch(**(batch | {"messages": ["a"]}))


def test_a_batch_has_at_most_so_many_rows():
    row = {"times": 1, "sensors": "FAN1", "values": None, "texts": "", "units": "RPM", "statuses": "ok"}
    full = SensorBatch(**{name: [value] * MAX_BATCH_ROWS for name, value in row.items()})
    assert len(full) == MAX_BATCH_ROWS
    with pytest.raises(ValidationError, match=f"at most {MAX_BATCH_ROWS} fit one batch"):
        SensorBatch(**{name: [value] * (MAX_BATCH_ROWS + 1) for name, value in row.items()})


@pytest.mark.parametrize("index", [-1, 1])
def test_a_sample_must_belong_to_a_series(index):
    with pytest.raises(ValidationError, match=r"series_index must lie in 0\.\.0"):
        MetricBatch(series=[MetricSeries(name="load1")], series_index=[index], times=[1], values=[1.0])


def test_a_message_cannot_be_changed():
    envelope = sealed(Tick(name="review"))
    with pytest.raises(ValidationError, match="frozen"):
        envelope.site = "other"


def test_every_route_leads_into_its_stream():
    for route in ROUTES:
        subject = route.subject.replace("{", "").replace("}", "")
        found = stream_of(subject)
        assert found is not None
        assert found.name == route.stream == route_of(route.message).stream


def test_every_durable_has_its_stream_and_a_name_of_its_own():
    names = [durable.name for durable in Durables.all()]
    assert len(set(names)) == len(names)
    for durable in Durables.all():
        assert stream(durable.stream) in STREAMS
        assert durable.partitioned == stream(durable.stream).partitioned


def test_every_endpoint_has_a_subject_of_its_own():
    subjects = [endpoint.subject("demo") for endpoint in Endpoints.all()]
    assert len(set(subjects)) == len(subjects)


def test_subjects_carry_what_rules_can_be_written_on():
    assert subject_of(sealed(log_batch([]))) == "gc.demo.observe.logs.host_3aweb-1"
    opened = sealed(IncidentOpened(incident=incident(), evidence=[]))
    assert subject_of(opened) == f"gc.demo.incident.opened.{stable_id('incident')}"
    assert subject_of(sealed(Tick(name="Every Minute"))) == "gc.demo.tick.every_20minute"


@given(st.integers(-(2**52), 2**52))
def test_microseconds_round_trip_exactly(us):
    assert to_us(from_us(us)) == us


def test_microseconds_do_not_depend_on_the_zone():
    assert to_us(WHEN.astimezone(ZoneInfo("Europe/Berlin"))) == to_us(WHEN)


async def test_sleepers_on_a_virtual_clock_wake_in_order_of_time():
    clock = VirtualClock(WHEN)
    woken = []

    async def sleeper(seconds):
        await clock.sleep(seconds)
        woken.append((seconds, clock.monotonic()))

    tasks = [asyncio.create_task(sleeper(s)) for s in (30, 10, 20)]
    await asyncio.sleep(0)
    assert clock.next_wake() == WHEN + timedelta(seconds=10)
    clock.advance_to(WHEN + timedelta(seconds=20))
    await asyncio.sleep(0)
    assert [seconds for seconds, _ in woken] == [10, 20]
    clock.advance_to(WHEN)  # never backwards
    assert clock.now() == WHEN + timedelta(seconds=20)
    clock.advance_to(WHEN + timedelta(seconds=31))
    await asyncio.gather(*tasks)
    assert [seconds for seconds, _ in woken] == [10, 20, 30]


def test_an_envelope_of_a_message_says_so_in_its_type():
    envelope: Envelope[Tick] = sealed(Tick(name="review"))
    assert (envelope.type, envelope.v) == ("tick", 1)
