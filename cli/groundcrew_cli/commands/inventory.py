"""`groundcrew inventory`."""

from pathlib import Path
from typing import Annotated

import typer

from groundcrew_cli.commands.options import Json, KeyFile, Site, Url, now

app = typer.Typer(help="What is listed: hosts, their BMCs, places, parts and dependencies.")


@app.callback(invoke_without_command=True)
def inventory(
    context: typer.Context, url: Url = None, key_file: KeyFile = None, site: Site = None, as_json: Json = False
) -> None:
    """What is listed: hosts, their BMCs, places, parts and dependencies."""
    if context.invoked_subcommand is None:
        inventory_show(url, key_file, site, as_json)


@app.command("show")
def inventory_show(url: Url = None, key_file: KeyFile = None, site: Site = None, as_json: Json = False) -> None:
    """Hosts by rack, BMCs and dependencies, each with who said so."""
    from groundcrew_cli import connection
    from groundcrew_cli import inventory as showing

    with connection.connect(url, key_file, site) as gateway:
        showing.show(gateway, as_json=as_json, now=now())


InventoryPath = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", readable=False, help="inventory.toml, or a CSV file of hosts with [[host]]'s keys as heading."
    ),
]


@app.command("check")
def inventory_check(file: InventoryPath, as_json: Json = False) -> None:
    """Whether a file could be taken in; exit code 2 where not. Needs no running system."""
    from groundcrew_cli import inventory as checking

    checking.check(file, as_json=as_json)


@app.command("import")
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


@app.command("discover")
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
