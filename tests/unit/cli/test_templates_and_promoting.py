"""Kinds of log lines at a terminal, and one of them made a rule."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.queries import LogTemplate, TemplatePage
from groundcrew.diagnosis.masking import Masker
from groundcrew.diagnosis.mining import Miner
from groundcrew.diagnosis.rules import Example, parse_rules
from groundcrew.diagnosis.trial import Trial
from groundcrew.runtime.packs import load_packs
from groundcrew_cli.errors import CliError
from groundcrew_cli.promoting import FILE, Wishes, entry, pattern_of

SAMPLE = 'frobnicator {a} lane 3 lost its "calibration" (code 0x1f)'


def template(text: str = "", sample: str = SAMPLE, **fields: Any) -> LogTemplate:
    when = SystemClock().now() - timedelta(hours=2)
    given = {
        "id": stable_id(sample), "identifier": "frobd", "template": text or " ".join(Masker().words(sample)),
        "sample": sample, "count": 12, "worst_priority": 3, "first_seen": when, "last_seen": when,
        "hosts": ["host:node-1"], "novel": True, "model_class": "pcie",
    }  # fmt: skip
    return LogTemplate(**(given | fields))


@pytest.fixture
def listed(gateway: Any) -> LogTemplate:
    one = template()
    gateway.reply("GET templates", TemplatePage(items=[one], learning="learning (1 template of 12 lines in 2 hours)"))
    return one


def test_templates_say_count_hosts_and_what_the_model_says(gateway: Any, run: Any, listed: LogTemplate) -> None:
    result = run("templates", "--novel", "--contains", "lane", "--url", gateway.url)
    assert (
        f"{listed.id[:8]}  12 lines on 1 host, last 2 h ago · told as new · a model sorts it under pcie" in result.out
    )
    assert 'frobd: frobnicator {a} lane <*> lost its "calibration"' in result.out
    assert "learning (1 template" in result.err
    (_, query, _) = gateway.asked[-1]
    assert query == {"novel": ["true"], "contains": ["lane"], "limit": ["50"]}


def promoted(run: Any, gateway: Any, folder: Path, *more: str) -> Any:
    folder.mkdir(exist_ok=True)
    return run("rules", "promote", template().id[:8], "--packs", str(folder), "--url", gateway.url, *more)


def test_a_promoted_template_is_a_rule_that_fires_on_lines_of_its_kind(
    gateway: Any, run: Any, listed: LogTemplate, tmp_path: Path
) -> None:
    result = promoted(run, gateway, tmp_path / "packs", "--severity", "critical", "--cause", "pcie.link_degraded")
    assert (result.code, result.err) == (0, "")
    rules = load_packs(tmp_path / "packs").knowledge.rules
    [rule] = [one for one in rules if one.reference == f"promoted from template {listed.id}"]
    assert (rule.severity.value, rule.component_class, rule.causes) == ("critical", "pcie", ["pcie.link_degraded"])
    assert rule.id in result.out
    other = SAMPLE.replace("3", "17").replace("0x1f", "0x200")
    trial = Trial([rule])
    assert trial.judge(Example(text=other, identifier="frobd"))
    assert not trial.judge(Example(text=other, identifier="sshd"))
    assert not trial.judge(Example(text="frobnicator lane 3 is well", identifier="frobd"))


def test_a_second_rule_is_added_below_the_first_and_doubles_are_refused(
    gateway: Any, run: Any, listed: LogTemplate, tmp_path: Path
) -> None:
    assert promoted(run, gateway, tmp_path / "packs").code == 0
    before = (tmp_path / "packs" / FILE).read_bytes()
    for again in ((), ("--id", "promoted.other")):
        refused = promoted(run, gateway, tmp_path / "packs", *again)
        assert refused.code == 4
        assert "already" in refused.err
    assert (tmp_path / "packs" / FILE).read_bytes() == before
    second = template(sample="the other thing broke for 5 reasons")
    gateway.reply("GET templates", TemplatePage(items=[second]))
    assert promoted(run, gateway, tmp_path / "packs", "--id", "site.other-thing").code == 0
    ids = [rule["id"] for rule in tomllib.loads((tmp_path / "packs" / FILE).read_text())["rule"]]
    assert len(ids) == 2
    assert ids[1] == "site.other-thing"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--severity", "awful"), "severity"),
        (("--class", "kitchen"), "component_class"),
        (("--id", "No Id"), "id"),
        (("--cause", "no cause"), "causes"),
        (("--counter-example", SAMPLE), "counter example"),
    ],
)
def test_what_would_not_load_is_refused_in_one_line_and_not_written(
    gateway: Any, run: Any, listed: LogTemplate, tmp_path: Path, more: tuple[str, ...], told: str
) -> None:
    refused = promoted(run, gateway, tmp_path / "packs", *more)
    assert refused.code == 2
    assert told in refused.err
    assert not (tmp_path / "packs" / FILE).exists()


def test_what_a_shipped_rule_says_already_is_not_promoted(gateway: Any, run: Any, tmp_path: Path) -> None:
    known = template(sample="Out of memory: Killed process 3656 (ingestd) total-vm:258713220kB", identifier="kernel")
    gateway.reply("GET templates", TemplatePage(items=[known]))
    refused = promoted(run, gateway, tmp_path / "packs")
    assert refused.code == 4
    assert "kernel.oom-kill speaks for this line already" in refused.err


def test_without_a_folder_there_is_nowhere_to_promote_to(gateway: Any, run: Any, listed: LogTemplate) -> None:
    refused = run("rules", "promote", listed.id, "--url", gateway.url)
    assert refused.code == 4
    assert "trigger.packs" in refused.err


@pytest.mark.parametrize(
    ("page", "wanted", "code"),
    [
        (TemplatePage(items=[]), "abc", 4),
        (TemplatePage(items=[template(), template(sample="another one broke")]), "a", 2),
        (TemplatePage(items=[]), "xyz", 2),
    ],
)
def test_an_id_that_names_no_single_template_is_refused(
    gateway: Any, run: Any, tmp_path: Path, page: TemplatePage, wanted: str, code: int
) -> None:
    gateway.reply("GET templates", page)
    result = run("rules", "promote", wanted, "--packs", str(tmp_path), "--url", gateway.url)
    assert result.code == code
    assert "templates lists them" in result.err


def test_a_template_that_fixes_next_to_nothing_is_no_rule() -> None:
    with pytest.raises(CliError, match="too few words"):
        pattern_of(template(sample="42 0x17: at 3"))


@given(st.text(min_size=1, max_size=700).filter(lambda text: text.split()), st.text(max_size=30))
def test_any_mined_line_becomes_a_rule_that_fires_on_it_or_is_refused(sample: str, identifier: str) -> None:
    message = f"calibration lost {sample}"
    mined, _ = Miner(Masker()).mine(identifier, message, 0)
    assert mined is not None
    one = template(mined.text, mined.sample, identifier=identifier, model_class="")
    [rule] = parse_rules(entry(one, Wishes(severity="warning")), "promoted")
    assert Trial([rule]).judge(rule.examples[0])
