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
    classify: bool = Field(
        False,
        description="whether the model of purpose trigger sorts log lines of warning and worse that no rule knows, "
        "once per template; what comes of it is an info trigger",
    )
    classify_per_minute: float = Field(10, gt=0, le=600, description="templates that a model is asked about at most")
    classify_deadline_s: float = Field(10, gt=0, le=120, description="seconds that the model may take for one")


class Settings(ServiceSettings):
    trigger: TriggerSection = TriggerSection()
