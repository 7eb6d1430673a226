"""systemd units that failed, do not run though they should, or change over and over, from their states.

A unit that is inactive is not failed: oneshots rest there, and so does what a timer or socket starts. A failed unit
that was seen running before is a service that is down; one that never was (a oneshot, or failed before we looked) has
merely failed. Both clear when the unit is active, or inactive after an operator's reset; a crash loop when it stayed
active for its recovery time. What must hold for a time comes true when event time reaches it, whether or not the unit
is looked at again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import name_of, stable_id
from groundcrew.contracts.incidents import EvidenceSource
from groundcrew.contracts.observations import ServiceBatch
from groundcrew.diagnosis.levels import Look, Patience, Step
from groundcrew.diagnosis.memory import Memory
from groundcrew.diagnosis.services import ServiceCheck
from groundcrew.diagnosis.threshold_checks import RoleOf, no_role
from groundcrew.diagnosis.tracks import SECOND_US, Cited, Hit, Spec

AUTO_RESTART = frozenset({"auto-restart", "auto-restart-queued"})
_RUNS = frozenset({"active", "reloading", "refreshing", "maintenance"})
_NOT_THERE = frozenset({"not-found", "bad-setting", "error"})
_ENABLED = frozenset({"enabled", "enabled-runtime"})
_FOR_EVER_US = 3_650 * 86_400 * SECOND_US
MAX_KNOWN = 20_000
"""Names of units of which it is remembered which checks look at them; beyond, all are looked up anew."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """One row of a batch, or a unit that is not there."""

    name: str
    when: int
    load: str
    active: str
    sub: str
    result: str = ""
    restarts: int | None = None
    type: str = ""
    file_state: str = ""
    triggered_by: str = ""

    @property
    def rests(self) -> bool:
        """Whether inactive is a state of rest of it: it ends by itself, or something starts it when it is needed."""
        return self.type == "oneshot" or bool(self.triggered_by)


@dataclass(frozen=True, slots=True)
class _Check:
    check: ServiceCheck
    spec: Spec
    patience: Patience
    masked: Spec


class ServiceChecks:
    """Looks at the rows of service batches."""

    def __init__(self, checks: Sequence[ServiceCheck], role_of: RoleOf = no_role) -> None:
        self._checks = [_Check(check, _spec(check), _patience(check), _masked(check)) for check in checks]
        self._role_of = role_of
        self._known: dict[str, list[_Check]] = {}
        self.specs = tuple(spec for each in self._checks for spec in (each.spec, each.masked))

    def hits(self, envelope: Envelope[ServiceBatch], memory: Memory) -> Iterator[tuple[int, Hit]]:
        """Rows and what they say."""
        batch = envelope.data
        if not batch.units:
            return
        host = name_of(envelope.entity)
        role = self._role_of(host)
        here = {each.check.id for each in self._checks if each.check.on_host(host, role)}
        for row in range(len(batch.units)):
            unit = _unit(batch, row)
            memory.units_seen(unit.when)
            if unit.active in {"active", "inactive"}:
                memory.fact(_ran(unit.name), float(unit.sub == "running"))
            for each in self._of(unit.name):
                if each.check.id in here:
                    yield from ((row, hit) for hit in self._judge(each, unit, envelope, memory))
        if batch.complete:
            last = len(batch.units) - 1
            for each in self._checks:
                if each.check.id in here and each.check.kind == "should-run" and not each.check.where_enabled:
                    yield from ((last, hit) for hit in self._missing(each, envelope, memory))

    def _of(self, unit: str) -> list[_Check]:
        known = self._known.get(unit)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[unit] = [each for each in self._checks if each.check.of_unit(unit)]
        return known

    @staticmethod
    def _judge(each: _Check, unit: _Unit, envelope: Envelope[ServiceBatch], memory: Memory) -> Iterator[Hit]:
        judged = _LOOKS[each.check.kind](each.check, unit, memory)
        if judged is not None:
            look, said = judged
            yield from _stepped(each.spec, each.patience, look, said, unit, envelope, memory)
        if each.check.kind == "should-run":
            masked = Look.BAD if unit.load == "masked" and unit.active not in _RUNS else Look.GOOD
            yield from _stepped(each.masked, _ONCE, masked, " though it should run", unit, envelope, memory)

    @staticmethod
    def _missing(each: _Check, envelope: Envelope[ServiceBatch], memory: Memory) -> Iterator[Hit]:
        """Of names that no unit has: they are not there. A name that some unit has is judged by that unit's rows."""
        batch = envelope.data
        for name in each.check.names:
            there = name in batch.units or any(fnmatchcase(unit, name) for unit in batch.units)
            pattern = any(mark in name for mark in "*?[")
            if there and not pattern:
                continue
            unit = _Unit(name, batch.times[-1], "not-found", "inactive", "dead")
            look = Look.GOOD if there else Look.BAD
            yield from _stepped(each.spec, each.patience, look, " while it should run", unit, envelope, memory)


_ONCE = Patience(repeat_us=_FOR_EVER_US)


def _unit(batch: ServiceBatch, row: int) -> _Unit:
    return _Unit(
        batch.units[row],
        batch.times[row],
        batch.load_states[row],
        batch.active_states[row],
        batch.sub_states[row],
        batch.results[row],
        batch.restarts[row],
        batch.later("types", row),
        batch.later("unit_file_states", row),
        batch.later("triggered_by", row),
    )


Judged = tuple[Look, str] | None
"""A look with what is said of it; None where the unit is none that the check can speak of."""


def _failed(check: ServiceCheck, unit: _Unit, memory: Memory) -> Judged:
    ran = memory.facts.get(_ran(unit.name)) == 1.0
    bad = unit.active == "failed" and ran == (check.kind == "down")
    look = Look.BAD if bad else Look.BETWEEN if unit.active == "activating" else Look.GOOD
    return look, " while it should run" if bad and ran else ""


def _crash_loop(check: ServiceCheck, unit: _Unit, memory: Memory) -> Judged:
    restarts = _restarts(check, unit, memory)
    said = f", {restarts} restarts within {check.window_s / 60:g} min"
    if restarts >= check.restarts and unit.active != "inactive":
        return Look.BAD, said
    return (Look.GOOD if unit.active in {"active", "inactive"} else Look.BETWEEN), said


def _flapping(check: ServiceCheck, unit: _Unit, memory: Memory) -> Judged:
    if unit.rests or not unit.type or unit.active not in {"active", "inactive", "failed"}:
        return None
    was, runs = memory.facts.get(f"active:{unit.name}"), float(unit.active == "active")
    memory.fact(f"active:{unit.name}", runs)
    changes = _visits(f"{check.id} changes:{unit.name}", was is not None and was != runs, check, unit, memory)
    said = f", {changes} changes within {check.window_s / 60:g} min"
    return (Look.BAD if changes >= check.changes else Look.GOOD if 2 * changes < check.changes else Look.BETWEEN), said


def _should_run(check: ServiceCheck, unit: _Unit, _: Memory) -> Judged:
    if check.where_enabled and unit.file_state not in _ENABLED:
        return Look.GOOD, ""
    said = " while it should run"
    if unit.active in _RUNS or unit.load == "masked":
        return Look.GOOD, said
    if unit.active == "failed" or unit.load in _NOT_THERE:
        return Look.BAD, said
    if unit.active == "inactive":
        return (Look.GOOD if unit.rests else Look.BAD), said
    return Look.BETWEEN, said


def _stuck(check: ServiceCheck, unit: _Unit, _: Memory) -> Judged:
    starting = unit.active == "activating" and unit.sub not in AUTO_RESTART and unit.type not in ("", "oneshot")
    bad = starting or unit.active == "deactivating"
    return (Look.BAD if bad else Look.GOOD), f" for more than {check.hold_s / 60:g} min" if bad else ""


_LOOKS: dict[str, Callable[[ServiceCheck, _Unit, Memory], Judged]] = {
    "down": _failed,
    "failed": _failed,
    "crash-loop": _crash_loop,
    "flapping": _flapping,
    "should-run": _should_run,
    "stuck": _stuck,
}


def _ran(unit: str) -> str:
    """Name of the fact that a unit was running when it was last seen at rest (active or inactive)."""
    return f"running:{unit}"


def _restarts(check: ServiceCheck, unit: _Unit, memory: Memory) -> int:
    """Restarts within the window: by systemd's own count where it is told, else by visits to auto-restart."""
    if unit.restarts is not None:
        window = round(check.window_s * SECOND_US)
        return int(memory.increase(f"{check.id} NRestarts:{unit.name}", float(unit.restarts), unit.when, window))
    return _visits(f"{check.id} visits:{unit.name}", unit.sub in AUTO_RESTART, check, unit, memory)


def _visits(key: str, visited: bool, check: ServiceCheck, unit: _Unit, memory: Memory) -> int:
    """How often something was seen within the window, this time included."""
    window = round(check.window_s * SECOND_US)
    visits = memory.series.get(key)
    if visited:
        seen = visits[-1][1] if visits else 0.0
        if not visits:
            memory.increase(key, 0.0, unit.when - 1, window)
        return int(memory.increase(key, seen + 1, unit.when, window))
    return int(memory.increase(key, visits[-1][1], unit.when, window)) if visits else 0


def _stepped(
    spec: Spec,
    patience: Patience,
    look: Look,
    said: str,
    unit: _Unit,
    envelope: Envelope[Any],
    memory: Memory,
) -> Iterator[Hit]:
    step = memory.look(f"{spec.rule_id}:{unit.name}", look, unit.when, patience)
    if step is not Step.NONE:
        clears = step is Step.CLEAR
        yield _hit(envelope, unit, spec, "" if clears and "restarts" not in said else said, clears=clears)


def _hit(envelope: Envelope[Any], unit: _Unit, spec: Spec, said: str, *, clears: bool) -> Hit:
    shown = f" (Result: {unit.result})" if unit.result and unit.result != "success" else ""
    load = f", {unit.load}" if unit.load not in ("", "loaded") else ""
    cited = Cited(
        id=stable_id(envelope.site, envelope.entity, "service", unit.name, unit.when),
        source=EvidenceSource.SERVICES,
        ref=f"{unit.name}@{unit.when}",
        time_us=unit.when,
        text=f"{unit.name}: {unit.active} ({unit.sub}{load}){shown}{said}",
    )
    state = unit.load if unit.load in _NOT_THERE else unit.active
    return Hit(spec, unit.name, {"unit": unit.name, "result": unit.result, "state": state}, cited, clears=clears)


def _spec(check: ServiceCheck) -> Spec:
    return Spec(
        rule_id=check.id,
        title=check.title,
        severity=check.severity,
        causes=tuple(check.causes),
        component_class="software",
        confirm_us=round(check.hold_s * SECOND_US) if check.kind in {"should-run", "stuck"} else 0,
    )


def _masked(check: ServiceCheck) -> Spec:
    title, rule_id = "{unit} should run and is masked: nothing can start it", f"{check.id}.masked"
    return replace(_spec(check), rule_id=rule_id, title=title, severity=check.masked_severity, confirm_us=0)


def _patience(check: ServiceCheck) -> Patience:
    recover = check.recover_s if check.kind == "crash-loop" else 0
    return Patience(clear_hold_us=round(recover * SECOND_US), repeat_us=round(check.repeat_s * SECOND_US))
