"""Settings of the meta service."""

from typing import Literal

from pydantic import Field

from groundcrew.runtime.settings import Section, ServiceSettings


class MetaSection(Section):
    model: bool = Field(True, description="false: never ask a model; where none is configured it makes no difference")
    window_tokens: int = Field(
        6_000, ge=200, le=128_000, description="tokens of the context window that a question's prompt holds at most"
    )
    analysis_tokens: int = Field(
        16_000, ge=200, le=128_000, description="the same for the prompt of an analysis of an incident"
    )
    passages: int = Field(6, ge=0, le=50, description="remembered passages that a prompt holds at most")
    first_word_s: float = Field(
        4,
        gt=0,
        le=600,
        description="seconds that an answer in one piece waits for a model's next word before it is given without;"
        " a streamed one says then that the model is late and goes on waiting",
    )
    analysis_deadline_s: float = Field(
        120, gt=0, le=600, description="seconds for a model's words in an analysis that an escalation asked for"
    )
    analysis_answer_tokens: int = Field(1_200, ge=64, le=16_384, description="tokens of those words at most")
    questions_at_once: int = Field(
        8, ge=1, le=16, description="questions that may wait for a model at once; more are answered by the rules alone"
    )
    keep_days: int = Field(
        90, ge=1, le=3_650, description="days that conversations, analyses, reports and closed repair tasks are kept"
    )
    tokenizer: Literal["o200k", "bytes"] = Field(
        "o200k", description="what counts the tokens of a report's context; 'bytes' never counts too few"
    )
    packs: str = Field("", description="folder with causes*.toml that are laid over the shipped causes")


class Settings(ServiceSettings):
    meta: MetaSection = MetaSection()
