"""Contract of the vector store. `qdrant_server.ServerVectors`, `qdrant_embedded.EmbeddedVectors` and
`vectors_memory.MemoryVectors` pass one suite (`tests/contract/vectors`).

A collection is made by its first write, as `<name>__<embedder>_<dim>`: vectors of two embedders never meet. The alias
`<name>` says which of them is whole; it moves when nothing is left in the old one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.stores.port import StoreUnavailable

MAX_BATCH = 256
"""Points of one write, one deletion by id, and one page at most."""

_SPACE = re.compile(r"(?P<embedder>[a-z0-9.-]{1,80})_(?P<dim>[1-9][0-9]{0,4})")
_PHYSICAL = re.compile(rf"(?P<name>[a-z_-]{{1,60}})__{_SPACE.pattern}")


class VectorsUnavailable(StoreUnavailable):
    """The engine or server does not answer; its folder or address is in the text."""

    dependency = "qdrant"


@dataclass(frozen=True)
class Space:
    """What vectors of a collection have in common. Only vectors of one space can be compared."""

    embedder: str
    dim: int

    def __str__(self) -> str:
        return f"{self.embedder}_{self.dim}"

    @classmethod
    def parse(cls, text: str) -> "Space":
        """Raises ValueError with what was expected."""
        found = _SPACE.fullmatch(text)
        if found is None:
            msg = f"vector space {text!r}: expected '<embedder>_<dimension>'"
            raise ValueError(msg)
        return cls(found["embedder"], int(found["dim"]))

    def collection(self, name: str) -> str:
        return f"{name}__{self}"


def name_and_space(physical: str) -> tuple[str, Space] | None:
    """`issues` and its space of `issues__hashing-1_1024`; None for a collection that is not ours."""
    found = _PHYSICAL.fullmatch(physical)
    return (found["name"], Space(found["embedder"], int(found["dim"]))) if found else None


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A text as it is kept; `id` is 128 bits in hex, `entity` empty where it is about none."""

    id: str
    site: str
    ref: str
    text: str
    time: datetime
    entity: str = ""

    def payload(self) -> dict[str, Any]:
        return {
            "site": self.site,
            "entity": self.entity,
            "ref": self.ref,
            "text": self.text,
            "us": to_us(self.time),
        }

    @classmethod
    def of(cls, point_id: object, payload: Mapping[str, Any]) -> "Passage":
        """Read what a store gave back."""
        return cls(
            id=UUID(str(point_id)).hex,
            site=payload["site"],
            ref=payload["ref"],
            text=payload["text"],
            time=from_us(payload["us"]),
            entity=payload.get("entity") or "",
        )


@dataclass(frozen=True)
class Embedded:
    """A passage with its vector."""

    passage: Passage
    vector: Sequence[float]


@dataclass(frozen=True)
class Hit:
    """A passage that resembles what was looked for, by cosine."""

    passage: Passage
    score: float


@dataclass(frozen=True)
class Page:
    """Passages in the order of their ids; `after` leads to the next page, None at the end."""

    passages: Sequence[Passage]
    after: str | None


class VectorStore(Protocol):
    """Everything raises VectorsUnavailable where the engine does not answer in time. A site's name is asked for
    wherever texts come out or are deleted: nobody gets another site's. What does not exist yet is empty."""

    async def upsert(self, name: str, space: Space, points: Sequence[Embedded]) -> None:
        """Store at most MAX_BATCH points, the same id over what was there. Returns when they would survive a crash."""

    async def delete(self, name: str, site: str, ref: str, *, keep: Sequence[str] = ()) -> None:
        """Delete what came from `ref`, in all spaces, but for the ids in `keep`."""

    async def delete_ids(self, name: str, space: Space, site: str, ids: Sequence[str]) -> None:
        """Delete at most MAX_BATCH points of one space."""

    async def search(
        self,
        name: str,
        space: Space,
        vector: Sequence[float],
        *,
        site: str,
        entity: str = "",
        limit: int,
        min_score: float = -1.0,
    ) -> list[Hit]:
        """What resembles the vector most, best first, at most `limit`."""

    async def known(self, name: str, space: Space, site: str, ids: Sequence[str]) -> dict[str, Passage]:
        """Which of at most MAX_BATCH ids are stored in this space."""

    async def page(self, name: str, space: Space, site: str, *, after: str | None = None, limit: int = 100) -> Page:
        """All passages of a site, a page at a time."""

    async def oldest(self, name: str, space: Space, site: str, limit: int) -> list[str]:
        """Ids of the passages with the earliest times, at most MAX_BATCH."""

    async def count(self, name: str, space: Space, site: str) -> int: ...

    async def aliases(self) -> dict[str, Space]:
        """Which space of each collection is whole."""

    async def spaces(self, name: str) -> list[Space]:
        """The spaces in which the collection has points, of whatever site."""

    async def switch(self, name: str, space: Space) -> None:
        """Point the alias at this space, in one step, and drop those of the collection's other spaces that are empty:
        a site that has not moved yet keeps its points."""

    async def ping(self) -> str:
        """Where the vectors are, for people; raises VectorsUnavailable."""

    async def close(self) -> None: ...
