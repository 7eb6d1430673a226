"""`groundcrew diagnose`: what files at hand say is wrong. Nothing needs to run, and nothing is changed."""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from groundcrew.contracts.clock import to_us
from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.terminal import (
    clip,
    clock_time,
    command,
    count,
    paint,
    plain,
    progress,
    say,
    say_json,
    severity,
    wrapped,
)

MAX_EVIDENCE = 6
MAX_FILES = 12
MAX_STEPS = 3
_RANKS = {"critical": 2, "warning": 1}


def diagnose(
    files: Sequence[str], *, host: str, kind: str | None, fail_on: str | None, as_json: bool, now: datetime
) -> int:
    """Returns the exit code: 0 where all was read, 1 where a fault as grave as `fail_on` stands."""
    from groundcrew_embedded.diagnosing.diagnosis import Named
    from groundcrew_embedded.diagnosing.diagnosis import diagnose as diagnose_files
    from groundcrew_embedded.diagnosing.kinds import Kind
    from groundcrew_embedded.diagnosing.opening import Unusable

    wanted = Kind(kind) if kind else None
    named = [Named(*_split(one)) for one in files]
    name = ", ".join(one.path for one in named)[:200]
    try:
        with progress("reading ..."):
            found = asyncio.run(
                diagnose_files(
                    named, host=host, kind=wanted, now_us=to_us(now), name=name, patterns=_cache() / "patterns"
                )
            )
    except Unusable as error:
        raise CliError(plain(str(error)), USAGE) from None
    if as_json:
        say_json(found)
    else:
        _show(found, now)
    return int(fail_on is not None and _worst(found) >= _RANKS[fail_on])


def _cache() -> Path:
    """Where this user's programs keep what they can do without (XDG Base Directory Specification)."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if Path(named).is_absolute() else Path.home() / ".cache") / "groundcrew"


def _split(argument: str) -> tuple[str, str]:
    """(file, host) of `HOST=FILE`; a file whose name holds '=' is a file."""
    host, equals, path = argument.partition("=")
    if not equals or "/" in host or not host or not path or Path(argument).exists():
        return argument, ""
    return path, host


def _worst(found: dict[str, Any]) -> int:
    ranks = [_RANKS.get(one["severity"], 0) for one in found["incidents"] if one["state"] != "resolved"]
    return max(ranks, default=0)


def _show(found: dict[str, Any], now: datetime) -> None:
    incidents = found["incidents"]
    standing = [one for one in incidents if one["state"] != "resolved"]
    over = [one for one in incidents if one["state"] == "resolved"]
    if not any(one["entries"] for one in found["read"]):
        say("Nothing is recorded in what was read.")
    elif not incidents:
        say(paint("No fault is found in what was read.", "green"))
    else:
        many = count(len(standing), "fault")
        say(f"{many} found" + (f", {count(len(over), 'fault')} over again" if over else ""))
    for one in sorted(standing, key=_urgency):
        _show_one(one, now)
    if over:
        say("\nOver again")
        for one in sorted(over, key=_urgency):
            since = clock_time(datetime.fromisoformat(one["opened_at"]), now)
            say(f"  {severity(one['severity'])}  {since}  {plain(_where(one))}  {clip(plain(one['title']), 50)}")
    _show_read(found)


def _urgency(one: dict[str, Any]) -> tuple[int, str]:
    """The gravest first, of equals the newest: what stands in an old log may have been mended since."""
    newest = "".join(chr(0x10FFFF - ord(letter)) for letter in one["last_seen"])
    return -_RANKS.get(one["severity"], 0), newest


def _where(one: dict[str, Any]) -> str:
    hosts = one["hosts"]
    return ", ".join(hosts[:4]) + (f" and {len(hosts) - 4} more" if len(hosts) > 4 else "")


def _show_one(one: dict[str, Any], now: datetime) -> None:
    cause = one["cause"]
    opened, last = datetime.fromisoformat(one["opened_at"]), datetime.fromisoformat(one["last_seen"])
    until = f" to {clock_time(last, now)}" if (last - opened).total_seconds() > 60 else ""
    say()
    say(f"{severity(one['severity'])}  {plain(_where(one))}  {clock_time(opened, now)}{until}")
    say(wrapped(paint(plain(one["title"]), "bold"), "  ", "  "))
    part = f" · {plain(cause['component'])}" if cause["component"] else ""
    say(f"  cause  {plain(cause['id'])}{part} · {cause['confidence']:.0%}")
    others = [
        f"{each['id']} {each['confidence']:.0%}" for each in one["alternatives"][:2] if each["confidence"] >= 0.05
    ]
    if others:
        say(paint(f"  or     {plain(', '.join(others))}", "dim"))
    _show_evidence(one["evidence"], now)
    for number, step in enumerate(one["steps"][:MAX_STEPS]):
        say(wrapped(plain(step), "  next   " if number == 0 else "         ", " " * 9))


def _show_evidence(evidence: list[dict[str, str]], now: datetime) -> None:
    """The first and the last ones: how it began, and what came of it."""
    shown = evidence
    if len(evidence) > MAX_EVIDENCE:
        shown = [*evidence[: MAX_EVIDENCE - 2], *evidence[-2:]]
    for at, each in enumerate(shown):
        if at == MAX_EVIDENCE - 2 and len(evidence) > MAX_EVIDENCE:
            say(paint(f"  … {len(evidence) - MAX_EVIDENCE:,} more", "dim"))
        when = clock_time(datetime.fromisoformat(each["time"]), now)
        say(paint(f"  {when} {each['source']}  {clip(plain(each['text']), 100)}", "dim"))


def _show_read(found: dict[str, Any]) -> None:
    say()
    files = found["read"]
    for one in files[:MAX_FILES]:
        if one["skipped"]:
            say(paint(f"skipped {plain(one['name'])}: {plain(one['skipped'])}", "dim"))
            continue
        say(f"read    {plain(one['name'])}: {one['kind']}, {_held(one)}")
        if one["note"]:
            say(paint(wrapped(plain(one["note"]), "        ", "        "), "dim"))
    if len(files) > MAX_FILES:
        entries = sum(one["entries"] for one in files[MAX_FILES:])
        say(f"        and {count(len(files) - MAX_FILES, 'more file')} with {entries:,} entries (--json names them)")
    if left := found["repeats"] + found["dropped"]:
        said = f"{left:,} lines of the rules that spoke most often were left out; their first and newest ones were not"
        say(paint(wrapped(said, "        ", "        "), "dim"))
    unruled = found["unruled"]
    if unruled["errors"]:
        say(f"\n{count(unruled['errors'], 'line')} that claim an error are known to no rule, such as")
        for text in unruled["examples"][:3]:
            say(paint(f"  {clip(plain(text), 76)}", "dim"))


def _held(one: dict[str, Any]) -> str:
    held = count(one["entries"], "entry", "entries")
    if not one["lines"]:
        return held
    left = one["entries"] - one["matched"]
    return f"{held}, of which {left:,} say nothing to any rule" if left else f"{held}, all known to rules"


def from_terminal(files: Sequence[str]) -> Sequence[str]:
    """Standard input where nothing is named and something is piped in. Raises CliError."""
    if files:
        return files
    if sys.stdin.isatty() or os.environ.get("GROUNDCREW_NO_STDIN"):
        raise CliError("name files to read, or pipe one in", USAGE, hint=f"dmesg | {command('diagnose')} -")
    return ["-"]
