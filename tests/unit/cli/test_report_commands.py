"""`groundcrew report` at the terminal: make, list, show, close."""

from datetime import timedelta
from typing import Any

import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.report_requests import SummaryRequest
from groundcrew.contracts.reports import (
    RepairBundle,
    RepairTask,
    Report,
    ReportContext,
    ReportKind,
    ReportSummary,
    TaskState,
    TaskType,
    Urgency,
)

NOW = SystemClock().now().replace(microsecond=0)
REPORT = "5f0c4d2a9b7e4c1d8e3f6a7b8c9d0e1f"
TASK = "9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b"


def report() -> Report:
    return Report(
        id=REPORT, kind=ReportKind.SUMMARY, title="Health of all devices, last 24h", time=NOW, actor="ada",
        since=NOW - timedelta(hours=24), until=NOW, headline="All 3 devices are well.", request=SummaryRequest(),
        data_revision="0" * 32, markdown="# Health of all devices, last 24h\n\n**All 3 devices are well.**\n",
        context=ReportContext(text="", tokens=0),
    )  # fmt: skip


def task(**changes: Any) -> RepairTask:
    bundle = RepairBundle(
        host="gpu-03", part="PSU2", slot="PSU2", component_class="psu", serial="S4711", count=4, first_seen=NOW,
        last_seen=NOW, cause="psu.input_lost", catalogue_action="Check the cord of PSU2.",
    )  # fmt: skip
    plain = RepairTask(
        id=TASK, revision=1, state=TaskState.OPEN, type=TaskType.POWER, device="gpu-03", component_class="psu",
        component="PSU2", severity="critical", urgency=Urgency.NOW, issue="PSU2 of gpu-03 lost its input power",
        action="Check the cord of PSU2.", count=4, first_seen=NOW, last_seen=NOW, opened_at=NOW, bundle=bundle,
    )  # fmt: skip
    return plain.model_copy(update=changes)


@pytest.fixture
def sent(gateway: Any) -> list[Any]:
    found: list[Any] = []

    def post(_query: Any, body: Any) -> tuple[int, Any]:
        found.append(body)
        return 200, report().model_dump(mode="json")

    for kind in ("summary", "tasks", "root-cause"):
        gateway.reply(f"POST reports/{kind}", post)
    gateway.reply(f"GET reports/{REPORT}", report())
    listed = ReportSummary(**report().model_dump(include=set(ReportSummary.model_fields)))
    gateway.reply("GET reports", (200, {"items": [listed.model_dump(mode="json")], "next": None}))
    gateway.reply("GET tasks", (200, {"items": [task().model_dump(mode="json")], "next": None}))
    done = task(state=TaskState.CLOSED, proof="new cord", closed_at=NOW)
    gateway.reply(f"POST tasks/{TASK}/close", done)
    return found


def test_a_summary_is_asked_for_and_read_within_80_columns(run: Any, gateway: Any, sent: list[Any]) -> None:
    result = run("report", "summary", "rack:r7", "web-01", "-t", "events", "-r", "72h", "--severity", "critical",
                 "--url", gateway.url)  # fmt: skip
    assert result.code == 0
    assert sent == [
        {"type": "events", "time_range": "72h", "devices": ["rack:r7", "web-01"], "severity_filter": ["critical"]}
    ]
    assert result.out.splitlines()[0] == "Health of all devices, last 24h"
    assert max(map(len, result.out.splitlines())) <= 80
    assert "report 5f0c4d2a" in result.err


def test_it_is_printed_as_markdown_and_as_json(run: Any, gateway: Any, sent: list[Any]) -> None:
    assert run("report", "summary", "--markdown", "--url", gateway.url).out == report().markdown
    assert Report.model_validate_json(run("report", "summary", "--json", "--url", gateway.url).out) == report()


def test_a_root_cause_takes_the_operators_words(run: Any, gateway: Any, sent: list[Any]) -> None:
    run("report", "rca", "gpu-03", "GPU", "fell", "off", "bus", "--url", gateway.url)
    assert sent == [{"device": "gpu-03", "time_range": "24h", "event_id": None, "description": "GPU fell off bus"}]


def test_what_is_refused_is_told_in_one_line(run: Any, gateway: Any, sent: list[Any]) -> None:
    gateway.reply("POST reports/tasks", (400, {"title": "Bad Request", "detail": "devices: 'x' names nothing"}))
    result = run("report", "tasks", "x", "--url", gateway.url)
    assert (result.code, result.out) == (4, "")
    assert "devices: 'x' names nothing" in result.err


def test_reports_are_listed_and_one_is_shown_by_the_beginning_of_its_id(
    run: Any, gateway: Any, sent: list[Any]
) -> None:
    listed = run("report", "list", "--url", gateway.url).out.splitlines()
    assert listed[0].startswith("5f0c4d2a  Health of all devices")
    assert listed[1].strip() == "All 3 devices are well."
    assert "All 3 devices are well." in run("report", "show", "5f0c", "--url", gateway.url).out


def test_repair_tasks_are_listed_and_closed_with_a_proof(run: Any, gateway: Any, sent: list[Any]) -> None:
    listed = run("report", "tasks", "--kept", "--url", gateway.url).out
    assert "9e8d7c6b  now  PSU2 of gpu-03 (power, open)" in listed
    assert "serial S4711" in listed
    assert max(map(len, listed.splitlines())) <= 80
    closed = run("report", "close", "9e8d", "--proof", "new cord", "--url", gateway.url).out
    assert "closed  PSU2 of gpu-03" in closed
    assert "proof: new cord" in closed
    assert run("report", "close", "9e8d", "--proof", " ", "--url", gateway.url).code == 2
