"""How many tokens a prompt has, as exactly as it can be had without sending it anywhere it may not go.

By the model's own tokenizer where its server offers that (llama.cpp does); else o200k with a margin, since models'
vocabularies differ; a prompt that fits even with a token per byte is not counted at all.
"""

import asyncio
from collections.abc import Sequence
from math import ceil

from groundcrew.contracts.completions import Turn
from groundcrew.diagnosis.tokens import Tokenizer, upper_bound
from groundcrew.runtime.counting import o200k_tables

MARGIN = 1.15
"""How much more tokens another vocabulary makes of logs and English than o200k does."""

TURN_TOKENS = 8
"""What a chat template puts around a turn, about."""

BYTES_PER_TOKEN = 3
"""Between logs (2.1) and English (4)."""


class TokenCounter:
    """The tokenizer is loaded when it is first needed: its tables take 50 MB and a quarter of a second."""

    def __init__(self) -> None:
        self._count: Tokenizer | None = None

    async def estimate(self, turns: Sequence[Turn]) -> int:
        """Tokens of a prompt with the margin; counted beside the event loop."""
        return await asyncio.to_thread(self._estimate, turns)

    def _estimate(self, turns: Sequence[Turn]) -> int:
        if self._count is None:
            self._count = o200k_tables()
        tokens = sum(self._count(turn.text) for turn in turns)
        return ceil(tokens * MARGIN) + TURN_TOKENS * len(turns)


def at_most(turns: Sequence[Turn]) -> int:
    """No byte-level vocabulary makes more tokens of a prompt."""
    return sum(upper_bound(turn.text) + TURN_TOKENS for turn in turns)


def roughly(text: str) -> int:
    """For accounts, where the server counted nothing."""
    return upper_bound(text) // BYTES_PER_TOKEN + 1
