"""`groundcrew silences`."""

from typing import Annotated

import typer

from groundcrew_cli.commands.options import Json, KeyFile, Site, Url, now

app = typer.Typer(help="Silence hosts, roles or racks for a while, and look what is silenced.")


@app.callback(invoke_without_command=True)
def silences(
    context: typer.Context,
    over: Annotated[bool, typer.Option("--over", help="With those that are over.")] = False,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """What is silenced, until when, by whom and why."""
    from groundcrew_cli import connection, silencing

    if context.invoked_subcommand is None:
        with connection.connect(url, key_file, site) as gateway:
            silencing.show(gateway, over=over, as_json=as_json, now=now())


@app.command("add")
def silences_add(
    targets: Annotated[
        list[str],
        typer.Argument(metavar="TARGET...", help="host:NAME, bmc:NAME, role:NAME, rack:NAME (with * and ?), or all."),
    ],
    why: Annotated[str, typer.Option("--why", help="The reason, for whoever asks later.")],
    span: Annotated[str, typer.Option("--for", help="How long: 90m, 2h, 1d12h.")],
    rule: Annotated[
        list[str] | None, typer.Option("--rule", help="Only this rule or cause (with * and ?); may be repeated.")
    ] = None,
    since: Annotated[str, typer.Option("--from", help="When it begins, such as 2026-03-04T22:00 (UTC).")] = "",
    maintenance: Annotated[bool, typer.Option("--maintenance", "-m", help="Call it a maintenance window.")] = False,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Record triggers and open no incident for a while; what is still so at its end is raised then."""
    from groundcrew_cli import connection, silencing

    with connection.connect(url, key_file, site) as gateway:
        silencing.add(
            gateway,
            targets,
            rules=rule or [],
            span=span,
            since=since,
            maintenance=maintenance,
            why=why,
            as_json=as_json,
            now=now(),
        )


@app.command("end")
def silences_end(
    silence: Annotated[str, typer.Argument(metavar="ID", help="Of the silence, or how it begins.")],
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """End a silence now; one that is only planned never begins."""
    from groundcrew_cli import connection, silencing

    with connection.connect(url, key_file, site) as gateway:
        silencing.end(gateway, silence, as_json=as_json, now=now())
