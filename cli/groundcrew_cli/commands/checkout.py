"""What concerns this checkout: benchmarks and tests."""

from pathlib import Path
from typing import Annotated

import typer

from groundcrew_cli.commands.options import Json, now


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
    benching.bench(names or [], write=write, as_json=as_json, now=now(), wanted=wanted)


def test(context: typer.Context) -> None:
    """Run the tests of this checkout; arguments go to pytest.

    Without -m, all but those that need a container engine.
    """
    from groundcrew_cli import testing

    raise typer.Exit(testing.run(list(context.args)))
