"""A server that fails again and again is left alone for a while; then one question tries it."""

from groundcrew.contracts.clock import Clock


class Circuit:
    """Closed: questions go through. Open after `fails` failures in a row: none does for `rest_s` seconds. Then one may
    try; its outcome closes the circuit, or opens it for as long again."""

    def __init__(self, clock: Clock, *, fails: int, rest_s: float) -> None:
        self._clock = clock
        self._fails = fails
        self._rest_s = rest_s
        self.failures = 0
        self._open_until: float | None = None
        self._trying = False
        self.reason = ""

    @property
    def blocked(self) -> bool:
        """Whether a question would not be admitted now."""
        return self._open_until is not None and (self._trying or self._clock.monotonic() < self._open_until)

    def admits(self) -> bool:
        """Whether a question may go to the server now. Whoever is admitted tells how it went, or `left`."""
        if self.blocked:
            return False
        self._trying = self._open_until is not None
        return True

    def succeeded(self) -> None:
        self.failures, self._open_until, self._trying, self.reason = 0, None, False, ""

    def failed(self, reason: str) -> None:
        self.failures += 1
        self._trying = False
        self.reason = reason
        if self.failures >= self._fails:
            self._open_until = self._clock.monotonic() + self._rest_s

    def left(self) -> None:
        """It was not found out how the server is."""
        self._trying = False
