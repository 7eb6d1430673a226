"""The pages as a browser without JavaScript gets them."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from groundcrew.bus.memory import MemoryBus
from groundcrew.contracts.actions import ActionState
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import IncidentState
from groundcrew.contracts.queries import Endpoints
from groundcrew.stores.gateway.port import Role

INCIDENT = stable_id("incident", 1)
ACTION = stable_id("action", 1)
HOSTILE = "<script>alert('3am')</script>"
HTML = {"Accept": "text/html"}
PAGES = [
    "/",
    "/incidents",
    f"/incidents/{INCIDENT}",
    "/approvals",
    "/hosts",
    "/hosts/brickbox-43",
    "/bmcs",
    "/bmcs/brickbox-43-bmc",
    "/audit",
    "/autonomy",
    "/search?q=xid",
]


class Audit(HTMLParser):
    """Collects what a page must not have and what every control must have."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.inputs: list[dict[str, str | None]] = []
        self.inline: list[str] = []
        self.outside: list[str] = []
        self.headings: list[str] = []
        self.unlabelled: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "label" and named.get("for"):
            self.labelled.add(named["for"])
        hidden = named.get("type") in {"hidden", "radio"}
        if tag in {"input", "select"} and not hidden and "label" not in self.open:
            self.inputs.append(named)
        if "style" in named or any(name.startswith("on") for name in named) or (tag == "script" and "src" not in named):
            self.inline.append(f"{tag} {named}")
        for name in ("src", "href", "action", "formaction"):
            if re.match(r"[a-z]+:|//", named.get(name) or ""):
                self.outside.append(named[name])
        if tag in {"h1", "h2", "h3"}:
            self.headings.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> in {self.open}"


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_sound_and_reads_without_scripts(rig, path):
    browser = await rig.browser()
    answer = await browser.get(path, headers=HTML)
    assert answer.status_code == 200
    found = Audit(answer.text)
    assert found.open == []
    assert found.inline == []
    assert found.outside == []
    assert len(found.ids) == len(set(found.ids))
    assert found.headings.count("h1") == 1
    assert [one for one in found.inputs if one.get("id") not in found.labelled] == []
    for landmark in ('<main id="main"', "<nav aria-label=", 'role="search"', '<html lang="en">', "<footer"):
        assert landmark in answer.text


@pytest.mark.parametrize("path", PAGES)
async def test_whoever_is_not_signed_in_is_led_to_the_door_and_back(rig, path):
    client = await rig.client(None)
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=%2F")
    assert (await client.get(answer.headers["location"], headers=HTML)).status_code == 200


async def test_signing_in_with_a_key_leads_to_the_page_that_was_asked_for(rig):
    client = await rig.client(None)
    client.headers["Origin"] = "http://127.0.0.1:40083"
    form = {"key": await rig.key(), "target": "/incidents?state=all"}
    answer = await client.post("/login", data=form, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents?state=all")
    assert (await client.get("/incidents", headers=HTML)).status_code == 200


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"])
async def test_signing_in_never_leads_elsewhere(rig, target):
    client = await rig.client(None)
    client.headers["Origin"] = "http://127.0.0.1:40083"
    answer = await client.post("/login", data={"key": await rig.key(), "target": target}, headers=HTML)
    assert answer.headers["location"] == "/"


async def test_a_wrong_key_at_the_door_says_so(rig):
    client = await rig.client(None)
    client.headers["Origin"] = "http://127.0.0.1:40083"
    answer = await client.post("/login", data={"key": "gck_wrong"}, headers=HTML)
    assert answer.status_code == 401
    assert "the API key is unknown or revoked" in answer.text


async def test_one_glance_says_what_is_wrong_where_since_when_and_what_waits(rig):
    browser = await rig.browser()
    page = (await browser.get("/", headers=HTML)).text
    for words in ("1 open incident", "PSU2 of brickbox-43 lost its input", "94 %", "24 min ago", "1 action waits"):
        assert words in page
    assert "journal 2/2" in page
    assert "systemd 0/2" in page
    assert page.index("brickbox-43</span>") < page.index("web-01</span>")


async def test_an_incident_names_cause_steps_command_evidence_and_times(rig):
    browser = await rig.browser()
    page = (await browser.get(f"/incidents/{INCIDENT}", headers=HTML)).text
    for words in (
        "psu.input_lost",
        "pcie.aer_uncorrectable",
        "check the feed: outlet of pdu-3b",
        "systemctl restart trainer.service",
        "NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.",
        "2026-03-04 02:36:00 UTC",
        'aria-label="BMC log"',
    ):
        assert words in page


async def test_text_from_machines_is_shown_and_never_run(rig):
    fleet = rig.fleet
    fleet.log_lines = [HOSTILE]
    fleet.evidence = [fleet.evidence[0].model_copy(update={"text": HOSTILE, "ref": HOSTILE})]
    fleet.hosts = [fleet.hosts[0].model_copy(update={"name": HOSTILE, "facts": {HOSTILE: HOSTILE}})]
    fleet.incidents = [fleet.incidents[0].model_copy(update={"title": HOSTILE, "hosts": [HOSTILE], "note": HOSTILE})]
    fleet.actions = [fleet.actions[0].model_copy(update={"reason": HOSTILE, "argv": ["echo", HOSTILE]})]
    browser = await rig.browser()
    host_page = f"/hosts/{'%3Cscript%3Ealert(%273am%27)%3C%2Fscript%3E'}"
    for path in ("/", f"/incidents/{INCIDENT}", "/approvals", "/hosts", host_page, f"/search?q={HOSTILE}"):
        answer = await browser.get(path, headers=HTML)
        assert answer.status_code == 200, path
        assert HOSTILE not in answer.text
        assert "&lt;script&gt;" in answer.text
        assert Audit(answer.text).inline == []


async def test_approving_by_form_needs_no_script_and_leads_back(rig):
    browser = await rig.browser(Role.OPERATOR)
    headers = HTML | {"Referer": f"http://127.0.0.1:40083/incidents/{INCIDENT}"}
    form = {"verdict": "approve", "comment": "go"}
    answer = await browser.post(f"/actions/{ACTION}", data=form, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/incidents/{INCIDENT}?said=approved")
    assert rig.fleet.actions[0].state is ActionState.APPROVED
    assert rig.fleet.actions[0].decided_by == "ada"
    page = (await browser.get(answer.headers["location"], headers=HTML)).text
    assert "It runs once" in page
    assert "Reject</button>" not in page


async def test_a_decision_that_comes_too_late_says_who_was_first(rig):
    rig.fleet.actions[0] = rig.fleet.actions[0].model_copy(update={"state": ActionState.EXPIRED})
    browser = await rig.browser()
    answer = await browser.post(f"/actions/{ACTION}", data={"verdict": "approve"}, headers=HTML)
    assert answer.status_code == 409
    assert "the action is expired already" in answer.text


async def test_a_viewer_sees_the_command_and_no_button(rig):
    browser = await rig.browser(Role.VIEWER)
    page = (await browser.get("/approvals", headers=HTML)).text
    assert "systemctl restart trainer.service" in page
    assert "Approve</button>" not in page
    assert "Stop all actions" not in page
    assert (await browser.post(f"/actions/{ACTION}", data={"verdict": "approve"}, headers=HTML)).status_code == 403


async def test_an_incident_is_acknowledged_noted_and_resolved_by_form(rig):
    browser = await rig.browser()
    for what in ("acknowledge", "note", "resolve"):
        answer = await browser.post(f"/incidents/{INCIDENT}/{what}", data={"text": what}, headers=HTML)
        assert answer.status_code == 303
    assert [query.command for query in rig.fleet.asked if hasattr(query, "command")] == [
        "acknowledge",
        "note",
        "resolve",
    ]
    assert rig.fleet.incidents[0].state is IncidentState.RESOLVED


async def test_all_actions_are_stopped_from_any_page_and_released_by_an_admin(rig):
    browser = await rig.browser()
    answer = await browser.post("/autonomy", data={"stopped": "yes"}, headers=HTML)
    page = (await browser.get(answer.headers["location"], headers=HTML)).text
    assert "all actions stopped" in page
    await browser.post("/autonomy", data={"stopped": "no"}, headers=HTML)
    assert rig.fleet.stopped is False


async def test_an_owner_that_is_away_is_named_and_the_rest_is_shown(rig):
    for endpoint in Endpoints.all():
        if endpoint.owner == "actions":
            rig.broker.served.pop(endpoint.subject("default"), None)
    browser = await rig.browser()
    for path in ("/", f"/incidents/{INCIDENT}", "/hosts/brickbox-43"):
        page = (await browser.get(path, headers=HTML)).text
        assert "actions does not answer" in page
        assert "brickbox-43" in page


async def test_nothing_is_called_well_while_context_is_away(rig):
    for endpoint in Endpoints.all():
        if endpoint.owner == "context":
            rig.broker.served.pop(endpoint.subject("default"), None)
    browser = await rig.browser()
    page = (await browser.get("/", headers=HTML)).text
    assert "context does not answer" in page
    assert "Nothing is wrong" not in page


async def test_an_empty_fleet_says_what_will_be_here(rig):
    rig.fleet.incidents, rig.fleet.hosts, rig.fleet.actions = [], [], []
    browser = await rig.browser()
    page = (await browser.get("/", headers=HTML)).text
    assert "No host reports yet" in page
    assert "appears here within seconds" in page
    assert "Nothing waits for you" in (await browser.get("/approvals", headers=HTML)).text


async def test_links_keep_the_site(rig):
    demo_only = await rig.browser(Role.VIEWER, ("default", "demo"))
    page = (await demo_only.get("/?site=demo", headers=HTML)).text
    assert "/incidents?site=demo" in page
    assert (await demo_only.get("/?site=other", headers=HTML)).status_code == 403


async def test_what_is_wrong_on_another_site_of_the_key_is_said(rig):
    demo = MemoryBus("demo", rig.clock, broker=rig.broker)
    await rig.fleet.serve(demo)
    browser = await rig.browser(Role.VIEWER, ("default", "demo", "away"))
    page = (await browser.get("/", headers=HTML)).text
    assert '<a href="/?site=demo">demo: 1 open incident</a>' in page
    assert '<a href="/?site=away">away: does not answer</a>' in page
    await demo.close()


async def test_our_own_files_are_kept_by_browsers_for_ever(rig):
    client = await rig.client(None)
    page = (await client.get("/login", headers=HTML)).text
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"].endswith("immutable")
    assert (await client.get("/static/../app.py")).status_code == 404
    assert (await client.get("/static/nothing.js")).headers["cache-control"] == "no-store"


async def test_an_unknown_incident_is_a_page_with_a_way_on(rig):
    browser = await rig.browser()
    answer = await browser.get(f"/incidents/{stable_id('none')}", headers=HTML)
    assert answer.status_code == 404
    assert 'href="/"' in answer.text


async def test_metrics_of_a_host_are_asked_for_the_range_shown(rig):
    browser = await rig.browser()
    await browser.get("/hosts/brickbox-43?range=24h", headers=HTML)
    asked = [query for query in rig.fleet.asked if hasattr(query, "step_s")]
    assert {query.name for query in asked} == {"load1", "memory_available_bytes"}
    assert all(query.until - query.since == timedelta(hours=24) for query in asked)
