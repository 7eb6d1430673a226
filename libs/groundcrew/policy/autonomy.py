"""The autonomy table: level × risk -> refuse, queue for a person, or run."""

from enum import StrEnum

from groundcrew.contracts.actions import AutonomyLevel, RiskClass


class Verdict(StrEnum):
    """What becomes of a proposal. Refused ones are recorded; nothing is dropped."""

    REFUSE = "refuse"
    QUEUE = "queue"
    RUN = "run"


_TABLE: dict[AutonomyLevel, dict[RiskClass, Verdict]] = {
    AutonomyLevel.SUGGEST: {
        RiskClass.READ_ONLY: Verdict.QUEUE,
        RiskClass.SAFE: Verdict.QUEUE,
        RiskClass.DISRUPTIVE: Verdict.QUEUE,
        RiskClass.DESTRUCTIVE: Verdict.QUEUE,
    },
    AutonomyLevel.AUTO_SAFE: {
        RiskClass.READ_ONLY: Verdict.RUN,
        RiskClass.SAFE: Verdict.RUN,
        RiskClass.DISRUPTIVE: Verdict.QUEUE,
        RiskClass.DESTRUCTIVE: Verdict.QUEUE,
    },
    AutonomyLevel.AUTO_FULL: {
        RiskClass.READ_ONLY: Verdict.RUN,
        RiskClass.SAFE: Verdict.RUN,
        RiskClass.DISRUPTIVE: Verdict.RUN,
        RiskClass.DESTRUCTIVE: Verdict.RUN,
    },
}


def table(level: AutonomyLevel, risk: RiskClass, *, on_host: bool) -> Verdict:
    """The verdict before limits are looked at.

    At `observe`, and for any level or risk that is not known, everything is refused. At `suggest` a safe action that
    touches no host (a ticket) runs; whatever touches a host waits for a person, reading included.
    """
    if level is AutonomyLevel.SUGGEST and risk is RiskClass.SAFE and not on_host:
        return Verdict.RUN
    return _TABLE.get(level, {}).get(risk, Verdict.REFUSE)
