"""Oddities of `journalctl -o json`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.observations import MAX_TEXT
from groundcrew.diagnosis.matching import Matcher
from groundcrew.runtime.packs import load_packs
from groundcrew_host_collector.journal_entry import MAX_LINE, EntrySplitter, read_entry
from groundcrew_host_collector.source import LogRow

RECEIVED_US = 1_800_000_000_000_000


def entry(**fields: Any) -> bytes:
    known = {"__CURSOR": "s=1;i=1", "__REALTIME_TIMESTAMP": "1672531200000000", "MESSAGE": "hello"}
    return json.dumps(known | fields).encode()


def row(**fields: Any) -> LogRow:
    found = read_entry(entry(**fields), RECEIVED_US)
    assert found is not None
    return found


def test_the_fields_of_a_service_line() -> None:
    found = row(
        PRIORITY="3", SYSLOG_IDENTIFIER="nginx", _SYSTEMD_UNIT="nginx.service", _TRANSPORT="stdout", _BOOT_ID="b1"
    )

    assert (found.priority, found.identifier, found.unit, found.transport, found.boot_id) == (
        3, "nginx", "nginx.service", "stdout", "b1",
    )  # fmt: skip
    assert (found.time_us, found.position, found.message) == (1672531200000000, "s=1;i=1", "hello")


def test_what_the_service_manager_says_of_a_unit_belongs_to_the_unit() -> None:
    assert row(_SYSTEMD_UNIT="init.scope", UNIT="nginx.service").unit == "nginx.service"


@pytest.mark.parametrize(
    ("claim", "identifier"),
    [
        ({"SYSLOG_IDENTIFIER": "kernel", "_TRANSPORT": "kernel"}, "kernel"),
        ({"SYSLOG_IDENTIFIER": "kernel", "_TRANSPORT": "syslog", "_UID": "1000"}, "kernel (uid 1000)"),
        ({"SYSLOG_IDENTIFIER": "systemd", "_TRANSPORT": "journal", "_UID": "0"}, "systemd"),
        ({"SYSLOG_IDENTIFIER": "systemd", "_TRANSPORT": "syslog", "_UID": "1000"}, "systemd (uid 1000)"),
        ({"SYSLOG_IDENTIFIER": "systemd", "_TRANSPORT": "journal", "_UID": "33"}, "systemd (uid 33)"),
        ({"_COMM": "systemd", "_TRANSPORT": "stdout", "_UID": "1000"}, "systemd (uid 1000)"),
        ({"SYSLOG_IDENTIFIER": "systemd"}, "systemd"),
    ],
    ids=["kernel", "user as kernel", "manager", "user as manager", "user's manager", "by name", "nothing noted"],
)
def test_a_user_who_claims_to_be_kernel_or_service_manager_is_told_apart(
    claim: dict[str, str], identifier: str
) -> None:
    assert row(**claim).identifier == identifier


def test_what_a_user_writes_under_the_managers_name_fires_no_rule_that_asks_for_the_manager() -> None:
    text = "nginx.service: Failed with result 'exit-code'."
    forged = row(MESSAGE=text, SYSLOG_IDENTIFIER="systemd", _TRANSPORT="syslog", _UID="1000")
    own = row(MESSAGE=text, SYSLOG_IDENTIFIER="systemd", _TRANSPORT="journal", _UID="0")
    rules = [rule for rule in load_packs(None).knowledge.rules if rule.source == "log"]
    found = Matcher(rules).match([forged.message, own.message], [forged.identifier, own.identifier])
    assert [match.row for match in found] == [1]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (None, ""),
        ([104, 105, 255], "hi�"),
        (["one", "two"], "one\ntwo"),
        ([[104, 105], "x"], "hi\nx"),
        ("nul\0byte", "nul�byte"),
        ("", ""),
    ],
)
def test_a_message_of_any_shape_becomes_text(message: Any, text: str) -> None:
    assert row(MESSAGE=message).message == text


def test_a_repeated_field_counts_once() -> None:
    assert row(SYSLOG_IDENTIFIER=["first", "second"]).identifier == "first"


@pytest.mark.parametrize("priority", ["", "8", "12", "-1", None, "x", ["3"]])
def test_a_priority_outside_0_to_7_is_informational_unless_repeated(priority: Any) -> None:
    assert row(PRIORITY=priority).priority == (3 if isinstance(priority, list) else 6)


def test_a_long_message_is_cut_and_marked() -> None:
    message = row(MESSAGE="x" * (MAX_TEXT + 1)).message

    assert len(message) == MAX_TEXT
    assert message.endswith("x …")


def test_an_entry_longer_than_the_limit_keeps_its_place_and_does_not_stop_the_next() -> None:
    huge = entry(__CURSOR="s=1;i=7", MESSAGE='"__CURSOR":"fake"' + "x" * MAX_LINE)
    splitter = EntrySplitter()
    data = huge + b"\n" + entry(__CURSOR="s=1;i=8") + b"\n"

    rows = [
        r for start in range(0, len(data), 65_536) for r in splitter.feed(data[start : start + 65_536], RECEIVED_US)
    ]

    assert [r.position for r in rows] == ["s=1;i=7", "s=1;i=8"]
    assert str(len(huge)) in rows[0].message


def test_lines_that_are_no_entries_are_passed_over() -> None:
    splitter = EntrySplitter()

    assert splitter.feed(b"-- No entries --\n\n[1]\n{}\nnull\n", RECEIVED_US) == []


@given(st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")), max_size=6), st.integers(1, 50))
def test_pieces_of_any_size_give_the_same_rows(noise: list[bytes], size: int) -> None:
    data = b"".join(piece + b"\n" + entry(__CURSOR=f"c{n}") + b"\n" for n, piece in enumerate(noise))
    splitter = EntrySplitter()

    rows = [r for start in range(0, len(data), size) for r in splitter.feed(data[start : start + size], RECEIVED_US)]

    assert [r.position for r in rows] == [f"c{n}" for n in range(len(noise))]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 999) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["MESSAGE", "PRIORITY", "__CURSOR", "__REALTIME_TIMESTAMP", "UNIT"]), _JSON))
def test_any_json_object_gives_a_row_or_nothing(fields: dict[str, Any]) -> None:
    read_entry(json.dumps(fields).encode(), RECEIVED_US)


def test_an_entry_that_is_not_json_keeps_its_place() -> None:
    rows = EntrySplitter().feed(b'{"__CURSOR":"s=1;i=3","MESSAGE":"a\xff\n', RECEIVED_US)

    assert [(r.position, r.message) for r in rows] == [("s=1;i=3", "(an entry that cannot be read: it is not JSON) …")]
