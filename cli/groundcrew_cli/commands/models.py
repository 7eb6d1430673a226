"""`groundcrew models`."""

from pathlib import Path
from typing import Annotated

import typer

from groundcrew_cli.commands.options import Json, now

app = typer.Typer(help="Model files for the local model servers.", no_args_is_help=True)


Folder = Annotated[
    Path | None, typer.Option("--dir", help="Folder of the files; default: models.dir, else models in GROUNDCREW_HOME.")
]


@app.command("list")
def models_list(folder: Folder = None, as_json: Json = False) -> None:
    """Models that suit each purpose, and what is here."""
    from groundcrew_cli.weights import command

    command.show(folder, as_json=as_json)


@app.command("pull")
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
        now=now(),
    )  # fmt: skip


@app.command("verify")
def models_verify(folder: Folder = None, as_json: Json = False) -> None:
    """Read every model file again and compare it with its digest."""
    from groundcrew_cli.weights import command

    command.verify(folder, as_json=as_json)
