"""Completions: what trigger, review and meta ask of a model, and what comes back. Only hybrid-coordinator answers."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from groundcrew.contracts.envelope import OpenEnum, Record
from groundcrew.contracts.identity import Id

MAX_TURN_TEXT = 600_000
"""Characters of one turn; a request with more than a purpose's model can read is answered OVER_BUDGET."""


class Purpose(StrEnum):
    """What a model is asked for. Each purpose has a server of its own: small and fast, small, large."""

    TRIGGER = "trigger"
    REVIEW = "review"
    META = "meta"


class Turn(Record):
    """One message of a prompt. Text from machines and people is fenced by whoever builds the prompt."""

    role: Literal["system", "user", "assistant"]
    text: str = Field(max_length=MAX_TURN_TEXT)


class CompleteRequest(Record):
    """One question to a model. The same question within the cache's time gets the same answer where it may."""

    purpose: Purpose
    turns: list[Turn] = Field(min_length=1, max_length=200)
    answer_schema: dict[str, Any] | None = Field(None, description="JSON schema that the answer is forced into")
    max_tokens: int = Field(512, ge=1, le=16_384, description="tokens of the answer at most")
    temperature: float = Field(0, ge=0, le=2)
    deadline_s: float = Field(30, gt=0, le=600, description="seconds until an answer is of no use any more")
    cache: bool = Field(True, description="False: the answer is wanted fresh")
    incident_id: Id | None = None
    asked_by: str = Field("", max_length=200, description="who is behind it: a person's key, or empty for a service")
    question: str = Field(
        "",
        max_length=MAX_TURN_TEXT,
        description="a person's own words, which the turns carry among others; remembered with the answer",
    )


class CompletionOutcome(OpenEnum):
    """What came of a question: a closed list, also a metric label. All but ANSWERED come without text."""

    ANSWERED = "answered"
    NOT_CONFIGURED = "not-configured"
    REFUSED = "refused"  # policy: no remote model for this purpose
    OVER_BUDGET = "over-budget"  # too long for the context, or the purpose's tokens of the hour are spent
    BUSY = "busy"
    TIMED_OUT = "timed-out"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"  # the server talks garbage, or the answer does not fit the schema
    UNKNOWN = "unknown"


class Served(OpenEnum):
    """Where an answer came from."""

    LOCAL = "local"
    REMOTE = "remote"
    CACHE = "cache"
    NOWHERE = "nowhere"
    UNKNOWN = "unknown"


class Completion(Record):
    """The honest answer: text where there is one, else why not, in one sentence for people."""

    outcome: CompletionOutcome
    reason: str = Field("", description="one sentence, empty where answered")
    text: str = ""
    answer: dict[str, Any] | None = Field(None, description="the text as an object, where a schema was asked for")
    model: str = Field("", description="name of the model as its server calls it")
    served: Served = Served.NOWHERE
    finish_reason: str = Field("", description="stop, length, ...: as the server said")
    prompt_tokens: int = 0
    completion_tokens: int = 0
    latency_s: float = Field(0, description="seconds from the request to its end, waiting for a free place included")
    interaction_id: Id | None = Field(None, description="the record of this interaction")


class CompletionPart(Record):
    """A piece of a streamed completion. The last part carries the whole, and no text of its own."""

    text: str = ""
    completion: Completion | None = None


class ModelState(OpenEnum):
    """Whether a purpose's model can be asked now."""

    READY = "ready"
    UNREACHABLE = "unreachable"
    NOT_CONFIGURED = "not-configured"
    UNKNOWN = "unknown"


class ModelStatus(Record):
    """The model behind one purpose."""

    purpose: Purpose
    state: ModelState
    detail: str = Field("", description="one sentence: address, or what is missing")
    model: str = ""
    context_tokens: int = 0
    remote_allowed: bool = False
    waiting: int = Field(0, description="questions that wait for a free place")
    tokens_last_hour: int = 0
    tokens_per_hour: int = Field(0, description="budget; 0: unlimited")


class ModelsReply(Record):
    models: list[ModelStatus]
    embedder: str = Field("", description="what makes vectors: name and dimension")
    vectors: str = Field("", description="where they are kept: server or embedded")
