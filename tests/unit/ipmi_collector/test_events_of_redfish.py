"""Streams of events in pieces of any size, and how often events may have a BMC looked at."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.clock import VirtualClock
from groundcrew.diagnosis.redfish_events import MAX_EVENT, EventReader, Heard
from groundcrew_ipmi_collector.redfish.waking import SOON_S, SPACE_S, Waking

STREAM = (
    b": stream keep-alive\r\n\r\n"
    b'id:2\r\ndata:{\r\ndata:  "Events": [\r\ndata: {"Message": "A fan stopped."}]\r\ndata:}\r\n\r\n'
    b'event: x\nid: 3\ndata: {"@odata.type": "#MetricReport.v1_0_0.MetricReport"}\n\n'
    b"data: {not json\n\n"
    b"retry: 100\n\n"
    b'data: {"Events": [{}]}\r\r'
    b'data: {"Events": [{"half'
)
HEARD = [Heard.EVENT, Heard.REPORT, Heard.UNREADABLE, Heard.EVENT]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_a_stream_says_the_same_however_it_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    reader = EventReader()
    heard = [kind for start, end in pairwise(places) for kind in reader.feed(STREAM[start:end])]
    assert heard == HEARD


@given(st.lists(st.binary(max_size=400), max_size=30))
def test_garbage_is_heard_as_something_or_nothing(pieces: list[bytes]) -> None:
    reader = EventReader()
    for piece in pieces:
        assert all(isinstance(kind, Heard) for kind in reader.feed(piece))
    assert reader.feed(b'\n\n\n\ndata: {"Events": []}\n\n')[-1] is Heard.EVENT, "what follows is read"


def test_an_event_without_end_is_not_kept() -> None:
    reader = EventReader()
    for _ in range(100):
        assert reader.feed(b"data: " + b"x" * 40_000 + b"\n") == []
        assert reader.feed(b"data: " + b"y" * 40_000) == []
        reader.feed(b"y" * 40_000)
    assert len(reader._data) + len(reader._line) <= MAX_EVENT + 128 * 1024
    assert reader.feed(b"\n\n") == [Heard.UNREADABLE]


class Rested:
    def __init__(self) -> None:
        self.clock = VirtualClock(datetime(2026, 3, 4, tzinfo=UTC))
        self.waking = Waking(self.clock)
        self.slept: list[float] = []
        self.clock.sleep = self._sleep  # type: ignore[method-assign]

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def after_an_event(self, *, found: bool) -> float:
        """Seconds from an event to the look that it causes, when it comes right after a look."""
        self.waking.begins()
        self.waking.wake()
        await self.waking.rest(600)
        self.waking.begins()
        self.waking.ended(found)
        return self.slept[-1]


async def test_events_that_tell_of_entries_have_a_look_each_few_seconds() -> None:
    rested = Rested()
    assert [await rested.after_an_event(found=True) for _ in range(4)] == [SPACE_S] * 4
    assert SOON_S < SPACE_S


async def test_events_that_tell_of_nothing_have_fewer_and_fewer_looks() -> None:
    rested = Rested()
    waits = [await rested.after_an_event(found=False) for _ in range(20)]
    assert waits == sorted(waits)
    assert waits[-1] == 600, "as if there were no events"
    await rested.after_an_event(found=True)
    assert await rested.after_an_event(found=True) == SPACE_S


async def test_after_an_event_without_an_entry_it_is_looked_once_more() -> None:
    rested = Rested()
    await rested.after_an_event(found=False)
    await rested.waking.rest(600)
    assert len(rested.slept) == 2, "the entry may be written later than the event is told"
