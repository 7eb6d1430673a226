"""BMCs, their event logs, and simulated ones."""

from typing import Annotated

import typer

from groundcrew_cli.commands.options import Json, KeyFile, Site, Url, now
from groundcrew_cli.errors import CliError

app = typer.Typer(help="Simulated machines, to try things out.", no_args_is_help=True)


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
            showing.show_list(gateway, as_json=as_json, now=now())
        elif sync:
            from groundcrew_cli import syncing

            syncing.sync(gateway, name, as_json=as_json)
        else:
            showing.show_one(gateway, name, as_json=as_json, now=now())


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

    Reads what ipmitool's sel list, elist, sdr, sensor, freeipmi's ipmi-sel, ipmi-sensors and
    makers' tools (racadm, omreport, ipmicfg, sum, ILOM, iLO, readlog and others) print, and log entries of Redfish that
    were saved as JSON. A file needs no running system.
    """
    from groundcrew_cli import connection, event_logs

    if event_logs.is_file(log):
        event_logs.show_file(log, as_json=as_json, now=now())
        return
    try:
        gateway = connection.connect(url, key_file, site)
    except CliError as error:
        raise CliError(f"{log} is no file, and to look for a BMC: {error}", error.code, hint=error.hint) from None
    with gateway:
        event_logs.show_bmc(gateway, log, as_json=as_json, now=now())


@app.command("bmc")
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
