"""`groundcrew config`."""

import typer

from groundcrew_cli.commands.options import Json

app = typer.Typer(help="Show or check the configuration.", no_args_is_help=True)


@app.command("show")
def config_show(as_json: Json = False) -> None:
    """The configuration in force, with secrets hidden."""
    from groundcrew_cli import configuration

    configuration.show(as_json=as_json)


@app.command("check")
def config_check(as_json: Json = False) -> None:
    """Whether groundcrew.toml and the environment are valid; exit code 2 where not."""
    from groundcrew_cli import configuration

    configuration.check(as_json=as_json)
