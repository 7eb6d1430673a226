"""The closed vocabularies that packs are checked against."""

COMPONENT_CLASSES = frozenset(
    {
        *("cpu", "dimm", "psu", "fan", "gpu", "nvlink", "pcie", "nvme", "disk", "raid", "nic", "cable", "switch"),
        *("pdu", "cooling", "bmc", "cmos_battery", "chassis", "motherboard", "filesystem", "memory_pressure"),
        *("software", "kernel", "network", "time", "security", "unknown"),
    }
)
"""Classes of parts, as scenarios and incidents use them."""
