"""What every request handler of the gateway works with. It hangs on the application's state; nothing is global."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Bus
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.stores.gateway.port import GatewayStore
from groundcrew_gateway.background import Background
from groundcrew_gateway.limits import AuthFailures
from groundcrew_gateway.live import Live
from groundcrew_gateway.meters import Meters
from groundcrew_gateway.settings import GatewaySection


@dataclass(frozen=True, kw_only=True)
class Gateway:
    site: str
    settings: GatewaySection
    bus: Bus
    store: GatewayStore
    clock: Clock
    log: FilteringBoundLogger
    meters: Meters
    failures: AuthFailures
    live: Live
    background: Background
    produced_by: ProducedBy


def gateway_of(connection: HTTPConnection) -> Gateway:
    gateway = connection.app.state.gateway
    assert isinstance(gateway, Gateway)
    return gateway
