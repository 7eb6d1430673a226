"""What clients of the OpenAI protocol send: what we use of it is checked, what we don't know is ignored."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from groundcrew.contracts.conversations import MAX_QUESTION, Earlier, Question
from groundcrew_gateway.problems import Problem

MODEL = "groundcrew"
MAX_EARLIER = 100
MAX_ANSWER_TOKENS = 16_384
DEADLINE_S = 60.0


class _Sent(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Part(_Sent):
    """A part of a message's content. Pictures and sound are no use to meta."""

    type: str = "text"
    text: str = ""


class ChatMessage(_Sent):
    role: str
    content: str | list[Part] | None = None

    def words(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or () if part.type in ("text", "input_text"))


class StreamOptions(_Sent):
    include_usage: bool = False


class ResponseFormat(_Sent):
    type: str = "text"


class ChatRequest(_Sent):
    model: str = MODEL
    messages: list[ChatMessage] = Field(min_length=1, max_length=2_000)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    n: int | None = 1
    tool_choice: Any = None
    response_format: ResponseFormat | None = None

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


def question_of(chat: ChatRequest, actor: str) -> Question:
    """The last thing that the user said, with what was said before it. System and developer messages are dropped: what
    meta may say is ours to decide. Raises Problem for what cannot be answered."""
    _refuse(chat)
    said = [one for one in chat.messages if one.role in ("user", "assistant") and one.words().strip()]
    if not said or said[-1].role != "user":
        raise Problem(400, "messages: the last one is expected to be the user's, with some text", param="messages")
    text = said[-1].words().strip()
    if len(text) > MAX_QUESTION:
        raise Problem(400, f"messages: a question may hold {MAX_QUESTION} characters", param="messages")
    wanted = chat.max_completion_tokens or chat.max_tokens or 800
    return Question(
        text=text.replace("\0", " "),
        actor=actor,
        keep=False,
        earlier=_earlier(said[:-1]),
        max_tokens=min(wanted, MAX_ANSWER_TOKENS),
        deadline_s=DEADLINE_S,
    )


def _refuse(chat: ChatRequest) -> None:
    if chat.model != MODEL:
        reason = f"the model {chat.model[:80]!r} does not exist; this site has {MODEL!r}"
        raise Problem(404, reason, param="model", code="model_not_found")
    if chat.n not in (None, 1):
        raise Problem(400, "n: only one answer is given", param="n", code="unsupported_value")
    if chat.tool_choice not in (None, "none", "auto"):
        raise Problem(400, "tool_choice: no tool is ever called here", param="tool_choice", code="unsupported_value")
    if chat.response_format is not None and chat.response_format.type != "text":
        reason = "response_format: answers are text"
        raise Problem(400, reason, param="response_format", code="unsupported_value")


def _earlier(said: Sequence[ChatMessage]) -> list[Earlier]:
    return [
        Earlier(role="user" if one.role == "user" else "assistant", text=one.words()[:MAX_QUESTION].replace("\0", " "))
        for one in said[-MAX_EARLIER:]
    ]
