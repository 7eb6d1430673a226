"""How many records an event log holds, by free bytes and by units of memory, as real BMCs tell them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew_ipmi_collector.log_room import Allocation, capacity
from groundcrew_ipmi_collector.look import parse_look

COUNTS = st.integers(0, 0xFFFF)


@pytest.mark.parametrize(
    ("entries", "free_bytes", "allocation", "expected"),
    [
        (132, 8_144, Allocation(512, 20, 407), 512),
        (366, 0xFFFF, Allocation(4_000, 24, 3_634), 4_000),
        (3, 0xFFFF, Allocation(3_639, 18, 3_636), 3_639),
        (100, 4_096, Allocation(0, 0, 0), 356),
        (100, 4_096, Allocation(512, 0, 256), 356),
        (100, 0xFFFF, None, None),
        (100, 6_400, Allocation(1_000, 8, 800), 500),
        (600, 1_600, Allocation(512, 20, 0), 700),
        (512, 0, Allocation(512, 20, 0), 512),
        (10, 400, Allocation(512, 20, 20), 30),
        (10, 0xFFFF, Allocation(512, 20, 0), 512),
        (3, 15_952, Allocation(16_000, 16, 15_952), 1_000),
    ],
    ids=[
        "records of 20 bytes", "more than 64 KiB", "65535 or more", "units not told", "unit size not told",
        "nothing told", "two units each", "fewer units than records", "full", "space that was not reclaimed",
        "units that are never counted down", "bytes told as units",
    ],
)  # fmt: skip
def test_capacity(entries, free_bytes, allocation, expected):
    assert capacity(entries, free_bytes, allocation) == expected


@given(COUNTS, st.none() | COUNTS, st.none() | st.builds(Allocation, COUNTS, COUNTS, COUNTS))
def test_what_is_in_the_log_fits_into_it(entries, free_bytes, allocation):
    fits = capacity(entries, free_bytes, allocation)
    assert fits is None or fits >= entries


def test_ipmitool_s_words_for_units_are_read():
    look = parse_look(
        "SEL Information\nEntries          : 366\nFree Space       : 65535 bytes or more\nPercent Used     : unknown\n"
        "Supported Cmds   : 'Partial Add' 'Reserve' 'Get Alloc Info' \n# of Alloc Units : 4000\n"
        "Alloc Unit Size  : 24\n# Free Units     : 3634\nLargest Free Blk : 3634\nMax Record Size  : 1\n",
        "",
        0,
    )
    assert look.sel is not None
    assert look.sel.capacity == 4_000
    assert look.facts()["sel_percent_used"] == "9"


@pytest.mark.parametrize("line", ["# of Alloc Units : many", "Alloc Unit Size  : -1", "Free Space : 9999999999999"])
def test_what_is_no_count_is_as_good_as_untold(line):
    look = parse_look(f"SEL Information\nEntries : 5\n{line}\n# Free Units : 3\n", "", 0)
    assert look.sel is not None
    assert look.sel.capacity is None
