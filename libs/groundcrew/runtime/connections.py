"""The bus and the stores of one service, opened as its settings say."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Bus
from groundcrew.contracts.clock import Clock
from groundcrew.runtime.resources import Health
from groundcrew.runtime.settings import PostgresSection, ServiceSettings

if TYPE_CHECKING:
    from groundcrew.stores.actions.port import ActionStore
    from groundcrew.stores.context.port import ContextStore
    from groundcrew.stores.coordinator.port import CoordinatorStore
    from groundcrew.stores.database import Database
    from groundcrew.stores.gateway.port import GatewayStore
    from groundcrew.stores.meta.port import MetaStore


DRAIN_S = 5.0
"""How long consumers may finish what they hold when the bus closes."""


async def connect_bus(
    service: str,
    settings: ServiceSettings,
    *,
    clock: Clock,
    registry: CollectorRegistry,
    log: FilteringBoundLogger,
    on_fatal: Callable[[str], None] | None = None,
) -> Bus:
    """Wait for NATS and connect; raises BusUnavailable with its address after `nats.wait_s`. `on_fatal` hears of a
    connection that is lost for good."""
    from groundcrew.bus.jetstream import JetStreamBus

    nats = settings.nats
    return await JetStreamBus.connect(
        url=nats.url,
        service=service,
        site=settings.site.name,
        user=nats.user,
        password=nats.password.get_secret_value(),
        wait_s=nats.wait_s,
        replicas=nats.replicas,
        drain_s=DRAIN_S,
        clock=clock,
        registry=registry,
        log=log,
        on_fatal=on_fatal,
    )


class PostgresStores:
    """Opens each owner's store on first use: one pool per owner, migrations applied, a readiness check added."""

    def __init__(self, settings: PostgresSection, *, site: str, clock: Clock, health: Health) -> None:
        self._settings = settings
        self._site = site
        self._clock = clock
        self._health = health
        self._open: list[Database] = []
        self._lock = asyncio.Lock()
        self._context: ContextStore | None = None
        self._actions: ActionStore | None = None
        self._gateway: GatewayStore | None = None
        self._meta: MetaStore | None = None
        self._coordinator: CoordinatorStore | None = None

    async def context(self) -> "ContextStore":
        from groundcrew.stores.context.postgres import PostgresContextStore

        async with self._lock:
            if self._context is None:
                self._context = PostgresContextStore(await self._database("context"), site=self._site)
            return self._context

    async def actions(self) -> "ActionStore":
        from groundcrew.stores.actions.postgres import PostgresActionStore

        async with self._lock:
            if self._actions is None:
                self._actions = PostgresActionStore(await self._database("actions"), site=self._site)
            return self._actions

    async def gateway(self) -> "GatewayStore":
        from groundcrew.stores.gateway.postgres import PostgresGatewayStore

        async with self._lock:
            if self._gateway is None:
                self._gateway = PostgresGatewayStore(await self._database("gateway"))
            return self._gateway

    async def meta(self) -> "MetaStore":
        from groundcrew.stores.meta.postgres import PostgresMetaStore

        async with self._lock:
            if self._meta is None:
                self._meta = PostgresMetaStore(await self._database("meta"), site=self._site)
            return self._meta

    async def coordinator(self) -> "CoordinatorStore":
        from groundcrew.stores.coordinator.postgres import PostgresCoordinatorStore

        async with self._lock:
            if self._coordinator is None:
                self._coordinator = PostgresCoordinatorStore(await self._database("coordinator"))
            return self._coordinator

    async def _database(self, owner: str) -> "Database":
        from groundcrew.stores.database import Database
        from groundcrew.stores.migrate import migrate

        place = self._settings
        database = await Database.open(
            host=place.host,
            port=place.port,
            database=place.database,
            user=place.user,
            password=place.password.get_secret_value(),
            pool=place.pool,
            owner=owner,
            wait_s=place.wait_s,
            clock=self._clock,
        )
        self._open.append(database)
        await migrate(database, owner)

        async def answers() -> str:
            await database.ping()
            return f"{place.host}:{place.port}"

        self._health.add("postgres", answers)
        return database

    async def close(self) -> None:
        while self._open:
            await self._open.pop().close()
