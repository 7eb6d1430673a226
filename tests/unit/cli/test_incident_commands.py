"""`groundcrew incident` at the terminal: the life of an incident, over the commands that REST has."""

import json
from datetime import timedelta
from typing import Any

import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Cause, Incident, IncidentState, Severity
from groundcrew.contracts.queries import ActionPage, HistoryEntry, IncidentDetail, IncidentPage

NOW = SystemClock().now()
FIRST, SECOND = stable_id("first"), stable_id("second")
AFTER = {"acknowledge": "acknowledged", "maintain": "maintenance", "mitigate": "mitigated", "resolve": "resolved"}


def incident(incident_id: str = FIRST, **different: Any) -> Incident:
    cause = Cause(id="psu.input_lost", component_class="psu", component="PSU2", confidence=0.94)
    base = Incident(
        id=incident_id, revision=1, state=IncidentState.OPEN, severity=Severity.CRITICAL, title="PSU2 lost its input",
        hosts=["brickbox-43"], entity="host:brickbox-43", opened_at=NOW - timedelta(minutes=12), updated_at=NOW,
        last_seen=NOW, cause=cause, evidence_count=1, trigger_count=1,
    )  # fmt: skip
    return base.model_copy(update=different)


@pytest.fixture
def told(gateway: Any) -> list[tuple[str, str, str]]:
    """What was posted: (id, command, text)."""
    posted: list[tuple[str, str, str]] = []

    def answer(incident_id: str, what: str) -> Any:
        def post(_query: Any, body: Any) -> tuple[int, Any]:
            posted.append((incident_id, what, body["text"]))
            owner = body["text"] if what == "assign" else ""
            state = IncidentState(AFTER.get(what, "open"))
            return 200, incident(incident_id, state=state, owner=owner).model_dump(mode="json")

        return post

    gateway.reply("GET incidents", IncidentPage(items=[incident(), incident(SECOND)]))
    for incident_id in (FIRST, SECOND):
        for what in (*AFTER, "reopen", "assign", "note"):
            gateway.reply(f"POST incidents/{incident_id}/{what}", answer(incident_id, what))
    return posted


@pytest.mark.parametrize("verb", ["acknowledge", "maintain", "mitigate", "resolve", "reopen"])
def test_a_state_is_told_with_its_reason(run: Any, gateway: Any, told: Any, verb: str) -> None:
    result = run("incident", verb, FIRST[:6], "-m", " looking at the outlet ", "--url", gateway.url)
    assert (result.code, result.err) == (0, "")
    assert told == [(FIRST, verb, "looking at the outlet")]
    assert AFTER.get(verb, "critical") in result.out
    assert f"groundcrew incident show {FIRST[:8]}" in result.out


def test_a_whole_id_is_not_looked_for_among_others(run: Any, gateway: Any, told: Any) -> None:
    assert run("incident", "resolve", FIRST, "--url", gateway.url).code == 0
    assert [what for what, _, _ in gateway.asked] == [f"POST incidents/{FIRST}/resolve"]


def test_several_are_told_at_once_and_each_once(run: Any, gateway: Any, told: Any) -> None:
    result = run("incident", "acknowledge", FIRST, SECOND, FIRST[:6], "--json", "--url", gateway.url)
    assert result.code == 0
    assert [one for one, _, _ in told] == [FIRST, SECOND]
    assert [one["id"] for one in json.loads(result.out)] == [FIRST, SECOND]


def test_one_that_refuses_holds_up_no_other(run: Any, gateway: Any, told: Any) -> None:
    problem = {"title": "Conflict", "detail": f"incident {FIRST} is resolved already"}
    gateway.reply(f"POST incidents/{FIRST}/resolve", (409, problem))
    result = run("incident", "resolve", FIRST, SECOND, "--url", gateway.url)
    assert result.code == 4
    assert told == [(SECOND, "resolve", "")]
    assert result.err == f"groundcrew: incident {FIRST} is resolved already\n"
    assert "resolved" in result.out


def test_an_id_that_nobody_has_is_refused_before_anything_is_told(run: Any, gateway: Any, told: Any) -> None:
    result = run("incident", "resolve", FIRST, "zz", "--url", gateway.url)
    assert result.code == 4
    assert "no incident whose id begins with 'zz'" in result.err
    assert told == []


def test_an_owner_is_named_and_taken_off(run: Any, gateway: Any, told: Any) -> None:
    assert "  ada" in run("incident", "assign", FIRST, "ada", "--url", gateway.url).out
    assert run("incident", "assign", FIRST, "--nobody", "--url", gateway.url).code == 0
    assert told == [(FIRST, "assign", "ada"), (FIRST, "assign", "")]


@pytest.mark.parametrize("words", [[], ["ada", "--nobody"], ["  "]])
def test_it_is_a_name_or_nobody(run: Any, gateway: Any, told: Any, words: list[str]) -> None:
    result = run("incident", "assign", FIRST, *words, "--url", gateway.url)
    assert result.code == 2
    assert "expected a name, or --nobody" in result.err
    assert told == []


def test_a_note_is_words_and_never_empty(run: Any, gateway: Any, told: Any) -> None:
    assert run("incident", "note", FIRST, "feed", "A", "is", "back", "--url", gateway.url).code == 0
    assert told == [(FIRST, "note", "feed A is back")]
    empty = run("incident", "note", FIRST, " ", "--url", gateway.url)
    assert (empty.code, len(told)) == (2, 1)
    assert "there is nothing to note" in empty.err


@pytest.mark.parametrize(("verb", "most"), [("note", 4_000), ("assign", 200)])
def test_what_is_too_long_is_said_before_it_is_sent(run: Any, gateway: Any, told: Any, verb: str, most: int) -> None:
    result = run("incident", verb, FIRST, "x" * (most + 1), "--url", gateway.url)
    assert result.code == 2
    assert f"expected at most {most:,}" in result.err
    assert told == []


def test_an_incident_is_found_on_a_later_page(run: Any, gateway: Any, told: Any) -> None:
    def pages(query: Any, _body: Any) -> tuple[int, Any]:
        second = query.get("cursor") == ["older"]
        page = IncidentPage(items=[incident(SECOND if second else FIRST)], next=None if second else "older")
        return 200, page.model_dump(mode="json")

    gateway.reply("GET incidents", pages)
    assert run("incident", "resolve", SECOND[:8], "--url", gateway.url).code == 0
    assert told == [(SECOND, "resolve", "")]


def test_a_list_is_narrowed_by_state_severity_and_host(run: Any, gateway: Any, told: Any) -> None:
    gateway.reply("GET actions", ActionPage(items=[]))
    run(
        *("incident", "list", "--state", "mitigated", "--state", "resolved", "--severity", "warning"),
        *("--host", "brickbox-43", "--url", gateway.url),
    )  # fmt: skip
    assert gateway.asked[0][1] == {
        "state": ["mitigated", "resolved"], "severity": ["warning"], "host": ["brickbox-43"], "limit": ["50"],
    }  # fmt: skip
    gateway.reply("GET incidents", IncidentPage(items=[]))
    assert run("incident", "list", "--host", "web-01", "--url", gateway.url).out == "No incident is like that.\n"


def test_of_more_than_fit_the_critical_ones_come_first_however_old(run: Any, gateway: Any) -> None:
    warnings = [incident(stable_id("warning", at), severity=Severity.WARNING, title=f"warning {at}") for at in range(9)]
    held = [*warnings, incident(title="an old critical one")]  # newest first

    def answer(query: Any, _body: Any) -> tuple[int, Any]:
        fits = [one for one in held if query.get("severity", [one.severity.value]) == [one.severity.value]]
        limit = int(query["limit"][0])
        page = IncidentPage(items=fits[:limit], next="more" if len(fits) > limit else None)
        return 200, page.model_dump(mode="json")

    gateway.reply("GET incidents", answer)
    gateway.reply("GET actions", ActionPage(items=[]))
    result = run("incident", "list", "--limit", "4", "--url", gateway.url)
    titles = [line.strip() for line in result.out.splitlines() if line.startswith("  ") and "·" not in line]
    assert [one for one in titles if not one.startswith("groundcrew")] == [
        "an old critical one", "warning 0", "warning 1", "warning 2"
    ]  # fmt: skip
    assert "There are more" in result.err


def test_one_incident_shows_its_owner_its_notes_and_what_was_said_of_it(run: Any, gateway: Any) -> None:
    history = [
        HistoryEntry(revision=number, time=NOW, actor="ada", change=f"said {number} of it") for number in range(1, 13)
    ]
    shown = incident(owner="grace", note="feed A is back\ncall the site")
    gateway.reply(f"GET incidents/{FIRST}", IncidentDetail(incident=shown, evidence=[], history=history, findings=[]))
    gateway.reply("GET actions", ActionPage(items=[]))
    out = run("incident", "show", FIRST, "--url", gateway.url).out
    assert "  owner grace" in out
    assert "  note  feed A is back\n  note  call the site" in out
    assert "  … 2 earlier, see --json" in out
    assert "said 2 of it" not in out
    assert "ada  said 12 of it" in out
