"""Who is calling, and how tools and resources get to know it."""

from contextvars import ContextVar
from dataclasses import dataclass

_PROPOSERS = frozenset({"operator", "admin"})


class NotAllowed(Exception):
    """The caller's key does not reach this; one sentence that says why."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An API key that the gateway has checked."""

    name: str
    role: str
    sites: tuple[str, ...]

    def site(self, wanted: str | None) -> str:
        """The site that a call is about: by default the key's first. Raises NotAllowed for one outside the key."""
        if wanted is None:
            return self.sites[0]
        if wanted not in self.sites:
            raise NotAllowed(f"this key has no access to site {wanted[:63]!r}; it has: {', '.join(self.sites)}")
        return wanted

    def require_proposer(self) -> None:
        if self.role not in _PROPOSERS:
            raise NotAllowed(f"proposing needs the role operator; the key {self.name!r} has {self.role}")


CALLER: ContextVar[Caller] = ContextVar("groundcrew_mcp_caller")
"""Set for the length of one HTTP request. A fixed resource of the SDK is handed nothing, so it has to be ambient."""
