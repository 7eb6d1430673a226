"""Fusion at work: trigger events, commands and action results become transactions, then what they tell goes out.

Trigger events that wait for their turn are committed together, so that a storm costs a disk write for many of them and
not for each. Memory follows the store: after any failure the state is read anew. So a process may die at any point, and
a redelivered trigger event finds either nothing or all of its effects.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundcrew.bus.port import Bus, BusUnavailable, Delivery, RequestFailed, StreamFull
from groundcrew.contracts.actions import ActionChanged
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Envelope, Message, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Incident, IncidentState, TriggerRaised
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.queries import Failure, IncidentCommand, IncidentsQuery
from groundcrew.diagnosis import changes
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.fusion import AlreadyResolved, Fusion, UnknownIncident
from groundcrew.diagnosis.relation import Windows
from groundcrew.diagnosis.track import MAX_EVIDENCE, Change, Fused, Track
from groundcrew.runtime.relay import relay_once
from groundcrew.stores.context.port import ContextStore, FusionTransaction
from groundcrew.stores.port import StoreUnavailable
from groundcrew_context.metrics import ContextMetrics

AT_ONCE = 64
"""Trigger events of one commit."""

HANDLERS = 3 * AT_ONCE
"""Handlers of trigger events that run at once: those of a commit, of the one before that is being published, and of the
next one."""

RECENT = timedelta(days=1)
"""How far back evidence of incidents may lie that could open again after a rebuild."""


@dataclass
class _Waiting:
    """A trigger event whose handler waits for its turn, and what became of it."""

    envelope: Envelope[TriggerRaised]
    done: bool = False
    failed: Exception | None = None


class Fuser:
    """Holds the fusion of one site while this process leads."""

    def __init__(
        self,
        *,
        site: str,
        store: ContextStore,
        bus: Bus,
        clock: Clock,
        knowledge: Knowledge,
        inventory: Callable[[], Inventory],
        windows: Windows,
        produced_by: ProducedBy,
        metrics: ContextMetrics,
    ) -> None:
        self._site = site
        self._store = store
        self._bus = bus
        self._clock = clock
        self._knowledge = knowledge
        self._inventory = inventory
        self._windows = windows
        self._produced_by = produced_by
        self._metrics = metrics
        self._fusion: Fusion | None = None
        self._revision = 0
        self._turn = asyncio.Lock()
        self._waiting: deque[_Waiting] = deque()  # no more than handlers that run at once
        self._relaying = asyncio.Lock()
        self._asked = self._relayed = 0  # numbers of calls of `_relay`, and up to which one it was done
        self._relay_failed: BusUnavailable | StreamFull | StoreUnavailable | None = None

    def forget(self) -> None:
        """Read the state anew before the next change."""
        self._fusion = None

    async def trigger(self, delivery: Delivery[TriggerRaised]) -> None:
        """Handler: the verdict goes out before this returns. Several may run at once: who gets the turn commits for all
        that wait by then, in their order."""
        mine = _Waiting(delivery.envelope)
        self._waiting.append(mine)
        async with self._turn:
            if not mine.done:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), AT_ONCE))]
                await self._together(batch)
        await self._relay()
        if mine.failed is not None:
            raise mine.failed

    async def _together(self, batch: Sequence["_Waiting"]) -> None:
        """Commit trigger events together; where that fails, one by one, so that one bad event stops no other."""
        try:
            await self._fuse([one.envelope for one in batch])
        except StoreUnavailable as error:
            for one in batch:  # an exception of its own each: one that several tasks raise would be in its own context
                _settle([one], StoreUnavailable(str(error)))
        except Exception as error:  # noqa: BLE001 - whose it is shows one by one, and each handler raises its own
            if len(batch) > 1:
                for one in batch:
                    await self._together([one])
            else:
                _settle(batch, error)
        except asyncio.CancelledError:
            self._waiting.extendleft(one for one in reversed(batch[1:]) if not one.done)
            raise
        else:
            _settle(batch, None)

    async def _fuse(self, envelopes: Sequence[Envelope[TriggerRaised]]) -> None:
        told: list[tuple[str, Envelope[TriggerRaised], Fused | None]] = []
        fusion = await self._current()
        async with self._transaction() as transaction:
            await transaction.expect(envelopes)
            for envelope in envelopes:
                if envelope.data.silenced_by:
                    await transaction.add_trigger(envelope, None)
                    told.append(("silenced", envelope, None))
                    continue
                fused = fusion.fuse(envelope)
                fresh = await transaction.add_trigger(envelope, fused.incident_id)
                if fresh:
                    await self._save(transaction, fused, envelope)
                    fusion.keep(fused)
                told.append((_outcome(fresh, fused), envelope, fused))
        for outcome, envelope, done in told:
            self._metrics.triggers.labels(outcome).inc()
            if done is not None and outcome != "repeated":
                self._count(fusion, done)
                if done.changes:
                    lag = (self._clock.now() - envelope.received_at).total_seconds()
                    self._metrics.verdict.observe(max(0.0, lag))

    async def _relay(self) -> None:
        """Publish what is committed by now, once for all who ask; the next commit may be under way meanwhile. Raises
        for all of them what bus and store raise, so that an outage is waited for once."""
        self._asked += 1
        mine = self._asked
        async with self._relaying:
            if self._relayed < mine:
                upto, self._relay_failed = self._asked, None
                try:
                    await relay_once(self._store.outbox, self._bus)
                except (BusUnavailable, StreamFull, StoreUnavailable) as error:
                    self._relay_failed = error
                self._relayed = upto
            failed = self._relay_failed
        if failed is not None:  # an exception of its own each, as in `_together`
            raise type(failed)(str(failed))

    async def command(self, request: IncidentCommand) -> Incident:
        """Endpoint: an operator acknowledges, resolves or notes."""
        async with self._turn:
            fusion = await self._current()
            try:
                fused = fusion.command(request.id, request.command, request.actor, request.text, self._clock.now())
            except UnknownIncident:
                fused = await self._on_an_old_one(request)
            except AlreadyResolved:
                reason = f"incident {request.id} is resolved already"
                raise RequestFailed(Failure.CONFLICT, reason) from None
            await self._commit(fusion, fused)
        await self._relay()
        return fused.changes[0].incident

    async def action(self, delivery: Delivery[ActionChanged]) -> None:
        """Handler: what became of an action stands in its incident's history, once."""
        action = delivery.data.action
        if action.incident_id is None:
            return
        outcome = f": {action.outcome}" if action.outcome else ""
        text = f"Action {action.kind.value} on {action.target} {action.state.value}{outcome} [{action.id[:8]}]"
        async with self._turn:
            fusion = await self._current()
            history = await self._store.history(self._site, action.incident_id)
            if not history or any(entry.change == text for entry in history):
                return
            try:
                fused = fusion.annotate(action.incident_id, "actions", text, delivery.envelope.time)
            except UnknownIncident:
                return  # resolved long ago; the action's own record says the same
            await self._commit(fusion, fused)
        await self._relay()

    async def resolve_due(self) -> None:
        """Resolve what has been clear for long enough."""
        async with self._turn:
            fusion = await self._current()
            fused = fusion.advance(self._clock.now())
            if fused.changes or fused.forgotten:
                await self._commit(fusion, fused)
        if fused.changes:
            await self._relay()

    # --- state -------------------------------------------------------------------------------------------------------

    async def _current(self) -> Fusion:
        """The fusion, rebuilt from the store where this process has none, on the newest inventory."""
        inventory = self._inventory()
        if self._fusion is None:
            fusion = Fusion(self._knowledge, inventory, self._windows)
            for incident, evidence in await self._store.live_incidents(self._site):
                fusion.adopt(incident, evidence)
            await self._adopt_recent(fusion)
            self._fusion, self._revision = fusion, inventory.revision
        elif inventory.revision != self._revision:
            self._fusion.use_inventory(inventory)
            self._revision = inventory.revision
        return self._fusion

    async def _adopt_recent(self, fusion: Fusion) -> None:
        """Incidents that resolved within the reopening window, too: their fault may come back."""
        now = self._clock.now()
        query = IncidentsQuery(states=[IncidentState.RESOLVED], since=now - RECENT - self._windows.reopen, limit=1_000)
        for incident in (await self._store.incidents(self._site, query)).items:
            if incident.resolved_at is not None and incident.resolved_at >= now - self._windows.reopen:
                fusion.adopt(incident, await self._store.evidence(self._site, incident.id, MAX_EVIDENCE))

    async def _on_an_old_one(self, request: IncidentCommand) -> Fused:
        """Of an incident that fusion does not hold any more nothing but a note can be taken."""
        incident = await self._store.incident(self._site, request.id)
        if incident is None:
            raise RequestFailed(Failure.NOT_FOUND, f"no incident {request.id}")
        if request.command != "note":
            raise RequestFailed(Failure.CONFLICT, f"incident {request.id} is resolved already")
        change = changes.noted(Track(incident=incident), self._clock.now(), request.actor, request.text)
        return Fused(changes=[change], forgotten=[request.id])

    async def _commit(self, fusion: Fusion, fused: Fused) -> None:
        async with self._transaction() as transaction:
            await self._save(transaction, fused, None)
        fusion.keep(fused)
        self._count(fusion, fused)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[FusionTransaction]:
        """A transaction; whatever goes wrong, the commit included, makes the state be read anew."""
        committed = False
        try:
            async with self._store.fusion(self._site) as transaction:
                yield transaction
            committed = True
        finally:
            if not committed:
                self._fusion = None

    async def _save(self, transaction: FusionTransaction, fused: Fused, cause: Envelope[TriggerRaised] | None) -> None:
        for change in fused.changes:
            await transaction.save_incident(change.incident, change.evidence, actor=change.actor, change=change.text)
            if change.dropped:
                await transaction.withdraw_evidence(change.incident.id, change.dropped)
            if change.tell:
                await transaction.publish(self._sealed(change, cause))

    def _count(self, fusion: Fusion, fused: Fused) -> None:
        self._metrics.held.set(fusion.held)
        for change in fused.changes:
            self._metrics.revisions.labels(change.message().TYPE).inc()

    def _sealed(self, change: Change, cause: Envelope[TriggerRaised] | None) -> Envelope[Message]:
        incident, now = change.incident, self._clock.now()
        when: datetime = incident.updated_at
        return seal(
            change.message(),
            id=stable_id("incident-revision", self._site, incident.id, incident.revision),
            site=self._site,
            entity=incident.entity,
            time=when,
            received_at=now,
            source="fusion",
            position=str(incident.revision),
            produced_by=self._produced_by,
            cause=cause,
        )


def _settle(batch: Sequence[_Waiting], error: Exception | None) -> None:
    for one in batch:
        one.done, one.failed = True, error


def _outcome(fresh: bool, fused: Fused) -> str:
    if not fresh:
        return "repeated"
    return "joined" if fused.incident_id else "alone"
