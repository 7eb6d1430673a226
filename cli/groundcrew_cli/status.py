"""`groundcrew status`: one glance."""

from datetime import datetime

from groundcrew.contracts.observations import SourceState
from groundcrew.contracts.queries import ActionPage, Autonomy, FleetStatus, HostPage, IncidentPage
from groundcrew_cli.connection import Gateway
from groundcrew_cli.incidents import OPEN, Wanted, gravest, show_short
from groundcrew_cli.terminal import ago, clip_host, command, count, paint, plain, say, say_json, wrapped

MAX_SHOWN = 10


def show(gateway: Gateway, *, as_json: bool, now: datetime) -> None:
    fleet = gateway.get(FleetStatus, "status")
    autonomy = gateway.get(Autonomy, "autonomy")
    incidents = gateway.get(IncidentPage, "incidents", state=OPEN, limit=1_000)
    hosts = gateway.get(HostPage, "hosts", limit=1_000)
    if as_json:
        parts = {"fleet": fleet, "autonomy": autonomy, "incidents": incidents, "hosts": hosts}
        say_json({"url": gateway.url} | {name: part.model_dump(mode="json") for name, part in parts.items()})
        return
    say(f"Groundcrew at {gateway.url}")
    say(
        f"{count(fleet.hosts, 'host')}: {fleet.healthy} healthy, {fleet.warning} warning, {fleet.critical} critical"
        f"    autonomy: {autonomy.level.value}{paint(', all actions stopped', 'red') if autonomy.stopped else ''}"
    )
    if autonomy.waiting:
        waiting = count(autonomy.waiting, "action waits", "actions wait")
        say(f"{waiting} for approval: {command('approve')}{gateway.site_option}")
    say()
    _hosts(hosts, now)
    _incidents(gateway, incidents, fleet.open_incidents, now)


def _hosts(page: HostPage, now: datetime) -> None:
    for host in sorted(page.items, key=lambda one: (one.health, one.name))[:MAX_SHOWN]:
        style = "green" if host.health >= 90 else "yellow" if host.health >= 60 else "red"
        seen = f"seen {ago(host.last_seen, now)} ago" if host.last_seen else "not seen yet"
        say(f"{clip_host(plain(host.name), 40):<24} health {paint(f'{host.health:>3}', style)}  {seen}")
        here = [one.name for one in host.sources if one.state is SourceState.PRESENT]
        if here:
            say(f"  reads {', '.join(map(plain, here))}")
        for source in host.sources:
            if source.state is not SourceState.PRESENT:
                said = f"{source.state.value}: {plain(source.name)} ({plain(source.detail)})"
                say(paint(wrapped(said, "  ", "    "), "dim"))
    if len(page.items) > MAX_SHOWN:
        say(f"… and {len(page.items) - MAX_SHOWN} healthier hosts")


def _incidents(gateway: Gateway, page: IncidentPage, standing: int, now: datetime) -> None:
    say()
    if not page.items:
        say("No open incidents.")
        return
    waiting = gateway.get(ActionPage, "actions", state=["queued"], limit=1_000).items
    found = gravest(gateway, Wanted(limit=MAX_SHOWN)) if page.next else page
    worst = sorted(found.items, key=lambda one: (-one.severity.rank, one.opened_at))[:MAX_SHOWN]
    for incident in worst:
        show_short(gateway, incident, waiting, now)
    more = max(standing, len(page.items)) - len(worst)
    if more > 0:
        say(f"… and {more:,} more: {command('incidents')}{gateway.site_option}")
