"""Where an entity's detection state and the sequence it belongs to are kept together, one key per entity.

Several processes may write: each write holds only over the revision that its state was read at, so that nobody writes
over what somebody else took in meanwhile.
"""

import struct
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from groundcrew.bus.port import Entry, KeyValue
from groundcrew.contracts.identity import token

_MARK = struct.Struct(">BQ")
_VERSION = 1


class UnreadableState(ValueError):
    """A stored value that is none of ours."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A state as it is written: `revision` 0 where there is none. Decoded only when asked."""

    entity: str
    revision: int
    value: bytes = b""

    def opened(self) -> tuple[int, bytes] | None:
        """(sequence of the last batch in it, state), None where nothing is stored. Raises UnreadableState."""
        if self.revision == 0:
            return None
        try:
            version, mark = _MARK.unpack_from(self.value)
            state = zlib.decompress(self.value[_MARK.size :])
        except (struct.error, zlib.error) as error:
            msg = f"state of {self.entity}: {error}"
            raise UnreadableState(msg) from None
        if version != _VERSION:
            msg = f"state of {self.entity}: version {version}, this is version {_VERSION}"
            raise UnreadableState(msg)
        return mark, state


class Ledger:
    """Reads and writes states in the bucket `trigger-state`."""

    def __init__(self, bucket: KeyValue) -> None:
        self._bucket = bucket

    async def all(self) -> AsyncIterator[Stored]:
        """Each value of the bucket, whosever it is; its key stands for the entity."""
        for key in await self._bucket.keys():
            entry = await self._bucket.get(key)
            if entry is not None:
                yield Stored(key, entry.revision, entry.value)

    async def read(self, entity: str) -> Stored:
        entry: Entry | None = await self._bucket.get(token(entity))
        return Stored(entity, 0) if entry is None else Stored(entity, entry.revision, entry.value)

    async def write(self, entity: str, mark: int, state: bytes, revision: int) -> int:
        """Write over `revision` (0: where nothing is stored); returns the new one. Raises KeyConflict."""
        value = _MARK.pack(_VERSION, mark) + zlib.compress(state, 1)
        if revision == 0:
            return await self._bucket.create(token(entity), value)
        return await self._bucket.update(token(entity), value, revision)
