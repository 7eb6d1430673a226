"""What an API key opens, told to mcp: it is shown keys too, and only the gateway knows them."""

from groundcrew.contracts.queries import CheckKey, KeyStanding
from groundcrew.stores.gateway.port import Role
from groundcrew_gateway.access import open_key, touch
from groundcrew_gateway.gateway import Gateway
from groundcrew_gateway.problems import Problem


class Standings:
    """Answers `CHECK_KEY`. A refused key counts against the address of mcp's client, as if it had come to us."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def check(self, request: CheckKey) -> KeyStanding:
        try:
            key = await open_key(self._gateway, request.address or "unknown", request.key)
        except Problem as refused:
            return KeyStanding(name="", role="", sites=[], wait_s=float(refused.headers.get("Retry-After", 0)))
        if not key.role.includes(Role.VIEWER):
            return KeyStanding(name="", role="", sites=[], wait_s=0)
        await touch(self._gateway, key)
        return KeyStanding(name=key.name, role=key.role.value, sites=list(key.sites))
