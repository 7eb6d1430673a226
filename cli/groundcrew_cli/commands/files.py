"""What needs files alone: recorded scenarios, and whatever an operator has at hand."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from groundcrew_cli.commands.options import Json, now


def replay(
    folder: Annotated[Path, typer.Argument(metavar="DIR", readable=False, help="Folder of a scenario.")],
    as_json: Json = False,
) -> None:
    """Put a recorded scenario through the production handlers; nothing is executed."""
    from groundcrew_cli import replaying

    replaying.replay(folder, as_json=as_json)


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
            diagnosing.from_terminal(files or []), host=host, kind=kind, fail_on=fail_on, as_json=as_json, now=now()
        )
    )
