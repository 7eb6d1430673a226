"""What the direction of an event-log record means to a rule: begun, ended, or nothing."""

import pytest

from groundcrew.diagnosis.matching import Matcher
from groundcrew.diagnosis.records import sel_clears
from groundcrew.runtime.packs import load_packs

RULES = {rule.id: rule for rule in load_packs().knowledge.rules if rule.source == "sel"}


@pytest.mark.parametrize(
    ("rule", "text", "asserted", "clears"),
    [
        ("sel.psu-input-lost", "Power Supply PS2 Status | Power Supply AC lost", True, False),
        ("sel.psu-input-lost", "Power Supply PS2 Status | Power Supply AC lost", False, True),
        ("sel.psu-input-lost", "Power Supply PS2 Status | Power Supply AC lost", None, False),
        ("sel.psu-redundancy-lost", "Power Supply PS Redundancy | Fully Redundant", True, True),
        ("sel.psu-redundancy-lost", "Power Supply PS Redundancy | Fully Redundant", None, True),
        ("sel.psu-redundancy-lost", "Power Supply PS Redundancy | Fully Redundant", False, None),
        ("sel.psu-removed", "Power Supply PS2 Status | Presence detected", False, False),
        ("sel.psu-removed", "Power Supply PS2 Status | Presence detected", True, True),
        ("sel.psu-removed", "Power Supply PS2 Status | Presence detected", None, None),
    ],
    ids=[
        "it begins", "it ends", "an event without direction begins", "the good state begins", "the good state is told",
        "the good state ends", "a part goes", "a part comes", "a part is told to be there",
    ],
)  # fmt: skip
def test_begun_ended_or_nothing(rule: str, text: str, asserted: bool | None, clears: bool | None) -> None:
    [match] = Matcher([RULES[rule]]).match([text])
    assert sel_clears(match, asserted) is clears
