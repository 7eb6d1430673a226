"""Late arrival, another order and wrong BMC clocks change no answer that was right."""

import asyncio
from pathlib import Path

import pytest
from tests.scenarios.known import OPEN, OWN

from groundcrew_embedded.disturbing import clocks_off, shuffled
from groundcrew_embedded.judging import judge, read_answer
from groundcrew_embedded.replay import replay
from groundcrew_embedded.scenario import Scenario

CHANGED = {
    "cockroach-nodes-get-memory-and-bios-set": "by a slow BMC's clock cords were pulled before the host was told to go",
    "facility-tests-the-b-feed-of-a-backup-rack": "by slow BMCs' clocks the feed was lost long before the announcement",
    "healthy-pods-on-accelerators": "by a slow BMC's clock a drive was gone for longer than it takes to change it",
    "xfs-metadata-corrupted": "the line that is cited is another one",
}
"""Scenarios whose answer changes, and why."""

RIGHT = [folder for folder in OWN if folder.name not in OPEN]


def disturbed(scenario: Scenario) -> Scenario:
    return shuffled(1)(clocks_off(30)(scenario))


def _param(folder: Path) -> object:
    marks = [pytest.mark.xfail(reason=CHANGED[folder.name])] if folder.name in CHANGED else []
    return pytest.param(folder, id=folder.name, marks=marks)


@pytest.mark.slow
@pytest.mark.parametrize("folder", [_param(folder) for folder in RIGHT])
def test_answer_is_the_same_out_of_order_and_with_wrong_clocks(folder: Path) -> None:
    assert judge(read_answer(folder), asyncio.run(replay(folder, disturb=disturbed))).wrong == []
