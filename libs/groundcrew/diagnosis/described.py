"""What an operator's words may mean: the causes whose descriptions share the telling words with them.

Okapi BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009) over the causes' ids, titles,
explanations and steps: a rare word counts more than a common one, a second mention less than the first.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log

K1 = 1.2
B = 0.75

_WORD = re.compile(r"[a-z][a-z0-9]+|\d+v")
_STOP = frozenset(
    word
    for line in (
        "a an and are as at be been before but by can check could did do does else for from get got had has have host",
        "if in into is it its made may more must near no not now of on only or other out part place see server than",
        "that the then there they this to was were what when where which while who will with you your required needed",
        "after again one node machine box",
    )
    for word in line.split()
)

_SAME = {
    "card": "gpu", "gpus": "gpu", "accelerator": "gpu", "ram": "dimm", "memory": "dimm", "stick": "dimm",
    "rebooted": "reboot", "restart": "reboot", "restarted": "reboot", "reset": "reboot", "psu": "supply",
    "power": "supply", "ac": "input", "mains": "input", "drive": "disk", "ssd": "disk", "hdd": "disk", "hot": "heat",
    "overheated": "heat", "overheating": "heat", "temperature": "heat", "temp": "heat", "thermal": "heat",
    "warm": "heat", "nic": "link", "ethernet": "link", "port": "link", "crashed": "crash", "died": "fail",
    "dead": "fail", "failed": "fail", "failure": "fail", "broken": "fail", "stopped": "fail", "fell": "fall",
    "fallen": "fall", "falling": "fall", "falls": "fall", "dropped": "fall", "lost": "lose", "loses": "lose",
    "loss": "lose", "full": "fill", "filled": "fill", "hung": "hang", "hangs": "hang", "stuck": "hang",
    "frozen": "hang", "froze": "hang", "panicked": "panic", "oom": "memory_pressure", "ecc": "correctable",
    "corrected": "correctable", "correctable": "correctable", "xid": "gpu", "nvidia": "gpu", "cpu": "processor",
}  # fmt: skip
"""Words of the floor, and the one that the catalogue uses (after `_stem`)."""


@dataclass(frozen=True, kw_only=True)
class CauseWords:
    """A cause of the catalogue, as far as words tell it. `brings` are ids of causes that it explains."""

    id: str
    component_class: str
    title: str
    explanation: str
    steps: Sequence[str] = ()
    brings: Sequence[str] = ()


@dataclass(frozen=True)
class Meaning:
    """How much a cause fits: 0 to 1 of the words' weight, and which of them."""

    cause: CauseWords
    share: float
    words: tuple[str, ...]


def words_of(text: str) -> list[str]:
    """The telling words of a text in the catalogue's form, in order, repeats included."""
    return [_form(word) for word in _WORD.findall(text.lower().replace("_", " ")) if word not in _STOP]


def _form(word: str) -> str:
    known = _SAME.get(word)
    return known if known is not None else _SAME.get(_stem(word), _stem(word))


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word


@dataclass(frozen=True)
class Catalogue:
    """The causes, indexed once."""

    causes: tuple[CauseWords, ...]
    _bags: Mapping[str, Counter[str]] = field(repr=False)
    _rarity: Mapping[str, float] = field(repr=False)
    _mean: float = field(repr=False)

    @classmethod
    def of(cls, causes: Iterable[CauseWords]) -> "Catalogue":
        some = tuple(sorted(causes, key=lambda one: one.id))
        bags = {one.id: _bag(one) for one in some}
        documents = Counter(word for bag in bags.values() for word in bag)
        rarity = {word: log(1 + (len(some) - n + 0.5) / (n + 0.5)) for word, n in documents.items()}
        mean = sum(sum(bag.values()) for bag in bags.values()) / max(1, len(bags))
        return cls(some, bags, rarity, max(mean, 1.0))

    def get(self, cause_id: str) -> CauseWords | None:
        return next((one for one in self.causes if one.id == cause_id), None)

    def meanings(self, text: str, most: int = 8) -> list[Meaning]:
        """The causes that fit best; none where no telling word is known."""
        asked = [word for word in dict.fromkeys(words_of(text)) if word in self._rarity]
        whole = sum(self._rarity[word] * (K1 + 1) for word in asked)
        if not whole:
            return []
        found = []
        for one in self.causes:
            bag = self._bags[one.id]
            hits = tuple(word for word in asked if bag[word])
            if hits:
                length = K1 * (1 - B + B * sum(bag.values()) / self._mean)
                score = sum(self._rarity[w] * bag[w] * (K1 + 1) / (bag[w] + length) for w in hits)
                found.append(Meaning(one, min(1.0, score / whole), hits))
        return sorted(found, key=lambda meaning: (-meaning.share, meaning.cause.id))[:most]

    def fits(self, text: str, said: str) -> float:
        """What share of the weight of `said`'s words stands in `text`; 0 where none is known."""
        asked = {word: self._rarity.get(word, 1.0) for word in words_of(said)}
        held = set(words_of(text))
        whole = sum(asked.values())
        return sum(weight for word, weight in asked.items() if word in held) / whole if whole else 0.0


def _bag(one: CauseWords) -> Counter[str]:
    """The id and title say most: their words count three times."""
    title = re.sub(r"\{[^}]*\}", " ", one.title)
    bag = Counter(words_of(f"{one.id.replace('.', ' ')} {title}"))
    for word in bag:
        bag[word] *= 3
    bag.update(words_of(f"{one.component_class} {one.explanation} {' '.join(one.steps)}"))
    return bag
