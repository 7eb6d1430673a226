"""Where the scenarios are, and which of them we still get wrong."""

import os
from pathlib import Path

from groundcrew_embedded.demo import FOLDER as DEMO

HERE = Path(__file__).parent
OWN = [*sorted(path.parent for path in HERE.glob("*/scenario.toml")), DEMO]
GIVEN = Path(os.environ.get("GROUNDCREW_SCENARIOS", HERE.parents[1].parent / "shared" / "scenarios"))


OPEN = {
    "adapter-trains-at-half-width",
    "ceph-osd-with-unreadable-blocks",
    "clock-of-a-scheduler-runs-ahead",
    "cluster-node-stops-dead-on-cpu-error",
    "healthy-chores-of-an-archive",
    "homelab-node-minutes-ahead",
    "hpc-adapter-trains-at-half-width",
    "iscsi-mirror-one-member-short-after-reboot",
    "mail-policy-daemon-dies-of-one-message",
    "object-server-machine-check",
    "routes-of-a-host-withdrawn",
}
"""Scenarios that a blind author found us wrong on, not mended yet; docs/benchmarks/scenarios.md has the figures."""

OUTRIGHT = {
    "adapter-of-an-object-server-at-four-lanes",
    "bearing-of-a-primergy-fan-wears",
    "ceph-osd-with-unreadable-blocks",
    "ci-builder-cpu-stuck-in-kernel",
    "cluster-node-stops-dead-on-cpu-error",
    "database-leader-loses-its-xfs",
    "directory-of-a-mail-store-torn",
    "disk-of-an-apollo-and-guesses-at-a-jump-host",
    "edge-site-without-its-resolver",
    "flash-of-a-key-value-store-worn",
    "h100-firmware-of-a-dell-answers-no-more",
    "healthy-disk-exchanged-on-request",
    "healthy-firmware-for-a-leaf-switch",
    "healthy-first-sunday-scrubs",
    "healthy-jobs-at-a-gpu-farm",
    "healthy-rolling-reboots-of-a-suse-row",
    "healthy-second-tuesday-of-the-databases",
    "homelab-node-minutes-ahead",
    "hoster-supply-dies-and-mail-disk-fades",
    "hpc-adapter-trains-at-half-width",
    "internal-error-of-an-inspur-processor",
    "iscsi-mirror-one-member-short-after-reboot",
    "l40s-leaves-an-inference-node",
    "lid-of-a-secrets-host-off",
    "mail-policy-daemon-dies-of-one-message",
    "mig-pool-gpu-stops-answering",
    "module-of-a-hypervisor-corrects-by-the-hundred",
    "names-of-a-shop-not-found",
    "nvlink-dies-between-gpu-and-switch",
    "onboard-nic-hangs-on-one-hypervisor",
    "one-link-of-an-a100-goes-down",
    "order-gateway-falls-over-its-route-table",
    "processor-of-a-virtual-host-locked",
    "ranking-daemon-outgrows-its-host-and-a-mute-bmc",
    "slot-of-a-tyan-gateway-corrects-without-end",
    "slow-fan-in-cache-and-aer-storm-in-render",
    "supply-of-an-sr650-dies",
    "tick-of-a-monitor-host-unstable",
}
"""Scenarios that their author wrote as files: nobody here tells them anew."""
