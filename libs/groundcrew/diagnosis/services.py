"""systemd units that failed or restart over and over, from their states.

A unit that is inactive is not failed: oneshots and timers rest there. A failed unit that was seen running before is a
service that is down; one that never was (a oneshot, or failed before we looked) has merely failed. Both clear when
the unit is active, or inactive after an operator's reset; a crash loop when it stayed active for its recovery time.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import EvidenceSource
from groundcrew.contracts.observations import ServiceBatch
from groundcrew.diagnosis.levels import Look, Patience, Step
from groundcrew.diagnosis.memory import Memory
from groundcrew.diagnosis.rules import CauseId, Level, Named, parse_tables
from groundcrew.diagnosis.tracks import SECOND_US, Cited, Hit, Spec

AUTO_RESTART = frozenset({"auto-restart", "auto-restart-queued"})


class ServiceCheck(Named):
    """What to say of which units. `restarts` within `window_s` are a crash loop."""

    kind: Literal["down", "failed", "crash-loop"]
    title: str = Field(min_length=1)
    severity: Level
    causes: list[CauseId] = Field(default_factory=list)
    units: str = Field(".*", description="regular expression that the whole unit name fits")
    not_units: str = ""
    restarts: int = Field(3, ge=1, le=1_000)
    window_s: float = Field(600, gt=0, le=86_400)
    recover_s: float = Field(60, ge=0, le=86_400)
    repeat_s: float = Field(3_600, ge=60)
    meaning: str = Field(min_length=1)
    steps: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _units_compile(self) -> Self:
        for key in ("units", "not_units"):
            try:
                re.compile(getattr(self, key))
            except re.error as error:
                msg = f"{key}: {error}"
                raise ValueError(msg) from None
        return self


def parse_services(text: str, file: str) -> list[ServiceCheck]:
    """The `[[service]]` tables of one file. Raises PackError naming file, check and key."""
    return parse_tables(text, file, "service", ServiceCheck)


class ServiceChecks:
    """Looks at the rows of service batches."""

    def __init__(self, checks: Sequence[ServiceCheck]) -> None:
        self._checks = [(check, _spec(check), _patience(check)) for check in checks]

    def hits(self, envelope: Envelope[ServiceBatch], memory: Memory) -> Iterator[tuple[int, Hit]]:
        """Rows and what they say."""
        batch = envelope.data
        for row, unit in enumerate(batch.units):
            memory.units_seen(batch.times[row])
            if batch.active_states[row] in {"active", "inactive"}:
                memory.fact(_ran(unit), float(batch.sub_states[row] == "running"))
            for check, spec, patience in self._checks:
                if not re.fullmatch(check.units, unit) or (check.not_units and re.fullmatch(check.not_units, unit)):
                    continue
                look, said = _look(check, batch, row, memory)
                step = memory.look(f"{check.id}:{unit}", look, batch.times[row], patience)
                if step is not Step.NONE:
                    yield row, _hit(envelope, row, spec, said, clears=step is Step.CLEAR)


def _look(check: ServiceCheck, batch: ServiceBatch, row: int, memory: Memory) -> tuple[Look, str]:
    active = batch.active_states[row]
    if check.kind != "crash-loop":
        ran = memory.facts.get(_ran(batch.units[row])) == 1.0
        bad = active == "failed" and ran == (check.kind == "down")
        look = Look.BAD if bad else Look.BETWEEN if active == "activating" else Look.GOOD
        return look, " while it should run" if bad and ran else ""
    restarts = _restarts(check, batch, row, memory)
    said = f", {restarts} restarts within {check.window_s / 60:g} min"
    if restarts >= check.restarts and active != "inactive":
        return Look.BAD, said
    return (Look.GOOD if active in {"active", "inactive"} else Look.BETWEEN), said


def _ran(unit: str) -> str:
    """Name of the fact that a unit was running when it was last seen at rest (active or inactive)."""
    return f"running:{unit}"


def _restarts(check: ServiceCheck, batch: ServiceBatch, row: int, memory: Memory) -> int:
    """Restarts within the window: by systemd's own count where it is told, else by visits to auto-restart."""
    unit, when, told = batch.units[row], batch.times[row], batch.restarts[row]
    window = round(check.window_s * SECOND_US)
    if told is not None:
        return int(memory.increase(f"{check.id} NRestarts:{unit}", float(told), when, window))
    key = f"{check.id} visits:{unit}"
    if batch.sub_states[row] in AUTO_RESTART:
        visits = memory.series.get(key)
        seen = visits[-1][1] if visits else 0.0
        if not visits:
            memory.increase(key, 0.0, when - 1, window)
        return int(memory.increase(key, seen + 1, when, window))
    visits = memory.series.get(key)
    return int(memory.increase(key, visits[-1][1], when, window)) if visits else 0


def _hit(envelope: Envelope[ServiceBatch], row: int, spec: Spec, said: str, *, clears: bool) -> Hit:
    batch = envelope.data
    unit, when, result = batch.units[row], batch.times[row], batch.results[row]
    shown = f" (Result: {result})" if result and result != "success" else ""
    cited = Cited(
        id=stable_id(envelope.site, envelope.entity, "service", unit, when),
        source=EvidenceSource.SERVICES,
        ref=f"{unit}@{when}",
        time_us=when,
        text=f"{unit}: {batch.active_states[row]} ({batch.sub_states[row]}){shown}{said}",
    )
    return Hit(spec, unit, {"unit": unit, "result": result}, cited, clears=clears)


def _spec(check: ServiceCheck) -> Spec:
    return Spec(
        rule_id=check.id,
        title=check.title,
        severity=check.severity,
        causes=tuple(check.causes),
        component_class="software",
    )


def _patience(check: ServiceCheck) -> Patience:
    recover = check.recover_s if check.kind == "crash-loop" else 0
    return Patience(clear_hold_us=round(recover * SECOND_US), repeat_us=round(check.repeat_s * SECOND_US))
