"""`groundcrew incidents` and `incident show`: what is wrong, where, since when, what is it, what next."""

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel

from groundcrew.contracts.actions import Action, ActionState
from groundcrew.contracts.incidents import Incident
from groundcrew.contracts.queries import ActionPage, IncidentDetail, IncidentPage
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import NOT_POSSIBLE, CliError
from groundcrew_cli.terminal import (
    ago,
    clip,
    clock_time,
    command,
    count,
    note,
    paint,
    plain,
    say,
    say_json,
    severity,
    wrapped,
)

SHORT = 8
ID_LENGTH = 32
MAX_EVIDENCE = 20
MAX_HISTORY = 10
MAX_PAGES = 10
"""Pages of 1,000 incidents in which one is looked for by how its id begins."""

OPEN = ["open", "acknowledged", "maintenance", "mitigated"]


class Both(BaseModel):
    """What --json prints of one incident."""

    incident: IncidentDetail
    actions: list[Action]


def short(whole: str) -> str:
    """Enough of an id to name it on the command line."""
    return whole[:SHORT]


def find(prefix: str, ids: list[str], what: str) -> str:
    """The one id that begins with `prefix`. Raises CliError."""
    wanted = prefix.lower()
    found = [each for each in ids if each.startswith(wanted)] if wanted else []
    if len(found) == 1:
        return found[0]
    if len(wanted) == ID_LENGTH and not found:
        return wanted  # an older one than those listed, perhaps
    if not found:
        raise CliError(
            f"there is no {what} whose id begins with {prefix!r}",
            NOT_POSSIBLE,
            hint="--site NAME looks in another site",
        )
    raise CliError(f"{len(found)} {what}s begin with {prefix!r}; give more of the id", NOT_POSSIBLE)


@dataclass(frozen=True)
class Wanted:
    """Which incidents a list is to show: all those that are live, unless something else is said."""

    limit: int
    everything: bool = False
    states: list[str] = field(default_factory=list)
    severity: str | None = None
    host: str | None = None

    @property
    def narrowed(self) -> bool:
        return bool(self.states or self.severity or self.host)


def find_incident(gateway: Gateway, prefix: str) -> str:
    """The id of the one incident that begins so, live or past. Raises CliError."""
    if len(prefix) == ID_LENGTH:
        return find(prefix, [], "incident")
    known: list[str] = []
    cursor = None
    for _ in range(MAX_PAGES):
        page = gateway.get(IncidentPage, "incidents", limit=1_000, cursor=cursor)
        known += [one.id for one in page.items]
        cursor = page.next
        if cursor is None:
            break
    return find(prefix, known, "incident")


def show_list(gateway: Gateway, wanted: Wanted, *, as_json: bool, now: datetime) -> None:
    page = _asked(gateway, wanted, wanted.severity, wanted.limit)
    if as_json:
        say_json(page.model_dump(mode="json"))
        return
    if page.next and not wanted.severity:
        page = _gravest(gateway, wanted)
    if not page.items:
        say(_none(gateway, wanted))
        return
    waiting = gateway.get(ActionPage, "actions", state=["queued"], limit=1_000).items
    for incident in sorted(page.items, key=lambda one: (-one.severity.rank, one.opened_at)):
        show_short(gateway, incident, waiting, now)
    if page.next:
        note(f"There are more: {command('incident list --limit 1000')}{gateway.site_option}, or narrow it by --host.")


def _asked(gateway: Gateway, wanted: Wanted, severity_: str | None, limit: int) -> IncidentPage:
    states = wanted.states or (None if wanted.everything else OPEN)
    return gateway.get(IncidentPage, "incidents", state=states, severity=severity_, host=wanted.host, limit=limit)


def _gravest(gateway: Gateway, wanted: Wanted) -> IncidentPage:
    """Where not all fit: the critical ones first, however old they are."""
    found: dict[str, Incident] = {}
    for name in ("critical", "warning", "info"):
        if len(found) < wanted.limit:
            found |= {one.id: one for one in _asked(gateway, wanted, name, wanted.limit - len(found)).items}
    return IncidentPage(items=list(found.values()), next="more")


def _none(gateway: Gateway, wanted: Wanted) -> str:
    if wanted.narrowed:
        return "No incident is like that."
    if wanted.everything:
        return "No incidents."
    return f"No open incidents. `{command('incidents --all')}{gateway.site_option}` shows past ones."


def show_short(gateway: Gateway, incident: Incident, waiting: list[Action], now: datetime) -> None:
    """State, place and time; title; cause; what to do next, as commands to copy. `waiting` may hold others' actions."""
    say(heading(incident, now))
    say(f"  {clip(plain(incident.title), 78)}")
    part = f" · {incident.cause.component}" if incident.cause.component else ""
    cause = plain(f"{incident.cause.id}{part} · {incident.cause.confidence:.0%}")
    say(paint(f"  {clip(cause, 46)} · {count(incident.evidence_count, 'piece')} of evidence", "dim"))
    say(f"  {command('incidents')} {short(incident.id)}{gateway.site_option}")
    for action in waiting:
        if action.incident_id == incident.id:
            say(f"  {_command(gateway, action)}  # {_what(action)}")
    say()


def heading(incident: Incident, now: datetime) -> str:
    """How grave, where, since when; in which state and whose, where that is worth a word."""
    where = plain(", ".join(incident.hosts) or incident.entity)
    state = "" if incident.state.value == "open" else f"  {incident.state.value}"
    state += f"  {clip(plain(incident.owner), 12)}" if incident.owner else ""
    since = f"since {clock_time(incident.opened_at, now)} ({ago(incident.opened_at, now)})"
    return f"{severity(incident.severity.value)}  {clip(where, 30)}  {since}{state}"


def show_one(gateway: Gateway, prefix: str, *, as_json: bool, now: datetime) -> None:
    incident_id = find_incident(gateway, prefix)
    detail = gateway.get(IncidentDetail, f"incidents/{incident_id}")
    actions = gateway.get(ActionPage, "actions", incident_id=incident_id, limit=100).items
    if as_json:
        say_json(Both(incident=detail, actions=actions).model_dump(mode="json"))
        return
    incident = detail.incident
    where = plain(", ".join(incident.hosts) or incident.entity)
    say(f"{severity(incident.severity.value)}  {paint(plain(incident.title), 'bold')}")
    say(f"  {incident.state.value} on {where} since {clock_time(incident.opened_at, now)}, id {incident.id}")
    if incident.owner:
        say(f"  owner {plain(incident.owner)}")
    for line in incident.note.splitlines():
        say(wrapped(plain(line), "  note  ", "        "))
    _causes(incident)
    if incident.steps:
        say("\nWhat to do")
        for number, step in enumerate(incident.steps, start=1):
            say(f"  {number}. {plain(step)}")
    _evidence(detail, now)
    if actions:
        say("\nActions")
        for action in actions:
            show_action(gateway, action)
    _history(detail, now)


def _causes(incident: Incident) -> None:
    say("\nCause")
    for cause in (incident.cause, *incident.alternatives[:3]):
        part = f" · {plain(cause.component)}" if cause.component else ""
        why = f" · {plain(cause.why)}" if cause.why else ""
        say(f"  {cause.confidence:>4.0%}  {plain(cause.id)}{part}{why}")


def _evidence(detail: IncidentDetail, now: datetime) -> None:
    shown = detail.evidence[-MAX_EVIDENCE:]
    say(f"\nEvidence ({count(len(detail.evidence), 'piece')})")
    if len(shown) < len(detail.evidence):
        say(f"  … {len(detail.evidence) - len(shown)} older, see --json")
    for each in shown:
        say(f"  {clock_time(each.time, now)} {plain(each.entity)} {each.source.value}  {plain(each.text)}")


def _history(detail: IncidentDetail, now: datetime) -> None:
    shown = detail.history[-MAX_HISTORY:]
    if not shown:
        return
    say("\nHistory")
    if len(shown) < len(detail.history):
        say(f"  … {len(detail.history) - len(shown)} earlier, see --json")
    for entry in shown:
        first = f"  {clock_time(entry.time, now)} {plain(entry.actor)}  "
        say(wrapped(plain(entry.change), first, "    "))


def show_action(gateway: Gateway, action: Action) -> None:
    """What it is, what exactly would run, what came of it, and how to let it run."""
    say(f"  {action.state.value:<9}  {_what(action)}")
    if action.argv:
        say(f"             runs  {plain(' '.join(action.argv))}")
    if action.outcome:
        say(f"             {plain(action.outcome)}")
    if action.state is ActionState.QUEUED:
        say(f"             {_command(gateway, action)}")


def _command(gateway: Gateway, action: Action) -> str:
    return f"{command('approve')} {short(action.id)}{gateway.site_option}"


def _what(action: Action) -> str:
    subject = action.parameters.get("unit", "")
    return plain(f"{action.kind.value} {subject}".strip() + f" on {action.target.partition(':')[2]}")
