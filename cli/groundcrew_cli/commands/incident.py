"""`groundcrew incident`: the life of one incident, from the first look to its end."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from groundcrew_cli.commands.incidents import incidents as show_incidents
from groundcrew_cli.commands.options import Json, KeyFile, Site, Url, now

if TYPE_CHECKING:
    from groundcrew.contracts.queries import CommandName

app = typer.Typer(help="The life of an incident: take it, hand it on, say how it ends.", no_args_is_help=True)


class StateName(StrEnum):
    """What --state takes; typer takes no list of literals."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    MAINTENANCE = "maintenance"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"


One = Annotated[str, typer.Argument(metavar="ID", help="The incident; the first few characters do.")]
Several = Annotated[list[str], typer.Argument(metavar="ID...", help="Incidents; of each the first few characters do.")]
Why = Annotated[str, typer.Option("--text", "-m", help="Why; it stands in the history under your key's name.")]


@app.command("list")
def incident_list(
    everything: Annotated[bool, typer.Option("--all", "-a", help="Resolved ones, too.")] = False,
    state: Annotated[
        list[StateName] | None,
        typer.Option("--state", help="Only in this state; may be repeated."),
    ] = None,
    severity: Annotated[Literal["critical", "warning", "info"] | None, typer.Option(help="Only of this one.")] = None,
    host: Annotated[str | None, typer.Option(help="Only on this host.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many.")] = 50,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """What is wrong, where, since when; the gravest first."""
    from groundcrew_cli import connection
    from groundcrew_cli import incidents as showing

    states = [one.value for one in state or []]
    wanted = showing.Wanted(everything=everything, states=states, severity=severity, host=host, limit=limit)
    with connection.connect(url, key_file, site) as gateway:
        showing.show_list(gateway, wanted, as_json=as_json, now=now())


@app.command("show")
def incident_show(
    incident: One, url: Url = None, key_file: KeyFile = None, site: Site = None, as_json: Json = False
) -> None:
    """One incident: cause, what to do, evidence, actions, history."""
    show_incidents(incident, url=url, key_file=key_file, site=site, as_json=as_json)


@app.command("acknowledge")
def incident_acknowledge(
    incidents: Several,
    text: Why = "",
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Say that somebody is on it; without an owner, it becomes yours."""
    _tell(incidents, "acknowledge", text, url=url, key_file=key_file, site=site, as_json=as_json)


@app.command("assign")
def incident_assign(
    incident: One,
    owner: Annotated[str, typer.Argument(metavar="[OWNER]", help="Who takes care of it from now on.")] = "",
    nobody: Annotated[bool, typer.Option("--nobody", help="Take the owner off.")] = False,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Name who takes care of it, or nobody."""
    if bool(owner.strip()) == nobody:
        raise typer.BadParameter("expected a name, or --nobody", param_hint="OWNER")
    _tell([incident], "assign", owner, url=url, key_file=key_file, site=site, as_json=as_json)


@app.command("maintain")
def incident_maintain(
    incidents: Several,
    text: Why = "",
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Say that planned work is being done: new evidence is kept and opens nothing."""
    _tell(incidents, "maintain", text, url=url, key_file=key_file, site=site, as_json=as_json)


@app.command("mitigate")
def incident_mitigate(
    incidents: Several,
    text: Why = "",
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Say that its effect is gone and its cause is not; new evidence opens it again."""
    _tell(incidents, "mitigate", text, url=url, key_file=key_file, site=site, as_json=as_json)


@app.command("resolve")
def incident_resolve(
    incidents: Several,
    text: Why = "",
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Close it by hand. What recovers by itself is resolved without you."""
    _tell(incidents, "resolve", text, url=url, key_file=key_file, site=site, as_json=as_json)


@app.command("reopen")
def incident_reopen(
    incidents: Several,
    text: Why = "",
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Take back that it is acknowledged, in maintenance or mitigated.

    A resolved one opens again by itself where its fault comes back.
    """
    _tell(incidents, "reopen", text, url=url, key_file=key_file, site=site, as_json=as_json)


@app.command("note")
def incident_note(
    incident: One,
    words: Annotated[list[str], typer.Argument(metavar="TEXT...", help="What to remember of it.")],
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Add a note; it stands on the incident and in its history, resolved ones included."""
    _tell([incident], "note", " ".join(words), url=url, key_file=key_file, site=site, as_json=as_json)


def _tell(
    incidents: list[str],
    what: "CommandName",
    text: str,
    *,
    url: Url,
    key_file: KeyFile,
    site: Site,
    as_json: bool,
) -> None:
    from groundcrew_cli import commanding, connection

    with connection.connect(url, key_file, site) as gateway:
        commanding.tell(gateway, incidents, what, text, as_json=as_json, now=now())
