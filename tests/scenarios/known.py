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

OUTRIGHT = {
    "adapter-of-an-object-server-at-four-lanes",
    "bearing-of-a-primergy-fan-wears",
    "directory-of-a-mail-store-torn",
    "disk-of-an-apollo-and-guesses-at-a-jump-host",
    "flash-of-a-key-value-store-worn",
    "h100-firmware-of-a-dell-answers-no-more",
    "healthy-disk-exchanged-on-request",
    "healthy-firmware-for-a-leaf-switch",
    "healthy-first-sunday-scrubs",
    "healthy-jobs-at-a-gpu-farm",
    "healthy-rolling-reboots-of-a-suse-row",
    "healthy-second-tuesday-of-the-databases",
    "internal-error-of-an-inspur-processor",
    "l40s-leaves-an-inference-node",
    "lid-of-a-secrets-host-off",
    "module-of-a-hypervisor-corrects-by-the-hundred",
    "names-of-a-shop-not-found",
    "one-link-of-an-a100-goes-down",
    "order-gateway-falls-over-its-route-table",
    "processor-of-a-virtual-host-locked",
    "ranking-daemon-outgrows-its-host-and-a-mute-bmc",
    "slot-of-a-tyan-gateway-corrects-without-end",
    "supply-of-an-sr650-dies",
    "tick-of-a-monitor-host-unstable",
}
"""Scenarios that their author wrote as files: nobody here tells them anew."""
