"""`groundcrew knowledge`."""

from pathlib import Path
from typing import Annotated

import typer

from groundcrew_cli.commands.options import Json, KeyFile, Site, Url, now

app = typer.Typer(help="Look up what is remembered, or add to it.", no_args_is_help=True)


@app.command("search")
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
            now=now(),
        )


@app.command("add")
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
