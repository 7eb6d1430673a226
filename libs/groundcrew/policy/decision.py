"""The whole decision about one proposal: the autonomy table, then everything that can hold an action back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from groundcrew.contracts.actions import AutonomyLevel
from groundcrew.contracts.inventory import Inventory
from groundcrew.policy.autonomy import Verdict, table
from groundcrew.policy.blast_radius import Limits, Recent, common_mode, over_limit, same_running
from groundcrew.policy.catalogue import Entry


@dataclass(frozen=True)
class Decision:
    """The verdict with its reason, one sentence for the operator and the audit log."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What the site looks like when a proposal arrives."""

    level: AutonomyLevel
    stopped: bool
    recent: Sequence[Recent]
    now: datetime
    inventory: Inventory | None = None


def decide(subject: Recent, entry: Entry, situation: Situation, limits: Limits) -> Decision:
    """Refuse, queue or run. Whatever holds back an action that would run makes it wait for a person."""
    verdict = table(situation.level, entry.risk, on_host=entry.on_host)
    level = f"{entry.risk.value} at autonomy {situation.level.value}"
    if verdict is Verdict.REFUSE:
        return Decision(verdict, f"{level}: recorded, not run")
    # A common cause is worth saying to the person who approves, too.
    breaker = common_mode(subject, situation.recent, limits, situation.now) if entry.on_host else None
    if verdict is Verdict.QUEUE:
        return Decision(verdict, breaker or f"{level}: waits for approval")
    if situation.stopped:
        return Decision(Verdict.QUEUE, "all actions are stopped: waits for approval")
    held = (
        breaker
        or over_limit(subject, situation.recent, limits, situation.now, situation.inventory)
        or same_running(subject, situation.recent, entry.cool_down_s, situation.now)
    )
    return Decision(Verdict.QUEUE, held) if held else Decision(Verdict.RUN, f"{level}: runs")
