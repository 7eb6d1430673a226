"""Entries of a Redfish log as event log records.

Where an entry says its sensor type and a code of IPMI's tables, or its message speaks of one sensor, sensor and event
are put in ipmitool's words, so that the same rules read them. Any other entry has `Redfish <MessageId>` for its sensor
and the message for its event; rules-redfish.toml knows what the makers' registries say. Nothing raises.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from groundcrew.diagnosis.ipmi_words import event_words
from groundcrew.diagnosis.message_words import in_sensor_words
from groundcrew.diagnosis.redfish import Resource, listing, path_of, resource, told, words
from groundcrew.diagnosis.redfish_words import ENTRY_CODES, SENSOR_TYPES

MAX_MESSAGE = 2_000
_NUMBER = re.compile(r"\d{1,18}")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,6})?\d*\s*(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)
_RECOVERED = re.compile(
    r"\bde-?assert(?:ed|ion)\b|^\W*(?:(?:alarm|alert|event|fault) )?(?:recovered|cleared|resolved|repaired)\b|"
    r"\((?:recovered|cleared|resolved|repaired)\)\W*$|\b(?:failure|fault|error|alarm) (?:is |was |has been )?"
    r"(?:recovered|cleared|resolved|repaired)\W*$|"
    r"\bfrom (?:failed|faulty|critical|warning|degraded) to (?:normal|ok)\b",
    re.IGNORECASE,
)
"""Deasserted, or a whole sentence of a fault that is marked as past."""

_HOLDS = re.compile(r"\bassert(?:ed|ion)\b", re.IGNORECASE)
_NAMED = re.compile(
    r"(?P<name>[^:|]{1,60}?) ?: ?(?P<direction>(?:de-?)?assert)(?:ed)? ?: ?(?P<event>\S.*)", re.IGNORECASE | re.DOTALL
)
_NAMED_LAST = re.compile(
    r"(?P<name>[^:|]{1,60}?) ?: ?(?P<event>\S[^:]*?) ?: ?(?P<direction>(?:de-?)?assert)(?:ed)?\b.*",
    re.IGNORECASE | re.DOTALL,
)
"""How AMI's MegaRAC and what is built on it writes a record of the log of IPMI: the direction in the middle or last."""
_OF_TYPE = re.compile(
    r"Sensor (?P<name>\S[^:|]{0,60}?) of type [^:|]{1,60}: ?(?P<event>\S.*)", re.IGNORECASE | re.DOTALL
)
"""Another of its ways: the sentence of one sensor without the direction, which the entry's code tells."""
_ARGUMENT = re.compile(r"%(\d{1,2})")


@dataclass(frozen=True, slots=True)
class RedfishEntry:
    """One entry. `digest` is the same for as long as the entry is there, whatever is marked on it (repaired, resolved,
    counted up); `seconds` is its stamp since 1970, None where it has none that can be read."""

    entry_id: str
    record_id: int
    seconds: int | None
    source_time: str
    sensor: str
    event: str
    asserted: bool | None
    text: str
    digest: str


def parse_entry(value: Any) -> RedfishEntry | None:
    """None where it is no entry: no object, or one that says nothing. One without an id goes by its stamp."""
    entry = resource(value)
    message, created = _message(entry), words(entry.get("Created"), 60)
    entry_id = _id(entry) or (created if message else "")
    if not entry_id or not (message or created or "EntryType" in entry):
        return None
    message_id = _message_id(entry)
    sensor, event, asserted = _said(entry, message, message_id)
    shown = (message_id, told(entry.get("Severity")), message or event)
    return RedfishEntry(
        entry_id=entry_id,
        record_id=int(found[0]) if (found := _NUMBER.search(entry_id)) else 0,
        seconds=stamp(created),
        source_time=created,
        sensor=sensor,
        event=event,
        asserted=asserted,
        text=" | ".join(part for part in shown if part),
        digest=_digest(entry, entry_id, created, message_id, message),
    )


def _id(entry: Resource) -> str:
    return words(entry.get("Id")) or words(entry.get("RecordId")) or path_of(entry).rstrip("/").rpartition("/")[2]


def id_of_link(path: str) -> str:
    """The id that the entry behind a link most likely has."""
    return path.rstrip("/").rpartition("/")[2]


def _message_id(entry: Resource) -> str:
    """MessageId, or what stands for it: AMI and old iDRACs give a bare number or nothing."""
    found = told(entry.get("MessageId")) or told(entry.get("MessageID"))
    return found or told(entry.get("EventId"))


def _message(entry: Resource) -> str:
    """The message with its arguments filled in; without one, what the maker's part of the entry says."""
    message = words(entry.get("Message"), MAX_MESSAGE)
    arguments = [words(argument) for argument in listing(entry.get("MessageArgs"))[:32]]
    if arguments and "%" in message:
        message = _ARGUMENT.sub(lambda found: _argument(arguments, found), message)[:MAX_MESSAGE]
    return message or words(entry.get("Description"), MAX_MESSAGE)


def _argument(arguments: list[str], found: re.Match[str]) -> str:
    place = int(found[1]) - 1
    return arguments[place] if 0 <= place < len(arguments) else found[0]


def _said(entry: Resource, message: str, message_id: str) -> tuple[str, str, bool | None]:
    kind = told(entry.get("SensorType"))
    code = ENTRY_CODES.get(words(entry.get("EntryCode")))
    asserted = False if _is_over(entry) else _direction(entry, message)
    if kind and code is not None:
        event, holds = code
        named = _named(message)
        name = named["name"].strip() if named else _sensor_name(entry)
        sensor = f"{SENSOR_TYPES.get(kind, kind)} {name}".strip()
        return sensor, event, False if asserted is False else holds
    if kind and (named := _named(message)):
        holds = not named["direction"].lower().startswith("de") and not _is_over(entry)
        return f"{SENSOR_TYPES.get(kind, kind)} {named['name'].strip()}", named["event"].strip(), holds
    if kind and (typed := _OF_TYPE.fullmatch(message)):
        return (*_typed(kind, typed), asserted is not False)
    if spoken := in_sensor_words(message):
        sensor, event, holds = spoken
        return sensor, event, False if _is_over(entry) else holds
    return f"Redfish {message_id}".strip(), message, asserted


def _typed(kind: str, found: re.Match[str]) -> tuple[str, str]:
    """Sensor and event; readings are the event's detail."""
    words_of_kind = SENSOR_TYPES.get(kind, kind)
    event, reading, rest = found["event"].strip().partition(", Reading")
    said = event_words(words_of_kind, event)
    return f"{words_of_kind} {found['name']}", f"{said} ;{reading[1:]}{rest}" if reading else said


def _named(message: str) -> re.Match[str] | None:
    return _NAMED.fullmatch(message) or _NAMED_LAST.fullmatch(message)


def _sensor_name(entry: Resource) -> str:
    """What the condition came from, else the sensor's number as ipmitool prints it."""
    origin = resource(resource(entry.get("Links")).get("OriginOfCondition")).get("@odata.id")
    name = words(origin).rstrip("/").rpartition("/")[2] if isinstance(origin, str) else ""
    if "/Sensors/" in words(origin, 400):
        return name
    found = entry.get("SensorNumber")
    return f"#{found:#04x}" if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= 255 else ""


def _is_over(entry: Resource) -> bool:
    """Marked as repaired (HPE's IML) or resolved (LogEntry 1.12, OpenBMC)."""
    if entry.get("Resolved") is True:
        return True
    oem = resource(entry.get("Oem"))
    return any(resource(oem.get(maker)).get("Repaired") is True for maker in ("Hpe", "Hp"))


def _direction(entry: Resource, message: str) -> bool | None:
    code = words(entry.get("EntryCode"))
    if code == "Deassert" or _RECOVERED.search(message):
        return False
    return True if code == "Assert" or _HOLDS.search(message) else None


def stamp(text: str) -> int | None:
    """Seconds since 1970; without a zone it counts as UTC, as Redfish writes no other."""
    found = _STAMP.fullmatch(text.strip())
    if found is None:
        return None
    zone = (found[4] or "Z").upper().replace("Z", "+00:00")
    try:
        when = datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}")
        return int(when.astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        return None


def _digest(entry: Resource, entry_id: str, created: str, message_id: str, message: str) -> str:
    digest = blake2b(digest_size=16)
    more = (words(entry.get(name)) for name in ("SensorType", "SensorNumber", "EntryCode"))
    for part in (entry_id, created, message_id, message, *more):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(4, "big") + data)
    return digest.hexdigest()
