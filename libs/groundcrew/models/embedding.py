"""What makes vectors of texts. Alike texts get vectors with a high cosine; only hybrid-coordinator embeds."""

from collections.abc import Sequence
from typing import Protocol

MAX_BATCH = 64
"""Texts of one call at most."""


class EmbedderUnavailable(Exception):
    """No vectors can be had now; one sentence that names the address or file."""


class Embedder(Protocol):
    """`name` stands in the names of collections: another method or model has another name."""

    @property
    def name(self) -> str: ...

    @property
    def min_score(self) -> float:
        """The cosine below which two texts have nothing to do with each other, as measured; it is the embedder's own,
        since cosines of two embedders do not compare."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector of length 1 for each of at most MAX_BATCH texts. Raises EmbedderUnavailable."""

    async def dimension(self) -> int:
        """How long the vectors are. Raises EmbedderUnavailable where only a server could say."""

    async def close(self) -> None: ...
