"""What `smartctl -j` prints of a drive, as samples: ATA, NVMe and SCSI, also behind a RAID controller.

Keys are those of smartmontools 7.0 to 7.4. A drive that is asleep is left asleep, and says so; a virtual disk of a RAID
controller is no drive, and smartctl says so.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from groundcrew.diagnosis.samples import Sample

MAX_DEVICES = 256
_LABEL_CHARS = 80

ATTRIBUTES = {
    5: "smart_reallocated_sectors",
    10: "smart_spin_retries",
    184: "smart_end_to_end_errors",
    187: "smart_reported_uncorrectable",
    196: "smart_reallocation_events",
    197: "smart_pending_sectors",
    198: "smart_offline_uncorrectable",
    199: "smart_interface_crc_errors",
}
"""ATA attributes that mean the same on every vendor's drives, by number; the raw value counts."""

NVME = {
    "percentage_used": ("smart_percentage_used", "percent"),
    "available_spare": ("smart_available_spare_percent", "percent"),
    "available_spare_threshold": ("smart_available_spare_threshold_percent", "percent"),
    "media_errors": ("smart_media_errors", ""),
    "unsafe_shutdowns": ("smart_unsafe_shutdowns", ""),
    "num_err_log_entries": ("smart_error_log_entries", ""),
    "warning_temp_time": ("smart_warning_temperature_minutes", "minutes"),
    "critical_comp_time": ("smart_critical_temperature_minutes", "minutes"),
}

WARNING_BITS = ("spare", "temperature", "reliability", "read-only", "backup", "persistent-memory")
"""Bits of NVMe's critical warning from the lowest on (NVM Express base specification, SMART log page)."""

_ASLEEP = re.compile(r"Device is in (?:STANDBY|SLEEP|IDLE)\w*(?: \(OS\))? mode")
_NO_DRIVE = re.compile(
    r"please try adding '-d |specify device type with the -d option|Unknown USB bridge|Unable to detect device type"
)
_DENIED = re.compile("Permission denied|Operation not permitted")
_ATA_SELF_TEST_FAILED = range(3, 9)
_SCSI_SELF_TEST_FAILED = range(4, 8)
_NVME_SELF_TEST_FAILED = range(5, 8)


class Unreadable(ValueError):
    """It is not what smartctl prints; the text is one sentence."""


@dataclass(frozen=True)
class Device:
    """A device as smartctl wants it named, and its short name for people: `sda`, `nvme0`, `bus/0 megaraid,3`."""

    path: str
    kind: str

    @property
    def name(self) -> str:
        short = self.path.removeprefix("/dev/")[:_LABEL_CHARS]
        return f"{short} {self.kind}"[:_LABEL_CHARS] if "," in self.kind else short


@dataclass
class Report:
    """What one drive said. `state`: read, asleep, no-drive, denied, failed; `problem` is one sentence of smartctl."""

    state: str = "read"
    problem: str = ""
    samples: list[Sample] = field(default_factory=list)


def devices_of(output: bytes) -> list[Device]:
    """Of `smartctl --scan -j`, in its order, at most MAX_DEVICES. Raises Unreadable."""
    found = []
    for entry in _list(_document(output).get("devices")):
        path, kind = entry.get("name"), entry.get("type")
        if isinstance(path, str) and path.startswith("/dev/") and isinstance(kind, str) and _plain(kind):
            found.append(Device(path, kind))
    return list(dict.fromkeys(found))[:MAX_DEVICES]


def report_of(device: Device, output: bytes) -> Report:
    """Of `smartctl -j -a`. Raises Unreadable."""
    return report_of_document(device, _document(output))


def report_of_document(device: Device, document: dict[str, Any]) -> Report:
    """The same of a document that was read before."""
    messages = [str(entry.get("string", "")) for entry in _list(_dict(document, "smartctl").get("messages"))]
    told = next((message for message in messages if message), "")[:200]
    for state, pattern in (("asleep", _ASLEEP), ("no-drive", _NO_DRIVE)):
        if any(pattern.search(message) for message in messages):
            return Report(state, told)
    status = _number(_dict(document, "smartctl").get("exit_status")) or 0.0
    if int(status) & 0b11:  # the command line, or opening the device
        denied = any(_DENIED.search(message) for message in messages)
        return Report("denied" if denied else "failed", told or f"smartctl ended with {status:.0f}")
    labels = (("device", device.name),)
    rows = {(name, more): Sample(name, value, unit, labels + more) for name, value, unit, more in _rows(document)}
    if not rows:
        return Report("no-drive", told or "it has no SMART")
    return Report("read", "", [_identity(document, labels), *rows.values()])


Row = tuple[str, float, str, tuple[tuple[str, str], ...]]


def _rows(document: dict[str, Any]) -> Iterator[Row]:
    passed = _dict(document, "smart_status").get("passed")
    if isinstance(passed, bool):
        yield "smart_healthy", float(passed), "", ()
    hours = _number(_dict(document, "power_on_time").get("hours"))
    if hours is not None:
        yield "smart_power_on_hours", hours, "hours", ()
    yield from _temperature(document)
    yield from _ata(document)
    yield from _nvme(document)
    yield from _scsi(document)
    yield from _endurance(document)
    failed = _self_test_failed(document)
    if failed is not None:
        yield "smart_self_test_failed", float(failed), "", ()


def _temperature(document: dict[str, Any]) -> Iterator[Row]:
    """The temperature, and how far it is below the limit that the drive itself names."""
    told = _dict(document, "temperature")
    current = _number(told.get("current"))
    if current is None or not 0 < current < 200:
        return
    limits = _dict(document, "nvme_composite_temperature_threshold")
    named = (limits.get("warning"), told.get("op_limit_max"), told.get("limit_max"), told.get("drive_trip"))
    limit = next((value for one in named if (value := _number(one)) is not None and 30 <= value <= 150), None)
    if limit is not None:
        yield "smart_temperature_margin_celsius", limit - current, "celsius", ()
    yield "smart_temperature_celsius", current, "celsius", ()


def _ata(document: dict[str, Any]) -> Iterator[Row]:
    failing = 0
    table = _list(_dict(document, "ata_smart_attributes").get("table"))
    for attribute in table:
        number, raw = _number(attribute.get("id")), _raw(attribute.get("raw"))
        if number is not None and raw is not None and int(number) in ATTRIBUTES:
            yield ATTRIBUTES[int(number)], raw, "", ()
        prefailure = _dict(attribute, "flags").get("prefailure") is True
        failing += prefailure and str(attribute.get("when_failed", "")) in ("now", "FAILING_NOW")
    if table:
        yield "smart_attributes_failing", float(failing), "", ()
    log = _dict(document, "ata_smart_error_log")
    counts = [_number(_dict(log, kind).get("count")) for kind in ("extended", "summary")]
    entries = next((count for count in counts if count is not None), None)
    if entries is not None:
        yield "smart_error_log_entries", entries, "", ()
    pending = _number(_dict(document, "ata_pending_defects_log").get("count"))
    if pending is not None:
        yield "smart_pending_defects", pending, "", ()


def _nvme(document: dict[str, Any]) -> Iterator[Row]:
    log = _dict(document, "nvme_smart_health_information_log")
    for key, (name, unit) in NVME.items():
        value = _number(log.get(key))
        if value is not None:
            yield name, value, unit, ()
    warning = _number(log.get("critical_warning"))
    if warning is not None and 0 <= warning < 256:
        for bit, what in enumerate(WARNING_BITS):
            yield "smart_critical_warning", float(int(warning) >> bit & 1), "", (("warning", what),)


def _scsi(document: dict[str, Any]) -> Iterator[Row]:
    defects = _number(document.get("scsi_grown_defect_list"))
    if defects is not None:
        yield "smart_grown_defects", defects, "", ()
    pending = _number(_dict(document, "scsi_pending_defects").get("count"))
    if pending is not None:
        yield "smart_pending_defects", pending, "", ()
    counters = _dict(document, "scsi_error_counter_log")
    for operation in ("read", "write", "verify"):
        lost = _number(_dict(counters, operation).get("total_uncorrected_errors"))
        if lost is not None:
            yield "smart_uncorrected_errors", lost, "", (("operation", operation),)


def _endurance(document: dict[str, Any]) -> Iterator[Row]:
    """Where a version works it out for ATA and SCSI too."""
    used = _number(_dict(document, "endurance_used").get("current_percent"))
    if used is None:
        used = _number(document.get("scsi_percentage_used_endurance_indicator"))
    if used is None:
        used = _device_statistic(document, "Percentage Used Endurance Indicator")
    if used is not None:
        yield "smart_percentage_used", used, "percent", ()


def _device_statistic(document: dict[str, Any], name: str) -> float | None:
    for page in _list(_dict(document, "ata_device_statistics").get("pages")):
        for entry in _list(page.get("table")):
            if entry.get("name") == name and _dict(entry, "flags").get("valid", True) is True:
                return _number(entry.get("value"))
    return None


def _self_test_failed(document: dict[str, Any]) -> bool | None:
    """Whether the newest self-test found a fault; None where none is known. One that was broken off found nothing."""
    log = _dict(document, "ata_smart_self_test_log")
    for kind in ("extended", "standard"):
        for entry in _list(_dict(log, kind).get("table"))[:1]:
            value = _number(_dict(entry, "status").get("value"))
            return value is not None and int(value) >> 4 in _ATA_SELF_TEST_FAILED
    for entry in _list(_dict(document, "nvme_self_test_log").get("table"))[:1]:
        value = _number(_dict(entry, "self_test_result").get("value"))
        return value is not None and int(value) in _NVME_SELF_TEST_FAILED
    result = _dict(_dict(document, "scsi_self_test_0"), "result")
    if not result:
        return None
    value = _number(result.get("value"))
    if value is None:
        return "fail" in str(result.get("string", "")).lower()
    return int(value) in _SCSI_SELF_TEST_FAILED


def _identity(document: dict[str, Any], labels: tuple[tuple[str, str], ...]) -> Sample:
    """Which drive that is: `smart_info` is 1, and its labels say the rest."""
    model = document.get("model_name") or document.get("scsi_model_name") or document.get("product")
    protocol = _dict(document, "device").get("protocol")
    named = {
        "model": model,
        "serial": document.get("serial_number"),
        "firmware": document.get("firmware_version"),
        "protocol": protocol,
    }
    more = tuple((name, str(value).strip()[:_LABEL_CHARS]) for name, value in named.items() if value)
    return Sample("smart_info", 1.0, "", labels + more)


def _raw(raw: Any) -> float | None:
    """The count of an attribute: what is printed first (`31 (Min/Max 24/41)`), as drives pack more into 48 bits."""
    if not isinstance(raw, dict):
        return None
    printed = re.match(r"\d{1,15}(?![\dx])", str(raw.get("string", "")))
    return float(printed[0]) if printed else _number(raw.get("value"))


def _document(output: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(output)
    except orjson.JSONDecodeError:
        excerpt = output.strip()[:80].decode("utf-8", "replace").partition("\n")[0]
        msg = f"smartctl did not print JSON but {excerpt!r} (it does from version 7.0 on)"
        raise Unreadable(msg) from None
    if not isinstance(document, dict):
        msg = "smartctl did not print a JSON object"
        raise Unreadable(msg)
    return document


def _dict(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _plain(kind: str) -> bool:
    """Whether it may be an argument after `-d`."""
    return re.fullmatch(r"[A-Za-z0-9_+,./:-]{1,64}", kind) is not None and not kind.startswith("-")
