"""An event has the log read at once; a stream that is broken, silent or mad costs speed and nothing else."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.bmc.redfish.bmc import RedfishBmc
from tests.bmc.redfish.certificates import Certified
from tests.bmc.redfish.server import Served

from .reading import Reading, reading_of

LONG_S = 30.0
"""Until the next look that nobody asked for: no test waits for it."""


@pytest.fixture
def bmc() -> RedfishBmc:
    return RedfishBmc(streams=True)


def ends(reading: Reading, reason: str) -> float:
    name = "groundcrew_ipmi_collector_event_stream_ends_total"
    return reading.registry.get_sample_value(name, {"reason": reason}) or 0


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def woken(reading: Reading) -> None:
    """The next look, which is not due yet."""
    async with asyncio.timeout(LONG_S / 2):
        await reading.poller.rest(LONG_S)
    await reading.poll()


async def test_a_new_entry_is_read_long_before_the_next_look_is_due(bmc: RedfishBmc, reading: Reading):
    await reading.poll()
    assert reading.facts["events"] == "stream"
    bmc.add(3)
    await woken(reading)
    assert reading.numbers == [1, 2, 3]
    assert (bmc.opened, bmc.most_open, bmc.most_streams) == (1, 1, 1), "the stream is in the session of the looks"


async def test_the_stream_ends_with_the_session(bmc: RedfishBmc, reading: Reading):
    await reading.poll()
    assert bmc.streams_open == 1
    await reading.poller.close()
    await until(lambda: bmc.streams_open == 0)
    assert bmc.sessions == {}
    assert ends(reading, "left") == 1


async def test_who_else_takes_the_turn_has_the_stream_closed_first(bmc: RedfishBmc, reading: Reading):
    await reading.poll()
    await reading.poller.end_session()
    await until(lambda: bmc.streams_open == 0)
    await reading.poll()
    assert (bmc.streams_opened, bmc.most_open) == (2, 1)


@pytest.mark.parametrize("fault", ["drops", "half"])
async def test_a_stream_that_breaks_has_the_log_read_and_is_not_opened_at_once(
    bmc: RedfishBmc, reading: Reading, fault: str
):
    await reading.poll()
    bmc.stream_fault = fault
    bmc.add(1)
    await woken(reading)
    assert reading.numbers == [1]
    assert ends(reading, "closed") == 1
    await reading.poll()
    assert bmc.streams_opened == 1, "half a minute has not passed"
    assert reading.facts["events"] == "every 30 s"


async def test_what_a_silent_stream_does_not_tell_is_read_when_it_is_due(bmc: RedfishBmc, reading: Reading):
    bmc.stream_fault = "silent"
    await reading.poll()
    bmc.add(2)
    await reading.poller.rest(0.05)
    await reading.poll()
    assert reading.numbers == [1, 2]


@pytest.mark.parametrize(("fault", "reason"), [("garbage", "unreadable"), ("floods", "flood")])
async def test_a_mad_stream_is_closed(bmc: RedfishBmc, reading: Reading, fault: str, reason: str):
    await reading.poll()
    bmc.stream_fault = fault
    bmc.add(1)
    await until(lambda: ends(reading, reason) == 1)
    await until(lambda: bmc.streams_open == 0)
    await woken(reading)
    assert reading.numbers == [1]


async def test_a_stream_that_is_refused_costs_nothing_but_the_question(bmc: RedfishBmc, reading: Reading):
    bmc.stream_fault = "refuses"
    bmc.add(1)
    await reading.poll()
    await reading.poll()
    assert reading.numbers == [1]
    assert ends(reading, "refused") == 1
    assert reading.sources["sel"][0] == "present"


async def test_there_are_no_more_streams_than_there_may_be(
    bmc: RedfishBmc, served: Served, certificates: Certified, tmp_path: Path
):
    reading = reading_of(served, tmp_path, tls_ca=str(certificates.ca), section={"event_streams": 0})
    bmc.add(1)
    await reading.poll()
    assert bmc.streams_opened == 0
    assert reading.numbers == [1]
