"""The REST API: reading, deciding, and how errors read."""

import pytest

from groundcrew.bus.memory import MemoryBus
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.queries import Endpoints
from groundcrew.stores.gateway.port import Role

INCIDENT = stable_id("incident", 1)
ACTION = stable_id("action", 1)

READS = [
    "status",
    "hosts",
    "hosts/brickbox-43",
    "hosts/brickbox-43/services",
    "hosts/brickbox-43/metrics?metric=load1",
    "incidents",
    f"incidents/{INCIDENT}",
    f"incidents/{INCIDENT}/window",
    "logs",
    "triggers",
    "templates?novel=true&contains=lane&id=ab",
    "actions",
    f"actions/{ACTION}",
    "audit",
    "audit/verify",
    "tickets",
    "autonomy",
    "inventory",
    "inventory/hosts/brickbox-43",
    "inventory/bmcs/brickbox-43-bmc",
    "me",
]


@pytest.mark.parametrize("path", READS)
async def test_a_viewer_reads_everything(rig, path):
    client = await rig.client(Role.VIEWER)
    answer = await client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", READS)
async def test_nothing_is_read_without_a_key(rig, path):
    client = await rig.client(None)
    answer = await client.get(f"/api/v1/{path}")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_an_approval_bears_the_name_of_the_key(rig):
    client = await rig.client(Role.OPERATOR)
    answer = await client.post(f"/api/v1/actions/{ACTION}/approve", json={"comment": "go"})
    assert answer.status_code == 200
    assert answer.json()["state"] == "approved"
    assert answer.json()["decided_by"] == "ada"
    assert answer.json()["argv"] == ["systemctl", "restart", "trainer.service"]


async def test_the_same_decision_twice_is_no_conflict_but_the_opposite_is(rig):
    client = await rig.client(Role.OPERATOR)
    for _ in range(2):
        assert (await client.post(f"/api/v1/actions/{ACTION}/approve", json={})).status_code == 200
    answer = await client.post(f"/api/v1/actions/{ACTION}/reject", json={})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "the action is approved already"


async def test_another_persons_decision_is_a_conflict(rig):
    first, second = await rig.client(Role.OPERATOR), await rig.client(None)
    second.headers["Authorization"] = f"Bearer {await rig.key(name='grace')}"
    await first.post(f"/api/v1/actions/{ACTION}/approve", json={})
    assert (await second.post(f"/api/v1/actions/{ACTION}/approve", json={})).status_code == 409


async def test_a_note_with_an_idempotency_key_is_written_once(rig):
    client = await rig.client(Role.OPERATOR)
    once = {"Idempotency-Key": "note-1"}
    path = f"/api/v1/incidents/{INCIDENT}/note"
    first = await client.post(path, json={"text": "on it"}, headers=once)
    again = await client.post(path, json={"text": "on it"}, headers=once)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert len(rig.fleet.asked) == 1
    other = await client.post(path, json={"text": "something else"}, headers=once)
    assert other.status_code == 422


async def test_a_failed_post_is_not_remembered(rig):
    client = await rig.client(Role.OPERATOR)
    once = {"Idempotency-Key": "later"}
    path = f"/api/v1/incidents/{stable_id('incident', 9)}/acknowledge"
    assert (await client.post(path, json={}, headers=once)).status_code == 404
    rig.fleet.incidents.append(rig.fleet.incidents[0].model_copy(update={"id": stable_id("incident", 9)}))
    assert (await client.post(path, json={}, headers=once)).status_code == 200


@pytest.mark.parametrize(("command", "state"), [("acknowledge", "acknowledged"), ("resolve", "resolved")])
async def test_an_operator_moves_an_incident_on(rig, command, state):
    client = await rig.client(Role.OPERATOR)
    answer = await client.post(f"/api/v1/incidents/{INCIDENT}/{command}", json={"text": "mine"})
    assert answer.json()["state"] == state
    assert rig.fleet.asked[-1].actor == "ada"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"incidents/{INCIDENT}/acknowledge", {}),
        ("POST", f"incidents/{INCIDENT}/note", {"text": "x"}),
        ("POST", f"actions/{ACTION}/approve", {}),
        ("POST", f"actions/{ACTION}/reject", {}),
        ("PUT", "autonomy", {"stopped": True}),
        ("PATCH", "inventory", {"remove": ["host:web-01"]}),
        ("PUT", "inventory/hosts/web-01", {"name": "web-01"}),
        ("DELETE", "inventory/bmcs/brickbox-43-bmc", None),
        ("POST", "inventory/dependencies", {"entity": "host:web-01", "on": "host:nfs-1"}),
        ("GET", "keys", None),
    ],
)
async def test_a_viewer_changes_nothing(rig, method, path, body):
    client = await rig.client(Role.VIEWER)
    answer = await client.request(method, f"/api/v1/{path}", json=body)
    assert answer.status_code == 403
    assert "needs the role" in answer.json()["detail"]
    assert rig.fleet.asked == []


async def test_an_operator_stops_all_actions_and_an_admin_releases_them(rig):
    operator, admin = await rig.client(Role.OPERATOR), await rig.client(Role.ADMIN)
    assert (await operator.put("/api/v1/autonomy", json={"stopped": True})).json()["stopped"] is True
    assert (await operator.put("/api/v1/autonomy", json={"stopped": False})).status_code == 403
    assert (await operator.put("/api/v1/autonomy", json={"level": "auto-full"})).status_code == 403
    assert (await admin.put("/api/v1/autonomy", json={"stopped": False, "level": "observe"})).json() == {
        "level": "observe",
        "stopped": False,
        "waiting": 1,
    }


async def test_a_list_is_read_page_by_page(rig):
    client = await rig.client(Role.VIEWER)
    first = (await client.get("/api/v1/hosts?limit=1")).json()
    second = (await client.get(f"/api/v1/hosts?limit=1&cursor={first['next']}")).json()
    assert [first["items"][0]["name"], second["items"][0]["name"]] == ["brickbox-43", "web-01"]
    assert second["next"] is None


async def test_a_missing_thing_is_a_problem_document(rig):
    client = await rig.client(Role.VIEWER)
    missing = stable_id("incident", 404)
    answer = await client.get(f"/api/v1/incidents/{missing}", headers={"X-Request-ID": "abcdef12-3456"})
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": f"there is no incident {missing}",
        "instance": f"/api/v1/incidents/{missing}",
        "errors": [],
        "request_id": "abcdef12-3456",
    }
    assert answer.headers["x-request-id"] == "abcdef12-3456"


async def test_each_field_that_does_not_validate_is_named(rig):
    client = await rig.client(Role.VIEWER)
    answer = await client.get("/api/v1/logs?limit=0&max_priority=9")
    assert answer.status_code == 422
    assert [error["location"] for error in answer.json()["errors"]] == ["query.max_priority", "query.limit"]


async def test_a_body_with_an_unknown_field_is_refused(rig):
    client = await rig.client(Role.OPERATOR)
    answer = await client.post(f"/api/v1/actions/{ACTION}/approve", json={"coment": "typo"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["location"] == "body.coment"


async def test_an_owner_that_does_not_answer_is_unavailable_with_a_time_to_wait(rig):
    rig.broker.served.pop(Endpoints.STATUS.subject("default"))
    client = await rig.client(Role.VIEWER)
    answer = await client.get("/api/v1/status")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


async def test_an_unknown_path_is_a_problem_document_too(rig):
    client = await rig.client(Role.VIEWER)
    answer = await client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_bug_tells_the_caller_nothing_but_the_requests_id(rig, monkeypatch):
    async def broken(*_args, **_named):
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(MemoryBus, "request", broken)
    client = await rig.client(Role.VIEWER)
    answer = await client.get("/api/v1/status")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.json()["request_id"] in rig.log.getvalue()


async def test_requests_are_counted_by_template_and_class(rig):
    client = await rig.client(Role.VIEWER)
    await client.get(f"/api/v1/incidents/{INCIDENT}")
    await client.get("/api/v1/no/such/path")
    await client.request("BREW", "/api/v1/no/such/path")
    page = (await client.get("/metrics")).text
    labels = 'method="GET",route="/api/v1/incidents/{incident_id}",status="2xx"'
    assert f"groundcrew_gateway_requests_total{{{labels}}} 1.0" in page
    assert 'route="unmatched",status="4xx"' in page
    assert 'method="other"' in page
    assert INCIDENT not in page
    assert "BREW" not in page


async def test_readiness_and_version_need_no_key_and_any_host(rig):
    client = await rig.client(None)
    for path in ("/healthz", "/readyz", "/version", "/metrics"):
        answer = await client.get(path, headers={"Host": "gateway:40083"})
        assert answer.status_code == 200, path
