"""Messages that speak of one sensor, in ipmitool's words for sensor and event.

Makers and registries say the same of a threshold or a discrete state in sentences of their own. Put into the words of
the tables of IPMI 2.0 (42-1 to 42-3), the rules of event logs read them all, and beginning and end find each other.

Sources of the sentences: bmcweb openbmc_message_registry; DMTF registries SensorEvent, Environmental and Power; DMTF
DSP8007 (PLAT0470 to PLAT0500), which IBM's and Lenovo's controllers use; logs of Cisco's CIMC and Dell's DRAC
(`<name>: <type> sensor, <state> was asserted`). Nothing raises.
"""

import re

from groundcrew.diagnosis.ipmi_words import event_words, sensor_kind
from groundcrew.diagnosis.openmanage_words import in_alert_words

_SENTENCES = (
    re.compile(
        r"(?P<name>\S.*?) sensor crossed an? (?P<level>warning|critical|hard|soft)(?:[ -]?shutdown)? "
        r"(?P<side>high|low) threshold going (?P<way>high|low)\b.*",
        re.IGNORECASE | re.DOTALL,
    ),
    re.compile(
        r"Numeric sensor (?P<name>.+?) going (?P<way>low|high) \((?P<side>lower|upper) (?P<level>[a-z-]+)\)"
        r"(?: has (?P<direction>(?:de)?asserted))?\.?",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<kind>\w+) ['\"]?(?P<name>[^'\"]+?)['\"]? (?:reading|speed)\b.*? is (?:now )?(?P<way>above|below) the \S+ "
        r"(?P<side>lower|upper) (?P<level>\w+) threshold\b.*",
        re.IGNORECASE | re.DOTALL,
    ),
    re.compile(
        r"(?:\[[A-Z]{2,6}-\d+\] )?(?P<name>[\w.+/#-]+(?: [\w.+/#-]+){0,4}?)[:, ]+"
        r"(?P<side>lower|upper) (?P<level>non-critical|critical|"
        r"non-recoverable)(?: -)? going (?P<way>low|high)(?:\W+(?P<direction>(?:de)?assert\w*))?\W*",
        re.IGNORECASE,
    ),
)
_NORMAL = re.compile(
    r"(?P<kind>\w+) ['\"](?P<name>[^'\"]+)['\"] (?:reading|speed)\b.*? (?:within|returned to) (?:a |the )?normal\b.*",
    re.IGNORECASE | re.DOTALL,
)
_DISCRETE = re.compile(
    r"(?:FRU_\w+ )?(?P<name>[\w ./#+-]+?): (?P<kind>[A-Za-z /]+?)(?: redundancy)? sensor(?: for [^,]{1,60})?, "
    r"(?:failure event, )?(?P<event>\S.*?)(?:,? (?:event )?(?:was|is|has))? (?P<direction>(?:de)?asserted)"
    r"(?: while .{1,60}| \(\d+\)|, reading was (?P<reading>lower|higher) than .{1,40})?\.?",
    re.IGNORECASE,
)
_LEVELS = {
    "warning": "Non-critical", "caution": "Non-critical", "non-critical": "Non-critical", "critical": "Critical",
    "fatal": "Non-recoverable", "non-recoverable": "Non-recoverable", "soft": "Non-recoverable",
    "hard": "Non-recoverable",
}  # fmt: skip
_SIDES = {"high": "Upper", "upper": "Upper", "low": "Lower", "lower": "Lower"}
_WAYS = {"high": "high", "above": "high", "low": "low", "below": "low"}
_KINDS = {
    "platform": "Platform Alert", "presence": "Entity Presence", "drive slot": "Drive Slot / Bay",
    "event log": "Event Logging Disabled", "cable": "Cable / Interconnect", "watchdog": "Watchdog2",
}  # fmt: skip
"""What such a sentence calls a sensor's type -> ipmitool's name; others are called the same."""

_BY_UNIT = (
    (re.compile(r"\((?:RPM|\{rev\}/min)\)|\bRPM\b", re.IGNORECASE), "Fan"),
    (re.compile(r"\((?:Cel|degC|C)\)|\bdegrees\b", re.IGNORECASE), "Temperature"),
    (re.compile(r"\(V\)|\bvolts\b", re.IGNORECASE), "Voltage"),
    (re.compile(r"\(A\)|\bamp(?:ere)?s\b", re.IGNORECASE), "Current"),
    (re.compile(r"\(W\)|\bwatts\b", re.IGNORECASE), "Power Unit"),
)
_BY_NAME = (
    (re.compile(r"fan|tach|blower", re.IGNORECASE), "Fan"),
    (
        re.compile(r"temp|therm|inlet|ambient|exhaust|hotspot|(?:^|_)(?:die(?:_|$)|tctl)", re.IGNORECASE),
        "Temperature",
    ),
    (re.compile(r"volt|vcore|vbat|cmos|batt|vdd|vin|vout|(?:^|[_ +])P?\d+(?:[._]\d+)?V", re.IGNORECASE), "Voltage"),
    (re.compile(r"curr|amps|iout|iin", re.IGNORECASE), "Current"),
    (re.compile(r"power|pwr|watt", re.IGNORECASE), "Power Unit"),
)
_SUPPLY = re.compile(r"(?:PSU?|PWS)[ _]?\d", re.IGNORECASE)
_OF_KIND = {kind.partition(" ")[0].lower(): kind for _, kind in _BY_NAME}
_EVENTS = {
    "warning": "Non-critical",
    "warning event": "Non-critical",
    "failure": "Critical",
    "failure event": "Critical",
}
_OUTWARD = {"Temperature": "higher", "Fan": "lower"}
"""On which side such a sensor fails, where the sentence does not say so."""
_READING = re.compile(r", (?=Reading\b)", re.IGNORECASE)


def in_sensor_words(message: str) -> tuple[str, str, bool] | None:
    """Sensor, event and whether it holds; None where the message is of another form."""
    text = message.strip()
    for sentence in _SENTENCES:
        if found := sentence.fullmatch(text):
            return _crossed(found, text)
    if found := _NORMAL.fullmatch(text):
        return f"{_kind(found['kind'], found['name'], text)} {found['name']}", "Transition to OK", True
    if found := _DISCRETE.fullmatch(text):
        return _discrete(found)
    return in_alert_words(text)


def _crossed(found: re.Match[str], text: str) -> tuple[str, str, bool] | None:
    parts = found.groupdict()
    level = _LEVELS.get(parts["level"].lower())
    if level is None:
        return None
    side, way = _SIDES[parts["side"].lower()], _WAYS[parts["way"].lower()]
    outward = "high" if side == "Upper" else "low"
    holds = way == outward and not (parts.get("direction") or "").lower().startswith("de")
    name = parts["name"].strip().removesuffix(" Tach")
    return f"{_kind(parts.get('kind') or '', name, text)} {name}", f"{side} {level} going {outward}", holds


def _discrete(found: re.Match[str]) -> tuple[str, str, bool]:
    said, event = found["kind"].strip(), _READING.sub(" ; ", found["event"].strip())
    kind = _KINDS.get(said.lower()) or sensor_kind(said)
    if (event.lower() == "predictive failure" and kind != "Power Supply") or event.lower() == "state":
        event += " Asserted"
    holds = not found["direction"].lower().startswith("de")
    name, level = found["name"].strip(), _EVENTS.get(event.lower())
    if level and (crossing := _kind(said, name, "")) in _OUTWARD:
        reading = found["reading"]
        side, way = ("Lower", "low") if (reading or _OUTWARD[crossing]).lower() == "lower" else ("Upper", "high")
        return f"{crossing} {name}", f"{side} {level} going {way}", holds
    return f"{kind} {name}", event_words(kind, event), holds


def _kind(said: str, name: str, text: str) -> str:
    """The sensor's type: as said, else by its unit, else by its name."""
    if kind := _OF_KIND.get(said.lower()):
        return kind
    found = next((kind for unit, kind in _BY_UNIT if unit.search(text)), None)
    return found or next((kind for words, kind in _BY_NAME if words.search(name)), "Other")


def sensor_type(name: str) -> str:
    """ipmitool's type of a sensor of which only the name is known."""
    return "Power Supply" if _SUPPLY.match(name) and not _BY_NAME[0][0].search(name) else _kind("", name, "")
