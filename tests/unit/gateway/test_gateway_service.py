"""The gateway wired as production wires it, on a real port."""

import socket
import stat
from contextlib import AsyncExitStack

import httpx2
import pytest

from groundcrew.bus.memory import MemoryBus
from groundcrew.contracts.clock import SystemClock
from groundcrew.runtime.serving import PortTaken
from groundcrew_embedded.rehearsal import MemoryStores, rehearsal_resources
from groundcrew_gateway.service import wire
from groundcrew_gateway.settings import GatewaySection, Settings


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def resources(stack: AsyncExitStack):
    clock = SystemClock()
    return rehearsal_resources("gateway", MemoryBus("default", clock), MemoryStores(clock), clock, stack)


async def test_it_answers_on_its_port_and_stops_in_order(port, tmp_path):
    key_file = tmp_path / "api-key"
    async with AsyncExitStack() as stack:
        given = resources(stack)
        await wire(Settings(gateway=GatewaySection(port=port, admin_key_file=str(key_file))), given)
        headers = {"Authorization": f"Bearer {key_file.read_text().strip()}"}
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/healthz")).status_code == 200
            assert (await client.get("/api/v1/me", headers=headers)).json()["role"] == "admin"
            assert (await client.get("/api/v1/status", headers=headers)).status_code == 503
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert not given.tasks._ended.done()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_a_taken_port_is_named_before_anything_else_happens(port):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        async with AsyncExitStack() as stack:
            with pytest.raises(PortTaken, match=rf"127\.0\.0\.1:{port}.*gateway\.port"):
                await wire(Settings(gateway=GatewaySection(port=port)), resources(stack))


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="port"):
        GatewaySection(port=70_000)
