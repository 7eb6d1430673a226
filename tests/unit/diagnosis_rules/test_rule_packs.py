"""A pack that does not hold says where; an operator's folder is laid over the shipped packs."""

from pathlib import Path

import pytest

from groundcrew.diagnosis.rules import PATTERN_MEMORY, PackError, compile_pattern, parse_rules
from groundcrew.diagnosis.thresholds import parse_thresholds
from groundcrew.runtime.packs import load_packs

RULE = """
[[rule]]
id = "site.door"
title = "Door {door} is open"
severity = "warning"
causes = ["chassis.intrusion"]
component_class = "chassis"
component = "{door}"
patterns = ['door (?P<door>\\w+) open']
examples = [{ text = "door front open", component = "front" }]
meaning = "Somebody is there."
steps = ["Look."]
"""


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (("severity = \"warning\"", "severity = \"loud\""), "rule site.door: severity: expected info, warning or critical"),  # noqa: E501
        (("causes = [\"chassis.intrusion\"]", "causes = [\"Some Thing\"]"), "rule site.door: causes.0:"),
        (("component_class = \"chassis\"", "component_class = \"door\""), "rule site.door: component_class: expected one of"),  # noqa: E501
        (("examples = [{ text = \"door front open\", component = \"front\" }]", ""), "rule site.door: examples:"),
        (("title = \"Door {door} is open\"", "title = \"Door {gate} is open\""), "title: {gate} is no capture group"),
        (("severity", "sevrity"), "rule site.door: sevrity: Extra inputs are not permitted"),
        (("steps = [\"Look.\"]", "steps = []"), "rule site.door: steps:"),
        (("id = \"site.door\"", "id = \"Site Door\""), "rule Site Door: id:"),
        (("patterns", "statuses = [\"cr\"]\npatterns"), "statuses: only rules with source = 'sensor' have it"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_rule_and_key(wrong: tuple[str, str], says: str) -> None:
    text = RULE.replace(*wrong)
    assert text != RULE
    with pytest.raises(PackError) as raised:
        parse_rules(text, "rules-site.toml")
    assert str(raised.value).startswith("rules-site.toml: ")
    assert says in str(raised.value)


@pytest.mark.parametrize("pattern", ["door(?=s)", "(?<!x)door", "(door) \\1", "door(", "d{1,2000}"])
def test_a_pattern_that_cannot_be_matched_in_linear_time_is_refused_by_name(pattern: str) -> None:
    text = RULE.replace("door (?P<door>\\w+) open", pattern).replace("{door}", "door")
    with pytest.raises(PackError, match=r"rules-site\.toml: rule site\.door: .*patterns\[0\]"):
        parse_rules(text, "rules-site.toml")


def test_an_id_used_twice_is_a_mistake() -> None:
    with pytest.raises(PackError, match=r"rules-site\.toml: rule site\.door: id: used twice"):
        parse_rules(RULE + RULE, "rules-site.toml")


def test_what_is_no_toml_is_told() -> None:
    with pytest.raises(PackError, match=r"rules-site\.toml: not TOML: "):
        parse_rules("[[rule", "rules-site.toml")


def test_a_table_of_another_kind_is_a_mistake() -> None:
    with pytest.raises(PackError, match=r"rules-site\.toml: rules: expected \[\[rule\]\] tables only"):
        parse_rules("[rules]\nx = 1", "rules-site.toml")


def test_a_hysteresis_the_wrong_way_round_is_a_mistake() -> None:
    text = """
[[threshold]]
id = "gpu.hot"
title = "hot"
severity = "warning"
component_class = "gpu"
metric = "gpu_temperature_celsius"
when = "above"
limit = 80
clear = 90
meaning = "x"
steps = ["y"]
"""
    with pytest.raises(PackError, match=r"thresholds\.toml: threshold gpu\.hot: clear: expected at most the limit"):
        parse_thresholds(text, "thresholds.toml")


def test_a_folder_adds_replaces_and_removes_rules(tmp_path: Path) -> None:
    shipped = {rule.id: rule for rule in load_packs().knowledge.rules}
    louder = RULE.replace("site.door", "kernel.oom-kill")
    (tmp_path / "rules-site.toml").write_text(
        RULE + louder + RULE.replace("site.door", "kernel.panic") + "disabled = true\n"
    )
    packs = load_packs(tmp_path)
    rules = {rule.id: rule for rule in packs.knowledge.rules}
    assert set(rules) == set(shipped) - {"kernel.panic"} | {"site.door"}
    assert rules["kernel.oom-kill"].title == "Door {door} is open"
    assert packs.digest != load_packs().digest


def test_a_file_of_an_unknown_kind_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(RULE)
    with pytest.raises(PackError, match=r"mine\.toml: expected a name that begins with one of rules"):
        load_packs(tmp_path)


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="expected a folder of packs"):
        load_packs(tmp_path / "nowhere")


def test_one_rule_in_two_files_of_a_folder_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "rules-a.toml").write_text(RULE)
    (tmp_path / "rules-b.toml").write_text(RULE)
    with pytest.raises(PackError, match=r"rules-b\.toml: site\.door: id: already used in .*rules-a\.toml"):
        load_packs(tmp_path)


def test_a_file_of_thresholds_is_laid_over_all(tmp_path: Path) -> None:
    mine = tmp_path / "limits.toml"
    mine.write_text(
        """
[[threshold]]
id = "gpu.hot"
title = "GPU {gpu} is hot: {value}"
severity = "critical"
component_class = "gpu"
metric = "gpu_temperature_celsius"
when = "above"
limit = 70
clear = 60
meaning = "Here they run cool."
steps = ["Look."]
"""
    )
    found = {t.id: t for t in load_packs(thresholds=mine).knowledge.thresholds}
    assert found["gpu.hot"].limit == 70
    assert "filesystem.full" in found


@pytest.mark.parametrize(
    ("pattern", "budget"),
    [(r"door (?P<door>\w+) open", 0), (r"(?P<door>\S{1,200}) or (?P<other>.{0,200})", 0), (r"(?:\pL{2} ){100}", 1)],
)
def test_a_pattern_has_the_least_memory_that_its_program_fits_in(pattern: str, budget: int) -> None:
    assert compile_pattern(pattern, "").options.max_mem == PATTERN_MEMORY[budget]
