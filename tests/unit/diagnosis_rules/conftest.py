"""A detector with the shipped packs."""

import pytest

from groundcrew.diagnosis.detector import Detector, Knowledge
from groundcrew.runtime.packs import load_packs


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return load_packs().knowledge


@pytest.fixture
def detector(knowledge: Knowledge) -> Detector:
    return Detector(knowledge)
