"""What a question asks for, recognised by rule: no model has a say in it. The question's text is data."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

DAY = timedelta(days=1)
MAX_HOSTS = 5
"""Hosts that one answer goes into."""


class Topic(StrEnum):
    """What an answer is about: a closed list, also a metric label."""

    FLEET = "fleet"
    HOST = "host"
    INCIDENT = "incident"
    HOSTS = "hosts"
    CHANGES = "changes"
    LOGS = "logs"
    SERVICES = "services"
    READINGS = "readings"
    UNKNOWN_HOST = "unknown-host"
    OTHER = "other"


class Focus(StrEnum):
    """What of an incident or a host is wanted first."""

    WHOLE = "whole"
    CAUSE = "cause"
    STEPS = "steps"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a conversation is about, by its own setting or by what was asked before."""

    hosts: tuple[str, ...] = ()
    incident_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    topic: Topic
    focus: Focus = Focus.WHOLE
    hosts: tuple[str, ...] = ()
    incident_id: str | None = None
    since: datetime | None = None
    words: tuple[str, ...] = ()
    unknown: str = ""
    near: tuple[str, ...] = ()


_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*[a-z0-9]|[a-z0-9]", re.IGNORECASE)
_ID = re.compile(r"\b[0-9a-f]{8,32}\b")
_AFTER_PREPOSITION = re.compile(
    r"\b(?:on|with|of|at|about|host|server|node|machine)\s+([a-z][a-z0-9._-]*\d[a-z0-9._-]*)", re.IGNORECASE
)
_AGO = re.compile(r"\b(?:last|past)\s+(\d{1,4})?\s*(minute|min|hour|h|day|week)s?\b", re.IGNORECASE)
_CLOCK = re.compile(r"\b(?:since|after|from)\s+(?:(\d{4}-\d\d-\d\d)[ t])?(\d{1,2}):(\d\d)\b", re.IGNORECASE)
_DATE = re.compile(r"\b(?:since|after|from)\s+(\d{4}-\d\d-\d\d)\b", re.IGNORECASE)
_UNITS = {"minute": 60, "min": 60, "hour": 3600, "h": 3600, "day": 86_400, "week": 604_800}

_STEPS = re.compile(
    r"\b(what (?:should|can|do|must) (?:i|we)|what to do|next steps?|how (?:do|can|should) (?:i|we)|fix|repair|mend"
    r"|remed)", re.IGNORECASE
)  # fmt: skip
_CAUSE = re.compile(r"\b(why|cause|reason|root cause|explain|how come)\b", re.IGNORECASE)
_CHANGES = re.compile(
    r"\b(changed?|happen\w*|timeline|history|new since|events?|what was|went on|overnight)\b", re.IGNORECASE
)
_HOSTS = re.compile(
    r"\b(which|what|list|show|how many|any)\b[^.?!]{0,40}\b(hosts?|servers?|nodes?|machines?)\b", re.IGNORECASE
)
_WHOLE_FLEET = re.compile(r"\bfleet\b", re.IGNORECASE)
_LOGS = re.compile(r"\b(logs?|journal|lines?|messages?)\b", re.IGNORECASE)
_SERVICES = re.compile(r"(?<![.\w])(services?|units?|daemons?)\b", re.IGNORECASE)
_READINGS = re.compile(
    r"\b(temperatures?|temp|hot|load|cpu|memory|ram|disks?|space|pressure|metrics?|readings?)\b", re.IGNORECASE
)
_FLEET = re.compile(
    r"\b(fleet|everything|status|overview|summary|situation|how are|how is|all (?:well|ok|good|fine)|healthy"
    r"|incidents?|wrong|broken|problems?|issues?|alerts?|down|failed|failing)\b", re.IGNORECASE
)  # fmt: skip
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "which what list show how many any hosts host servers server nodes node machines machine have has had are"
        " is the a an with of in on at me all do does did to and or there that who where when problem problems"
        " issue issues error errors fault faults trouble affected by currently now right please our my",
    )
)


def recognise(text: str, *, hosts: Sequence[str], incidents: Sequence[str], now: datetime, subject: Subject) -> Asked:
    """`hosts` are the names known, `incidents` ids of incidents known, `subject` what to fall back on."""
    named = hosts_in(text, hosts)
    incident_id = incident_in(text, incidents)
    focus = Focus.STEPS if _STEPS.search(text) else Focus.CAUSE if _CAUSE.search(text) else Focus.WHOLE
    since = since_in(text, now)
    if not named and incident_id is None and (unknown := _unknown_host(text, hosts)):
        near = difflib.get_close_matches(unknown.lower(), [name.lower() for name in hosts], n=3)
        return Asked(topic=Topic.UNKNOWN_HOST, unknown=unknown, near=tuple(n for n in hosts if n.lower() in near))
    wide = not named and incident_id is None and bool(_HOSTS.search(text) or _WHOLE_FLEET.search(text))
    if not named and incident_id is None and not wide:
        named, incident_id = subject.hosts, subject.incident_id
    topic = _topic(text, named=bool(named), incident=incident_id is not None, wide=wide, since=since)
    if topic is Topic.CHANGES and since is None:
        since = now - DAY
    return Asked(
        topic=topic,
        focus=focus,
        hosts=tuple(named[:MAX_HOSTS]),
        incident_id=incident_id,
        since=since,
        words=tuple(word for word in _words(text) if word not in _COMMON),
    )


def _topic(text: str, *, named: bool, incident: bool, wide: bool, since: datetime | None) -> Topic:
    """The first that fits; what names a thing of its own goes before the general."""
    if named and _LOGS.search(text):
        return Topic.LOGS
    if named and _READINGS.search(text) and not _CAUSE.search(text) and not _STEPS.search(text):
        return Topic.READINGS
    if not wide and _SERVICES.search(text) and (named or not incident) and not _CAUSE.search(text):
        return Topic.SERVICES
    if since is not None or (_CHANGES.search(text) and not _CAUSE.search(text) and not incident):
        return Topic.CHANGES
    if incident:
        return Topic.INCIDENT
    if named:
        return Topic.HOST
    if wide and not _WHOLE_FLEET.search(text):
        return Topic.HOSTS
    fits = _FLEET.search(text) or _STEPS.search(text) or _CAUSE.search(text) or wide
    return Topic.FLEET if fits else Topic.OTHER


def hosts_in(text: str, hosts: Iterable[str]) -> tuple[str, ...]:
    """Known hosts that the text names, in its order; a name inside a longer word is none."""
    known = {name.lower(): name for name in hosts}
    found: dict[str, None] = {}
    for match in _NAME.finditer(text):
        if name := known.get(match[0].lower()):
            found[name] = None
    return tuple(found)


def incident_in(text: str, incidents: Sequence[str]) -> str | None:
    """An incident named by its id or the first eight or more characters of it."""
    for match in _ID.finditer(text.lower()):
        fits = [one for one in incidents if one.startswith(match[0])]
        if len(fits) == 1:
            return fits[0]
        if len(match[0]) == 32:
            return match[0]
    return None


def since_in(text: str, now: datetime) -> datetime | None:
    """The time that a question reaches back to; clock times are UTC, and the last of that hour."""
    if match := _AGO.search(text):
        return now - min(timedelta(seconds=int(match[1] or 1) * _UNITS[match[2].lower()]), 365 * DAY)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if match := _CLOCK.search(text):
            day = datetime.fromisoformat(match[1]).replace(tzinfo=now.tzinfo) if match[1] else midnight
            when = day.replace(hour=int(match[2]), minute=int(match[3]))
            return when if match[1] or when <= now else when - DAY
        if match := _DATE.search(text):
            return datetime.fromisoformat(match[1]).replace(tzinfo=now.tzinfo)
    except ValueError:  # 25:00, or the 30th of February
        return None
    lower = text.lower()
    if "yesterday" in lower:
        return midnight - DAY
    if any(word in lower for word in ("overnight", "last night", "tonight", "this night")):
        return min(midnight, now - timedelta(hours=6)) - timedelta(hours=6)
    return midnight if "today" in lower else None


def _unknown_host(text: str, hosts: Sequence[str]) -> str:
    """A name that is made as known hosts are, or follows 'on', 'with', 'host', and is none of them."""
    known = {name.lower() for name in hosts}
    shapes = {_shape(name) for name in known if re.search(r"\d", name)}
    for match in _NAME.finditer(text):
        if _shape(match[0].lower()) in shapes and match[0].lower() not in known:
            return match[0]
    if after := _AFTER_PREPOSITION.search(text):
        name = after[1].rstrip(".")
        return "" if name.lower() in known or not re.search(r"-\d|\d$", name) else name
    return ""


def _shape(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _words(text: str) -> list[str]:
    return [match[0].lower() for match in _NAME.finditer(text)]
