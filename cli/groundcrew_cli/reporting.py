"""`groundcrew report`: summaries, repair tasks and root causes, made now or looked up; as a page of text, JSON or
Markdown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from groundcrew.contracts.queries import ReportPage, TaskPage
from groundcrew.contracts.reports import RepairTask, Report, ReportSummary, TaskState
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.incidents import find, short
from groundcrew_cli.prose import Prose
from groundcrew_cli.terminal import ago, clip, command, count, note, paint, plain, progress, say, say_json, wrapped

PATIENCE_S = 60.0
_STYLES = {"now": "red", "soon": "yellow", "planned": "bold"}


def make(
    gateway: Gateway, kind: str, body: Mapping[str, Any], *, as_json: bool, as_markdown: bool, now: datetime
) -> None:
    """Make a report, or get the one of the same data."""
    with progress("reading and comparing"):
        report = gateway.post(Report, f"reports/{kind}", body, timeout_s=PATIENCE_S)
    _show(gateway, report, as_json=as_json, as_markdown=as_markdown, now=now)


def show_kept(gateway: Gateway, prefix: str, *, as_json: bool, as_markdown: bool, now: datetime) -> None:
    """One that was made before, by its id or how it begins."""
    known = [one.id for one in gateway.get(ReportPage, "reports", limit=1_000).items]
    report = gateway.get(Report, f"reports/{find(prefix, known, 'report')}")
    _show(gateway, report, as_json=as_json, as_markdown=as_markdown, now=now)


def show_list(gateway: Gateway, *, kind: str | None, limit: int, as_json: bool, now: datetime) -> None:
    page = gateway.get(ReportPage, "reports", kind=kind, limit=limit)
    if as_json:
        say_json(page.model_dump(mode="json"))
        return
    for one in page.items:
        _show_line(one, now)
    if not page.items:
        say(f"No report was made yet: {command('report summary')}{gateway.site_option}")
    if page.next is not None:
        note(f"more than {limit}; --limit shows more")


def show_undone(gateway: Gateway, *, everything: bool, limit: int, as_json: bool, now: datetime) -> None:
    """Repair tasks as the last report of tasks left them."""
    states = None if everything else ["open", "reopened"]
    page = gateway.get(TaskPage, "tasks", state=states, limit=limit)
    if as_json:
        say_json(page.model_dump(mode="json"))
        return
    for one in page.items:
        _show_task(one, now)
    if not page.items:
        say("No repair task is kept.")
        say(f"A report looks what is to be repaired: {command('report tasks')}{gateway.site_option}")
    if page.next is not None:
        note(f"more than {limit}; --limit shows more")


def close(gateway: Gateway, prefix: str, proof: str, *, as_json: bool, now: datetime) -> None:
    """A person tells what proves a repair. Raises CliError for an empty one."""
    if not proof.strip():
        raise CliError("--proof: expected what was done, and how it was seen to be well", USAGE)
    known = [one.id for one in gateway.get(TaskPage, "tasks", limit=1_000).items]
    closed = gateway.post(RepairTask, f"tasks/{find(prefix, known, 'repair task')}/close", {"proof": proof})
    if as_json:
        say_json(closed.model_dump(mode="json"))
    else:
        _show_task(closed, now)


def _show(gateway: Gateway, report: Report, *, as_json: bool, as_markdown: bool, now: datetime) -> None:
    if as_json:
        say_json(report.model_dump(mode="json"))
    elif as_markdown:
        say(report.markdown.rstrip("\n"))
    else:
        prose = Prose(say)
        prose.feed(report.markdown)
        prose.end()
        note(f"report {short(report.id)}, made {ago(report.time, now)} ago; --markdown and --json export it")


def _show_line(one: ReportSummary, now: datetime) -> None:
    say(f"{short(one.id)}  {paint(clip(plain(one.title), 60), 'bold')}  {ago(one.time, now)} ago")
    say(wrapped(plain(one.headline), " " * 10, " " * 10))


def _show_task(one: RepairTask, now: datetime) -> None:
    word = "closed" if one.state is TaskState.CLOSED else one.urgency.value
    style = _STYLES.get(word)
    part = plain(one.component or one.component_class)
    shown = paint(word, style) if style else word
    say(f"{short(one.id)}  {shown}  {part} of {plain(one.device)} ({one.type.value}, {one.state.value})")
    say(wrapped(plain(one.issue), " " * 10, " " * 10))
    serial = f", serial {plain(one.bundle.serial)}" if one.bundle.serial else ""
    say(f"          seen {count(one.count, 'time')}, last {ago(one.last_seen, now)} ago{serial}")
    told = f"proof: {one.proof}" if one.proof else f"do: {one.action}"
    say(wrapped(plain(told), " " * 10, " " * 10))
