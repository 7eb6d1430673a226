"""`groundcrew bench`: the list of benchmarks, the pages, and scenarios scored."""

import json
import shutil
import socket
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.bench.table import BENCHMARKS, Benchmark

from groundcrew_cli import benching, thresholds
from groundcrew_cli.errors import CliError

ROOT = Path(__file__).parents[3]
SCENARIO = ROOT / "tests" / "scenarios" / "gpu-falls-off-bus"
NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for pages, so that a test writes none into the repository."""
    (tmp_path / "docs" / "benchmarks").mkdir(parents=True)
    monkeypatch.setattr(benching, "checkout", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("one", BENCHMARKS, ids=lambda one: one.name)
def test_a_listed_benchmark_can_be_run(one: Benchmark) -> None:
    assert callable(import_module(one.module).main)


def test_every_page_of_figures_has_a_command_that_writes_it() -> None:
    pages = {path.stem: path.read_text() for path in (ROOT / "docs" / "benchmarks").glob("*.md")}

    assert set(pages) <= {one.name for one in BENCHMARKS} | {"scenarios"}
    assert all(f"By `groundcrew bench {name}" in text for name, text in pages.items())


def test_list_names_them_all(run: Any) -> None:
    listed = json.loads(run("bench", "list", "--json").out)

    assert [one["name"] for one in listed] == [one.name for one in BENCHMARKS]
    assert "scenarios DIR" in run("bench").out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nothing"], "no benchmark is called 'nothing'; expected all, baseline, "),
        (["scenarios"], "bench scenarios DIR..."),
        (["bus", "stores", "--", "--seconds", "1"], "options after -- belong to one benchmark"),
        (["scenarios", "/nowhere"], "/nowhere: no scenario is here"),
    ],
)
def test_wrong_usage_is_told_in_one_line(run: Any, words: list[str], complaint: str) -> None:
    result = run("bench", *words)

    assert result.code == 2
    assert complaint in result.err


def test_a_page_names_command_day_and_kind_of_machine_but_not_the_machine() -> None:
    text = benching.page("Bus", "bench bus --write", "| a |\n", NOW, "What rows are.")

    assert text.startswith("# Bus\n\nBy `groundcrew bench bus --write`, 2026-03-04, on ")
    assert " cores, " in text
    assert text.endswith("\n\nWhat rows are.\n\n| a |\n")
    assert socket.gethostname() not in text


def test_write_makes_the_page_of_what_was_printed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "measured_here.py").write_text("def main(arguments):\n    print('| ' + arguments[1] + ' |')\n")
    monkeypatch.syspath_prepend(checkout)
    here = Benchmark(name="here", title="Here", module="measured_here", takes="no time")
    monkeypatch.setattr(benching, "_table", lambda: [here])

    benching.bench(["here", "--rows", "7"], write=True, as_json=False, now=NOW)

    assert capsys.readouterr().out == "| 7 |\n"
    written = (checkout / "docs" / "benchmarks" / "here.md").read_text()
    assert "By `groundcrew bench here --write -- --rows 7`" in written
    assert written.endswith("| 7 |\n")


def test_a_missing_development_requirement_is_told_in_one_line(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    (checkout / "measured_there.py").write_text("import a_package_that_nobody_has\n")
    monkeypatch.syspath_prepend(checkout)
    monkeypatch.setattr(
        benching, "_table", lambda: [Benchmark(name="there", title="There", module="measured_there", takes="")]
    )

    with pytest.raises(CliError, match="there needs the development requirements") as failed:
        benching.bench(["there"], write=False, as_json=False, now=NOW)
    assert "prepare" in failed.value.hint


def test_scenarios_are_scored_against_their_answers(run: Any, checkout: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "many" / "wrongly-answered"
    shutil.copytree(SCENARIO, wrong)
    answer = (wrong / "answer.toml").read_text()
    (wrong / "answer.toml").write_text(answer.replace('severity = "critical"', 'severity = "warning"'))

    result = run("bench", "scenarios", str(SCENARIO), str(tmp_path / "many"), "--write")

    assert result.code == 0, result.err
    rows = [line for line in result.out.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[-2] for row in rows] == ["points", "100%", "91%"]
    assert "1 of 2 scenarios are entirely right" in result.out
    assert "- wrongly-answered: severity critical instead of warning" in result.out
    page = (checkout / "docs" / "benchmarks" / "scenarios.md").read_text()
    assert "By `groundcrew bench scenarios DIR many --write`" in page
    assert str(tmp_path) not in page


def test_a_score_below_a_bar_of_the_threshold_file_fails(run: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "wrongly-answered"
    shutil.copytree(SCENARIO, wrong)
    answer = (wrong / "answer.toml").read_text()
    (wrong / "answer.toml").write_text(answer.replace('"GPU 0000:86:00.0", "0000:86:00", "0000:86:00.0"', '"GPU 9"'))
    bars = tmp_path / "bars.toml"
    bars.write_text("cause = 1.0\ncomponent = 0.9\nfalse_incidents = 0\n")

    result = run("bench", "scenarios", str(wrong), "--thresholds", str(bars))

    assert result.code == 1
    assert "below the bar: component 0.0% of 90.0%" in result.err
    assert run("bench", "scenarios", str(SCENARIO), "--thresholds", str(bars)).code == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("cause = 2.0", "bars.toml: cause: "), ("causes = 0.9", "bars.toml: causes: "), ("cause =", "bars.toml: ")],
)
def test_a_threshold_file_that_cannot_be_read_is_named_with_its_key(
    run: Any, tmp_path: Path, text: str, complaint: str
) -> None:
    bars = tmp_path / "bars.toml"
    bars.write_text(text)
    result = run("bench", "scenarios", str(SCENARIO), "--thresholds", str(bars))
    assert result.code == 2
    assert complaint in result.err


def test_a_disturbed_score_is_the_same_twice_and_never_becomes_the_page(run: Any) -> None:
    options = ("bench", "scenarios", str(SCENARIO), "--shuffle", "3", "--clock-offset", "30", "--json")
    first, second = run(*options), run(*options)
    assert first.code == 0, first.err
    assert first.out == second.out
    assert run("bench", "scenarios", str(SCENARIO), "--shuffle", "3", "--write").code == 2


def test_the_bars_of_ci_can_be_read() -> None:
    bars = thresholds.read(Path(__file__).parents[2] / "scenarios" / "thresholds.toml")
    assert bars.false_incidents is not None
    assert bars.cause is not None
    assert bars.cause >= 0.9
