"""The subscription that has a BMC push its events to us, where it offers no stream and the operator gave an address.

Sources: DSP0266, 12.1; EventDestination schema. iLO 5 and older services want `EventTypes`, newer ones refuse them.
A subscription is known by its destination or its Context: it is found again after a kill, and what is there twice, or
was made for an address that we no longer have, is deleted.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from groundcrew.contracts.clock import Clock
from groundcrew.diagnosis.redfish import path_of, words
from groundcrew_ipmi_collector.reason import IpmiFailed
from groundcrew_ipmi_collector.redfish.client import Client
from groundcrew_ipmi_collector.redfish.pushed import Pushed
from groundcrew_ipmi_collector.redfish.walk import LEFT_OUT, EventPlace, members

MAX_SUBSCRIPTIONS = 100
LOOK_EVERY_S = 3_600.0
"""A BMC forgets subscriptions when its settings are reset, and drops those that it could not deliver to."""


class Subscription:
    """Of one BMC."""

    def __init__(self, bmc: str, pushed: Pushed, wake: Callable[[], None], clock: Clock) -> None:
        self._bmc = bmc
        self._pushed = pushed
        self._wake = wake
        self._clock = clock
        self._path = ""
        self._looked_at: float | None = None

    @property
    def is_made(self) -> bool:
        return bool(self._path)

    async def hold(self, client: Client, place: EventPlace) -> None:
        """Looks, now and then, whether there is one and no second, within a look. Raises IpmiFailed where the BMC
        cannot be read; one that refuses to be subscribed to is read at the interval."""
        now = self._clock.monotonic()
        if not place.subscriptions or (self._looked_at is not None and now - self._looked_at < LOOK_EVERY_S):
            return
        self._looked_at = now
        self._pushed.expect(self._bmc, self._wake)
        listed = await members(client, place.subscriptions, MAX_SUBSCRIPTIONS)
        ours = [path_of(one) for one in listed if self._is_ours(one)]
        good = [path_of(one) for one in listed if self._is_ours(one, wholly=True)]
        self._path = good[0] if good else ""
        for path in ours:
            if path and path != self._path:
                await client.delete(path)
        if not self._path:
            self._path = await self._made(client, place)

    async def _made(self, client: Client, place: EventPlace) -> str:
        """Its path, empty where it is refused in either form."""
        body = {
            "Destination": self._pushed.destination(self._bmc),
            "Context": self._pushed.context(self._bmc),
            "Protocol": "Redfish",
        }
        forms: list[dict[str, Any]] = [{"EventTypes": ["Alert"]}, {"EventFormatType": "Event"}]
        for form in forms if place.types else reversed(forms):
            try:
                return await client.post(place.subscriptions, {**body, **form})
            except IpmiFailed as failure:
                if failure.reason not in LEFT_OUT:
                    raise
        return ""

    def _is_ours(self, one: Mapping[str, Any], *, wholly: bool = False) -> bool:
        same = (
            words(one.get("Destination"), 1_000) == self._pushed.destination(self._bmc),
            words(one.get("Context")) == self._pushed.context(self._bmc),
        )
        return all(same) if wholly else any(same)

    async def end(self, client: Client) -> None:
        """The BMC is not looked at any more. Bounded in time, raises nothing that a BMC does; where it does not answer
        the subscription stays, is refused by nobody listening, and is found again when the BMC is listed again."""
        self._pushed.forget(self._bmc)
        path, self._path, self._looked_at = self._path, "", None
        if path:
            with suppress(IpmiFailed, TimeoutError):
                await client.delete_and_leave(path)
