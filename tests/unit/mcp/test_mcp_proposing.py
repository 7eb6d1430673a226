"""A proposal over MCP meets the real policy: it is refused, or waits, and never more than that by itself."""

import pytest

from groundcrew.bus.access import may_request
from groundcrew.contracts.actions import ActionState, AutonomyLevel
from groundcrew.contracts.queries import ActionQuery, ActionsQuery, Endpoints
from groundcrew.stores.gateway.port import Role

PROPOSE = "propose_service_restart"
WANTED = {"host": "brickbox-43", "unit": "trainer.service", "reason": "it failed"}


@pytest.fixture
async def served(site):
    await site.gateway()
    await site.mcp()
    return site


async def proposed(served, role=Role.OPERATOR, **changes):
    key = await served.key(role)
    async with served.client(key.text) as client:
        return await client.call_tool(PROPOSE, WANTED | changes)


async def actions(site):
    return (await site.outside.request(Endpoints.ACTIONS, ActionsQuery())).items


async def test_at_suggest_it_waits_for_a_person(served):
    await served.actions(AutonomyLevel.SUGGEST)
    result = await proposed(served)
    assert result.structured_content["state"] == "queued"
    assert "a person approves it" in result.structured_content["said"]
    action = await served.outside.request(Endpoints.ACTION, ActionQuery(id=result.structured_content["action_id"]))
    assert action.state is ActionState.QUEUED
    assert action.argv == ["systemctl", "restart", "--", "trainer.service"]
    assert (action.proposed_by, action.target, action.reason) == ("mcp:assistant", "host:brickbox-43", "it failed")


async def test_at_observe_it_is_refused_and_recorded(served):
    await served.actions(AutonomyLevel.OBSERVE)
    result = await proposed(served)
    assert result.structured_content["state"] == "refused"
    assert result.structured_content["said"] == "disruptive at autonomy observe: recorded, not run"
    assert [one.state for one in await actions(served)] == [ActionState.REFUSED]


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("-.service", "expected the name of a service unit with its suffix, e.g. 'trainer.service'"),
        ("a;reboot.service", "expected the name of a service unit with its suffix, e.g. 'trainer.service'"),
        ("ü\n.service", "expected the name of a service unit with its suffix, e.g. 'trainer.service'"),
        ("trainer", "expected the name of a service unit with its suffix, e.g. 'trainer.service'"),
        ("sshd.service", "is protected (ssh*)"),
    ],
)
async def test_a_unit_that_policy_does_not_take_is_refused_with_one_clear_line(served, unit, said):
    await served.actions(AutonomyLevel.AUTO_FULL)
    result = await proposed(served, unit=unit)
    assert result.structured_content["state"] == "refused"
    assert said in result.structured_content["said"]
    assert "\n" not in result.structured_content["said"]


async def test_a_viewer_may_not_propose(served):
    await served.actions(AutonomyLevel.AUTO_FULL)
    result = await proposed(served, Role.VIEWER)
    assert result.is_error
    assert "proposing needs the role operator; the key 'assistant' has viewer" in result.content[0].text
    assert await actions(served) == []


async def test_a_host_that_is_not_there_gets_no_proposal(served):
    await served.actions(AutonomyLevel.SUGGEST)
    result = await proposed(served, host="brickbox-44")
    assert result.is_error
    assert "there is no host 'brickbox-44'" in result.content[0].text
    assert await actions(served) == []


async def test_asking_again_gets_the_same_action_and_not_a_second_one(served):
    await served.actions(AutonomyLevel.SUGGEST)
    first = (await proposed(served)).structured_content
    again = (await proposed(served, reason="in other words")).structured_content
    assert (again["action_id"], again["already_there"]) == (first["action_id"], True)
    other = (await proposed(served, unit="nginx.service")).structured_content
    assert other["action_id"] != first["action_id"]
    assert len(await actions(served)) == 2


async def test_a_site_outside_the_key_gets_no_proposal(served):
    await served.actions(AutonomyLevel.SUGGEST)
    result = await proposed(served, site="lab")
    assert result.is_error
    assert "this key has no access to site 'lab'" in result.content[0].text


async def test_no_tool_approves(served):
    await served.actions(AutonomyLevel.SUGGEST)
    key = await served.key(Role.ADMIN)
    async with served.client(key.text) as client:
        tools = (await client.list_tools()).tools
    writing = [tool.name for tool in tools if not tool.annotations.read_only_hint]
    assert writing == [PROPOSE]
    assert not may_request("mcp", Endpoints.DECIDE), "nor would the bus let mcp ask for a decision"


async def test_while_actions_is_away_nothing_is_proposed(served):
    result = await proposed(served)
    assert result.is_error
    assert "context cannot tell just now" in result.content[0].text
