"""Settings of the trigger service."""

from pydantic import Field

from groundcrew.runtime.settings import Section, ServiceSettings


class TriggerSection(Section):
    packs: str = Field(
        "", description="folder with rules*.toml, thresholds*.toml, services*.toml that are laid over the shipped ones"
    )
    thresholds: str = Field("", description="a file of thresholds that is laid over all packs")
    debounce_s: float = Field(
        300, ge=0, le=86_400, description="seconds in which equal hits are one trigger, for rules that say none"
    )
    max_entities: int = Field(
        10_000, ge=1, description="hosts and BMCs whose state is held in memory; that of others is read when needed"
    )


class Settings(ServiceSettings):
    trigger: TriggerSection = TriggerSection()
