"""A BMC of which the inventory does not say how it is read: over Redfish where it offers that to us, else over IPMI."""

from collections.abc import Awaitable, Callable

from structlog.typing import FilteringBoundLogger

from groundcrew.contracts.clock import Clock
from groundcrew_ipmi_collector.fleet import Poller
from groundcrew_ipmi_collector.outcome import Outcome
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason

ASK_AGAIN_S = 3_600.0
"""So often a BMC that is read over IPMI is asked whether it speaks Redfish by now (after an update)."""

ASK_FAILING_S = 300.0


class AutoPoller:
    """`probe` returns where the BMC shows a service root that is trusted, and raises IpmiFailed where not."""

    def __init__(
        self,
        *,
        name: str,
        probe: Callable[[], Awaitable[None]],
        redfish: Poller,
        ipmi: Poller,
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self._name = name
        self._probe = probe
        self._redfish = redfish
        self._ipmi = ipmi
        self._clock = clock
        self._log = log
        self._chosen: Poller | None = None
        self._asked_at = 0.0
        self._told: Reason | None = None

    @property
    def outcome(self) -> Outcome:
        return Outcome() if self._chosen is None else self._chosen.outcome

    async def poll(self) -> None:
        if self._is_to_be_asked():
            await self._choose()
        assert self._chosen is not None
        await self._chosen.poll()

    def _is_to_be_asked(self) -> bool:
        if self._chosen is None:
            return True
        failing = self._chosen.outcome.reason is not None
        every_s = ASK_FAILING_S if failing else ASK_AGAIN_S
        due = self._clock.monotonic() - self._asked_at >= every_s
        return due and (failing or self._chosen is self._ipmi)

    async def _choose(self) -> None:
        self._asked_at = self._clock.monotonic()
        before = self._chosen
        try:
            await self._probe()
        except IpmiFailed as failure:
            self._chosen = self._ipmi
            if failure.reason is not self._told:
                self._told = failure.reason
                self._log.info("redfish_not_used", bmc=self._name, reason=failure.reason.value, detail=str(failure))
        else:
            self._chosen, self._told = self._redfish, None
        if before is not None and before is not self._chosen:
            await before.close()

    async def rest(self, seconds: float) -> None:
        assert self._chosen is not None
        await self._chosen.rest(seconds)

    async def close(self) -> None:
        await self._redfish.close()
        await self._ipmi.close()
