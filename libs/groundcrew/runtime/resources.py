"""What a service is given. `service.wire(settings, resources)` builds the service out of it, and nothing else.

Production hands in JetStream and PostgreSQL, replay the memory bus, memory stores and a virtual clock: the wiring
and the handlers are the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from prometheus_client import CollectorRegistry
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Bus
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.stores.actions.port import ActionStore
from groundcrew.stores.context.port import ContextStore
from groundcrew.stores.coordinator.port import CoordinatorStore
from groundcrew.stores.gateway.port import GatewayStore
from groundcrew.stores.meta.port import MetaStore


class CannotStart(Exception):
    """Raised by `wire` where the surroundings forbid it: one sentence that names the setting or file, no traceback."""


Check = Callable[[], Awaitable[str]]
"""Returns a short 'ok' detail, or raises with one sentence that says what is wrong and where."""


@dataclass(frozen=True)
class CheckResult:
    """What one check found; `detail` is one sentence for people."""

    ok: bool
    required: bool
    detail: str


@dataclass(frozen=True)
class HealthReport:
    """Ready while the process runs (`state`: starting, running, draining) and every required check is ok."""

    ready: bool
    state: str
    checks: Mapping[str, CheckResult]


class Health(Protocol):
    """Named readiness checks of a service, shown by /readyz."""

    def add(self, name: str, check: Check, *, required: bool = True) -> None:
        """A check that is not required is shown but does not make the service unready (an absent source, say)."""

    async def report(self) -> HealthReport:
        """All checks of the process, run at once and bounded in time; what the gateway's own /readyz shows."""


class Tasks(Protocol):
    """Named root tasks. If one ends unexpectedly, the service ends with its name and error."""

    def spawn(self, name: str, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]: ...


class Stores(Protocol):
    """Opens an owner's store, with its migrations applied; closing is registered by whoever made the resources."""

    async def context(self) -> ContextStore: ...
    async def actions(self) -> ActionStore: ...
    async def gateway(self) -> GatewayStore: ...
    async def meta(self) -> MetaStore: ...
    async def coordinator(self) -> CoordinatorStore: ...


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Handed to `wire`. Teardown goes onto `stack`, which unwinds in reverse and within the drain time."""

    service: str
    site: str
    clock: Clock
    bus: Bus
    stores: Stores
    registry: CollectorRegistry
    log: FilteringBoundLogger
    health: Health
    tasks: Tasks
    stack: AsyncExitStack
    produced_by: ProducedBy
