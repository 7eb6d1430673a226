"""From batches of log lines, event log records and sensor readings to hits of pattern rules."""

from collections.abc import Iterator, Sequence

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.event_logs import EventLogBatch
from groundcrew.contracts.identity import name_of, stable_id
from groundcrew.contracts.incidents import EvidenceSource
from groundcrew.contracts.observations import LogBatch, SelBatch, SensorBatch
from groundcrew.diagnosis.engines import CompiledStore, EngineName
from groundcrew.diagnosis.event_logs import row_text
from groundcrew.diagnosis.levels import Look, Patience, Step
from groundcrew.diagnosis.locators import sel_component
from groundcrew.diagnosis.matching import Match, Matcher
from groundcrew.diagnosis.memory import Memory
from groundcrew.diagnosis.rules import Rule
from groundcrew.diagnosis.sel_times import UNBOUND_S
from groundcrew.diagnosis.standing import Told
from groundcrew.diagnosis.templates import fill
from groundcrew.diagnosis.tracks import SECOND_US, Cited, Hit, Spec

MAX_SENSOR_NAMES = 20_000
HISTORY_US = 86_400 * SECOND_US
"""Event log records this much older than their arrival are history: recorded, but no news."""


def spec_of(rule: Rule, debounce_s: float) -> Spec:
    """What the state machine needs of a pattern rule."""
    debounce = rule.debounce_s if rule.debounce_s is not None else debounce_s
    return Spec(
        rule_id=rule.id,
        title=rule.title,
        severity=rule.severity,
        causes=tuple(rule.causes),
        component_class=rule.component_class,
        debounce_us=0 if rule.looks else round(debounce * SECOND_US),
        confirm_us=0 if rule.looks else round(rule.confirm_s * SECOND_US),
        confirm_while_units_watched=rule.confirm_while == "services",
        rate_count=rule.rate.count if rule.rate else 0,
        rate_window_us=round(rule.rate.window_s * SECOND_US) if rule.rate else 0,
        after_boot_us=round(rule.after_boot_s * SECOND_US),
        usual_going_down=rule.usual_going_down,
        unordered=rule.unordered,
        recovers=rule.source != "log" or bool(rule.clear),
        crowds=not rule.looks,
    )


class LogRules:
    """Log rules over log batches. Raises EngineUnusable where the engine asked for cannot be had."""

    def __init__(
        self,
        rules: Sequence[Rule],
        debounce_s: float,
        *,
        engine: EngineName = "re2",
        compiled: CompiledStore | None = None,
        compiles: bool = True,
    ) -> None:
        self.matcher = Matcher(rules, engine=engine, compiled=compiled, compiles=compiles)
        self._specs = {rule.id: spec_of(rule, debounce_s) for rule in rules}
        self.specs = tuple(self._specs.values())
        self._minds_boots = any(spec.after_boot_us or spec.unordered for spec in self.specs)

    def hits(self, envelope: Envelope[LogBatch], memory: Memory) -> Iterator[tuple[int, Hit]]:
        """Rows and what they say; what is usual while a host boots or is shut down says nothing then."""
        batch, cell = envelope.data, envelope.data.cell
        if self._minds_boots and len(batch):
            memory.booted(cell("boot_ids", 0), cell("times", 0))
        for match in self.matcher.match(batch.messages, batch.identifiers, batch.units):
            row, rule = match.row, match.rule
            spec = self._specs[rule.id]
            if rule.going_down and not match.clears:
                memory.goes_down(cell("boot_ids", row), cell("times", row))
                yield from self._excused(envelope, row)
            if not match.clears and self._is_usual(spec, memory, cell("boot_ids", row), cell("times", row)):
                continue
            if spec.unordered and not match.clears:
                boot = cell("boot_ids", row)
                memory.kernel_starts(boot, cell("times", row))
                if not memory.restarted_unordered(boot):
                    continue
            yield row, _hit(match, spec, fill(rule.component, match.captures), _line(batch, row))

    def _is_usual(self, spec: Spec, memory: Memory, boot: str, when: int) -> bool:
        """Whether what a rule tells is usual at this moment of the host's life."""
        if spec.after_boot_us and when - memory.booted(boot, when) < spec.after_boot_us:
            return True
        return bool(spec.after_boot_us or spec.usual_going_down) and memory.going_down(boot, when)

    def _excused(self, envelope: Envelope[LogBatch], row: int) -> Iterator[tuple[int, Hit]]:
        """The end of what is usual on the way down and arrived a little before the order that explains it."""
        for spec in self.specs:
            if (spec.after_boot_us or spec.usual_going_down or spec.unordered) and spec.recovers:
                yield row, Hit(spec, "", {}, _line(envelope.data, row), clears=True)


def _line(batch: LogBatch, row: int) -> Cited:
    text, position = batch.messages[row], batch.positions[row]
    return Cited(batch.cell("ids", row), EvidenceSource.JOURNAL, position, batch.cell("times", row), text)


class SelRules:
    """Event log rules over SEL batches: an asserted record raises; when all that was asserted of a part is deasserted,
    that clears."""

    def __init__(self, rules: Sequence[Rule], debounce_s: float) -> None:
        self._matcher = Matcher(rules)
        self._specs = {rule.id: spec_of(rule, debounce_s) for rule in rules}
        self.specs = tuple(self._specs.values())

    def hits(self, envelope: Envelope[SelBatch], memory: Memory) -> Iterator[tuple[int, Hit]]:
        """Rows and what they say; records of the past are passed over."""
        batch = envelope.data
        texts = [sel_text(sensor, event) for sensor, event in zip(batch.sensors, batch.events, strict=True)]
        arrived = to_us(envelope.received_at)
        for match in self._matcher.match(texts):
            row = match.row
            if batch.times[row] < arrived - HISTORY_US:
                continue
            cited = Cited(
                batch.ids[row],
                EvidenceSource.SEL,
                f"{name_of(envelope.entity)}/{batch.record_ids[row]}",
                batch.times[row],
                batch.texts[row],
                UNBOUND_S if (unsure := batch.uncertainty(row)) is None else unsure,
            )
            clears = sel_clears(match, batch.asserted[row])
            if clears is None:
                continue
            component = sel_part(match, batch.sensors[row], batch.events[row])
            match.captures.update(sensor=component, event=match.captures.get("event") or batch.events[row])
            told = Told.by(batch.sensors[row], batch.events[row], whole=match.clears)
            key = (match.rule.id, component)
            if not clears:
                if batch.asserted[row]:
                    memory.begins(key, told)
                yield row, _hit(match, self._specs[match.rule.id], component, cited, clears)
                continue
            for rule_id, part in memory.ends(key, told):
                if (spec := self._specs.get(rule_id)) is not None:
                    yield row, _hit(match, spec, part, cited, clears)


def sel_text(sensor: str, event: str) -> str:
    """What event log patterns are matched against: `Power Supply PS2 Status | Power Supply AC lost`."""
    return f"{sensor} | {event}"


def sel_part(match: Match, sensor: str, event: str) -> str:
    """The part of a matched record: the rule's own template, else what sensor and event name."""
    part = sel_component(sensor, event)
    return fill(match.rule.component, {**match.captures, "sensor": part}) if match.rule.component else part


def sel_clears(match: Match, asserted: bool | None) -> bool | None:
    """Whether the record tells the end: its own direction against the rule's. Without a direction it is an event.

    None where it says nothing to the rule: that the good state ended, or that a part is there.
    """
    if match.clears:
        return None if asserted is False else True
    if asserted is None:
        return False if match.rule.asserted else None
    return asserted is not match.rule.asserted


class EventLogRules:
    """Rules about event logs as such: how full one is, what became of it."""

    def __init__(self, rules: Sequence[Rule], debounce_s: float) -> None:
        self._matcher = Matcher(rules)
        self._specs = {rule.id: spec_of(rule, debounce_s) for rule in rules}
        self.specs = tuple(self._specs.values())

    def hits(self, envelope: Envelope[EventLogBatch]) -> Iterator[tuple[int, Hit]]:
        """Rows and what they say."""
        batch = envelope.data
        texts = [row_text(batch, row) for row in range(len(batch))]
        for match in self._matcher.match(texts):
            row = match.row
            cited = Cited(
                batch.ids[row],
                EvidenceSource.SEL,
                f"{name_of(envelope.entity)}/{batch.logs[row]}@{batch.times[row]}",
                batch.times[row],
                texts[row],
            )
            component = fill(match.rule.component, match.captures) or batch.logs[row]
            yield row, _hit(match, self._specs[match.rule.id], component, cited)


class SensorRules:
    """Sensor rules over polled readings, with confirmation by polls."""

    def __init__(self, rules: Sequence[Rule], debounce_s: float) -> None:
        self._matcher = Matcher(rules)
        self._specs = {rule.id: spec_of(rule, debounce_s) for rule in rules}
        self.specs = tuple(self._specs.values())
        self._known: dict[str, list[Match]] = {}

    def hits(self, envelope: Envelope[SensorBatch], memory: Memory) -> Iterator[tuple[int, Hit]]:
        """Rows and what they say."""
        batch = envelope.data
        for row, sensor in enumerate(batch.sensors):
            for match in self._rules_of(sensor):
                rule = match.rule
                look = sensor_look(rule, batch.statuses[row], batch.values[row], batch.units[row])
                if look is None:
                    continue
                patience = Patience(looks=rule.polls, clear_looks=rule.polls)
                step = memory.look(f"{rule.id}:{sensor}", look, batch.times[row], patience)
                if step is not Step.NONE:
                    yield row, self._hit(envelope, row, match, clears=step is Step.CLEAR)

    def _rules_of(self, sensor: str) -> list[Match]:
        known = self._known.get(sensor)
        if known is None:
            if len(self._known) >= MAX_SENSOR_NAMES:
                self._known.clear()
            known = self._known[sensor] = self._matcher.match([sensor])
        return known

    def _hit(self, envelope: Envelope[SensorBatch], row: int, match: Match, *, clears: bool) -> Hit:
        batch = envelope.data
        sensor, when, value = batch.sensors[row], batch.times[row], batch.values[row]
        shown = f"{value:g} {batch.units[row]}".strip() if value is not None else batch.texts[row] or "no reading"
        cited = Cited(
            stable_id(envelope.site, envelope.entity, "sensor", sensor, when),
            EvidenceSource.SENSORS,
            f"{name_of(envelope.entity)}/{sensor}@{when}",
            when,
            f"{sensor} | {shown} | {batch.statuses[row]}",
        )
        captures = {**match.captures, "sensor": sensor, "value": shown}
        component = fill(match.rule.component, captures) or sensor
        return Hit(self._specs[match.rule.id], component, captures, cited, clears=clears)


def sensor_look(rule: Rule, status: str, value: float | None, unit: str, side: str = "upper") -> Look | None:
    """What a reading says to a rule; None where it says nothing (other unit, no reading). A side that nobody said is
    the upper one."""
    if (rule.units and unit not in rule.units) or status == "ns":
        return None
    if rule.side and side and rule.side != side and status != "ok":
        return None
    if rule.statuses and status in rule.statuses:
        return Look.BAD
    if rule.below is not None and value is not None and value < rule.below:
        return Look.BAD
    return Look.GOOD if status == "ok" or not rule.statuses else Look.BETWEEN


def _hit(match: Match, spec: Spec, component: str, cited: Cited, clears: bool | None = None) -> Hit:
    told, weight = match.clears if clears is None else clears, 1
    if (count := match.captures.get("count", "")) and count.isascii() and count.isdigit():
        weight = max(min(int(count), 1_000_000), 1)
    return Hit(spec, component, match.captures, cited, told, weight)
