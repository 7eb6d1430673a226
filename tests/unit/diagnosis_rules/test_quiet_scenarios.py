"""Recorded stretches of healthy fleets, with planned reboots and noise below every limit: nothing worth an incident."""

import os
from pathlib import Path

import pytest

from groundcrew.contracts.envelope import ProducedBy
from groundcrew.diagnosis.detector import Detector, Knowledge
from groundcrew_embedded.feeder import Feeder
from groundcrew_embedded.scenario import read

SCENARIOS = Path(os.environ.get("GROUNDCREW_SCENARIOS", Path(__file__).parents[4] / "shared" / "scenarios"))


@pytest.mark.parametrize("name", ["control-near-threshold-noise", "control-planned-maintenance"])
def test_a_healthy_fleet_raises_nothing_that_opens_an_incident(name: str, knowledge: Knowledge) -> None:
    folder = SCENARIOS / name
    if not folder.is_dir():
        pytest.skip(f"the scenario is not there: {folder} (GROUNDCREW_SCENARIOS)")
    detector = Detector(knowledge)
    feeder = Feeder(read(folder), "demo", ProducedBy(service="test", version="0"))
    drafts = [draft for _, messages in feeder.steps() for message in messages for draft in detector.observe(message)]
    assert [draft.data.title for draft in drafts if draft.data.severity.rank > 0] == []
