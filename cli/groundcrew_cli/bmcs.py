"""`groundcrew bmcs`: which BMCs answer, what their sensors and event logs say."""

from datetime import datetime
from urllib.parse import quote

from pydantic import BaseModel

from groundcrew.contracts.event_logs import SyncState
from groundcrew.contracts.observations import SourceState
from groundcrew.contracts.queries import BmcPage, BmcSummary, EventLogsReply, SelPage, SensorReading, SensorsReply
from groundcrew_cli.connection import Gateway
from groundcrew_cli.syncing import bar
from groundcrew_cli.terminal import ago, clip, clock_time, command, count, paint, plain, say, say_json

RECORDS = 20
_CHANGES = 5
_UNSURE_S = 60.0
_ILL = ("nr", "cr", "nc")


class Everything(BaseModel):
    """What --json prints of one BMC."""

    bmc: BmcSummary
    sensors: list[SensorReading]
    sel: SelPage
    logs: EventLogsReply


def show_list(gateway: Gateway, *, as_json: bool, now: datetime) -> None:
    page = gateway.get(BmcPage, "bmcs", limit=1_000)
    if as_json:
        say_json(page.model_dump(mode="json"))
        return
    if not page.items:
        say("No BMC is known. The inventory gives a BMC its address: [[bmc]], or bmc and bmc_address of a host.")
        return
    for bmc in sorted(page.items, key=lambda one: (_state(one)[0] == "answers", one.name)):
        _show_short(gateway, bmc, now)


def _show_short(gateway: Gateway, bmc: BmcSummary, now: datetime) -> None:
    word, why = _state(bmc)
    where = f"  of {plain(bmc.host)}" if bmc.host else ""
    power = f"  power {plain(bmc.facts['power'])}" if "power" in bmc.facts else ""
    shown = f"{word:<8}" if word == "answers" else paint(f"{word:<8}", "bold")
    say(f"{shown}  {clip(plain(bmc.name), 30)}{clip(where, 24)}{power}")
    if why:
        say(f"  {clip(plain(why), 78)}")
    say(paint(f"  {_answered(bmc, now)}", "dim"))
    say(f"  {command('bmcs')} {plain(bmc.name)}{gateway.site_option}")


def show_one(gateway: Gateway, name: str, *, as_json: bool, now: datetime) -> None:
    path = f"bmcs/{quote(name, safe='')}"
    bmc = gateway.get(BmcSummary, path)
    sensors = gateway.get(SensorsReply, f"{path}/sensors").sensors
    sel = gateway.get(SelPage, f"{path}/sel", limit=RECORDS)
    logs = gateway.get(EventLogsReply, f"{path}/event-logs")
    if as_json:
        say_json(Everything(bmc=bmc, sensors=sensors, sel=sel, logs=logs).model_dump(mode="json"))
        return
    word, why = _state(bmc)
    say(f"{word}  {paint(plain(bmc.name), 'bold')}{f'  of {plain(bmc.host)}' if bmc.host else ''}")
    say(f"  {_answered(bmc, now)}")
    if why:
        say(f"  {plain(why)}")
    for fact, value in sorted(bmc.facts.items()):
        say(f"  {plain(fact):<18}{plain(value)}")
    ill = [one for one in sensors if one.status in _ILL]
    say(f"\nSensors ({count(len(sensors), 'sensor')}, {len(ill)} out of range)")
    for reading in [*ill, *(one for one in sensors if one.status not in _ILL)]:
        shown = plain(reading.text or "no reading" if reading.value is None else f"{reading.value:g} {reading.unit}")
        say(f"  {reading.status:<3} {plain(reading.sensor):<18}{shown}")
    _show_logs(logs, now)
    say(f"\nEvent log (the newest {len(sel.items)})")
    for entry in sel.items:
        unsure = entry.uncertainty_s
        about = f"  (give or take {unsure / 60:.0f} min)" if unsure is not None and unsure >= _UNSURE_S else ""
        say(f"  {clock_time(entry.time, now)}  {plain(entry.text)}{about}")


def _show_logs(logs: EventLogsReply, now: datetime) -> None:
    if not logs.logs:
        return
    say("\nEvent logs")
    for one in logs.logs:
        fill = f" of {one.capacity} ({one.entries / one.capacity:.0%})" if one.capacity else ""
        dropped = "  it dropped records" if one.overflow else ""
        say(f"  {plain(one.log):<18}{one.entries}{fill} records{dropped}")
    if logs.sync is not None and logs.sync.state in (SyncState.QUEUED, SyncState.RUNNING):
        say(f"  {bar(logs.sync)}")
    for change in logs.changes[:_CHANGES]:
        say(f"  {clock_time(change.time, now)}  {plain(change.log)} {change.change.value}: {plain(change.detail)}")


def _state(bmc: BmcSummary) -> tuple[str, str]:
    """`answers`, `failing` or `absent`, and what the worst source says."""
    for state in (SourceState.FAILING, SourceState.ABSENT):
        for source in bmc.sources:
            if source.state is state:
                partly = state is SourceState.ABSENT and any(s.state is SourceState.PRESENT for s in bmc.sources)
                return "answers" if partly else state.value, source.detail
    return ("answers", "") if bmc.sources else ("absent", "nobody reads it, or it is at its first look")


def _answered(bmc: BmcSummary, now: datetime) -> str:
    try:
        return f"answered {ago(datetime.fromisoformat(bmc.facts['answered_at']), now)} ago"
    except (KeyError, ValueError):
        return "never answered"
