"""Settings of the trigger service."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from groundcrew.runtime.settings import Section, ServiceSettings


class TriggerSection(Section):
    packs: str = Field(
        "",
        description="folder with rules*.toml, xids*.toml, thresholds*.toml, services*.toml laid over the shipped ones",
    )
    thresholds: str = Field("", description="a file of thresholds that is laid over all packs")
    debounce_s: float = Field(
        300, ge=0, le=86_400, description="seconds in which equal hits are one trigger, for rules that say none"
    )
    max_entities: int = Field(
        10_000, ge=1, description="hosts and BMCs whose state is held in memory; that of others is read when needed"
    )
    engine: Literal["auto", "hyperscan", "re2"] = Field(
        "auto", description="what looks for the patterns of log rules; auto: hyperscan where it is installed, else re2"
    )
    state_dir: Path | None = Field(
        None, description="folder that keeps compiled patterns; unset: they are compiled at every start"
    )
    novelty: bool = Field(
        True,
        description="whether info triggers tell of errors never seen before, of bursts and of shares of errors far "
        "outside their own history; they open no incident",
    )
    novelty_learn_hours: int = Field(
        24,
        ge=1,
        le=8_760,
        description="hours with log lines, of the site and of the host, before anything is called new",
    )
    novelty_learn_lines: int = Field(
        1_000, ge=0, le=100_000_000, description="log lines, of all severities, before anything is called new"
    )
    novelty_templates: int = Field(
        4_000, ge=100, le=20_000, description="log templates held per partition; the one unused for longest goes first"
    )
    novelty_write_s: float = Field(
        60,
        ge=1,
        le=3_600,
        description="seconds between two writes of what was learnt; so much a killed process forgets",
    )
    classify: bool = Field(
        False,
        description="whether the model of purpose trigger sorts log lines of warning and worse that no rule knows, "
        "once per template; what comes of it is an info trigger",
    )
    classify_per_hour: float = Field(
        60, gt=0, le=36_000, description="budget: templates that a model is asked about in an hour at most"
    )
    classify_deadline_s: float = Field(10, gt=0, le=120, description="seconds that the model may take for one")


class Settings(ServiceSettings):
    trigger: TriggerSection = TriggerSection()
