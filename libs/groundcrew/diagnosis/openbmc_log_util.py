"""Event log records out of what `log-util` of Meta's OpenBMC prints for the machines of the Open Compute Project.

A line tells FRU, sled, time and the program that wrote it. Records of IPMI carry sensor and event; sensors and fans
tell `ASSERT` and `DEASSERT`. What speaks of none of these is an event in the program's words. Nothing raises.

Source of the forms: facebook/openbmc, format strings of sensord, fscd and ipmid (pal_parse_oem_unified_sel_common).
"""

import re

from groundcrew.diagnosis.openbmc_words import in_ipmi_words
from groundcrew.diagnosis.sel import SelRecord, sel_time

_ROW = re.compile(
    r"\s*(?P<fru>\d{1,3}|all)\s+(?P<sled>[\w-]{1,16})\s+(?P<date>\d{4}-\d\d-\d\d) (?P<clock>\d\d:\d\d:\d\d)\s+"
    r"(?P<program>[\w.-]{2,24})\s+(?P<said>\S.*?)\s*"
)
_STANDARD = re.compile(
    r"SEL Entry: FRU: \d+, Record: .*?, Time: [^,]*, Sensor: (?P<sensor>\S+) \(0x[0-9A-Fa-f]+\), "
    r"Event Data: \([0-9A-Fa-f]*\) (?P<event>.*?) (?P<direction>Assertion|Deassertion|Triggered)"
)
_UNIFIED = re.compile(
    r"SEL Entry: FRU: \d+, Record: .*?, GeneralInfo: (?P<kind>[\w/ ]+)\(0x[0-9A-Fa-f]+\),? (?P<event>.*)"
)
_ERROR_ID = re.compile(r"\bErrID\d: 0x([0-9A-Fa-f]{2})")
_FUNCTION = re.compile(r"\bBus ([0-9A-Fa-f]{2})/Dev ([0-9A-Fa-f]{2})/Fun ([0-9A-Fa-f]{2})")
_CLEARED = re.compile(
    r"\s*(?P<year>\d{4}) (?P<month>[A-Z][a-z]{2}) (?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d) "
    r"log-util: User cleared (?P<what>.*?) logs\s*"
)
_SLOT = re.compile(r"\bDIMM ([A-Z]\d{1,2})\b")
_PLACE = re.compile(r"\b(?:Sled \w+/)?(?:Socket \w+, )?Channel \w+, Slot \w+")
_EVENT = re.compile(r"Event: ([^,]+)")
_THRESHOLD = re.compile(
    r"(?P<de>DE)?ASSERT: (?P<side>Upper|Lower) (?P<level>Non Critical|Critical|Non Recoverable) threshold - "
    r"(?:raised|settled) - FRU: \d+, num: 0x[0-9A-Fa-f]+,? (?:curr_val: (?P<value>\S+) (?P<unit>\w+), )?"
    r"(?:thresh_val: .*?, )?snr: (?P<name>[^,]{1,40}?)\s*(?:,.*)?"
)
_FAN = re.compile(
    r"(?:(?P<de>DE)?ASSERT: )?(?P<name>(?i:\S{0,16}fan\S{0,16})(?: [\w.-]{1,16}){0,3}?) "
    r"(?:(?:is )?dead|failed|(?P<back>(?:has )?recovered))\b.*"
)
"""fscd itself writes no ASSERT: the label of a fan and `dead, 0 RPM`, later `has recovered`."""
_LEVELS = {"Non Critical": "Non-critical", "Critical": "Critical", "Non Recoverable": "Non-recoverable"}
_UNITS = {
    "C": "Temperature",
    "RPM": "Fan",
    "Volts": "Voltage",
    "V": "Voltage",
    "Amps": "Current",
    "Watts": "Power Unit",
}
_TROUBLE = re.compile(r"training fail|uncorrect|\bUE\b|fatal|multi-bit", re.IGNORECASE)


def parse_log_util_row(line: str) -> SelRecord | None:
    """The record of one line; None where it is of another form. The sled is named before the sensor, which alone parts
    two sleds of one chassis."""
    if cleared := _CLEARED.fullmatch(line):
        return _of_clear(cleared)
    if (row := _ROW.fullmatch(line)) is None:
        return None
    sensor, event, asserted = _said(row["program"], row["said"], row["sled"])
    direction = {True: "Asserted", False: "Deasserted", None: ""}[asserted]
    text = " | ".join(part for part in (sensor, event, direction) if part)
    return SelRecord(
        0, sel_time(row["date"], row["clock"]), f"{row['date']} {row['clock']}", sensor, event, asserted, text
    )


def _of_clear(found: re.Match[str]) -> SelRecord:
    date, sensor, event = (
        f"{found['month']}-{found['day']}-{found['year']}",
        "Event Logging Disabled",
        "Log area reset/cleared",
    )
    stamp = f"{date} {found['clock']}"
    return SelRecord(
        0, sel_time(date, found["clock"]), stamp, sensor, event, True, f"{sensor} | {event} | {found['what']}"
    )


def _said(program: str, said: str, sled: str) -> tuple[str, str, bool | None]:
    if found := _STANDARD.fullmatch(said):
        return (*_standard(sled, found["sensor"], found["event"]), found["direction"] != "Deassertion")
    if found := _UNIFIED.fullmatch(said):
        return (*_unified(sled, found["kind"], found["event"]), True)
    if found := _THRESHOLD.fullmatch(said):
        way = "high" if found["side"] == "Upper" else "low"
        kind = _UNITS.get(found["unit"] or "", "Other")
        event = f"{found['side']} {_LEVELS[found['level']]} going {way}"
        return f"{kind} {sled} {found['name']}", event, not found["de"]
    if (program == "fscd" or "ASSERT: " in said) and (found := _FAN.fullmatch(said)):
        return f"Fan {found['name']}", "Transition to Off Line", not (found["de"] or found["back"])
    return f"Other {sled} {program}", said, None


def _standard(sled: str, sensor: str, event: str) -> tuple[str, str]:
    """Processors' words stand in one event: `IERR/CATERR`."""
    if event.startswith("IERR"):
        return f"Processor {sled} {sensor}", "IERR"
    if event.startswith(("MCERR", "RMCA")):
        return f"Processor {sled} {sensor}", "Uncorrectable machine check exception"
    return in_ipmi_words(sled, sensor, event) or (f"Other {sled} {sensor}", event)


def _unified(sled: str, kind: str, told: str) -> tuple[str, str]:
    """Meta's record 0xFB: what failed is told behind its place."""
    slot, place, event = _SLOT.search(told), _PLACE.search(told), _EVENT.search(told)
    said = (event[1] if event else told).strip()
    if kind.strip().upper().startswith("MEM"):
        sensor = f"Memory {sled} DIMM {slot[1] if slot else place[0] if place else ''}".strip()
        if "training fail" in said.lower():
            return sensor, "Configuration Error"
        return sensor, "Uncorrectable ECC" if _TROUBLE.search(told) else "Correctable ECC"
    if "PCIe" in kind:
        event_words = "Bus Fatal Error" if _is_uncorrectable(told) else "Bus Correctable error"
        return f"Critical Interrupt {sled} PCIe", f"{event_words}{_bus(told)}"
    return f"Other {sled} {kind.strip()}", said


def _is_uncorrectable(told: str) -> bool:
    """By the numbers of the errors where they stand (20h and above, but for the message of a correctable one)."""
    numbers = [int(number, 16) for number in _ERROR_ID.findall(told)]
    return any(number >= 0x20 and number != 0x50 for number in numbers) if numbers else bool(_TROUBLE.search(told))


def _bus(told: str) -> str:
    """Where on the bus, as ipmitool adds it."""
    found = _FUNCTION.search(told)
    return (
        f" (PCI bus:{found[1].lower()} device:{found[2].lower()} function:{int(found[3], 16) & 7:x})" if found else ""
    )
