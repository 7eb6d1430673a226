"""Asking actions whether a grant is its own and still stands."""

from groundcrew.bus.port import Bus, RequestFailed, Unavailable
from groundcrew.contracts.actions import ActionGranted
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.queries import ConfirmGrant, Endpoints, Failure


class Confirmation:
    """Only actions may answer this endpoint, whereas a message on the grant's subject may have other ways to it."""

    def __init__(self, bus: Bus, entity: str) -> None:
        self._bus = bus
        self._entity = entity

    async def ask(self, grant: Envelope[ActionGranted], argv: list[str]) -> str | None:
        """Why it may not begin, None where it may. Raises Unavailable until actions answers; a grant may expire so."""
        request = ConfirmGrant(grant_id=grant.id, action_id=grant.data.action_id, entity=self._entity, argv=argv)
        try:
            standing = await self._bus.request(Endpoints.CONFIRM, request)
        except RequestFailed as failed:
            if failed.failure in (Failure.UNAVAILABLE, Failure.INTERNAL):
                raise Unavailable("actions", failed.reason) from failed
            return f"actions does not confirm the grant: {failed.reason}"
        return None if standing.stands else f"actions does not confirm the grant: {standing.reason}"
