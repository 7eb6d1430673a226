"""What a model would be asked with about a report: site background, structured facts, the most important raw events.

The same window as of incidents (`window.py`): rows of ours, text from machines fenced as data, evidence numbered.
"""

from collections.abc import Iterable, Sequence

from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.reports import (
    MAX_CONTEXT_TOKENS,
    MAX_RAW_EVENTS,
    CitedEvent,
    EventSummary,
    RepairTask,
    ReportContext,
    RootCause,
    SensorSummary,
)
from groundcrew.diagnosis.citing import by_importance
from groundcrew.diagnosis.selection import Selection
from groundcrew.diagnosis.tokens import Tokenizer
from groundcrew.diagnosis.window import Row, Section, fill

MAX_BACKGROUND_HOSTS = 8
MAX_RAW_TEXT = 240
BACKGROUND_SHARE = 0.15
FACTS_SHARE = 0.45


def build_context(
    background: Sequence[Row], facts: Sequence[Row], events: Sequence[CitedEvent], count: Tokenizer
) -> ReportContext:
    """In fewer than MAX_CONTEXT_TOKENS as `count` counts them."""
    sections = [
        Section(name="site", title="Site background", rows=background, share=BACKGROUND_SHARE),
        Section(name="facts", title="Structured summary, by rule", rows=facts, share=FACTS_SHARE),
        Section(
            name="events",
            title="Raw events, the most important first",
            rows=[_event(one) for one in by_importance(events)[:MAX_RAW_EVENTS]],
        ),
    ]
    filled = fill(sections, MAX_CONTEXT_TOKENS - 1, count)
    return ReportContext(text=filled.text, tokens=filled.tokens, evidence_ids=filled.cited, left_out=filled.left_out)


def background(site: str, inventory: Inventory, selection: Selection) -> list[Row]:
    """The site in two lines, then hosts of the selection with their places."""
    listed = {entry.name: entry for entry in inventory.host}
    racks = {entry.rack for entry in inventory.host if entry.rack}
    feeds = {feed for entry in inventory.host for feed in entry.pdu if feed}
    switches = {entry.switch for entry in inventory.host if entry.switch}
    rows = [
        Row(
            head=f"site {site}: {len(selection.hosts)} hosts looked at; the inventory lists {len(listed)} hosts, "
            f"{len(racks)} racks, {len(feeds)} PDU feeds, {len(switches)} switches"
        ),
        Row(head="asked about", data=selection.told),
    ]
    shown = [listed.get(name) or InventoryHost(name=name) for name in selection.hosts[:MAX_BACKGROUND_HOSTS]]
    return rows + [_host(entry) for entry in shown]


def facts_of_summary(summary: EventSummary) -> list[Row]:
    hours = round((summary.until - summary.since).total_seconds() / 3_600)
    rows = [
        Row(
            head=f"last {hours} h: {summary.events} trigger events ({_counts(summary.by_severity)}), "
            f"{summary.incidents} incidents, {summary.open_incidents} open; "
            f"by class: {_counts(summary.by_type) or 'none'}"
        )
    ]
    rows += [
        Row(
            head=f"issue, {one.urgency.value}, {one.severity.value}, cause {one.cause}",
            data=f"{one.device}: {one.issue}",
        )
        for one in summary.top_issues
    ]
    rows += [Row(head=f"pattern, {one.severity.value}, rule {one.rule_id}", data=one.text) for one in summary.patterns]
    ill = [one for one in summary.health if one.score < 100 or one.worst < 100]
    rows += [
        Row(
            head=f"health {one.score} now, {one.worst} at worst",
            data=f"{one.device}: {'; '.join(point.reason for point in one.points[:3]) or 'well again'}",
        )
        for one in ill
    ]
    return [*rows, Row(head=f"health 100: {len(summary.health) - len(ill)} of the devices shown")]


def facts_of_sensors(sensors: SensorSummary) -> list[Row]:
    rows = [Row(head=f"{sensors.sensors} sensors of {sensors.devices} devices; by status {_counts(sensors.by_status)}")]
    rows += [
        Row(head=f"sensor {one.status}", data=f"{one.device} {one.sensor}: {_reading(one.value, one.unit)}")
        for one in sensors.unwell
    ]
    return rows + [Row(head="no sensor read", data=", ".join(sensors.unread[:20])) for _ in sensors.unread[:1]]


def facts_of_tasks(tasks: Iterable[RepairTask]) -> list[Row]:
    return [
        Row(
            head=f"task {one.state.value}, {one.urgency.value}, {one.severity.value}, {one.type.value}, seen "
            f"{one.count} times from {one.first_seen:%m-%d %H:%M} to {one.last_seen:%m-%d %H:%M}",
            data=f"{one.device} {one.component or one.component_class}: {one.issue}; do: {one.action}"
            + (f"; serial {one.bundle.serial}" if one.bundle.serial else "")
            + (f"; proof: {one.proof}" if one.proof else ""),
        )
        for one in tasks
    ]


def facts_of_root_cause(found: RootCause, description: str = "") -> list[Row]:
    when = f"{found.target_time:%Y-%m-%d %H:%M:%S}" if found.target_time else "unknown"
    rows = [Row(head=f"time in question {when}", data=found.target)]
    rows += [Row(head="what the operator describes", data=description) for _ in range(bool(description.strip()))]
    rows += [Row(head="verdict by rule", data=found.verdict)]
    rows += [
        Row(
            head=f"possible cause {one.cause} at {one.confidence:.2f} by {one.by}",
            data=f"{one.component or one.component_class}: {one.why}",
        )
        for one in found.causes
    ]
    rows += [Row(head=f"anomaly, z {one.score:g}", data=f"{one.device}: {one.text}") for one in found.anomalies]
    rows += [
        Row(head="related device", data=f"{one.device} ({', '.join(one.shares)}): {one.text}")
        for one in found.related
        if one.incidents
    ]
    well = sum(not one.incidents for one in found.related)
    rows += [Row(head=f"{well} related devices without an incident")] if well else []
    return rows + [Row(head="silent source", data=one) for one in found.absent]


def _host(entry: InventoryHost) -> Row:
    places = (("rack", entry.rack), ("pdu", " ".join(entry.pdu)), ("switch", entry.switch), ("role", entry.role))
    known = ", ".join(f"{name} {value}" for name, value in places if value)
    model = f"{entry.vendor} {entry.model}".strip() or "model unknown"
    return Row(head="host", data=f"{entry.name}: {model}{f', {known}' if known else ''}")


def _event(one: CitedEvent) -> Row:
    text = one.text if len(one.text) <= MAX_RAW_TEXT else f"{one.text[: MAX_RAW_TEXT - 2]} …"
    head = f"{one.time:%Y-%m-%d %H:%M:%S} {one.source.value} {one.severity.value}"
    return Row(head=head, data=f"{one.device}: {text}", cites=one.id)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in list(counts.items())[:12])


def _reading(value: float | None, unit: str) -> str:
    return "no reading" if value is None else f"{value:g} {unit}".strip()
