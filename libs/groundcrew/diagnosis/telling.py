"""What becomes of a hit: a trigger now, later, folded into one of many, withheld while it flaps, or told in silence."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from groundcrew.contracts.envelope import Envelope
from groundcrew.diagnosis.crowds import CROWD
from groundcrew.diagnosis.drafts import TriggerDraft, cleared, entitled, raised, still_so, taken_out
from groundcrew.diagnosis.memory import Memory
from groundcrew.diagnosis.silencing import Hushed, SilencedBy
from groundcrew.diagnosis.tracks import Hit, Spec, Track

Key = tuple[str, str]


class Teller:
    """Moves the tracks of an entity and makes drafts. `tally` counts what is not told one by one: `folded` hits of
    crowds, `withheld` changes of what flaps, `silenced` triggers."""

    def __init__(self, silenced: SilencedBy, specs: Callable[[], Mapping[str, Spec]]) -> None:
        self._silenced = silenced
        self._specs = specs
        self.tally: Counter[str] = Counter()

    # --- a hit -------------------------------------------------------------------------------------------------------

    def take(self, envelope: Envelope[Any], memory: Memory, hit: Hit) -> list[TriggerDraft]:
        """A hit that speaks for its rule."""
        spec, when = hit.spec, hit.cited.time_us
        waits = not spec.confirm_while_units_watched or memory.units_watched(when)
        confirm_us = spec.confirm_us if waits else 0
        if confirm_us and memory.ended_within(spec.rule_id, hit.component, when, confirm_us):
            return []  # its end came first; in their order nothing would have been told
        key = self._key(memory, hit, when)
        track = memory.track(*key)
        told = track.hit(hit, confirm_us=confirm_us)
        if not told and track.raised and key in memory.hushed:  # nobody heard of it yet
            told = self._silenced(envelope.entity, spec.rule_id, spec.causes, when) is None
        if told:
            return self._raise(envelope, memory, spec, key, when)
        memory.wait(track.due_us)
        return []

    def _key(self, memory: Memory, hit: Hit, when: int) -> Key:
        spec = hit.spec
        crowd = memory.crowd(spec.rule_id, hit.component, when) if spec.crowds else None
        if crowd is None:
            return spec.rule_id, hit.component
        crowd.add(hit.component, when, anew=not spec.recovers)
        self.tally["folded"] += 1
        return spec.rule_id, CROWD

    def clear(self, envelope: Envelope[Any], memory: Memory, hit: Hit) -> list[TriggerDraft]:
        """A hit that tells the end of a component, or without one the end of all of its rule."""
        drafts = []
        if hit.spec.confirm_us:
            memory.end(hit.spec.rule_id, hit.component, hit.cited.time_us)
        keys = memory.tracks_of(hit.spec.rule_id, hit.component)
        if not keys and hit.spec.crowds:
            keys = self._left(memory, hit)
        elif not keys:  # a level was raised, or it could not end; its track gave way to others
            return self._told_end(
                memory, (hit.spec.rule_id, hit.component), cleared(envelope, hit, hit.component, Track())
            )
        for key in keys:
            track = memory.tracks[key]
            lasted = track.due_us is not None and track.due_us < hit.cited.time_us
            if lasted and hit.component and not track.raised:  # both its ends came late, in one batch
                drafts += self._raise(envelope, memory, hit.spec, key, track.due_us or 0)
            memory.forget(key)
            if track.raised:
                flap = memory.flap(key, hit.cited.time_us)
                if not flap.changes and track.emitted_us is not None:
                    flap.change(track.emitted_us, bad=True)
                drafts += self._told_end(memory, key, cleared(envelope, hit, _named(key), track))
        return drafts

    @staticmethod
    def _left(memory: Memory, hit: Hit) -> list[Key]:
        """The crowd's key where the component was the last one of it."""
        crowd = memory.crowds.get(hit.spec.rule_id)
        if crowd is None:
            return []
        memory.changed = True
        key = (hit.spec.rule_id, CROWD)
        return [key] if crowd.leave(hit.component) and key in memory.tracks else []

    # --- time --------------------------------------------------------------------------------------------------------

    def advance(self, envelope: Envelope[Any], memory: Memory, times: list[int]) -> list[TriggerDraft]:
        """Let event time pass: what waited for its time and was not cleared meanwhile is told now."""
        if memory.due_us is None or not times:
            return []
        now = max(times)
        drafts: list[TriggerDraft] = []
        while memory.due_us is not None and memory.due_us <= now:
            for due, what, key in sorted(memory.dues()):
                if due <= now:
                    drafts += self._due(envelope, memory, what, key, due)
            memory.due_us = min((due for due, _, _ in memory.dues()), default=None)
            memory.changed = True
        return drafts

    def _due(self, envelope: Envelope[Any], memory: Memory, what: str, key: Key, due: int) -> list[TriggerDraft]:
        match what:
            case "track":
                spec = self._specs().get(key[0])
                if spec is not None:
                    return self._raise(envelope, memory, spec, key, due)
                memory.forget(key)  # its rule was taken out of the packs meanwhile
            case "flap":
                flap = memory.flaps.pop(key)
                if flap.withheld is not None:
                    return [entitled(taken_out(flap.withheld, envelope.entity), f"(calm again after {flap})")]
            case _ if key in memory.hushed:
                return self._after_silence(envelope, memory, key, due)
        return []

    def _after_silence(self, envelope: Envelope[Any], memory: Memory, key: Key, due: int) -> list[TriggerDraft]:
        hushed = memory.hushed[key]
        longer = self._silenced(envelope.entity, key[0], hushed.causes, due)
        if longer is not None and longer.until_us > due:
            hushed.until_us = longer.until_us
            return []
        del memory.hushed[key]
        return [still_so(hushed.kept, envelope.entity, envelope.site, due)] if hushed.kept is not None else []

    def reconsider(self, entity: str, memory: Memory, now_us: int) -> bool:
        """The site's silences changed: what is told in silence waits for the ends that they have now. Whether anything
        is due earlier than before."""
        sooner = False
        for key, hushed in memory.hushed.items():
            if hushed.until_us is None:
                continue
            silenced = self._silenced(entity, key[0], hushed.causes, now_us)
            until = silenced.until_us if silenced is not None else now_us
            if until != hushed.until_us:
                sooner = sooner or until < hushed.until_us
                hushed.until_us = until
                memory.changed = True
                memory.wait(until)
        return sooner

    # --- what is told ------------------------------------------------------------------------------------------------

    def _raise(self, envelope: Envelope[Any], memory: Memory, spec: Spec, key: Key, at_us: int) -> list[TriggerDraft]:
        track = memory.tracks[key]
        again = track.raised
        if key[1] == CROWD:
            crowd = memory.crowds[key[0]]
            draft = raised(envelope, spec, _named(key), track, f"(and others, {crowd} folded into one)")
            draft = entitled(draft, "", folded=str(crowd))
        else:
            draft = raised(envelope, spec, _named(key), track)
        track.emitted(at_us)
        flap = memory.flaps.get(key)
        if flap is not None and not again:
            told = flap.change(at_us, bad=True)
            flap.withheld = None
            memory.wait(flap.due_us)
            if flap.flapping and told:
                draft = entitled(draft, f"(flapping: {flap})", flapping=str(flap))
            if not told:
                self.tally["withheld"] += 1
                self._hushed(memory, spec, key, draft, at_us)
                return []
        return [self._hushed(memory, spec, key, draft, at_us)]

    def _hushed(self, memory: Memory, spec: Spec, key: Key, draft: TriggerDraft, at_us: int) -> TriggerDraft:
        """The draft as it may be told: marked where a silence covers it."""
        silenced = self._silenced(draft.entity, spec.rule_id, spec.causes, at_us)
        if silenced is None:
            memory.hushed.pop(key, None)
            return draft
        self.tally["silenced"] += 1
        marked = draft.data.model_copy(update={"silenced_by": silenced.by})
        draft = TriggerDraft(draft.id, draft.entity, draft.time_us, marked)
        until, kept = (silenced.until_us, draft.kept()) if spec.recovers else (None, None)
        memory.hush(key, Hushed(until, list(spec.causes), kept))
        return draft

    def _told_end(self, memory: Memory, key: Key, draft: TriggerDraft) -> list[TriggerDraft]:
        """The end of what was raised; while it flaps, kept until it is calm."""
        memory.hushed.pop(key, None)
        flap = memory.flaps.get(key)
        if flap is None or flap.change(draft.time_us, bad=False):
            return [draft]
        flap.withheld = draft.kept()
        memory.wait(flap.due_us)
        self.tally["withheld"] += 1
        return []


def _named(key: Key) -> str:
    """The component that a trigger of this track names; a crowd has none."""
    return "" if key[1] == CROWD else key[1]
