"""Real lines: how many failures the shipped rules find, and how many harmless lines alarm them. Figures are printed
(`pytest -s`); the bounds here only catch a pack that broke. Tuning towards them is another matter."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from groundcrew.diagnosis.rules import Example
from groundcrew.diagnosis.trial import Trial
from groundcrew.runtime.packs import load_packs

DATA = Path(os.environ.get("GROUNDCREW_DATA", Path(__file__).parents[4] / "shared" / "data"))
TRIAL = Trial(load_packs().knowledge.rules)


def _lines() -> list[dict[str, Any]]:
    path = DATA / "logs" / "lines_given.jsonl"
    if not path.is_file():
        pytest.skip(f"labelled lines are not there: {path} (GROUNDCREW_DATA)")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in lines if not line.get("ambiguous")]


def _alarms(line: dict[str, Any]) -> bool:
    return any(verdict.rule.severity.rank >= 1 for verdict in TRIAL.judge(Example(text=line["line"])))


def test_failures_found(capsys: pytest.CaptureFixture[str]) -> None:
    failures = [line for line in _lines() if line["failure"]]
    found = sum(map(_alarms, failures))
    with capsys.disabled():
        print(f"\nfailures found: {found} of {len(failures)}")
    assert found >= len(failures) // 3


def test_harmless_lines_alarmed(capsys: pytest.CaptureFixture[str]) -> None:
    harmless = [line for line in _lines() if not line["failure"]]
    alarmed = [line["line"] for line in harmless if _alarms(line)]
    with capsys.disabled():
        print(f"\nharmless lines alarmed: {len(alarmed)} of {len(harmless)}", *alarmed, sep="\n  ")
    assert len(alarmed) <= len(harmless) // 20
