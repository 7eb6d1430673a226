"""Settings of the actions service."""

from datetime import timedelta

from pydantic import Field, field_validator

from groundcrew.contracts.actions import AutonomyLevel, RiskClass
from groundcrew.policy.blast_radius import ClassLimits, Limits
from groundcrew.runtime.settings import Section, ServiceSettings


class ActionsSection(Section):
    autonomy: AutonomyLevel = Field(
        AutonomyLevel.SUGGEST,
        description="what may run without a person (observe, suggest, auto-safe, auto-full) until somebody sets the"
        " level over REST or on the page; that is remembered and holds from then on",
    )
    execute: bool = Field(
        True, description="false: a rehearsal; what is approved for a host is recorded as refused and never granted"
    )
    expiry_s: int = Field(8 * 3600, ge=60, le=7 * 86_400, description="seconds that a proposal waits for approval")
    grant_ttl_s: int = Field(300, ge=10, le=3600, description="seconds in which a runner must begin what was granted")
    max_waiting: int = Field(500, ge=1, le=1_000, description="unfinished actions at most; more proposals are refused")
    disruptive_per_host: int = Field(3, ge=0, description="disruptive actions per host and hour without a person")
    disruptive_per_group: int = Field(5, ge=0, description="the same per rack, PDU, switch and role")
    disruptive_per_site: int = Field(10, ge=0, description="the same per site")
    common_mode_hosts: int = Field(
        3, ge=1, description="when more hosts than this ask for the same kind of action at once, it waits for a person"
    )
    common_mode_window_s: int = Field(600, ge=10, le=3600, description="what 'at once' means above, in seconds")
    protected_units: list[str] = Field(
        default_factory=list, description="shell patterns of units never to be touched, on top of the built-in ones"
    )

    @field_validator("autonomy")
    @classmethod
    def _known(cls, level: AutonomyLevel) -> AutonomyLevel:
        if level is AutonomyLevel.UNKNOWN:
            msg = "expected observe, suggest, auto-safe or auto-full"
            raise ValueError(msg)
        return level

    def limits(self) -> Limits:
        by_risk = Limits().by_risk | {
            RiskClass.DISRUPTIVE: ClassLimits(
                per_host=self.disruptive_per_host,
                per_group=self.disruptive_per_group,
                per_site=self.disruptive_per_site,
            )
        }
        return Limits(
            by_risk=by_risk,
            common_mode_hosts=self.common_mode_hosts,
            common_mode_window=timedelta(seconds=self.common_mode_window_s),
        )


class Settings(ServiceSettings):
    actions: ActionsSection = ActionsSection()
