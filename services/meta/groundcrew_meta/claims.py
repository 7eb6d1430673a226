"""Checks what a model claims: a cited number must exist, a named host and part must be known, and it gives no orders.

A sentence that fails is struck whole. What is checked is what can be: whether a known host did what the sentence says
is for the reader, who has the citations.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

from groundcrew.contracts.conversations import Citation
from groundcrew.contracts.queries import ContextWindow
from groundcrew.diagnosis.markdown import one_line
from groundcrew.diagnosis.topology import part_key
from groundcrew_meta.citations import MAX_TEXT, Citations

MAX_SENTENCE = 600
LEAST_PLAIN = 0.6
"""Share of a sentence's characters that are letters, digits and spaces at least."""

MAX_STRUCK = 20
MAX_STRUCK_TEXT = 200


class Strike(StrEnum):
    """Why a claim is struck: a closed list, also a metric label."""

    CITATION = "cites what is not there"
    HOST = "names an unknown host"
    PART = "names an unknown part"
    ORDER = "gives orders"
    LINK = "holds a link"
    MARKUP = "holds markup"
    GARBLED = "is no language"


_QUOTED = re.compile(r"^- \[E(\d+)\] (.*?) ?<data>(.*)</data>$", re.MULTILINE)
_MARK = re.compile(r"[\[(]\s*((?:E?\d{1,4})(?:\s*[,;]\s*E?\d{1,4})*)\s*[\])]|\bE(\d{1,4})\b", re.IGNORECASE)
_RAW_ID = re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,32}\b")
_WORD = re.compile(r"[a-z0-9][\w.:/@-]*", re.IGNORECASE)
_PART = re.compile(
    r"^(?:psu|ps|fan|gpu|dimm|cpu|slot|nic|eth|eno|ens|enp|port|bay|disk|drive|pdu|ata|mc)[-_ ]?[a-z]?\d+\w*$"
    r"|^(?:sd|vd|xvd)[a-z]+\d*$|^(?:/dev/\w+)$|^nvme\d+\w*$|^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}(?:\.\d)?$"
    r"|^.+\.(?:service|timer|socket|mount|target)$",
    re.IGNORECASE,
)
_NUMBERED_PART = re.compile(
    r"\b(psu|power supply|fan|gpu|dimm|cpu|slot|disk|drive|port|bay)\s+#?(\d{1,3})\b", re.IGNORECASE
)
_HOSTLIKE = re.compile(r"^[a-z][a-z]+[a-z0-9]*(?:-[a-z0-9]+)*-\d{1,4}$")
_NO_HOST = frozenset({"utf", "sha", "iso", "rfc", "cve", "xid", "raid", "ipv", "tcp", "udp", "pcie", "level"})

_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufffd]")
_LINK = re.compile(r"\w+://|\bwww\.|\]\(|!\[", re.IGNORECASE)
_MARKUP = re.compile(r"<[a-z/!]|^\s*#|```", re.IGNORECASE)
_COMMAND = re.compile(
    r"\b(?:sudo|systemctl|ipmitool|journalctl|smartctl|nvidia-smi|modprobe|mkfs\S*|shutdown -|rm -|dd if=|kill -|"
    r"curl|wget|chmod|bash -c|sh -c)\b", re.IGNORECASE
)  # fmt: skip
_ORDER = re.compile(
    r"(?:^|[:;,]\s*|\b(?:you (?:should|must|need to|have to|can|could)|please|then|now|just|immediately|first"
    r"|(?:needs?|has|have|asks?|asked|says?|tells?|told|requires?|recommend\w*|advis\w+)(?: \w+)? to)\s+)"
    r"(?:immediately |now |simply )?"
    r"(?:re-?boot|restart|power[- ]?(?:off|cycle|down|on)|shut ?down|run|execute|delete|format|wipe|reset|kill|stop"
    r"|disable|enable|replace|reseat|install|ignore|approve|drain|update|upgrade|flash|type|enter)\b(?!s)",
    re.IGNORECASE,
)  # fmt: skip
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
        self._window = window
        self._cites = cites
        self._incident_of = incident_of
        self._hosts = {name.lower() for name in hosts}
        self._shapes = {_shape(name) for name in self._hosts if re.search(r"\d", name)}
        words = {match[0].lower().rstrip(".:/") for match in _WORD.finditer(window.text)}
        self._words = words
        self._text = window.text.lower()
        told = f"{window.text} {' '.join(parts)}"
        self._parts = {part_key(word) for word in words} | {part_key(part) for part in parts}
        self._parts |= {part_key(f"{m[1]}{m[2]}") for m in _NUMBERED_PART.finditer(told)}
        self._quoted = {int(number): f"{head} {data}" for number, head, data in _QUOTED.findall(window.text)}
        self.struck: list[tuple[Strike, str]] = []

    def passed(self, sentence: str) -> str:
        """The sentence with our marks in place of the window's numbers; empty where it is struck."""
        reason = self._fault(sentence)
        if reason is not None:
            self.strike(reason, sentence)
            return ""
        return _MARK.sub(self._remark, sentence)

    def cited(self, numbers: Sequence[str]) -> str | None:
        """Marks for window numbers such as 'E1'; None where one of them does not exist."""
        found = [int(text) for number in numbers if (text := number.strip(" []()").lstrip("Ee")).isdecimal()]
        if len(found) != len(numbers) or not all(self._exists(number) for number in found):
            return None
        return "".join(self._cites.mark(self._citation(number)) for number in dict.fromkeys(found))

    def strike(self, reason: Strike, sentence: str) -> None:
        self.struck.append((reason, one_line(sentence)[:MAX_STRUCK_TEXT]))

    def told(self) -> list[str]:
        """What was struck, for the record; never for the answer."""
        return [f"{reason.value}: {text}" for reason, text in self.struck[:MAX_STRUCK]]

    def _fault(self, sentence: str) -> Strike | None:
        if _garbled(sentence):
            return Strike.GARBLED
        if _LINK.search(sentence):
            return Strike.LINK
        if _MARKUP.search(sentence):
            return Strike.MARKUP
        if _COMMAND.search(sentence) or _ORDER.search(sentence.strip()):
            return Strike.ORDER
        if not all(self._exists(number) for match in _MARK.finditer(sentence) for number in _numbers(match)):
            return Strike.CITATION
        plain = _MARK.sub(" ", sentence)
        if any(found not in self._window.text for found in _RAW_ID.findall(plain)):
            return Strike.CITATION
        for match in _WORD.finditer(plain):
            word = match[0].lower().rstrip(".:/-")
            if word in self._words or word in self._hosts or self._told(word):
                continue
            if _PART.match(word) and part_key(word) not in self._parts:
                return Strike.PART
            if self._names_host(word):
                return Strike.HOST
        numbered = (part_key(f"{match[1]}{match[2]}") for match in _NUMBERED_PART.finditer(plain))
        return Strike.PART if any(key not in self._parts for key in numbered) else None

    def _told(self, word: str) -> bool:
        """Whether the window has it, perhaps within a longer locator such as 'PCI:0000:3b:00'."""
        return re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", self._text) is not None

    def _names_host(self, word: str) -> bool:
        if _shape(word) in self._shapes:
            return True
        return bool(_HOSTLIKE.match(word)) and word.partition("-")[0] not in _NO_HOST

    def _exists(self, number: int) -> bool:
        return 1 <= number <= len(self._window.evidence_ids)

    def _remark(self, match: re.Match[str]) -> str:
        numbers = dict.fromkeys(_numbers(match))
        return "".join(self._cites.mark(self._citation(number)) for number in numbers) or match[0]

    def _citation(self, number: int) -> Citation:
        cited_id = self._window.evidence_ids[number - 1]
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


def _garbled(sentence: str) -> bool:
    """Control characters, bytes that are no text, or little that is a letter: a model that babbles."""
    plain = sum(char.isalnum() or char.isspace() for char in sentence)
    return _UNSHOWN.search(sentence) is not None or plain < LEAST_PLAIN * len(sentence)


def _numbers(match: re.Match[str]) -> list[int]:
    """Of '[E1, E2]', '(E3)' or 'E4'. A bare '(12)' is no citation, '[12]' is."""
    if match[2]:
        return [int(match[2])]
    if match[0][0] == "(" and "e" not in match[1].lower():
        return []
    return [int(number) for number in re.findall(r"\d+", match[1])]


def _shape(name: str) -> str:
    return re.sub(r"\d+", "#", name)
