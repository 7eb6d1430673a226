"""What the rules say to a question: Markdown with citations, made of what the owners told. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from groundcrew.contracts.actions import Action
from groundcrew.contracts.incidents import LIVE_STATES, Incident, IncidentState
from groundcrew.contracts.queries import HostSummary, IncidentDetail, LogLine, ServiceState
from groundcrew.diagnosis.markdown import code, prose
from groundcrew_meta.citations import Citations
from groundcrew_meta.questions import Asked, Focus
from groundcrew_meta.survey import Survey
from groundcrew_meta.wording import (
    ago,
    because,
    counted,
    evidence_lines,
    host_line,
    incident_line,
    names,
    placed,
    state_of,
    steps,
    utc,
    waiting,
)

SHOWN = 10
SILENT = timedelta(minutes=10)
CAN_ASK = (
    "You can ask: *what is wrong with HOST*, *why did that happen*, *what should I do*, *which hosts have disk "
    "problems*, *what changed since 02:00*, *show the log of HOST*, *which services failed*."
)
_READING = {
    "temp": ("temperature", "celsius"),
    "hot": ("temperature", "celsius"),
    "load": ("load",),
    "cpu": ("cpu", "load"),
    "mem": ("memory",),
    "ram": ("memory",),
    "disk": ("filesystem", "disk"),
    "space": ("filesystem",),
    "pressure": ("pressure",),
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """An incident with what was read around it."""

    detail: IncidentDetail
    actions: Sequence[Action] = ()
    earlier: Sequence[Incident] = ()


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was read of one host."""

    summary: HostSummary
    cases: Sequence[Case] = ()
    services: Sequence[ServiceState] = ()
    logs: Sequence[LogLine] = field(default_factory=tuple)


def fleet(survey: Survey, cites: Citations) -> str:
    """How things stand, worst first."""
    if survey.status is None and not survey.hosts:
        return "Nothing can be said about the fleet now."
    well = sum(one.health >= 90 for one in survey.hosts.values())
    head = f"{counted(len(survey.hosts), 'host')}, {well} of them well."
    if not survey.live:
        return f"**Nothing is wrong that the rules know of.** {head}{_silent(survey)}"
    critical = sum(one.severity.rank == 2 for one in survey.live)
    grave = f", {critical} of them critical" if critical else ""
    lines = [incident_line(one, cites, survey.now) for one in survey.live[:SHOWN]]
    if len(survey.live) > SHOWN:
        lines.append(f"- {len(survey.live) - SHOWN} more")
    return f"**{counted(len(survey.live), 'open incident')}{grave}.** {head}{_silent(survey)}\n\n" + "\n".join(lines)


def incident(case: Case, asked: Asked, cites: Citations, now: datetime) -> str:
    """One incident: what, where, since when; then what was asked for first."""
    one = case.detail.incident
    head = f"**{prose(one.title)}**{placed(one)}: {one.severity.value}, {state_of(one, now)} {cites.incident(one)}"
    todo = f"**What to do:**\n\n{steps(one)}" + (f"\n\n{queue}" if (queue := waiting(case.actions)) else "")
    reasons = because(case.detail, cites)
    found = f"**Evidence:**\n\n{evidence_lines(case.detail, cites)}" if case.detail.evidence else ""
    again = _earlier(case, cites, now)
    order = {
        Focus.STEPS: [head, todo, reasons, again],
        Focus.CAUSE: [head, reasons, found, again],
        Focus.WHOLE: [head, reasons, found, todo, again],
    }[asked.focus]
    return "\n\n".join(part for part in order if part)


def host(seen: Seen, asked: Asked, cites: Citations, now: datetime) -> str:
    summary = seen.summary
    name = f"**{prose(summary.name)}**"
    where = f"health {summary.health} of 100, {_last_seen(summary, now)}"
    failed = [one for one in seen.services if one.active_state == "failed"]
    units = f"Failed units: {', '.join(code(one.unit) for one in failed[:SHOWN])}." if failed else ""
    gaps = [one for one in summary.sources if one.state.value == "failing"]
    blind = (
        f"Sources that fail: {', '.join(f'{prose(one.name)} ({prose(one.detail)})' for one in gaps)}." if gaps else ""
    )
    if not seen.cases:
        said = f"{name}: the rules know of nothing that is wrong with it; {where}."
        return "\n\n".join(part for part in (said, units, blind) if part)
    count = counted(summary.open_incidents or len(seen.cases), "open incident")
    parts = [f"{name}: {count}; {where}.", *(incident(case, asked, cites, now) for case in seen.cases), units, blind]
    return "\n\n".join(part for part in parts if part)


def hosts(survey: Survey, asked: Asked, cites: Citations) -> str:
    """Hosts that fit the words of the question: by incident, by state, by name; else the worst."""
    if not survey.hosts:
        return "No host has reported yet."
    if matching := [one for one in survey.live if _fits(one, asked.words)]:
        told = sorted({name for one in matching for name in one.hosts})
        lines = [incident_line(one, cites, survey.now) for one in matching[:SHOWN]]
        head = f"**{counted(len(told), 'host')}** with open incidents that fit: {names(told)}."
        return "\n".join([head, "", *lines])
    found = [one for one in survey.hosts.values() if _by_state(one, asked.words, survey.now)]
    if found:
        ordered = sorted(found, key=lambda one: (one.health, one.name))
        more = [f"- {len(ordered) - SHOWN} more"] if len(ordered) > SHOWN else []
        lines = [host_line(one, survey.now) for one in ordered[:SHOWN]]
        return "\n".join([f"**{counted(len(ordered), 'host')}:**", "", *lines, *more])
    what = f" for {prose(' '.join(asked.words[:8]))}" if asked.words else ""
    return f"No host has an open incident that fits{what}.\n\n{fleet(survey, cites)}"


def changes(incidents: Sequence[Incident], asked: Asked, cites: Citations, now: datetime) -> str:
    """What opened, went on and was resolved since then."""
    since = asked.since or now
    where = f" on {names(asked.hosts)}" if asked.hosts else ""
    head = f"Since {utc(since)}{where}:"
    opened = [one for one in incidents if one.opened_at >= since and one.state is not IncidentState.RESOLVED]
    ended = [one for one in incidents if one.resolved_at and one.resolved_at >= since]
    went_on = [one for one in incidents if one not in opened and one not in ended and one.state in _LIVE]
    if not (opened or ended or went_on):
        return f"{head} **nothing that the rules call an incident.**"
    parts = [head]
    for title, some in (("New", opened), ("Still there, with new evidence", went_on), ("Resolved", ended)):
        if some:
            lines = [incident_line(one, cites, now) for one in some[:SHOWN]]
            more = [f"- {len(some) - SHOWN} more"] if len(some) > SHOWN else []
            parts.append("\n".join([f"**{title} ({len(some)}):**", "", *lines, *more]))
    return "\n\n".join(parts)


_LIVE = LIVE_STATES


def logs(seen: Sequence[Seen], asked: Asked) -> str:
    parts = []
    for one in seen:
        name = prose(one.summary.name)
        lines = [f"- {line.time:%m-%d %H:%M:%S} {code(line.identifier or line.unit)} {code(line.message)}" for line in
                 one.logs[:SHOWN]]  # fmt: skip
        since = f" since {utc(asked.since)}" if asked.since else " of the last day"
        nothing = f"**{name}**: no line of warning or worse{since}."
        parts.append(
            "\n".join([f"**{name}**, newest lines of warning or worse{since}:", "", *lines]) if lines else nothing
        )
    return "\n\n".join(parts)


def services(seen: Sequence[Seen]) -> str:
    """Units that failed, by host."""
    lines = []
    for one in seen:
        failed = [unit for unit in one.services if unit.active_state == "failed"]
        for unit in failed[:SHOWN]:
            again = f", {counted(unit.restarts, 'restart')}" if unit.restarts else ""
            result = f" ({prose(unit.result)}{again})" if unit.result else ""
            lines.append(f"- **{prose(one.summary.name)}**: {code(unit.unit)} failed{result} at {utc(unit.time)}")
    if not lines:
        return f"No failed unit on {names([one.summary.name for one in seen])}." if seen else "No unit is seen failed."
    return "\n".join(["**Failed units:**", "", *lines])


def readings(seen: Sequence[Seen], asked: Asked) -> str:
    """Newest values of the metrics that were asked for."""
    wanted = {
        part for word in asked.words for stem, parts in _READING.items() if word.startswith(stem) for part in parts
    }
    paragraphs = []
    for one in seen:
        values = _latest(one.summary.latest, wanted)
        lines = [f"- {code(name)}: {value:.6g}" for name, value in values[:SHOWN]]
        name = prose(one.summary.name)
        nothing = f"**{name}**: no such value is stored."
        paragraphs.append("\n".join([f"**{name}**, newest values:", "", *lines]) if lines else nothing)
    return "\n\n".join(paragraphs)


def unknown_host(asked: Asked) -> str:
    near = f" Did you mean {names(asked.near)}?" if asked.near else ""
    return f"No host named {code(asked.unknown)} is known here.{near}"


def unknown_incident(incident_id: str) -> str:
    return f"There is no incident {code(incident_id)}."


def other(survey: Survey, cites: Citations) -> str:
    """Where no rule fits: what can be said all the same, and what can be asked."""
    return f"The rules have no answer to this. How the fleet stands:\n\n{fleet(survey, cites)}\n\n{CAN_ASK}"


def missing(owners: Mapping[str, str]) -> str:
    return " ".join(f"{owner} does not answer: {reason}." for owner, reason in sorted(owners.items()))


def _earlier(case: Case, cites: Citations, now: datetime) -> str:
    if not case.earlier:
        return ""
    newest = case.earlier[0]
    times = "once" if len(case.earlier) == 1 else f"{len(case.earlier)} times"
    return f"This part had trouble {times} before, last {ago(newest.opened_at, now)} ago {cites.incident(newest)}."


def _silent(survey: Survey) -> str:
    gone = sorted(
        one.name for one in survey.hosts.values() if one.last_seen is None or survey.now - one.last_seen > SILENT
    )
    return f" Not heard of for 10 minutes or ever: {names(gone)}." if gone else ""


def _last_seen(summary: HostSummary, now: datetime) -> str:
    return f"last seen {ago(summary.last_seen, now)} ago" if summary.last_seen else "never seen"


def _fits(one: Incident, words: Sequence[str]) -> bool:
    told = f"{one.title} {one.cause.id} {one.cause.component_class} {one.cause.component} {' '.join(one.rules)}".lower()
    return any(len(word) > 2 and word.rstrip("s") in told for word in words)


def _by_state(one: HostSummary, words: Sequence[str], now: datetime) -> bool:
    asked = set(words)
    if asked & {"silent", "gone", "missing", "offline", "unreachable"}:
        return one.last_seen is None or now - one.last_seen > SILENT
    if asked & {"critical", "red"}:
        return one.health <= 60
    if asked & {"well", "healthy", "fine", "ok"}:
        return one.health >= 90
    if not asked or asked & {"unhealthy", "ill", "sick", "wrong", "warning", "broken", "bad", "attention", "worst"}:
        return one.health < 90
    return any(len(word) > 2 and word in one.name.lower() for word in asked)


def _latest(latest: Mapping[str, float], wanted: set[str]) -> list[tuple[str, float]]:
    fits = [(name, value) for name, value in sorted(latest.items()) if any(part in name for part in wanted)]
    return fits or sorted(latest.items())
