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
    "balancer-update-breaks-two-edges",
    "binlogs-fill-a-nixos-volume",
    "bmc-of-one-node-mute",
    "cable-of-a-ceph-node",
    "cache-outgrows-its-flatcar-host",
    "clock-of-a-scheduler-runs-ahead",
    "coin-cell-of-gigabyte-runs-low",
    "contained-errors-on-a30",
    "end-of-an-aisle-gets-hot",
    "fan-of-sr675-and-looping-gateway",
    "feed-b-of-ocp-rack-dies",
    "firmware-of-l40s-silent",
    "front-fan-slows-down",
    "genoa-module-corrects-then-gives-up",
    "guesses-over-ipv6",
    "healthy-boots-after-a-power-test",
    "healthy-chores-of-an-archive",
    "healthy-clouds-and-queues",
    "healthy-drivers-rolled-over-a-row",
    "healthy-just-below-every-limit",
    "healthy-night-of-firmware",
    "healthy-night-of-guests",
    "healthy-noise-of-a-research-fleet",
    "healthy-pods-come-and-go",
    "healthy-services-at-work",
    "healthy-superchips-and-workstations",
    "healthy-term-at-a-university",
    "kubelet-update-drops-a-flag",
    "leaf-of-bonded-hosts-dies",
    "leaf-of-five-goes-away",
    "load-store-unit-of-genoa",
    "mirror-leg-of-proxmox-vanishes",
    "nvlink-of-an-hgx-fails",
    "object-server-machine-check",
    "perc-fails-a-drive",
    "processor-gives-up-in-inspur",
    "rail-sags-until-reset",
    "resolvers-of-a-hall-mute",
    "routes-of-a-host-withdrawn",
    "row-without-chilled-water",
    "sas-disk-fails-hard-under-sles",
    "search-engine-eats-its-host",
    "storm-on-a-riser-and-torn-ext4",
    "students-kernel-faults-on-l40s",
    "supply-breaks-in-gen11",
    "switch-port-of-a100-faults",
    "trip-and-flapping-port",
    "uncontained-error-on-h200",
    "worker-locks-up-a-processor",
}
"""Scenarios that a blind author found us wrong on, not mended yet; docs/benchmarks/scenarios.md has the figures."""
