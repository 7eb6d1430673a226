"""`groundcrew check`: one look at this host, judged by the production services over memory."""

import asyncio
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any

from groundcrew.bus.memory import MemoryBus
from groundcrew.bus.memory_broker import MemoryBroker
from groundcrew.contracts.clock import SystemClock, VirtualClock, from_us, to_us
from groundcrew.contracts.envelope import Envelope, Message, ProducedBy, seal
from groundcrew.contracts.identity import host as host_entity
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Incident
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.observations import (
    InventoryObserved,
    LogBatch,
    MetricBatch,
    MetricSeries,
    ServiceBatch,
    SourceState,
)
from groundcrew.contracts.queries import Endpoints, IncidentDetail, IncidentQuery, IncidentsQuery
from groundcrew.runtime.settings import load
from groundcrew.telemetry.metrics import product_version
from groundcrew_cli.looking import Look, look
from groundcrew_cli.terminal import ago, clock_time, count, paint, plain, progress, say, say_json, severity, wrapped
from groundcrew_embedded.rehearsal import rehearse
from groundcrew_host_collector.settings import Settings
from groundcrew_host_collector.source import LogRow

HEALTHY, WARNING, CRITICAL, NOTHING_READ = range(4)
SITE = "check"
STAYS = timedelta(minutes=3)
"""A single look cannot wait for hold times: what is so now is taken to stay so this long."""

_ROWS = 500
_SHOWN = 3


def check(*, minutes: int, as_json: bool, now: datetime) -> int:
    """Returns the exit code."""
    section = load(Settings, environ=os.environ).host_collector
    host = section.host or socket.gethostname()
    since = now - timedelta(minutes=minutes)
    with progress("looking at this host ..."):
        seen = asyncio.run(look(section, host, since, SystemClock()))
        found = asyncio.run(judge(seen, host, SystemClock().now()))
    code = _verdict(seen, found)
    if as_json:
        say_json(_document(seen, found, host, code))
    else:
        _show(seen, found, host, minutes, now, code)
    return code


async def judge(seen: Look, host: str, now: datetime) -> list[IncidentDetail]:
    """The incidents that trigger, context and review make of it, worst first; resolved ones among them."""
    start = from_us(seen.rows[0][1].time_us) if seen.rows else now
    clock = VirtualClock(start)
    broker = MemoryBroker(clock)
    async with AsyncExitStack() as stack:
        await rehearse(stack, broker, clock, Inventory(revision=1, host=[InventoryHost(name=host)]), SITE)
        bus = MemoryBus(SITE, clock, broker=broker)
        for message in _messages(seen, host, now):
            if message.received_at > clock.now():
                await broker.settle(message.received_at)
            await bus.publish(message)
            await broker.settle()
        await broker.settle(now + STAYS)
        page = await bus.request(Endpoints.INCIDENTS, IncidentsQuery(limit=1_000))
        details = [await bus.request(Endpoints.INCIDENT, IncidentQuery(id=incident.id)) for incident in page.items]
    return sorted(details, key=lambda one: (-one.incident.severity.rank, one.incident.opened_at, one.incident.id))


def _messages(seen: Look, host: str, now: datetime) -> Iterator[Envelope[Any]]:
    """In order of time: lines, then what is so now, and the same again once hold times are over."""

    def sealed(data: Message, time: datetime, at: datetime, source: str, position: str) -> Envelope[Any]:
        return seal(
            data, id=stable_id(SITE, data.TYPE, source, position), site=SITE, entity=host_entity(host), time=time,
            received_at=at, source=source, position=position,
            produced_by=ProducedBy(service="check", version=product_version(), packs=""),
        )  # fmt: skip

    yield sealed(InventoryObserved(facts=seen.facts, sources=seen.sources), now, now, "inventory", "1")
    for start in range(0, len(seen.rows), _ROWS):
        pairs = seen.rows[start : start + _ROWS]
        first, last = pairs[0][1], pairs[-1][1]
        at = from_us(last.time_us)
        yield sealed(_lines(pairs), from_us(first.time_us), at, "logs", f"{pairs[0][0]}/{first.position}")
    for number, at in enumerate((now, now + STAYS / 2, now + STAYS)):
        if seen.samples:
            yield sealed(_metrics(seen, at), at, at, "metrics", str(number))
        if seen.units:
            yield sealed(_units(seen, at), at, at, "systemd", str(number))


def _lines(pairs: Sequence[tuple[str, LogRow]]) -> LogBatch:
    rows = [row for _, row in pairs]
    return LogBatch(
        ids=[stable_id(SITE, source, row.position) for source, row in pairs],
        times=[row.time_us for row in rows],
        priorities=[row.priority for row in rows],
        identifiers=[row.identifier for row in rows],
        units=[row.unit for row in rows],
        transports=[row.transport for row in rows],
        boot_ids=[row.boot_id for row in rows],
        positions=[row.position for row in rows],
        messages=[row.message for row in rows],
    )


def _metrics(seen: Look, at: datetime) -> MetricBatch:
    return MetricBatch(
        series=[MetricSeries(name=s.name, unit=s.unit, labels=dict(s.labels)) for s in seen.samples],
        series_index=list(range(len(seen.samples))),
        times=[to_us(at)] * len(seen.samples),
        values=[float(s.value) for s in seen.samples],
    )


def _units(seen: Look, at: datetime) -> ServiceBatch:
    return ServiceBatch(
        times=[to_us(at)] * len(seen.units),
        units=[unit.name for unit in seen.units],
        load_states=[unit.load for unit in seen.units],
        active_states=[unit.active for unit in seen.units],
        sub_states=[unit.sub for unit in seen.units],
        results=[unit.result for unit in seen.units],
        restarts=[unit.restarts for unit in seen.units],
    )


def _verdict(seen: Look, found: list[IncidentDetail]) -> int:
    if all(source.state is not SourceState.PRESENT for source in seen.sources):
        return NOTHING_READ
    rank = max((one.incident.severity.rank for one in found if _is_open(one.incident)), default=0)
    return (HEALTHY, WARNING, CRITICAL)[rank]


def _is_open(incident: Incident) -> bool:
    return incident.state.value != "resolved"


def _document(seen: Look, found: list[IncidentDetail], host: str, code: int) -> dict[str, Any]:
    return {
        "host": host,
        "verdict": ("healthy", "warning", "critical", "nothing read")[code],
        "incidents": [one.model_dump(mode="json", include={"incident", "evidence"}) for one in found],
        "sources": [source.model_dump(mode="json") for source in seen.sources],
    }


def _show(seen: Look, found: list[IncidentDetail], host: str, minutes: int, now: datetime, code: int) -> None:
    words = (paint("healthy", "green"), severity("warning"), severity("critical"), "not known: nothing could be read")
    say(f"{plain(host)}: {words[code]}")
    for one in found:
        if _is_open(one.incident):
            _show_one(one, now)
    if over := sum(not _is_open(one.incident) for one in found):
        say(f"\n{count(over, 'fault was', 'faults were')} over again within the last {minutes} min (see --json).")
    say()
    for source in seen.sources:
        if source.state is SourceState.PRESENT:
            logs = f" of the last {minutes} min" if source.name in ("journal", "files", "kmsg") else ""
            say(f"read    {source.name}: {plain(source.detail)}{logs}")
        else:
            said = f"{source.name}: {plain(source.detail)}"
            say(paint(wrapped(said, f"{source.state.value:<7} ", " " * 8), "dim"))


def _show_one(one: IncidentDetail, now: datetime) -> None:
    incident, cause = one.incident, one.incident.cause
    part = f" · {plain(cause.component)}" if cause.component else ""
    say(f"\n{severity(incident.severity.value)}  {paint(plain(incident.title), 'bold')}")
    say(f"  since {clock_time(incident.opened_at, now)} ({ago(incident.opened_at, now)})")
    say(f"  cause {plain(cause.id)}{part} · {cause.confidence:.0%}")
    for each in one.evidence[-_SHOWN:]:
        say(paint(f"  {clock_time(each.time, now)} {each.source.value}  {plain(each.text)}", "dim"))
    if incident.steps:
        say(wrapped(plain(incident.steps[0]), "  next  ", " " * 8))
