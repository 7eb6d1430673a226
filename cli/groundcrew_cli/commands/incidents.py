"""What is wrong, and what is done about it."""

from typing import Annotated

import typer

from groundcrew_cli.commands.options import Comment, Json, KeyFile, Site, Url, now


def forecasts(
    host: Annotated[str, typer.Argument(metavar="HOST", help="Whose parts and room are looked at.")],
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """What of a host will be used up, and when: disks, wear, errors, temperatures."""
    from groundcrew_cli import connection, foretelling

    with connection.connect(url, key_file, site) as gateway:
        foretelling.show(gateway, host, as_json=as_json, now=now())


def incidents(
    incident: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One incident; the first few characters do.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Resolved ones, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many.")] = 50,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """What is wrong, where, since when, why, and what to do next."""
    from groundcrew_cli import connection
    from groundcrew_cli import incidents as showing

    with connection.connect(url, key_file, site) as gateway:
        if incident is None:
            showing.show_list(gateway, showing.Wanted(limit=limit, everything=everything), as_json=as_json, now=now())
        else:
            showing.show_one(gateway, incident, as_json=as_json, now=now())


def approve(
    action: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The action; without it, what waits is listed.")
    ] = None,
    comment: Comment = "",
    wait: Annotated[float, typer.Option(min=0, max=3_600, help="Seconds to wait for the result.")] = 60,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Let an action run that waits for approval, and show what came of it."""
    from groundcrew_cli import connection, deciding

    with connection.connect(url, key_file, site) as gateway:
        if action is None:
            deciding.show_waiting(gateway, as_json=as_json)
        else:
            deciding.decide(gateway, action, approve=True, comment=comment, wait_s=wait, as_json=as_json)


def reject(
    action: Annotated[str, typer.Argument(metavar="ID", help="The action; the first few characters do.")],
    comment: Comment = "",
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Refuse an action that waits for approval."""
    from groundcrew_cli import connection, deciding

    with connection.connect(url, key_file, site) as gateway:
        deciding.decide(gateway, action, approve=False, comment=comment, wait_s=0, as_json=as_json)


def logs(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with lines as they come.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=1_000, help="So many of the newest.")] = 50,
    host: Annotated[str | None, typer.Option(help="Only of this host.")] = None,
    unit: Annotated[str | None, typer.Option(help="Only of this systemd unit.")] = None,
    contains: Annotated[str | None, typer.Option(help="Only lines with this text.")] = None,
    max_priority: Annotated[int, typer.Option(min=0, max=7, help="3: errors and worse, 4: warnings, too.")] = 7,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Stored log lines, the newest last. With --json, one object per line."""
    from groundcrew_cli import connection
    from groundcrew_cli import logs as showing

    filters = {"host": host, "unit": unit, "contains": contains, "max_priority": max_priority}
    with connection.connect(url, key_file, site) as gateway:
        showing.show(gateway, follow=follow, lines=lines, as_json=as_json, now=now(), filters=filters)


def templates(
    novel: Annotated[
        bool | None, typer.Option("--novel/--not-novel", help="Only those that were, or were not, told as new.")
    ] = None,
    contains: Annotated[str | None, typer.Option(help="Only those with this in the template or the program.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many.")] = 50,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Kinds of log lines of warning and worse that no rule knows, most frequent first."""
    from groundcrew_cli import connection, kinds

    with connection.connect(url, key_file, site) as gateway:
        kinds.show(gateway, novel=novel, contains=contains, limit=limit, as_json=as_json, now=now())


def chat(
    question: Annotated[
        str | None, typer.Argument(metavar="[QUESTION]", help="One question; without it, a conversation.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="What it is about: this host.")] = None,
    incident: Annotated[
        str | None, typer.Option(metavar="ID", help="What it is about: this incident; the first characters do.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Begin another conversation.")] = False,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Ask about your servers. Rules answer from what was observed; a model explains where one is configured.

    On a terminal, a conversation goes on with the one of the last hour; Ctrl-C ends an answer, Ctrl-D ends.
    """
    from groundcrew_cli import chatting, connection

    with connection.connect(url, key_file, site) as gateway:
        chatting.chat(gateway, question, host=host, incident=incident, new=new, as_json=as_json)
