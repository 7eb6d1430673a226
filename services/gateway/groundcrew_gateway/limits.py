"""How often a caller may show a credential that is wrong."""

from collections import OrderedDict, deque

from groundcrew.contracts.clock import Clock


class AuthFailures:
    """Counts failures per client address and credential id, and per address over all ids, in a sliding window.

    A client that keeps showing one stale key shuts out that key, and not its neighbours on the same address.
    """

    def __init__(
        self, clock: Clock, *, per_id: int = 10, per_address: int = 100, window_s: float = 60, remembered: int = 4_096
    ) -> None:
        self._clock = clock
        self._per_id = per_id
        self._per_address = per_address
        self._window_s = window_s
        self._remembered = remembered
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def wait_s(self, address: str, credential_id: str) -> float:
        """Seconds until this credential may be tried again; 0 where it may be now."""
        by_id = self._wait((address, credential_id), self._per_id)
        return max(by_id, self._wait((address, "*"), self._per_address))

    def note(self, address: str, credential_id: str) -> None:
        """One more failure."""
        for key, limit in (((address, credential_id), self._per_id), ((address, "*"), self._per_address)):
            times = self._failures.setdefault(key, deque(maxlen=limit))
            times.append(self._clock.monotonic())
            self._failures.move_to_end(key)
        while len(self._failures) > self._remembered:
            self._failures.popitem(last=False)

    def _wait(self, key: tuple[str, str], limit: int) -> float:
        times = self._failures.get(key)
        if times is None or len(times) < limit:
            return 0
        return max(0.0, times[0] + self._window_s - self._clock.monotonic())
