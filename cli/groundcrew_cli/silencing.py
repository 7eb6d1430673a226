"""`groundcrew silences`: what is silenced, by whom and why; silencing something, and ending it early."""

import re
from datetime import UTC, datetime, timedelta

from groundcrew.contracts.queries import SilencePage
from groundcrew.contracts.silences import Silence
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.incidents import find, short
from groundcrew_cli.terminal import command, paint, plain, say, say_json, wrapped

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def show(gateway: Gateway, *, over: bool, as_json: bool, now: datetime) -> None:
    page = gateway.get(SilencePage, "silences", over="true" if over else None)
    if as_json:
        say_json(page.model_dump(mode="json"))
        return
    if not page.items:
        say("Nothing is silenced: every trigger counts.")
        say(f"Silence a host with: {command('silences add host:NAME --for 2h --why REASON')}{gateway.site_option}")
    for one in page.items:
        _show(one, now)


def add(
    gateway: Gateway,
    targets: list[str],
    *,
    rules: list[str],
    span: str,
    since: str,
    maintenance: bool,
    why: str,
    as_json: bool,
    now: datetime,
) -> None:
    """Raises CliError for a span or a time that is none."""
    body = {
        "kind": "maintenance" if maintenance else "silence",
        "targets": targets,
        "rules": rules,
        "duration_s": seconds_of(span),
        "why": why,
    }
    if since:
        body["starts_at"] = _time_of(since).isoformat()
    made = gateway.post(Silence, "silences", body)
    if as_json:
        say_json(made.model_dump(mode="json"))
    else:
        _show(made, now)


def end(gateway: Gateway, prefix: str, *, as_json: bool, now: datetime) -> None:
    known = [one.id for one in gateway.get(SilencePage, "silences").items]
    ended = gateway.delete(Silence, f"silences/{find(prefix, known, 'silence')}")
    if as_json:
        say_json(ended.model_dump(mode="json"))
    else:
        _show(ended, now)


def seconds_of(text: str) -> float:
    """Of `90m`, `2h`, `1d12h`. Raises CliError."""
    parts = re.findall(r"(\d{1,6})([smhdw])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise CliError(f"{plain(text)[:40]!r} is no span of time: expected e.g. 90m, 2h or 1d12h", USAGE)
    return float(sum(int(number) * _UNITS[unit] for number, unit in parts))


def _time_of(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise CliError(
            f"{plain(text)[:40]!r} is no time: expected e.g. 2026-03-04T22:00 (UTC) or ...+01:00", USAGE
        ) from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _show(one: Silence, now: datetime) -> None:
    state = one.state(now)
    shown = paint(state, "bold" if state == "in force" else "dim")
    say(f"{short(one.id)}  {shown}  {one.kind} of {plain(', '.join(one.targets))}")
    if one.rules:
        say(wrapped(f"only {plain(', '.join(one.rules))}", " " * 10, " " * 10))
    say(f"          {_utc(one.starts_at)} to {_utc(one.ends_at)} UTC ({_length(one.ends_at - one.starts_at)})")
    ended = f", ended by {plain(one.ended_by)}" if one.ended_by else ""
    say(wrapped(f"{plain(one.why)} (by {plain(one.by)}{ended})", " " * 10, " " * 10))


def _utc(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M}"


def _length(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    days, hours, minutes = minutes // 1_440, minutes // 60 % 24, minutes % 60
    return (
        " ".join(f"{number} {unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if number)
        or "0 min"
    )
