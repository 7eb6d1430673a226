"""The commands and their help. Everything that takes time to import is imported by the command that needs it."""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from groundcrew.runtime.sources import SettingsError
from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.terminal import name_program

EPILOG = (
    "Exit codes: 0 well, 1 failed, 2 wrong usage or configuration, 3 the system is not running, 4 not possible. "
    "`check` has its own, see its help."
)

app = typer.Typer(
    name="groundcrew",
    help="Watches servers, names what is wrong with them, and repairs what it may.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
config_app = typer.Typer(help="Show or check the configuration.", no_args_is_help=True)
app.add_typer(config_app, name="config")
models_app = typer.Typer(help="Model files for the local model servers.", no_args_is_help=True)
app.add_typer(models_app, name="models")
inventory_app = typer.Typer(help="What is listed: hosts, their BMCs, places, parts and dependencies.")
app.add_typer(inventory_app, name="inventory")
silences_app = typer.Typer(help="Silence hosts, roles or racks for a while, and look what is silenced.")
app.add_typer(silences_app, name="silences")
report_app = typer.Typer(help="What happened, what to repair, why it happened.", no_args_is_help=True)
app.add_typer(report_app, name="report")
knowledge_app = typer.Typer(help="Look up what is remembered, or add to it.", no_args_is_help=True)
app.add_typer(knowledge_app, name="knowledge")
rules_app = typer.Typer(help="The rules that detect: list them, and try them on lines.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")
lab_app = typer.Typer(help="Simulated machines, to try things out.", no_args_is_help=True)
app.add_typer(lab_app, name="lab")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Url = Annotated[
    str | None,
    typer.Option("--url", help="Address of the system; default: cli.url, else the one of this machine."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        readable=False,  # whoever reads it says why that failed, in one line
        help="File that holds the API key; default: cli.api_key, else the one that `up` made.",
    ),
]
Site = Annotated[str | None, typer.Option("--site", help="Site to ask about; default: the first of the key.")]
Comment = Annotated[str, typer.Option("--comment", "-m", help="Why; it goes into the audit log.")]


def _now() -> datetime:
    from groundcrew.contracts.clock import SystemClock

    return SystemClock().now()


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"groundcrew {version('groundcrew')}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


@app.command()
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


@app.command()
def down(as_json: Json = False) -> None:
    """Stop what `up` started."""
    from groundcrew_cli import running

    running.down(as_json=as_json)


@app.command()
def status(url: Url = None, key_file: KeyFile = None, site: Site = None, as_json: Json = False) -> None:
    """One glance: hosts, sources, open incidents, what waits for approval."""
    from groundcrew_cli import connection
    from groundcrew_cli import status as showing

    with connection.connect(url, key_file, site) as gateway:
        showing.show(gateway, as_json=as_json, now=_now())


@app.command()
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
        foretelling.show(gateway, host, as_json=as_json, now=_now())


@app.command()
def check(
    minutes: Annotated[int, typer.Option(min=1, max=1_440, help="How far back logs are read.")] = 60,
    as_json: Json = False,
) -> None:
    """Look at this host once, without a running system.

    Reads metrics, services and recent log lines, and puts them through the same rules as the services.

    Exit codes: 0 healthy, 1 warning, 2 critical, 3 nothing could be read.
    """
    from groundcrew_cli.checking import check as check_host

    raise typer.Exit(check_host(minutes=minutes, as_json=as_json, now=_now()))


@app.command()
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
            showing.show_list(gateway, everything=everything, limit=limit, as_json=as_json, now=_now())
        else:
            showing.show_one(gateway, incident, as_json=as_json, now=_now())


@app.command()
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


@app.command()
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


@app.command()
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
        showing.show(gateway, follow=follow, lines=lines, as_json=as_json, now=_now(), filters=filters)


@knowledge_app.command("search")
def knowledge_search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="What to look for.")],
    collection: Annotated[list[str] | None, typer.Option(help="Only in this one; repeat for several.")] = None,
    entity: Annotated[str | None, typer.Option(help="Only about it, such as host:gpu-03.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=50, help="So many at most.")] = 5,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Earlier incidents, what helped, decisions, runbooks: the most alike first."""
    from groundcrew_cli import connection, remembering

    with connection.connect(url, key_file, site) as gateway:
        remembering.search(
            gateway,
            " ".join(words),
            collection=collection,
            entity=entity,
            limit=limit,
            as_json=as_json,
            now=_now(),
        )


@knowledge_app.command("add")
def knowledge_add(
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="A text file.")],
    collection: Annotated[str, typer.Option(help="Where to keep it, such as config_files.")] = "knowledge",
    entity: Annotated[str | None, typer.Option(help="What it is about, such as host:gpu-03.")] = None,
    ref: Annotated[str | None, typer.Option(help="What to call it; default: FILE as given.")] = None,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Remember a runbook or a configuration file; the same name replaces it."""
    from groundcrew_cli import connection, remembering

    with connection.connect(url, key_file, site) as gateway:
        remembering.add(gateway, file, collection=collection, entity=entity, ref=ref, as_json=as_json)


@app.command()
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


@app.command()
def bmcs(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One BMC, by its whole name.")] = None,
    sync: Annotated[
        bool, typer.Option("--sync", help="Read the event logs of this BMC once more, and show how that goes.")
    ] = False,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Which BMCs answer; of one its facts, sensors and event log."""
    if sync and name is None:
        raise typer.BadParameter("name the BMC whose event logs are to be read", param_hint="--sync")
    from groundcrew_cli import bmcs as showing
    from groundcrew_cli import connection

    with connection.connect(url, key_file, site) as gateway:
        if name is None:
            showing.show_list(gateway, as_json=as_json, now=_now())
        elif sync:
            from groundcrew_cli import syncing

            syncing.sync(gateway, name, as_json=as_json)
        else:
            showing.show_one(gateway, name, as_json=as_json, now=_now())


@app.command()
def sel(
    log: Annotated[
        str,
        typer.Argument(
            metavar="FILE|BMC", help="A file, - for standard input, or a BMC that the running system watches."
        ),
    ],
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """An event log or sensor listing as a person reads it: what stands, what has recovered.

    Reads what ipmitool's sel list, elist, sdr, sensor, freeipmi's ipmi-sel, ipmi-sensors, racadm getsel, lclog view and
    ipmicfg -sel list print, and log entries of Redfish that were saved as JSON. A file needs no running system.
    """
    from groundcrew_cli import connection, event_logs

    if event_logs.is_file(log):
        event_logs.show_file(log, as_json=as_json, now=_now())
        return
    try:
        gateway = connection.connect(url, key_file, site)
    except CliError as error:
        raise CliError(f"{log} is no file, and to look for a BMC: {error}", error.code, hint=error.hint) from None
    with gateway:
        event_logs.show_bmc(gateway, log, as_json=as_json, now=_now())


@app.command()
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
        kinds.show(gateway, novel=novel, contains=contains, limit=limit, as_json=as_json, now=_now())


@app.command()
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


@app.command()
def replay(
    folder: Annotated[Path, typer.Argument(metavar="DIR", readable=False, help="Folder of a scenario.")],
    as_json: Json = False,
) -> None:
    """Put a recorded scenario through the production handlers; nothing is executed."""
    from groundcrew_cli import replaying

    replaying.replay(folder, as_json=as_json)


@app.command()
def diagnose(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[HOST=]FILE...",
            help="Files, folders or tarballs, '-' for standard input; HOST= says whose one is.",
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Whose all of it is; default: as the lines say.")] = "",
    kind: Annotated[
        Literal["log", "journal-json", "journal-export", "journal", "bmc", "smartctl", "nvidia-smi", "mdstat"] | None,
        typer.Option("--kind", help="What the files are; default: recognised by what they hold."),
    ] = None,
    fail_on: Annotated[
        Literal["warning", "critical"] | None,
        typer.Option("--fail-on", help="Exit with 1 where such a fault, or a graver one, stands."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong by files at hand; nothing needs to run.

    Reads dmesg and syslog, journalctl's output (text, json, export) and .journal
    files, ipmitool and freeipmi (sel, sdr, sensor), smartctl, nvidia-smi -q,
    storcli/perccli J, sas2ircu, /proc/mdstat, and whole sos reports; also packed
    by gzip, xz or bzip2. What belongs to one host may be named together:

    groundcrew diagnose dmesg.txt sel.txt smartctl-sda.txt
    """
    from groundcrew_cli import diagnosing

    raise typer.Exit(
        diagnosing.diagnose(
            diagnosing.from_terminal(files or []), host=host, kind=kind, fail_on=fail_on, as_json=as_json, now=_now()
        )
    )


@inventory_app.callback(invoke_without_command=True)
def inventory(
    context: typer.Context, url: Url = None, key_file: KeyFile = None, site: Site = None, as_json: Json = False
) -> None:
    """What is listed: hosts, their BMCs, places, parts and dependencies."""
    if context.invoked_subcommand is None:
        inventory_show(url, key_file, site, as_json)


@inventory_app.command("show")
def inventory_show(url: Url = None, key_file: KeyFile = None, site: Site = None, as_json: Json = False) -> None:
    """Hosts by rack, BMCs and dependencies, each with who said so."""
    from groundcrew_cli import connection
    from groundcrew_cli import inventory as showing

    with connection.connect(url, key_file, site) as gateway:
        showing.show(gateway, as_json=as_json, now=_now())


InventoryPath = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", readable=False, help="inventory.toml, or a CSV file of hosts with [[host]]'s keys as heading."
    ),
]


@inventory_app.command("check")
def inventory_check(file: InventoryPath, as_json: Json = False) -> None:
    """Whether a file could be taken in; exit code 2 where not. Needs no running system."""
    from groundcrew_cli import inventory as checking

    checking.check(file, as_json=as_json)


@inventory_app.command("import")
def inventory_import(
    file: InventoryPath,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only say what would change.")] = False,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Add what a file lists, or replace it by name; what it does not list stays.

    Entries of the system's own inventory.toml are edited there.
    """
    from groundcrew_cli import connection
    from groundcrew_cli import inventory as importing

    with connection.connect(url, key_file, site) as gateway:
        importing.take_in(gateway, file, dry_run=dry_run, as_json=as_json)


@inventory_app.command("discover")
def inventory_discover(
    subnets: Annotated[
        list[str] | None, typer.Argument(metavar="[SUBNET]...", help="10.20.0.0/24, 10.20.0.10-40 or an address.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", readable=False, help="File that lists more of them.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", writable=False, help="New file, .csv or TOML; default: standard output."),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of IPMI.")] = 623,
    redfish_port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of Redfish.")] = 443,
    rate: Annotated[int, typer.Option(min=1, max=2_000, help="Datagrams a second at most.")] = 200,
    pin: Annotated[bool, typer.Option("--pin", help="Trust the certificates that they show now.")] = False,
    take_in: Annotated[bool, typer.Option("--import", help="Add those whose address is not listed yet.")] = False,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Ask addresses whether they are BMCs, over IPMI and Redfish, without any login.

    This machine asks, and only whom you name. Prints what an inventory file would say; changes nothing unless --import.
    """
    from groundcrew_cli import connection, discovering
    from groundcrew_ipmi_collector.discovery.discovering import How

    asked = discovering.asked_for(subnets or [], file)
    how = How(port=port, redfish_port=redfish_port, a_second=rate)
    if not take_in:
        discovering.run(asked, how, pin=pin, output=output, gateway=None, as_json=as_json)
        return
    with connection.connect(url, key_file, site) as gateway:
        discovering.run(asked, how, pin=pin, output=output, gateway=gateway, as_json=as_json)


@silences_app.callback(invoke_without_command=True)
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
            silencing.show(gateway, over=over, as_json=as_json, now=_now())


@silences_app.command("add")
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
            now=_now(),
        )


@silences_app.command("end")
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
        silencing.end(gateway, silence, as_json=as_json, now=_now())


_Range = Annotated[str, typer.Option("--range", "-r", help="24h, 72h, 7d or 30d.")]
_Devices = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DEVICE]...", help="Hosts, or rack:, role:, pdu:, switch: with a name; all without."),
]
_Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown to hand on.")]


@report_app.command("summary")
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
        reporting.make(gateway, "summary", body, as_json=as_json, as_markdown=as_markdown, now=_now())


@report_app.command("tasks")
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
            reporting.show_undone(gateway, everything=everything, limit=limit, as_json=as_json, now=_now())
            return
        body = {"time_range": time_range, "devices": devices or [], "task_types": kind or []}
        reporting.make(gateway, "tasks", body, as_json=as_json, as_markdown=as_markdown, now=_now())


@report_app.command("rca")
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
        reporting.make(gateway, "root-cause", body, as_json=as_json, as_markdown=as_markdown, now=_now())


@report_app.command("list")
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
        reporting.show_list(gateway, kind=kind, limit=limit, as_json=as_json, now=_now())


@report_app.command("show")
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
        reporting.show_kept(gateway, report, as_json=as_json, as_markdown=as_markdown, now=_now())


@report_app.command("close")
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
        reporting.close(gateway, task, proof, as_json=as_json, now=_now())


@rules_app.command("list")
def rules_list(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD]...", help="All of these words in id, kind, title or cause."),
    ] = None,
    source: Annotated[str, typer.Option(help="Only of log, sel, sensor, metrics or services.")] = "",
    as_json: Json = False,
) -> None:
    """All rules, thresholds and service checks: shipped ones and your own."""
    from groundcrew_cli import rules

    rules.show_list(words=words or [], source=source, as_json=as_json)


@rules_app.command("show")
def rules_show(
    rule: Annotated[str, typer.Argument(metavar="ID", help="A rule, by its whole id.")], as_json: Json = False
) -> None:
    """One rule: what it looks for, what it means, what to do."""
    from groundcrew_cli import rules

    rules.show_one(rule, as_json=as_json)


@rules_app.command("test")
def rules_test(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="Lines, or JSONL with a `line` key; - is standard input.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What the rules make of each line of a file; without one, whether every rule holds to its examples.

    Each line is judged alone: rates and debounce are off. Exit code 1 where an example does not hold.
    """
    from groundcrew_cli import recorded, rules, sorting

    if file is not None:
        sorting.sort_file(file, as_json=as_json)
    elif not rules.check_packs(as_json=as_json, data=recorded.data_folder()):
        raise typer.Exit(1)


@rules_app.command("explain")
def rules_explain(
    line: Annotated[str, typer.Argument(metavar="LINE", help="A log line, with or without time and host.")],
    program: Annotated[str, typer.Option(help="Who wrote it, such as kernel; default: as the line says.")] = "",
    as_json: Json = False,
) -> None:
    """Why a line triggers or does not, and what to do next."""
    from groundcrew_cli import rules

    rules.explain_line(line, identifier=program, as_json=as_json)


@rules_app.command("promote")
def rules_promote(
    template: Annotated[
        str | None, typer.Argument(metavar="[TEMPLATE_ID]", help="A mined template; the first few characters do.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show what may be promoted, and end.")] = False,
    severity: Annotated[str, typer.Option(help="info, warning or critical.")] = "warning",
    rule_id: Annotated[str, typer.Option("--id", help="Id of the rule; default: made of its words.")] = "",
    kind: Annotated[str, typer.Option(help="What the text says, e.g. nvme_timeout.")] = "",
    component_class: Annotated[str, typer.Option("--class", help="Default: as the model sorted it.")] = "",
    cause: Annotated[list[str] | None, typer.Option(help="Cause that it speaks for; may be repeated.")] = None,
    title: Annotated[str, typer.Option(help="One line for the operator.")] = "",
    meaning: Annotated[str, typer.Option(help="What it means.")] = "",
    step: Annotated[list[str] | None, typer.Option(help="What to do; may be repeated.")] = None,
    counter_example: Annotated[list[str] | None, typer.Option(help="A line that it must not fire on.")] = None,
    packs: Annotated[
        Path | None, typer.Option(readable=False, help="Folder to write to; default: trigger.packs.")
    ] = None,
    url: Url = None,
    key_file: KeyFile = None,
    site: Site = None,
    as_json: Json = False,
) -> None:
    """Make a rule of your own out of a mined template, into rules-promoted.toml.

    It is checked before it is written; a running system takes it up by itself.
    """
    from groundcrew_cli import connection, kinds, promoting

    with connection.connect(url, key_file, site) as gateway:
        if listed or template is None:
            kinds.show(gateway, novel=None, contains=None, limit=50, as_json=as_json, now=_now())
            return
        folder = promoting.folder_of(packs)
        wishes = promoting.Wishes(
            severity=severity, id=rule_id, kind=kind, component_class=component_class, causes=cause or [], title=title,
            meaning=meaning, steps=step or [], counter_examples=counter_example or [],
        )  # fmt: skip
        promoting.promote(kinds.find(gateway, template), wishes, folder, as_json=as_json)


@rules_app.command("bench")
def rules_bench(
    write: Annotated[bool, typer.Option("--write", help="Write docs/benchmarks/detection.md as well.")] = False,
    as_json: Json = False,
) -> None:
    """Measure detection: the same as `bench detection`."""
    from groundcrew_cli import benching

    benching.bench(["detection"], write=write, as_json=as_json, now=_now())


@config_app.command("show")
def config_show(as_json: Json = False) -> None:
    """The configuration in force, with secrets hidden."""
    from groundcrew_cli import configuration

    configuration.show(as_json=as_json)


@config_app.command("check")
def config_check(as_json: Json = False) -> None:
    """Whether groundcrew.toml and the environment are valid; exit code 2 where not."""
    from groundcrew_cli import configuration

    configuration.check(as_json=as_json)


@app.command()
def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Benchmarks, `all`, `list`, or `scenarios DIR...`; after --, options."
        ),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the page in docs/benchmarks as well.")] = False,
    thresholds: Annotated[
        Path | None, typer.Option(metavar="FILE", help="scenarios: bars in TOML; exit code 1 where one is missed.")
    ] = None,
    shuffle: Annotated[
        int | None, typer.Option(metavar="SEED", help="scenarios: arrivals change places within their lateness.")
    ] = None,
    clock_offset: Annotated[
        float | None, typer.Option(metavar="MINUTES", help="scenarios: clocks of BMCs are wrong by so much, both ways.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure this checkout, or score scenarios against their known answers.

    `scenarios` takes folders of one scenario, or folders of such folders.
    """
    from groundcrew_cli import benching

    wanted = benching.Wanted(thresholds=thresholds, shuffle=shuffle, clock_offset=clock_offset)
    benching.bench(names or [], write=write, as_json=as_json, now=_now(), wanted=wanted)


@lab_app.command("bmc")
def lab_bmc(
    count: Annotated[int, typer.Option(min=1, max=2_000, help="BMCs.")] = 10,
    first_port: Annotated[
        int, typer.Option(min=1_024, max=65_535, help="Port of the first; the others follow.")
    ] = 9_001,
    sensors: Annotated[int, typer.Option(min=1, max=200, help="Sensors of each.")] = 60,
    records: Annotated[int, typer.Option(min=0, max=900, help="Event log records of each at the start.")] = 300,
    as_inventory: Annotated[
        bool, typer.Option("--inventory", help="Print what inventory.toml would say of them, and start none.")
    ] = False,
) -> None:
    """Run simulated BMCs that speak IPMI over LAN on this machine, until Ctrl-C."""
    from groundcrew_cli import lab
    from groundcrew_ipmi_collector.lab.serving import Wanted

    wanted = Wanted(count=count, first_port=first_port, sensors=sensors, records=records)
    if said := lab.bmcs(wanted, as_inventory=as_inventory):
        typer.echo(said, nl=False)


Folder = Annotated[
    Path | None, typer.Option("--dir", help="Folder of the files; default: models.dir, else models in GROUNDCREW_HOME.")
]


@models_app.command("list")
def models_list(folder: Folder = None, as_json: Json = False) -> None:
    """Models that suit each purpose, and what is here."""
    from groundcrew_cli.weights import command

    command.show(folder, as_json=as_json)


@models_app.command("pull")
def models_pull(
    purposes: Annotated[
        list[str] | None, typer.Argument(metavar="[PURPOSE]...", help="trigger, review, meta; default: all.")
    ] = None,
    model: Annotated[str, typer.Option(help="Name out of `models list`.")] = "",
    url: Annotated[str, typer.Option(help="Address of any other GGUF file.")] = "",
    sha256: Annotated[str, typer.Option(help="What the file must be; default: what its server publishes.")] = "",
    source: Annotated[
        Path | None, typer.Option("--from", readable=False, help="Take the files from this folder, without a network.")
    ] = None,
    mirror: Annotated[str, typer.Option(help="Server that keeps the hub's paths, instead of huggingface.co.")] = "",
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Fetch model files, resumed where it broke off, and check each before it serves.

    Run again, it fetches only what is missing. Proxies of the environment are used.
    """
    from groundcrew_cli.weights import command

    command.pull(
        folder, purposes or [], model=model, url=url, sha256=sha256, source=source, mirror=mirror, as_json=as_json,
        now=_now(),
    )  # fmt: skip


@models_app.command("verify")
def models_verify(folder: Folder = None, as_json: Json = False) -> None:
    """Read every model file again and compare it with its digest."""
    from groundcrew_cli.weights import command

    command.verify(folder, as_json=as_json)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def test(context: typer.Context) -> None:
    """Run the tests of this checkout; arguments go to pytest.

    Without -m, all but those that need a container engine.
    """
    from groundcrew_cli import testing

    raise typer.Exit(testing.run(list(context.args)))


def main() -> None:
    """The console script."""
    try:
        app(prog_name=name_program(os.environ))
    except SettingsError as error:
        for line in error.lines:
            typer.echo(f"groundcrew: {line}", err=True)
        sys.exit(USAGE)
    except CliError as error:
        for line in str(error).splitlines():
            typer.echo(f"groundcrew: {line}", err=True)
        if error.hint:
            typer.echo(f"  {error.hint}", err=True)
        sys.exit(error.code)
