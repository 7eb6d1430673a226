"""Checks what a model claims: a cited number must exist, a named host and part must be known, and it gives no orders.

A sentence that fails is struck whole. What is checked is what can be: whether a known host did what the sentence says
is for the reader, who has the citations.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from groundcrew.contracts.conversations import Citation
from groundcrew.contracts.queries import ContextWindow
from groundcrew.diagnosis.claims import MARK, Grounds, Strike, numbers_of
from groundcrew.diagnosis.markdown import one_line
from groundcrew_meta.citations import MAX_TEXT, Citations

MAX_SENTENCE = 600
MAX_STRUCK = 20
MAX_STRUCK_TEXT = 200


_QUOTED = re.compile(r"^- \[E(\d+)\] (.*?) ?<data>(.*)</data>$", re.MULTILINE)
_END = re.compile(r"(?<=[.!?])[\"')\]]*(?:\s+(?=\S)|\n+)|\n+")


class Claims:
    """What may be said, given a window and the names that are known."""

    def __init__(
        self,
        window: ContextWindow,
        *,
        hosts: Iterable[str],
        parts: Iterable[str],
        cites: Citations,
        incident_of: Callable[[str], str | None],
    ) -> None:
        self._grounds = Grounds(window, hosts=hosts, parts=parts)
        self._cites = cites
        self._incident_of = incident_of
        self._quoted = {int(number): f"{head} {data}" for number, head, data in _QUOTED.findall(window.text)}
        self.struck: list[tuple[Strike, str]] = []

    def passed(self, sentence: str) -> str:
        """The sentence with our marks in place of the window's numbers; empty where it is struck."""
        reason = self._grounds.fault(sentence)
        if reason is not None:
            self.strike(reason, sentence)
            return ""
        return MARK.sub(self._remark, sentence)

    def cited(self, numbers: Sequence[str]) -> str | None:
        """Marks for window numbers such as 'E1'; None where one of them does not exist."""
        found = self._grounds.named(numbers)
        return None if found is None else "".join(self._cites.mark(self._citation(number)) for number in found)

    def strike(self, reason: Strike, sentence: str) -> None:
        self.struck.append((reason, one_line(sentence)[:MAX_STRUCK_TEXT]))

    def told(self) -> list[str]:
        """What was struck, for the record; never for the answer."""
        return [f"{reason.value}: {text}" for reason, text in self.struck[:MAX_STRUCK]]

    def _remark(self, match: re.Match[str]) -> str:
        numbers = dict.fromkeys(numbers_of(match))
        return "".join(self._cites.mark(self._citation(number)) for number in numbers) or match[0]

    def _citation(self, number: int) -> Citation:
        cited_id = self._grounds.cited_id(number)
        text = one_line(self._quoted.get(number, ""))[:MAX_TEXT]
        return Citation(id=cited_id, kind="evidence", text=text, incident_id=self._incident_of(cited_id))


class Gate:
    """Lets a streamed text through sentence by sentence, each checked before anybody sees it."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._held = ""

    def feed(self, text: str) -> str:
        """What may be shown now."""
        self._held += text
        shown = []
        while (end := self._end()) is not None:
            sentence, self._held = self._held[:end], self._held[end:]
            shown.append(self._check(sentence))
        return "".join(shown)

    def rest(self) -> str:
        """The last sentence, at the end of the text."""
        sentence, self._held = self._held, ""
        return self._check(sentence)

    def _end(self) -> int | None:
        if match := _END.search(self._held):
            return match.end()
        return MAX_SENTENCE if len(self._held) > MAX_SENTENCE else None

    def _check(self, sentence: str) -> str:
        if not sentence.strip():
            return sentence if "\n" in sentence else ""
        body = sentence.rstrip()
        passed = self._claims.passed(body)
        return passed + sentence[len(body) :] if passed else ""
