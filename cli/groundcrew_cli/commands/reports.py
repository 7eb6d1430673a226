"""`groundcrew report`."""

from typing import Annotated

import typer

from groundcrew_cli.commands.options import Json, KeyFile, Site, Url, now

app = typer.Typer(help="What happened, what to repair, why it happened.", no_args_is_help=True)


_Range = Annotated[str, typer.Option("--range", "-r", help="24h, 72h, 7d or 30d.")]


_Devices = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DEVICE]...", help="Hosts, or rack:, role:, pdu:, switch: with a name; all without."),
]


_Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown to hand on.")]


@app.command("summary")
def report_summary(
    devices: _Devices = None,
    kind: Annotated[str, typer.Option("--type", "-t", help="health, events or sensors.")] = "health",
    time_range: _Range = "24h",
    severity: Annotated[list[str] | None, typer.Option(help="Only critical, warning or info; may be repeated.")] = None,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
    as_markdown: _Markdown = False,
) -> None:
    """What happened: health, events or sensors of devices."""
    from groundcrew_cli import connection, reporting

    body = {"type": kind, "time_range": time_range, "devices": devices or [], "severity_filter": severity or []}
    with connection.connect(url, key_file, site) as gateway:
        reporting.make(gateway, "summary", body, as_json=as_json, as_markdown=as_markdown, now=now())


@app.command("tasks")
def report_tasks(
    devices: _Devices = None,
    time_range: _Range = "7d",
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--type", "-t", help="memory, thermal, power, fans, storage, gpu, network or board; may be repeated."
        ),
    ] = None,
    kept: Annotated[bool, typer.Option("--kept", help="Only list what is kept, and look at nothing.")] = False,
    everything: Annotated[bool, typer.Option("--all", "-a", help="With --kept: closed ones, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="With --kept: at most so many.")] = 50,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
    as_markdown: _Markdown = False,
) -> None:
    """What to repair: one task per part, with the evidence that its vendor asks for."""
    from groundcrew_cli import connection, reporting

    with connection.connect(url, key_file, site) as gateway:
        if kept:
            reporting.show_undone(gateway, everything=everything, limit=limit, as_json=as_json, now=now())
            return
        body = {"time_range": time_range, "devices": devices or [], "task_types": kind or []}
        reporting.make(gateway, "tasks", body, as_json=as_json, as_markdown=as_markdown, now=now())


@app.command("rca")
def report_rca(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="A host, or bmc:NAME of the BMC in it.")],
    description: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="What was seen, in your words.")
    ] = None,
    event: Annotated[
        str | None, typer.Option(metavar="ID", help="An incident, a piece of evidence, a record or a log line.")
    ] = None,
    time_range: _Range = "24h",
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
    as_markdown: _Markdown = False,
) -> None:
    """Why it happened: timeline, anomalies, what shares a feed or switch, and possible causes."""
    from groundcrew_cli import connection, reporting

    words = " ".join(description or [])
    body = {"device": device, "time_range": time_range, "event_id": event, "description": words}
    with connection.connect(url, key_file, site) as gateway:
        reporting.make(gateway, "root-cause", body, as_json=as_json, as_markdown=as_markdown, now=now())


@app.command("list")
def report_list(
    kind: Annotated[str | None, typer.Option("--kind", "-k", help="summary, tasks or root-cause.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many.")] = 20,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Reports that were made, newest first."""
    from groundcrew_cli import connection, reporting

    with connection.connect(url, key_file, site) as gateway:
        reporting.show_list(gateway, kind=kind, limit=limit, as_json=as_json, now=now())


@app.command("show")
def report_show(
    report: Annotated[str, typer.Argument(metavar="ID", help="Of the report, or how it begins.")],
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
    as_markdown: _Markdown = False,
) -> None:
    """One report as it was made."""
    from groundcrew_cli import connection, reporting

    with connection.connect(url, key_file, site) as gateway:
        reporting.show_kept(gateway, report, as_json=as_json, as_markdown=as_markdown, now=now())


@app.command("close")
def report_close(
    task: Annotated[str, typer.Argument(metavar="ID", help="Of the repair task, or how it begins.")],
    proof: Annotated[str, typer.Option("--proof", "-m", help="What was done, and how it was seen to be well.")],
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Close a repair task with what proves the repair; new evidence opens it again."""
    from groundcrew_cli import connection, reporting

    with connection.connect(url, key_file, site) as gateway:
        reporting.close(gateway, task, proof, as_json=as_json, now=now())
