"""The committed scenarios are what `compose.py` composes."""

import importlib.util
from pathlib import Path

import pytest
from tests.scenarios.composing import ALL as FLEETS
from tests.scenarios.known import OUTRIGHT

_spec = importlib.util.spec_from_file_location("compose", Path(__file__).with_name("compose.py"))
assert _spec
assert _spec.loader
compose = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(compose)

HERE = Path(__file__).parent


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("make", compose.ALL, ids=lambda make: make.__name__)
def test_committed_scenario_is_what_the_composer_writes(make, tmp_path: Path) -> None:
    scenario = make()
    committed = scenario.folder
    scenario.folder = tmp_path
    scenario.write()
    assert _files(tmp_path) == _files(committed)


@pytest.mark.parametrize("tell", FLEETS, ids=lambda tell: tell.__name__)
def test_committed_fleet_is_what_its_author_tells(tell, tmp_path: Path) -> None:
    fleet = tell()
    fleet.calm()
    fleet.write(tmp_path)
    assert _files(tmp_path) == _files(HERE / fleet.name)


def test_every_scenario_folder_is_told_by_someone() -> None:
    told = {tell().name for tell in FLEETS} | {make().folder.name for make in compose.ALL}
    assert {path.parent.name for path in HERE.glob("*/scenario.toml")} <= told | OUTRIGHT
