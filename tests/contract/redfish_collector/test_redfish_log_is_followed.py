"""Each entry once, whatever the service does with its log."""

from typing import Any

import pytest
from tests.bmc.redfish.bmc import RedfishBmc

from .reading import Reading

SHAPES: dict[str, dict[str, Any]] = {
    "newest first": {},
    "oldest first": {"newest_first": False},
    "oldest first, skipping refused": {"newest_first": False, "skips": False, "page": 5_000},
    "cut without a next link": {"next_links": False},
    "oldest first and cut": {"next_links": False, "newest_first": False},
    "linked": {"linked": True},
    "linked, oldest first": {"linked": True, "newest_first": False},
    "small pages": {"page": 7},
    "linked, and written out when asked": {"linked": True, "expands": True, "page": 7},
    "linked, oldest first, written out when asked": {
        "linked": True,
        "expands": True,
        "newest_first": False,
        "page": 20,
    },
    "linked, small pages": {"linked": True, "page": 7},
}


@pytest.fixture(params=SHAPES.values(), ids=SHAPES.keys())
def bmc(request: pytest.FixtureRequest) -> RedfishBmc:
    return RedfishBmc(**request.param)


async def test_a_log_that_grows_is_read_once(bmc: RedfishBmc, reading: Reading):
    bmc.add(130)
    await reading.poll()
    assert reading.numbers == list(range(1, 131))
    bmc.add(3)
    await reading.poll()
    await reading.again().poll()
    bmc.add(60)
    await reading.poll()
    assert reading.numbers == list(range(1, 194))


async def test_entries_of_a_cleared_log_are_new_and_the_clear_is_told(bmc: RedfishBmc, reading: Reading):
    bmc.add(20)
    await reading.poll()
    bmc.clear()
    bmc.add(25, "Another tick")
    await reading.poll()
    assert reading.numbers == [*range(1, 21), *range(1, 26)]
    assert [change for change, _ in reading.changes] == ["cleared"]
    assert len({row_id for row_id, *_ in reading.rows}) == 45


async def test_a_log_that_wrapped_past_what_is_known_says_what_was_lost(bmc: RedfishBmc, reading: Reading):
    bmc.keeps = 50
    bmc.add(60)
    await reading.poll()
    bmc.add(70)
    await reading.poll()
    assert reading.numbers == [*range(11, 61), *range(81, 131)]
    ((change, detail),) = reading.changes
    assert change == "lost"
    assert detail.startswith("records were overwritten before they were read: ids 61 to 80; 50 records before, 50 now")


async def test_a_log_that_is_empty_while_the_bmc_starts_is_not_taken_for_cleared(bmc: RedfishBmc, reading: Reading):
    bmc.add(20)
    await reading.poll()
    bmc.empty_log = True
    await reading.poll()
    bmc.empty_log = False
    bmc.add(1)
    await reading.poll()
    assert reading.numbers == list(range(1, 22))
