"""`groundcrew rules`: listing, showing, sorting a file of lines, and saying why a line triggers or does not."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from groundcrew.diagnosis.engines import EngineName
from groundcrew.diagnosis.rules import Rule
from groundcrew.diagnosis.trial import Trial
from groundcrew_cli import recorded

OOM = "Out of memory: Killed process 3656 (ingestd) total-vm:258713220kB"
SITE_RULE = """
[[rule]]
id = "site.door"
kind = "door_open"
title = "The door of {room} is open"
severity = "warning"
causes = ["unknown"]
component_class = "chassis"
component = "{room}"
identifiers = ["doord"]
patterns = ['door of (?P<room>\\w+) is open']
not_patterns = ['as planned']
examples = [{ text = "door of r3 is open", component = "r3" }]
counter_examples = [{ text = "door of r3 is open as planned" }]
meaning = "Somebody is in there."
steps = ["Look."]
reference = "doord manual"
"""


@pytest.fixture
def with_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "packs"
    folder.mkdir()
    (folder / "rules-site.toml").write_text(SITE_RULE)
    monkeypatch.setenv("GROUNDCREW_TRIGGER__PACKS", str(folder))
    return folder


def test_the_operators_rules_are_listed_among_the_shipped_ones(run: Any, with_door: Path) -> None:
    listed = json.loads(run("rules", "list", "--json").out)
    assert {"site.door", "kernel.oom-kill", "memory.low", "service.crash-loop"} <= {entry["id"] for entry in listed}


def test_words_choose_among_the_rules(run: Any) -> None:
    result = run("rules", "list", "memory_pressure", "killed")
    assert "kernel.oom-kill " in result.out
    assert "kernel.panic" not in result.out


def test_a_rule_is_shown_with_its_patterns_state_and_next_steps(run: Any, with_door: Path) -> None:
    result = run("rules", "show", "site.door")
    assert result.code == 0
    for part in (
        "door_open",
        "door of (?P<room>",
        "as planned",
        "one line is enough",
        "Somebody is in there.",
        "Look.",
    ):
        assert part in result.out


def test_an_unknown_rule_is_wrong_usage_and_near_ones_are_named(run: Any) -> None:
    result = run("rules", "show", "kernel.oom")
    assert result.code == 2
    assert "kernel.oom-kill" in result.err


def test_a_broken_pack_names_file_rule_and_key(run: Any, with_door: Path) -> None:
    (with_door / "rules-more.toml").write_text(SITE_RULE.replace("site.door", "site.gate").replace("'door", "'(door"))
    result = run("rules", "list")
    assert result.code == 2
    assert "rules-more.toml: rule site.gate: " in result.err
    assert "patterns[0]" in result.err


def test_each_line_of_a_file_gets_one_object_in_order(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text(f"all is well\n[   12.345678] {OOM}\n\nMar  4 02:00:00 n1 kernel: {OOM}\n")
    rows = [json.loads(line) for line in run("rules", "test", str(file), "--json").out.splitlines()]
    assert [row["triggered"] for row in rows] == [False, True, False, True]
    assert rows[1]["line"] == f"[   12.345678] {OOM}"
    assert rows[0]["rule"] is None
    found = {key: rows[3][key] for key in ("rule", "causes", "component_class", "locator", "severity")}
    assert found == {
        "rule": "kernel.oom-kill",
        "causes": ["memory_pressure.oom"],
        "component_class": "memory_pressure",
        "locator": "ingestd",
        "severity": "warning",
    }


def test_json_lines_are_read_by_their_key_line(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text("".join(json.dumps({"line": text, "kind": "x"}) + "\n" for text in ("well", OOM)))
    rows = [json.loads(line) for line in run("rules", "test", str(file), "--json").out.splitlines()]
    assert [(row["line"], row["triggered"]) for row in rows] == [("well", False), (OOM, True)]


def test_json_lines_without_the_key_name_their_place(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text('{"line": "well"}\n{"text": "well"}\n')
    result = run("rules", "test", str(file), "--json")
    assert result.code == 2
    assert f"{file}:2: expected" in result.err
    assert [json.loads(line)["line"] for line in result.out.splitlines()] == ["well"]


def test_a_log_of_json_objects_is_plain_text(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "app.log"
    file.write_text('{"level": "info", "msg": "well"}\n')
    rows = [json.loads(line) for line in run("rules", "test", str(file), "--json").out.splitlines()]
    assert [row["line"] for row in rows] == ['{"level": "info", "msg": "well"}']


def test_any_bytes_are_lines(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "noise"
    file.write_bytes(b"\xff\xfe\x00\x1b[31m\r\n" + b"x" * 1_000_000 + b"\n" + OOM.encode())
    rows = [json.loads(line) for line in run("rules", "test", str(file), "--json").out.splitlines()]
    assert [row["triggered"] for row in rows] == [False, False, True]


def test_many_lines_are_judged_as_few_are(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "BATCH", 1)
    monkeypatch.setattr(recorded, "MANY", 2)
    built: list[object] = []

    class Noted(Trial):
        def __init__(self, rules: Sequence[Rule], *, engine: EngineName = "re2") -> None:
            built.append(engine)
            super().__init__(rules, engine="re2")

    monkeypatch.setattr(recorded, "Trial", Noted)
    file = tmp_path / "lines"
    file.write_text(f"well\n{OOM}\nwell\n{OOM}\n")
    rows = [json.loads(line) for line in run("rules", "test", str(file), "--json").out.splitlines()]
    assert [row["triggered"] for row in rows] == [False, True, False, True]
    assert built == ["re2", "auto"]


def test_one_wrong_password_is_no_fault_though_many_are(run: Any) -> None:
    line = "Failed password for root from 203.0.113.9 port 40022 ssh2"
    assert "such lines within" in run("rules", "explain", line, "--program", "sshd").out


def test_explaining_names_rule_captures_part_and_next_step(run: Any) -> None:
    result = run("rules", "explain", f"Mar  4 02:00:00 n1 kernel: {OOM}")
    for part in ("kernel.oom-kill", "process = ingestd", "memory_pressure.oom", "one line is enough", "next"):
        assert part in result.out


def test_explaining_says_why_a_rule_keeps_still(run: Any, with_door: Path) -> None:
    planned = json.loads(run("rules", "explain", "doord: door of r3 is open as planned", "--json").out)
    assert planned["triggered"] is False
    assert "as planned" in planned["findings"][0]["why_not"]
    wrong = run("rules", "explain", "door of r3 is open", "--program", "cat").out
    assert "keeps still" in wrong
    assert "written by cat" in wrong


def test_explaining_says_that_nobody_knows_a_line(run: Any) -> None:
    assert "No rule knows this line" in run("rules", "explain", "all is well").out


def test_rules_are_held_to_their_examples(run: Any, with_door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDCREW_DATA", str(with_door))  # a folder without recorded lines
    assert run("rules", "test").code == 0
    wrong = SITE_RULE.replace('component = "r3"', 'component = "r4"')
    (with_door / "rules-site.toml").write_text(wrong)
    result = run("rules", "test")
    assert result.code == 1
    assert "site.door: expected component 'r4', found 'r3'" in " ".join(result.out.split())


def test_rules_that_only_their_examples_exercise_are_named(
    run: Any, with_door: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (with_door / "logs").mkdir()
    (with_door / "logs" / "lines.jsonl").write_text(json.dumps({"line": f"[    1.000000] {OOM}"}) + "\n")
    monkeypatch.setenv("GROUNDCREW_DATA", str(with_door))
    unexercised = json.loads(run("rules", "test", "--json").out)["unexercised"]
    assert "site.door" in unexercised
    assert "kernel.oom-kill" not in unexercised
