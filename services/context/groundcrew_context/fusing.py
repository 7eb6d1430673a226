"""Fusion at work: trigger events, commands and action results become transactions, then what they tell goes out.

Trigger events that wait are committed together, so that a storm costs a disk write for many of them and not for each,
and what they change of one incident is told in one message.

Memory follows the store: after any failure the state is read anew. So a process may die at any point, and
a redelivered trigger event finds either nothing or all of its effects.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
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
from groundcrew.diagnosis.waiting import MAX_RECALLED
from groundcrew.runtime.relay import relay_once
from groundcrew.stores.context.port import ContextStore, FusionTransaction
from groundcrew.stores.port import StoreUnavailable
from groundcrew_context.metrics import ContextMetrics

AT_ONCE = 400
"""Trigger events of one commit at most."""

HANDLERS = 2
"""So that trigger events are fused while what was committed before them is published."""

BREATHE_EVERY = 4
"""Trigger events after which others get their turn: health, heartbeats, operators."""

RECENT = timedelta(days=1)
"""How far back evidence of incidents may lie that could open again after a rebuild."""


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
        self._relaying = asyncio.Lock()
        self._asked = self._relayed = 0  # numbers of calls of `_relay`, and up to which one it was done
        self._made: dict[str, Envelope[Message]] = {}  # committed, not published yet
        self._relay_failed: BusUnavailable | StreamFull | StoreUnavailable | None = None

    def forget(self) -> None:
        """Read the state anew before the next change."""
        self._fusion = None

    async def triggers(self, deliveries: Sequence[Delivery[TriggerRaised]]) -> None:
        """Handler of trigger events that wait together: their verdicts go out before this returns."""
        async with self._turn:
            told = await self._fuse([delivery.envelope for delivery in deliveries])
        await self._relay()
        for envelope, fused in told:
            if fused is not None and fused.changes:
                lag = (self._clock.now() - envelope.received_at).total_seconds()
                self._metrics.verdict.observe(max(0.0, lag))

    async def _fuse(
        self, envelopes: Sequence[Envelope[TriggerRaised]]
    ) -> list[tuple[Envelope[TriggerRaised], Fused | None]]:
        """Commit what trigger events change, in their order. Returns those that were new with what followed."""
        told: list[tuple[str, Envelope[TriggerRaised], Fused | None]] = []
        fusion = await self._current()
        async with self._transaction() as transaction:
            await transaction.expect(envelopes)
            for number, envelope in enumerate(envelopes, start=1):
                if number % BREATHE_EVERY == 0:
                    await asyncio.sleep(0)
                if envelope.data.silenced_by:
                    await transaction.add_trigger(envelope, None)
                    told.append(("silenced", envelope, None))
                    continue
                fused = fusion.fuse(envelope)
                fresh = await transaction.add_trigger(envelope, fused.incident_id)
                if fresh:
                    fusion.keep(fused)
                told.append((_outcome(fresh, fused), envelope, fused if fresh else None))
            news = [(fused, envelope) for _, envelope, fused in told if fused is not None]
            made = await self._save(transaction, news)
        self._made.update(made)
        for outcome, _, _ in told:
            self._metrics.triggers.labels(outcome).inc()
        self._count(fusion, [fused for fused, _ in news])
        return [(envelope, fused) for _, envelope, fused in told]

    async def _relay(self) -> None:
        """Publish what is committed by now, once for all who ask; the next commit may be under way meanwhile. Raises
        for all of them what bus and store raise, so that an outage is waited for once."""
        self._asked += 1
        mine = self._asked
        async with self._relaying:
            if self._relayed < mine:
                upto, self._relay_failed = self._asked, None
                try:
                    made, self._made = self._made, {}
                    await relay_once(self._store.outbox, self._bus, made)
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
            since = self._clock.now() - fusion.waits_for
            fusion.recall(await self._store.loose_triggers(self._site, since, MAX_RECALLED))
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
            made = await self._save(transaction, [(fused, None)])
        self._made.update(made)
        fusion.keep(fused)
        self._count(fusion, [fused])

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

    async def _save(
        self, transaction: FusionTransaction, many: Sequence[tuple[Fused, Envelope[TriggerRaised] | None]]
    ) -> dict[str, Envelope[Message]]:
        """Every change into its incident's history; of one incident, one message with its newest state. Returns the
        messages by id."""
        told: dict[str, Change] = {}
        causes: dict[str, Envelope[TriggerRaised] | None] = {}
        for fused, cause in many:
            for change in fused.changes:
                incident_id = change.incident.id
                await transaction.save_incident(
                    change.incident, change.evidence, actor=change.actor, change=change.text
                )
                if change.dropped:
                    await transaction.withdraw_evidence(incident_id, change.dropped)
                before = told.get(incident_id)
                if before is not None:
                    told[incident_id] = changes.together(before, change)
                elif change.tell:
                    told[incident_id], causes[incident_id] = change, cause
        made = [self._sealed(change, causes[incident_id]) for incident_id, change in told.items()]
        for envelope in made:
            await transaction.publish(envelope)
        return {envelope.id: envelope for envelope in made}

    def _count(self, fusion: Fusion, many: Sequence[Fused]) -> None:
        self._metrics.held.set(fusion.held)
        for fused in many:
            for change in fused.changes:
                self._metrics.revisions.labels(change.told_as.TYPE).inc()

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


def _outcome(fresh: bool, fused: Fused) -> str:
    if not fresh:
        return "repeated"
    return "joined" if fused.incident_id else "alone"
