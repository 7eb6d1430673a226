"""Disks, from /proc/diskstats (fields: the kernel's Documentation/admin-guide/iostats.rst) and /sys/block."""

from collections.abc import Iterator
from pathlib import Path

from groundcrew.diagnosis.samples import Sample
from groundcrew_host_collector.rates import Rates
from groundcrew_host_collector.sysfs import entries_of, number_of

SECTOR = 512
MAX_DISKS = 512
_FIELDS = 14


def is_followed_disk(device: str) -> bool:
    return not device.startswith(("loop", "ram", "zram"))


class Disks:
    """Whole disks; partitions are left out, as they repeat what their disk says."""

    def __init__(self, root: Path, rates: Rates) -> None:
        self._root = root
        self._rates = rates
        self._stalled: dict[str, float] = {}

    def sample(self) -> Iterator[Sample]:
        lines = (self._root / "proc/diskstats").read_text().splitlines()
        rows = [fields for line in lines if len(fields := line.split()) >= _FIELDS]
        followed = [fields for fields in rows if is_followed_disk(fields[2]) and self._is_whole(fields[2])]
        seen = set()
        for fields in followed[:MAX_DISKS]:
            seen.add(fields[2])
            yield from self._disk(fields[2], [float(number) for number in fields[3:_FIELDS]])
        self._stalled = {device: since for device, since in self._stalled.items() if device in seen}
        yield from self._arrays()

    def _is_whole(self, device: str) -> bool:
        blocks = self._root / "sys/block"
        return not blocks.is_dir() or (blocks / device.replace("/", "!")).exists()

    def _disk(self, device: str, counted: list[float]) -> Iterator[Sample]:
        reads, _, read_sectors, read_ms, writes, _, written_sectors, write_ms, in_flight, busy_ms, _ = counted
        labels = (("device", device),)
        for name, counter in (("disk_read", read_sectors), ("disk_written", written_sectors)):
            rate = self._rates.per_second(counter * SECTOR, name, device)
            if rate is not None:
                yield Sample(f"{name}_bytes_per_second", round(rate, 2), "bytes_per_second", labels)
            yield Sample(f"{name}_bytes_total", counter * SECTOR, "bytes", labels)
        busy = self._rates.per_second(busy_ms / 10, "busy", device)
        if busy is not None:
            yield Sample("disk_busy_percent", min(100.0, round(busy, 2)), "percent", labels)
        yield from self._latency(device, (reads, read_ms), (writes, write_ms), in_flight)
        yield Sample("disk_reads_completed_total", reads, "", labels)
        yield Sample("disk_writes_completed_total", writes, "", labels)
        yield Sample("disk_io_time_seconds_total", busy_ms / 1000, "seconds", labels)
        yield Sample("disk_io_now", in_flight, "", labels)

    def _latency(
        self, device: str, read: tuple[float, float], write: tuple[float, float], in_flight: float
    ) -> Iterator[Sample]:
        """Mean time of what was completed since the sample before, 0 where the disk rested. Where requests wait and
        none is completed there is no mean: then `disk_stalled_seconds` says for how long."""
        labels = (("device", device),)
        grown = [
            (kind, self._rates.growth(count, kind, device), self._rates.growth(ms, f"{kind} ms", device))
            for kind, (count, ms) in (("read", read), ("write", write))
        ]
        done = spent = 0.0
        for kind, completed, took in grown:
            if completed is None or took is None:
                return
            done, spent = done + completed, spent + took
            if completed:
                yield Sample(f"disk_{kind}_await_seconds", round(took / completed / 1000, 6), "seconds", labels)
        stalled = 0.0
        if done or not in_flight:
            self._stalled.pop(device, None)
            yield Sample("disk_await_seconds", round(spent / done / 1000, 6) if done else 0.0, "seconds", labels)
        else:
            stalled = self._rates.now - self._stalled.setdefault(device, self._rates.now - self._rates.elapsed)
        yield Sample("disk_stalled_seconds", round(stalled, 1), "seconds", labels)

    def _arrays(self) -> Iterator[Sample]:
        """Members that software RAID arrays miss."""
        for array in entries_of(self._root / "sys/block", "md*", MAX_DISKS):
            missing = number_of(array / "md/degraded")
            if missing is not None:
                yield Sample("md_degraded_disks", missing, "", (("device", array.name),))
