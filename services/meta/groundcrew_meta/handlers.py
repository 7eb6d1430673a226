"""One coroutine per message."""

from collections.abc import Awaitable, Callable

from groundcrew.bus.port import Delivery, RequestFailed, Unavailable
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import EscalationRaised
from groundcrew.contracts.queries import Failure
from groundcrew.stores.meta.port import MetaStore
from groundcrew_meta.analyst import Analyst


class Handlers:
    """`publish` sends what the transactions left in the outbox."""

    def __init__(
        self,
        *,
        site: str,
        analyst: Analyst,
        store: MetaStore,
        publish: Callable[[], Awaitable[object]],
        deadline_s: float,
    ) -> None:
        self._site = site
        self._analyst = analyst
        self._store = store
        self._publish = publish
        self._deadline_s = deadline_s

    async def escalated(self, delivery: Delivery[EscalationRaised]) -> None:
        """One analysis per escalation, however often it is delivered."""
        envelope, data = delivery.envelope, delivery.data
        analysis_id = stable_id("analysis", envelope.id)
        if await self._store.analysis(self._site, analysis_id) is None:
            try:
                await self._analyst.analyse(
                    data.incident_id,
                    analysis_id=analysis_id,
                    reason=data.reason,
                    deadline_s=self._deadline_s,
                    cause=envelope,
                )
            except RequestFailed as failed:
                if failed.failure is Failure.NOT_FOUND:  # forgotten meanwhile: nobody needs the analysis any more
                    return
                raise Unavailable("context", failed.reason) from failed
        await self._publish()
