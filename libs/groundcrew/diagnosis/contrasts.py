"""What a host says of a part, and its sisters say otherwise: a card that came up at half width where theirs are whole.

Alone such a line is often how a board is built, and info. Beside hosts of the same role and model of which at least as
many have the whole it is a fault, told once the others have had `PATIENCE` to say theirs. Pure.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.incidents import Symptom, TriggerRaised, TriggerState
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.parts import part_key
from groundcrew.diagnosis.relation import Relation

PATIENCE = timedelta(minutes=10)
"""Sisters that start at the same time say theirs within so long."""

MAX_PARTS = 4_096
"""Parts of which it is remembered who said what; of each at most the hosts of one role."""

About = tuple[str, str]
"""The rule that says less, and the part that it is about."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """A host's word of one of its parts; `less` is the trigger event where it has less than it could."""

    host: str
    about: About
    at: datetime
    sisters: tuple[str, ...]
    less: Envelope[TriggerRaised] | None = None


class Contrasts:
    """Who said what of equal parts, and who stands out."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._wholes = {one.whole: one.less for one in knowledge.contrast}
        self._lesses = frozenset(self._wholes.values())
        self._said: OrderedDict[About, dict[str, Said]] = OrderedDict()
        self._odd: OrderedDict[tuple[str, About], datetime] = OrderedDict()
        self._told: set[tuple[str, About]] = set()

    def said(self, envelope: Envelope[TriggerRaised], symptom: Symptom, relation: Relation) -> Said | None:
        """What a trigger event says for comparison; None where it says nothing of the kind."""
        rule = self._wholes.get(symptom.rule_id, symptom.rule_id)
        if rule not in self._lesses or not (part := part_key(symptom.component)):
            return None
        host = relation.home(symptom)
        less = symptom.rule_id in self._lesses and envelope.data.state is not TriggerState.CLEARED
        sisters = tuple(relation.sisters(host))
        return Said(
            host=host, about=(rule, part), at=symptom.last_seen, sisters=sisters, less=envelope if less else None
        )

    def is_whole(self, symptom: Symptom) -> bool:
        """Whether a symptom says that nothing is missing: evidence of no fault."""
        return symptom.rule_id in self._wholes

    def note(self, said: Said) -> None:
        """Remember a word, and see anew who stands out among the sisters."""
        words = self._said.setdefault(said.about, {})
        self._said.move_to_end(said.about)
        words[said.host] = said
        if said.less is None:
            self._told.discard((said.host, said.about))
        among = [words[host] for host in (said.host, *said.sisters) if host in words]
        lesser = [one for one in among if one.less is not None]
        stand_out = len(among) - len(lesser) >= len(lesser)
        for one in among:
            key = one.host, one.about
            if stand_out and one.less is not None and key not in self._told:
                self._odd.setdefault(key, said.at + PATIENCE)
            else:
                self._odd.pop(key, None)
        while len(self._said) > MAX_PARTS:
            about, gone = self._said.popitem(last=False)
            for host in gone:
                self._odd.pop((host, about), None)
                self._told.discard((host, about))

    def due(self, now: datetime) -> Said | None:
        """The first that stands out and that has waited."""
        return next((self._said[about][host] for (host, about), due in self._odd.items() if due <= now), None)

    def drop(self, said: Said) -> None:
        """It is told now."""
        key = said.host, said.about
        self._odd.pop(key, None)
        self._told.add(key)
