"""Why one log line triggers or does not: every log rule that comes near it, with the reason it speaks or keeps still.

Slow on purpose (each rule is asked by itself): it is for a person with one line in hand, never for a stream.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from groundcrew.diagnosis.locators import respell
from groundcrew.diagnosis.rules import Rule, compile_pattern
from groundcrew.diagnosis.templates import fill


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule whose pattern fits a line. `quiet` says why it keeps still all the same; empty where it speaks."""

    rule: Rule
    pattern: str
    component: str
    title: str
    captures: dict[str, str]
    clears: bool
    quiet: str


def explain(text: str, identifier: str, unit: str, rules: Sequence[Rule]) -> list[Finding]:
    """Findings for a line, those that speak first, then the gravest. An unknown identifier is empty."""
    found = [finding for rule in rules if rule.source == "log" for finding in _findings(rule, text, identifier, unit)]
    return sorted(found, key=lambda one: (bool(one.quiet), one.clears, -one.rule.severity.rank))


def _findings(rule: Rule, text: str, identifier: str, unit: str) -> Iterator[Finding]:
    """At most one finding of each direction."""
    for clears, patterns in ((False, rule.patterns), (True, rule.clear)):
        for pattern in patterns:
            match = compile_pattern(f"(?m:{pattern})", rule.id).search(text)
            if match is None:
                continue
            named = {name: value for name, value in match.groupdict().items() if value}
            captures = {"unit": unit, "identifier": identifier, **respell(named)}
            yield Finding(
                rule=rule,
                pattern=pattern,
                component=fill(rule.component, captures),
                title=fill(rule.title, captures),
                captures={name: value for name, value in captures.items() if value},
                clears=clears,
                quiet=_quiet(rule, text, identifier, clears=clears),
            )
            break


def _quiet(rule: Rule, text: str, identifier: str, *, clears: bool) -> str:
    if identifier and rule.identifiers and identifier not in rule.identifiers:
        return f"the line was written by {identifier}, and the rule listens to {', '.join(rule.identifiers)} only"
    if not clears:
        for pattern in rule.not_patterns:
            if compile_pattern(f"(?m:{pattern})", rule.id).search(text):
                return f"the line also fits {pattern!r}, which the rule takes as harmless"
    return ""


def waits(rule: Rule, debounce_s: float) -> str:
    """How hits become triggers: the rule's rate, confirmation time and debounce, in one sentence."""
    debounce = rule.debounce_s if rule.debounce_s is not None else debounce_s
    again = f"repeats within {span(debounce)} are one trigger with a count" if debounce else "each repeat is a trigger"
    if rule.rate:
        return (
            f"{rule.rate.count} such lines within {span(rule.rate.window_s)} make a trigger, fewer are noise; {again}"
        )
    if rule.confirm_s:
        return f"it waits {span(rule.confirm_s)} for the end to be told, and triggers where it is not; {again}"
    return f"one line is enough; {again}"


def span(seconds: float) -> str:
    """`90 s`, `5 min`, `24 h`: the largest unit that leaves a whole number."""
    for unit, size in (("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
