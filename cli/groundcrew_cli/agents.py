"""`groundcrew mcp`: the running system for an MCP client that starts programs."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from groundcrew.runtime.settings import load
from groundcrew_cli.connection import key_for, running
from groundcrew_cli.errors import NOT_POSSIBLE, NOT_RUNNING, USAGE, CliError
from groundcrew_cli.settings import Settings
from groundcrew_cli.terminal import command


def serve(url: str | None, key_file: Path | None) -> None:
    """Speak MCP on standard input and output until the client leaves. Raises CliError, SettingsError."""
    from groundcrew_mcp.stdio import CannotConnect, run

    settings = load(Settings, environ=os.environ).cli
    url = url or settings.mcp_url or running().mcp_url
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise CliError(f"--url {url!r}: expected something like http://127.0.0.1:40084/mcp", USAGE)
    try:
        run(url, key_for(url, key_file))
    except CannotConnect as error:
        if error.refused:
            raise CliError(str(error), NOT_POSSIBLE, hint="see --key-file") from None
        raise CliError(str(error), NOT_RUNNING, hint=f"start it with: {command('up')}") from None
    except KeyboardInterrupt:
        pass  # the client's way, or a person's, to end a program
