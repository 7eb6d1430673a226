"""Vectors without any model: feature hashing of words and pieces of words.

The method is that of Weinberger, Dasgupta, Langford, Smola and Attenberg, "Feature Hashing for Large Scale Multitask
Learning", ICML 2009: a hash picks a feature's place and, by another bit, its sign, so that collisions cancel out on
average. Features are words, pairs of neighbouring words, and the character n-grams of each word between its borders
(as in Bojanowski, Grave, Joulin and Mikolov, "Enriching Word Vectors with Subword Information", TACL 2017), so that
`failed` and `failure` share some. A feature that comes up `n` times weighs 1 + ln n; the vector is scaled to length 1.

It knows no meanings: `PSU` and `power supply` are strangers to it. The vectors are the same in every process and on
every machine. Whatever changes them changes NAME, too: they would not compare with what is stored.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise
from math import log, sqrt

NAME = "hashing-1"
DIMENSION = 1024
MAX_CHARACTERS = 20_000
MIN_SCORE = 0.12
"""By docs/benchmarks/knowledge.md: four of five right passages are above it, and no question about something else."""

WORD_WEIGHT = 1.0
PAIR_WEIGHT = 0.3
GRAM_WEIGHT = 0.35
"""A word has about as many n-grams as letters: together they weigh about as much as the word."""

GRAMS = (3, 4)

_WORD = re.compile(r"[^\W_]+(?:[.-][^\W_]+)*")
_PART = re.compile(r"[^\W\d_]+|\d+")
_STOP_WORDS = frozenset(
    _WORD.findall(
        "a an and are as at be been but by can did do does for from had has have how i in is it its my no not of on or"
        " our so that the their them then there these they this to was we were what when where which who why will with"
        " you your"
    )
)


class HashingEmbedder:
    name = NAME
    min_score = MIN_SCORE

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return await asyncio.to_thread(lambda: [hashed(text) for text in texts])

    async def dimension(self) -> int:
        return DIMENSION

    async def close(self) -> None:
        """There is nothing to close."""


def hashed(text: str) -> list[float]:
    """The vector of one text; all zero where there is not one word in it."""
    vector = [0.0] * DIMENSION
    for (feature, weight), count in Counter(_features(text[:MAX_CHARACTERS].lower())).items():
        digest = int.from_bytes(blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
        sign = 1.0 if digest & 1 else -1.0
        vector[(digest >> 1) % DIMENSION] += sign * weight * (1.0 + log(count))
    length = sqrt(sum(x * x for x in vector))
    return [x / length for x in vector] if length else vector


def _features(text: str) -> Iterator[tuple[str, float]]:
    """Features with their weights; the prefix tells kinds apart."""
    words = [word for word in _WORD.findall(text) if word not in _STOP_WORDS]
    for word in words:
        yield f"w {word}", WORD_WEIGHT
        parts = _PART.findall(word)
        if len(parts) > 1:  # `web-01`, `nvme0n1`: its parts say which kind it is
            yield from ((f"w {part}", WORD_WEIGHT / 2) for part in parts if not part.isdecimal())
        for part in parts:
            bordered = f"<{part}>"
            for size in GRAMS:
                yield from (
                    (f"g {bordered[start : start + size]}", GRAM_WEIGHT) for start in range(len(bordered) - size + 1)
                )
    for first, second in pairwise(words):
        yield f"p {first} {second}", PAIR_WEIGHT
