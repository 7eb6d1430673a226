"""`groundcrew up` and `groundcrew down`."""

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from groundcrew.runtime.sources import SettingsError
from groundcrew_cli.connection import unusable
from groundcrew_cli.errors import FAILED, CliError
from groundcrew_cli.terminal import command, note, paint, progress, say, say_json


def up(*, demo: bool, detach: bool, port: int | None, as_json: bool) -> int:
    """Returns the exit code; in the foreground only once the system has ended."""
    from groundcrew_embedded.command import HomeError, Ready, UpOptions, default_home, up_detached
    from groundcrew_embedded.command import up as up_here

    options = UpOptions(home=default_home(os.environ), port=port, demo=demo)
    _refuse_early(options.home)
    if detach:
        try:
            with progress("starting ..."):
                ready = up_detached(options)
        except HomeError as error:
            raise _failed(error, options.home) from None
        _tell_ready(ready, demo=demo, foreground=False, as_json=as_json)
        return 0

    with ExitStack() as stack:
        stack.enter_context(progress("starting ..."))

        def on_ready(ready: Ready) -> None:
            stack.close()
            _tell_ready(ready, demo=demo, foreground=True, as_json=as_json)

        def tell(line: str) -> None:
            note(f"groundcrew: {line}")

        try:
            return up_here(options, on_ready=on_ready, tell=tell)
        except HomeError as error:
            raise _failed(error, options.home) from None


def _refuse_early(home: Path) -> None:
    """What is sure to fail is told at once: all mistakes in the settings, or that it is up already."""
    from groundcrew_embedded.command import state
    from groundcrew_embedded.table import check_all

    if lines := check_all(os.environ):
        raise SettingsError(lines)
    with suppress(OSError):  # a home that cannot be used is told when it is made
        if running := state(home):
            raise CliError(
                f"it is up already, at {running.url} (process {running.pid}, data in {home})",
                hint=f"{command('down')} stops it; to sign in again, its API key is in {home / 'api-key'}",
            )


def _failed(error: Exception, home: Path) -> CliError:
    code = getattr(error, "code", FAILED)
    if not 0 < code < 128:  # a child that a signal ended has none of its own
        code = FAILED
    return CliError(str(error), code, hint=f"logs are in {home / 'logs'}")


def _tell_ready(ready: Any, *, demo: bool, foreground: bool, as_json: bool) -> None:
    if as_json:
        say_json({"url": ready.url, "link": ready.link})
        return
    say(f"Groundcrew is up and watches this machine: {ready.url}")
    say()
    say("Open this once to sign in:")
    say(f"  {paint(ready.link, 'bold')}")
    say()
    if demo:
        say("The demo is in the site 'demo': choose it on the page, or")
        say(f"  {command('incidents --site demo')}")
    stop = "Ctrl-C" if foreground else command("down")
    say(f"Next: {command('status')}      Stop with: {stop}")


def down(*, as_json: bool) -> None:
    from groundcrew_embedded.command import default_home
    from groundcrew_embedded.command import down as down_here

    home = default_home(os.environ)
    try:
        with progress("stopping ..."):
            done = down_here(home)
    except OSError as error:
        raise unusable(error, home) from None
    if as_json:
        say_json({"was_running": done.was_running, "forced": done.forced})
    elif not done.was_running:
        say(f"Nothing is running in {home}.")
    else:
        say("Stopped." if not done.forced else "It did not stop in time and was killed; no stored row is lost.")
