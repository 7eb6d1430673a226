"""Options that many commands share, and the time."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

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


def now() -> datetime:
    from groundcrew.contracts.clock import SystemClock

    return SystemClock().now()
