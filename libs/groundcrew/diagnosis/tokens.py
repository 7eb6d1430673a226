"""Counting tokens without a network: o200k from the ranks that a package bundles, or an upper bound where there are
none. Models' own tokenizers differ; budgets that matter are checked again by whoever talks to the model."""

from base64 import b64decode
from collections.abc import Callable

from tiktoken import Encoding

Tokenizer = Callable[[str], int]
"""Number of tokens of a text."""

_LETTERS_LOWER = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
)
_LETTERS_UPPER = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
)
_OTHERS = r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K_PATTERN = f"{_LETTERS_LOWER}|{_LETTERS_UPPER}|{_OTHERS}"
"""How o200k_base splits a text before it merges bytes (tiktoken, `openai_public.o200k_base`)."""


def upper_bound(text: str) -> int:
    """No byte-level tokenizer makes more tokens than the text has bytes of UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def o200k(ranks: bytes) -> Tokenizer:
    """A counter from the lines of `o200k_base.tiktoken` (base64 token, blank, rank). Raises ValueError where they are
    malformed. Text that looks like a special token is counted as the text that it is."""
    try:
        pairs = (line.split() for line in ranks.splitlines() if line)
        mergeable = {b64decode(token): int(rank) for token, rank in pairs}
    except ValueError as error:
        msg = f"token ranks: expected lines of 'base64 rank': {error}"
        raise ValueError(msg) from None
    encoding = Encoding("o200k_base", pat_str=O200K_PATTERN, mergeable_ranks=mergeable, special_tokens={})
    mergeable.clear()  # the encoding has its own tables by now; these are only for looking tokens up, and take 25 MB
    return lambda text: len(encoding.encode_ordinary(text))
