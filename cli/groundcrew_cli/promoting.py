"""`groundcrew rules promote`: a mined template becomes a rule of the operator's own."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from groundcrew.contracts.queries import LogTemplate
from groundcrew.diagnosis.masking import WILD
from groundcrew.diagnosis.rules import PackError, Rule, parse_rules
from groundcrew.diagnosis.trial import Trial
from groundcrew.runtime.durable_file import replace_durably
from groundcrew.runtime.packs import load_packs
from groundcrew.runtime.settings import load
from groundcrew_cli.errors import NOT_POSSIBLE, USAGE, CliError
from groundcrew_cli.terminal import plain, say, say_json
from groundcrew_trigger.settings import Settings

FILE = "rules-promoted.toml"
MAX_WORDS = 40
"""Words of a template that go into a pattern: enough to tell kinds apart."""

ANYTHING = r"\S{1,80}"
_CUT = 500
_ANY_SPACE = r"[\s\pZ\x0b\x{85}\x1c-\x1f]"
"""What Python splits lines at; re2's own class knows ASCII only."""

_HEADER = "# Rules that `groundcrew rules promote` made of mined log templates. Edit them as any other rule.\n"


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What an operator says of the rule; what is empty is worded from the template."""

    severity: str
    id: str = ""
    kind: str = ""
    component_class: str = ""
    causes: Sequence[str] = ()
    title: str = ""
    meaning: str = ""
    steps: Sequence[str] = ()
    counter_examples: Sequence[str] = ()


def folder_of(given: Path | None) -> Path:
    """The operator's folder of packs. Raises CliError where none is named."""
    if given is not None:
        return given
    named = load(Settings, environ=os.environ).trigger.packs
    if not named:
        raise CliError(
            "no folder of packs is named, so there is nowhere to keep a rule of your own",
            NOT_POSSIBLE,
            hint="set trigger.packs to a folder, or name one with --packs",
        )
    return Path(named)


def promote(template: LogTemplate, wishes: Wishes, folder: Path, *, as_json: bool) -> None:
    """Write the rule. Raises CliError, with nothing written, where it does not load or a rule says the same."""
    text = entry(template, wishes)
    path = folder / FILE
    rule = _checked(text, template, path, folder)
    try:
        before = path.read_text("utf-8") if path.exists() else _HEADER
        together = f"{before.rstrip()}\n\n{text}"
        parse_rules(together, str(path))
        replace_durably(path, together.encode())
    except PackError as error:
        raise CliError(str(error), USAGE) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"{path}: {error}", NOT_POSSIBLE) from None
    if as_json:
        say_json({"file": str(path), "rule": rule.model_dump(mode="json", exclude_defaults=True)})
        return
    say(f"{rule.id} is in {plain(str(path))}:\n")
    for line in text.rstrip().split("\n"):
        say(plain(line))


def _checked(text: str, template: LogTemplate, path: Path, folder: Path) -> Rule:
    try:
        [rule] = parse_rules(text, str(path))
        there = load_packs(folder).knowledge.rules
    except PackError as error:
        raise CliError(str(error), USAGE) from None
    if any(one.id == rule.id for one in there):
        raise CliError(f"there is a rule {rule.id} already", NOT_POSSIBLE, hint="--id gives another id")
    if (known := next((one for one in there if one.reference == rule.reference), None)) is not None:
        raise CliError(f"this template is promoted already, to {known.id}", NOT_POSSIBLE)
    example = rule.examples[0]
    if (said := Trial(there).judge(example)) and rule.severity.rank <= max(one.rule.severity.rank for one in said):
        raise CliError(f"{said[0].rule.id} speaks for this line already", NOT_POSSIBLE)
    trial = Trial([rule])
    if not trial.judge(example):
        raise CliError(f"the pattern made of template {template.id} does not find its own first line", NOT_POSSIBLE)
    for counter in rule.counter_examples:
        if trial.judge(counter):
            raise CliError(f"the rule would fire on the counter example {counter.text!r}", USAGE)
    return rule


def entry(template: LogTemplate, wishes: Wishes) -> str:
    """The `[[rule]]` table as TOML. Raises CliError where the template fixes too little to be a rule."""
    seen = f"{template.count:,} lines since {template.first_seen:%Y-%m-%d} on {len(template.hosts)} hosts"
    model = f", which a model sorts under {template.model_class}" if template.model_class else ""
    example = {"text": template.sample, "identifier": template.identifier}
    lines = [
        "[[rule]]",
        f"id = {_toml(wishes.id or _id(template))}",
        f"title = {_toml(wishes.title or _title(template))}",
        *([f"kind = {_toml(wishes.kind)}"] if wishes.kind else []),
        f"severity = {_toml(wishes.severity)}",
        f"causes = {_list(wishes.causes)}",
        f"component_class = {_toml(wishes.component_class or template.model_class or 'unknown')}",
        *([f"identifiers = {_list([template.identifier])}"] if template.identifier else []),
        f"patterns = {_list([pattern_of(template)])}",
        f"examples = [{_table(example)}]",
        f"counter_examples = [{', '.join(_table({'text': one}) for one in wishes.counter_examples)}]",
        f"meaning = {_toml(wishes.meaning or f'A line that this site has logged: {seen}{model}.')}",
        f"steps = {_list(wishes.steps or ['Read the lines around it on the host', 'Say here what helped'])}",
        f"reference = {_toml(f'promoted from template {template.id}')}",
    ]
    return "\n".join(lines) + "\n"


def pattern_of(template: LogTemplate) -> str:
    """An re2 pattern: what is fixed literally, what varies as at most 80 characters without space."""
    words = template.template.split(" ")
    cut = len(template.sample) >= _CUT
    most = min(MAX_WORDS, len(template.sample.split()) - 1 if cut else MAX_WORDS)
    kept = words[:most]
    if sum(len(part) for word in kept for part in re.findall(r"[A-Za-z]{3,}", word.replace(WILD, " "))) < 6:
        raise CliError(f"template {template.id} fixes too few words to be a rule: {template.template}", NOT_POSSIBLE)
    parts = [ANYTHING.join(re.escape(part) for part in word.split(WILD)) for word in kept]
    space = r"\s" if template.sample.isascii() and template.sample.isprintable() else _ANY_SPACE
    end = f"{space}*$" if len(kept) == len(words) else ""
    return f"^{space}*" + f"{space}+".join(parts) + end


def _id(template: LogTemplate) -> str:
    words = re.findall(r"[a-z]{3,}", f"{template.identifier} {template.template.replace(WILD, ' ')}".lower())
    return f"promoted.{'-'.join(words[:5])}-{template.id[:8]}"


def _title(template: LogTemplate) -> str:
    """As the template says, without what a title takes for fields."""
    text = template.template.replace(WILD, "…").replace("{", "(").replace("}", ")")
    who = template.identifier.replace("{", "(").replace("}", ")")
    return f"{who}: {text}"[:200] if who else text[:200]


def _toml(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL."""
    whole = text.encode("utf-8", "replace").decode()
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(_toml(text) for text in texts)}]"


def _table(fields: dict[str, str]) -> str:
    return "{ " + ", ".join(f"{key} = {_toml(value)}" for key, value in fields.items() if value) + " }"
