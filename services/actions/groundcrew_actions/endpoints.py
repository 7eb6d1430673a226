"""One coroutine per endpoint."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from groundcrew.bus.port import RequestFailed, Retry
from groundcrew.contracts.actions import Action
from groundcrew.contracts.audit import ChainBroken, ChainCheck
from groundcrew.contracts.queries import (
    MAX_PAGE,
    ActionPage,
    ActionQuery,
    ActionsQuery,
    AuditPage,
    AuditQuery,
    AuditVerdict,
    Autonomy,
    ConfirmGrant,
    DecideAction,
    Empty,
    Failure,
    GrantStanding,
    SetAutonomy,
    TicketPage,
    TicketsQuery,
)
from groundcrew.stores.actions.port import ActionStore, BadCursor
from groundcrew_actions.handlers import TicketDesk
from groundcrew_actions.metrics import ActionMetrics
from groundcrew_actions.queue import ActionQueue


class Answers:
    """What people and other services may ask."""

    def __init__(
        self,
        *,
        site: str,
        store: ActionStore,
        queue: ActionQueue,
        desk: TicketDesk,
        publish: Callable[[], Awaitable[object]],
        metrics: ActionMetrics,
    ) -> None:
        self._site = site
        self._store = store
        self._queue = queue
        self._desk = desk
        self._publish = publish
        self._metrics = metrics

    async def actions(self, query: ActionsQuery) -> ActionPage:
        with _cursor_is_input():
            return await self._store.actions(self._site, query)

    async def action(self, query: ActionQuery) -> Action:
        action = await self._store.action(self._site, query.id)
        if action is None:
            raise RequestFailed(Failure.NOT_FOUND, f"there is no action {query.id}")
        return action

    async def decide(self, request: DecideAction) -> Action:
        """Once the decision is stored it stands, even where it cannot be published just now."""
        action = await self.action(ActionQuery(id=request.id))
        try:
            make_ticket = await self._desk.read(action.kind, action.incident_id, last_try=not request.approve)
        except Retry as away:
            raise RequestFailed(Failure.UNAVAILABLE, str(away)) from away
        decided = await self._queue.decide(request, make_ticket)
        self._metrics.count(decided)
        await self._publish()
        return decided

    async def confirm(self, request: ConfirmGrant) -> GrantStanding:
        return await self._queue.confirm(request)

    async def audit(self, query: AuditQuery) -> AuditPage:
        with _cursor_is_input():
            return await self._store.audit(self._site, query)

    async def audit_verify(self, request: Empty) -> AuditVerdict:
        """Reads the whole chain, a page at a time."""
        del request
        head = await self._store.audit_head(self._site)
        check = ChainCheck()
        try:
            cursor: str | None = None
            while True:
                page = await self._store.audit(self._site, AuditQuery(limit=MAX_PAGE, cursor=cursor))
                check.walk(entry for entry in page.items if entry.seq <= head.seq)
                cursor = page.next
                if cursor is None or check.entries >= head.seq:
                    break
        except ChainBroken as broken:
            return AuditVerdict(ok=False, entries=check.entries, broken_at=broken.seq, detail=str(broken))
        if (check.entries, check.newest) != (head.seq, head.hash):
            detail = f"the chain ends at entry {check.entries}, {head.seq} were written"
            return AuditVerdict(ok=False, entries=check.entries, broken_at=check.entries + 1, detail=detail)
        return AuditVerdict(ok=True, entries=check.entries, detail=f"newest hash {head.hash}")

    async def tickets(self, query: TicketsQuery) -> TicketPage:
        with _cursor_is_input():
            return await self._store.tickets(self._site, query)

    async def autonomy(self, request: SetAutonomy) -> Autonomy:
        return await self._queue.autonomy(request)


@contextmanager
def _cursor_is_input() -> Iterator[None]:
    try:
        yield
    except BadCursor as error:
        raise RequestFailed(Failure.INVALID, str(error)) from error
