"""The marks in a text, [1], [2], and what they point at."""

from collections.abc import Sequence

from groundcrew.contracts.conversations import Citation
from groundcrew.contracts.incidents import Evidence, Incident
from groundcrew.diagnosis.markdown import one_line

MAX_TEXT = 300


class Citations:
    """Numbers what is cited in order of first mention; the same thing keeps its number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.items: list[Citation] = []

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.items]

    def mark(self, citation: Citation) -> str:
        number = self._numbers.get(citation.id)
        if number is None:
            self.items.append(citation)
            number = self._numbers[citation.id] = len(self.items)
        return f"[{number}]"

    def incident(self, incident: Incident) -> str:
        text = one_line(incident.title)[:MAX_TEXT]
        return self.mark(Citation(id=incident.id, kind="incident", text=text, incident_id=incident.id))

    def evidence(self, evidence: Evidence, incident_id: str | None) -> str:
        when = evidence.time.strftime("%Y-%m-%d %H:%M:%S UTC")
        text = one_line(f"{when} {evidence.source.value} {evidence.entity}: {evidence.text}")[:MAX_TEXT]
        return self.mark(Citation(id=evidence.id, kind="evidence", text=text, incident_id=incident_id))

    def all_evidence(self, some: Sequence[Evidence], incident_id: str | None) -> str:
        return "".join(self.evidence(one, incident_id) for one in some)
