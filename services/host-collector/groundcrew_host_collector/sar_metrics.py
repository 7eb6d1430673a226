"""What of a SAR record becomes a sample, under the name, labels and unit of the live metric of the same thing.

THE mapping table is below. `key` is sadf's key in its JSON; where versions of sysstat differ, the first key that a
record has is taken. A value times `factor` is in `unit`. Rates are per second over the record's interval, the time of
a sample is the interval's end.

Two differences to live metrics: a temperature's `sensor` label is sar's own number, and file systems are known by
device, with the space that is free for root (`filesystem_free_bytes`), because sar keeps neither mount points nor the
space that is free for users.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from groundcrew.diagnosis.samples import Sample
from groundcrew_host_collector.disks import is_followed_disk
from groundcrew_host_collector.links import is_followed_link

KIB = 1024.0
MIB = 1024.0 * 1024.0
SECTOR = 512.0
"""Bytes of a sector in rd_sec and wr_sec, whatever the disk's own."""


class Column(NamedTuple):
    """`section`: where in a record, keys joined by '/'. `label`: the label's name and the key of its value."""

    section: str
    key: str
    metric: str
    unit: str = ""
    factor: float = 1.0
    label: tuple[str, str] | None = None
    fixed: tuple[tuple[str, str], ...] = ()


def _pressure(section: str, resource: str, kind: str) -> Column:
    fixed = (("resource", resource), ("kind", kind))
    return Column(section, f"{kind}_avg10", "pressure_percent", "percent", fixed=fixed)


_DISK = ("device", "disk-device")
_LINK = ("device", "iface")

TABLE: tuple[Column, ...] = (
    Column("queue", "ldavg-1", "load1"),
    Column("queue", "ldavg-5", "load5"),
    Column("queue", "ldavg-15", "load15"),
    Column("queue", "runq-sz", "procs_running"),
    Column("queue", "blocked", "procs_blocked"),
    Column("process-and-context-switch", "proc", "forks_per_second", "per_second"),
    Column("process-and-context-switch", "cswch", "context_switches_per_second", "per_second"),
    Column("memory", "swpfree", "swap_free_bytes", "bytes", KIB),
    Column("swap-pages", "pswpin", "swap_in_pages_per_second", "per_second"),
    Column("swap-pages", "pswpout", "swap_out_pages_per_second", "per_second"),
    Column("paging", "majflt", "page_major_faults_per_second", "per_second"),
    Column("kernel", "file-nr", "filefd_allocated"),
    _pressure("psi/psi-cpu", "cpu", "some"),
    _pressure("psi/psi-io", "io", "some"),
    _pressure("psi/psi-io", "io", "full"),
    _pressure("psi/psi-mem", "memory", "some"),
    _pressure("psi/psi-mem", "memory", "full"),
    Column("disk", "rkB", "disk_read_bytes_per_second", "bytes_per_second", KIB, _DISK),
    Column("disk", "rd_sec", "disk_read_bytes_per_second", "bytes_per_second", SECTOR, _DISK),
    Column("disk", "wkB", "disk_written_bytes_per_second", "bytes_per_second", KIB, _DISK),
    Column("disk", "wr_sec", "disk_written_bytes_per_second", "bytes_per_second", SECTOR, _DISK),
    Column("disk", "util-percent", "disk_busy_percent", "percent", 1.0, _DISK),
    Column("disk", "await", "disk_await_seconds", "seconds", 0.001, _DISK),
    Column("network/net-dev", "rxkB", "network_receive_bytes_per_second", "bytes_per_second", KIB, _LINK),
    Column("network/net-dev", "txkB", "network_transmit_bytes_per_second", "bytes_per_second", KIB, _LINK),
    Column("network/net-edev", "rxerr", "network_receive_errs_per_second", "per_second", 1.0, _LINK),
    Column("network/net-edev", "txerr", "network_transmit_errs_per_second", "per_second", 1.0, _LINK),
    Column("network/net-edev", "rxdrop", "network_receive_drop_per_second", "per_second", 1.0, _LINK),
    Column("network/net-edev", "txdrop", "network_transmit_drop_per_second", "per_second", 1.0, _LINK),
    Column("filesystems", "MBfsfree", "filesystem_free_bytes", "bytes", MIB, ("device", "filesystem")),
)

MODES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("user", ("usr", "user", "guest")),
    ("nice", ("nice", "gnice")),
    ("system", ("sys", "system")),
    ("iowait", ("iowait",)),
    ("steal", ("steal",)),
)
"""`cpu_mode_percent{mode}` is the sum of these keys of `cpu-load` for all CPUs; `cpu_percent` is 100 less idle and
iowait, as live. The kernel counts guests as user, sar takes them out."""

MAX_SAMPLES = 1_500
_LABEL_CHARS = 200
DiskName = Callable[[str], str]
"""The kernel's name of a disk that sar calls `dev8-0`; anything else comes back as it is."""


def samples_of(record: dict[str, Any], disk_name: DiskName) -> list[Sample]:
    """All samples of one record in a fixed order, each series once, at most MAX_SAMPLES."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], Sample] = {}
    for sample in (*_cpu(record), *_memory(record), *_table(record, disk_name), *_temperatures(record)):
        found.setdefault((sample.name, sample.labels), sample)
    return list(found.values())[:MAX_SAMPLES]


def _table(record: dict[str, Any], disk_name: DiskName) -> Iterator[Sample]:
    for column in TABLE:
        for row in _rows(record, column.section):
            value = _number(row.get(column.key))
            if value is None:
                continue
            labels = column.fixed
            if column.label is not None:
                name = str(row.get(column.label[1]) or "")[:_LABEL_CHARS]
                if column.section == "disk":
                    name = disk_name(name)
                if not name or not _followed(column.section, name):
                    continue
                labels = ((column.label[0], name),)
            yield Sample(column.metric, value * column.factor, column.unit, labels)


def _followed(section: str, name: str) -> bool:
    if section == "disk":
        return is_followed_disk(name)
    return is_followed_link(name) if section.startswith("network/") else True


def _cpu(record: dict[str, Any]) -> Iterator[Sample]:
    for row in (*_rows(record, "cpu-load"), *_rows(record, "cpu-load-all")):
        if row.get("cpu") not in ("all", "-1", -1):
            continue
        idle, iowait = _number(row.get("idle")), _number(row.get("iowait")) or 0.0
        if idle is None:
            continue
        yield Sample("cpu_percent", round(min(100.0, max(0.0, 100.0 - idle - iowait)), 2), "percent")
        for mode, keys in MODES:
            values = [value for key in keys if (value := _number(row.get(key))) is not None]
            if values:
                yield Sample("cpu_mode_percent", round(sum(values), 2), "percent", (("mode", mode),))


def _memory(record: dict[str, Any]) -> Iterator[Sample]:
    """Files of old kernels and versions have no `avail` (or a 0): what `free` called available then stands in."""
    for row in _rows(record, "memory"):
        available = _number(row.get("avail"))
        if not available:
            parts = [_number(row.get(key)) for key in ("memfree", "buffers", "cached")]
            available = sum(parts) if all(part is not None for part in parts) else None  # type: ignore[arg-type]
        if available:
            yield Sample("memory_available_bytes", available * KIB, "bytes")
        free, used = _number(row.get("swpfree")), _number(row.get("swpused"))
        if free is not None and used is not None:
            yield Sample("swap_total_bytes", (free + used) * KIB, "bytes")


def _temperatures(record: dict[str, Any]) -> Iterator[Sample]:
    """`coretemp-isa-0000` is the chip that is live called `coretemp`."""
    for row in _rows(record, "power-management/temperature"):
        value = _number(row.get("degC"))
        if value is not None:
            chip = str(row.get("device") or "").partition("-")[0][:_LABEL_CHARS]
            labels = (("chip", chip), ("sensor", f"sar {row.get('number')}"[:_LABEL_CHARS]))
            yield Sample("hwmon_temp_celsius", value, "celsius", labels)


def _rows(record: dict[str, Any], section: str) -> list[dict[str, Any]]:
    """The objects at a place, whether there is one or a list of them."""
    found: Any = record
    for key in section.split("/"):
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, dict):
        return [found]
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _number(value: Any) -> float | None:
    """A finite number, also where a version writes it as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
