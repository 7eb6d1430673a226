"""InfiniBand ports, from /sys/class/infiniband (the kernel's Documentation/ABI/stable/sysfs-class-infiniband).

Ports that run Ethernet (RoCE) are left to the network's own counters.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from groundcrew.diagnosis.samples import Sample
from groundcrew_host_collector.sysfs import entries_of, number_of, text_of

MAX_PORTS = 64
_ACTIVE = "4"  # `4: ACTIVE`
_COUNTERS = {
    "symbol_error": "infiniband_symbol_error_total",
    "link_downed": "infiniband_link_downed_total",
    "link_error_recovery": "infiniband_link_error_recovery_total",
    "port_rcv_errors": "infiniband_port_errors_received_total",
    "port_xmit_discards": "infiniband_port_discards_transmitted_total",
}
_RATE = re.compile(r"(\d+(?:\.\d+)?) Gb/sec")


class InfiniBand:
    def __init__(self, root: Path) -> None:
        self._adapters = root / "sys/class/infiniband"
        self._fastest: dict[str, float] = {}

    def sample(self) -> Iterator[Sample]:
        for port in entries_of(self._adapters, "*/ports/*", MAX_PORTS):
            if text_of(port / "link_layer") != "InfiniBand":
                continue
            labels = (("device", port.parent.parent.name), ("port", port.name))
            active = text_of(port / "state").partition(":")[0] == _ACTIVE
            yield Sample("infiniband_port_down", 0.0 if active else 1.0, "", labels)
            rate = _RATE.match(text_of(port / "rate"))
            if active and rate:
                speed = float(rate[1]) * 125e6
                best = self._fastest[str(port)] = max(speed, self._fastest.get(str(port), 0.0))
                yield Sample("infiniband_rate_best_bytes", best, "bytes_per_second", labels)
                yield Sample("infiniband_rate_bytes", speed, "bytes_per_second", labels)
            for file, name in _COUNTERS.items():
                count = number_of(port / "counters" / file)
                if count is not None:
                    yield Sample(name, count, "", labels)
