"""The thinking services on the memory bus and memory stores: what replay and tests run without any server."""

import os
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBus
from groundcrew.bus.memory_broker import MemoryBroker
from groundcrew.bus.port import Bus
from groundcrew.contracts.clock import Clock, VirtualClock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.contracts.inventory import Inventory
from groundcrew.contracts.streams import Buckets
from groundcrew.runtime.health import HealthBoard
from groundcrew.runtime.resources import Resources
from groundcrew.runtime.settings import load
from groundcrew.runtime.tasks import RootTasks
from groundcrew.stores.actions.memory import MemoryActionStore
from groundcrew.stores.context.memory import MemoryContextStore
from groundcrew.stores.coordinator.memory import MemoryCoordinatorStore
from groundcrew.stores.gateway.memory import MemoryGatewayStore
from groundcrew.stores.meta.memory import MemoryMetaStore
from groundcrew.telemetry.metrics import product_version
from groundcrew_actions import service as actions
from groundcrew_actions.settings import Settings as ActionsSettings
from groundcrew_context import service as context
from groundcrew_context.settings import Settings as ContextSettings
from groundcrew_review import service as review
from groundcrew_review.settings import Settings as ReviewSettings
from groundcrew_trigger import service as trigger
from groundcrew_trigger.settings import Settings as TriggerSettings

_LONG_DAYS = 36_500
_KEPT = ("keep_days_logs", "keep_days_sel", "keep_days_triggers", "keep_days_incidents")


@dataclass
class MemoryStores:
    """One memory store per owner, shared by all who open it."""

    clock: Clock
    _context: MemoryContextStore = field(default_factory=MemoryContextStore)
    _actions: MemoryActionStore = field(default_factory=MemoryActionStore)
    _gateway: MemoryGatewayStore = field(default_factory=MemoryGatewayStore)
    _meta: MemoryMetaStore = field(default_factory=MemoryMetaStore)
    _coordinator: MemoryCoordinatorStore = field(default_factory=MemoryCoordinatorStore)

    async def context(self) -> MemoryContextStore:
        return self._context

    async def actions(self) -> MemoryActionStore:
        return self._actions

    async def gateway(self) -> MemoryGatewayStore:
        return self._gateway

    async def meta(self) -> MemoryMetaStore:
        return self._meta

    async def coordinator(self) -> MemoryCoordinatorStore:
        return self._coordinator


def rehearsal_resources(service: str, bus: Bus, stores: MemoryStores, clock: Clock, stack: AsyncExitStack) -> Resources:
    """Resources of one service over memory; nothing is logged and nothing listens."""
    silent = structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=structlog.make_filtering_bound_logger(50))
    tasks = RootTasks(silent, prefix=f"{service}.")
    stack.push_async_callback(tasks.close)
    return Resources(
        service=service,
        site=bus.site,
        clock=clock,
        bus=bus,
        stores=stores,
        registry=CollectorRegistry(),
        log=silent,
        health=HealthBoard(clock),
        tasks=tasks,
        stack=stack,
        produced_by=ProducedBy(service=service, version=product_version()),
    )


async def rehearse(
    stack: AsyncExitStack,
    broker: MemoryBroker,
    clock: VirtualClock,
    inventory: Inventory,
    site: str,
    *,
    patterns: Path | None = None,
    looks_s: int | None = None,
) -> None:
    """Wire trigger, context, review and actions for `site`, with shipped packs and default settings. `patterns` is a
    folder that keeps compiled patterns; `looks_s` is how often review looks at everything, where not as by default."""
    stores = MemoryStores(clock)
    bucket = await MemoryBus(site, clock, broker=broker).key_value(Buckets.INVENTORY)
    await bucket.put("current", inventory.model_dump_json().encode())

    def given(service: str) -> Resources:
        bus = MemoryBus(site, clock, service=service, broker=broker)
        return rehearsal_resources(service, bus, stores, clock, stack)

    overrides = {"site": {"name": site}}
    defaults = Path(os.devnull)  # a replay gives the same bytes whatever configuration lies in the working folder
    # nobody stands by, so that asking for the lease every few seconds is idle; of logs of years nothing is forgotten
    alone = overrides | {"context": {"lease_s": 300} | dict.fromkeys(_KEPT, _LONG_DAYS)}
    await context.wire(load(ContextSettings, environ={}, config_path=defaults, overrides=alone), given("context"))
    # the same matches without compiling for seconds: a replay reads few lines
    kept = {"state_dir": str(patterns.parent)} if patterns is not None else {}
    with_re2 = overrides | {"trigger": {"engine": "re2", **kept}}
    await trigger.wire(load(TriggerSettings, environ={}, config_path=defaults, overrides=with_re2), given("trigger"))
    await actions.wire(
        load(ActionsSettings, environ={}, config_path=defaults, overrides=overrides | {"actions": {"execute": False}}),
        given("actions"),
    )
    looks = overrides | ({"review": {"every_s": looks_s}} if looks_s is not None else {})
    await review.wire(load(ReviewSettings, environ={}, config_path=defaults, overrides=looks), given("review"))
    await broker.settle()
