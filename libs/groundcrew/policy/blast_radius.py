"""How much may be done at once: arithmetic over recent actions that are handed in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from groundcrew.contracts.actions import ActionKind, RiskClass
from groundcrew.contracts.inventory import Inventory

HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class ClassLimits:
    """Actions of one risk class that may be granted within an hour without a person."""

    per_host: int
    per_group: int
    per_site: int


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`by_risk` limits what is granted, the breaker what is proposed. A class that is not named has no limit."""

    by_risk: dict[RiskClass, ClassLimits] = field(
        default_factory=lambda: {
            RiskClass.READ_ONLY: ClassLimits(per_host=30, per_group=100, per_site=300),
            RiskClass.SAFE: ClassLimits(per_host=10, per_group=30, per_site=60),
            RiskClass.DISRUPTIVE: ClassLimits(per_host=3, per_group=5, per_site=10),
            RiskClass.DESTRUCTIVE: ClassLimits(per_host=1, per_group=1, per_site=2),
        }
    )
    common_mode_hosts: int = 3
    common_mode_window: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Recent:
    """An action of the last hours. `granted_at` is None where it never ran."""

    id: str
    kind: ActionKind
    risk: RiskClass
    target: str
    parameters: dict[str, str]
    proposed_at: datetime
    granted_at: datetime | None = None


def groups_of(target: str, inventory: Inventory | None) -> frozenset[str]:
    """What `target` shares with others: `rack:r7`, `pdu:a`, `switch:s1`, `role:train`. Empty where not known."""
    kind, _, name = target.partition(":")
    for host in inventory.host if inventory else ():
        if name == (host.name if kind == "host" else host.bmc if kind == "bmc" else None):
            named = {"rack": host.rack, "switch": host.switch, "role": host.role}
            return frozenset(f"{k}:{v}" for k, v in named.items() if v) | {f"pdu:{feed}" for feed in host.pdu}
    return frozenset()


def over_limit(
    subject: Recent, recent: Sequence[Recent], limits: Limits, now: datetime, inventory: Inventory | None = None
) -> str | None:
    """Why one more such action would be too many within the hour, None where it would not."""
    allowed = limits.by_risk.get(subject.risk)
    if allowed is None:
        return None
    granted = [
        r for r in recent
        if r.risk is subject.risk and r.id != subject.id and r.granted_at is not None and r.granted_at > now - HOUR
    ]  # fmt: skip
    if len(granted) >= allowed.per_site:
        return (
            f"{len(granted)} {subject.risk.value} actions ran in this site within the hour, at most {allowed.per_site}"
        )
    here = sum(r.target == subject.target for r in granted)
    if here >= allowed.per_host:
        return (
            f"{here} {subject.risk.value} actions ran on {subject.target} within the hour, at most {allowed.per_host}"
        )
    for group in sorted(groups_of(subject.target, inventory)):
        count = sum(group in groups_of(r.target, inventory) for r in granted)
        if count >= allowed.per_group:
            return f"{count} {subject.risk.value} actions ran in {group} within the hour, at most {allowed.per_group}"
    return None


def common_mode(subject: Recent, recent: Iterable[Recent], limits: Limits, now: datetime) -> str | None:
    """Many hosts asking for the same at once have one fault in common, which their repair will not mend: stop."""
    since = now - limits.common_mode_window
    hosts = {r.target for r in recent if r.kind is subject.kind and r.proposed_at > since} | {subject.target}
    if len(hosts) <= limits.common_mode_hosts:
        return None
    minutes = limits.common_mode_window.total_seconds() / 60
    return (
        f"common-mode breaker: {subject.kind.value} was proposed for {len(hosts)} hosts within {minutes:g} min, "
        f"more than {limits.common_mode_hosts}; look for what they share"
    )


def same_running(subject: Recent, recent: Iterable[Recent], cool_down_s: float, now: datetime) -> str | None:
    """The cool-down: the same action on the same target ran a moment ago, so doing it again is for a person to say."""
    for r in recent:
        same = (r.kind, r.target, r.parameters) == (subject.kind, subject.target, subject.parameters)
        if not same or r.id == subject.id or r.granted_at is None:
            continue
        left = (r.granted_at - now).total_seconds() + cool_down_s
        if left > 0:
            return f"cool-down: the same action ran {cool_down_s - left:.0f} s ago, {left:.0f} s are left"
    return None
