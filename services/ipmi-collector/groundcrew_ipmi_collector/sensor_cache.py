"""A BMC's sensor records as they are kept on disk, taken apart once and shared by BMCs that have the same."""

from hashlib import blake2b
from pathlib import Path
from weakref import WeakValueDictionary

from groundcrew.diagnosis.sdr_bytes import SensorRecord, sensors_of

MAX_BYTES = 512 * 1024


class Sensors(list[SensorRecord]):
    """A list that can be held weakly."""


_SHARED: WeakValueDictionary[bytes, Sensors] = WeakValueDictionary()
"""By the digest of the bytes that they were made of: a rack of equal machines has one."""

_NONE = Sensors()


class SensorCache:
    """One file, in the form of `ipmitool sdr dump`. Where it is missing or cut, there are fewer sensors."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._sensors = _NONE

    def sensors(self) -> Sensors:
        """The same list as long as the file is the same."""
        try:
            status = self._path.stat()
            if (seen := (status.st_mtime_ns, status.st_ino)) != self._seen:
                with self._path.open("rb") as file:
                    data = file.read(MAX_BYTES)
                self._sensors, self._seen = _shared(data), seen
        except FileNotFoundError:
            self._sensors, self._seen = _NONE, None
        return self._sensors


def _shared(data: bytes) -> Sensors:
    key = blake2b(data, digest_size=16).digest()
    found = _SHARED.get(key)
    if found is None:
        found = _SHARED[key] = Sensors(sensors_of(data))
    return found
