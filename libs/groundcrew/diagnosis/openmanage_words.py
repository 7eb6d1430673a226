"""Alerts of Dell's OpenManage Server Administrator in ipmitool's words for sensor and event.

Its alerts name the sensor behind `Sensor location:` and say of a state only that it is a warning, a failure or normal
again, so that temperatures count as too high, fans as too slow and voltages as out of range. Nothing raises.

Source of the sentences: Dell OpenManage Server Administrator Messages Reference, 1050 to 1706 and 2048 to 2192.
"""

import re

Said = tuple[str, str, bool]
"""Sensor, event and whether it holds."""

_SENSOR = re.compile(
    r"(?P<kind>Temperature|Fan|Voltage|Current|Processor|Battery|Power supply) (?:sensor )?"
    r"(?:returned to (?:a )?normal(?: value)?|detected a (?P<level>warning|failure|non-recoverable)(?: value)?)"
    r"(?=\W|$)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_MEMORY = re.compile(
    r"Memory device status is (?P<level>non-critical|critical|non-recoverable)\b(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_REDUNDANCY = re.compile(
    r"Redundancy (?P<state>lost|degraded|regained|normal)\s+Redundancy unit:\s*(?P<name>.{1,60}?)"
    r"(?=\s+(?:Chassis location|Previous)|\s{2}|\s*$).*",
    re.IGNORECASE | re.DOTALL,
)
_INPUT = re.compile(r"AC power has been (?P<state>lost|restored)\b(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_INTRUSION = re.compile(
    r"Chassis intrusion (?P<state>detected|in progress|returned to normal)\b(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_DRIVE = re.compile(
    r"(?P<said>Device failed|Predictive failure reported|(?:Device|Physical disk) returned to normal|"
    r"Physical disk (?:online|rebuild completed))[.: ]+"
    r"(?P<name>Physical Disk \d+(?::\d+){1,2}\b.{0,60}?)(?:\s*\(.*)?",
    re.IGNORECASE | re.DOTALL,
)
_VOLUME = re.compile(
    r"(?P<said>Virtual disk (?:degraded|failed)|Redundancy (?:lost|degraded|normal)|"
    r"(?:Device|Virtual disk) returned to (?:normal|optimal state)|Virtual disk rebuild completed)[.: ]+"
    r"Virtual Disk (?P<number>\d+)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_PLACE = re.compile(
    r"(?:Sensor|Probe|Memory device) location:\s*(?P<place>\S.{0,59}?)"
    r"(?=\s+(?:Chassis location|Previous|Possible)|\s{2}|\s*$)",
    re.IGNORECASE | re.DOTALL,
)
_LEVELS = {"warning": "Non-critical", "failure": "Critical", "non-recoverable": "Non-recoverable"}
_CROSSED = {"Temperature": "Upper {} going high", "Fan": "Lower {} going low"}
_BECAME = {
    "Non-critical": "Transition to Non-critical from OK", "Critical": "Transition to Critical from less severe",
    "Non-recoverable": "Transition to Non-recoverable from less severe",
}  # fmt: skip
_REDUNDANT = {
    "lost": "Redundancy Lost", "degraded": "Redundancy Degraded", "regained": "Fully Redundant",
    "normal": "Fully Redundant",
}  # fmt: skip
_PROCESSOR = re.compile(r"\b(IERR|Thermal Trip|Configuration Error)\b", re.IGNORECASE)
_WORDS_OF_PROCESSOR = {"ierr": "IERR", "thermal trip": "Thermal Trip", "configuration error": "Configuration Error"}
_OK = "Transition to OK"


def in_alert_words(text: str) -> Said | None:
    """None where the text is no alert of OpenManage."""
    if found := _SENSOR.fullmatch(text):
        return _sensor(found)
    if found := _MEMORY.fullmatch(text):
        return f"Memory {_place(found)}".strip(), _memory(found), True
    if found := _REDUNDANCY.fullmatch(text):
        return _redundant(found["name"].strip()), _REDUNDANT[found["state"].lower()], True
    if found := _INPUT.fullmatch(text):
        return f"Power Supply {_place(found)}".strip(), "Power Supply AC lost", found["state"].lower() == "lost"
    if found := _INTRUSION.fullmatch(text):
        holds = "normal" not in found["state"].lower()
        return f"Physical Security {_place(found)}".strip(), "General Chassis intrusion", holds
    if found := _DRIVE.fullmatch(text):
        said = found["said"].lower()
        event = {"device failed": "Drive Fault", "predictive failure reported": "Predictive Failure"}.get(said, _OK)
        return f"Drive Slot / Bay {found['name']}", event, True
    if found := _VOLUME.fullmatch(text):
        said = found["said"].lower()
        event = "In Failed Array" if said.endswith("failed") else "In Critical Array"
        return f"Drive Slot / Bay VD {found['number']}", event, said.endswith(("failed", "degraded", "lost"))
    return None


def _place(found: re.Match[str]) -> str:
    place = _PLACE.search(found["rest"])
    return place["place"].strip() if place else ""


def _sensor(found: re.Match[str]) -> Said:
    kind = "Power Supply" if found["kind"].lower() == "power supply" else found["kind"].capitalize()
    level = _LEVELS.get((found["level"] or "").lower(), "")
    if not level:
        event = _OK
    elif kind == "Power Supply":
        event = _supply(found["rest"])
    elif kind == "Battery":
        event = "Low" if level == "Non-critical" else "Failed"
    elif kind == "Processor" and (state := _PROCESSOR.search(found["rest"])):
        event = _WORDS_OF_PROCESSOR[state[1].lower()]
    else:
        event = _CROSSED.get(kind, _BECAME[level]).format(level)
    return f"{kind} {_place(found)}".strip(), event, True


def _supply(rest: str) -> str:
    """What its `Power Supply state:` names; a supply without input says that it failed, too."""
    state = rest.lower()
    if "ac lost" in state or "input lost" in state:
        return "Power Supply AC lost"
    return "Predictive failure" if "predictive failure" in state else "Failure detected"


def _memory(found: re.Match[str]) -> str:
    cause = found["rest"].lower()
    if "single bit" in cause:
        return "Correctable ECC logging limit reached"
    return "Uncorrectable ECC" if "multi bit" in cause else _BECAME[found["level"].capitalize()]


def _redundant(unit: str) -> str:
    lower = unit.lower()
    kind = "Fan" if "fan" in lower or "cooling" in lower else "Memory" if "mem" in lower else "Power Supply"
    return f"{kind} {unit}"
