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
    "contained-errors-on-a30",
    "disk-of-an-archive-fails-under-test",
    "drive-of-a-build-host-worn",
    "healthy-build-farm",
    "healthy-chores-of-an-archive",
    "healthy-disks-under-test",
    "healthy-kernels-of-an-arm-rack",
    "healthy-patch-day-of-databases",
    "healthy-queue-of-students",
    "healthy-switch-upgraded-by-notice",
    "kunpeng-module-corrects-in-storms",
    "l4-of-a-teaching-node-gone",
    "object-server-machine-check",
    "port-of-a-broadcom-flaps",
    "routes-of-a-host-withdrawn",
    "supply-of-a-zte-node-fails",
    "switch-port-of-a100-faults",
    "uek-panics-in-an-interrupt",
    "update-breaks-keepalived-of-two",
}
"""Scenarios that a blind author found us wrong on, not mended yet; docs/benchmarks/scenarios.md has the figures."""
