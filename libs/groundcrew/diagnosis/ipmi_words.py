"""Events in ipmitool's words, of sentences that say the same in small letters or shorter. Pure."""

import re

from groundcrew.diagnosis.ipmi_tables import GENERIC, SENSOR_TYPES, SPECIFIC

_SHORT = {
    "Power Supply": {
        "failure": "Failure detected", "failed": "Failure detected", "ac lost": "Power Supply AC lost",
        "input lost": "Power Supply AC lost", "input lost or out-of-range": "AC lost or out-of-range",
        "input lost or out of range": "AC lost or out-of-range", "presence": "Presence detected",
        "present": "Presence detected", "configuration error": "Config Error",
    },
    "Physical Security": {"chassis intrusion": "General Chassis intrusion", "intrusion": "General Chassis intrusion"},
    "Drive Slot / Bay": {"drive presence": "Drive Present", "presence": "Drive Present", "fault": "Drive Fault"},
    "Processor": {"presence": "Presence detected", "throttled": "Throttled"},
    "Battery": {"battery low": "Low", "battery failed": "Failed", "presence": "Presence Detected"},
    "Memory": {"single bit error": "Correctable ECC", "multi bit error": "Uncorrectable ECC"},
}  # fmt: skip
"""Sensor type -> what Dell's DRAC and others call an event -> ipmitool's word."""

_TYPES = {kind.lower(): kind for kind in SENSOR_TYPES} | {
    "critical event": "Critical Interrupt", "ps": "Power Supply", "psu": "Power Supply", "drive": "Drive Slot / Bay",
    "event log": "Event Logging Disabled", "cpu": "Processor", "intrusion": "Physical Security",
}  # fmt: skip
_GENERIC = {word.lower(): word for words in GENERIC.values() for word in words}
_SPECIFIC = {
    SENSOR_TYPES[code]: {word.lower(): word for word in words if word}
    for code, words in SPECIFIC.items()
    if code < len(SENSOR_TYPES)
}
_PLACE = re.compile(r"(?P<words>.*?)\s*\(\s*(?P<place>[^()]+?)\s*\)")


def sensor_kind(said: str) -> str:
    """ipmitool's name of a sensor's type; as it was said where the tables have none."""
    return _TYPES.get(said.lower(), said)


def event_words(kind: str, said: str) -> str:
    """ipmitool's words of an event of such a sensor; as it was said where the tables have none."""
    found = _PLACE.fullmatch(said)
    words = found["words"] if found else said
    known = _known(kind, words.lower())
    if known is None and words.lower().startswith(f"{kind.lower()} "):  # table 42-3 repeats the type before many events
        known = _known(kind, words[len(kind) + 1 :].lower())
    return said if known is None else f"{known} ({found['place']})" if found else known


def _known(kind: str, lower: str) -> str | None:
    return _SHORT.get(kind, {}).get(lower) or _SPECIFIC.get(kind, {}).get(lower) or _GENERIC.get(lower)
