"""`groundcrew rules`: what the rules are, and what they make of lines. Needs no running system."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from groundcrew.diagnosis.explaining import Finding, explain, waits
from groundcrew.diagnosis.rules import PackError, Rule
from groundcrew.diagnosis.services import ServiceCheck
from groundcrew.diagnosis.thresholds import Threshold
from groundcrew.diagnosis.trial import Trial
from groundcrew.runtime.packs import Packs, load_packs
from groundcrew.runtime.settings import load
from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.recorded import Judge, read, recorded_lines
from groundcrew_cli.terminal import count, paint, plain, say, say_json, severity, wrapped
from groundcrew_trigger.settings import Settings

Entry = Rule | Threshold | ServiceCheck
_LABEL = 11


def packs() -> Packs:
    """Shipped packs with the operator's folder laid over them, as the trigger service would load them."""
    section = load(Settings, environ=os.environ).trigger
    try:
        return load_packs(
            Path(section.packs) if section.packs else None,
            thresholds=Path(section.thresholds) if section.thresholds else None,
            debounce_s=section.debounce_s,
        )
    except PackError as error:
        raise CliError(str(error), USAGE) from None


def source_of(entry: Entry) -> str:
    """What an entry looks at: log, sel, sensor, metrics or services."""
    return entry.source if isinstance(entry, Rule) else "metrics" if isinstance(entry, Threshold) else "services"


def _entries(loaded: Packs) -> list[Entry]:
    knowledge = loaded.knowledge
    return [*knowledge.rules, *knowledge.thresholds, *knowledge.services]


def show_list(*, words: Sequence[str], source: str, as_json: bool) -> None:
    """One line for each rule; `words` must all occur in its id, kind, title, class or causes."""
    wanted = [word.casefold() for word in words]
    found = [
        entry
        for entry in _entries(packs())
        if (not source or source_of(entry) == source) and all(word in _haystack(entry) for word in wanted)
    ]
    if as_json:
        say_json([_brief(entry) for entry in found])
        return
    width = max((len(entry.id) for entry in found), default=0)
    for entry in found:
        say(f"{severity(entry.severity.value):<{11 + _paint_width()}} {entry.id:<{width}}  {plain(entry.title)}")
    kinds = len({kind for entry in found if (kind := getattr(entry, "kind", ""))})
    sources = Counter(map(source_of, found))
    told = ", ".join(f"{number} {name}" for name, number in sources.items())
    say(f"\n{count(len(found), 'rule')} of {count(kinds, 'kind')}{f' ({told})' if told else ''}")


def _paint_width() -> int:
    return len(paint("", "red"))


def _haystack(entry: Entry) -> str:
    parts = (entry.id, getattr(entry, "kind", ""), entry.title, _class(entry), *entry.causes)
    return " ".join(parts).casefold()


def _class(entry: Entry) -> str:
    return str(getattr(entry, "component_class", "software"))


def _brief(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "source": source_of(entry),
        "kind": getattr(entry, "kind", ""),
        "severity": entry.severity.value,
        "causes": entry.causes,
        "component_class": _class(entry),
        "title": entry.title,
    }


def show_one(wanted: str, *, as_json: bool) -> None:
    """All of one rule."""
    loaded = packs()
    entries = {entry.id: entry for entry in _entries(loaded)}
    entry = entries.get(wanted)
    if entry is None:
        near = [name for name in entries if wanted in name][:5]
        hint = f"did you mean {', '.join(near)}?" if near else "`groundcrew rules list` shows all"
        raise CliError(f"there is no rule {wanted!r}", USAGE, hint=hint)
    if as_json:
        say_json({"source": source_of(entry), **entry.model_dump(mode="json", exclude_defaults=True)})
        return
    say(f"{severity(entry.severity.value)}  {paint(entry.id, 'bold')}")
    _field("says", plain(entry.title))
    if kind := getattr(entry, "kind", ""):
        _field("kind", kind)
    _field("causes", ", ".join(entry.causes) or "none")
    _field("part", " ".join(filter(None, (_class(entry), getattr(entry, "component", "")))))
    if isinstance(entry, Rule):
        _show_patterns(entry, loaded.knowledge.debounce_s)
    elif isinstance(entry, Threshold):
        _field("when", _limit(entry))
    _field("meaning", entry.meaning)
    for step in entry.steps:
        _field("next", step)
    if reference := getattr(entry, "reference", ""):
        _field("source", reference)


def _show_patterns(rule: Rule, debounce_s: float) -> None:
    if rule.identifiers:
        _field("from", ", ".join(rule.identifiers))
    for label, patterns in (("pattern", rule.patterns), ("but not", rule.not_patterns), ("ended by", rule.clear)):
        for pattern in patterns:
            say(f"  {label:<{_LABEL}}{pattern}")
    if rule.source == "log":
        _field("state", waits(rule, debounce_s))
    for label, examples in (("example", rule.examples), ("quiet on", rule.counter_examples)):
        for example in examples:
            say(f"  {label:<{_LABEL}}{plain(example.text)}")


def _limit(entry: Threshold) -> str:
    unit = "%" if entry.percent_of else entry.unit
    return f"{entry.metric} {entry.when} {entry.limit:g} {unit}; ends at {entry.clear:g} {unit}".replace(" ;", ";")


def _field(label: str, text: str) -> None:
    if text:
        say(wrapped(text, f"  {label:<{_LABEL}}", " " * (_LABEL + 2)))


def explain_line(text: str, *, identifier: str, as_json: bool) -> None:
    """Why a line triggers or does not."""
    loaded = packs()
    line = read(text)
    program = identifier or line.identifier
    message = text if identifier else line.text
    found = explain(message, program, "", loaded.knowledge.rules)
    speaking = [one for one in found if not one.quiet and not one.clears]
    if as_json:
        say_json(
            {
                "line": text,
                "identifier": program,
                "message": message,
                "triggered": any(one.rule.severity.rank >= 1 and _alone(one.rule) for one in speaking),
                "findings": [_finding(one, loaded.knowledge.debounce_s) for one in found],
            }
        )
        return
    say(f"read as  {plain(program) or 'unknown program'}: {plain(message)}")
    if not found:
        say("\nNo rule knows this line: it is recorded and triggers nothing.")
        return
    for one in found:
        _show_finding(one, loaded.knowledge.debounce_s)


def _alone(rule: Rule) -> bool:
    return rule.rate is None or rule.rate.alone


def _finding(one: Finding, debounce_s: float) -> dict[str, Any]:
    return {
        "rule": one.rule.id,
        "speaks": not one.quiet,
        "why_not": one.quiet,
        "clears": one.clears,
        "severity": one.rule.severity.value,
        "kind": one.rule.kind,
        "causes": one.rule.causes,
        "component_class": one.rule.component_class,
        "component": one.component,
        "pattern": one.pattern,
        "captures": one.captures,
        "state": waits(one.rule, debounce_s),
        "steps": one.rule.steps,
    }


def _show_finding(one: Finding, debounce_s: float) -> None:
    rule = one.rule
    verb = "keeps still" if one.quiet else "tells the end of" if one.clears else "triggers"
    say(f"\n{severity(rule.severity.value)}  {paint(rule.id, 'bold')}  {verb}")
    _field("why not", plain(one.quiet))
    if not one.clears:
        _field("says", plain(one.title))
    say(f"  {'pattern':<{_LABEL}}{one.pattern}")
    _field("captures", ", ".join(f"{name} = {plain(value)}" for name, value in one.captures.items()))
    _field("part", " ".join(filter(None, (rule.component_class, plain(one.component)))))
    if one.quiet or one.clears:
        return
    _field("causes", ", ".join(rule.causes) or "none")
    _field("state", waits(rule, debounce_s))
    if rule.severity.rank == 0:
        _field("", "an info trigger is recorded and opens no incident by itself")
    _field("meaning", rule.meaning)
    for step in rule.steps:
        _field("next", step)


def check_packs(*, as_json: bool, data: Path | None) -> bool:
    """Every rule against its own examples; and which log rules nothing but these exercises. True where all hold."""
    rules = packs().knowledge.rules
    trial = Trial(rules)
    wrong = [problem for rule in rules for problem in _problems(rule, trial)]
    examples = sum(len(rule.examples) + len(rule.counter_examples) for rule in rules)
    exercised = _exercised(rules, data) if data is not None else None
    idle = [rule.id for rule in rules if rule.source == "log" and rule.id not in (exercised or ())]
    if as_json:
        unexercised = idle if exercised is not None else None
        say_json({"rules": len(rules), "examples": examples, "wrong": wrong, "unexercised": unexercised})
        return not wrong
    for problem in wrong:
        say(paint(plain(problem), "red"))
    held = count(len(wrong), "problem") if wrong else "all hold"
    say(f"{count(len(rules), 'rule')}, {count(examples, 'example')}: {held}")
    if exercised is None:
        say("Which rules real lines exercise is not known: GROUNDCREW_DATA names no folder with logs/.")
    else:
        say(f"{count(len(idle), 'log rule')} that no data but their own examples exercises:")
        for name in idle:
            say(f"  {name}")
    return not wrong


def _problems(rule: Rule, trial: Trial) -> Iterable[str]:
    for example in rule.examples:
        spoke = {verdict.rule.id: verdict for verdict in trial.judge(example, rule.source)}
        if rule.id not in spoke:
            yield f"{rule.id}: its example does not fire it: {example.text}"
        elif example.component and spoke[rule.id].component != example.component:
            found = spoke[rule.id].component
            yield f"{rule.id}: expected component {example.component!r}, found {found!r}: {example.text}"
    for example in rule.counter_examples:
        if rule.id in {verdict.rule.id for verdict in trial.judge(example, rule.source)}:
            yield f"{rule.id}: its counter-example fires it: {example.text}"


def _exercised(rules: Sequence[Rule], data: Path) -> set[str]:
    seen: set[str] = set()
    judge = Judge(rules)
    for batch in recorded_lines(data):
        for verdicts in judge.lines(batch):
            seen |= {verdict.rule.id for verdict in verdicts}
    return seen
