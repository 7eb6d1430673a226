"""One line or reading against rules, by itself: what examples are checked with. Rates and debounce play no part."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from groundcrew.diagnosis.engines import EngineName
from groundcrew.diagnosis.levels import Look
from groundcrew.diagnosis.matching import Matcher
from groundcrew.diagnosis.records import sel_part, sensor_look
from groundcrew.diagnosis.rules import Example, Rule
from groundcrew.diagnosis.sensors import split_status
from groundcrew.diagnosis.templates import fill


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule that speaks for the text, with the component it found."""

    rule: Rule
    component: str
    captures: dict[str, str]
    settled: bool = True
    """Whether it was said so long after boot that the rule takes it for a fault."""


def leading(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The one that speaks for the text as a whole: the gravest, and of those the first in the rules' order."""
    return max(verdicts, key=lambda verdict: verdict.rule.severity.rank, default=None)


def triggers(verdict: Verdict) -> bool:
    """Whether one such text, by itself, is a trigger of warning or worse with rates off: a corrected error is, a wrong
    password is not, nor is a link that is down while the host boots."""
    rate = verdict.rule.rate
    return verdict.rule.severity.rank >= 1 and verdict.settled and (rate is None or rate.alone)


def _settled(rule: Rule, uptime_s: float | None) -> bool:
    return not rule.after_boot_s or (uptime_s or 0) >= rule.after_boot_s


class Trial:
    """Judges single texts with compiled rules."""

    def __init__(self, rules: Sequence[Rule], *, engine: EngineName = "re2") -> None:
        """`engine` looks for log patterns. hyperscan compiles them for many seconds: for tens of thousands of lines."""
        self._matchers = {
            source: Matcher(
                [rule for rule in rules if rule.source == source], engine=engine if source == "log" else "re2"
            )
            for source in ("log", "sel", "sensor", "eventlog", "bmc")
        }

    def judge_lines(self, lines: Iterable[Example]) -> list[list[Verdict]]:
        """Of each log line every rule that fires, in the rules' order: the lines of a whole batch at once."""
        lines = list(lines)
        found: list[list[Verdict]] = [[] for _ in lines]
        texts, identifiers = [line.text for line in lines], [line.identifier for line in lines]
        for match in self._matchers["log"].match(texts, identifiers, [line.unit for line in lines]):
            if not match.clears:
                component = fill(match.rule.component, match.captures)
                settled = _settled(match.rule, lines[match.row].uptime_s)
                found[match.row].append(Verdict(match.rule, component, match.captures, settled))
        return found

    def judge(self, example: Example, source: str = "log") -> list[Verdict]:
        """Every rule of that source that fires, in the rules' order. An event log text is `<sensor> | <event>`."""
        found = self._matchers[source].match([example.text], [example.identifier], [example.unit])
        verdicts = []
        for match in found:
            if match.clears:
                continue
            rule, component = match.rule, fill(match.rule.component, match.captures)
            if source == "sel":
                sensor, _, event = example.text.partition(" | ")
                component = sel_part(match, sensor, event)
            if source == "sensor":
                unit = rule.units[0] if rule.units else ""
                status, side = split_status(example.status or "ok")
                if sensor_look(rule, status, None, unit, side or "upper") is not Look.BAD:
                    continue
                component = component or example.text
            verdicts.append(Verdict(rule, component, match.captures, _settled(rule, example.uptime_s)))
        return verdicts
