"""Every example of every shipped rule is a test of its own."""

import pytest

from groundcrew.diagnosis.rules import Example, Rule
from groundcrew.diagnosis.trial import Trial
from groundcrew.runtime.packs import load_packs

PACKS = load_packs()
RULES = PACKS.knowledge.rules
TRIAL = Trial(RULES)


def _cases(key: str) -> list[object]:
    return [
        pytest.param(rule, example, id=f"{rule.id}-{index}")
        for rule in RULES
        for index, example in enumerate(getattr(rule, key))
    ]


@pytest.mark.parametrize(("rule", "example"), _cases("examples"))
def test_example_fires_its_rule_and_names_its_part(rule: Rule, example: Example) -> None:
    verdicts = {verdict.rule.id: verdict for verdict in TRIAL.judge(example, rule.source)}
    assert rule.id in verdicts
    assert verdicts[rule.id].component == example.component or not example.component


@pytest.mark.parametrize(("rule", "example"), _cases("counter_examples"))
def test_counter_example_leaves_its_rule_quiet(rule: Rule, example: Example) -> None:
    assert rule.id not in {verdict.rule.id for verdict in TRIAL.judge(example, rule.source)}


def test_every_warning_speaks_for_a_cause() -> None:
    silent = [rule.id for rule in RULES if rule.severity.rank >= 1 and not rule.causes]
    assert silent == []


def test_every_rule_has_a_counter_example_and_a_reference() -> None:
    assert [rule.id for rule in RULES if not rule.counter_examples or not rule.reference] == []


def test_every_log_rule_says_what_kind_of_thing_its_lines_tell() -> None:
    assert [rule.id for rule in RULES if rule.source == "log" and not rule.kind] == []


def test_the_same_packs_have_the_same_digest() -> None:
    assert load_packs().digest == PACKS.digest
