"""What is remembered, over REST and on the page of an incident."""

import asyncio
from datetime import timedelta
from typing import Any

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.knowledge import AugmentQuery, Collection, Passage, Remember
from groundcrew.contracts.queries import Endpoints, Failure
from groundcrew.stores.gateway.port import Role

from .conftest import HOSTILE, START

EARLIER = stable_id("incident", "earlier")
HERE = stable_id("incident", 1)


def passage(text: str, collection: Collection = Collection.ERROR_SOLUTIONS, **more: Any) -> Passage:
    values = {
        "id": stable_id("passage", text),
        "collection": collection,
        "text": text,
        "score": 0.7,
        "entity": host("brickbox-7"),
        "ref": f"incident/{EARLIER}",
        "time": START - timedelta(days=3),
    }
    return Passage(**{**values, **more})


async def test_a_viewer_looks_up_what_is_remembered(rig):
    rig.fleet.passages = [passage("Fault: PSU1 of brickbox-7 lost its input")]
    client = await rig.client(Role.VIEWER)
    found = await client.get(
        "/api/v1/knowledge",
        params={"q": "PSU lost", "collection": ["issues", "error-solutions"], "entity": "host:brickbox-7", "limit": 3},
    )
    assert found.status_code == 200
    assert [one["text"] for one in found.json()["passages"]] == ["Fault: PSU1 of brickbox-7 lost its input"]
    (asked,) = [one for one in rig.fleet.asked if isinstance(one, AugmentQuery)]
    assert asked == AugmentQuery(
        text="PSU lost", collections=[Collection.ISSUES, Collection.ERROR_SOLUTIONS], entity="host:brickbox-7", limit=3
    )


async def test_an_operator_adds_a_runbook_under_their_name_and_a_viewer_does_not(rig):
    lesson = {"collection": "skills-patterns", "text": "Drain first.", "ref": "drain.md", "entity": "host:gpu-03"}
    refused = await (await rig.client(Role.VIEWER)).post("/api/v1/knowledge", json=lesson)
    assert refused.status_code == 403
    operator = await rig.client(Role.OPERATOR)
    for _ in range(2):
        added = await operator.post("/api/v1/knowledge", json=lesson, headers={"Idempotency-Key": "one"})
        assert added.status_code == 200
    (asked,) = [one for one in rig.fleet.asked if isinstance(one, Remember)]
    assert (asked.actor, asked.collection, asked.ref) == ("ada", Collection.SKILLS_PATTERNS, "drain.md")


async def test_a_collection_or_entity_that_does_not_exist_is_named(rig):
    client = await rig.client()
    for wrong in ({"collection": "secrets"}, {"entity": "gpu-03"}, {"q": ""}):
        answer = await client.get("/api/v1/knowledge", params={"q": "x"} | wrong)
        assert answer.status_code == 422, wrong
        assert next(iter(wrong)) in str(answer.json()["errors"])


async def test_the_page_of_an_incident_shows_what_helped_before(rig):
    rig.fleet.passages = [
        passage("PSU1 of brickbox-7 lost its input\nSeverity critical. On brickbox-7", Collection.ISSUES),
        passage(f"Fault: PSU1 of brickbox-7 lost its input\nSaid by bob: swapped the cord {HOSTILE}"),
        passage("This very incident", ref=f"incident/{HERE}"),
        passage("a runbook", Collection.ISSUES, ref="runbook.md"),
    ]
    client = await rig.browser(Role.VIEWER)
    page = (await client.get(f"/incidents/{HERE}")).text
    assert page.count("Similar earlier incidents") == 1
    assert page.count(f'href="/incidents/{EARLIER}"') == 1
    assert "PSU1 of brickbox-7 lost its input" in page
    assert "Said by bob: swapped the cord" in page
    assert HOSTILE not in page
    assert "This very incident" not in page
    assert "a runbook" not in page


async def test_the_page_says_nothing_where_there_is_nothing(rig):
    client = await rig.browser(Role.VIEWER)
    assert "Similar earlier incidents" not in (await client.get(f"/incidents/{HERE}")).text


async def test_the_page_comes_without_memories_where_they_are_away(rig):
    async def away(_query: Any) -> Any:
        raise RequestFailed(Failure.UNAVAILABLE, "hybrid-coordinator is away")

    await rig.bus.serve(Endpoints.AUGMENT, away)
    client = await rig.browser(Role.VIEWER)
    page = await client.get(f"/incidents/{HERE}")
    assert page.status_code == 200
    assert "is away" not in page.text


async def test_the_page_does_not_wait_for_a_memory_that_hangs(rig, monkeypatch):
    monkeypatch.setattr("groundcrew_gateway.pages.similar.PATIENCE_S", 0.05)

    async def hang(_query: Any) -> Any:
        await asyncio.Event().wait()

    await rig.bus.serve(Endpoints.AUGMENT, hang)
    client = await rig.browser(Role.VIEWER)
    async with asyncio.timeout(30):
        page = await client.get(f"/incidents/{HERE}")
    assert page.status_code == 200
    assert "Similar earlier incidents" not in page.text
