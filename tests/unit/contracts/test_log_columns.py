"""A log batch read column by column is the batch that ordinary validation reads, and what is wrong is found."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundcrew.contracts.envelope import Envelope, ProducedBy, encode, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.log_columns import MalformedColumn, read_log_batch
from groundcrew.contracts.observations import MAX_BATCH_ROWS, LogBatch
from groundcrew.contracts.streams import MalformedMessage, decode

WHEN = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
COLUMNS = tuple(LogBatch.model_fields)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['"', '","', "]", '],"times":[', "\\", '\\"', ",", "[", "]}}", "\0", "\n", "é", ""]
)


def sealed(rows: list[tuple[int, int, str, str, str, str, str, str]]) -> Envelope[LogBatch]:
    names = ("times", "priorities", "identifiers", "units", "transports", "boot_ids", "positions", "messages")
    columns: dict[str, Any] = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    data = LogBatch(ids=[stable_id(n) for n in range(len(rows))], **columns)
    return seal(
        data, id=stable_id("batch"), site="demo", entity="host:login-1", time=WHEN, received_at=WHEN, source="journal",
        position="7", produced_by=ProducedBy(service="host-collector", version="1"),
    )  # fmt: skip


some_rows = st.lists(
    st.tuples(
        st.integers(-5, 2**56), st.integers(0, 7), TEXT, TEXT, st.just("kernel") | TEXT, st.just("b"), TEXT, TEXT
    ),
    min_size=1,
    max_size=8,
)
ROWS = [(1_000_000 + n, 4, "kernel", "", "kernel", "boot", f"s=1;i={n}", f'line "{n}"') for n in range(5)]


@given(some_rows)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(rows: list[Any]) -> None:
    envelope = sealed(rows)
    payload = encode(envelope)
    read = read_log_batch(payload)
    assert read is not None
    for name in COLUMNS:
        for row in range(len(rows)):
            assert read.data.cell(name, row) == getattr(envelope.data, name)[row]
    again = decode(payload)
    assert again == envelope
    assert encode(decode(payload)) == payload
    assert type(again.data) is LogBatch
    assert again.data.model_dump() == decode(payload).data.model_dump() == envelope.data.model_dump()


@pytest.mark.parametrize(
    "other",
    [
        lambda p: p.replace(b'"data":{"ids"', b'"data":{"new":[1,2],"ids"'),
        lambda p: p[:-2] + b',"later":true}}',
        lambda p: p.replace(b'],"times":[', b'], "times": [ '),
        lambda p: p.replace(b'"source":"journal"', b'"source":"journal","unknown":{"data":{"ids":[1]}}'),
        lambda p: p.replace(b'"priorities":[4,', b'"priorities":[4.0,'),
    ],
    ids=["a newer column first", "a newer column last", "spaces", "a newer field of the envelope", "a whole float"],
)
def test_other_forms_are_read_the_ordinary_way(other: Any) -> None:
    envelope = sealed(ROWS)
    payload = other(encode(envelope))
    assert payload != encode(envelope)
    assert decode(payload) == envelope


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (b'"kernel","kernel","kernel","kernel"],"units"', b'"kernel","kernel","kernel",7],"units"', "identifiers"),
        (b'"boot","boot"]', b'"boot"]', "boot_ids"),
        (b'"boot","boot"]', b'"boot",null]', "boot_ids"),
        (b'"s=1;i=0",', b"", "positions"),
        (b'"s=1;i=0",', b"3,", "positions"),
        (b"1000000,", b"1000000,,", "times"),
        (b"1000000,", b"010000,", "times"),
        (b'"priorities":[4,4', b'"priorities":[4,"x"', "priorities"),
        (stable_id(0).encode(), b"Z" * 32, "ids"),
        (stable_id(0).encode(), b'","' + b"a" * 29, "ids"),
        (b'"line \\"0\\""', b"7", "messages"),
        (b'"line \\"0\\"",', b"", "messages"),
        (b'"site":"demo"', b'"site":"D"', "site"),
        (b"}}", b"}", ""),
    ],
)
def test_what_is_wrong_is_found_and_named(old: bytes, new: bytes, named: str) -> None:
    payload = encode(sealed(ROWS))
    assert old in payload
    with pytest.raises((MalformedMessage, MalformedColumn)) as found:
        decode(payload.replace(old, new, 1)).data.settle()
    if isinstance(found.value, MalformedColumn):
        assert named in str(found.value)


@given(st.integers(0, 10_000), st.binary(max_size=3), st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_damage_is_found_wherever_ordinary_validation_finds_it(at: int, put: bytes, cut: int) -> None:
    payload = encode(sealed(ROWS))
    at %= len(payload)
    damaged = payload[:at] + put + payload[at + cut :]
    try:
        ordinary = Envelope[LogBatch].model_validate_json(damaged)
    except ValueError:
        with pytest.raises(ValueError):
            decode(damaged).data.settle()
        return
    if ordinary.type == LogBatch.TYPE:
        assert decode(damaged) == ordinary


def test_a_batch_of_too_many_rows_is_refused() -> None:
    payload = encode(sealed([ROWS[0]] * MAX_BATCH_ROWS))
    assert len(decode(payload).data) == MAX_BATCH_ROWS
    data = sealed(ROWS).data.model_copy(
        update={name: [getattr(sealed(ROWS).data, name)[0]] * 2_001 for name in COLUMNS}
    )
    with pytest.raises(MalformedMessage, match="at most 2000"):
        decode(encode(sealed(ROWS).model_copy(update={"data": data})))
