"""The system itself: start and stop it, one glance at it, and what watches one host without it."""

from typing import Annotated

import typer

from groundcrew_cli.commands.options import Json, KeyFile, Site, Url, now


def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="Also replay a failure in a site of its own, named demo.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return once it answers; it runs on.")] = False,
    port: Annotated[int | None, typer.Option(min=1, max=65_535, help="Port of the page; default 40083.")] = None,
    as_json: Json = False,
) -> None:
    """Bring the whole system up on this machine, without root or containers.

    It watches this machine and keeps its data in GROUNDCREW_HOME.
    """
    from groundcrew_cli import running

    raise typer.Exit(running.up(demo=demo, detach=detach, port=port, as_json=as_json))


def down(as_json: Json = False) -> None:
    """Stop what `up` started."""
    from groundcrew_cli import running

    running.down(as_json=as_json)


def status(url: Url = None, key_file: KeyFile = None, site: Site = None, as_json: Json = False) -> None:
    """One glance: hosts, sources, open incidents, what waits for approval."""
    from groundcrew_cli import connection
    from groundcrew_cli import status as showing

    with connection.connect(url, key_file, site) as gateway:
        showing.show(gateway, as_json=as_json, now=now())


def check(
    minutes: Annotated[int, typer.Option(min=1, max=1_440, help="How far back logs are read.")] = 60,
    as_json: Json = False,
) -> None:
    """Look at this host once, without a running system.

    Reads metrics, services and recent log lines, and puts them through the same rules as the services.

    Exit codes: 0 healthy, 1 warning, 2 critical, 3 nothing could be read.
    """
    from groundcrew_cli.checking import check as check_host

    raise typer.Exit(check_host(minutes=minutes, as_json=as_json, now=now()))


def mcp(
    url: Annotated[
        str | None,
        typer.Option("--url", help="Address of the MCP server; default: cli.mcp_url, else the one of this machine."),
    ] = None,
    key_file: KeyFile = None,
) -> None:
    """Speak MCP on standard input and output, for a client that starts programs.

    A running system answers, as it does over HTTP: the same tools, resources and rules.
    """
    from groundcrew_cli import agents

    agents.serve(url, key_file)
