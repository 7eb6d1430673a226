"""Carrying out one grant: check, remember, act, probe, judge."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from groundcrew.contracts.actions import POLICY, ActionGranted, ActionReported, Outcome
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Envelope
from groundcrew.policy.catalogue import Entry, Rendered, prepare
from groundcrew.policy.rendering import ActionRefused
from groundcrew.policy.verification import parse_properties, what_probe_proves
from groundcrew_runner.execution import CannotStart, Executor
from groundcrew_runner.host_journal import HostJournal
from groundcrew_runner.ledger import Ledger, LedgerBroken, Page

PROBE_S = 10.0
MOVING_S = 30.0
"""How long a unit may still be starting or stopping before its state is taken as it is."""

_AGAIN_S = 0.5

Confirm = Callable[[Envelope[ActionGranted], list[str]], Awaitable[str | None]]
"""(grant, argv about to run) -> why actions does not let it begin, None where it does. Raises Unavailable while actions
does not answer."""


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Acts on one entity. A message alone is no permission: `confirm` asks actions before anything begins.

    `settle_s` replaces the catalogue's waiting time before the probe afterwards.
    """

    entity: str
    executor: Executor
    ledger: Ledger
    host_journal: HostJournal
    clock: Clock
    confirm: Confirm
    protected: tuple[str, ...] = ()
    settle_s: float | None = None

    async def carry_out(self, grant: Envelope[ActionGranted]) -> Page:
        """The ledger's page with the report, on disk. Runs the action at most once, however often it is called."""
        try:
            page = await asyncio.to_thread(self.ledger.read, grant.id)
        except LedgerBroken as broken:
            return await self._nobody_knows(grant, self._page(grant), f"{broken}; ")
        if page is not None and page.report is not None:
            return page
        if page is not None:
            return await self._nobody_knows(grant, page, "the runner ended in the midst of it; ")
        try:
            ready, before = await self._checked(grant)
        except (ActionRefused, CannotStart) as refused:
            return await self._finish(self._page(grant), Outcome.REFUSED, detail=str(refused))
        page = self._page(grant, before)
        await asyncio.to_thread(self.ledger.write, page)
        return await self._act(grant, ready, page)

    async def _checked(self, grant: Envelope[ActionGranted]) -> tuple[Rendered, dict[str, str]]:
        data = grant.data
        if data.expires_at <= self.clock.now():
            raise ActionRefused(f"the grant expired at {data.expires_at:%Y-%m-%d %H:%M:%S} UTC")
        if data.target != self.entity:
            raise ActionRefused(f"the grant is for {data.target}, this runner acts on {self.entity}")
        ready = prepare(data.kind, data.target, data.parameters, protected=self.protected)
        if not ready.argv:
            raise ActionRefused(f"{data.kind.value} is nothing that runs on a host")
        if ready.argv != data.argv:
            raise ActionRefused(f"the grant says {data.argv}, this runner's catalogue says {ready.argv}")
        self.executor.find(ready.argv[0])
        before = await self._probe(ready)
        why_not = ready.entry.precondition(before, self.protected) if ready.entry.precondition else None
        if not why_not and data.approved_by == POLICY and ready.entry.needless:
            why_not = ready.entry.needless(before)
        if why_not:
            raise ActionRefused(why_not)
        if why_not := await self.confirm(grant, ready.argv):
            raise ActionRefused(why_not)
        return ready, before

    async def _act(self, grant: Envelope[ActionGranted], ready: Rendered, page: Page) -> Page:
        data = grant.data
        self.host_journal.write(
            f"{' '.join(ready.argv)} (action {data.action_id}, incident {data.incident_id or 'none'},"
            f" approved by {data.approved_by})",
            {"action_id": data.action_id, "incident_id": data.incident_id or "", "approved_by": data.approved_by},
        )
        try:
            finished = await self.executor.run(ready.argv, min(data.timeout_s, ready.entry.timeout_s))
        except CannotStart as error:
            return await self._finish(page, Outcome.FAILED, detail=str(error))
        after: dict[str, str] = {}
        if ready.probe:
            await self.clock.sleep(ready.entry.settle_s if self.settle_s is None else self.settle_s)
            after = await self._probe_at_rest(ready)
        verified = ready.entry.criterion(page.probe_before, after, finished.exit_code)
        return await self._finish(
            page,
            Outcome.SUCCEEDED if verified.ok else Outcome.FAILED,
            detail=verified.detail,
            exit_code=finished.exit_code,
            output=finished.output,
            probe_after=after,
        )

    async def _nobody_knows(self, grant: Envelope[ActionGranted], page: Page, how: str) -> Page:
        """It may have run: probe, say what that proves, and never run it again."""
        data, after = grant.data, dict[str, str]()
        try:
            ready = prepare(data.kind, data.target, data.parameters, protected=self.protected)
            after = await self._probe_at_rest(ready)
        except (ActionRefused, CannotStart) as error:
            how += f"it cannot be probed: {error}; "
        proof = what_probe_proves(page.probe_before, after)
        return await self._finish(page, Outcome.UNKNOWN, detail=f"{how}{proof}", probe_after=after)

    async def _probe_at_rest(self, ready: Rendered) -> dict[str, str]:
        deadline = self.clock.monotonic() + MOVING_S
        while True:
            probe = await self._probe(ready)
            if not _moving(ready.entry, probe) or self.clock.monotonic() >= deadline:
                return probe
            await self.clock.sleep(_AGAIN_S)

    async def _probe(self, ready: Rendered) -> dict[str, str]:
        if not ready.probe:
            return {}
        finished = await self.executor.run(ready.probe, PROBE_S)
        return parse_properties(finished.output) if finished.exit_code == 0 else {}

    def _page(self, grant: Envelope[ActionGranted], before: Mapping[str, str] | None = None) -> Page:
        return Page(
            grant_id=grant.id,
            action_id=grant.data.action_id,
            correlation_id=grant.correlation_id,
            started_at=self.clock.now(),
            probe_before=dict(before or {}),
        )

    async def _finish(self, page: Page, outcome: Outcome, *, detail: str, **seen: Any) -> Page:
        report = ActionReported(
            action_id=page.action_id,
            outcome=outcome,
            detail=detail[:1000],
            probe_before=page.probe_before,
            started_at=page.started_at,
            finished_at=self._not_before(page.started_at),
            **seen,
        )
        done = page.model_copy(update={"report": report})
        await asyncio.to_thread(self.ledger.write, done)
        return done

    def _not_before(self, started: datetime) -> datetime:
        return max(self.clock.now(), started)


def _moving(entry: Entry, probe: Mapping[str, str]) -> bool:
    return entry.moving is not None and entry.moving(probe)
