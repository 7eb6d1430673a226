"""The command line: the table of its commands, and what becomes of their errors.

Everything that takes time to import is imported by the command that needs it.
"""

import os
import sys
from typing import Annotated

import typer

from groundcrew.runtime.sources import SettingsError
from groundcrew_cli.commands import (
    bmcs,
    checkout,
    configuration,
    files,
    incident,
    incidents,
    inventory,
    knowledge,
    models,
    reports,
    rules,
    running,
    silences,
)
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


app.command()(running.up)
app.command()(running.down)
app.command()(running.status)
app.command()(incidents.forecasts)
app.command()(running.check)
app.command()(incidents.incidents)
app.command()(incidents.approve)
app.command()(incidents.reject)
app.command()(incidents.logs)
app.command()(incidents.chat)
app.command()(bmcs.bmcs)
app.command()(bmcs.sel)
app.command()(incidents.templates)
app.command()(running.mcp)
app.command()(files.replay)
app.command()(files.diagnose)
app.command()(checkout.bench)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)(
    checkout.test
)
app.add_typer(configuration.app, name="config")
app.add_typer(models.app, name="models")
app.add_typer(incident.app, name="incident")
app.add_typer(inventory.app, name="inventory")
app.add_typer(silences.app, name="silences")
app.add_typer(reports.app, name="report")
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(rules.app, name="rules")
app.add_typer(bmcs.app, name="lab")


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
