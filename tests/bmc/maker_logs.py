"""Logs and sensor listings of BMCs of many makers, each record or reading with what a person says of it (`makers/`).

Every line is a line of the log behind ` ~ `, and before it, where a record begins, the answer: `A <class> <part>` for a
fault that stands, `R <class> <part>` for one that has passed, `+` for the record that ends it, `.` for what tells of no
fault, `?` (or `? <class> <part>`) for what people judge differently, `!` for a line that is no record (a prompt,
somebody's note). Names, serials, times and values are invented; the forms are those of ipmitool, freeipmi and the
makers' tools, and the texts follow their message catalogues.

The answers were written before the parser saw the logs, so that they measured it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from groundcrew.diagnosis.conditions import Condition, Folded

FOLDER = Path(__file__).parent / "makers"
_OTHER = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True)
class Answer:
    """`kind` is A, R, +, . or ?; `part` is found in how the fault names it, or in its text. `record`: all its lines."""

    kind: str
    component_class: str
    part: str
    record: str

    def fits(self, condition: Condition) -> bool:
        if self.kind == "?" and not self.component_class:
            return condition.text.rpartition(" | ")[2] in self.record
        if condition.component_class != self.component_class:
            return False
        wanted, locator = _plain(self.part), _plain(condition.locator)
        return wanted in locator or locator in wanted or wanted in _plain(condition.text)


@dataclass(frozen=True)
class MakerLog:
    name: str
    text: str
    answers: tuple[Answer, ...]
    notes: int = 0
    """Lines that are no records."""

    def of(self, kinds: str) -> list[Answer]:
        return [answer for answer in self.answers if answer.kind in kinds]

    def missed(self, found: Folded) -> list[Answer]:
        """Faults that stand and are not seen."""
        return [answer for answer in self.of("A") if not any(map(answer.fits, found.active))]

    def alarms(self, found: Folded) -> list[Condition]:
        """What is said to stand and does not."""
        return [one for one in found.active if not any(answer.fits(one) for answer in self.of("A?"))]

    def not_recovered(self, found: Folded) -> list[Answer]:
        return [answer for answer in self.of("R") if not any(map(answer.fits, found.recovered))]


def maker_logs() -> Iterator[MakerLog]:
    for path in sorted(FOLDER.glob("*.log")):
        answers, lines, notes = [], [], 0
        for line in path.read_text().splitlines():
            mark, _, record = line.partition(" ~")
            lines.append(record[1:])
            notes += mark.strip() == "!"
            if mark.strip(" !"):
                kind, _, rest = mark.strip().partition(" ")
                component_class, _, part = rest.strip().partition(" ")
                answers.append(Answer(kind, component_class, part.strip(), record))
            elif answers:
                answers[-1] = replace(answers[-1], record=f"{answers[-1].record}\n{record}")
        yield MakerLog(path.stem, "\n".join(lines) + "\n", tuple(answers), notes)


def _plain(text: str) -> str:
    return _OTHER.sub("", text.lower())
