"""API keys: the gateway knows them, we ask it."""

from collections import OrderedDict
from hashlib import sha256

from groundcrew.bus.port import Bus
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.queries import CheckKey, Endpoints
from groundcrew_mcp.caller import Caller

MAX_KEY = 400
"""Characters; a longer text is no key of ours."""

REMEMBERED = 1_000


class KeyRefused(Exception):
    """The key opens nothing; where `wait_s` is above 0, too many keys of this address did."""

    def __init__(self, wait_s: float) -> None:
        reason = (
            "too many refused credentials from this address; wait" if wait_s else "the API key is unknown or revoked"
        )
        super().__init__(reason)
        self.wait_s = wait_s


class Keys:
    """Remembers the digests of keys that were accepted, for a few seconds; a refusal is never remembered."""

    def __init__(self, bus: Bus, clock: Clock, *, keep_s: float) -> None:
        self._bus = bus
        self._clock = clock
        self._keep_s = keep_s
        self._known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def open(self, text: str, address: str) -> Caller:
        """Raises KeyRefused, RequestFailed where the gateway does not answer."""
        if len(text) > MAX_KEY:
            raise KeyRefused(0)
        digest = sha256(text.encode()).digest()
        until, caller = self._known.get(digest, (0.0, None))
        if caller is not None and self._clock.monotonic() < until:
            return caller
        self._known.pop(digest, None)
        standing = await self._bus.request(Endpoints.CHECK_KEY, CheckKey(key=text, address=address[:100]))
        if not standing.name or not standing.sites:
            raise KeyRefused(standing.wait_s)
        caller = Caller(name=standing.name, role=standing.role, sites=tuple(standing.sites))
        self._known[digest] = (self._clock.monotonic() + self._keep_s, caller)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return caller
