"""Where settings come from, with the place of every value kept, so that an error can name it."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

PREFIX = "GROUNDCREW_"

PLAIN_NAMES = frozenset({"HOME", "CONFIG", "DATA", "SCENARIOS", "VENV"})
"""Environment names without a section. VENV is read by the `groundcrew` wrapper only."""

PLAIN_PREFIXES = ("TEST_",)

SECTIONS = frozenset(
    {
        "site", "nats", "postgres", "http", "log",
        "host_collector", "ipmi_collector", "trigger", "context", "review", "meta", "actions", "runner", "gateway",
        "mcp", "embedded", "cli", "models",
        "hybrid_coordinator", "model_trigger", "model_review", "model_meta", "remote_model", "redis",
    }
)  # fmt: skip
"""Every section there is. A service checks the keys of its own; `groundcrew config check` checks all."""


class SettingsError(Exception):
    """What is wrong with the settings: one line each, naming place, key, value and what is expected."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))


@dataclass
class Gathered:
    """Values by section and key, and the place that each came from."""

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def put(self, section: str, key: str, value: Any, place: str) -> None:
        self.values.setdefault(section, {})[key] = value
        self.places[section, key] = place

    def put_all(self, tables: Mapping[str, Mapping[str, Any]], place: str) -> None:
        for section, table in tables.items():
            for key, value in table.items():
                self.put(section, key, value, place)


def nearest(name: str, known: Iterable[str]) -> str:
    """', did you mean ...?' where a known name is close, else the list of what there is."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"expected one of {', '.join(known)}"


def read_toml(into: Gathered, path: Path, *, required: bool) -> None:
    """Add the tables of a TOML file. A file that nobody asked for may be missing."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            into.problems.append(f"{path}: no such file; GROUNDCREW_CONFIG names the configuration file")
        return
    except (OSError, UnicodeDecodeError) as error:
        into.problems.append(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}")
        return
    except tomllib.TOMLDecodeError as error:
        into.problems.append(f"{path}: not valid TOML: {error}")
        return
    for section, table in document.items():
        if section not in SECTIONS:
            into.problems.append(f"{path}: unknown section [{section}]; {nearest(section, SECTIONS)}")
        elif not isinstance(table, dict):
            into.problems.append(f"{path}: {section}: expected a table [{section}], found {type(table).__name__}")
        else:
            for key, value in table.items():
                into.put(section, key, value, str(path))


def read_environment(
    into: Gathered,
    environ: Mapping[str, str],
    *,
    secrets: frozenset[tuple[str, str]],
    lists: frozenset[tuple[str, str]],
) -> None:
    """Add GROUNDCREW_<SECTION>__<KEY>, and GROUNDCREW_<SECTION>__<KEY>_FILE for the keys in `secrets`.

    Keys in `lists` (lists and tables) are JSON, or for lists also words with commas between them.
    """
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        rest = name.removeprefix(PREFIX)
        section, separator, key = rest.lower().partition("__")
        if not separator:
            if rest not in PLAIN_NAMES and not rest.startswith(PLAIN_PREFIXES):
                known = [PREFIX + plain for plain in sorted(PLAIN_NAMES)]
                into.problems.append(f"{name}: unknown name; expected {PREFIX}<SECTION>__<KEY> or {', '.join(known)}")
        elif section not in SECTIONS:
            into.problems.append(f"{name}: unknown section '{section}'; {nearest(section, SECTIONS)}")
        elif (section, key.removesuffix("_file")) in secrets and key.endswith("_file"):
            _read_secret(into, environ, name, section, key.removesuffix("_file"))
        else:
            value = environ[name]
            into.put(section, key, _words(value) if (section, key) in lists else value, name)


def _read_secret(into: Gathered, environ: Mapping[str, str], name: str, section: str, key: str) -> None:
    direct = name.removesuffix("_FILE")
    if direct in environ:
        into.problems.append(f"{name}: {direct} is set as well; expected only one of the two")
        return
    try:
        text = Path(environ[name]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        into.problems.append(
            f"{name}: cannot read '{environ[name]}': {reason}; expected a file holding {section}.{key}"
        )
        return
    into.put(section, key, text.removesuffix("\n").removesuffix("\r"), name)


def _words(text: str) -> Any:
    if text.lstrip()[:1] in ("[", "{"):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return text
    return [word.strip() for word in text.split(",") if word.strip()]
