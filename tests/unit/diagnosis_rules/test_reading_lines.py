"""What a line of a log file says."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.diagnosis.lines import Line, LineReader

RECEIVED = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
BOOT = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
READER = LineReader("web-1.example.org", lambda naive: naive.replace(tzinfo=UTC))


def read(text: str, received: datetime = RECEIVED) -> Line:
    return READER.read(text, received_us=to_us(received), boot_us=to_us(BOOT))


def when(line: Line) -> datetime | None:
    return None if line.time_us is None else from_us(line.time_us)


@pytest.mark.parametrize(
    ("text", "time", "identifier", "message"),
    [
        (
            "2026-03-04T02:00:00.123456+01:00 web-1 sshd[812]: Failed password",
            datetime(2026, 3, 4, 1, 0, 0, 123456, tzinfo=UTC),
            "sshd",
            "Failed password",
        ),
        (
            "2026-03-04T02:00:00Z web-1.example.org nginx: worker died",
            datetime(2026, 3, 4, 2, 0, tzinfo=UTC),
            "nginx",
            "worker died",
        ),
        (
            "2026-03-04 02:00:00,250 ERROR pool: no connection",
            datetime(2026, 3, 4, 2, 0, 0, 250_000, tzinfo=UTC),
            "",
            "ERROR pool: no connection",
        ),
        (
            "2026-03-04 02:00:00.5 UTC [77] FATAL:  could not open file",
            datetime(2026, 3, 4, 2, 0, 0, 500_000, tzinfo=UTC),
            "",
            "[77] FATAL:  could not open file",
        ),
        (
            "Mar  4 02:00:00 other kernel: [   12.345678] nvme nvme0: I/O 12 QID 1 timeout",
            datetime(2026, 3, 4, 2, 0, tzinfo=UTC),
            "kernel",
            "nvme nvme0: I/O 12 QID 1 timeout",
        ),
        (
            "Mar  4 02:00:00 web-1 last message repeated 3 times",
            datetime(2026, 3, 4, 2, 0, tzinfo=UTC),
            "",
            "last message repeated 3 times",
        ),
        ("[   12.500000] EDAC MC0: 1 CE", BOOT + timedelta(seconds=12.5), "kernel", "EDAC MC0: 1 CE"),
        (
            '<11>1 2026-03-04T02:00:00Z web-1 app 12 ID47 [x@1 a="b"] disk is full',
            datetime(2026, 3, 4, 2, 0, tzinfo=UTC),
            "app",
            "disk is full",
        ),
        ("no time at all", None, "", "no time at all"),
    ],
)
def test_known_formats_give_time_program_and_text(
    text: str, time: datetime | None, identifier: str, message: str
) -> None:
    line = read(text)

    assert (when(line), line.identifier, line.message) == (time, identifier, message)


def test_a_level_word_is_not_taken_for_a_host() -> None:
    assert read("2026-03-04T02:00:00Z ERROR database: gone").message == "ERROR database: gone"


def test_the_priority_of_a_syslog_header_is_kept() -> None:
    assert read("<3>2026-03-04T02:00:00Z web-1 md: array lost a disk").priority == 3


def test_a_december_line_read_in_january_is_of_last_year() -> None:
    line = read("Dec 31 23:59:59 web-1 cron[1]: x", datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC))

    assert when(line) == datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_a_clock_that_is_some_hours_ahead_does_not_cost_a_year() -> None:
    line = read("Jan  1 02:00:00 web-1 cron[1]: x", datetime(2025, 12, 31, 23, 0, tzinfo=UTC))

    assert when(line) == datetime(2026, 1, 1, 2, 0, tzinfo=UTC)


def test_29_february_is_of_the_last_leap_year() -> None:
    assert when(read("Feb 29 10:00:00 web-1 cron[1]: x")) == datetime(2024, 2, 29, 10, 0, tzinfo=UTC)


def test_an_uptime_beyond_now_is_not_in_the_future() -> None:
    assert when(read("[99999999.000000] from another boot")) == RECEIVED


def test_a_month_that_does_not_exist_leaves_the_line_as_it_is() -> None:
    line = read("Foo  4 02:00:00 web-1 x: y")

    assert (line.time_us, line.message) == (None, "Foo  4 02:00:00 web-1 x: y")


@given(st.text(max_size=300))
def test_any_text_gives_a_line_without_raising(text: str) -> None:
    line = read(text)

    assert line.time_us is None or line.time_us >= 0
    assert 0 <= line.priority <= 7
    assert len(line.message) <= len(text)


_PREFIX = st.sampled_from(["2026-", "Mar  4 02:00:00", "<", "[  1.", "9999-99-99T99:99:99", "0001-01-01 00:00:00"])


@given(_PREFIX, st.text(max_size=60))
def test_text_that_looks_nearly_right_never_raises(prefix: str, rest: str) -> None:
    read(prefix + rest)


@given(
    st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=80),
)
def test_what_a_syslog_writes_comes_back(naive: datetime, minutes: int, message: str) -> None:
    aware = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = f"{aware.isoformat(timespec='microseconds')} web-1 prog[7]: {message}"

    line = read(text)

    assert (line.time_us, line.identifier, line.message) == (to_us(aware.astimezone(UTC)), "prog", message)
