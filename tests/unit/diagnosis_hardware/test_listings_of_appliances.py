"""What HPE's, Oracle's, VMware's, NetApp's and Meta's tools and the pages of BMCs print is read in ipmitool's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.freeipmi_states import holds
from groundcrew.diagnosis.listings import read_listing
from groundcrew.diagnosis.page_exports import parse_page_row

FORMS = {
    "iLO log1": "  number=7\n  severity=Critical\n  date=05/06/2021\n  time=10:20\n  description=Fan failed\n",
    "hplog": "0007 Critical       10:20  05/06/2021 10:20  05/06/2021 0001\nLOG: Fan failed\n",
    "RIBCL event log": (
        '<EVENT\n SEVERITY="Critical"\n CLASS="Environment"\n LAST_UPDATE="05/06/2021 10:20"\n'
        ' INITIAL_UPDATE="05/06/2021 10:20"\n COUNT="1"\n DESCRIPTION="Fan failed"\n/>\n'
    ),
    "ILOM event list": "7      Thu May  6 10:20:00 2021  Fault     Fault     critical\n       Fan failed\n",
    "esxcli hardware ipmi sel": (
        "Record:7:\n   Record Id: 7\n   When: 2021-05-06T10:20:00\n   Event Type: 111 (Unknown)\n"
        "   SEL Type: 2 (System Event)\n   Message: Assert + Fan Transition to Off Line\n   Sensor Number: 50\n"
    ),
    "NetApp events": (
        "Record 7: Thu May 06 10:20:00.110000 2021 [IPMI.critical]: 0001 | 02 | EVT: 0301ffff | PSU1_Fault | "
        'Assertion Event, "State Asserted"\n'
    ),
    "saved page": "7,2021/05/06 10:20:00,FAN1,Fan,Lower Critical - Going Low - Assertion\n",
    "log-util": (
        "2    slot2    2021-05-06 10:20:00    ipmid            SEL Entry: FRU: 2, Record: Standard (0x02), "
        "Time: 2021-05-06 10:20:00, Sensor: SYSTEM_STATUS (0x10), Event Data: (06FFFF) HSC_OC warning Assertion\n"
    ),
}


@pytest.mark.parametrize("kind", FORMS)
def test_each_form_gives_one_dated_record_and_no_line_is_left(kind: str) -> None:
    listing = read_listing(FORMS[kind])
    assert listing.kinds == [kind]
    assert [str(record.time) for record in listing.records] == ["2021-05-06 10:20:00+00:00"]
    assert listing.unparsed == []


@pytest.mark.parametrize("kind", FORMS)
@given(cut=st.integers(min_value=0, max_value=400), noise=st.text(max_size=40))
def test_what_is_cut_or_garbled_costs_no_more_than_its_record(kind: str, cut: int, noise: str) -> None:
    text = FORMS[kind]
    listing = read_listing(f"{text[:cut]}{noise}\n{FORMS['saved page']}")
    assert any(record.sensor == "Fan FAN1" for record in listing.records)
    assert len(listing.records) <= 3


def test_a_repaired_entry_of_hpes_log_tells_the_end() -> None:
    text = FORMS["hplog"].replace("Critical", "Repaired")
    assert [record.asserted for record in read_listing(text).records] == [False]


@pytest.mark.parametrize(
    ("row", "sensor", "event", "asserted"),
    [
        (
            "3,2024/07/04 06:45:05,FANA            ,Fan,Lower Critical - Going Low - De-assertion",
            "Fan FANA", "Lower Critical going Low", False,
        ),
        (
            "4,2024/07/04 06:45:05,,Memory,Uncorrectable ECC @ DIMMD2(CPU1) - Assertion",
            "Memory", "Uncorrectable ECC (@DIMMD2(CPU1))", True,
        ),
        (
            '"5","07/04/2024","06:45:05","PSU1 Status","Power Supply","Failure Detected - Asserted"',
            "Power Supply PSU1 Status", "Failure Detected", True,
        ),
        (
            "6,2024-07-04 06:45:05,[Warning],HDD3,Drive Slot,Drive Fault - Asserted",
            "Drive Slot / Bay HDD3", "Drive Fault", True,
        ),
    ],
)  # fmt: skip
def test_a_row_of_a_saved_page_is_told_in_ipmitools_words(row: str, sensor: str, event: str, *, asserted: bool) -> None:
    record = parse_page_row(row)
    assert record is not None
    assert (record.sensor, record.event, record.asserted) == (sensor, event, asserted)
    assert str(record.time) == "2024-07-04 06:45:05+00:00"


@pytest.mark.parametrize(
    "row",
    [
        "",
        "1,2,3,4",
        "1,07/04/2024,06:45:05,Fan FANA,Lower Critical going low,Asserted",
        "a,b,c,d,e",
        "1,2024/07/04 06:45:05,FANA,Fan,Lower Critical",
    ],
)
def test_rows_of_other_forms_are_no_page(row: str) -> None:
    assert parse_page_row(row) is None


@pytest.mark.parametrize(
    ("event", "state", "told"),
    [
        ("Lower Critical - going low ; Threshold = 500.00 RPM", "Critical", True),
        ("Lower Critical - going low ; Threshold = 500.00 RPM", "Warning", False),
        ("Upper Non-critical - going high", "Warning", True),
        ("Upper Non-critical - going high", "Nominal", False),
        ("Power Supply input lost (AC/DC)", "Warning", False),
        ("Redundancy Lost", "Critical", True),
        ("Power Supply Failure detected", "Critical", None),
        ("General Chassis Intrusion", "Critical", None),
    ],
)
def test_a_state_tells_the_direction_where_freeipmi_judges_the_end_otherwise(
    event: str, state: str, *, told: bool | None
) -> None:
    assert holds(event, state) is told
