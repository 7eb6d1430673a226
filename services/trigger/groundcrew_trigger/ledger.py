"""Where an entity's detection state and the sequence it belongs to are kept together, one key per entity."""

import struct
import zlib

from groundcrew.bus.port import KeyValue
from groundcrew.contracts.identity import token

_MARK = struct.Struct(">BQ")
_VERSION = 1


class UnreadableState(ValueError):
    """A stored value that is none of ours."""


class Ledger:
    """Reads and writes states in the bucket `trigger-state`."""

    def __init__(self, bucket: KeyValue) -> None:
        self._bucket = bucket

    async def read(self, entity: str) -> tuple[int, bytes] | None:
        """(sequence of the last batch in it, state), None where nothing is stored. Raises UnreadableState."""
        entry = await self._bucket.get(token(entity))
        if entry is None:
            return None
        try:
            version, mark = _MARK.unpack_from(entry.value)
            state = zlib.decompress(entry.value[_MARK.size :])
        except (struct.error, zlib.error) as error:
            msg = f"state of {entity}: {error}"
            raise UnreadableState(msg) from None
        if version != _VERSION:
            msg = f"state of {entity}: version {version}, this is version {_VERSION}"
            raise UnreadableState(msg)
        return mark, state

    async def write(self, entity: str, mark: int, state: bytes) -> None:
        await self._bucket.put(token(entity), _MARK.pack(_VERSION, mark) + zlib.compress(state, 1))
