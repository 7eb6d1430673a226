"""Contract of the coordinator store: what was asked of models and what came of it. `postgres.PostgresCoordinatorStore`
and `memory.MemoryCoordinatorStore` pass one suite."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from groundcrew.contracts.completions import CompletionOutcome, Purpose, Served


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """One question with its outcome. `prompt_digest` tells equal prompts; the texts are empty where the settings say
    that none are kept. `value_score` is given later, by what came of the answer."""

    id: str
    time: datetime
    purpose: Purpose
    outcome: CompletionOutcome
    served: Served
    reason: str = ""
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    latency_s: float = 0
    prompt_digest: str = ""
    prompt: str = ""
    answer: str = ""
    asked_by: str = ""
    incident_id: str | None = None
    value_score: float | None = None


class CoordinatorStore(Protocol):
    """All calls raise StoreUnavailable while the database does not answer."""

    async def add(self, site: str, interactions: Sequence[Interaction]) -> None:
        """Keep them; one that is kept already stays as it was."""

    async def newest(self, site: str, limit: int, *, incident_id: str | None = None) -> Sequence[Interaction]:
        """The newest first."""

    async def forget(self, site: str, before: datetime) -> int:
        """Drop older ones; returns how many."""

    async def ping(self) -> None: ...
    async def close(self) -> None: ...
