"""The health that drives tell of themselves, by `smartctl`, one drive after another. Drives that are asleep stay so."""

import shutil
from collections.abc import Sequence

from groundcrew.diagnosis.samples import Sample
from groundcrew.diagnosis.smart import Device, Report, Unreadable, devices_of, report_of
from groundcrew_host_collector.process import Unkillable, printed_by
from groundcrew_host_collector.source import Reading, SourceAbsent, SourceFailed

MAX_OUTPUT_BYTES = 8 * 1024 * 1024
TIMEOUT_S = 60.0
_TOLD = 3


class Drives:
    """Asks smartctl, found on PATH or by its own path."""

    name = "smart"

    def __init__(self, program: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._program = program
        self._timeout_s = timeout_s
        self._stuck: dict[str, Unkillable] = {}
        self._read: set[str] = set()

    async def read(self) -> Reading:
        """Raises SourceAbsent, SourceFailed."""
        program = shutil.which(self._program)
        if program is None:
            msg = f"there is no program {self._program} (Debian's package smartmontools)"
            raise SourceAbsent(msg)
        devices = await self._scan(program)
        reports = [(device, await self._ask(program, device)) for device in devices]
        told = [(device, report) for device, report in reports if report.state != "no-drive"]
        if not told:
            msg = "smartctl finds no drive that tells its health"
            raise SourceAbsent(msg)
        if all(report.state == "denied" for _, report in told):
            msg = "smartctl may not open the drives: it needs root (CAP_SYS_RAWIO, and CAP_SYS_ADMIN for NVMe)"
            raise SourceAbsent(msg)
        samples = [sample for device, report in told for sample in self._samples(device, report)]
        return Reading(samples, _detail(told))

    def _samples(self, device: Device, report: Report) -> list[Sample]:
        """That a drive does not answer says something only where it once did: some paths to shared storage never do."""
        if report.state == "read":
            self._read.add(device.name)
        elif report.state != "failed" or device.name not in self._read:
            return []
        readable = Sample("smart_readable", float(report.state == "read"), "", (("device", device.name),))
        return [readable, *report.samples]

    def missing(self) -> list[Sample]:
        """Nothing can be told where smartctl cannot."""
        return []

    async def _scan(self, program: str) -> list[Device]:
        printed = await printed_by([program, "--scan", "-j"], timeout_s=self._timeout_s, max_bytes=MAX_OUTPUT_BYTES)
        try:
            return devices_of(printed.output)
        except Unreadable as error:
            raise SourceFailed(str(error)) from None

    async def _ask(self, program: str, device: Device) -> Report:
        """One drive that does not answer costs no other."""
        stuck = self._stuck.get(device.name)
        if stuck is not None and stuck.alive:
            return Report("failed", str(stuck))
        argv = [program, "-j", "-a", "-n", "standby", "-d", device.kind, device.path]
        try:
            printed = await printed_by(argv, timeout_s=self._timeout_s, max_bytes=MAX_OUTPUT_BYTES)
            return report_of(device, printed.output)
        except Unkillable as error:
            self._stuck[device.name] = error
            return Report("failed", str(error))
        except (SourceFailed, Unreadable) as error:
            return Report("failed", str(error))


def _detail(told: Sequence[tuple[Device, Report]]) -> str:
    asleep = sum(report.state == "asleep" for _, report in told)
    failed = [(device, report) for device, report in told if report.state in ("failed", "denied")]
    parts = [f"{len(told)} drives"]
    if asleep:
        parts.append(f"{asleep} of them asleep")
    if failed:
        reasons = "; ".join(f"{device.name}: {report.problem}" for device, report in failed[:_TOLD])
        parts.append(f"{len(failed)} not read ({reasons[:300]})")
    return ", ".join(parts)
