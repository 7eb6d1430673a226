"""Where the scenarios are, and which of them we still get wrong."""

import os
from pathlib import Path

from groundcrew_embedded.demo import FOLDER as DEMO

HERE = Path(__file__).parent
OWN = [*sorted(path.parent for path in HERE.glob("*/scenario.toml")), DEMO]
GIVEN = Path(os.environ.get("GROUNDCREW_SCENARIOS", HERE.parents[1].parent / "shared" / "scenarios"))


OPEN = {
    "accelerator-at-quarter-width",
    "adapter-trains-at-half-width",
    "bmc-of-one-node-mute",
    "clock-of-a-scheduler-runs-ahead",
    "contained-errors-on-a30",
    "firmware-of-l40s-silent",
    "front-fan-slows-down",
    "healthy-clouds-and-queues",
    "healthy-night-of-firmware",
    "healthy-noise-of-a-research-fleet",
    "kubelet-update-drops-a-flag",
    "leaf-of-five-goes-away",
    "load-store-unit-of-genoa",
    "object-server-machine-check",
    "perc-fails-a-drive",
    "processor-gives-up-in-inspur",
    "rail-sags-until-reset",
    "resolvers-of-a-hall-mute",
    "routes-of-a-host-withdrawn",
    "row-without-chilled-water",
    "search-engine-eats-its-host",
    "supply-breaks-in-gen11",
    "switch-port-of-a100-faults",
    "trip-and-flapping-port",
}
"""Scenarios that a blind author found us wrong on, not mended yet; docs/benchmarks/scenarios.md has the figures."""
