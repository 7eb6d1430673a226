"""Contract of the meta store. `postgres.PostgresMetaStore` and `memory.MemoryMetaStore` pass one suite."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from groundcrew.contracts.conversations import Analysis, Conversation, ConversationSummary, Said
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.queries import ConversationPage, ConversationsQuery
from groundcrew.stores.paging import BadCursor
from groundcrew.stores.port import Outbox

__all__ = ["MAX_CONVERSATIONS", "MAX_TURNS", "BadCursor", "MetaStore", "NotYours", "Opening"]

MAX_TURNS = 200
"""Turns of a conversation that are kept: its newest."""

MAX_CONVERSATIONS = 500
"""Conversations of one actor that are kept: those used last."""


class NotYours(Exception):
    """The conversation is another actor's."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A conversation as it stands when turns are added to it; title and subject count for a new one only."""

    id: str
    actor: str
    title: str
    incident_id: str | None = None
    host: str | None = None


class MetaStore(Protocol):
    @property
    def outbox(self) -> Outbox: ...

    async def add_turns(self, site: str, opening: Opening, said: Sequence[Said]) -> ConversationSummary:
        """Append turns at once, in order, to a conversation that is made where there is none yet.

        What is beyond MAX_TURNS and MAX_CONVERSATIONS is dropped, oldest first. Raises NotYours.
        """

    async def conversation(self, site: str, conversation_id: str) -> Conversation | None: ...
    async def conversations(self, site: str, query: ConversationsQuery) -> ConversationPage:
        """Last used first. Raises BadCursor."""

    async def rename(self, site: str, conversation_id: str, title: str) -> ConversationSummary | None: ...
    async def delete(self, site: str, conversation_id: str) -> ConversationSummary | None:
        """Returns what was deleted, None where there was nothing."""

    async def add_analysis(self, site: str, analysis: Analysis, message: Envelope[Any]) -> Analysis:
        """Store an analysis with the message that tells it, at once; where its id is stored already nothing changes.
        Returns the stored one."""

    async def analysis(self, site: str, analysis_id: str) -> Analysis | None: ...
    async def newest_analysis(self, site: str, incident_id: str) -> Analysis | None: ...
    async def forget(self, site: str, *, before: datetime) -> dict[str, int]:
        """Drop conversations not used and analyses made since; returns how many rows by table."""

    async def ping(self) -> None:
        """Returns while the store answers; raises StoreUnavailable."""

    async def close(self) -> None: ...
