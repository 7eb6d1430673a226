"""Asking an endpoint's owner."""

import asyncio

import pytest

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.queries import (
    Empty,
    Endpoints,
    Failure,
    FleetStatus,
    HostPage,
    HostsQuery,
    IncidentQuery,
)

from .conftest import Harness

STATUS = FleetStatus(hosts=3, healthy=2, warning=1, critical=0, open_incidents=1, log_rows=10, triggers_24h=4)


async def test_an_owner_answers(harness: Harness):
    context, gateway = await harness.bus("context"), await harness.bus("gateway")
    asked = []

    async def hosts(query):
        asked.append(query)
        return HostPage(items=[], next="web-1")

    await context.serve(Endpoints.HOSTS, hosts)
    reply = await gateway.request(Endpoints.HOSTS, HostsQuery(limit=7))
    assert reply == HostPage(items=[], next="web-1")
    assert asked == [HostsQuery(limit=7)]


@pytest.mark.parametrize("failure", [Failure.NOT_FOUND, Failure.CONFLICT, Failure.UNAVAILABLE, Failure.INVALID])
async def test_a_failure_keeps_its_kind_and_reason(harness: Harness, failure):
    context, gateway = await harness.bus("context"), await harness.bus("gateway")

    async def incident(_query):
        raise RequestFailed(failure, "no incident\nof that id")

    await context.serve(Endpoints.INCIDENT, incident)
    with pytest.raises(RequestFailed) as failed:
        await gateway.request(Endpoints.INCIDENT, IncidentQuery(id=stable_id("x")))
    assert failed.value.failure is failure
    assert failed.value.reason.split() == ["no", "incident", "of", "that", "id"]


async def test_an_unexpected_error_tells_the_caller_nothing_of_it(harness: Harness):
    context, gateway = await harness.bus("context"), await harness.bus("gateway")

    async def status(_query):
        raise RuntimeError("password=hunter2")

    await context.serve(Endpoints.STATUS, status)
    with pytest.raises(RequestFailed) as failed:
        await gateway.request(Endpoints.STATUS, Empty())
    assert failed.value.failure is Failure.INTERNAL
    assert "hunter2" not in failed.value.reason


async def test_nobody_answering_is_unavailable_at_once(harness: Harness):
    gateway = await harness.bus("gateway")
    started = asyncio.get_running_loop().time()
    with pytest.raises(RequestFailed) as failed:
        await gateway.request(Endpoints.STATUS, Empty(), timeout=5)
    assert failed.value.failure is Failure.UNAVAILABLE
    assert failed.value.reason == "nobody answers gc.demo.query.context.status"
    assert asyncio.get_running_loop().time() - started < 2


async def test_an_answer_that_comes_too_late_is_unavailable(harness: Harness):
    context, gateway = await harness.bus("context"), await harness.bus("gateway")

    async def status(_query):
        await asyncio.sleep(1)
        return STATUS

    await context.serve(Endpoints.STATUS, status)
    with pytest.raises(RequestFailed) as failed:
        await gateway.request(Endpoints.STATUS, Empty(), timeout=0.2)
    assert failed.value.failure is Failure.UNAVAILABLE


async def test_a_slow_answer_does_not_hold_up_the_others(harness: Harness):
    context, gateway = await harness.bus("context"), await harness.bus("gateway")
    waiting = 0
    all_in = asyncio.Event()

    async def status(_query):
        nonlocal waiting
        waiting += 1
        if waiting == 3:
            all_in.set()
        await all_in.wait()
        return STATUS

    await context.serve(Endpoints.STATUS, status)
    replies = await asyncio.gather(*(gateway.request(Endpoints.STATUS, Empty(), timeout=3) for _ in range(3)))
    assert replies == [STATUS] * 3


async def test_who_is_no_caller_may_not_ask(harness: Harness):
    context, runner = await harness.bus("context"), await harness.bus("runner")
    asked = []

    async def status(_query):
        asked.append(1)
        return STATUS

    await context.serve(Endpoints.STATUS, status)
    with pytest.raises(RequestFailed) as failed:
        await runner.request(Endpoints.STATUS, Empty(), timeout=2)
    assert failed.value.failure is Failure.INTERNAL
    assert "runner" in failed.value.reason
    assert asked == []


async def test_a_stopped_endpoint_no_longer_answers(harness: Harness):
    context, gateway = await harness.bus("context"), await harness.bus("gateway")

    async def status(_query):
        return STATUS

    async def hosts(_query):
        return HostPage(items=[])

    serving = await context.serve(Endpoints.STATUS, status)
    await context.serve(Endpoints.HOSTS, hosts)
    assert await gateway.request(Endpoints.STATUS, Empty()) == STATUS
    await serving.stop()
    with pytest.raises(RequestFailed, match="nobody answers"):
        await gateway.request(Endpoints.STATUS, Empty())
    assert await gateway.request(Endpoints.HOSTS, HostsQuery()) == HostPage(items=[])


async def test_an_invalid_request_names_its_field(harness: Harness):
    context, gateway = await harness.bus("context"), await harness.bus("gateway")

    async def hosts(_query):
        raise AssertionError("never called")

    await context.serve(Endpoints.HOSTS, hosts)
    broken = HostsQuery.model_construct(limit=0, cursor=None)
    with pytest.raises(RequestFailed) as failed:
        await gateway.request(Endpoints.HOSTS, broken)
    assert failed.value.failure is Failure.INVALID
    assert failed.value.reason.startswith("context.hosts: limit:")
