"""BMCs that cannot be read, from what their collector says at each look; confirmed by several looks over minutes.

The text is `answers`, or a reason and a sentence (`timeout: the BMC does not answer`). A rule of source `bmc` stands
while its patterns match, is over when those of `clear` do, and is left as it is by anything else: of a BMC that is
silent nobody knows whether it would still refuse the password.
"""

from collections.abc import Iterator, Sequence

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.identity import name_of, stable_id
from groundcrew.contracts.incidents import EvidenceSource
from groundcrew.contracts.observations import InventoryObserved
from groundcrew.diagnosis.levels import Look, Patience, Step
from groundcrew.diagnosis.matching import Match, Matcher
from groundcrew.diagnosis.memory import Memory
from groundcrew.diagnosis.records import spec_of
from groundcrew.diagnosis.rules import Rule
from groundcrew.diagnosis.templates import fill
from groundcrew.diagnosis.tracks import SECOND_US, Cited, Hit

FACT = "access"
"""The fact that says it; collectors of older versions do not."""

_LEFT = "left"
_MAX_KNOWN = 1_000
_MAX_TEXT = 500
_NEVER_US = 3_650 * 86_400 * SECOND_US
"""It is said once: a BMC that is dead for weeks is no news every hour."""

_CLEAR_LOOKS = 2
"""Good looks in a row that end it; one answer among many that do not come is no recovery."""


def tells_of_access(observed: InventoryObserved) -> bool:
    return observed.collector == "bmc" and FACT in observed.facts


class AccessRules:
    """Rules of source `bmc` over what is told of BMCs, and of groups of them."""

    def __init__(self, rules: Sequence[Rule], debounce_s: float) -> None:
        self._rules = tuple(rules)
        self._matcher = Matcher(rules)
        self._specs = {rule.id: spec_of(rule, debounce_s) for rule in rules}
        self.specs = tuple(self._specs.values())
        self._known: dict[str, dict[str, Match]] = {}

    def hits(self, envelope: Envelope[InventoryObserved], memory: Memory) -> Iterator[tuple[int, Hit]]:
        """What the look confirms or ends, as of row 0."""
        text, when = envelope.data.facts[FACT][:_MAX_TEXT], to_us(envelope.time)
        told = self._told(text)
        for rule in self._rules:
            match = told.get(rule.id)
            look = Look.BETWEEN if match is None else Look.GOOD if match.clears else Look.BAD
            step = memory.look(rule.id, look, when, _patience(rule, text))
            if step in (Step.RAISE, Step.CLEAR) and match is not None:
                yield 0, self._hit(envelope, match, text, when)

    def _told(self, text: str) -> dict[str, Match]:
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            known = self._known[text] = {match.rule.id: match for match in self._matcher.match([text])}
        return known

    def _hit(self, envelope: Envelope[InventoryObserved], match: Match, text: str, when: int) -> Hit:
        name = name_of(envelope.entity)
        cited = Cited(
            stable_id(envelope.site, envelope.entity, FACT, when),
            EvidenceSource.ACCESS,
            f"{name}@{when}",
            when,
            f"{name} | {text}",
        )
        captures = {**match.captures, "bmc": name}
        # what began is named by its beginning: the end of a group's silence does not name the group
        component = fill(match.rule.component, captures) if match.rule.component and not match.clears else ""
        return Hit(
            self._specs[match.rule.id], component or ("" if match.rule.component else name), captures, cited,
            clears=match.clears,
        )  # fmt: skip


def _patience(rule: Rule, text: str) -> Patience:
    left = text.startswith(_LEFT)
    return Patience(
        looks=rule.polls,
        hold_us=round(rule.confirm_s * SECOND_US),
        clear_looks=1 if left else _CLEAR_LOOKS,
        repeat_us=_NEVER_US,
    )
