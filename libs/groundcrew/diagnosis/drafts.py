"""Trigger events before they are sealed: made out of tracks, and kept as JSON where they are to be told later."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from groundcrew.contracts.clock import from_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Evidence, TriggerRaised, TriggerState
from groundcrew.diagnosis.templates import fill
from groundcrew.diagnosis.tracks import Cited, Hit, Spec, Track

MAX_TITLE = 300
_KEPT_EVIDENCE = 2
"""Cited observations of a trigger that is kept in an entity's state: the first and the newest."""


@dataclass(frozen=True, slots=True)
class TriggerDraft:
    """A trigger event to be sealed: its deterministic id, where and when, and the data."""

    id: str
    entity: str
    time_us: int
    data: TriggerRaised

    def kept(self) -> list[Any]:
        """A JSON form that `taken_out` reads."""
        evidence = self.data.evidence
        some = evidence if len(evidence) <= _KEPT_EVIDENCE else [evidence[0], evidence[-1]]
        data = self.data.model_copy(update={"evidence": some})
        return [self.id, self.time_us, data.model_dump(mode="json")]


def raised(envelope: Envelope[Any], spec: Spec, component: str, track: Track, more: str = "") -> TriggerDraft:
    """What a track tells now; `more` goes behind the title."""
    cited = track.evidence
    trigger_id = stable_id(envelope.site, spec.rule_id, envelope.entity, component, cited[0].id)
    first, last = min(c.time_us for c in cited), track.newest_us
    data = TriggerRaised(
        rule_id=spec.rule_id,
        severity=spec.severity,
        title=_title(spec, track.captures, envelope, more),
        causes=list(spec.causes),
        component_class=spec.component_class,
        component=component,
        count=max(track.count, 1),
        first_seen=from_us(first),
        last_seen=from_us(last),
        captures=dict(sorted(track.captures.items())),
        uncertainty_s=unsure(cited),
        evidence=_evidence(cited, envelope.entity, spec.rule_id, component, trigger_id),
        ends=spec.recovers,
    )
    return TriggerDraft(trigger_id, envelope.entity, last, data)


def cleared(envelope: Envelope[Any], hit: Hit, component: str, track: Track) -> TriggerDraft:
    """The end of a track."""
    spec, cited = hit.spec, hit.cited
    trigger_id = stable_id(envelope.site, spec.rule_id, envelope.entity, component, cited.id, "cleared")
    seen = from_us(cited.time_us)
    data = TriggerRaised(
        rule_id=spec.rule_id,
        state=TriggerState.CLEARED,
        severity=spec.severity,
        title=_title(spec, {**track.captures, **hit.captures}, envelope),
        causes=list(spec.causes),
        component_class=spec.component_class,
        component=component,
        count=max(track.count, 1),
        first_seen=seen,
        last_seen=seen,
        captures=dict(sorted(hit.captures.items())),
        uncertainty_s=unsure([cited]),
        evidence=_evidence([cited], envelope.entity, spec.rule_id, component, trigger_id),
    )
    return TriggerDraft(trigger_id, envelope.entity, cited.time_us, data)


def entitled(draft: TriggerDraft, more: str, **captures: str) -> TriggerDraft:
    """The same with more behind its title, and what that says among its captures."""
    update = {
        "title": _cut(draft.data.title, more),
        "captures": dict(sorted({**draft.data.captures, **captures}.items())),
    }
    return TriggerDraft(draft.id, draft.entity, draft.time_us, draft.data.model_copy(update=update))


def taken_out(kept: Sequence[Any], entity: str) -> TriggerDraft:
    """What `TriggerDraft.kept` gave."""
    trigger_id, when, data = kept
    return TriggerDraft(trigger_id, entity, when, TriggerRaised.model_validate(data))


def still_so(kept: Sequence[Any], entity: str, site: str, when: int) -> TriggerDraft:
    """A trigger that was told in silence, to be raised at `when` as it is still so."""
    told = taken_out(kept, entity)
    trigger_id = stable_id(site, told.id, when, "after a silence")
    evidence = [each.model_copy(update={"trigger_id": trigger_id}) for each in told.data.evidence]
    data = told.data.model_copy(update={"silenced_by": "", "last_seen": from_us(when), "evidence": evidence})
    return entitled(TriggerDraft(trigger_id, entity, when, data), "(still so after a silence)")


def _title(spec: Spec, captures: dict[str, str], envelope: Envelope[Any], more: str = "") -> str:
    return _cut(fill(spec.title, {"entity": envelope.entity, **captures}), more)


def _cut(title: str, more: str) -> str:
    return f"{title[: MAX_TITLE - len(more) - 1]} {more}" if more else title[:MAX_TITLE]


def unsure(cited: Sequence[Cited]) -> float:
    """Seconds by which the times of what is cited may be off."""
    return max((each.uncertainty_s for each in cited), default=0.0)


def _evidence(cited: Sequence[Cited], entity: str, rule_id: str, component: str, trigger_id: str) -> list[Evidence]:
    return [
        Evidence(
            id=each.id,
            source=each.source,
            ref=each.ref,
            time=from_us(each.time_us),
            entity=entity,
            text=each.text,
            rule_id=rule_id,
            component=component,
            trigger_id=trigger_id,
        )
        for each in cited
    ]
