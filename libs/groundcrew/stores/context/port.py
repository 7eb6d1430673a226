"""Contract of the context store. `postgres.PostgresContextStore` and `memory.MemoryContextStore` pass one suite.

Recording is idempotent: the same record (same id, or same series and time) is stored once however often it comes.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.event_logs import EventLogBatch, SyncChanged, SyncJob
from groundcrew.contracts.incidents import Evidence, Finding, Incident, TriggerRaised
from groundcrew.contracts.observations import (
    InventoryObserved,
    LogBatch,
    MetricBatch,
    SelBatch,
    SensorBatch,
    ServiceBatch,
)
from groundcrew.contracts.queries import (
    EventLogEvent,
    EventLogState,
    HistoryEntry,
    IncidentPage,
    IncidentsQuery,
    LogPage,
    LogsQuery,
    MetricsQuery,
    MetricsReply,
    SelPage,
    SelQuery,
    SensorHistoryQuery,
    SensorReading,
    ServiceState,
    SyncsQuery,
    TriggerPage,
    TriggersQuery,
)
from groundcrew.contracts.streams import PARTITIONS
from groundcrew.stores.port import Outbox

__all__ = ["PARTITIONS", "ContextStore", "FusionTransaction", "HostRow"]


MAX_HISTORY = 500
"""Entries of an incident's history that are told, the newest; one that flaps for days has thousands."""

MAX_UNITS = 2_000
"""Units of a host that are told, by name."""

MAX_SENSORS = 1_000
"""Sensors of a BMC that are told, by name."""

SENSOR_GONE = timedelta(hours=1)
"""A sensor that its BMC did not list for so long, while it told of others, is no sensor of it any more."""

UNIT_GONE = timedelta(hours=6)
"""A unit of which the host said nothing for so long, while it told of others, is no unit of it any more: transient
units come and go, and one that vanished failed would else be failed for ever."""


class HostRow(Protocol):
    """What is known of an entity that a collector reported on."""

    @property
    def entity(self) -> str: ...
    @property
    def last_seen(self) -> datetime: ...
    @property
    def observed(self) -> InventoryObserved | None: ...
    @property
    def latest(self) -> dict[str, float]: ...


class FusionTransaction(Protocol):
    """Everything that trigger events change, committed at once; nothing of it is written before the end."""

    async def expect(self, envelopes: Sequence[Envelope[TriggerRaised]]) -> None:
        """Trigger events that `add_trigger` is going to be asked to add: looked up together, which is cheaper."""

    async def add_trigger(self, envelope: Envelope[TriggerRaised], incident_id: str | None) -> bool:
        """False where this trigger event is stored already (then nothing else of it may be done again)."""

    async def save_incident(self, incident: Incident, evidence: Sequence[Evidence], *, actor: str, change: str) -> None:
        """Store a revision of an incident, the evidence that is new with it, and why it changed. One that is not newer
        than what is stored, and not the same, ends the transaction with StaleRevision."""

    async def withdraw_evidence(self, incident_id: str, evidence: Sequence[Evidence]) -> None:
        """Take evidence off an incident that turned out to belong to another one, which has it by now."""

    async def publish(self, envelope: Envelope[Any]) -> None:
        """Put a message into the outbox."""


class ContextStore(Protocol):
    # recording: each returns how many rows were new
    async def record_logs(self, envelope: Envelope[LogBatch]) -> int: ...
    async def record_metrics(self, envelope: Envelope[MetricBatch]) -> int: ...
    async def record_services(self, envelope: Envelope[ServiceBatch]) -> int: ...
    async def record_sensors(self, envelope: Envelope[SensorBatch]) -> int: ...
    async def record_sel(self, envelope: Envelope[SelBatch]) -> int: ...
    async def record_inventory(self, envelope: Envelope[InventoryObserved]) -> int: ...
    async def record_event_logs(self, envelope: Envelope[EventLogBatch]) -> int: ...
    async def record_sync(self, envelope: Envelope[SyncChanged]) -> int: ...

    # fusion
    def fusion(self, site: str) -> AbstractAsyncContextManager[FusionTransaction]:
        """A transaction; leaving it normally commits, an exception rolls all of it back."""

    @property
    def outbox(self) -> Outbox: ...

    async def live_incidents(self, site: str) -> list[tuple[Incident, list[Evidence]]]:
        """All incidents that are not resolved, with their evidence: what fusion rebuilds itself from."""

    async def loose_triggers(
        self, site: str, since: datetime, limit: int
    ) -> list[tuple[Envelope[TriggerRaised], str | None]]:
        """Trigger events that went to no incident, and those of severity info with the one they went to: the newest
        `limit` of those that happened since, in their order. Of the envelope's passage nothing but its time is kept."""

    async def add_findings(self, site: str, time: datetime, findings: Sequence[Finding]) -> None: ...

    # reading
    async def incidents(self, site: str, query: IncidentsQuery) -> IncidentPage: ...
    async def incident(self, site: str, incident_id: str) -> Incident | None: ...
    async def evidence(self, site: str, incident_id: str, limit: int = 500) -> list[Evidence]: ...
    async def history(self, site: str, incident_id: str) -> list[HistoryEntry]:
        """In order of revision, the newest MAX_HISTORY."""

    async def findings(self, site: str, incident_id: str | None, limit: int = 100) -> list[Finding]: ...
    async def hosts(self, site: str) -> Sequence[HostRow]:
        """All entities of kind host that reported or have an incident, by name."""

    async def bmcs(self, site: str) -> Sequence[HostRow]:
        """All entities of kind bmc that a collector reported on, by name."""

    async def sensors(self, site: str, entity: str) -> list[SensorReading]:
        """Newest reading of each sensor that is not gone, by name, at most MAX_SENSORS."""

    async def sensor_history(self, site: str, entity: str, query: SensorHistoryQuery) -> MetricsReply:
        """What the sensors of this BMC measured, by name, at most MAX_SERIES; `bmc` and `host` are not looked at."""

    async def sel(self, site: str, entity: str, query: SelQuery) -> SelPage:
        """Event log records of this BMC, newest first; `bmc` and `host` of the query are not looked at."""

    async def event_logs(self, site: str, entity: str) -> list[EventLogState]:
        """How each event log of this BMC was last found, by name."""

    async def event_log_changes(self, site: str, entity: str) -> list[EventLogEvent]:
        """What became of its event logs, newest first, at most 50."""

    async def syncs(self, site: str, entity: str | None, query: SyncsQuery) -> list[SyncJob]:
        """The newest job of this BMC, or of each, those under way first; `bmc` of the query is not looked
        at."""

    async def logs(self, site: str, query: LogsQuery) -> LogPage: ...
    async def metrics(self, site: str, query: MetricsQuery) -> MetricsReply: ...
    async def services(self, site: str, entity: str) -> list[ServiceState]:
        """Newest state of each unit that is not gone, by unit name, at most MAX_UNITS."""

    async def triggers(self, site: str, query: TriggersQuery) -> TriggerPage: ...
    async def count_logs(self, site: str) -> int: ...

    # housekeeping
    async def apply_retention(self, now: datetime, keep_days: dict[str, int]) -> dict[str, int]:
        """Drop what is older; `keep_days` by table. Returns dropped rows (or partitions) by table."""

    async def ping(self) -> None:
        """Returns while the store answers; raises StoreUnavailable."""

    async def close(self) -> None: ...
