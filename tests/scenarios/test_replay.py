"""Replay gives the known answers, and the same bytes every time."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.scenarios.known import GIVEN, OPEN, OWN

from groundcrew_embedded.judging import judge, read_answer
from groundcrew_embedded.replay import replay
from groundcrew_embedded.scenario import ScenarioError, read

HERE = Path(__file__).parent


def replayed(folder: Path) -> dict[str, Any]:
    return asyncio.run(replay(folder))


def _known(folder: Path) -> Any:
    marks = [pytest.mark.xfail(reason="found wrong by a blind author")] if folder.name in OPEN else []
    return pytest.param(folder, id=folder.name, marks=marks)


@pytest.mark.parametrize("folder", [_known(folder) for folder in OWN])
def test_replay_names_the_known_cause_and_part(folder: Path) -> None:
    assert judge(read_answer(folder), replayed(folder)).wrong == []


def test_two_processes_print_the_same_bytes() -> None:
    """Different hash seeds, so that no set's order leaks into what is printed."""
    program = (
        "import asyncio, json, sys, pathlib; from groundcrew_embedded.replay import replay; "
        "print(json.dumps(asyncio.run(replay(pathlib.Path(sys.argv[1])))))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program, str(HERE / "disk-fails-in-mirror")],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(printed) == 1
    assert json.loads(printed.pop())["incidents"]


@pytest.mark.parametrize("name", ["control-planned-maintenance", "control-near-threshold-noise"])
def test_healthy_fleets_have_no_incident(name: str) -> None:
    folder = GIVEN / name
    if not folder.is_dir():
        pytest.skip("the given scenarios are not here (GROUNDCREW_SCENARIOS)")
    assert replayed(folder)["incidents"] == []


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("scenario.toml", "title = 3", "scenario.toml: title"),
        ("scenario.toml", "title = ", "scenario.toml: "),
        ("journal.jsonl", '{"__CURSOR": "a"}\n', "journal.jsonl:1: __REALTIME_TIMESTAMP is missing"),
        ("journal.jsonl", "[1]\n", "journal.jsonl:1: expected one JSON object"),
        ("metrics.jsonl", '{"time": "2026-01-01T00:00:00Z"}\n', "metrics.jsonl:1: host: Field required"),
        ("sensors.jsonl", "{\n", "sensors.jsonl:1: Invalid JSON"),
        ("services.jsonl", '{"time": "yesterday"}\n', "services.jsonl:1: time: "),
    ],
)
def test_malformed_file_is_named_with_its_line(tmp_path: Path, file: str, content: str, complaint: str) -> None:
    good = HERE / "gpu-falls-off-bus" / "scenario.toml"
    (tmp_path / "scenario.toml").write_bytes(good.read_bytes())
    (tmp_path / file).write_text(content)
    with pytest.raises(ScenarioError) as raised:
        read(tmp_path)
    assert str(raised.value).removeprefix(str(tmp_path) + "/").startswith(complaint)


def test_folder_without_scenario_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"a scenario folder holds a scenario\.toml"):
        read(tmp_path)
