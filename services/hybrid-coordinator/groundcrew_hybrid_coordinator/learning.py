"""Handlers: what is learned from resolved incidents and ended actions. Each message may come twice, or late."""

from datetime import datetime

from groundcrew.bus.port import Bus, Delivery, RequestFailed, Unavailable
from groundcrew.contracts.actions import ActionChanged, ActionState
from groundcrew.contracts.identity import host
from groundcrew.contracts.incidents import Incident, IncidentResolved, IncidentState
from groundcrew.contracts.knowledge import Collection
from groundcrew.contracts.queries import (
    ActionsQuery,
    Endpoints,
    Failure,
    HistoryEntry,
    IncidentDetail,
    IncidentQuery,
)
from groundcrew.telemetry.redaction import redact_text
from groundcrew_hybrid_coordinator import lessons
from groundcrew_hybrid_coordinator.memory import Memory
from groundcrew_hybrid_coordinator.notes import Note

MAX_ACTIONS = 50
MAX_ANSWER = 6_000


class Learner:
    """Writes into the memory. The other owners are asked for what the message does not say."""

    def __init__(self, bus: Bus, memory: Memory) -> None:
        self._bus = bus
        self._memory = memory

    async def incident(self, delivery: Delivery[IncidentResolved]) -> None:
        """A resolved incident is an issue, and where something helped against it, a solution."""
        incident, change = delivery.data.incident, delivery.data.change
        if incident.merged_into is not None:  # the one that took it over tells the story
            await self._memory.forget(Collection.ISSUES, _ref(incident))
            return
        note = Note(
            ref=_ref(incident), text=lessons.issue(incident, change), time=incident.updated_at, entity=incident.entity
        )
        await self._memory.remember(Collection.ISSUES, [note])
        detail = await self._detail(incident.id)
        await self._solution(incident, detail.history if detail else [])

    async def action(self, delivery: Delivery[ActionChanged]) -> None:
        """An ended action is a decision. It may be what mended an incident that was resolved before it ended."""
        action = delivery.data.action
        note = Note(
            ref=f"action/{action.id}", text=lessons.decision(action), time=action.updated_at, entity=action.target
        )
        await self._memory.remember(Collection.DECISIONS, [note])
        if action.state is not ActionState.SUCCEEDED or action.incident_id is None:
            return
        detail = await self._detail(action.incident_id)
        if detail is not None and detail.incident.state is IncidentState.RESOLVED:
            await self._solution(detail.incident, detail.history)

    async def _solution(self, incident: Incident, history: list[HistoryEntry]) -> None:
        query = ActionsQuery(states=[ActionState.SUCCEEDED], incident_id=incident.id, limit=MAX_ACTIONS)
        try:
            actions = (await self._bus.request(Endpoints.ACTIONS, query)).items
        except RequestFailed as failed:
            raise _pause("actions", failed) from failed
        text = lessons.solution(incident, history, sorted(actions, key=lambda one: (one.updated_at, one.id)))
        if text is None:
            return
        newest = max([incident.updated_at, *(one.updated_at for one in actions)])
        note = Note(ref=_ref(incident), text=text, time=newest, entity=incident.entity)
        await self._memory.remember(Collection.ERROR_SOLUTIONS, [note])

    async def _detail(self, incident_id: str) -> IncidentDetail | None:
        try:
            return await self._bus.request(Endpoints.INCIDENT, IncidentQuery(id=incident_id))
        except RequestFailed as failed:
            if failed.failure is Failure.NOT_FOUND:
                return None
            raise _pause("context", failed) from failed


async def remember_interaction(
    memory: Memory, *, interaction_id: str, question: str, answer: str, time: datetime, about: str = ""
) -> None:
    """Keep a question of a person with its answer. `about` names the host that it was about, empty where none.
    Raises StoreUnavailable: whoever answered has answered, and may leave it at that."""
    asked, said = (redact_text(text.strip())[:MAX_ANSWER] for text in (question, answer))  # no half of a secret is left
    text = f"Question: {asked}\nA model answered: {said}"
    note = Note(ref=f"interaction/{interaction_id}", text=text, time=time, entity=host(about) if about else "")
    await memory.remember(Collection.INTERACTION_HISTORY, [note])


def _ref(incident: Incident) -> str:
    return f"incident/{incident.id}"


def _pause(owner: str, failed: RequestFailed) -> Exception:
    """An owner that is away pauses us; anything else is tried again with backoff."""
    return Unavailable(owner, failed.reason) if failed.failure is Failure.UNAVAILABLE else failed
