"""What led to an event on one device: everything that is known around its time, and the causes that may be behind it.

The verdicts on incidents come first, as `ranking.py` found them; what a person described is matched against the
catalogue of causes (`described.py`), and stands as what it is: words, no evidence. So there is an answer where the
event log is empty, too, and it says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from groundcrew.contracts.identity import host
from groundcrew.contracts.incidents import Cause, EvidenceSource, Incident, Severity
from groundcrew.contracts.reports import CitedEvent, PossibleCause, RelatedDevice, RootCause
from groundcrew.diagnosis.anomalies import Quiet, Series, anomalies
from groundcrew.diagnosis.citing import most_telling
from groundcrew.diagnosis.described import Catalogue, Meaning, words_of
from groundcrew.diagnosis.topology import SharedKind, Topology

MAX_TIMELINE = 60
MAX_CAUSES = 8
MAX_RELATED = 50
NEAR = timedelta(minutes=30)
SAME_STORY = timedelta(hours=1)
SAME_DAY = timedelta(hours=6)
FITS = 0.34
"""Share of a description's weight that a line must hold to be the one that it means."""

SPEAKS = 0.25
"""Share of it that a cause's words must hold to be told at all."""

BY_WORDS = 0.4
"""The most that words alone are worth."""

AS_SYMPTOM = 0.05
"""What is left of a cause that the verdict calls a symptom."""

MAX_CHATTER = 12
"""Lines of a timeline that no rule spoke of and that are no event-log records."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question, with all that was read to answer it. `incidents` are those of the site within the range, `events`
    those of the device; `event` is the one asked about."""

    device: str
    since: datetime
    until: datetime
    description: str = ""
    event: CitedEvent | None = None
    at: datetime | None = None
    """The time in question where it is known already."""
    incidents: Sequence[Incident] = ()
    events: Sequence[CitedEvent] = ()
    series: Sequence[Series] = ()
    silent: Sequence[Quiet] = ()
    boots: Sequence[datetime] = ()
    absent: Sequence[str] = ()
    topology: Topology
    explained: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Cause id -> ids of all that it can bring about."""


def correlate_for_rca(asked: Asked, catalogue: Catalogue) -> RootCause:
    """Timeline, anomalies around the time in question, devices that share something, and possible causes."""
    own = [one for one in asked.incidents if _is_of(one, asked) or _shared(one, asked)]
    meanings = catalogue.meanings(asked.description) if asked.description.strip() else []
    target, said = _target(asked, own, catalogue)
    causes = _causes(asked, own, meanings, target, catalogue)
    timeline = _timeline(asked.events, target)
    return RootCause(
        device=asked.device,
        target_time=target,
        target=said,
        verdict=_verdict(asked, causes, meanings),
        causes=causes,
        timeline=timeline,
        timeline_left_out=len(asked.events) - len(timeline),
        anomalies=anomalies(asked.series, target) if target is not None else [],
        related=_related(asked, target),
        absent=list(asked.absent),
    )


def _is_of(incident: Incident, asked: Asked) -> bool:
    return asked.device in incident.hosts or incident.entity == host(asked.device)


def _shared(incident: Incident, asked: Asked) -> bool:
    """Whether an incident lies in a feed, switch or rack that the device hangs on."""
    kind, _, name = incident.entity.partition(":")
    return kind in set(SharedKind) and name in asked.topology.shared(asked.device, SharedKind(kind))


# --- the time in question --------------------------------------------------------------------------------------------


def _target(asked: Asked, own: Sequence[Incident], catalogue: Catalogue) -> tuple[datetime | None, str]:
    """When it happened, and how that is known."""
    if asked.at is not None:
        return asked.at, "given"
    if asked.event is not None:
        return asked.event.time, f"{asked.event.source.value} of {asked.event.time:%Y-%m-%d %H:%M:%S} UTC"
    if asked.description.strip():
        grave = [one for one in asked.events if one.severity is not Severity.INFO]
        for events in (grave, asked.events):  # a fault before the chatter that bears the same words
            fits = [(catalogue.fits(one.text, asked.description), one) for one in events]
            best = max(fits, key=lambda pair: (pair[0], pair[1].severity.rank, -pair[1].time.timestamp()), default=None)
            if best is not None and best[0] >= FITS:
                return best[1].time, f"the line that fits the description best, {best[0]:.0%} of its weight"
        if asked.boots and "reboot" in words_of(asked.description):
            return max(asked.boots), "the last start of the host, as its boot time tells"
    gravest = max(own, key=lambda one: (one.severity.rank, one.last_seen, one.id), default=None)
    if gravest is not None:
        return gravest.opened_at, f"the begin of the gravest incident: {gravest.title}"
    if asked.boots:
        return max(asked.boots), "the last start of the host, as its boot time tells"
    if asked.silent:
        longest = max(asked.silent, key=lambda one: one.minutes)
        return longest.start, f"the host said nothing for {longest.minutes:.0f} min from here on"
    return None, "nothing that was recorded dates it"


# --- causes ----------------------------------------------------------------------------------------------------------


def _causes(
    asked: Asked, own: Sequence[Incident], meanings: Sequence[Meaning], target: datetime | None, catalogue: Catalogue
) -> list[PossibleCause]:
    spoken = {meaning.cause.id: meaning.share for meaning in meanings}
    ranked: list[tuple[float, PossibleCause]] = []
    for incident in own:
        if incident.merged_into is not None:
            continue
        near, told = _nearness(incident, target)
        for cause in (incident.cause, *incident.alternatives[:3]):
            fit = _fit(cause, spoken, asked)
            weight = cause.confidence * near * (0.4 + 0.6 * fit if spoken else 1.0)
            ranked.append((weight, _by_evidence(cause, incident, near, told, catalogue)))
    best: dict[tuple[str, str], tuple[float, PossibleCause]] = {}
    for weight, possible in ranked:
        key = possible.cause, possible.component
        if key not in best or best[key][0] < weight:
            best[key] = weight, possible
    known = {possible.cause for _, possible in best.values()}
    shown = _shown(own, meanings, known, catalogue)
    proven = any(cause.by == "evidence" and cause.cause != "unknown" for _, cause in best.values())
    known |= {possible.cause for _, possible in shown}
    # words alone add nothing where what was found says the same, or more of it
    met = max((_fit(one.cause, spoken, asked) for one in own if one.cause.id != "unknown"), default=0.0)
    said = [one for one in meanings if one.share > met]
    found = [*best.values(), *shown, *_by_words(said, known, catalogue, asked, behind=not proven)]
    found.sort(key=lambda pair: (-pair[0], pair[1].by != "evidence", pair[1].cause, pair[1].component))
    return [possible for weight, possible in found if weight > 0.005][:MAX_CAUSES]


def _nearness(incident: Incident, target: datetime | None) -> tuple[float, str]:
    """What the distance in time leaves of a verdict, and a clause that says so where it is not all."""
    if target is None:
        return 1.0, ""
    start, end = incident.opened_at, incident.last_seen
    apart = max(start - target, target - end, timedelta())
    if apart <= SAME_STORY:
        return 1.0, ""
    hours = apart.total_seconds() / 3_600
    return (0.5 if apart <= SAME_DAY else 0.2), f" Its evidence is {hours:.0f} h away from the time in question."


def _fit(cause: Cause, spoken: Mapping[str, float], asked: Asked) -> float:
    """How much of what was described it is, or can bring about."""
    brought = asked.explained.get(cause.id, frozenset())
    return max(spoken.get(cause.id, 0.0), 0.9 * max((spoken[one] for one in spoken if one in brought), default=0.0))


def _by_evidence(cause: Cause, incident: Incident, near: float, told: str, catalogue: Catalogue) -> PossibleCause:
    entry = catalogue.get(cause.entry) or catalogue.get(cause.id)
    said = " ".join(text for text in (cause.why or incident.title, cause.why_not) if text)
    return PossibleCause(
        cause=cause.id,
        component_class=cause.component_class,
        component=cause.component,
        confidence=round(cause.confidence * near, 3),
        by="evidence",
        why=said + ("." if told and not said.endswith(".") else "") + told,
        explanation=entry.explanation if entry else "",
        steps=incident.steps if cause.id == incident.cause.id else list(entry.steps) if entry else [],
        incident_id=incident.id,
    )


def _shown(
    own: Sequence[Incident], meanings: Sequence[Meaning], known: set[str], catalogue: Catalogue
) -> list[tuple[float, PossibleCause]]:
    """What was described and was observed as well, and is the symptom of something else."""
    found: list[tuple[float, PossibleCause]] = []
    for meaning in meanings[:3]:
        cause_id = meaning.cause.id
        if meaning.share < SPEAKS or cause_id in known:
            continue
        for incident in own:
            seen = next((one for one in incident.symptoms if cause_id in one.causes[:1]), None)
            if seen is not None:
                why = f"It was observed ({seen.title}), as a symptom of {incident.cause.id}."
                entry = _from_catalogue(cause_id, AS_SYMPTOM, why, catalogue)
                update = {"by": "evidence", "component": seen.component, "incident_id": incident.id}
                found.append((AS_SYMPTOM, entry.model_copy(update=update)))
                break
    return found


def _by_words(
    meanings: Sequence[Meaning], known: set[str], catalogue: Catalogue, asked: Asked, *, behind: bool
) -> list[tuple[float, PossibleCause]]:
    """What the description speaks for, and where nothing is proven what can bring that about; without evidence."""
    found: list[tuple[float, PossibleCause]] = []
    for meaning in meanings[:3]:
        if meaning.share < SPEAKS:
            break
        worth = BY_WORDS * meaning.share
        if meaning.cause.id not in known:
            said = ", ".join(meaning.words[:6])
            why = f"The description speaks for it ({said}); nothing that was recorded does."
            found.append((worth, _from_catalogue(meaning.cause.id, worth, why, catalogue)))
            known.add(meaning.cause.id)
        for cause_id, brought in sorted(asked.explained.items()):
            if behind and meaning.cause.id in brought and cause_id not in known and meaning is meanings[0]:
                why = f"It can bring about {meaning.cause.id}; nothing that was recorded speaks for it."
                found.append((worth / 4, _from_catalogue(cause_id, worth / 4, why, catalogue)))
                known.add(cause_id)
    return found


def _from_catalogue(cause_id: str, worth: float, why: str, catalogue: Catalogue) -> PossibleCause:
    entry = catalogue.get(cause_id)
    return PossibleCause(
        cause=cause_id,
        component_class=entry.component_class if entry else cause_id.partition(".")[0],
        confidence=round(worth, 3),
        by="description",
        why=why,
        explanation=entry.explanation if entry else "",
        steps=list(entry.steps) if entry else [],
    )


def _verdict(asked: Asked, causes: Sequence[PossibleCause], meanings: Sequence[Meaning]) -> str:
    leading = causes[0] if causes else None
    if leading is not None and leading.by == "evidence" and leading.cause != "unknown":
        part = f" ({leading.component})" if leading.component else ""
        text = f"{leading.cause}{part}, {leading.confidence:.0%} sure: {leading.why}"
        spoken = [one.cause.id for one in meanings if one.share >= SPEAKS]
        brought = asked.explained.get(leading.cause, frozenset())
        described = next((one for one in spoken if one in brought), "")
        if leading.cause in spoken or not spoken:
            return text
        if described:
            return f"{text} It brings about what was described: {described}."
        return f"{text} It does not explain what was described, which is most like {spoken[0]}."
    silent = max(asked.silent, key=lambda one: one.minutes, default=None)
    hint = ""
    if asked.boots:
        hint = f" The host started anew at {max(asked.boots):%Y-%m-%d %H:%M} UTC."
    elif silent is not None:
        hint = f" The host said nothing from {silent.start:%H:%M} to {silent.end:%H:%M} UTC."
    if leading is None or leading.cause == "unknown":
        return f"Unknown: what was recorded of {asked.device} names no cause.{hint}"
    return (
        f"Not proven: nothing that was recorded of {asked.device} names a cause.{hint} By the description alone it is "
        f"most like {leading.cause}."
    )


# --- around it -------------------------------------------------------------------------------------------------------


def _timeline(events: Sequence[CitedEvent], target: datetime | None) -> list[CitedEvent]:
    """What is near the time in question before what is far from it."""
    if target is None:
        return most_telling(events, MAX_TIMELINE)
    telling = [one for one in events if _tells(one)]
    near = [one for one in telling if abs(one.time - target) <= NEAR]
    chosen = most_telling(near, MAX_TIMELINE - MAX_CHATTER)
    ids = {one.id for one in near}
    far = [one for one in telling if one.id not in ids]
    chosen += most_telling(far, MAX_TIMELINE - MAX_CHATTER - len(chosen))
    chatter = sorted((one for one in events if not _tells(one)), key=lambda one: (abs(one.time - target), one.id))
    return sorted([*chosen, *chatter[:MAX_CHATTER]], key=lambda one: (one.time, one.id))


def _tells(one: CitedEvent) -> bool:
    return one.severity is not Severity.INFO or bool(one.incident_id) or one.source is EvidenceSource.SEL


def _related(asked: Asked, target: datetime | None) -> list[RelatedDevice]:
    """Hosts on the same feed, switch or rack; those with incidents first."""
    shares: dict[str, list[str]] = {}
    for kind in SharedKind:
        for element in asked.topology.shared(asked.device, kind):
            for name in asked.topology.hosts_on(kind, element):
                if name != asked.device:
                    shares.setdefault(name, []).append(f"{kind.value} {element}")
    found = []
    for name, elements in sorted(shares.items()):
        own = [one for one in asked.incidents if name in one.hosts and one.merged_into is None]
        found.append(
            RelatedDevice(
                device=name, shares=elements, incidents=[one.id for one in own[:20]], text=_state(own, target)
            )
        )
    return sorted(found, key=lambda one: (not one.incidents, one.device))[:MAX_RELATED]


def _state(incidents: Sequence[Incident], target: datetime | None) -> str:
    if not incidents:
        return "no incident"
    nearest = min(incidents, key=lambda one: abs(one.opened_at - target) if target else timedelta())
    told = f"{len(incidents)} incident{'' if len(incidents) == 1 else 's'}, {nearest.cause.id}"
    if target is None:
        return told
    minutes = (nearest.opened_at - target).total_seconds() / 60
    return f"{told} {abs(minutes):.0f} min {'after' if minutes > 0 else 'before'}"
