"""Where the scenarios are, and which of them we still get wrong."""

import os
from pathlib import Path

from groundcrew_embedded.demo import FOLDER as DEMO

HERE = Path(__file__).parent
OWN = [*sorted(path.parent for path in HERE.glob("*/scenario.toml")), DEMO]
GIVEN = Path(os.environ.get("GROUNDCREW_SCENARIOS", HERE.parents[1].parent / "shared" / "scenarios"))


OPEN = {
    "adapter-trains-at-half-width",
    "clock-of-a-scheduler-runs-ahead",
    "healthy-chores-of-an-archive",
    "object-server-machine-check",
    "routes-of-a-host-withdrawn",
}
"""Scenarios that a blind author found us wrong on, not mended yet; docs/benchmarks/scenarios.md has the figures."""
