"""Redfish resources as what they are: JSON that a BMC's firmware wrote. Nothing of it is believed to have the type that
the schema promises (DSP0266, DSP0268), and nothing here raises."""

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

MAX_WORDS = 200
"""Characters of a name, a model, a serial number at most."""

MAX_PATH = 1_000
_BLANKS = re.compile(r"\s+")
_NOTHING = frozenset(
    {"", "n/a", "na", "none", "null", "unknown", "not available", "not specified", "to be filled by o.e.m."}
)
_HEALTH = {"ok": "OK", "warning": "Warning", "critical": "Critical"}

Resource = Mapping[str, Any]


def resource(value: Any) -> Resource:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """The value where it is an array; an object in place of an array of one (Cisco's PowerControl) is that array."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, dict) else []


def words(value: Any, most: int = MAX_WORDS) -> str:
    """Text on one line, cut; numbers as text, anything else empty."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    text = str(value)[: 4 * most]
    if not text.isprintable() or "  " in text:
        text = "".join(character for character in _BLANKS.sub(" ", text) if character.isprintable())
    return text.strip()[:most]


def told(value: Any) -> str:
    """As `words`, empty also where the firmware says that it does not know."""
    text = words(value)
    return "" if text.lower() in _NOTHING else text


def number(value: Any) -> float | None:
    """A finite number; text that is one (HPE's iLO 4, Supermicro) counts."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value[:40])
        except ValueError:
            return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if isfinite(found) else None


def path_of(value: Any) -> str:
    """The path of a link, empty where it is none or leads to another service: our token goes to no other host."""
    link = value.get("@odata.id", value.get("href")) if isinstance(value, dict) else value
    if not isinstance(link, str) or len(link) > MAX_PATH:
        return ""
    return link if link.startswith("/redfish/") and link.isprintable() and " " not in link else ""


def next_path(collection: Resource) -> str:
    """The path of the next page; some services write it as a whole URL, or without `Members` (iDRAC 8)."""
    link = collection.get("Members@odata.nextLink", collection.get("@odata.nextLink"))
    if isinstance(link, dict):
        link = link.get("@odata.id")
    if not isinstance(link, str) or len(link) > MAX_PATH:
        return ""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    return path_of(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def is_link(member: Any) -> bool:
    """Whether a member of a collection is only a reference to be followed."""
    return isinstance(member, dict) and bool(path_of(member)) and all(key.startswith("@odata.") for key in member)


def health_of(value: Resource) -> str:
    """`OK`, `Warning` or `Critical` of its own Status; empty where it says none."""
    status = resource(value.get("Status"))
    for name in ("Health", "HealthRollup", "HealthRollUp"):
        if found := _HEALTH.get(words(status.get(name)).lower()):
            return found
    return ""


def state_of(value: Resource) -> str:
    """`Enabled`, `Absent`, `UnavailableOffline`, ...; empty where it says none."""
    return words(resource(value.get("Status")).get("State"), 40)


def is_there(value: Resource) -> bool:
    """Whether the part is in its place: an empty bay is listed, too."""
    return state_of(value) not in {"Absent", "Disabled"}


def objects(value: Any) -> Iterator[Resource]:
    """The objects of an array."""
    return (item for item in listing(value) if isinstance(item, dict))
