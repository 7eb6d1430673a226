"""Where the scenarios are, and which of them we still get wrong."""

import os
from pathlib import Path

from groundcrew_embedded.demo import FOLDER as DEMO

HERE = Path(__file__).parent
OWN = [*sorted(path.parent for path in HERE.glob("*/scenario.toml")), DEMO]
GIVEN = Path(os.environ.get("GROUNDCREW_SCENARIOS", HERE.parents[1].parent / "shared" / "scenarios"))


OPEN = {
    "adapter-trains-at-half-width",
    "amd-accelerator-loses-memory",
    "catastrophic-error-on-dell",
    "catastrophic-error-pin",
    "completion-times-out",
    "database-asserts",
    "ext4-inode-damage",
    "fan-and-redundancy-in-dell",
    "file-server-panics",
    "filters-clogged",
    "flash-drops-off",
    "host-loses-all-power",
    "leaf-switch-restarts",
    "log-volume-full-without-metrics",
    "one-processor-trips",
    "osd-loses-its-disk",
    "paste-dried-on-one-gpu",
    "port-flaps-without-errors",
    "registry-cannot-be-looked-up",
    "resolver-away",
    "root-remounted-read-only",
    "tasks-hang-in-the-kernel",
    "update-breaks-slurm",
    "zpool-loses-a-disk",
}
"""Scenarios that a blind author found us wrong on, not mended yet; docs/benchmarks/scenarios.md has the figures."""
