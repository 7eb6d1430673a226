"""Gathers what a context window is made of. The building itself is `diagnosis/window.py`."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.identity import host
from groundcrew.contracts.incidents import Evidence, Incident
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.queries import (
    ContextWindow,
    Failure,
    IncidentsQuery,
    LogLine,
    LogsQuery,
    TriggersQuery,
    TriggerSummary,
    WindowQuery,
)
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.tokens import Tokenizer
from groundcrew.diagnosis.window import Surroundings, build
from groundcrew.stores.context.port import ContextStore
from groundcrew_context.answers import LIVE

AROUND = timedelta(minutes=5)
"""Log lines so close to an incident's evidence are told."""

MAX_HOSTS = 20
MAX_INCIDENTS = 20
MAX_LOGS = 300
MAX_TRIGGERS = 100
WELL_KNOWN = (
    "load1",
    "cpu_percent",
    "memory_available_bytes",
    "filesystem_avail_bytes",
    "gpu_temperature_celsius",
    "pressure",
)


class Windows:
    """Answers the endpoint `window`."""

    def __init__(
        self,
        *,
        site: str,
        store: ContextStore,
        clock: Clock,
        inventory: Callable[[], Inventory],
        knowledge: Knowledge,
        count: Tokenizer,
    ) -> None:
        self._site = site
        self._store = store
        self._clock = clock
        self._inventory = inventory
        self._knowledge = knowledge
        self._count = count

    async def window(self, query: WindowQuery) -> ContextWindow:
        incidents = await self._incidents(query)
        names = self._names(query, incidents)
        surroundings = Surroundings(
            site=self._site,
            hosts=self._entries(names),
            incidents=incidents,
            explanations={i.cause.id: self._knowledge.get(i.cause.entry).explanation for i, _ in incidents},
            failed_services=await self._failed(names),
            triggers=await self._triggers(query, names),
            logs=await self._logs(names, incidents),
            metrics=await self._metrics(names),
        )
        return build(surroundings, query.budget_tokens, self._count)

    async def _incidents(self, query: WindowQuery) -> list[tuple[Incident, list[Evidence]]]:
        if query.incident_id is not None:
            incident = await self._store.incident(self._site, query.incident_id)
            if incident is None:
                raise RequestFailed(Failure.NOT_FOUND, f"no incident {query.incident_id}")
            found = [incident]
        else:
            asked = IncidentsQuery(states=LIVE, host=query.host, limit=MAX_INCIDENTS)
            found = (await self._store.incidents(self._site, asked)).items
            found = sorted(found, key=lambda i: (-i.severity.rank, i.opened_at, i.id))
        return [(i, await self._store.evidence(self._site, i.id, limit=100)) for i in found]

    def _names(self, query: WindowQuery, incidents: Sequence[tuple[Incident, Sequence[Evidence]]]) -> list[str]:
        """Hosts that the window is about, at most MAX_HOSTS."""
        if query.host is not None:
            return [query.host]
        named = [name for incident, _ in incidents for name in incident.hosts]
        return list(dict.fromkeys(named))[:MAX_HOSTS]

    def _entries(self, names: Sequence[str]) -> list[InventoryHost]:
        known = {entry.name: entry for entry in self._inventory().host}
        return [known.get(name) or InventoryHost(name=name) for name in names]

    async def _failed(self, names: Sequence[str]) -> list[str]:
        failed = []
        for name in names:
            states = await self._store.services(self._site, host(name))
            failed += [f"{name} {state.unit}" for state in states if state.active_state == "failed"]
        return failed

    async def _triggers(self, query: WindowQuery, names: Sequence[str]) -> list[TriggerSummary]:
        """Those of the incident, of the host, or of the last hour."""
        if query.incident_id is None and query.host is None:
            since = self._clock.now() - timedelta(hours=1)
            page = await self._store.triggers(self._site, TriggersQuery(since=since, limit=MAX_TRIGGERS))
            return [t for t in page.items if not t.silenced_by]
        found: list[TriggerSummary] = []
        for name in names:
            page = await self._store.triggers(self._site, TriggersQuery(host=name, limit=MAX_TRIGGERS))
            found += [t for t in page.items if query.incident_id in (None, t.incident_id) and not t.silenced_by]
        return sorted(found, key=lambda t: (t.time, t.id), reverse=True)[:MAX_TRIGGERS]

    async def _logs(
        self, names: Sequence[str], incidents: Sequence[tuple[Incident, Sequence[Evidence]]]
    ) -> list[LogLine]:
        """Lines of notice and above around the first and the last evidence, in order of time."""
        found: dict[str, LogLine] = {}
        for incident, evidence in incidents:
            times = sorted({e.time for e in evidence}) or [incident.opened_at]
            for when in dict.fromkeys((times[0], times[-1])):
                for name in [name for name in names if name in incident.hosts][:3]:
                    query = LogsQuery(
                        host=name, since=when - AROUND, until=when + AROUND, max_priority=5, limit=MAX_LOGS
                    )
                    page = await self._store.logs(self._site, query)
                    found |= {line.id: line for line in page.items}
            if len(found) >= MAX_LOGS:
                break
        return sorted(found.values(), key=lambda line: (line.time, line.id))[:MAX_LOGS]

    async def _metrics(self, names: Sequence[str]) -> list[str]:
        """The newest values of the well-known metrics."""
        wanted = set(names)
        rows = [row for row in await self._store.hosts(self._site) if row.entity.partition(":")[2] in wanted]
        told = []
        for row in rows:
            values = [f"{n}={v:.6g}" for n, v in sorted(row.latest.items()) if n.startswith(WELL_KNOWN)]
            if values:
                told.append(f"{row.entity.partition(':')[2]}: {', '.join(values)}")
        return told
