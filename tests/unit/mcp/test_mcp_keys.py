"""An accepted key is believed for a few seconds and not longer; a refused one never."""

from datetime import UTC, datetime, timedelta

import pytest

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.queries import CheckKey, Endpoints, KeyStanding
from groundcrew_mcp.caller import Caller, NotAllowed
from groundcrew_mcp.keys import KeyRefused, Keys

T0 = datetime(2026, 3, 1, tzinfo=UTC)


class Gateway:
    """Answers CHECK_KEY, and remembers who asked what."""

    def __init__(self) -> None:
        self.asked: list[CheckKey] = []
        self.standing = KeyStanding(name="assistant", role="viewer", sites=["default", "lab"])

    async def check(self, request: CheckKey) -> KeyStanding:
        self.asked.append(request)
        return self.standing


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(T0)


@pytest.fixture
async def gateway(clock):
    broker = MemoryBroker(clock)
    answers = Gateway()
    await MemoryBus("default", clock, service="gateway", broker=broker).serve(Endpoints.CHECK_KEY, answers.check)
    answers.bus = MemoryBus("default", clock, service="mcp", broker=broker)
    return answers


async def test_an_accepted_key_is_asked_about_once_in_its_time(gateway, clock):
    keys = Keys(gateway.bus, clock, keep_s=5)
    for _ in range(3):
        assert (await keys.open("k", "10.0.0.1")).name == "assistant"
    assert [(one.key, one.address) for one in gateway.asked] == [("k", "10.0.0.1")]
    clock.advance_to(T0 + timedelta(seconds=5))
    gateway.standing = KeyStanding(name="", role="", sites=[])
    with pytest.raises(KeyRefused, match="unknown or revoked"):
        await keys.open("k", "10.0.0.1")


async def test_a_refusal_is_not_remembered(gateway, clock):
    keys = Keys(gateway.bus, clock, keep_s=60)
    right, gateway.standing = gateway.standing, KeyStanding(name="", role="", sites=[])
    with pytest.raises(KeyRefused):
        await keys.open("k", "10.0.0.1")
    gateway.standing = right
    assert (await keys.open("k", "10.0.0.1")).role == "viewer"


async def test_one_key_does_not_open_for_another(gateway, clock):
    keys = Keys(gateway.bus, clock, keep_s=60)
    await keys.open("k", "10.0.0.1")
    gateway.standing = KeyStanding(name="", role="", sites=[], wait_s=12)
    with pytest.raises(KeyRefused) as refused:
        await keys.open("l", "10.0.0.1")
    assert refused.value.wait_s == 12


async def test_what_is_remembered_holds_no_key(gateway, clock):
    keys = Keys(gateway.bus, clock, keep_s=60)
    await keys.open("gck_secret", "10.0.0.1")
    assert "gck_secret" not in repr(vars(keys))
    assert "gck_secret" not in repr(gateway.asked)


def test_a_caller_reaches_the_sites_of_its_key_and_no_others():
    caller = Caller(name="assistant", role="viewer", sites=("default", "lab"))
    assert caller.site(None) == "default"
    assert caller.site("lab") == "lab"
    with pytest.raises(NotAllowed, match=r"no access to site 'other'; it has: default, lab"):
        caller.site("other")


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("operator", True), ("admin", True), ("", False)])
def test_who_may_propose(role, may):
    caller = Caller(name="assistant", role=role, sites=("default",))
    if may:
        caller.require_proposer()
    else:
        with pytest.raises(NotAllowed, match="proposing needs the role operator"):
            caller.require_proposer()
