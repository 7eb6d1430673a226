"""Contract of the action store. `postgres.PostgresActionStore` and `memory.MemoryActionStore` pass one suite.

All writing happens in a transaction that holds the site: decisions, limits and the audit chain see one order.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from groundcrew.contracts.actions import Action, ActionState, AuditEntry, AutonomyLevel, Ticket
from groundcrew.contracts.clock import from_us, to_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.queries import (
    ActionPage,
    ActionsQuery,
    AuditPage,
    AuditQuery,
    TicketPage,
    TicketsQuery,
)
from groundcrew.stores.port import Outbox

UNFINISHED = (ActionState.QUEUED, ActionState.APPROVED, ActionState.RUNNING)
MAX_UNFINISHED = 2_000
MAX_RECENT = 5_000


class BadCursor(ValueError):
    """A page cursor that this store did not hand out."""


@dataclass(frozen=True, kw_only=True)
class StoredAction:
    """An action with what its later messages and limits need."""

    action: Action
    correlation_id: str
    granted_at: datetime | None = None
    report_due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Control:
    """What people set for the whole site. A level of None: nobody did, the configuration holds."""

    level: AutonomyLevel | None = None
    stopped: bool = False


@dataclass(frozen=True)
class AuditHead:
    """The newest link of the chain, kept apart from it, so that a chain cut short at its end is noticed."""

    seq: int
    hash: str


class ActionTransaction(Protocol):
    """One change of the site's queue, committed at once with its audit entries and messages."""

    async def control(self) -> Control: ...
    async def set_control(self, control: Control) -> None: ...
    async def action(self, action_id: str) -> StoredAction | None: ...
    async def save(self, stored: StoredAction) -> None:
        """Write an action, new or over its previous revision."""

    async def unfinished(self) -> list[StoredAction]:
        """Queued, approved and running ones, oldest first, at most MAX_UNFINISHED."""

    async def recent(self, since: datetime) -> list[StoredAction]:
        """Proposed or granted after `since`, newest first, at most MAX_RECENT."""

    async def audit(self, *, time: datetime, actor: str, event: str, action_id: str, detail: dict[str, str]) -> None:
        """Append one link to the chain."""

    async def add_ticket(self, ticket: Ticket) -> None: ...
    async def publish(self, envelope: Envelope[Any]) -> None:
        """Put a message into the outbox."""


class ActionStore(Protocol):
    def transaction(self, site: str) -> AbstractAsyncContextManager[ActionTransaction]:
        """Holds the site until it ends; leaving it normally commits, an exception rolls all of it back."""

    @property
    def outbox(self) -> Outbox: ...

    async def control(self, site: str) -> Control: ...
    async def action(self, site: str, action_id: str) -> Action | None: ...
    async def actions(self, site: str, query: ActionsQuery) -> ActionPage:
        """Newest first. Raises BadCursor."""

    async def waiting(self, site: str) -> int:
        """How many are queued for approval."""

    async def audit(self, site: str, query: AuditQuery) -> AuditPage:
        """In order. Raises BadCursor."""

    async def audit_head(self, site: str) -> AuditHead: ...
    async def tickets(self, site: str, query: TicketsQuery) -> TicketPage:
        """Newest first. Raises BadCursor."""

    async def ping(self) -> None:
        """Returns while the store answers; raises StoreUnavailable."""

    async def close(self) -> None: ...


def time_cursor(when: datetime, row_id: str) -> str:
    """The cursor behind a row in a listing that is ordered by time and id."""
    return f"{to_us(when)}-{row_id}"


def read_time_cursor(cursor: str) -> tuple[datetime, str]:
    us, dash, row_id = cursor.partition("-")
    if not dash or not us.isascii() or not us.isdigit() or len(us) > 17 or len(row_id) != 32:
        msg = f"cursor {cursor[:80]!r}: expected the 'next' of an earlier page"
        raise BadCursor(msg)
    return from_us(int(us)), row_id


def read_audit_cursor(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        msg = f"cursor {cursor[:80]!r}: expected a sequence number"
        raise BadCursor(msg)
    return int(cursor)


def audit_page(entries: list[AuditEntry], limit: int) -> AuditPage:
    """A page of at most `limit` of `entries`, of which one more was read to know whether there is a next."""
    more = len(entries) > limit
    return AuditPage(items=entries[:limit], next=str(entries[limit - 1].seq) if more else None)
