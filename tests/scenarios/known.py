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
    "disk-of-an-object-store-fails-hard",
    "hpc-adapter-trains-at-half-width",
    "routes-of-a-host-withdrawn",
}
"""Scenarios that a blind author found us wrong on, not mended yet; docs/benchmarks/scenarios.md has the figures."""

OUTRIGHT = {
    "adapter-of-a-rabbitmq-node-hangs-again-and-again",
    "adapter-of-an-object-server-at-four-lanes",
    "archive-destination-of-a-bank-fills",
    "b200-leaves-its-bus-under-slurm",
    "bearing-of-a-primergy-fan-wears",
    "broker-of-kafka-loses-its-ssd",
    "cache-of-one-core-corrects-again-and-again",
    "ceph-osd-with-unreadable-blocks",
    "ci-builder-cpu-stuck-in-kernel",
    "cluster-node-stops-dead-on-cpu-error",
    "commit-log-flash-of-a-scylla-node-worn",
    "database-leader-loses-its-xfs",
    "datanode-switches-off-with-a-hot-second-processor",
    "directory-of-a-mail-store-torn",
    "disk-of-an-apollo-and-guesses-at-a-jump-host",
    "disk-of-an-object-store-fails-hard",
    "edge-processor-trips-on-heat",
    "edge-site-without-its-resolver",
    "export-job-starves-a-search-node",
    "ext4-below-a-clickhouse-replica-damaged",
    "file-server-of-a-sequencing-lab-crashes-in-nfsd",
    "firmware-of-a-desktop-farm-gpu-silent",
    "flash-of-a-key-value-store-worn",
    "fpga-card-of-a-trading-host-stores-receiver-errors",
    "h100-firmware-of-a-dell-answers-no-more",
    "hbm-of-an-mi250-uncorrectable-in-a-mixed-pool",
    "healthy-bmc-firmware-and-certificates-of-a-kubernetes-fleet",
    "healthy-disk-exchanged-on-request",
    "healthy-disk-exchanged-under-an-osd",
    "healthy-failing-pipelines-on-gpu-runners",
    "healthy-firmware-for-a-leaf-switch",
    "healthy-first-sunday-backups-and-checks",
    "healthy-first-sunday-scrubs",
    "healthy-jobs-at-a-gpu-farm",
    "healthy-patch-night-of-a-proxmox-cluster",
    "healthy-rolling-reboots-of-a-suse-row",
    "healthy-second-tuesday-of-the-databases",
    "healthy-takeover-drill-of-a-sap-pair",
    "homelab-node-minutes-ahead",
    "hoster-supply-breaks-and-host-is-guessed-at",
    "hoster-supply-dies-and-mail-disk-fades",
    "hpc-adapter-trains-at-half-width",
    "internal-error-of-an-inspur-processor",
    "iscsi-mirror-one-member-short-after-reboot",
    "l40s-leaves-an-inference-node",
    "lid-of-a-secrets-host-off",
    "mail-policy-daemon-dies-of-one-message",
    "metadata-server-hits-bad-memory",
    "mig-pool-gpu-stops-answering",
    "module-of-a-hypervisor-corrects-by-the-hundred",
    "names-of-a-shop-not-found",
    "nvlink-dies-between-gpu-and-switch",
    "onboard-nic-hangs-on-one-hypervisor",
    "one-feed-of-a-builder-rack-goes-dead",
    "one-infiniband-cable-of-a-weather-cluster",
    "one-link-of-an-a100-goes-down",
    "order-gateway-falls-over-its-route-table",
    "packager-panics-on-a-channel",
    "port-of-an-openstack-host-flaps",
    "processor-of-a-virtual-host-locked",
    "ranking-daemon-outgrows-its-host-and-a-mute-bmc",
    "render-card-overheats-and-powers-off",
    "resolver-daemon-aborts-on-one-of-two",
    "second-freeipa-server-boots-into-the-future",
    "slot-of-a-tyan-gateway-corrects-without-end",
    "slow-fan-in-cache-and-aer-storm-in-render",
    "spool-flash-of-a-tape-server-worn",
    "supply-and-a-storming-module-in-a-university-cluster",
    "supply-of-an-sr650-dies",
    "tick-of-a-monitor-host-unstable",
    "uncontained-memory-error-in-an-inference-pool",
    "varnish-of-one-edge-dies-of-one-object-again-and-again",
}
"""Scenarios that their author wrote as files: nobody here tells them anew."""
