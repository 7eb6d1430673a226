"""A part that has less than that of sister hosts stands out; where all have less, the boards are built so."""

import pytest

from groundcrew.contracts.incidents import Severity, TriggerState
from groundcrew.contracts.inventory import Inventory, InventoryHost

from .conftest import Crew

MINUTE = 60
CARD = "0000:61:00.0"


def fleet(*names, role="compute", model="R760"):
    return [InventoryHost(name=name, role=role, model=model, switch=f"tor-{name}") for name in names]


def less(trigger, host, at=0.0, part=CARD, **more):
    return trigger(
        host, "pcie.link_degraded", rule="pcie.link-limited", part=part, severity=Severity.INFO, at=at, **more
    )


def whole(trigger, host, at=0.0, part=CARD):
    return trigger(host, rule="pcie.link-whole", part=part, severity=Severity.INFO, at=at)


@pytest.fixture
def crew():
    return Crew(Inventory(host=fleet("n1", "n2", "n3")))


@pytest.mark.parametrize("first", ["less", "whole"])
def test_a_card_at_half_width_stands_out_beside_a_whole_one(crew, trigger, first):
    words = [less(trigger, "n1", 0), whole(trigger, "n2", 60)]
    crew.see(*(words if first == "less" else reversed(words)))
    assert crew.wait_until(9 * MINUTE).incidents == [], "the others may be starting still"
    crew.wait_until(12 * MINUTE)
    assert (crew.only.cause.id, crew.only.cause.component, crew.only.hosts) == ("pcie.link_degraded", CARD, ["n1"])
    assert crew.only.severity is Severity.WARNING


def test_it_is_told_once(crew, trigger):
    crew.see(less(trigger, "n1"), whole(trigger, "n2", 60)).wait_until(12 * MINUTE).wait_until(13 * MINUTE)
    assert crew.see(whole(trigger, "n3", 14 * MINUTE)).wait_until(30 * MINUTE).only.trigger_count == 1


@pytest.mark.parametrize(
    ("role", "model", "part"),
    [("storage", "R760", CARD), ("compute", "R740", CARD), ("compute", "R760", "0000:62:00.0")],
)
def test_what_is_built_otherwise_is_not_compared(trigger, role, model, part):
    crew = Crew(Inventory(host=[*fleet("n1"), *fleet("n2", role=role, model=model)]))
    assert crew.see(less(trigger, "n1"), whole(trigger, "n2", part=part)).wait_until(60 * MINUTE).incidents == []


def test_where_most_have_less_the_boards_are_built_so(crew, trigger):
    crew.see(less(trigger, "n1"), less(trigger, "n2"), whole(trigger, "n3"))
    assert crew.wait_until(60 * MINUTE).incidents == []


def test_a_card_that_is_whole_at_the_next_start_stands_out_no_more(crew, trigger):
    crew.see(less(trigger, "n1"), whole(trigger, "n2"), less(trigger, "n1", 5 * MINUTE, state=TriggerState.CLEARED))
    assert crew.wait_until(60 * MINUTE).incidents == []


def test_a_lone_host_is_compared_with_nobody(trigger):
    crew = Crew(Inventory(host=fleet("n1")))
    assert crew.see(less(trigger, "n1")).wait_until(60 * MINUTE).incidents == []


def test_it_stands_out_after_a_take_over(crew, trigger):
    words = [less(trigger, "n1"), whole(trigger, "n2")]
    crew.see(*words)
    heir = Crew(Inventory(host=fleet("n1", "n2", "n3")))
    heir.fusion.recall([(one, None) for one in words])
    assert heir.wait_until(12 * MINUTE).only.hosts == ["n1"]
