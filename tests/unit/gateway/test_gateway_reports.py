"""Reports over REST and as pages."""

import pytest

from groundcrew.contracts.incidents import IncidentState
from groundcrew.contracts.reports import MAX_CONTEXT_TOKENS
from groundcrew.stores.gateway.port import Role

from .conftest import BASE, HOSTILE

PATH = "/api/v1/reports"


async def made(client, kind, **body):
    answer = await client.post(f"{PATH}/{kind}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", ["health", "events", "sensors"])
async def test_each_type_of_summary_is_made_listed_and_told_again(rig, kind):
    client = await rig.client(Role.VIEWER)
    report = await made(client, "summary", type=kind, time_range="24h", devices=["brickbox-43"])
    assert (report["kind"], report["actor"], report["request"]["devices"]) == ("summary", "ada", ["brickbox-43"])
    assert report["summary"]["open_incidents"] == 1
    assert (report["sensors"] is not None) == (kind == "sensors")
    listed = (await client.get(PATH, params={"kind": "summary"})).json()["items"]
    assert [one["id"] for one in listed] == [report["id"]]
    assert (await client.get(f"{PATH}/{report['id']}")).json() == report
    again = await made(client, "summary", type=kind, time_range="24h", devices=["brickbox-43"])
    assert again["id"] == report["id"], "nothing has changed: the same report"


async def test_a_report_is_made_anew_once_the_data_changed_or_it_is_asked_for(rig):
    client = await rig.client(Role.VIEWER)
    first = await made(client, "summary")
    rig.fleet.incidents[0] = rig.fleet.incidents[0].model_copy(update={"revision": 3})
    second = await made(client, "summary")
    assert second["id"] != first["id"]
    third = (await client.post(f"{PATH}/summary", json={}, params={"anew": "true"})).json()
    assert third["id"] not in (first["id"], second["id"])
    assert third["data_revision"] == second["data_revision"]


async def test_a_part_becomes_one_task_whose_proof_is_refused_while_its_incident_is_open(rig):
    client = await rig.client(Role.OPERATOR)
    report = await made(client, "tasks", time_range="7d")
    [task] = report["tasks"]
    assert (task["device"], task["component"], task["type"], task["urgency"]) == ("brickbox-43", "PSU2", "power", "now")
    assert [one["id"] for one in (await client.get("/api/v1/tasks")).json()["items"]] == [task["id"]]
    refused = await client.post(f"/api/v1/tasks/{task['id']}/close", json={"proof": "new cord"})
    assert (refused.status_code, "is open" in refused.json()["detail"]) == (409, True)

    resolved = {"state": IncidentState.RESOLVED, "resolved_at": rig.clock.now(), "revision": 3}
    rig.fleet.incidents[0] = rig.fleet.incidents[0].model_copy(update=resolved)
    [planned] = (await made(client, "tasks", time_range="7d"))["tasks"]
    assert (planned["state"], planned["urgency"]) == ("open", "planned"), "not seen for a while is not mended"
    closed = (await client.post(f"/api/v1/tasks/{task['id']}/close", json={"proof": "new cord"})).json()
    assert (closed["state"], closed["proof"], closed["history"][-1]["actor"]) == ("closed", "new cord", "ada")
    assert (await client.get("/api/v1/tasks", params={"state": ["open", "reopened"]})).json()["items"] == []
    viewer = await rig.client(Role.VIEWER)
    assert (await viewer.post(f"/api/v1/tasks/{task['id']}/close", json={"proof": "x"})).status_code == 403


async def test_a_root_cause_is_found_by_event_and_by_words(rig):
    client = await rig.client(Role.VIEWER)
    incident = rig.fleet.incidents[0]
    by_event = await made(client, "root-cause", device="brickbox-43", event_id=incident.id)
    assert by_event["root_cause"]["causes"][0]["cause"] == "psu.input_lost"
    words = "GPU fell off bus, required reboot"
    by_words = await made(client, "root-cause", device="brickbox-43", description=words)
    assert by_words["root_cause"]["causes"][0]["cause"] == "psu.input_lost"
    assert "gpu.fallen_off_bus" in by_words["root_cause"]["verdict"], "it explains what was described"
    alone = await made(client, "root-cause", device="web-01", description=words)
    assert alone["root_cause"]["verdict"].startswith("Not proven")
    assert alone["root_cause"]["causes"][0]["cause"] == "gpu.fallen_off_bus"
    assert alone["root_cause"]["causes"][0]["by"] == "description"


async def test_what_there_is_not_is_told_in_one_sentence(rig):
    client = await rig.client(Role.VIEWER)
    for kind, body, status, told in (
        ("summary", {"devices": ["web-99"]}, 400, "devices: 'web-99' names nothing that is known"),
        ("root-cause", {"device": "*"}, 400, "names 3 hosts; a root cause is of one"),
        ("root-cause", {"device": "web-01", "event_id": "0" * 32}, 400, "web-01 has no event 000"),
        ("summary", {"time_range": "1y"}, 422, "time_range"),
        ("tasks", {"task_types": ["software"]}, 422, "task_types"),
    ):
        answer = await client.post(f"{PATH}/{kind}", json=body)
        assert (answer.status_code, told in answer.text) == (status, True), answer.text
    assert (await client.get(f"{PATH}/{'0' * 32}")).status_code == 404
    assert (await client.get(f"/api/v1/tasks/{'0' * 32}")).status_code == 404


async def test_it_is_exported_as_markdown_json_and_html_that_no_machine_can_write_into(rig):
    rig.fleet.incidents[0] = rig.fleet.incidents[0].model_copy(update={"title": HOSTILE, "revision": 3})
    client = await rig.client(Role.VIEWER)
    report = await made(client, "summary")
    markdown = await client.get(f"{PATH}/{report['id']}/markdown")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert "attachment; filename=" in markdown.headers["content-disposition"]
    assert markdown.text == report["markdown"]
    html = await client.get(f"{PATH}/{report['id']}/html")
    assert html.headers["content-type"].startswith("text/html")
    assert HOSTILE not in html.text
    assert "alert" in html.text, "it is shown as the text that it is"


async def test_its_context_is_ready_for_a_model(rig):
    client = await rig.client(Role.VIEWER)
    for kind, body in (("summary", {}), ("tasks", {}), ("root-cause", {"device": "brickbox-43"})):
        context = (await made(client, kind, **body))["context"]
        assert context["tokens"] < MAX_CONTEXT_TOKENS
        for part in ("## Site background", "## Structured summary", "<data>"):
            assert part in context["text"]


async def test_pages_ask_show_and_keep_reports_without_any_script(rig):
    client = await rig.browser(Role.OPERATOR)
    assert "No such report was made yet" in (await client.get("/reports")).text
    for panel, data, shown in (
        ("summary", {"type": "health", "time_range": "24h", "devices": "rack:r7, web-01"}, "Top issues"),
        ("summary", {"type": "sensors", "time_range": "7d", "severity": ["critical"]}, "FAN1"),
        ("tasks", {"time_range": "7d", "type": ["power"]}, "Close with this proof"),
        ("root-cause", {"device": "brickbox-43", "description": "GPU fell off"}, "Possible causes"),
    ):
        sent = await client.post(f"/reports/{panel}", data=data, headers={"Origin": BASE})
        assert sent.status_code == 303, sent.text
        page = await client.get(sent.headers["location"])
        assert (page.status_code, shown in page.text) == (200, True), page.text
        assert f'href="/reports/{panel}" aria-current="page"' in page.text
    assert "Root cause on brickbox-43" in (await client.get("/reports/root-cause")).text, "the newest one is shown"
    prefilled = (await client.get("/reports/root-cause", params={"device": "web-01"})).text
    assert 'value="web-01"' in prefilled
    assert "No such report was made yet" in prefilled, "another device's report is not shown below it"
    assert "Find a root cause" in (await client.get("/hosts/web-01")).text
    assert "PSU2" in (await client.get("/tasks")).text
    assert (await client.get("/reports/nonsense")).status_code == 404


async def test_a_form_filled_in_wrongly_says_what_is_expected(rig):
    client = await rig.browser(Role.VIEWER)
    sent = await client.post("/reports/tasks", data={"type": "software"}, headers={"Origin": BASE})
    assert sent.status_code == 422
    assert "task_types" in sent.text
    missing = await client.post("/reports/summary", data={"devices": "web-99"}, headers={"Origin": BASE})
    assert (missing.status_code, "names nothing that is known" in missing.text) == (400, True)
