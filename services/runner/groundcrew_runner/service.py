"""Wiring of the runner."""

import asyncio
import socket
from datetime import timedelta

from groundcrew.contracts.identity import host, token
from groundcrew.contracts.streams import Durables
from groundcrew.runtime.guard import pausing
from groundcrew.runtime.resources import Resources
from groundcrew_runner.confirmation import Confirmation
from groundcrew_runner.execution import Executor
from groundcrew_runner.grants import Runner
from groundcrew_runner.handlers import Handlers, Reports
from groundcrew_runner.host_journal import HostJournal
from groundcrew_runner.ledger import Ledger
from groundcrew_runner.settings import Settings


async def wire(settings: Settings, resources: Resources) -> None:
    section, bus, clock = settings.runner, resources.bus, resources.clock
    entity = host(section.host or socket.gethostname())

    ledger = Ledger(section.state_dir / resources.site / token(entity))
    await asyncio.to_thread(ledger.open)
    await asyncio.to_thread(ledger.forget_before, clock.now() - timedelta(days=section.keep_days))

    runner = Runner(
        entity=entity,
        executor=Executor(section.path),
        ledger=ledger,
        host_journal=HostJournal(resources.log),
        clock=clock,
        confirm=Confirmation(bus, entity).ask,
        protected=tuple(section.protected_units),
        settle_s=section.settle_s,
    )
    reports = Reports(bus=bus, ledger=ledger, entity=entity, produced_by=resources.produced_by, clock=clock)

    async def has_systemctl() -> str:
        return runner.executor.find("systemctl")

    # Without systemd there is nothing to restart, but grants are still answered (refused, saying so).
    resources.health.add("systemctl", has_systemctl, required=False)

    await reports.send_leftovers()
    await bus.consume(Durables.RUNNER, pausing(Handlers(runner, reports).granted), entity=entity)
