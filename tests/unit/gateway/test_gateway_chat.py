"""Conversations over REST and on the pages, analyses on the incident page; text of machines and models is hostile."""

import asyncio
import json
import re

import pytest

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.conversations import Citation
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.queries import Failure
from groundcrew.stores.gateway.port import Role
from groundcrew_gateway.pages.markdown import render

from .conftest import HOSTILE, analysis, answer, conversation

INCIDENT = stable_id("incident", 1)
TALK = stable_id("conversation", 1)


def events(text: str) -> list[tuple[str, dict]]:
    found = []
    for one in text.strip().split("\n\n"):
        name, _, data = one.partition("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


# --- REST ------------------------------------------------------------------------------------------------------------


async def test_a_question_goes_to_meta_under_the_callers_name(rig):
    client = await rig.client(Role.VIEWER)
    reply = await client.post("/api/v1/ask", json={"text": "what is wrong?", "host": "brickbox-43"})
    assert reply.json()["text"].startswith("**PSU2**")
    [asked] = [one for one in rig.fleet.asked if hasattr(one, "earlier")]
    assert (asked.actor, asked.host, asked.keep) == ("ada", "brickbox-43", True)


async def test_a_streamed_answer_ends_with_the_whole(rig):
    client = await rig.client(Role.VIEWER)
    reply = await client.post("/api/v1/ask/stream", json={"text": "what is wrong?"})
    assert reply.headers["content-type"].startswith("text/event-stream")
    told = events(reply.text)
    assert [name for name, _ in told] == ["text", "text", "answer"]
    assert "".join(data["text"] for name, data in told if name == "text") == told[-1][1]["text"]


async def test_a_stream_that_fails_ends_with_a_problem(rig):
    rig.fleet.breaks = RequestFailed(Failure.NOT_FOUND, "there is no conversation")
    client = await rig.client()
    told = events((await client.post("/api/v1/ask/stream", json={"text": "what?"})).text)
    assert told[-1] == ("problem", {"status": 404, "detail": "there is no conversation"})


async def test_an_answer_is_given_once_per_idempotency_key(rig):
    client = await rig.client()
    for _ in range(2):
        await client.post("/api/v1/ask", json={"text": "what?"}, headers={"Idempotency-Key": "q-1"})
    assert len([one for one in rig.fleet.asked if hasattr(one, "earlier")]) == 1


async def test_conversations_are_the_callers_own(rig):
    rig.fleet.conversations.append(conversation(2, actor="bob"))
    client = await rig.client(Role.VIEWER)
    listed = (await client.get("/api/v1/conversations")).json()["items"]
    assert [one["id"] for one in listed] == [TALK]
    assert (await client.get(f"/api/v1/conversations/{TALK}")).json()["said"][0]["role"] == "user"
    other = stable_id("conversation", 2)
    assert (await client.get(f"/api/v1/conversations/{other}")).status_code == 404
    assert (await client.get(f"/chat/{other}", headers={"Accept": "text/html"})).status_code == 404
    assert (await client.patch(f"/api/v1/conversations/{TALK}", json={"title": "x"})).status_code == 200
    assert (await client.delete(f"/api/v1/conversations/{TALK}")).status_code == 200
    assert [one.command for one in rig.fleet.asked if hasattr(one, "command")] == ["rename", "delete"]


async def test_an_analysis_is_read_by_viewers_and_made_by_operators(rig):
    viewer, operator = await rig.client(Role.VIEWER), await rig.client(Role.OPERATOR)
    path = f"/api/v1/incidents/{INCIDENT}/analysis"
    assert (await viewer.get(path)).status_code == 404
    assert (await viewer.post(path, json={})).status_code == 403
    assert (await operator.post(path, json={})).json()["incident_id"] == INCIDENT
    assert (await viewer.get(path)).json()["report"].startswith("## Cause")


# --- pages -----------------------------------------------------------------------------------------------------------


async def test_a_conversation_reads_without_javascript(rig):
    browser = await rig.browser(Role.VIEWER)
    page = (await browser.get(f"/chat/{TALK}")).text
    assert "<strong>PSU2</strong> lost its input" in page
    assert f'href="/incidents/{INCIDENT}#e-{stable_id("evidence", 1)}"' in page
    assert "with big-one" in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


async def test_a_question_can_be_sent_as_a_form(rig):
    browser = await rig.browser(Role.VIEWER)
    form = {"text": " why? ", "conversation_id": TALK, "host": "", "incident_id": ""}
    reply = await browser.post("/chat", data=form)
    assert (reply.status_code, reply.headers["location"]) == (303, f"/chat/{TALK}#newest")
    await browser.post("/chat", data=form | {"follow": "What should I do?"})
    asked = [one for one in rig.fleet.asked if hasattr(one, "earlier")]
    assert [(one.text, one.conversation_id) for one in asked] == [("why?", TALK), ("What should I do?", TALK)]
    empty = await browser.post("/chat", data=form | {"text": "  "})
    assert empty.status_code == 303
    assert len([one for one in rig.fleet.asked if hasattr(one, "earlier")]) == 2


async def test_another_sites_page_cannot_ask_with_this_browser(rig):
    browser = await rig.browser()
    reply = await browser.post("/chat", data={"text": "x"}, headers={"Origin": "https://evil.example"})
    assert reply.status_code == 403


async def test_an_incident_is_asked_about_from_its_page(rig):
    browser = await rig.browser(Role.VIEWER)
    page = (await browser.get(f"/incidents/{INCIDENT}")).text
    assert f'href="/chat?incident={INCIDENT}"' in page
    chat = (await browser.get(f"/chat?incident={INCIDENT}")).text
    assert f'name="incident_id" value="{INCIDENT}"' in chat
    assert "PSU2 of brickbox-43 lost its input" in chat


async def test_the_analysis_stands_on_the_incidents_page_and_struck_claims_are_no_facts(rig):
    rig.fleet.analyses.append(analysis())
    browser = await rig.browser(Role.OPERATOR)
    page = (await browser.get(f"/incidents/{INCIDENT}")).text
    assert "The feed went away first" in page
    assert "Report by the rules" in page
    assert "Analyse again" in page
    assert "These failed the check and are no facts" in page
    assert HOSTILE not in page


async def test_an_analysis_is_made_from_the_page(rig):
    browser = await rig.browser(Role.OPERATOR)
    assert "None yet" in (await browser.get(f"/incidents/{INCIDENT}")).text
    reply = await browser.post(f"/incidents/{INCIDENT}/analysis")
    assert reply.headers["location"] == f"/incidents/{INCIDENT}?said=analysed"
    viewer = await rig.browser(Role.VIEWER)
    assert (await viewer.post(f"/incidents/{INCIDENT}/analysis")).status_code == 403


async def test_an_analysis_that_takes_long_does_not_hold_the_page(rig, monkeypatch):
    monkeypatch.setattr("groundcrew_gateway.pages.incidents._PATIENCE_S", 0.01)
    release = asyncio.Event()

    async def slow(*_args):
        await release.wait()

    monkeypatch.setattr("groundcrew_gateway.pages.incidents.analyse", slow)
    browser = await rig.browser(Role.OPERATOR)
    reply = await browser.post(f"/incidents/{INCIDENT}/analysis")
    assert reply.headers["location"].endswith("said=analysing")
    release.set()


async def test_a_conversation_is_exported_as_markdown(rig):
    browser = await rig.browser(Role.VIEWER)
    reply = await browser.get(f"/chat/{TALK}/export")
    assert reply.headers["content-disposition"] == 'attachment; filename="what-is-wrong.md"'
    assert reply.text.startswith("# what is wrong\n")
    assert "## Groundcrew with big-one, 2026-03-04 02:57:00 UTC" in reply.text
    assert f"- [2] evidence `{stable_id('evidence', 1)}`: Power Supply AC lost" in reply.text


async def test_renaming_and_deleting_by_form(rig):
    browser = await rig.browser(Role.VIEWER)
    renamed = await browser.post(f"/chat/{TALK}/rename", data={"title": "the feed"})
    assert renamed.headers["location"] == f"/chat/{TALK}"
    deleted = await browser.post(f"/chat/{TALK}/delete")
    assert deleted.headers["location"] == "/chat?said=deleted"
    commands = [(one.command, one.title) for one in rig.fleet.asked if hasattr(one, "command")]
    assert commands == [("rename", "the feed"), ("delete", "")]


# --- Markdown of machines and models ---------------------------------------------------------------------------------

CITED = [Citation(id=stable_id("evidence", 1), kind="evidence", text='a "quote" <b>', incident_id=INCIDENT)]


def shown(text: str) -> str:
    return str(render(text, CITED, lambda one: f"/incidents/{one.incident_id}"))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "[click](https://evil.example)",
        "![x](https://evil.example/?q=secret)",
        "<https://evil.example>",
        "https://evil.example",
        "[a]: https://evil.example\n\n[a]",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "```html\n<script>alert(1)</script>\n```",
        "# <b onclick=x>heading</b>",
    ],
)
def test_no_markup_and_no_link_of_a_text_survives(text):
    tags = re.findall(r"<[^>]*>", shown(text))
    assert {tag.strip("</>").partition(" ")[0] for tag in tags} <= {"p", "pre", "code", "h3"}
    assert all(" " not in tag or tag == '<code class="language-html">' for tag in tags)


def test_marks_link_to_what_they_cite_and_to_nothing_else():
    assert f'<a class="cite" href="/incidents/{INCIDENT}" title="a &#34;quote&#34; &lt;b&gt;">[1]</a>' in shown("x [1]")
    assert "<a" not in shown("x [2]")
    assert "<a" not in shown("`[1]`")
    assert "<a" not in shown(r"\[1\]")


def test_headings_of_a_text_stand_below_those_of_the_page():
    assert shown("# One\n\n## Two") == "<h3>One</h3><h4>Two</h4>"


def test_nested_text_does_not_exhaust_the_parser():
    assert len(shown("> " * 5_000 + "x")) < 100_000
    assert len(shown("*" * 20_000)) < 100_000


async def test_what_is_missing_is_told_below_an_answer(rig):
    talk = conversation()
    told = talk.said[1].model_copy(update={"missing": "No model is configured."})
    rig.fleet.conversations = [talk.model_copy(update={"said": [talk.said[0], told]})]
    browser = await rig.browser(Role.VIEWER)
    assert "No model is configured." in (await browser.get(f"/chat/{TALK}")).text
    assert answer().missing == ""
