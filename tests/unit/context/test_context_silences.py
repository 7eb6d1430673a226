"""Silences as context keeps them: bounded, with who and why, and the same for all who follow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import PublishDenied, RequestFailed
from groundcrew.contracts.clock import VirtualClock, to_us
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.queries import AddSilence, EndSilence, Failure, SilencesQuery
from groundcrew.contracts.silences import MAX_DURATION, Silence, Window
from groundcrew.contracts.streams import Buckets
from groundcrew.runtime.inventory import InventoryView
from groundcrew.runtime.silences import SilencesView
from groundcrew_context import silences as module
from groundcrew_context.silences import KEPT_FOR, Silences

NOW = datetime(2026, 3, 4, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOG = structlog.wrap_logger(structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger("critical"))


def window(**changes: Any) -> Window:
    plain = {
        "targets": ["host:web-01"], "starts_at": NOW, "ends_at": NOW + 2 * HOUR, "why": "new firmware"
    }  # fmt: skip
    return Window(**(plain | changes))


class Desk:
    def __init__(self) -> None:
        self.clock = VirtualClock(NOW)
        self.broker = MemoryBroker(self.clock)
        self.inventory = InventoryView(LOG)
        self.inventory.newest = Inventory(
            host=[
                InventoryHost(name="web-01", role="web", rack="r7", bmc="web-01-bmc"),
                InventoryHost(name="gpu-01", role="gpu", rack="r7"),
                InventoryHost(name="gpu-02", role="gpu-train", rack="r8"),
            ]
        )
        self.view = SilencesView(self.inventory, LOG)

    async def open(self) -> None:
        bus = MemoryBus("demo", self.clock, service="context", broker=self.broker)
        self.silences = Silences(await bus.key_value(Buckets.SILENCES), self.clock, LOG)
        self.trigger = await MemoryBus("demo", self.clock, service="trigger", broker=self.broker).key_value(
            Buckets.SILENCES
        )
        await self.trigger.watch(self.view.changed)

    async def add(self, **changes: Any) -> Silence:
        made = await self.silences.add(AddSilence(actor="ada", window=window(**changes)))
        await self.broker.settle()
        return made

    async def end(self, silence: Silence) -> Silence:
        ended = await self.silences.end(EndSilence(actor="grace", id=silence.id))
        await self.broker.settle()
        return ended

    def covered(self, *entities: str, rule: str = "nic.link-down", after: timedelta = HOUR) -> list[bool]:
        when = to_us(NOW + after)
        return [self.view.silenced(each, rule, ["nic.link_flap"], when) is not None for each in entities]


@pytest.fixture
async def desk() -> Desk:
    desk = Desk()
    await desk.open()
    return desk


async def test_a_host_is_silenced_with_the_bmc_that_sits_in_it(desk: Desk) -> None:
    made = await desk.add()
    assert desk.covered("host:web-01", "bmc:web-01-bmc", "host:gpu-01", "bmc:other") == [True, True, False, False]
    told = desk.view.silenced("host:web-01", "nic.link-down", [], to_us(NOW + HOUR))
    assert told is not None
    assert (told.by, told.until_us) == (f"silence {made.id[:8]}: new firmware", to_us(NOW + 2 * HOUR))


@pytest.mark.parametrize(
    ("target", "covered"),
    [
        ("all", [True, True, True, True]),
        ("rack:r7", [True, True, False, False]),
        ("role:gpu*", [False, True, True, False]),
        ("host:gpu-0?", [False, True, True, False]),
        ("entity:host:elsewhere", [False, False, False, True]),
    ],
)
async def test_roles_racks_and_patterns_are_looked_up_in_the_inventory(
    desk: Desk, target: str, covered: list[bool]
) -> None:
    await desk.add(targets=[target])
    assert desk.covered("host:web-01", "host:gpu-01", "host:gpu-02", "host:elsewhere") == covered


async def test_it_may_be_about_some_rules_or_causes_only(desk: Desk) -> None:
    await desk.add(rules=["psu.*"])
    assert desk.covered("host:web-01") == [False]
    assert desk.covered("host:web-01", rule="psu.input-lost") == [True]
    await desk.add(rules=["nic.link_flap"])
    assert desk.covered("host:web-01") == [True], "it is a cause of the rule"


async def test_it_holds_from_its_start_until_just_before_its_end(desk: Desk) -> None:
    await desk.add(starts_at=NOW + HOUR)
    assert [desk.covered("host:web-01", after=after)[0] for after in (HOUR - timedelta(seconds=1), HOUR, 2 * HOUR)] == [
        False,
        True,
        False,
    ]


async def test_it_is_ended_early_and_it_stands_who_did(desk: Desk) -> None:
    made = await desk.add()
    desk.clock.advance_to(NOW + HOUR / 2)
    ended = await desk.end(made)
    assert (ended.by, ended.ended_by, ended.ends_at) == ("ada", "grace", NOW + HOUR / 2)
    assert desk.covered("host:web-01") == [False]
    assert (await desk.silences.silences(SilencesQuery())).items == []
    assert (await desk.silences.silences(SilencesQuery(over=True))).items == [ended]
    with pytest.raises(RequestFailed, match="is over since"):
        await desk.end(made)


async def test_one_that_is_only_planned_never_begins(desk: Desk) -> None:
    made = await desk.add(starts_at=NOW + HOUR)
    await desk.end(made)
    assert desk.covered("host:web-01", after=HOUR + timedelta(minutes=1)) == [False]


async def test_it_survives_a_restart_of_context_and_of_trigger(desk: Desk) -> None:
    made = await desk.add()
    await desk.open()
    assert (await desk.silences.silences(SilencesQuery())).items == [made]
    desk.view = SilencesView(desk.inventory, LOG)
    await desk.trigger.watch(desk.view.changed)
    assert desk.covered("host:web-01") == [True]


async def test_there_is_a_bound_and_the_error_says_what_to_do(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_STANDING", 3)
    for number in range(3):
        await desk.add(why=f"number {number}")
    with pytest.raises(RequestFailed, match="there are 3 silences already: end some"):
        await desk.add()


async def test_those_that_are_over_for_long_age_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OVER", 2)
    for number in range(4):
        await desk.end(await desk.add(why=f"number {number}"))
        desk.clock.advance_to(desk.clock.now() + timedelta(minutes=1))
    kept = (await desk.silences.silences(SilencesQuery(over=True))).items
    assert [each.why for each in kept] == ["number 3", "number 2"]
    desk.clock.advance_to(NOW + KEPT_FOR + HOUR)
    later = desk.clock.now()
    await desk.add(starts_at=later, ends_at=later + HOUR, why="later")
    assert [each.why for each in (await desk.silences.silences(SilencesQuery(over=True))).items] == ["later"]


async def test_two_processes_do_not_write_over_each_other(desk: Desk) -> None:
    other = MemoryBus("demo", desk.clock, service="context", broker=desk.broker)
    second = Silences(await other.key_value(Buckets.SILENCES), desk.clock, LOG)
    await desk.add(why="one")
    await second.add(AddSilence(actor="grace", window=window(why="other")))
    assert len((await desk.silences.silences(SilencesQuery())).items) == 2


async def test_only_context_may_write_them(desk: Desk) -> None:
    with pytest.raises(PublishDenied):
        await desk.trigger.put("current", b"{}")


async def test_what_is_no_book_leaves_the_one_before_in_force(desk: Desk) -> None:
    await desk.add()
    await desk.view.changed("current", b'{"revision": 99, "silence": [{}]}')
    assert desk.covered("host:web-01") == [True]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ends_at": NOW - HOUR}, "expected after starts_at"),
        ({"ends_at": NOW + MAX_DURATION + HOUR}, "at most 92 days after"),
        ({"targets": ["web-01"]}, "'web-01': expected 'all', or one of host:NAME"),
        ({"targets": ["hosts:web-01"]}, "expected 'all', or one of"),
        ({"targets": []}, "at least 1 item"),
        ({"why": "  "}, "a reason that the next person understands"),
        ({"rules": [""]}, "1 to 260 printable characters"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused_with_one_sentence(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        window(**changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"starts_at": NOW - 2 * HOUR, "ends_at": NOW}, "ends_at: expected in the future"),
        ({"starts_at": NOW + 400 * 24 * HOUR, "ends_at": NOW + 401 * 24 * HOUR}, "at most 366 days ahead"),
    ],
)
async def test_a_window_in_the_past_or_far_ahead_is_refused(desk: Desk, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestFailed, match=told) as refused:
        await desk.add(**changes)
    assert refused.value.failure is Failure.INVALID


@given(st.lists(st.text(max_size=20), max_size=3), st.text(max_size=20), st.text(max_size=20))
def test_no_pattern_breaks_the_matching(rules: list[str], rule: str, entity: str) -> None:
    try:
        made = window(rules=rules, targets=[f"host:{entity}"])
    except ValidationError:
        return
    silence = Silence(**made.model_dump(), id="0" * 32, by="ada", created_at=NOW)
    silence.covers(rule, [])
    assert silence.aims_at(f"host:{entity}", "", "", "") is False
