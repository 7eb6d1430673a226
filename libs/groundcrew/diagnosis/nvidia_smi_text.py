"""What `nvidia-smi -q` prints as text, as the elements that its XML would have had, so that `nvidia_smi.py` reads both.

Sections nest by indentation, four columns each; a name and its value stand around a colon. Names become those of the
XML (nvsmi_device_v12.dtd) by lower case and underscores, where it spells them otherwise by the table below. `Processes`
and lists of clocks are passed over. Nothing raises.
"""

import re
from collections.abc import Iterator

from groundcrew.diagnosis.locators import pci_function
from groundcrew.diagnosis.nvidia_smi import MAX_DEPTH, MAX_GPUS, MAX_PATHS, MAX_TEXT, Gpu

_CARD = re.compile(r"GPU ([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-9A-Fa-f])\s*$")
_LINE = re.compile(r"( *)(\S[^:]{0,80}?) *(?:: *(.*))?$")
_WORD = re.compile(r"[^a-z0-9]+")
_LONG = frozenset({"processes", "accounted_processes", "supported_clocks", "mig_devices"})
_SPELLED = {
    "gpu_uuid": "uuid",
    "serial_number": "serial",
    "temperature/gpu_current_temp": "temperature/gpu_temp",
    "temperature/gpu_slowdown_temp": "temperature/gpu_temp_slow_threshold",
    "temperature/gpu_t_limit_temp": "temperature/gpu_temp_tlimit",
    "temperature/gpu_slowdown_t_limit_temp": "temperature/gpu_temp_slow_tlimit_threshold",
    "temperature/memory_current_temp": "temperature/memory_temp",
    "temperature/memory_max_operating_temp": "temperature/gpu_temp_max_mem_threshold",
    "utilization/gpu": "utilization/gpu_util",
    "remapped_rows/correctable_error": "remapped_rows/remapped_row_corr",
    "remapped_rows/uncorrectable_error": "remapped_rows/remapped_row_unc",
    "remapped_rows/pending": "remapped_rows/remapped_row_pending",
    "remapped_rows/remapping_failure_occurred": "remapped_rows/remapped_row_failure",
    "remapped_rows/bank_remap_availability_histogram/none": (
        "remapped_rows/row_remapper_histogram/row_remapper_histogram_none"
    ),
    "retired_pages/single_bit_ecc": "retired_pages/multiple_single_bit_retirement/retired_count",
    "retired_pages/double_bit_ecc": "retired_pages/double_bit_retirement/retired_count",
    "retired_pages/pending_page_blacklist": "retired_pages/pending_blacklist",
    "pci/replays_since_reset": "pci/replay_counter",
    "pci/gpu_link_info/pcie_generation/current": "pci/pci_gpu_link_info/pcie_gen/current_link_gen",
    "pci/gpu_link_info/pcie_generation/max": "pci/pci_gpu_link_info/pcie_gen/max_link_gen",
    "pci/gpu_link_info/link_width/current": "pci/pci_gpu_link_info/link_widths/current_link_width",
    "pci/gpu_link_info/link_width/max": "pci/pci_gpu_link_info/link_widths/max_link_width",
    "ecc_mode/current": "ecc_mode/current_ecc",
    "ecc_errors/aggregate/sram_threshold_exceeded": "ecc_errors/aggregate/sram_threshold_exceeded",
    "gpu_reset_status/reset_required": "gpu_reset_status/reset_required",
}
_REASONS = re.compile(r"clocks_(event|throttle)_reasons/(?:hw_slowdown/)?(\w+)$")


def is_query(head: str) -> bool:
    """Whether a text is what `nvidia-smi -q` prints."""
    return "==NVSMI LOG==" in head


def parse_text(text: str) -> tuple[str, list[Gpu]]:
    """Driver version and cards, at most MAX_GPUS."""
    driver, gpus, path = "", list[Gpu](), list[str]()
    for indent, name, value in _lines(text):
        if indent == 0:
            if card := _CARD.match(name):
                if len(gpus) >= MAX_GPUS:
                    break
                gpus.append(Gpu(pci_function(card[1].lower()) or card[1]))
                path = []
            elif name == "Driver Version":
                driver = value or ""
            continue
        if not gpus:
            continue
        depth = min(max(indent // 4 - 1, 0), MAX_DEPTH)
        path = [*path[:depth], _WORD.sub("_", name.lower()).strip("_")]
        if value is None or _LONG & set(path) or len(gpus[-1].texts) >= MAX_PATHS:
            continue
        gpus[-1].texts.setdefault(_named("/".join(path)), value[:MAX_TEXT])
    return driver, gpus


def _lines(text: str) -> Iterator[tuple[int, str, str | None]]:
    """Indentation, name, and value where the line has one. A card's own line has colons in its name."""
    for line in text.expandtabs().splitlines():
        if _CARD.match(line):
            yield 0, line.strip(), None
        elif found := _LINE.fullmatch(line.rstrip()):
            yield len(found[1]), found[2], found[3].strip() if found[3] is not None else None


def _named(path: str) -> str:
    if found := _REASONS.fullmatch(path):
        kind, reason = found.groups()
        return f"clocks_{kind}_reasons/clocks_{kind}_reason_{reason}"
    return _SPELLED.get(path, path)
