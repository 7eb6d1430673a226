"""Questions of people to meta, its answers, and the analyses of incidents."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from groundcrew.contracts.completions import CompletionOutcome
from groundcrew.contracts.envelope import Message, Record
from groundcrew.contracts.identity import Id

MAX_QUESTION = 20_000
"""Characters of one question."""


class Citation(Record):
    """What a mark in a text points at: `[1]` is the first citation of that text."""

    id: Id
    kind: Literal["incident", "evidence"]
    text: str = Field(description="one line for people: what is cited, exactly as it was observed")
    incident_id: Id | None = Field(None, description="the incident that it is, or belongs to")


class Said(Record):
    """One turn of a conversation as people see it."""

    role: Literal["user", "assistant"]
    text: str
    time: AwareDatetime
    cited: list[Id] = Field(default_factory=list, description="evidence and incidents that the text cites")
    citations: list[Citation] = Field(default_factory=list, description="the same, as the marks [1], [2] number them")
    model: str = Field("", description="the model behind an answer, empty where rules alone answered")
    missing: str = Field("", description="one sentence: what would have made an answer better, empty if nothing")


class Earlier(Record):
    """A turn that the client brings along: the OpenAI protocol keeps conversations at the client."""

    role: Literal["user", "assistant"]
    text: str = Field(max_length=MAX_QUESTION)


class Question(Record):
    """A question about the fleet, a host or an incident."""

    text: str = Field(min_length=1, max_length=MAX_QUESTION)
    actor: str = Field(min_length=1, max_length=200)
    conversation_id: Id | None = Field(None, description="None: a new conversation, unless `keep` is false")
    keep: bool = Field(True, description="False: keep no conversation, the client does that")
    earlier: list[Earlier] = Field(default_factory=list, max_length=100, description="used where `keep` is false")
    incident_id: Id | None = None
    host: str | None = Field(None, max_length=256)
    max_tokens: int = Field(800, ge=1, le=16_384)
    deadline_s: float = Field(60, gt=0, le=600, description="seconds for the model; what the rules say comes anyway")


class Usage(Record):
    """Tokens of a model; zeros where none was asked."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Answer(Record):
    """What the rules say, and below it a model's words where there is one. True without any model."""

    conversation_id: Id | None = None
    text: str = Field(description="the whole answer as Markdown")
    cited: list[Id] = Field(default_factory=list, description="ids in the text that exist and were checked")
    citations: list[Citation] = Field(default_factory=list, description="the same, as the marks [1], [2] number them")
    struck: list[str] = Field(default_factory=list, description="claims of the model that failed the check")
    model: str = Field("", description="empty where rules alone answered")
    outcome: CompletionOutcome = Field(description="what came of asking the model")
    missing: str = Field("", description="one sentence: what would have made the answer better, empty if nothing")
    usage: Usage = Usage()


class AnswerPart(Record):
    """A piece of a streamed answer. The last part carries the whole, and no text of its own."""

    text: str = Field("", description="empty: a sign of life while a model is waited for")
    answer: Answer | None = None


class ConversationSummary(Record):
    id: Id
    title: str
    actor: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    turns: int
    incident_id: Id | None = None
    host: str | None = None


class Conversation(ConversationSummary):
    said: list[Said] = Field(description="in order, at most the newest 200")


class Analysis(Record):
    """A deep explanation of one incident: a report by rule, and a large model's words where there is one."""

    id: Id
    incident_id: Id
    revision: int = Field(description="of the incident that was analysed")
    time: AwareDatetime
    reason: str = Field(description="why it was made")
    report: str = Field(description="by rule, Markdown, complete without a model")
    explanation: str = Field("", description="the model's words, checked; empty where there are none")
    cited: list[Id] = Field(default_factory=list)
    citations: list[Citation] = Field(
        default_factory=list, description="what the marks [1], [2] of both texts point at"
    )
    struck: list[str] = Field(default_factory=list)
    model: str = ""
    outcome: CompletionOutcome
    missing: str = ""


class AnalysisCompleted(Message):
    """meta tells each analysis."""

    TYPE: ClassVar[str] = "analysis.completed"
    analysis: Analysis
