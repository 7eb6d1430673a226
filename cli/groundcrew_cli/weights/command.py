"""What the command line calls: settings and arguments read, then the work."""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from groundcrew.runtime.settings import load
from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.settings import ModelsSection, Settings
from groundcrew_cli.weights import looking, pulling
from groundcrew_cli.weights.catalogue import PURPOSES
from groundcrew_cli.weights.shelf import Shelf


def _open(folder: Path | None) -> tuple[Shelf, ModelsSection]:
    section = load(Settings, environ=os.environ).models
    return Shelf(pulling.folder_of(section, folder)), section


def show(folder: Path | None, *, as_json: bool) -> None:
    looking.show(_open(folder)[0], as_json=as_json)


def verify(folder: Path | None, *, as_json: bool) -> None:
    looking.verify(_open(folder)[0], as_json=as_json)


def pull(
    folder: Path | None, purposes: Sequence[str], *, model: str, url: str, sha256: str, source: Path | None,
    mirror: str, as_json: bool, now: datetime,
) -> None:  # fmt: skip
    if wrong := [each for each in purposes if each not in PURPOSES]:
        raise CliError(f"no purpose is called {wrong[0]!r}; expected {', '.join(PURPOSES)}", USAGE)
    wanted = tuple(purpose for purpose in PURPOSES if purpose in purposes)
    shelf, section = _open(folder)
    request = pulling.Request(
        purposes=wanted, model=model, url=url, sha256=sha256.lower(), source=source, mirror=mirror
    )
    pulling.pull(shelf, section, request, as_json=as_json, now=now)
