"""`groundcrew incidents`: what is wrong, where, since when, what is it, what next."""

from datetime import datetime

from pydantic import BaseModel

from groundcrew.contracts.actions import Action, ActionState
from groundcrew.contracts.incidents import Incident
from groundcrew.contracts.queries import ActionPage, IncidentDetail, IncidentPage
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import NOT_POSSIBLE, CliError
from groundcrew_cli.terminal import ago, clip, clock_time, command, count, paint, plain, say, say_json, severity

SHORT = 8
MAX_EVIDENCE = 20
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
    if len(wanted) == 32 and not found:
        return wanted  # an older one than those listed, perhaps
    if not found:
        raise CliError(
            f"there is no {what} whose id begins with {prefix!r}",
            NOT_POSSIBLE,
            hint="--site NAME looks in another site",
        )
    raise CliError(f"{len(found)} {what}s begin with {prefix!r}; give more of the id", NOT_POSSIBLE)


def show_list(gateway: Gateway, *, everything: bool, limit: int, as_json: bool, now: datetime) -> None:
    page = gateway.get(IncidentPage, "incidents", state=None if everything else OPEN, limit=limit)
    if as_json:
        say_json(page.model_dump(mode="json"))
        return
    if not page.items:
        say("No incidents." if everything else f"No open incidents. `{command('incidents --all')}` shows past ones.")
        return
    waiting = gateway.get(ActionPage, "actions", state=["queued"], limit=1_000).items
    for incident in sorted(page.items, key=lambda one: (-one.severity.rank, one.opened_at)):
        show_short(gateway, incident, waiting, now)
    if page.next:
        say(f"There are more; --limit {limit} was the limit.")


def show_short(gateway: Gateway, incident: Incident, waiting: list[Action], now: datetime) -> None:
    """State, place and time; title; cause; what to do next, as commands to copy. `waiting` may hold others' actions."""
    where = plain(", ".join(incident.hosts) or incident.entity)
    state = "" if incident.state.value == "open" else f"  {incident.state.value}"
    state += f"  {clip(plain(incident.owner), 12)}" if incident.owner else ""
    since = f"since {clock_time(incident.opened_at, now)} ({ago(incident.opened_at, now)})"
    say(f"{severity(incident.severity.value)}  {clip(where, 30)}  {since}{state}")
    say(f"  {clip(plain(incident.title), 78)}")
    part = f" · {incident.cause.component}" if incident.cause.component else ""
    cause = plain(f"{incident.cause.id}{part} · {incident.cause.confidence:.0%}")
    say(paint(f"  {clip(cause, 46)} · {count(incident.evidence_count, 'piece')} of evidence", "dim"))
    say(f"  {command('incidents')} {short(incident.id)}{gateway.site_option}")
    for action in waiting:
        if action.incident_id == incident.id:
            say(f"  {_command(gateway, action)}  # {_what(action)}")
    say()


def show_one(gateway: Gateway, prefix: str, *, as_json: bool, now: datetime) -> None:
    known = [one.id for one in gateway.get(IncidentPage, "incidents", limit=1_000).items]
    incident_id = find(prefix, known, "incident")
    detail = gateway.get(IncidentDetail, f"incidents/{incident_id}")
    actions = gateway.get(ActionPage, "actions", incident_id=incident_id, limit=100).items
    if as_json:
        say_json(Both(incident=detail, actions=actions).model_dump(mode="json"))
        return
    incident = detail.incident
    where = plain(", ".join(incident.hosts) or incident.entity)
    say(f"{severity(incident.severity.value)}  {paint(plain(incident.title), 'bold')}")
    say(f"  {incident.state.value} on {where} since {clock_time(incident.opened_at, now)}, id {incident.id}")
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
