"""What the gateway tells mcp of a key."""

import pytest

from groundcrew.contracts.queries import CheckKey
from groundcrew.stores.gateway.port import Role
from groundcrew_gateway import keys
from groundcrew_gateway.standing import Standings


@pytest.fixture
def gateway(rig):
    return rig.gateway


@pytest.fixture
def standings(gateway):
    return Standings(gateway)


async def made(gateway, **changes):
    key = keys.make_key("assistant", Role.OPERATOR, ("default", "lab"), gateway.clock.now())
    await gateway.store.add_key(key.key)
    return key


async def test_a_key_opens_its_sites_under_its_role(gateway, standings):
    key = await made(gateway)
    standing = await standings.check(CheckKey(key=key.text, address="10.0.0.1"))
    assert (standing.name, standing.role, standing.sites) == ("assistant", "operator", ["default", "lab"])
    assert (await gateway.store.key(key.key.id)).last_used_at == gateway.clock.now()


async def test_a_revoked_key_opens_nothing(gateway, standings):
    key = await made(gateway)
    await gateway.store.revoke_key(key.key.id, gateway.clock.now())
    assert (await standings.check(CheckKey(key=key.text, address="10.0.0.1"))).name == ""


async def test_refused_keys_count_against_the_client_s_address(gateway, standings):
    wrong = CheckKey(key="gck_000000000000_" + "x" * 43, address="10.0.0.1")
    for _ in range(10):
        assert (await standings.check(wrong)).wait_s == 0
    assert (await standings.check(wrong)).wait_s > 0
    elsewhere = wrong.model_copy(update={"address": "10.0.0.2"})
    assert (await standings.check(elsewhere)).wait_s == 0
    key = await made(gateway)
    assert (await standings.check(CheckKey(key=key.text, address="10.0.0.1"))).name == "assistant"


def test_a_key_is_not_shown_by_the_request_that_carries_it():
    assert "gck_" not in repr(CheckKey(key="gck_secret"))
