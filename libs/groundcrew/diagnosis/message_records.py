"""Records of event logs that say all in one sentence, as makers' tools print them.

They have `Message <id>` for their sensor, so that the rules of messages read them as they read an entry over Redfish; a
sentence about one sensor is put in ipmitool's words. Nothing raises.
"""

import re

from groundcrew.diagnosis.message_words import in_sensor_words
from groundcrew.diagnosis.sel import SelRecord, sel_time
from groundcrew.diagnosis.standing import MESSAGE

_OVER = re.compile(r"\bhas (?:been )?deasserted\W*$", re.IGNORECASE)
"""How sentences of DMTF's platform registry (DSP8007) end that take the fault back which they tell."""


def of_message(number: int, stamp: tuple[str, str], kind: str, text: str, asserted: bool | None) -> SelRecord:
    """`stamp`: date and clock as printed; `kind`: the message's id; `asserted`: False where it is marked as over."""
    if spoken := in_sensor_words(text):
        return built(number, stamp, *spoken)
    asserted = False if asserted is None and _OVER.search(text) else asserted
    return built(number, stamp, f"{MESSAGE} {kind}".strip(), text, asserted)


def built(number: int, stamp: tuple[str, str], sensor: str, event: str, asserted: bool | None) -> SelRecord:
    direction = {True: "Asserted", False: "Deasserted", None: ""}[asserted]
    text = " | ".join(part for part in (sensor, event, direction) if part)
    return SelRecord(number, sel_time(*stamp), " ".join(stamp).strip(), sensor, event, asserted, text)
