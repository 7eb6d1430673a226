"""`groundcrew config show` and `groundcrew config check`."""

import os
from typing import Any

from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.terminal import say, say_json


def show(*, as_json: bool) -> None:
    """All sections as the services would read them; secrets are hidden."""
    from groundcrew.runtime.settings import ServiceSettings, SettingsError, load, redacted
    from groundcrew_cli.settings import Settings
    from groundcrew_embedded.table import settings_classes

    sections: dict[str, Any] = {}
    classes: list[type[ServiceSettings]] = [*settings_classes().values(), Settings]
    try:
        for cls in classes:
            sections |= redacted(load(cls, environ=os.environ))
    except SettingsError as error:
        raise CliError("\n".join(error.lines), USAGE) from None
    if as_json:
        say_json(_plain(sections))
        return
    for name, table in sections.items():
        say(f"[{name}]")
        for key, value in _plain(table).items():
            say(f"# {key} is not set" if value is None else f"{key} = {_toml(value)}")
        say()


def check(*, as_json: bool) -> None:
    from groundcrew.runtime.settings import SettingsError, load
    from groundcrew_cli.settings import Settings
    from groundcrew_embedded.table import check_all

    lines = check_all(os.environ)
    try:
        load(Settings, environ=os.environ)
    except SettingsError as error:
        lines += [line for line in error.lines if line not in lines]
    if as_json:
        say_json({"ok": not lines, "problems": lines})
    elif not lines:
        say("The configuration is valid.")
    if lines:
        raise CliError("\n".join(lines) if not as_json else "the configuration is not valid", USAGE)


def _plain(value: Any) -> Any:
    """What JSON and TOML know."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value if isinstance(value, bool | int | float) or value is None else str(value)


def _toml(value: Any) -> str:
    import orjson

    if isinstance(value, dict):
        return "{ " + ", ".join(f"{orjson.dumps(k).decode()} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return orjson.dumps(value).decode()
