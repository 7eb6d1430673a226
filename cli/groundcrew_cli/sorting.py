"""Lines of files sorted by the rules (`groundcrew rules test FILE`): each line alone, rates and debounce off."""

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

import orjson
import typer

from groundcrew.diagnosis.trial import Verdict, leading, triggers
from groundcrew_cli import rules
from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.recorded import Judge, batches, read
from groundcrew_cli.terminal import count, plain, say, severity


def sort_file(named: str, *, as_json: bool) -> None:
    """Print what the rules make of each line, in order. `named` is a file, or `-` for standard input."""
    judge = Judge(rules.packs().knowledge.rules)
    lines = triggered = 0
    for batch in batches(_texts(named)):
        for text, verdicts in zip(batch, judge.lines(map(read, batch)), strict=True):
            lines += 1
            chosen = leading([one for one in verdicts if triggers(one)])
            triggered += chosen is not None
            if as_json:
                typer.echo(orjson.dumps(document(text, chosen, verdicts)).decode())
            elif chosen is not None:
                part = f" [{plain(chosen.component)}]" if chosen.component else ""
                say(f"{severity(chosen.rule.severity.value)}  {chosen.rule.id}{part}  {plain(text)}")
    if not as_json:
        say(f"\n{count(triggered, 'trigger')} in {count(lines, 'line')}")


def document(text: str, chosen: Verdict | None, verdicts: list[Verdict]) -> dict[str, object]:
    """What `--json` prints of one line. A line that only rules of severity info know is not triggered, but named."""
    said = chosen or leading(verdicts)
    rule = said.rule if said else None
    return {
        "line": text.encode("utf-8", "replace").decode(),
        "triggered": chosen is not None,
        "rule": rule.id if rule else None,
        "kind": rule.kind if rule else None,
        "causes": rule.causes if rule else [],
        "component_class": rule.component_class if rule else None,
        "locator": said.component if said else None,
        "severity": rule.severity.value if rule else None,
    }


def _texts(named: str) -> Iterator[str]:
    """The lines of a file: plain text, or JSON Lines with a `line` key where the first line is such an object."""
    try:
        with nullcontext(sys.stdin.buffer) if named == "-" else Path(named).open("rb") as file:
            as_objects: bool | None = None
            for number, raw in enumerate(_raw_lines(file), 1):
                text = raw.decode("utf-8", "replace")
                if as_objects is None and text.strip():
                    as_objects = _line_of(text) is not None
                if not as_objects:
                    yield text
                elif text.strip():
                    found = _line_of(text)
                    if found is None:
                        msg = f"{named}:{number}: expected a JSON object with the text of a line under 'line'"
                        raise CliError(msg, USAGE)
                    yield found
    except OSError as error:
        raise CliError(f"{named}: {error.strerror}", USAGE) from None


def _raw_lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines without their ends; of a very long one its beginning, with a JSON object read whole up to 8 MiB."""
    limit = 8 * 1024 * 1024
    while raw := file.readline(limit):
        whole = raw.endswith(b"\n")
        while not whole and (more := file.readline(limit)):
            whole = more.endswith(b"\n")
        yield raw.rstrip(b"\r\n")


def _line_of(text: str) -> str | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    line = found.get("line") if isinstance(found, dict) else None
    return line if isinstance(line, str) else None
