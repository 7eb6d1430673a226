"""Which states of one part an event log has told and not yet ended.

A fan below `Lower Non-recoverable` is below `Lower Critical` as well: the end of the graver one is not the end of the
fault. Of thresholds the end of a milder one ends the graver ones of its side with it, whichever rule spoke of them.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

_THRESHOLD = re.compile(
    r"\b(Lower|Upper) (Non-critical|Critical|Non-recoverable)(?:(?: -)? going (low|high))?", re.IGNORECASE
)
_LEVELS = ("non-critical", "critical", "non-recoverable")
_NO_DETAIL = re.compile(r"\s*(?:\(.*|;.*|:Sensor Reading.*)$", re.DOTALL)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PAIR = re.compile(
    r"(State|Predictive Failure) (?:de)?asserted|(Limit) (?:not )?exceeded|(Performance) (?:met|lags)", re.IGNORECASE
)

BY_MESSAGE, MESSAGE = "Redfish", "Message"
"""What the sensor of a record begins with that says all in its message: over Redfish, and of makers' tools."""

MAX_STATES = 16
"""States of one part that are told apart; beyond, the one told first goes."""


class Rung(NamedTuple):
    """Of which side of which sensor's range a threshold event is (`Fan FAN3 lower`), and how grave: 0 to 2."""

    ladder: str
    level: int


def is_by_message(sensor: str) -> bool:
    """Whether it is an entry that says all in its message. The id in the sensor's place and the words are
    others for the end than for the begin, so an end is one of all that the rule knew of the part."""
    return sensor in {BY_MESSAGE, MESSAGE} or sensor.startswith((f"{BY_MESSAGE} ", f"{MESSAGE} "))


def pair_of(sensor: str, event: str) -> str:
    """The one name that both states of a digital sensor have (IPMI 2.0 table 42-2, event types 03h to 06h), with the
    sensor's: several such sensors watch one part, and the good state of one says nothing of another's. Empty where
    the event is no such state."""
    found = _PAIR.fullmatch(state_of(event))
    return f"{sensor} {found[1] or found[2] or found[3]}" if found else ""


def rung_of(sensor: str, event: str) -> Rung | None:
    """None where the event is no crossing of a threshold, or bears no sensor's name."""
    if is_by_message(sensor):
        return None
    found = _THRESHOLD.search(event)
    return Rung(f"{sensor} {found[1].lower()}", _LEVELS.index(found[2].lower())) if found else None


def state_of(event: str) -> str:
    """The event without its detail: readings, bytes, what a tool adds in parentheses."""
    return _NO_DETAIL.sub("", event).strip()


@dataclass(frozen=True, slots=True)
class Told:
    """One state as a record tells it. `whole`: the good state was told, which ends all states of the part."""

    state: str
    ladder: str = ""
    level: int = -1
    whole: bool = False

    @classmethod
    def by(cls, sensor: str, event: str, *, whole: bool) -> "Told":
        """Numbers in an event are its readings, which differ between beginning and end."""
        rung = rung_of(sensor, event)
        if rung is None:
            if pair := pair_of(sensor, event):
                return cls(pair)
            whole = whole or is_by_message(sensor) or "redundan" in event.lower()
            return cls(_NUMBER.sub("#", state_of(event)), whole=whole)
        return cls(f"{rung.ladder} {rung.level}", rung.ladder, rung.level)


class States:
    """What stands of one (rule, part): state -> (ladder, level)."""

    def __init__(self, held: dict[str, tuple[str, int]] | None = None) -> None:
        self.held = held or {}

    def begin(self, told: Told) -> None:
        self.held[told.state] = (told.ladder, told.level)
        while len(self.held) > MAX_STATES:
            del self.held[next(iter(self.held))]

    def end(self, told: Told) -> bool:
        """Whether anything of it ended."""
        gone = [state for state, (ladder, level) in self.held.items() if _ends(told, state, ladder, level)]
        for state in gone:
            del self.held[state]
        return bool(gone)


def _ends(told: Told, state: str, ladder: str, level: int) -> bool:
    if told.ladder:
        return ladder == told.ladder and level >= told.level
    return told.whole or state == told.state
