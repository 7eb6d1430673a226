"""What a person at a terminal sees of a running system."""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from groundcrew.contracts.actions import Action, ActionKind, ActionState, AutonomyLevel, RiskClass
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Cause, Evidence, EvidenceSource, Incident, IncidentState, Severity
from groundcrew.contracts.observations import SourceState, SourceStatus
from groundcrew.contracts.queries import (
    ActionPage,
    Autonomy,
    FleetStatus,
    HostPage,
    HostSummary,
    IncidentDetail,
    IncidentPage,
    LogLine,
    LogPage,
)
from groundcrew_cli.terminal import plain
from groundcrew_embedded.home import Home
from groundcrew_embedded.status import State, write_state

NOW = SystemClock().now()


@pytest.fixture(autouse=True)
def ages_count_from_the_test_and_not_from_its_import() -> None:
    global NOW
    NOW = SystemClock().now()


INCIDENT = stable_id("incident")
ACTION = stable_id("action")
ESCAPE = "\x1b[2J\x1b]0;owned\x07\u202e"


def incident(**different: Any) -> Incident:
    cause = Cause(id="software.failed", component_class="software", component="trainer.service", confidence=0.94)
    base = Incident(
        id=INCIDENT, revision=1, state=IncidentState.OPEN, severity=Severity.CRITICAL, title="trainer.service failed",
        hosts=["brickbox-43"], entity="host:brickbox-43", opened_at=NOW - timedelta(minutes=12), updated_at=NOW,
        last_seen=NOW, cause=cause, evidence_count=1, trigger_count=1, steps=["Read its last lines."],
    )  # fmt: skip
    return base.model_copy(update=different)


def action(state: ActionState = ActionState.QUEUED, **different: Any) -> Action:
    base = Action(
        id=ACTION, revision=1, kind=ActionKind.SERVICE_RESTART, target="host:brickbox-43",
        parameters={"unit": "trainer.service"}, risk=RiskClass.DISRUPTIVE, state=state, reason="it failed",
        argv=["systemctl", "restart", "--", "trainer.service"], incident_id=INCIDENT, proposed_by="review",
        created_at=NOW, updated_at=NOW, expires_at=NOW + timedelta(hours=8),
    )  # fmt: skip
    return base.model_copy(update=different)


def detail(text: str = "Failed with result 'exit-code'.") -> IncidentDetail:
    line = Evidence(
        id=stable_id("line"), source=EvidenceSource.JOURNAL, ref="cursor", time=NOW, entity="host:brickbox-43",
        text=text,
    )  # fmt: skip
    return IncidentDetail(incident=incident(), evidence=[line], history=[], findings=[])


def log_line(number: int, message: str = "", priority: int = 6) -> LogLine:
    when = datetime(2026, 3, 1, 2, 36, tzinfo=UTC) + timedelta(seconds=number)
    return LogLine(
        id=stable_id("log", number), time=when, entity="host:brickbox-43", priority=priority, identifier="kernel",
        unit="", message=message or f"line {number}", source="journal", position=str(number),
    )  # fmt: skip


@pytest.fixture
def system(gateway: Any) -> Any:
    """A fleet of one host with one incident and one waiting action."""
    host = HostSummary(
        name="brickbox-43", entity="host:brickbox-43", health=58, health_reasons=[], open_incidents=1, last_seen=NOW,
        facts={}, latest={},
        sources=[
            SourceStatus(name="files", state=SourceState.PRESENT, detail="/var/log", since=NOW),
            SourceStatus(name="journal", state=SourceState.ABSENT, detail="journalctl is not installed", since=NOW),
        ],
    )  # fmt: skip
    fleet = FleetStatus(hosts=1, healthy=0, warning=0, critical=1, open_incidents=1, log_rows=9, triggers_24h=1)
    gateway.reply("GET status", fleet)
    gateway.reply("GET autonomy", Autonomy(level=AutonomyLevel.SUGGEST, stopped=False, waiting=1))
    gateway.reply("GET hosts", HostPage(items=[host]))
    gateway.reply("GET incidents", IncidentPage(items=[incident()]))
    gateway.reply(f"GET incidents/{INCIDENT}", detail())
    gateway.reply("GET actions", ActionPage(items=[action()]))
    return gateway


def test_status_answers_at_one_glance(run: Any, system: Any) -> None:
    result = run("status", "--url", system.url)
    assert result.code == 0
    assert re.sub(r"seen \d+ s", "seen N s", result.out).splitlines() == [
        f"Groundcrew at {system.url}",
        "1 host: 0 healthy, 0 warning, 1 critical    autonomy: suggest",
        "1 action waits for approval: groundcrew approve",
        "",
        "brickbox-43              health  58  seen N s ago",
        "  reads files",
        "  absent: journal (journalctl is not installed)",
        "",
        f"● critical  brickbox-43  since {(NOW - timedelta(minutes=12)).astimezone():%H:%M} (12 min)",
        "  trainer.service failed",
        "  software.failed · trainer.service · 94% · 1 piece of evidence",
        f"  groundcrew incidents {INCIDENT[:8]}",
        f"  groundcrew approve {ACTION[:8]}  # service.restart trainer.service on brickbox-43",
        "",
    ]
    assert all(len(line) <= 80 for line in result.out.splitlines())


def test_nothing_but_text_goes_into_a_pipe(run: Any, system: Any) -> None:
    for arguments in (("status",), ("incidents",), ("incidents", INCIDENT[:6]), ("approve",)):
        assert "\x1b" not in run(*arguments, "--url", system.url).out


def test_commands_to_copy_name_the_site_that_was_asked_about(run: Any, system: Any) -> None:
    result = run("incidents", "--url", system.url, "--site", "demo")
    assert f"groundcrew approve {ACTION[:8]} --site demo" in result.out
    assert all(query["site"] == ["demo"] for _, query, _ in system.asked)


def test_one_incident_is_found_by_the_first_characters_of_its_id(run: Any, system: Any) -> None:
    result = run("incidents", INCIDENT[:5].upper(), "--url", system.url)
    assert result.code == 0
    assert f"id {INCIDENT}" in result.out
    assert "  94%  software.failed · trainer.service" in result.out
    assert "  1. Read its last lines." in result.out
    assert "journal  Failed with result 'exit-code'." in result.out
    assert "runs  systemctl restart -- trainer.service" in result.out


@pytest.mark.parametrize("prefix", ["zz", "0" * 31])
def test_an_incident_that_is_not_there_is_said_so(run: Any, system: Any, prefix: str) -> None:
    result = run("incidents", prefix, "--url", system.url)
    assert result.code == 4
    assert (
        result.err
        == f"groundcrew: there is no incident whose id begins with {prefix!r}\n  --site NAME looks in another site\n"
    )


def test_text_from_machines_cannot_drive_the_terminal(run: Any, system: Any) -> None:
    system.reply(f"GET incidents/{INCIDENT}", detail(f"before {ESCAPE} after"))
    result = run("incidents", INCIDENT[:5], "--url", system.url)
    assert "before \ufffd[2J\ufffd]0;owned\ufffd\ufffd after" in result.out
    assert plain("tab\tstays, line\nends") == "tab\tstays, line ends"


def test_json_is_what_the_system_said(run: Any, system: Any) -> None:
    page = json.loads(run("incidents", "--json", "--url", system.url).out)
    assert IncidentPage.model_validate(page).items == [incident()]
    both = json.loads(run("incidents", INCIDENT[:5], "--json", "--url", system.url).out)
    assert [each["id"] for each in both["actions"]] == [ACTION]


def test_approving_shows_what_runs_waits_for_it_and_says_what_came_of_it(run: Any, system: Any) -> None:
    states = iter([action(ActionState.RUNNING), action(ActionState.SUCCEEDED, outcome="the unit is active")])
    system.reply(f"POST actions/{ACTION}/approve", action(ActionState.RUNNING, decided_by="ada"))
    system.reply(f"GET actions/{ACTION}", lambda query, given: (200, next(states).model_dump(mode="json")))
    result = run("approve", ACTION[:6], "-m", "looked at it", "--url", system.url)
    assert result.code == 0
    assert "succeeded  service.restart trainer.service on brickbox-43" in result.out
    assert "the unit is active" in result.out
    posted = [given for what, _, given in system.asked if what.startswith("POST")]
    assert posted == [{"comment": "looked at it"}]


def test_an_approved_action_that_fails_is_an_exit_code(run: Any, system: Any) -> None:
    failed = action(ActionState.FAILED, outcome="systemctl ended with code 1", output="Job failed.\n")
    system.reply(f"POST actions/{ACTION}/approve", failed)
    result = run("approve", ACTION[:6], "--url", system.url)
    assert result.code == 1
    assert "Job failed." in result.out
    assert "systemctl ended with code 1" in result.err


def test_approving_too_late_says_why_not(run: Any, system: Any) -> None:
    problem = {"title": "Conflict", "status": 409, "detail": "the action has expired: nobody decided"}
    system.reply(f"POST actions/{ACTION}/approve", (409, problem))
    result = run("approve", ACTION[:6], "--url", system.url)
    assert (result.code, result.err) == (4, "groundcrew: the action has expired: nobody decided\n")


def test_rejecting_is_no_failure(run: Any, system: Any) -> None:
    system.reply(f"POST actions/{ACTION}/reject", action(ActionState.REJECTED))
    result = run("reject", ACTION[:6], "-m", "planned work", "--url", system.url)
    assert result.code == 0
    assert "rejected" in result.out


def test_log_lines_come_oldest_first(run: Any, gateway: Any) -> None:
    gateway.reply("GET logs", LogPage(items=[log_line(2, ESCAPE, priority=3), log_line(1)]))
    result = run("logs", "-n", "2", "--unit", "trainer.service", "--url", gateway.url)
    first, second = result.out.splitlines()
    assert first.endswith("brickbox-43 kernel: line 1")
    assert "\x1b" not in second
    assert gateway.asked[0][1] == {"limit": ["2"], "unit": ["trainer.service"], "max_priority": ["7"]}


def test_followed_lines_are_shown_once_though_they_come_late_and_again(
    run: Any, gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundcrew_cli.logs.POLL_S", 0)
    pages = iter(
        [
            LogPage(items=[log_line(3), log_line(1)]),
            LogPage(items=[log_line(3), log_line(1), log_line(0)]),  # older than what is shown, so no news
            LogPage(items=[log_line(5), log_line(4)], next="more"),
            LogPage(items=[log_line(3), log_line(2), log_line(1)]),
        ]
    )

    def answer(query: Any, given: Any) -> tuple[int, Any]:
        page = next(pages, None)
        return (200, page.model_dump(mode="json")) if page else (503, {"detail": "the end"})

    gateway.reply("GET logs", answer)
    result = run("logs", "--follow", "--url", gateway.url)
    assert [line.rpartition(" ")[2] for line in result.out.splitlines()] == ["1", "3", "2", "4", "5"]
    assert (result.code, result.err) == (1, "groundcrew: the end\n")


def test_no_line_at_all_is_said_beside_the_result(run: Any, gateway: Any) -> None:
    gateway.reply("GET logs", LogPage(items=[]))
    result = run("logs", "--url", gateway.url)
    assert (result.code, result.out, result.err) == (0, "", "No log lines are stored here yet.\n")
    result = run("logs", "--url", gateway.url, "--contains", "Xid")
    assert result.err == "No stored line matches.\n"


def test_commands_to_copy_begin_as_this_one_was_called(run: Any, system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDCREW_PROGRAM", "./ground crew/groundcrew")
    result = run("status", "--url", system.url)
    assert f"  './ground crew/groundcrew' incidents {INCIDENT[:8]}\n" in result.out
    assert "GROUNDCREW_PROGRAM" not in os.environ
    assert "Usage: ./elsewhere incidents" in _help(run, monkeypatch, "./elsewhere")


def _help(run: Any, monkeypatch: pytest.MonkeyPatch, program: str) -> str:
    monkeypatch.setenv("GROUNDCREW_PROGRAM", program)
    return str(run("incidents", "--help").out)


def test_what_is_absent_is_said_within_80_columns(run: Any, system: Any) -> None:
    assert all(len(line) <= 80 for line in run("status", "--url", system.url).out.splitlines())


@pytest.mark.parametrize("command", ["status", "down"])
def test_a_home_that_is_no_folder_is_one_line(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GROUNDCREW_HOME", str(tmp_path / "file"))
    result = run(command)
    assert result.code == 4
    assert result.err.startswith(f"groundcrew: {tmp_path / 'file'}")
    assert ": Not a directory\n" in result.err
    assert "Traceback" not in result.err


def test_up_on_a_running_system_says_where_it_is(run: Any, home: Path) -> None:
    me = psutil.Process()
    running = State(url="http://127.0.0.1:40999", pid=me.pid, born=me.create_time(), ports={}, demo=False, version="1")
    (home / "run").mkdir()
    write_state(Home(home), running)
    result = run("up")
    assert result.code == 1
    assert f"it is up already, at http://127.0.0.1:40999 (process {me.pid}, data in {home})" in result.err
    assert "groundcrew down stops it" in result.err


def test_without_a_system_the_way_to_start_one_is_said(run: Any, home: Path) -> None:
    result = run("status")
    assert result.code == 3
    assert result.err == f"groundcrew: nothing is running in {home}\n  start it with: groundcrew up\n"


def test_an_address_where_nobody_answers_is_named(run: Any) -> None:
    result = run("status", "--url", "http://127.0.0.1:9")
    assert result.code == 3
    assert "http://127.0.0.1:9 does not answer" in result.err


def test_a_key_that_is_not_accepted_is_said_without_showing_it(run: Any, system: Any, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("gck_wrong")
    result = run("status", "--url", system.url, "--key-file", str(tmp_path / "other"))
    assert result.code == 4
    assert "not accepted: this API key is not known" in result.err
    assert "gck_wrong" not in result.err + result.out


def test_this_machines_key_is_shown_to_no_other_machine(run: Any) -> None:
    result = run("status", "--url", "http://groundcrew.example:40083")
    assert result.code == 2
    assert "name it with --key-file" in result.err


def test_address_and_key_can_be_settings(run: Any, system: Any, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    (home / "api-key").rename(home / "elsewhere")
    monkeypatch.setenv("GROUNDCREW_CLI__URL", system.url)
    monkeypatch.setenv("GROUNDCREW_CLI__API_KEY_FILE", str(home / "elsewhere"))
    assert run("approve").code == 0
    monkeypatch.setenv("GROUNDCREW_CLI__URI", system.url)
    result = run("approve")
    assert result.code == 2
    assert "unknown key cli.uri; did you mean 'url'?" in result.err


def test_an_answer_of_another_product_is_one_clear_line(run: Any, gateway: Any) -> None:
    gateway.reply("GET status", (200, b"<html>"))
    result = run("status", "--url", gateway.url)
    assert result.code == 1
    assert "is not what this version expects" in result.err
