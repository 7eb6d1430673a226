"""WebSocket clients on a real server: what they see, who may, and what happens to slow ones."""

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from groundcrew.bus.memory import MemoryBus
from groundcrew.contracts.actions import ActionChanged
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import IncidentOpened
from groundcrew.runtime.serving import HttpServer, listen
from groundcrew.stores.gateway.port import Role
from groundcrew_gateway import keys
from groundcrew_gateway.live import Live
from groundcrew_gateway.settings import GatewaySection


@pytest.fixture
def section() -> GatewaySection:
    return GatewaySection(heartbeat_s=0.2, live_clients=3, live_queue=4)


@pytest.fixture
async def url(rig):
    server = HttpServer(rig.app, listen("127.0.0.1", 0, setting="gateway.port"))
    await server.start()
    yield f"ws://127.0.0.1:{server.port}/api/v1/live"
    await server.close()


def opened(rig, number: int = 1, site: str = "default"):
    data = IncidentOpened(incident=rig.fleet.incidents[0], evidence=rig.fleet.evidence)
    return wrapped(rig, data, stable_id("envelope", number), site)


def wrapped(rig, data, envelope_id: str, site: str = "default"):
    return seal(
        data,
        id=envelope_id,
        site=site,
        entity=host("brickbox-43"),
        time=rig.clock.now(),
        received_at=rig.clock.now(),
        source="fusion",
        position="1",
        produced_by=ProducedBy(service="context", version="0"),
    )


async def bearer(rig, role: Role = Role.VIEWER, sites: tuple[str, ...] = ("default",)) -> dict[str, str]:
    return {"Authorization": f"Bearer {await rig.key(role, sites)}"}


async def read(client) -> dict[str, Any]:
    """The next message that is no heartbeat."""
    while True:
        message = json.loads(await asyncio.wait_for(client.recv(), 5))
        if message["kind"] != "heartbeat":
            return message


async def test_an_incident_arrives_whole(rig, url):
    async with connect(url, additional_headers=await bearer(rig)) as client:
        assert await read(client) == {"kind": "hello", "site": "default", "heartbeat_s": 0.2}
        await rig.bus.publish(opened(rig))
        await rig.bus.settle()
        message = await read(client)
    assert (message["kind"], message["type"], message["entity"]) == ("incident", "incident.opened", "host:brickbox-43")
    assert message["data"]["incident"]["cause"]["id"] == "psu.input_lost"
    assert message["data"]["evidence"][0]["text"] == "Power Supply AC lost"


async def test_a_changed_action_arrives(rig, url):
    async with connect(url, additional_headers=await bearer(rig)) as client:
        await read(client)
        await rig.bus.publish(wrapped(rig, ActionChanged(action=rig.fleet.actions[0]), stable_id("changed")))
        await rig.bus.settle()
        message = await read(client)
    assert (message["kind"], message["data"]["action"]["state"]) == ("action", "queued")


async def test_a_client_sees_its_own_site_only(rig, url):
    demo = MemoryBus("demo", rig.clock, broker=rig.broker)
    async with connect(f"{url}?site=demo", additional_headers=await bearer(rig, sites=("default", "demo"))) as client:
        assert (await read(client))["site"] == "demo"
        await rig.bus.publish(opened(rig, 1))
        await demo.publish(opened(rig, 2, site="demo"))
        await rig.bus.settle()
        assert (await read(client))["id"] == stable_id("envelope", 2)
    await demo.close()


async def test_silence_is_broken_by_heartbeats(rig, url):
    async with connect(url, additional_headers=await bearer(rig)) as client:
        await read(client)
        assert json.loads(await asyncio.wait_for(client.recv(), 5))["kind"] == "heartbeat"


@pytest.mark.parametrize(
    ("sites", "query", "status"), [(None, "", 401), (("default",), "?site=demo", 403)], ids=["no key", "other site"]
)
async def test_who_may_not_is_told_so_before_the_handshake_ends(rig, url, sites, query, status):
    headers = await bearer(rig, sites=sites) if sites else {}
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url + query, additional_headers=headers):
            pass
    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body)["status"] == status


async def test_a_foreign_host_is_refused(rig, url):
    with pytest.raises(InvalidStatus):
        async with connect(url, additional_headers={**await bearer(rig), "Host": "evil.example"}):
            pass


async def test_a_browsers_cookie_counts_from_our_own_page_only(rig, url):
    cookie = await keys.open_session(
        rig.store, (await keys.find_key(rig.store, await rig.key())), rig.clock.now(), timedelta(hours=1)
    )
    headers = {"Cookie": f"groundcrew_session={cookie}"}
    own = url.replace("ws://", "http://").removesuffix("/api/v1/live")
    async with connect(url, additional_headers=headers, origin=own) as client:
        assert (await read(client))["kind"] == "hello"
    with pytest.raises(InvalidStatus):
        async with connect(url, additional_headers=headers, origin="https://evil.example"):
            pass


async def test_a_key_may_travel_as_a_subprotocol(rig, url):
    offered = ["groundcrew.live.v1", f"bearer.{await rig.key()}"]
    async with connect(url, subprotocols=offered) as client:
        assert client.subprotocol == "groundcrew.live.v1"


async def test_a_revoked_key_loses_its_connection(rig, url):
    headers = await bearer(rig)
    async with connect(url, additional_headers=headers) as client:
        await read(client)
        await rig.store.revoke_key(keys.key_id_of(headers["Authorization"].removeprefix("Bearer ")), rig.clock.now())
        await asyncio.wait_for(client.wait_closed(), 5)
    assert client.close_code == 4401


async def test_more_clients_than_allowed_are_sent_away(rig, url):
    headers = await bearer(rig)
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(connect(url, additional_headers=headers))
        with pytest.raises(InvalidStatus) as refused:
            await stack.enter_async_context(connect(url, additional_headers=headers))
    assert refused.value.response.status_code == 503


async def test_a_slow_client_loses_events_is_told_to_refresh_and_is_counted(rig):
    live = Live(rig.bus, rig.gateway.meters, max_clients=1, queue=4)
    client = await live.join("default")
    for number in range(7):
        await rig.bus.publish(opened(rig, number))
    await rig.bus.settle()
    assert json.loads(await client.next()) == {"kind": "refresh", "dropped": 5}
    assert [json.loads(await client.next())["id"] for _ in range(2)] == [stable_id("envelope", n) for n in (5, 6)]
    assert rig.registry.get_sample_value("groundcrew_gateway_live_dropped_total") == 5
    live.leave(client)
    assert rig.registry.get_sample_value("groundcrew_gateway_live_clients") == 0
    await live.close()


async def test_an_event_too_big_to_push_comes_without_its_data(rig):
    live = Live(rig.bus, rig.gateway.meters, max_clients=1, queue=4)
    client = await live.join("default")
    rig.fleet.incidents[0] = rig.fleet.incidents[0].model_copy(update={"steps": ["x" * 70_000]})
    await rig.bus.publish(opened(rig))
    await rig.bus.settle()
    assert json.loads(await client.next())["data"] is None
    await live.close()
