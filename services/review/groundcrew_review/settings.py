"""Settings of the review service."""

from pydantic import Field

from groundcrew.runtime.settings import Section, ServiceSettings


class ReviewSection(Section):
    every_s: int = Field(60, ge=10, le=3_600, description="seconds between two looks at the whole fleet")
    window_tokens: int = Field(4_000, ge=200, le=128_000, description="tokens of the context window that is looked at")
    escalate_below: float = Field(
        0.5, ge=0, le=1, description="an incident whose cause is less certain is escalated, as is every critical one"
    )
    disk_hours: float = Field(24, gt=0, le=720, description="a file system that is full within so many hours is told")
    silent_minutes: float = Field(10, ge=1, le=1_440, description="a host that has not reported for so long is a gap")
    packs: str = Field("", description="folder with causes*.toml that are laid over the shipped causes")
    words: bool = Field(
        False, description="ask the model of purpose review for a few words on an incident, beside what the rules say"
    )
    words_deadline_s: float = Field(20, gt=0, le=300, description="seconds after which words are of no use any more")


class Settings(ServiceSettings):
    review: ReviewSection = ReviewSection()
