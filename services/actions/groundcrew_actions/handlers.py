"""One coroutine per message."""

from collections.abc import Awaitable, Callable

from groundcrew.bus.port import Bus, Delivery, RequestFailed, Retry
from groundcrew.contracts.actions import Action, ActionKind, ActionProposed, ActionReported, Ticket
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.incidents import Tick
from groundcrew.contracts.queries import Endpoints, Failure, IncidentDetail, IncidentQuery
from groundcrew_actions.metrics import ActionMetrics
from groundcrew_actions.queue import ActionQueue, MakeTicket
from groundcrew_actions.tickets import ticket_of

TICK = "actions"
PATIENCE = 4
"""Deliveries of a ticket proposal that may wait for context; then the ticket says what the proposal itself says."""

Publish = Callable[[], Awaitable[object]]


class TicketDesk:
    """Reads the incident that a ticket is about. Reading comes before the transaction that writes the ticket."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock

    async def read(self, kind: ActionKind, incident_id: str | None, *, last_try: bool) -> MakeTicket:
        """Raises Retry while context is away and it is not the last try."""
        detail: IncidentDetail | None = None
        missing = ""
        if kind is ActionKind.TICKET_CREATE and incident_id is not None:
            try:
                detail = await self._bus.request(Endpoints.INCIDENT, IncidentQuery(id=incident_id))
            except RequestFailed as failed:
                if failed.failure is not Failure.NOT_FOUND and not last_try:
                    raise Retry(f"the incident of a ticket could not be read: {failed.reason}") from failed
                missing = f"The incident {incident_id} could not be read: {failed.reason}"

        def make(action: Action) -> Ticket:
            return ticket_of(action, detail, now=self._clock.now(), missing=missing)

        return make


class Handlers:
    """`publish` sends what the transactions left in the outbox."""

    def __init__(self, *, queue: ActionQueue, desk: TicketDesk, publish: Publish, metrics: ActionMetrics) -> None:
        self._queue = queue
        self._desk = desk
        self._publish = publish
        self._metrics = metrics

    async def proposed(self, delivery: Delivery[ActionProposed]) -> None:
        """Also sends what an earlier delivery stored and could not publish."""
        proposal, data = delivery.envelope, delivery.data
        make_ticket = await self._desk.read(data.kind, data.incident_id, last_try=delivery.deliveries >= PATIENCE)
        self._metrics.count(await self._queue.propose(proposal, make_ticket))
        await self._publish()

    async def reported(self, delivery: Delivery[ActionReported]) -> None:
        self._metrics.count(await self._queue.report(delivery.envelope))
        await self._publish()

    async def ticked(self, delivery: Delivery[Tick]) -> None:
        del delivery
        for action in await self._queue.expire():
            self._metrics.count(action)
        await self._publish()
