"""What a discrete sensor shows, as event log texts: out of its state bits or of the states that a tool printed.

A listing of sensors rarely says of which type a sensor is, so the type is what was printed, else what its name or its
IPMI entity tells, else the one type whose states it shows. Texts are ipmitool's (include/ipmitool/ipmi_sel.h); offsets
are those of IPMI 2.0, tables 42-2 and 42-3; entities those of table 43-13.
"""

import re

from groundcrew.diagnosis.sensors import SILENT, SensorRead

_REDUNDANCY = (
    "Fully Redundant", "Redundancy Lost", "Redundancy Degraded", "Non-Redundant: Sufficient from Redundant",
    "Non-Redundant: Sufficient from Insufficient", "Non-Redundant: Insufficient Resources",
    "Redundancy Degraded from Fully Redundant", "Redundancy Degraded from Non-Redundant",
)  # fmt: skip
STATES: dict[str, tuple[str, ...]] = {
    "Physical Security": (
        "General Chassis intrusion", "Drive Bay intrusion", "I/O Card area intrusion", "Processor area intrusion",
        "System unplugged from LAN", "Unauthorized dock", "FAN area intrusion",
    ),
    "Processor": (
        "IERR", "Thermal Trip", "FRB1/BIST failure", "FRB2/Hang in POST failure",
        "FRB3/Processor startup/init failure", "Configuration Error", "SM BIOS Uncorrectable CPU-complex Error",
        "Presence detected", "Disabled", "Terminator presence detected", "Throttled",
        "Uncorrectable machine check exception", "Correctable machine check error",
    ),
    "Power Supply": (
        "Presence detected", "Failure detected", "Predictive failure", "Power Supply AC lost",
        "AC lost or out-of-range", "AC out-of-range, but present", "Config Error", "Power Supply Inactive",
    ),
    "Power Unit": (
        "Power off/down", "Power cycle", "240VA power down", "Interlock power down", "AC lost",
        "Soft-power control failure", "Failure detected", "Predictive failure",
    ),
    "Memory": (
        "Correctable ECC", "Uncorrectable ECC", "Parity", "Memory Scrub Failed", "Memory Device Disabled",
        "Correctable ECC logging limit reached", "Presence Detected", "Configuration Error", "Spare", "Throttled",
        "Critical Overtemperature",
    ),
    "Drive Slot / Bay": (
        "Drive Present", "Drive Fault", "Predictive Failure", "Hot Spare", "Parity Check In Progress",
        "In Critical Array", "In Failed Array", "Rebuild In Progress", "Rebuild Aborted",
    ),
    "Critical Interrupt": (
        "NMI/Diag Interrupt", "Bus Timeout", "I/O Channel check NMI", "Software NMI", "PCI PERR", "PCI SERR",
        "EISA failsafe timeout", "Bus Correctable error", "Bus Uncorrectable error", "Fatal NMI", "Bus Fatal Error",
        "Bus Degraded",
    ),
    "Cable / Interconnect": ("Connected", "Config Error"),
    "Slot / Connector": ("Fault Status", "Identify Status", "Device Installed"),
    "Battery": ("Low", "Failed", "Presence Detected"),
}  # fmt: skip
"""Sensor type -> the texts of its offsets, in order."""

_OWN_STATES = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"intru|phys.*sc(?:u|rty)", "Physical Security"),
        (r"^(?:psu?|pws|pem|power supply)[ _]?\d+(?:[ _](?:status|state|stat|supply))?$", "Power Supply"),
        (r"^pwr unit (?:status|stat)", "Power Unit"),
        (r"^(?:cpu|p|proc(?:essor)?)[ _]?(?:\d+[ _](?:status|state|stat)|stat(?:us)?[ _]c?\d+)$", "Processor"),
        (r"^(?:drive|hdd|disk|ssd|bay|nvme)[ _]?\d+(?:[ _](?:status|state|stat))?$", "Drive Slot / Bay"),
        (r"^mem(?:ory)?[ _]status$", "Memory"),
        (r"batt|megacell", "Battery"),
    )
)
"""Names of sensors that show the states of their type; only of these are bare bits read by the tables above."""

_BY_NAME = (
    *_OWN_STATES,
    *(
        (re.compile(pattern, re.IGNORECASE), kind)
        for pattern, kind in (
            (r" pg$|volt|vcore|vin", "Voltage"),
            (r"cat_?err|prochot|ierr|^(?:cpu|p|proc)[ _]?\d+.*therm[ _]?trip", "Processor"),
            (r"\bfan|^fans?\b|cooling", "Fan"),
            (r"dimm|\bmem|\becc\b", "Memory"),
            (r"cable", "Cable / Interconnect"),
            (r"^(?:psu?|pws|pem|power supply)[ _]?\d+", "Power Supply"),
        )
    ),
)
_REDUNDANT = re.compile(r"redun|\bfans$|power supplies", re.IGNORECASE)
_BY_ENTITY = {
    "3": "Processor", "4": "Drive Slot / Bay", "8": "Memory", "10": "Power Supply", "19": "Power Unit",
    "21": "Power Unit", "26": "Drive Slot / Bay", "29": "Fan", "30": "Fan", "32": "Memory", "40": "Battery",
}  # fmt: skip
_PART = {"3": "CPU", "4": "Drive", "8": "DIMM", "10": "Power Supply", "26": "Drive", "29": "Fan", "32": "DIMM"}
_VAGUE = re.compile(r"(?:status|presence|temp|current|voltage|power|redundancy|state)(?: #\d+)?", re.IGNORECASE)
_HEX = re.compile(r"0x[0-9a-fA-F]{1,8}")
_ILL_NAME = re.compile(r"fault|fail|prochot|cat_?err|ierr|therm[ _]?trip|vr_?hot|\bhot$", re.IGNORECASE)
_ASSERTED = 0b10
"""Event type 03h, digital discrete: offset 01h is State Asserted. Only of a sensor that is named for a fault is that
one."""
MAX_STATES = 32
"""States of one sensor that are looked at; IPMI knows of 15."""

_ALL = {text.lower(): kind for kind, texts in reversed(STATES.items()) for text in texts}


_NOW = {"Rebuild In Progress": "Array is being rebuilt"}
"""What a log tells of a moment, and a sensor of what is so now."""


def events_of(read: SensorRead) -> list[tuple[str, str]]:
    """(`<type> <name>`, event text) of each state that the sensor shows. A sensor that is not read shows none: its
    `Disabled` is the sensor's, not the part's."""
    if read.status == "ns" and read.text.lower() in SILENT:
        return []
    kind = read.kind or _kind_by_name(read.sensor) or _BY_ENTITY.get(read.entity.partition(".")[0], "")
    texts = _split(read.text) if read.states is None else _texts(kind, read)
    shown = ((_shown_by(kind, text, printed=bool(read.kind)), text) for text in texts)
    return [(f"{of} {part_name(read)}", _NOW.get(text, text)) for of, text in shown if of]


def _shown_by(kind: str, text: str, *, printed: bool) -> str:
    """The type of a sensor that shows this: its own where that has such a state, else the type that has."""
    if "redundan" in text.lower():
        return kind if kind in {"Fan", "Memory", "Power Unit", "Cooling Device"} else "Power Supply"
    by_text = _ALL.get(text.lower(), "")
    own = printed or not by_text or kind not in STATES or text in STATES[kind]
    return kind if kind and own else by_text


def _kind_by_name(name: str) -> str:
    return next((kind for pattern, kind in _BY_NAME if pattern.search(name)), "")


def _texts(kind: str, read: SensorRead) -> list[str]:
    """The texts of state bits; of a type that is not known, or without states of its own, none."""
    if _ILL_NAME.search(read.sensor):
        return ["State Asserted"] if read.states == _ASSERTED else []
    if _REDUNDANT.search(read.sensor):
        texts: tuple[str, ...] = _REDUNDANCY
    elif read.kind or any(pattern.search(read.sensor) for pattern, _ in _OWN_STATES):
        texts = STATES.get(kind, ())
    else:
        texts = ()
    return [text for offset, text in enumerate(texts) if (read.states or 0) >> offset & 1]


def _split(text: str) -> list[str]:
    """States of a list of them, of which one has a comma of its own."""
    if not text or _HEX.fullmatch(text):
        return []
    parts = text.replace("range, but", "range; but").split(",", MAX_STATES)[:MAX_STATES]
    return [part.strip() for part in parts if part.strip()]


def part_name(read: SensorRead) -> str:
    """The sensor's name; of one that is only called `Status` or `Temp`, what its IPMI entity is."""
    number, _, instance = read.entity.partition(".")
    if _VAGUE.fullmatch(read.sensor) and (part := _PART.get(number)) and instance:
        return f"{part} {instance}"
    return read.sensor
