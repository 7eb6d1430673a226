"""The stack in containers: everything gets ready, tells a fault, survives a kill, and leaves nothing behind."""

import json
import os
import signal
import socket
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from groundcrew.contracts.envelope import Envelope, ProducedBy, encode
from groundcrew.runtime.probes import HEALTH_PORTS
from groundcrew_embedded.feeder import Feeder
from groundcrew_embedded.scenario import read

pytestmark = pytest.mark.compose

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
SERVICES = tuple(HEALTH_PORTS)
SERVERS = ("nats", "timescaledb", "redis", "prometheus")


def host_observations(scenario: str) -> list[Envelope[Any]]:
    """What a scenario's hosts saw, as if it ended now; no collector for BMCs runs in this stack."""
    told = read(SCENARIOS / scenario)
    shift = timedelta(seconds=round((datetime.now(UTC) - told.end).total_seconds()))
    feeder = Feeder(told, "default", ProducedBy(service="host-collector", version="test"), shift=shift)
    return [message for _, step in feeder.steps() for message in step if message.entity.startswith("host:")]


def incidents(stack: Any, cause: str) -> list[dict[str, Any]]:
    items = stack.get("/api/v1/incidents", stack.key())["items"]
    return [item for item in items if item["cause"] and item["cause"]["id"] == cause]


def until(stack: Any, cause: str, seconds: float = 60) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def there() -> bool:
        found[:] = incidents(stack, cause)
        return bool(found)

    stack.wait_for(there, seconds, lambda: str(stack.get("/api/v1/incidents", stack.key()))[:2000])
    return found[0]


def test_every_container_gets_ready(stack: Any) -> None:
    stack.wait_healthy((*SERVERS, *SERVICES), 120)

    assert stack.get("/readyz")["ready"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_no_rights_that_it_does_not_need(stack: Any, service: str) -> None:
    found = stack.inspect(service)

    assert found["HostConfig"]["ReadonlyRootfs"]
    assert found["Config"]["User"] == "10001:10001"
    assert not found["EffectiveCaps"]
    assert "no-new-privileges" in found["HostConfig"]["SecurityOpt"]
    assert found["HostConfig"]["Memory"] > 0
    environment = " ".join(found["Config"]["Env"])
    for secret in stack.secrets.iterdir():
        value = secret.read_text().strip()
        assert not value or value not in environment, "a secret comes as a file, never in the environment"


def test_ports_are_published_on_loopback_only(stack: Any) -> None:
    published = {
        binding["HostIp"]
        for service in (*SERVERS, *SERVICES)
        for bindings in (stack.inspect(service)["HostConfig"]["PortBindings"] or {}).values()
        for binding in bindings or []
    }

    assert published == {"127.0.0.1"}


def test_the_api_asks_for_a_key(stack: Any) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        stack.get("/api/v1/incidents")


def test_a_failed_service_becomes_an_incident_with_its_cause(stack: Any) -> None:
    stack.publish([encode(envelope) for envelope in host_observations("service-dies-on-signal")])

    incident = until(stack, "software.failed")

    assert incident["hosts"] == ["web-02"]
    assert incident["severity"] == "critical"

    def queued() -> bool:
        actions = stack.get("/api/v1/actions", stack.key())["items"]
        return ("service.restart", "queued") in {(action["kind"], action["state"]) for action in actions}

    stack.wait_for(queued, 60, lambda: str(stack.get("/api/v1/actions", stack.key()))[:2000])


def test_a_relayed_syslog_line_is_stored_under_its_host(stack: Any) -> None:
    with socket.create_connection(("127.0.0.1", stack.syslog_port), timeout=10) as relay:
        relay.sendall(b"<13>Mar  4 02:00:00 leaf-9 bgpd[7]: neighbour 10.0.0.1 went to sleep\n")

    def stored() -> bool:
        return bool(stack.get("/api/v1/logs?host=leaf-9&contains=neighbour", stack.key())["items"])

    stack.wait_for(stored, 60)


def test_prometheus_reaches_every_service(stack: Any) -> None:
    query = f"http://127.0.0.1:{stack.prometheus_port}/api/v1/query?query=up%7Bjob%3D%22groundcrew%22%7D"

    def all_up() -> bool:
        with urllib.request.urlopen(query, timeout=10) as answer:
            result = json.load(answer)["data"]["result"]
        return {r["metric"]["service"] for r in result if r["value"][1] == "1"} == set(SERVICES)

    stack.wait_for(all_up, 60)


def test_an_openai_client_gets_an_answer_without_any_model(stack: Any) -> None:
    client = openai.OpenAI(
        base_url=f"http://127.0.0.1:{stack.gateway_port}/v1", api_key=stack.key(), max_retries=0, timeout=30
    )
    model = client.models.list().data[0].id
    question = [{"role": "user", "content": "What is wrong on web-02?"}]

    whole = client.chat.completions.create(model=model, messages=question)
    parts = [
        choice.delta.content or ""
        for chunk in client.chat.completions.create(model=model, messages=question, stream=True)
        for choice in chunk.choices
    ]

    assert "web-02" in (whole.choices[0].message.content or "")
    assert "web-02" in "".join(parts)


async def test_an_mcp_client_sees_the_fleet_with_a_key_and_nothing_without(stack: Any) -> None:
    url = f"http://127.0.0.1:{stack.mcp_port}/mcp"
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {stack.key()}"}, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        tools = {tool.name for tool in (await client.list_tools()).tools}
    async with httpx2.AsyncClient() as stranger:
        refused = await stranger.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})

    assert tools
    assert refused.status_code == 401


def test_the_coordinator_keeps_vectors_in_its_own_volume(stack: Any) -> None:
    """No Qdrant server runs here: the embedded engine is one setting, and the default."""
    mounts = {mount["Destination"] for mount in stack.inspect("hybrid-coordinator")["Mounts"]}

    assert "/var/lib/groundcrew" in mounts
    assert "GROUNDCREW_QDRANT__MODE=embedded" in stack.inspect("hybrid-coordinator")["Config"]["Env"]


@pytest.mark.chaos
def test_a_killed_service_comes_back_and_nothing_is_lost(stack: Any) -> None:
    observed = host_observations("job-exhausts-memory")
    half = len(observed) // 2
    stack.publish([encode(envelope) for envelope in observed[:half]])
    before = stack.inspect("context")["State"]["Pid"]

    os.kill(before, signal.SIGKILL)
    stack.publish([encode(envelope) for envelope in observed[half:]])

    stack.wait_healthy(["context"], 90)
    assert stack.inspect("context")["State"]["Pid"] != before
    incident = until(stack, "memory_pressure.oom")
    host = incident["hosts"][0]
    lines = [m for e in observed if e.type == "observe.logs" and e.entity == f"host:{host}" for m in e.data.ids]

    def recorded() -> bool:
        page = stack.get(f"/api/v1/logs?host={host}&limit=1000", stack.key())
        return {item["id"] for item in page["items"]} >= set(lines)

    stack.wait_for(recorded, 60)


def test_it_goes_away_without_a_trace(stack: Any) -> None:
    assert stack.leftovers()

    stack.compose("down", "--volumes", timeout=180)

    assert stack.leftovers() == []
