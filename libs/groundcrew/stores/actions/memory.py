"""The action store in memory: for replay and for tests that need no server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from groundcrew.contracts.actions import Action, ActionState, AuditEntry, Ticket
from groundcrew.contracts.audit import GENESIS, link
from groundcrew.contracts.envelope import Envelope, encode
from groundcrew.contracts.queries import (
    ActionPage,
    ActionsQuery,
    AuditPage,
    AuditQuery,
    TicketPage,
    TicketsQuery,
)
from groundcrew.stores.actions.port import (
    MAX_RECENT,
    MAX_UNFINISHED,
    UNFINISHED,
    AuditHead,
    Control,
    StoredAction,
    audit_page,
    read_audit_cursor,
    read_time_cursor,
    time_cursor,
)
from groundcrew.stores.memory_outbox import MemoryOutbox

T = TypeVar("T", Action, Ticket)


@dataclass
class _Site:
    control: Control = field(default_factory=Control)
    actions: dict[str, StoredAction] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class _MemoryTransaction:
    """Writes straight through and remembers how to take each write back."""

    def __init__(self, name: str, site: _Site) -> None:
        self._name = name
        self._site = site
        self.undo: list[Callable[[], Any]] = []
        self.messages: list[bytes] = []

    async def control(self) -> Control:
        return self._site.control

    async def set_control(self, control: Control) -> None:
        old = self._site.control
        self.undo.append(lambda: setattr(self._site, "control", old))
        self._site.control = control

    async def action(self, action_id: str) -> StoredAction | None:
        return self._site.actions.get(action_id)

    async def save(self, stored: StoredAction) -> None:
        actions, key = self._site.actions, stored.action.id
        old = actions.get(key)
        self.undo.append(lambda: actions.pop(key) if old is None else actions.__setitem__(key, old))
        actions[key] = stored

    async def unfinished(self) -> list[StoredAction]:
        rows = [s for s in self._site.actions.values() if s.action.state in UNFINISHED]
        return sorted(rows, key=lambda s: (s.action.created_at, s.action.id))[:MAX_UNFINISHED]

    async def recent(self, since: datetime) -> list[StoredAction]:
        rows = [
            s
            for s in self._site.actions.values()
            if s.action.created_at > since or (s.granted_at is not None and s.granted_at > since)
        ]
        return sorted(rows, key=lambda s: (s.action.created_at, s.action.id), reverse=True)[:MAX_RECENT]

    async def audit(self, *, time: datetime, actor: str, event: str, action_id: str, detail: dict[str, str]) -> None:
        chain = self._site.audit
        previous = chain[-1].hash if chain else GENESIS
        chain.append(
            link(
                seq=len(chain) + 1,
                time=time,
                site=self._name,
                actor=actor,
                event=event,
                action_id=action_id,
                detail=detail,
                previous=previous,
            )
        )
        self.undo.append(chain.pop)

    async def add_ticket(self, ticket: Ticket) -> None:
        if ticket.id not in self._site.tickets:
            self._site.tickets[ticket.id] = ticket
            self.undo.append(lambda: self._site.tickets.pop(ticket.id))

    async def publish(self, envelope: Envelope[Any]) -> None:
        self.messages.append(encode(envelope))


class MemoryActionStore:
    def __init__(self) -> None:
        self._sites: dict[str, _Site] = {}
        self._outbox = MemoryOutbox()

    @property
    def outbox(self) -> MemoryOutbox:
        return self._outbox

    def _site(self, name: str) -> _Site:
        return self._sites.setdefault(name, _Site())

    @asynccontextmanager
    async def transaction(self, site: str) -> AsyncIterator[_MemoryTransaction]:
        held = self._site(site)
        async with held.lock:
            transaction = _MemoryTransaction(site, held)
            try:
                yield transaction
            except BaseException:
                for step in reversed(transaction.undo):
                    step()
                raise
            self._outbox.put(transaction.messages)

    async def control(self, site: str) -> Control:
        return self._site(site).control

    async def action(self, site: str, action_id: str) -> Action | None:
        stored = self._site(site).actions.get(action_id)
        return stored.action if stored else None

    async def actions(self, site: str, query: ActionsQuery) -> ActionPage:
        rows = [
            s.action
            for s in self._site(site).actions.values()
            if (not query.states or s.action.state in query.states)
            and (query.incident_id is None or s.action.incident_id == query.incident_id)
        ]
        items, after = _newest_first(rows, query.limit, query.cursor)
        return ActionPage(items=items, next=after)

    async def waiting(self, site: str) -> int:
        return sum(s.action.state is ActionState.QUEUED for s in self._site(site).actions.values())

    async def audit(self, site: str, query: AuditQuery) -> AuditPage:
        after = read_audit_cursor(query.cursor)
        rows = [entry for entry in self._site(site).audit if entry.seq > after]
        return audit_page(rows[: query.limit + 1], query.limit)

    async def audit_head(self, site: str) -> AuditHead:
        chain = self._site(site).audit
        return AuditHead(chain[-1].seq, chain[-1].hash) if chain else AuditHead(0, GENESIS)

    async def tickets(self, site: str, query: TicketsQuery) -> TicketPage:
        rows = [
            t for t in self._site(site).tickets.values() if query.incident_id in (None, t.incident_id)
        ]  # fmt: skip
        items, after = _newest_first(rows, query.limit, query.cursor)
        return TicketPage(items=items, next=after)

    async def ping(self) -> None:
        """There is nothing that could be away."""

    async def close(self) -> None:
        """There is nothing to close."""


def _newest_first(rows: Iterable[T], limit: int, cursor: str | None) -> tuple[list[T], str | None]:
    ordered = sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)
    if cursor is not None:
        before = read_time_cursor(cursor)
        ordered = [row for row in ordered if (row.created_at, row.id) < before]
    page = ordered[:limit]
    more = len(ordered) > limit
    return page, time_cursor(page[-1].created_at, page[-1].id) if more else None
