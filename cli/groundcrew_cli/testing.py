"""`groundcrew test`: the checkout's own tests, in this process."""

import os
from pathlib import Path

from groundcrew_cli.errors import USAGE, CliError

NOT_BY_DEFAULT = "not compose"
"""Building images needs a container engine; `groundcrew test -m compose` asks for it."""


def checkout() -> Path:
    """The folder that this command was installed from. Raises CliError where that is no checkout."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "tests").is_dir() and (folder / "services").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    raise CliError("this installation is no checkout: its tests are not here", USAGE)


def arguments(given: list[str]) -> list[str]:
    """pytest's arguments: what was given, and the default choice where none was."""
    chosen = any(each == "-m" or (each.startswith("-m") and not each.startswith("--")) for each in given)
    return given if chosen else ["-m", NOT_BY_DEFAULT, *given]


def run(given: list[str]) -> int:
    """pytest's exit code."""
    try:
        import pytest
    except ModuleNotFoundError:
        raise CliError("pytest is not installed here", USAGE, hint="./groundcrew test installs it") from None
    os.chdir(checkout())
    return int(pytest.main(arguments(given)))
