"""Asking the owners of data for whoever calls, within the sites of their key."""

from typing import TypeVar

from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from groundcrew.bus.port import Bus, RequestFailed
from groundcrew.contracts.envelope import Record
from groundcrew.contracts.queries import Endpoint, Failure
from groundcrew_mcp.caller import CALLER, NotAllowed

Q = TypeVar("Q", bound=Record)
R = TypeVar("R", bound=Record)


class Asking:
    """Failures are the SDK's own kind, one sentence each: a tool tells them as its result, a resource as an error."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def site(self, wanted: str | None) -> str:
        try:
            return CALLER.get().site(wanted)
        except NotAllowed as error:
            raise ResourceError(str(error)) from None

    async def ask(self, endpoint: Endpoint[Q, R], request: Q, site: str | None, *, timeout_s: float = 5.0) -> R:
        try:
            return await self._bus.request(endpoint, request, site=self.site(site), timeout=timeout_s)
        except RequestFailed as failed:
            if failed.failure is Failure.NOT_FOUND:
                raise ResourceNotFoundError(failed.reason) from None
            if failed.failure is Failure.UNAVAILABLE:
                raise ResourceError(f"{endpoint.owner} cannot tell just now: {failed.reason}") from None
            raise ResourceError(failed.reason) from None
