"""Lines that people copy from a BMC's page are records; lines of programs that look alike are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.dated_sentences import parse_dated_sentence
from groundcrew.diagnosis.listings import read_listing

LINES = {
    "AHS table": (
        "Critical,824,29642,0x0002,Machine Environment,0x0017,Hardware,05/06/2021 10:20:00,"
        "355: Fan 3 has failed ACTION:Be sure the fans meet the requirements"
    ),
    "message id": "2021-05-06 10:20:00 FAN0001 Fan 3 has failed",
    "check_redfish": "[CRITICAL]: 2021-05-06T10:20:00+00:00: Fan 3 has failed",
    "tabs": "Critical\tThu May 06 2021 10:20:00\tFan 3 has failed",
    "blanks": "  2021-05-06 10:20:00   Critical   Fan 3 has failed",
    "American": "Error 05/06/2021 10:20:00 AM Fan 3 has failed",
    "keys": "Severity: Critical, Date: 2021-05-06T10:20:00, Message: Fan 3 has failed",
    "bars": "| Critical | 2021-05-06 10:20:00 | Fan 3 has failed |",
    "two lines": " Log Entry 4: 2021-05-06T10:20:00Z\n Fan 3 has failed",
}


@pytest.mark.parametrize("form", LINES)
def test_each_form_gives_its_sentence_and_its_time(form: str) -> None:
    listing = read_listing(LINES[form] + "\n")
    assert listing.unparsed == []
    [record] = listing.records
    assert str(record.time) == "2021-05-06 10:20:00+00:00"
    assert record.event == "Fan 3 has failed"


@pytest.mark.parametrize(
    "text",
    [
        "2021-05-06 10:20:00 ERROR could not connect to the database\n2021-05-06 10:20:01 INFO bye for now\n",
        (
            "2021-05-06 10:20:00,123 - WARNING - the cache of it grows\n2021-05-06 10:20:01 ERROR no answer yet\n"
            "2021-05-06 10:20:02 ERROR no answer again\n"
        ),
        "2021-05-06T10:20:00Z host1 kernel: fan 3 has failed\n",
    ],
)
def test_lines_of_programs_are_no_event_log(text: str) -> None:
    listing = read_listing(text)
    assert listing.kinds == []
    assert listing.records == []
    assert [one.line for one in listing.unparsed] == list(range(1, text.count("\n") + 1))


@given(text=st.text(max_size=200))
def test_any_line_is_read_or_left_alone(text: str) -> None:
    record = parse_dated_sentence(text)
    assert record is None or record.text


def test_an_entry_marked_as_repaired_tells_the_end() -> None:
    [record] = read_listing("Repaired 05/06/2021 10:20 Fan 3 has failed\n").records
    assert record.asserted is False
