"""Event logs of BMCs as such, in memory."""

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.event_logs import EventLogBatch, SyncChanged, SyncJob
from groundcrew.contracts.queries import EventLogEvent, EventLogState, SyncsQuery
from groundcrew.stores.context.event_logs import MAX_CHANGES, MAX_LOGS, UNDER_WAY, changes_of, states_of
from groundcrew.stores.context.memory_rows import Timeline
from groundcrew.stores.context.tables import check_times


class MemoryEventLogs:
    """Of one site."""

    def __init__(self) -> None:
        self._states: dict[str, dict[str, EventLogState]] = {}
        self._changes: dict[str, Timeline[EventLogEvent]] = {}
        self._syncs: dict[str, SyncJob] = {}

    def record(self, envelope: Envelope[EventLogBatch]) -> int:
        batch = envelope.data
        check_times(batch.times)
        states = self._states.setdefault(envelope.entity, {})
        changes = self._changes.setdefault(envelope.entity, Timeline())
        new = 0
        for state in states_of(batch):
            if state.log not in states or states[state.log].time < state.time:
                states[state.log] = state
                new += 1
        return new + sum(changes.add(to_us(one.time), one.id, one) for one in changes_of(batch))

    def record_sync(self, envelope: Envelope[SyncChanged]) -> int:
        job, key = envelope.data.job, envelope.entity
        if key in self._syncs and self._syncs[key].updated_at > job.updated_at:
            return 0
        self._syncs[key] = job
        return 1

    def states(self, entity: str) -> list[EventLogState]:
        held = self._states.get(entity, {})
        return [held[log] for log in sorted(held)][:MAX_LOGS]

    def changes(self, entity: str) -> list[EventLogEvent]:
        held = self._changes.get(entity)
        return [] if held is None else list(held.newest_first())[:MAX_CHANGES]

    def syncs(self, entity: str | None, query: SyncsQuery) -> list[SyncJob]:
        found = [(key, job) for key, job in self._syncs.items() if entity in (None, key)]
        found.sort(key=lambda one: (one[1].state not in UNDER_WAY, -to_us(one[1].updated_at), one[0]))
        return [job for _, job in found[: query.limit]]

    def drop_before(self, time_us: int) -> int:
        """Changes; logs and jobs are one row each."""
        return sum(len(timeline.drop_before(time_us)) for timeline in self._changes.values())
