"""What a model server does, in the words of hybrid-coordinator. `client.OpenAiServer` and `scripted.ScriptedServer`
implement it, and one behaviour suite (`tests/contract/models`) runs against both."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from groundcrew.contracts.completions import CompletionOutcome, Turn


class ModelFailed(Exception):
    """No answer came that is of use. `outcome` says which kind of failure, the text one sentence for people."""

    def __init__(self, outcome: CompletionOutcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One question as a server gets it. `answer_schema`: the answer is an object that fits it."""

    turns: Sequence[Turn]
    max_tokens: int = 512
    temperature: float = 0
    answer_schema: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Said:
    """One answer. Tokens are those that the server counted, None where it does not say."""

    text: str
    model: str
    answer: dict[str, Any] | None = None
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class ModelServer(Protocol):
    """One server with one model. Every call is bounded in time and in what it reads, and raises ModelFailed."""

    @property
    def address(self) -> str:
        """Where it is, without secrets."""

    async def model(self, *, within_s: float) -> str:
        """Ask which model it has; also tells whether it is there at all."""

    async def answer(self, prompt: Prompt, *, within_s: float) -> Said:
        """The whole answer, checked against the schema where there is one."""

    def stream(self, prompt: Prompt, *, within_s: float, first_s: float) -> AsyncGenerator[str | Said, None]:
        """Pieces of text as they come, the first within `first_s` seconds; at the end the whole as a `Said`."""

    async def count(self, turns: Sequence[Turn], *, within_s: float) -> int | None:
        """Tokens of a prompt as the model's own tokenizer counts them; None where the server does not offer that."""

    async def close(self) -> None: ...
