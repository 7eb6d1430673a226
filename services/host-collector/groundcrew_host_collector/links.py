"""Network links: traffic, errors, drops, speed, carrier, and bonds."""

from collections.abc import Iterator
from pathlib import Path

import psutil

from groundcrew.diagnosis.samples import Sample
from groundcrew_host_collector.rates import Rates
from groundcrew_host_collector.sysfs import number_of, text_of

MAX_LINKS = 256


def is_followed_link(device: str) -> bool:
    return device != "lo" and not device.startswith("veth")


class Links:
    def __init__(self, root: Path, rates: Rates) -> None:
        self._net = root / "sys/class/net"
        self._rates = rates
        self._fastest: dict[str, float] = {}

    def sample(self) -> Iterator[Sample]:
        states = psutil.net_if_stats()
        counted = sorted(psutil.net_io_counters(pernic=True).items())
        followed = [(device, io) for device, io in counted if is_followed_link(device)][:MAX_LINKS]
        self._fastest = {device: speed for device, speed in self._fastest.items() if device in dict(followed)}
        for device, io in followed:
            labels = (("device", device),)
            for name, counter in (("network_receive", io.bytes_recv), ("network_transmit", io.bytes_sent)):
                rate = self._rates.per_second(counter, name, device)
                if rate is not None:
                    yield Sample(f"{name}_bytes_per_second", round(rate, 2), "bytes_per_second", labels)
            yield Sample("network_receive_bytes_total", io.bytes_recv, "bytes", labels)
            yield Sample("network_transmit_bytes_total", io.bytes_sent, "bytes", labels)
            yield Sample("network_receive_packets_total", io.packets_recv, "", labels)
            yield Sample("network_receive_errs_total", io.errin, "", labels)
            yield Sample("network_transmit_errs_total", io.errout, "", labels)
            yield Sample("network_receive_drop_total", io.dropin, "", labels)
            yield Sample("network_transmit_drop_total", io.dropout, "", labels)
            if device in states:
                yield from self._link(device, up=states[device].isup, megabits=states[device].speed)

    def _link(self, device: str, *, up: bool, megabits: int) -> Iterator[Sample]:
        """Speeds are of physical links that are up; `network_speed_best_bytes` is the best since the collector
        started. Where there is no carrier the last speed known says nothing."""
        labels = (("device", device),)
        yield Sample("network_up", 1.0 if up else 0.0, "", labels)
        changes = number_of(self._net / device / "carrier_changes")
        if changes is not None:
            yield Sample("network_carrier_changes_total", changes, "", labels)
        if up and 0 < megabits < 10_000_000 and (self._net / device / "device").exists():
            speed = megabits * 125_000.0
            best = self._fastest[device] = max(speed, self._fastest.get(device, 0.0))
            yield Sample("network_speed_best_bytes", best, "bytes_per_second", labels)
            yield Sample("network_speed_bytes", speed, "bytes_per_second", labels)
        members = text_of(self._net / device / "bonding/slaves").split()
        if members:
            states = [text_of(self._net / member / "bonding_slave/mii_status") for member in members]
            yield Sample("bonding_slaves", float(len(members)), "", labels)
            yield Sample("bonding_active", float(states.count("up")), "", labels)
