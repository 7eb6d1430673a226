"""Where the mined templates of a partition are kept: chunks of one compressed state, and a head that names them.

A state is written under the generation that the head does not name; then the head moves. Whoever dies in between
leaves the state before it whole.
"""

import zlib
from hashlib import blake2b

import orjson

from groundcrew.bus.port import KeyValue
from groundcrew_trigger.ledger import UnreadableState

CHUNK = 500_000
"""Bytes of one value, below the broker's default payload."""

MAX_CHUNKS = 20
VERSION = 1


class TemplateShelf:
    """Reads and writes the states of partitions in the bucket `templates`."""

    def __init__(self, bucket: KeyValue) -> None:
        self._bucket = bucket
        self._revisions: dict[int, int] = {}

    async def read(self, partition: int) -> tuple[int, bytes] | None:
        """(sequence of the last batch in it, state), None where nothing is kept. Raises UnreadableState."""
        entry = await self._bucket.get(_head(partition))
        if entry is None:
            return None
        self._revisions[partition] = entry.revision
        try:
            head = orjson.loads(entry.value)
            generation, chunks, mark, digest = head["generation"], head["chunks"], head["mark"], head["digest"]
            if head["v"] != VERSION or not 0 < chunks <= MAX_CHUNKS:
                msg = f"templates of partition {partition}: version {head['v']} in {chunks} chunks, this is {VERSION}"
                raise UnreadableState(msg)
            parts = [await self._bucket.get(_chunk(partition, generation, n)) for n in range(chunks)]
            packed = b"".join(part.value if part is not None else b"" for part in parts)
            if _digest(packed) != digest:
                msg = f"templates of partition {partition}: chunks do not fit their head"
                raise UnreadableState(msg)
            return int(mark), zlib.decompress(packed)
        except (orjson.JSONDecodeError, KeyError, TypeError, zlib.error) as error:
            msg = f"templates of partition {partition}: {error!r}"
            raise UnreadableState(msg) from None

    async def moved(self, partition: int) -> bool:
        """Whether another process wrote the partition since it was read or written here."""
        entry = await self._bucket.get(_head(partition))
        return entry is not None and entry.revision != self._revisions.get(partition)

    async def write(self, partition: int, mark: int, state: bytes) -> int:
        """Bytes that were written. Raises ValueError where the state is too large to be kept."""
        packed = zlib.compress(state, 1)
        chunks = [packed[at : at + CHUNK] for at in range(0, len(packed), CHUNK)]
        if len(chunks) > MAX_CHUNKS:
            msg = f"templates of partition {partition}: {len(packed)} bytes, at most {MAX_CHUNKS * CHUNK} are kept"
            raise ValueError(msg)
        before, there = await self._named(partition)
        generation = 1 - before
        for number, chunk in enumerate(chunks):
            await self._bucket.put(_chunk(partition, generation, number), chunk)
        head = {
            "v": VERSION, "generation": generation, "chunks": len(chunks), "mark": mark, "digest": _digest(packed)
        }  # fmt: skip
        self._revisions[partition] = await self._bucket.put(_head(partition), orjson.dumps(head))
        for number in range(there):
            await self._bucket.delete(_chunk(partition, before, number))
        return len(packed)

    async def _named(self, partition: int) -> tuple[int, int]:
        """(generation, chunks) that the head names; (1, 0) where there is none."""
        entry = await self._bucket.get(_head(partition))
        try:
            head = orjson.loads(entry.value) if entry is not None else {}
            return int(head["generation"] == 1), min(int(head["chunks"]), MAX_CHUNKS)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return 1, 0


def _head(partition: int) -> str:
    return f"p{partition}"


def _chunk(partition: int, generation: int, number: int) -> str:
    return f"p{partition}.{generation}.{number}"


def _digest(packed: bytes) -> str:
    return blake2b(packed, digest_size=16).hexdigest()
