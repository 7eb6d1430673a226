"""What `smartctl -a` and `-x` print as text, as the documents that `smartctl -j` would have printed.

A text may hold several drives, each from its `smartctl` headline on. The device is not in the text: it is what the
command line or the file's name says. Only what `smart.py` reads is taken over; nothing raises.

Source of the forms: smartmontools ataprint.cpp (PrintSmartAttribWithThres, brief and old format), nvmeprint.cpp
(print_smart_log), scsiprint.cpp (scsiPrintGrownDefectListLen, scsiPrintErrorCounterLog).
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

MAX_DRIVES = 256
_HEADLINE = re.compile(r"smartctl (?:pre-)?\d+\.\d+")
_DEVICE = re.compile(r"(?:^|[\s=])(/dev/[\w./-]{1,60})")
_PAIR = re.compile(r"([A-Z][\w /.()-]{1,60}?(?: \(0x\w+\))?):\s+(\S.*)")
_ATTRIBUTE = re.compile(
    r"\s*(?P<id>\d{1,3}) (?P<name>\S{1,40}) +(?P<flags>0x[0-9a-f]{4}|[PSORCK-]{6,7}) +(?P<value>\d{3}|---) +"
    r"(?P<worst>\d{3}|---) +(?P<limit>\d{3}|---) +(?:(?P<kind>Pre-fail|Old_age) +(?:Always|Offline) +)?"
    r"(?P<failed>-|FAILING_NOW|In_the_past|NOW|Past) +(?P<raw>\S.{0,80})"
)
_ERRORS = re.compile(r"(?:ATA Error Count|Device Error Count): (\d{1,9})")
_COUNTERS = re.compile(r"(read|write|verify): .* (\d{1,9})\s*$")
_SELF_TEST = re.compile(r"# ?1  +\S.{0,30}?  +(\S.{0,60}?)  +")
_GROWN = re.compile(r"Elements in grown defect list: (\d{1,9})")
_NVME = {
    "Available Spare": "available_spare", "Available Spare Threshold": "available_spare_threshold",
    "Percentage Used": "percentage_used", "Media and Data Integrity Errors": "media_errors",
    "Unsafe Shutdowns": "unsafe_shutdowns", "Error Information Log Entries": "num_err_log_entries",
    "Warning  Comp. Temperature Time": "warning_temp_time", "Critical Comp. Temperature Time": "critical_comp_time",
}  # fmt: skip
_NAMES = {
    "Device Model": "model_name", "Model Number": "model_name", "Product": "scsi_model_name",
    "Serial Number": "serial_number", "Serial number": "serial_number", "Firmware Version": "firmware_version",
}  # fmt: skip
_SELF_TESTS = {"read failure": 7, "electrical failure": 6, "servo/seek failure": 6, "unknown failure": 4,
               "handling damage": 8}  # fmt: skip


def is_smartctl(head: str) -> bool:
    """Whether a text begins like one, perhaps behind the command line that printed it."""
    return any(_HEADLINE.match(line.strip()) for line in head.splitlines()[:10])


def documents_of(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(device or empty, document) of each drive, at most MAX_DRIVES."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if _HEADLINE.match(line)][:MAX_DRIVES]
    for start, end in pairwise([*starts, len(lines)]):
        before = lines[start - 1] if start else ""
        named = _DEVICE.search(before)
        yield (named[1] if named else ""), _document(lines[start:end])


def _document(lines: Sequence[str]) -> dict[str, Any]:
    document: dict[str, Any] = {"smartctl": {"exit_status": 0, "messages": []}}
    table: list[dict[str, Any]] = []
    log: dict[str, Any] = {}
    in_scsi = False
    for line in lines:
        if found := _ATTRIBUTE.match(line):
            table.append(_attribute(found))
        elif found := _ERRORS.match(line.strip()):
            document["ata_smart_error_log"] = {"summary": {"count": int(found[1])}}
        elif found := _GROWN.match(line.strip()):
            document["scsi_grown_defect_list"], in_scsi = int(found[1]), True
        elif in_scsi and (found := _COUNTERS.match(line.strip())):
            counters = document.setdefault("scsi_error_counter_log", {})
            counters[found[1]] = {"total_uncorrected_errors": int(found[2])}
        elif (found := _SELF_TEST.match(line.strip())) and "ata_smart_self_test_log" not in document:
            document["ata_smart_self_test_log"] = {"standard": {"table": [{"status": {"value": _status(found[1])}}]}}
        elif found := _PAIR.match(line):
            _take(document, log, found[1], found[2].strip())
    if table:
        document["ata_smart_attributes"] = {"table": table}
        _hours(document, table)
    if log:
        document["nvme_smart_health_information_log"] = log
    return document


def _attribute(found: re.Match[str]) -> dict[str, Any]:
    flags, failed = found["flags"], found["failed"]
    prefailure = found["kind"] == "Pre-fail" or flags.startswith("P")
    if flags.startswith("0x"):
        prefailure = prefailure or bool(int(flags, 16) & 1)
    return {
        "id": int(found["id"]),
        "name": found["name"],
        "flags": {"prefailure": prefailure},
        "when_failed": "now" if failed in ("FAILING_NOW", "NOW") else "" if failed == "-" else "past",
        "raw": {"string": found["raw"].strip()},
    }


def _hours(document: dict[str, Any], table: Sequence[dict[str, Any]]) -> None:
    """What a drive's own attributes say of hours and temperature, as newer versions of smartctl work it out."""
    for one in table:
        number = _number(one["raw"]["string"])
        if number is None:
            continue
        if one["id"] == 9:
            document.setdefault("power_on_time", {"hours": number})
        elif one["id"] in (194, 190):
            document.setdefault("temperature", {"current": number})


def _take(document: dict[str, Any], log: dict[str, Any], key: str, value: str) -> None:
    number = _number(value)
    if key in _NAMES:
        document.setdefault(_NAMES[key], value)
    elif key in ("SMART overall-health self-assessment test result", "SMART Health Status"):
        document["smart_status"] = {"passed": value.split("!")[0].split()[0] in ("PASSED", "OK")}
    elif key in _NVME and number is not None:
        log[_NVME[key]] = number
    elif key == "Critical Warning" and value.startswith("0x"):
        log["critical_warning"] = int(value.split()[0], 16)
    elif key in ("Temperature", "Current Drive Temperature") and number is not None:
        document.setdefault("temperature", {})["current"] = number
    elif key == "Drive Trip Temperature" and number:
        document.setdefault("temperature", {})["drive_trip"] = number
    elif key == "Warning  Comp. Temp. Threshold" and number is not None:
        document["nvme_composite_temperature_threshold"] = {"warning": number}
    elif key == "Power On Hours" and number is not None:
        document["power_on_time"] = {"hours": number}
    elif key == "Percentage used endurance indicator" and number is not None:
        document["scsi_percentage_used_endurance_indicator"] = number


def _number(text: str) -> int | None:
    """The number that a value begins with; thousands are set apart by the locale's mark."""
    found = re.match(r"(\d{1,3}(?:[,.'\u2019\u00a0\u202f]\d{3})+|\d{1,15})(?![\dx])", text)
    return int(re.sub(r"\D", "", found[1])) if found else None


def _status(words: str) -> int:
    """The byte that smartctl decodes into these words: what the test found is its upper half."""
    told = words.lower()
    return next((code for name, code in _SELF_TESTS.items() if name in told), 0) << 4
