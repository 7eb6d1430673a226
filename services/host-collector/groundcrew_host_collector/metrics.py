"""One sample of every metric of this host. Names follow node_exporter without its prefix."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from groundcrew.diagnosis.samples import Sample
from groundcrew_host_collector.amd_gpus import AmdGpus
from groundcrew_host_collector.disks import Disks
from groundcrew_host_collector.infiniband import InfiniBand
from groundcrew_host_collector.kernel import Kernel, clock
from groundcrew_host_collector.links import Links
from groundcrew_host_collector.rates import Rates
from groundcrew_host_collector.temperatures import Temperatures

_PSEUDO = frozenset({"squashfs", "iso9660", "overlay", "tmpfs", "devtmpfs", "ramfs", "nsfs", "autofs", "fuse.lxcfs"})
_NETWORK = ("nfs", "cifs", "smb", "9p", "ceph", "gluster", "lustre", "afs", "fuse.sshfs")
_MODES = ("user", "nice", "system", "iowait", "steal")
MAX_SAMPLES = 15_000
MAX_MOUNTS = 2_000
_LABEL_CHARS = 200


class HostMetrics:
    """Reads the kernel's counters. Holds those of the sample before: percentages of CPU and disk time and rates per
    second are over the time since then."""

    def __init__(self, root: Path = Path("/"), monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rates = Rates(monotonic)
        self._root = root
        self._cpu: tuple[float, float] | None = None
        self._modes: dict[str, float] = {}
        kernel = Kernel(root, self._rates)
        self._parts: tuple[Callable[[], Iterator[Sample]], ...] = (
            self._cpu_times,
            self._memory,
            self._load,
            kernel.pressure,
            kernel.paging,
            kernel.processes,
            kernel.connections,
            kernel.memory_errors,
            kernel.throttling,
            clock,
            Disks(root, self._rates).sample,
            Links(root, self._rates).sample,
            InfiniBand(root).sample,
            Temperatures(root).sample,
            AmdGpus(root).sample,
            self._filesystems,  # the last, as there may be thousands
        )

    def sample(self) -> list[Sample]:
        """All samples in a fixed order, at most MAX_SAMPLES. A part that this kernel lacks is left out."""
        self._rates.begin()
        samples: list[Sample] = []
        for part in self._parts:
            try:
                samples += part()
            except (OSError, RuntimeError, NotImplementedError, ValueError, AttributeError):
                continue
        return samples[:MAX_SAMPLES]

    def _cpu_times(self) -> Iterator[Sample]:
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        before, self._cpu = self._cpu, (total, idle)
        if before is not None and total > before[0]:
            busy = 1 - (idle - before[1]) / (total - before[0])
            yield Sample("cpu_percent", round(min(100.0, max(0.0, 100 * busy)), 2), "percent")
            for mode in _MODES:
                spent = getattr(times, mode, 0.0) - self._modes.get(mode, 0.0)
                share = round(min(100.0, max(0.0, 100 * spent / (total - before[0]))), 2)
                yield Sample("cpu_mode_percent", share, "percent", (("mode", mode),))
        self._modes = {mode: getattr(times, mode, 0.0) for mode in _MODES}
        for mode in ("user", "system", "iowait", "steal"):
            if hasattr(times, mode):
                yield Sample("cpu_seconds_total", getattr(times, mode), "seconds", (("mode", mode),))

    def _memory(self) -> Iterator[Sample]:
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        yield Sample("memory_total_bytes", memory.total, "bytes")
        yield Sample("memory_available_bytes", memory.available, "bytes")
        yield Sample("swap_total_bytes", swap.total, "bytes")
        yield Sample("swap_free_bytes", swap.free, "bytes")

    def _load(self) -> Iterator[Sample]:
        yield Sample("cpu_count", float(psutil.cpu_count() or 1))
        for name, value in zip(("load1", "load5", "load15"), os.getloadavg(), strict=True):
            yield Sample(name, round(value, 2))

    def _filesystems(self) -> Iterator[Sample]:
        """Local file systems only: asking a dead network mount would hang."""
        seen: set[str] = set()
        for mount in psutil.disk_partitions(all=True):
            if mount.device in seen or not _is_local_disk(mount.fstype, mount.device, mount.mountpoint):
                continue
            seen.add(mount.device)
            if len(seen) > MAX_MOUNTS:
                return
            try:
                state = os.statvfs(mount.mountpoint)
            except OSError:
                continue
            if not state.f_blocks:
                continue
            labels = (("mountpoint", mount.mountpoint[:_LABEL_CHARS]),)
            yield Sample("filesystem_size_bytes", state.f_blocks * state.f_frsize, "bytes", labels)
            yield Sample("filesystem_avail_bytes", state.f_bavail * state.f_frsize, "bytes", labels)
            yield Sample("filesystem_readonly", 1.0 if state.f_flag & os.ST_RDONLY else 0.0, "", labels)
            if state.f_files:
                yield Sample("filesystem_files", state.f_files, "", labels)
                yield Sample("filesystem_files_free", state.f_ffree, "", labels)


def _is_local_disk(fstype: str, device: str, mountpoint: str) -> bool:
    if mountpoint == "/":
        return True  # also where it is an overlay: in a container
    return fstype not in _PSEUDO and not fstype.startswith(_NETWORK) and device.startswith("/") and ":" not in device
