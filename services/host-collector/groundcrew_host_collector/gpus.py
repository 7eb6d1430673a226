"""NVIDIA's GPUs, by one `nvidia-smi -q -x` an interval; and their links to each other once in a while."""

import re
import shutil
from pathlib import Path

from groundcrew.diagnosis.nvidia_smi import Gpu, Unreadable, identity_of, nvlink_samples, parse, samples_of
from groundcrew.diagnosis.samples import Sample
from groundcrew_host_collector.process import Printed, Unkillable, printed_by
from groundcrew_host_collector.source import Reading, SourceAbsent, SourceFailed
from groundcrew_host_collector.sysfs import entries_of

MAX_OUTPUT_BYTES = 16 * 1024 * 1024
TIMEOUT_S = 60.0
"""Without persistence mode the driver wakes every card for each question, which takes seconds."""

_LINKS_EVERY = 10
_PCI = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


class Gpus:
    """Asks nvidia-smi, found on PATH or by its own path."""

    name = "gpus"

    def __init__(self, program: str, root: Path = Path("/"), *, timeout_s: float = TIMEOUT_S) -> None:
        self._program = program
        self._root = root
        self._timeout_s = timeout_s
        self._stuck: Unkillable | None = None
        self._readings = 0

    async def read(self) -> Reading:
        """Raises SourceAbsent, SourceFailed."""
        program = shutil.which(self._program)
        bound = self._bound()
        if program is None:
            msg = f"there is no program {self._program}"
            if bound:
                msg += f", though {len(bound)} GPUs use NVIDIA's driver"
            raise SourceAbsent(msg)
        printed = await self._ask([program, "-q", "-x"])
        try:
            driver, gpus = parse(printed.output)
        except Unreadable as error:
            if not bound:
                msg = f"NVIDIA's driver has no GPU here; {error}"
                raise SourceAbsent(msg) from None
            raise SourceFailed(str(error)) from None
        samples = self._visible(bound, gpus)
        for gpu in gpus:
            samples += [identity_of(gpu, driver), *samples_of(gpu)]
        if len(gpus) > 1 and self._readings % _LINKS_EVERY == 0:
            samples += await self._links(program, gpus)
        self._readings += 1
        detail = f"{len(gpus)} GPUs, driver {driver or 'unknown'}"
        if missing := [address for address in bound if address not in {gpu.address for gpu in gpus}]:
            detail += f"; nvidia-smi does not see {', '.join(missing[:8])}"
        return Reading(samples, detail)

    def missing(self) -> list[Sample]:
        """What is to be told where nvidia-smi says nothing at all."""
        return [Sample("gpu_driver_answers", 0.0)] if self._bound() else []

    def _bound(self) -> list[str]:
        """PCI addresses of the cards that NVIDIA's driver has taken."""
        found = entries_of(self._root / "sys/bus/pci/drivers/nvidia", "*:*", 256)
        return [entry.name for entry in found if _PCI.fullmatch(entry.name)]

    @staticmethod
    def _visible(bound: list[str], gpus: list[Gpu]) -> list[Sample]:
        """A card that fell off the bus stays bound to the driver, and is no longer listed."""
        listed = {gpu.address for gpu in gpus}
        addresses = sorted(listed | set(bound))
        seen = [Sample("gpu_visible", float(one in listed), "", (("gpu", one),)) for one in addresses]
        return [Sample("gpu_driver_answers", 1.0), *seen]

    async def _links(self, program: str, gpus: list[Gpu]) -> list[Sample]:
        """Nothing where the driver knows no NVLink."""
        status, errors = [await self._ask([program, "nvlink", option]) for option in ("-s", "-e")]
        addresses = {gpu.texts.get("uuid", ""): gpu.address for gpu in gpus}
        texts = [printed.output.decode("utf-8", "replace") for printed in (status, errors)]
        return nvlink_samples(texts[0], texts[1], addresses)

    async def _ask(self, argv: list[str]) -> Printed:
        if self._stuck is not None and self._stuck.alive:
            raise SourceFailed(str(self._stuck))
        try:
            return await printed_by(argv, timeout_s=self._timeout_s, max_bytes=MAX_OUTPUT_BYTES)
        except Unkillable as stuck:
            self._stuck = stuck
            raise
