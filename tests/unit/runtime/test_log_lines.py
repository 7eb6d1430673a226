"""One JSON object per line, with the field's names, and never a secret."""

import io
import json
import logging
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from groundcrew.contracts.clock import VirtualClock
from groundcrew.telemetry.log import MAX_TEXT, capture_standard_logging, new_log


@pytest.fixture
def sink() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))


def lines(sink: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def test_a_line_begins_with_time_level_event_service_and_site(sink: io.StringIO, clock: VirtualClock) -> None:
    new_log("trigger", "attic", clock=clock, stream=sink).info("pack loaded", rules=15)
    assert list(lines(sink)[0].items()) == [
        ("ts", "2026-01-01T00:00:00.000000+00:00"),
        ("level", "info"),
        ("event", "pack loaded"),
        ("service", "trigger"),
        ("site", "attic"),
        ("rules", 15),
    ]


def test_below_the_level_nothing_is_written(sink: io.StringIO, clock: VirtualClock) -> None:
    new_log("trigger", "attic", clock=clock, level="warning", stream=sink).info("pack loaded")
    assert sink.getvalue() == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "hunter2"},
        {"settings": {"nats": {"password": "hunter2"}}},
        {"secret": SecretStr("hunter2")},
        {"url": "nats://me:hunter2@hub:4222"},
        {"header": "Authorization: Bearer hunter2"},
        {"error": ValueError("cannot reach nats://me:hunter2@hub")},
        {"key": "gck_hunter2"},
    ],
)
def test_a_secret_never_reaches_a_line(sink: io.StringIO, clock: VirtualClock, fields: dict[str, object]) -> None:
    new_log("gateway", "default", clock=clock, stream=sink).warning("something", **fields)
    assert "hunter2" not in sink.getvalue()
    assert "********" in sink.getvalue()


def test_what_a_machine_wrote_is_cut(sink: io.StringIO, clock: VirtualClock) -> None:
    new_log("trigger", "attic", clock=clock, stream=sink).info("odd line", text="x" * 100_000)
    assert len(sink.getvalue()) < MAX_TEXT + 300


def test_an_exception_is_part_of_the_one_line(sink: io.StringIO, clock: VirtualClock) -> None:
    log = new_log("trigger", "attic", clock=clock, stream=sink)
    try:
        int("x")
    except ValueError:
        log.exception("failed")
    assert "invalid literal" in str(lines(sink)[0]["exception"])


def test_libraries_that_use_logging_write_the_same_lines(sink: io.StringIO, clock: VirtualClock) -> None:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    try:
        capture_standard_logging(new_log("gateway", "default", clock=clock, stream=sink))
        logging.getLogger("uvicorn.error").warning("port %s", 80)
        logging.getLogger("uvicorn.error").info("chatter")
    finally:
        root.handlers = before
        root.setLevel(level)
    [line] = lines(sink)
    assert (line["event"], line["logger"], line["level"]) == ("port 80", "uvicorn.error", "warning")
