"""What `nvidia-smi -q -x` and `nvidia-smi nvlink` print, as samples.

Element names are those of nvsmi_device_v10.dtd to v12.dtd, as public parsers know them; where drivers differ, the first
path that a card has is taken. What a card does not have it prints as `N/A`, and that is no sample.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat

from groundcrew.diagnosis.locators import pci_function
from groundcrew.diagnosis.samples import Sample

MAX_GPUS = 64
MAX_DEPTH = 32
MAX_TEXT = 256
MAX_PATHS = 2_000
"""Elements of one GPU that are kept; a card of the newest driver has about 400."""

_LONG = frozenset({"supported_clocks", "processes", "accounted_processes", "mig_devices"})
_LOST = ("gpu is lost", "unknown error", "gpu requires reset", "err!")
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)\s*(\S.*)?")
_FACTORS = {"MiB": 2.0**20, "KiB": 2.0**10, "MHz": 1e6, "us": 1e-6, "mW": 1e-3}
_YES = {"Yes": 1.0, "Active": 1.0, "Enabled": 1.0, "No": 0.0, "Not Active": 0.0, "Disabled": 0.0}
_RECOVERY = {"None": 0.0, "Reset": 1.0, "Reboot": 2.0, "Drain P2P": 3.0, "Drain and Reset": 4.0}


class Unreadable(ValueError):
    """It is not what nvidia-smi prints; the text is one sentence."""


class Field(NamedTuple):
    """A metric and where in a GPU's element its value is; the first path that has one counts."""

    metric: str
    unit: str
    paths: tuple[str, ...]
    labels: tuple[tuple[str, str], ...] = ()


def _clock(kind: str, label: str) -> tuple[Field, Field]:
    labels = (("clock", label),)
    return (
        Field("gpu_clock_hertz", "hertz", (f"clocks/{kind}_clock",), labels),
        Field("gpu_clock_max_hertz", "hertz", (f"max_clocks/{kind}_clock",), labels),
    )


def _event(reason: str) -> Field:
    paths = tuple(f"clocks_{kind}_reasons/clocks_{kind}_reason_{reason}" for kind in ("event", "throttle"))
    return Field("gpu_clocks_event_active", "", paths, (("reason", reason),))


def _event_time(reason: str, spelled: str) -> Field:
    path = f"clocks_event_reasons_counters/clocks_event_reasons_counters_{spelled}"
    return Field("gpu_clocks_event_seconds_total", "seconds", (path,), (("reason", reason),))


def _ecc(metric: str, since: str, kind: str, old: str) -> tuple[Field, ...]:
    """`since` is volatile (since the driver was loaded) or aggregate (ever); cards before Ampere know no SRAM."""
    where = f"ecc_errors/{since}"
    return (
        Field(metric, "", (f"{where}/dram_{kind}", f"{where}/{old}/device_memory"), (("memory", "dram"),)),
        Field(metric, "", (f"{where}/sram_{kind}",), (("memory", "sram"),)),
    )


_GEN, _WIDTH = "pci/pci_gpu_link_info/pcie_gen", "pci/pci_gpu_link_info/link_widths"

TABLE: tuple[Field, ...] = (
    Field("gpu_utilization_percent", "percent", ("utilization/gpu_util",)),
    Field("gpu_memory_busy_percent", "percent", ("utilization/memory_util",)),
    Field("gpu_memory_total_bytes", "bytes", ("fb_memory_usage/total",)),
    Field("gpu_memory_used_bytes", "bytes", ("fb_memory_usage/used",)),
    Field("gpu_fan_percent", "percent", ("fan_speed",)),
    Field(
        "gpu_power_watts",
        "watts",
        (
            "gpu_power_readings/instant_power_draw",
            "gpu_power_readings/power_draw",
            "gpu_power_readings/average_power_draw",
            "power_readings/power_draw",
        ),
    ),
    Field(
        "gpu_power_limit_watts",
        "watts",
        (
            "gpu_power_readings/current_power_limit",
            "power_readings/enforced_power_limit",
            "power_readings/power_limit",
        ),
    ),
    Field(
        "gpu_power_limit_default_watts",
        "watts",
        ("gpu_power_readings/default_power_limit", "power_readings/default_power_limit"),
    ),
    *_clock("sm", "sm"),
    *_clock("mem", "memory"),
    _event("hw_slowdown"),
    _event("hw_thermal_slowdown"),
    _event("hw_power_brake_slowdown"),
    _event("sw_thermal_slowdown"),
    _event("sw_power_cap"),
    _event_time("hw_thermal_slowdown", "hw_therm_slowdown"),
    _event_time("hw_power_brake_slowdown", "hw_power_brake"),
    _event_time("sw_thermal_slowdown", "sw_therm_slowdown"),
    _event_time("sw_power_cap", "sw_power_cap"),
    Field("gpu_pcie_generation", "", (f"{_GEN}/current_link_gen",)),
    Field("gpu_pcie_generation_max", "", (f"{_GEN}/max_link_gen",)),
    Field("gpu_pcie_width", "", (f"{_WIDTH}/current_link_width",)),
    Field("gpu_pcie_width_max", "", (f"{_WIDTH}/max_link_width",)),
    Field("gpu_pcie_replays_total", "", ("pci/replay_counter",)),
    Field("gpu_ecc_enabled", "", ("ecc_mode/current_ecc",)),
    *_ecc("gpu_ecc_corrected_total", "volatile", "correctable", "single_bit"),
    *_ecc("gpu_ecc_corrected_lifetime_total", "aggregate", "correctable", "single_bit"),
    Field("gpu_ecc_sram_threshold_exceeded", "", ("ecc_errors/aggregate/sram_threshold_exceeded",)),
    Field(
        "gpu_retired_pages",
        "",
        ("retired_pages/multiple_single_bit_retirement/retired_count",),
        (("cause", "single-bit"),),
    ),
    Field("gpu_retired_pages", "", ("retired_pages/double_bit_retirement/retired_count",), (("cause", "double-bit"),)),
    Field("gpu_retired_pages_pending", "", ("retired_pages/pending_retirement", "retired_pages/pending_blacklist")),
    Field("gpu_remapped_rows", "", ("remapped_rows/remapped_row_corr",), (("cause", "corrected"),)),
    Field("gpu_remapped_rows", "", ("remapped_rows/remapped_row_unc",), (("cause", "uncorrected"),)),
    Field("gpu_remapped_rows_pending", "", ("remapped_rows/remapped_row_pending",)),
    Field("gpu_remapped_rows_failure", "", ("remapped_rows/remapped_row_failure",)),
    Field("gpu_remap_banks_exhausted", "", ("remapped_rows/row_remapper_histogram/row_remapper_histogram_none",)),
    Field("gpu_channel_repair_pending", "", ("ecc_errors/channel_repair_pending",)),
    Field("gpu_reset_required", "", ("gpu_reset_status/reset_required",)),
    Field("gpu_recovery_action", "", ("gpu_recovery_action",)),
)


@dataclass
class Gpu:
    """One card: its PCI address and the text of its elements by path."""

    address: str
    texts: dict[str, str] = field(default_factory=dict)

    def number(self, *paths: str) -> float | None:
        """The first of these that is a number, in base units; None where none is."""
        return next((value for path in paths if (value := _value(self.texts.get(path, ""))) is not None), None)


def parse(output: bytes) -> tuple[str, list[Gpu]]:
    """Driver version and cards. Words before the document, such as a warning, are passed over. Raises Unreadable."""
    start = output.find(b"<?xml")
    start = start if start >= 0 else output.find(b"<nvidia_smi_log")
    if start < 0:
        msg = f"nvidia-smi did not print XML but {_excerpt(output)!r}"
        raise Unreadable(msg)
    reader = _Reader()
    try:
        reader.parser.Parse(output[start:], True)
    except expat.ExpatError as error:
        msg = f"nvidia-smi did not print whole XML: {error}"
        raise Unreadable(msg) from None
    return reader.driver, reader.gpus


def samples_of(gpu: Gpu) -> list[Sample]:
    """All samples of a card, labelled by its PCI address."""
    identity = (("gpu", gpu.address),)
    found: list[Sample] = []
    for column in TABLE:
        value = gpu.number(*column.paths)
        if value is not None:
            found.append(Sample(column.metric, value, column.unit, identity + column.labels))
    for name, value, unit, labels in (*_temperatures(gpu), *_uncorrected(gpu), *_state(gpu)):
        found.append(Sample(name, value, unit, identity + labels))
    return found


def identity_of(gpu: Gpu, driver: str) -> Sample:
    """Which card that is: `gpu_info` is 1, and its labels say the rest."""
    texts = gpu.texts
    named = {
        "index": texts.get("minor_number", ""),
        "uuid": texts.get("uuid", ""),
        "model": texts.get("product_name", ""),
        "serial": texts.get("serial", ""),
        "driver": driver,
    }
    labels = tuple((name, value) for name, value in named.items() if value and value != "N/A")
    return Sample("gpu_info", 1.0, "", (("gpu", gpu.address), *labels))


Row = tuple[str, float, str, tuple[tuple[str, str], ...]]


def _temperatures(gpu: Gpu) -> Iterator[Row]:
    """Temperatures, and how far each is from where the card slows itself down. Cards up to Ampere print that limit;
    later ones print T.Limit, the distance to it, and at which distance they slow down (-2 and the like)."""
    where = "temperature/"
    core, memory = gpu.number(where + "gpu_temp"), gpu.number(where + "memory_temp")
    slow, tlimit = gpu.number(where + "gpu_temp_slow_threshold"), gpu.number(where + "gpu_temp_tlimit")
    if tlimit is not None and slow is None:
        margin = tlimit - (gpu.number(where + "gpu_temp_slow_tlimit_threshold") or 0.0)
        yield "gpu_temperature_margin_celsius", margin, "celsius", ()
    elif core is not None and slow is not None and slow > 0:
        yield "gpu_temperature_margin_celsius", slow - core, "celsius", ()
    if core is not None:
        yield "gpu_temperature_celsius", core, "celsius", ()
    limit = gpu.number(where + "gpu_temp_max_mem_threshold")
    if memory is not None and memory > 0:
        if limit is not None and limit > 0:
            yield "gpu_memory_temperature_margin_celsius", limit - memory, "celsius", ()
        yield "gpu_memory_temperature_celsius", memory, "celsius", ()


def _uncorrected(gpu: Gpu) -> Iterator[Row]:
    """SRAM has one counter on some drivers and one each of parity and SEC-DED on later ones."""
    for metric, since in (
        ("gpu_ecc_uncorrected_total", "volatile"),
        ("gpu_ecc_uncorrected_lifetime_total", "aggregate"),
    ):
        where = f"ecc_errors/{since}"
        dram = gpu.number(f"{where}/dram_uncorrectable", f"{where}/double_bit/device_memory")
        if dram is not None:
            yield metric, dram, "", (("memory", "dram"),)
        kinds = ("sram_uncorrectable", "sram_uncorrectable_parity", "sram_uncorrectable_secded")
        parts = [value for kind in kinds if (value := gpu.number(f"{where}/{kind}")) is not None]
        if parts:
            yield metric, sum(parts), "", (("memory", "sram"),)


def _state(gpu: Gpu) -> Iterator[Row]:
    """Whether the driver can read the card, whether it has joined its fabric, and its link's generation under load:
    an idle card goes down to generation 1 on purpose."""
    words = [gpu.texts.get(path, "").lower() for path in ("temperature/gpu_temp", "utilization/gpu_util", "fan_speed")]
    yield "gpu_readable", 0.0 if any(lost in word for word in words for lost in _LOST) else 1.0, "", ()
    state, status = gpu.texts.get("fabric/state", ""), gpu.texts.get("fabric/status", "")
    if state and state not in ("N/A", "Not Supported"):
        yield "gpu_fabric_ready", 1.0 if state == "Completed" and status in ("Success", "N/A", "") else 0.0, "", ()
    busy, generation = gpu.number("utilization/gpu_util"), gpu.number(f"{_GEN}/current_link_gen")
    loaded = gpu.texts.get("performance_state", "") in ("P0", "P1", "P2") and (busy or 0.0) >= 50
    if generation is not None and loaded:
        yield "gpu_pcie_generation_loaded", generation, "", ()


class _Reader:
    """Keeps what is inside `<gpu>`, without the long lists. Entities are refused: nvidia-smi declares none."""

    def __init__(self) -> None:
        self.driver = ""
        self.gpus: list[Gpu] = []
        self._path: list[str] = []
        self._text = ""
        self._inside = 0
        self._long = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._entity

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text = ""
        if len(self._path) > MAX_DEPTH:
            msg = f"nvidia-smi printed XML deeper than {MAX_DEPTH} elements"
            raise Unreadable(msg)
        if name == "gpu" and len(self._path) == 2:
            if len(self.gpus) >= MAX_GPUS:
                msg = f"nvidia-smi printed more than {MAX_GPUS} GPUs"
                raise Unreadable(msg)
            self.gpus.append(Gpu(pci_function(attributes.get("id", "")[:64]) or f"number {len(self.gpus)}"))
            self._inside = len(self._path)
        self._long += name in _LONG

    def _characters(self, text: str) -> None:
        if len(self._text) < MAX_TEXT:
            self._text += text[:MAX_TEXT]

    def _end(self, name: str) -> None:
        text = self._text.strip()[:MAX_TEXT]
        if self._inside and len(self._path) > self._inside and not self._long and text:
            texts = self.gpus[-1].texts
            if len(texts) < MAX_PATHS:
                texts.setdefault("/".join(self._path[self._inside :]), text)
        elif name == "driver_version" and len(self._path) == 2:
            self.driver = text
        self._long -= name in _LONG
        self._path.pop()
        self._text = ""
        if len(self._path) < self._inside:
            self._inside = 0

    def _entity(self, *_: object) -> None:
        msg = "nvidia-smi printed XML with entities, which it never does"
        raise Unreadable(msg)


def _value(text: str) -> float | None:
    """A number in base units, or yes and no as 1 and 0; None for `N/A` and any other word."""
    if text in _YES:
        return _YES[text]
    if text in _RECOVERY:
        return _RECOVERY[text]
    found = _NUMBER.fullmatch(text)
    return float(found[1]) * _FACTORS.get((found[2] or "").strip(), 1.0) if found else None


def _excerpt(output: bytes) -> str:
    return output.strip()[:120].decode("utf-8", "replace").partition("\n")[0]


_GPU_LINE = re.compile(r"GPU (\d+):.*\(UUID: ([^)\s]+)\)")
_LINK_LINE = re.compile(r"\s+Link (\d+): (.*)")
_CORRECTED = ("fec", "symbol", "effective", "raw")
"""Counters of newer links that also count what forward error correction repairs; they climb on healthy links."""


def nvlink_samples(status: str, errors: str, addresses: dict[str, str]) -> list[Sample]:
    """Of `nvidia-smi nvlink -s` and `-e`: links that are up and down, and errors of all links, by card. `addresses`
    says the PCI address of a UUID; cards that it lacks are left out. Some drivers fold links without errors into one
    line (`Links 0-2, 4-5: ...: 0`), which adds nothing."""
    links: dict[str, list[bool]] = {}
    for uuid, _, said in _link_lines(status.splitlines()):
        links.setdefault(uuid, []).append("GB/s" in said)
    counted: dict[tuple[str, str], float] = {}
    for uuid, _, said in _link_lines(errors.splitlines()):
        kind, _, number = said.rpartition(":")
        word = kind.split(" Error")[0].strip().lower().replace(" ", "-")
        if word and not word.startswith(_CORRECTED) and number.strip().isdecimal():
            counted[(uuid, word)] = counted.get((uuid, word), 0.0) + float(number)
    found = []
    for uuid, states in links.items():
        if uuid in addresses:
            identity = (("gpu", addresses[uuid]),)
            found.append(Sample("gpu_nvlink_links_active", float(sum(states)), "", identity))
            found.append(Sample("gpu_nvlink_links_inactive", float(len(states) - sum(states)), "", identity))
    for (uuid, word), count in counted.items():
        if uuid in addresses:
            labels = (("gpu", addresses[uuid]), ("error", word[:40]))
            found.append(Sample("gpu_nvlink_errors_total", count, "", labels))
    return found


def _link_lines(lines: Sequence[str]) -> Iterator[tuple[str, int, str]]:
    uuid = ""
    for line in lines[: 64 * MAX_GPUS * 8]:
        if card := _GPU_LINE.match(line):
            uuid = card[2]
        elif uuid and (link := _LINK_LINE.match(line)):
            yield uuid, int(link[1]), link[2][:MAX_TEXT]
