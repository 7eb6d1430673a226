"""What the kernel counts beside CPU, memory, disks and links: pressure, processes, paging, connection tracking, memory
controllers, throttling and the clock."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

from groundcrew.diagnosis.samples import Sample
from groundcrew_host_collector.rates import Rates
from groundcrew_host_collector.sysfs import entries_of, number_of, text_of

MAX_MODULES = 256
_STATES_EVERY = 4
"""Samples between two looks at the state of every process: it is the dearest of all."""

_PAGES = {
    "pswpin": ("swap_in_pages_per_second", "per_second"),
    "pswpout": ("swap_out_pages_per_second", "per_second"),
    "pgmajfault": ("page_major_faults_per_second", "per_second"),
}
_UNSYNCHRONISED = 0x0040  # STA_UNSYNC of <sys/timex.h>
_NANOSECONDS = 0x2000  # STA_NANO


class Kernel:
    def __init__(self, root: Path, rates: Rates) -> None:
        self._root = root
        self._rates = rates
        self._samples = 0
        self._packages: list[tuple[str, Path]] | None = None

    def pressure(self) -> Iterator[Sample]:
        """Share of the last 10, 60 and 300 s in which some (or all) tasks waited, and the time in all (pressure stall
        information, the kernel's Documentation/accounting/psi.rst)."""
        for resource in ("cpu", "memory", "io"):
            for line in text_of(self._root / "proc/pressure" / resource).splitlines():
                kind, *pairs = line.split()
                values = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
                labels = (("resource", resource), ("kind", kind))
                for key, name in (("avg10", "pressure"), ("avg60", "pressure_60s"), ("avg300", "pressure_300s")):
                    if key in values:
                        yield Sample(f"{name}_percent", float(values[key]), "percent", labels)
                if "total" in values:
                    yield Sample("pressure_seconds_total", int(values["total"]) / 1e6, "seconds", labels)

    def paging(self) -> Iterator[Sample]:
        for line in (self._root / "proc/vmstat").read_text().splitlines():
            name, _, value = line.partition(" ")
            if name in _PAGES:
                rate = self._rates.per_second(float(value), name)
                if rate is not None:
                    yield Sample(_PAGES[name][0], round(rate, 2), _PAGES[name][1])
            elif name == "oom_kill":
                yield Sample("vmstat_oom_kill_total", float(value))

    def processes(self) -> Iterator[Sample]:
        for line in (self._root / "proc/stat").read_text().splitlines():
            name, _, value = line.partition(" ")
            if name in ("procs_running", "procs_blocked"):
                yield Sample(name, float(value))
            elif name == "btime":
                yield Sample("boot_time_seconds", float(value), "seconds")
        names = [name for name in os.listdir(self._root / "proc") if name.isdigit()]  # noqa: PTH208 - four times faster
        yield Sample("processes", float(len(names)))
        threads = text_of(self._root / "proc/loadavg").split()
        if len(threads) >= 4 and "/" in threads[3]:
            yield Sample("processes_threads", float(threads[3].partition("/")[2]))
        most = [number_of(self._root / "proc/sys/kernel" / name) for name in ("threads-max", "pid_max")]
        if known := [one for one in most if one]:
            yield Sample("processes_max_threads", min(known))
        used, free, most_files = (self._root / "proc/sys/fs/file-nr").read_text().split()
        yield Sample("filefd_allocated", float(used) - float(free))
        yield Sample("filefd_maximum", float(most_files))
        self._samples += 1
        if self._samples % _STATES_EVERY == 1:
            yield from self._states(names)

    def _states(self, names: list[str]) -> Iterator[Sample]:
        """How many processes are zombies (Z), and how many cannot be interrupted (D)."""
        counted = {"D": 0, "Z": 0}
        for name in names:
            try:
                with open(self._root / "proc" / name / "stat", "rb") as file:  # noqa: PTH123 - half the time of Path
                    state = file.read(512).rpartition(b")")[2].lstrip()[:1].decode("ascii", "replace")
            except OSError:
                continue  # it has ended
            if state in counted:
                counted[state] += 1
        for state, count in counted.items():
            yield Sample("processes_state", float(count), "", (("state", state),))

    def connections(self) -> Iterator[Sample]:
        folder = self._root / "proc/sys/net/netfilter"
        count, most = number_of(folder / "nf_conntrack_count"), number_of(folder / "nf_conntrack_max")
        if count is not None and most is not None:
            yield Sample("nf_conntrack_entries_limit", most)
            yield Sample("nf_conntrack_entries", count)

    def memory_errors(self) -> Iterator[Sample]:
        """EDAC's counters by module. Where a controller knows its modules, its own sum would say everything twice:
        then only what it could not give to a module is said."""
        for controller in entries_of(self._root / "sys/devices/system/edac/mc", "mc[0-9]*", 64):
            mine = (("controller", controller.name.removeprefix("mc")),)
            modules = [*entries_of(controller, "dimm[0-9]*", MAX_MODULES), *entries_of(controller, "rank[0-9]*", 64)]
            labels: set[str] = set()
            for module in modules:
                label = text_of(module / "dimm_label")[:100] or module.name
                label = f"{label} {module.name}" if label in labels else label
                labels.add(label)
                for kind, file in (("correctable", "dimm_ce_count"), ("uncorrectable", "dimm_ue_count")):
                    count = number_of(module / file)
                    if count is not None:
                        yield Sample(f"edac_dimm_{kind}_errors_total", count, "", (*mine, ("dimm", label)))
            names = ("ce_noinfo_count", "ue_noinfo_count") if modules else ("ce_count", "ue_count")
            for kind, file in zip(("correctable", "uncorrectable"), names, strict=True):
                count = number_of(controller / file)
                if count is not None:
                    yield Sample(f"edac_{kind}_errors_total", count, "", mine)

    def throttling(self) -> Iterator[Sample]:
        if self._packages is None:
            self._packages = list(self._look_for_packages())
        for package, counter in self._packages:
            count = number_of(counter)
            if count is not None:
                yield Sample("cpu_package_throttles_total", count, "", (("package", package),))

    def _look_for_packages(self) -> Iterator[tuple[str, Path]]:
        """The counter of each processor's first core; the others of it say the same."""
        seen: set[str] = set()
        for cpu in entries_of(self._root / "sys/devices/system/cpu", "cpu[0-9]*", 4_096):
            counter = cpu / "thermal_throttle/package_throttle_count"
            package = text_of(cpu / "topology/physical_package_id")
            if package not in seen and counter.exists():
                seen.add(package)
                yield package, counter


class _Timex(ctypes.Structure):
    """`struct timex` of 64-bit Linux."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),
    )


def clock() -> Iterator[Sample]:
    """What the kernel knows of its clock, as adjtimex(2) tells without changing anything."""
    told = _Timex()
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(told)) < 0:
        return
    unit = 1e-9 if told.status & _NANOSECONDS else 1e-6
    yield Sample("timex_sync_status", 0.0 if told.status & _UNSYNCHRONISED else 1.0)
    yield Sample("timex_offset_seconds", told.offset * unit, "seconds")
    yield Sample("timex_maxerror_seconds", told.maxerror / 1e6, "seconds")
    yield Sample("timex_estimated_error_seconds", told.esterror / 1e6, "seconds")
