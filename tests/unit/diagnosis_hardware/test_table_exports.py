"""Tables that the pages of BMCs save are read by the names in their heading, in whatever order they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.listings import read_listing
from groundcrew.diagnosis.table_exports import any_time, parse_table_row, table_heading

TABLES = {
    "iDRAC": 'Severity,Date/Time,Description\n"Critical","Thu May 06 2021 10:20:00","Fan 3 has failed."\n',
    "XCC": 'Index,Severity,Source,Date,Event ID,Message\n1,Error,Cooling,"May 6, 2021 10:20:00 AM",X,Fan 3 failed.\n',
    "iBMC": "No.;Generation Time;Level;Status;Event Description\n1;2021-05-06 10:20:00;Major;Asserted;Fan 3 failed.\n",
    "tabs": "ID\tDate\tTime\tMessage\n1\t05/06/2021\t10:20:00\tFan 3 has failed.\n",
}


@pytest.mark.parametrize("maker", TABLES)
def test_each_table_gives_one_dated_record(maker: str) -> None:
    listing = read_listing(TABLES[maker])
    assert listing.kinds == ["saved table"]
    assert listing.unparsed == []
    [record] = listing.records
    assert str(record.time) == "2021-05-06 10:20:00+00:00"
    assert {"Fan", "3", "failed."} <= set(record.text.split())


@pytest.mark.parametrize("maker", TABLES)
@given(cut=st.integers(min_value=0, max_value=200), noise=st.text(max_size=40))
def test_what_is_cut_or_garbled_costs_no_more_than_its_rows(maker: str, cut: int, noise: str) -> None:
    listing = read_listing(f"{TABLES[maker][:cut]}{noise}\n{TABLES['iBMC']}")
    assert any(record.record_id == 1 and record.time is not None for record in listing.records)


def test_a_status_column_tells_the_end() -> None:
    listing = read_listing(TABLES["iBMC"].replace("Asserted", "Deasserted"))
    assert [record.asserted for record in listing.records] == [False]


def test_a_sensors_type_makes_a_sensors_record() -> None:
    listing = read_listing(
        "Event ID,Time Stamp,Sensor Name,Sensor Type,Description\n"
        "7,2021/05/06 10:20:00,FAN1,Fan,Lower Critical - going low - Assertion\n"
    )
    assert [(record.sensor, record.event, record.asserted) for record in listing.records] == [
        ("Fan FAN1", "Lower Critical going low", True)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "ID,Date,Time,Name,Type,Event",  # ipmi-sel's own, read with its states
        "Fan 3 has failed, the time is up, and so on",
        "1 | 05/06/2021 | 10:20:00 | Fan #0x30 | Lower Critical going low | Asserted",
        "time,description",
        '"time,"description,"',
    ],
)
def test_other_lines_begin_no_table(line: str) -> None:
    assert table_heading(line) is None


def test_a_row_of_another_width_is_left() -> None:
    table = table_heading("Severity,Date/Time,Description")
    assert table is not None
    assert parse_table_row("Critical", table) is None
    assert parse_table_row("Critical,2021-05-06 10:20:00,", table) is None
    record = parse_table_row("Critical,2021-05-06 10:20:00,Fan 3, of four, has failed.", table)
    assert record is not None
    assert "of four" in record.text


@pytest.mark.parametrize(
    "text",
    [
        "Tue 14 Mar 2023 08:20:01", "Tue Mar 14 2023 08:20:01", "Mar 14, 2023 8:20:01 AM", "14-Mar-2023 08:20:01",
        "2023/03/14 08:20:01", "03/14/2023 08:20:01", "2023-03-14T08:20:01Z", "Tue Mar 14 08:20:01 2023",
    ],
)  # fmt: skip
def test_a_time_is_read_in_every_order(text: str) -> None:
    assert str(any_time(text)) == "2023-03-14 08:20:01+00:00"


@given(text=st.text(max_size=60))
def test_a_time_that_is_none_raises_nothing(text: str) -> None:
    any_time(text)


@pytest.mark.parametrize("text", ["", "Pre-Init", "99 May 2021 77:88", "May 2021", "31/31/2021 10:00:00"])
def test_what_is_no_time_has_none(text: str) -> None:
    assert any_time(text) is None
