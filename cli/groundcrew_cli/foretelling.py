"""`groundcrew forecasts HOST`: what will be used up, soonest first, each with the range that it lies in."""

from datetime import datetime
from urllib.parse import quote

from groundcrew.contracts.queries import Forecast, ForecastsReply
from groundcrew_cli.connection import Gateway
from groundcrew_cli.terminal import clock_time, count, paint, plain, say, say_json, wrapped


def show(gateway: Gateway, host: str, *, as_json: bool, now: datetime) -> None:
    found = gateway.get(ForecastsReply, f"hosts/{quote(host, safe='/')}/forecasts")
    if as_json:
        say_json(found.model_dump(mode="json"))
        return
    if not found.forecasts:
        looked = f"{count(found.series, 'series', 'series')} show no clear way to a limit"
        say(
            f"{plain(host)}: nothing is being used up ({looked})"
            if found.series
            else f"{plain(host)}: nothing to go by"
        )
        return
    for one in found.forecasts:
        _show_one(one, now)


def _show_one(one: Forecast, now: datetime) -> None:
    left = _left(one.likely, now)
    say(f"{paint(left, 'bold'):<12}  {clock_time(one.likely, now)}  {plain(one.id)}")
    say(wrapped(plain(one.title), "  ", "  "))
    latest = clock_time(one.latest, now) if one.latest is not None else "never"
    amount = f"{_short(one.value)} of {_short(one.limit)} {one.unit}".rstrip()
    moved = f"{one.per_day:+.3g} a day"
    tested = "" if one.back_test is None else f" · back-test off by {min(one.back_test, 9.99):.0%}"
    between = f"between {clock_time(one.soonest, now)} and {latest}"
    say(paint(wrapped(f"{between} · {amount} · {moved} · {one.points} points{tested}", "  ", "  "), "dim"))


def _left(when: datetime, now: datetime) -> str:
    hours = (when - now).total_seconds() / 3_600
    if hours <= 0:
        return "now"
    return f"in {hours:.0f} h" if hours < 48 else f"in {hours / 24:.0f} days"


def _short(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1e6 else f"{value:.3e}"
