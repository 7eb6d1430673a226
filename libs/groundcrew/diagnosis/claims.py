"""What a model may claim, given the context window that it was shown: a cited number must exist, a named host and part
must be known, and it gives no orders.

What is checked is what can be: whether a known host did what the sentence says is for the reader, who has the evidence.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from groundcrew.contracts.queries import ContextWindow
from groundcrew.diagnosis.parts import part_key

LEAST_PLAIN = 0.6
"""Share of a sentence's characters that are letters, digits and spaces at least."""


class Strike(StrEnum):
    """Why a claim is struck: a closed list, also a metric label."""

    CITATION = "cites what is not there"
    HOST = "names an unknown host"
    PART = "names an unknown part"
    ORDER = "gives orders"
    LINK = "holds a link"
    MARKUP = "holds markup"
    GARBLED = "is no language"


MARK = re.compile(r"[\[(]\s*((?:E?\d{1,4})(?:\s*[,;]\s*E?\d{1,4})*)\s*[\])]|\bE(\d{1,4})\b", re.IGNORECASE)
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


class Grounds:
    """What the window, and the names that are known, bear out."""

    def __init__(self, window: ContextWindow, *, hosts: Iterable[str], parts: Iterable[str]) -> None:
        self._window = window
        self._hosts = {name.lower() for name in hosts}
        self._shapes = {_shape(name) for name in self._hosts if re.search(r"\d", name)}
        parts = list(parts)
        words = {match[0].lower().rstrip(".:/") for match in _WORD.finditer(window.text)}
        self._words = words
        self._text = window.text.lower()
        told = f"{window.text} {' '.join(parts)}"
        self._parts = {part_key(word) for word in words} | {part_key(part) for part in parts}
        self._parts |= {part_key(f"{m[1]}{m[2]}") for m in _NUMBERED_PART.finditer(told)}

    def exists(self, number: int) -> bool:
        """Whether the window has evidence of this number."""
        return 1 <= number <= len(self._window.evidence_ids)

    def named(self, numbers: Sequence[str]) -> list[int] | None:
        """Window numbers of texts such as 'E1' or '[2]', each once; None where one of them does not exist."""
        found = [int(text) for number in numbers if (text := number.strip(" []()").lstrip("Ee")).isdecimal()]
        if len(found) != len(numbers) or not all(self.exists(number) for number in found):
            return None
        return list(dict.fromkeys(found))

    def cited_id(self, number: int) -> str:
        """The id of the evidence that has this number."""
        return self._window.evidence_ids[number - 1]

    def fault(self, sentence: str) -> Strike | None:
        """Why the sentence may not be shown; None where it may."""
        if _garbled(sentence):
            return Strike.GARBLED
        if _LINK.search(sentence):
            return Strike.LINK
        if _MARKUP.search(sentence):
            return Strike.MARKUP
        if _COMMAND.search(sentence) or _ORDER.search(sentence.strip()):
            return Strike.ORDER
        if not all(self.exists(number) for match in MARK.finditer(sentence) for number in numbers_of(match)):
            return Strike.CITATION
        plain = MARK.sub(" ", sentence)
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


def numbers_of(match: re.Match[str]) -> list[int]:
    """Of '[E1, E2]', '(E3)' or 'E4'. A bare '(12)' is no citation, '[12]' is."""
    if match[2]:
        return [int(match[2])]
    if match[0][0] == "(" and "e" not in match[1].lower():
        return []
    return [int(number) for number in re.findall(r"\d+", match[1])]


def _garbled(sentence: str) -> bool:
    """Control characters, bytes that are no text, or little that is a letter: a model that babbles."""
    plain = sum(char.isalnum() or char.isspace() for char in sentence)
    return _UNSHOWN.search(sentence) is not None or plain < LEAST_PLAIN * len(sentence)


def _shape(name: str) -> str:
    return re.sub(r"\d+", "#", name)
