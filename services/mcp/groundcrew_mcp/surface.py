"""What MCP clients see: instructions, tools, resources, prompts. Importing it imports the SDK."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import ToolAnnotations
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Bus
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew.runtime.resources import Resources as Given
from groundcrew.telemetry.metrics import product_version
from groundcrew_mcp.asking import Asking
from groundcrew_mcp.fence import NOTICE
from groundcrew_mcp.knowing import Knowing
from groundcrew_mcp.lazy import Manager
from groundcrew_mcp.looking import Looking
from groundcrew_mcp.metrics import McpMetrics
from groundcrew_mcp.plain_spoken import PlainSpoken
from groundcrew_mcp.prompts import add_prompts
from groundcrew_mcp.proposing import Proposing
from groundcrew_mcp.reporting import Reporting
from groundcrew_mcp.resources import Resources, add_resources
from groundcrew_mcp.settings import McpSection

P = ParamSpec("P")
R = TypeVar("R")

INSTRUCTIONS = f"""Groundcrew watches servers, names what is wrong with them, and repairs what it may.
An incident is one fault with one cause and one part; its evidence has ids to cite. Start with fleet_status and
list_incidents, go on with get_incident. Lists come in pages: `next` of one page is the `cursor` of the following.
{NOTICE}
You cannot change anything but by propose_service_restart, which policy and people decide about."""

_LOOKS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_PROPOSES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)


def build(
    bus: Bus, clock: Clock, *, produced_by: ProducedBy, metrics: McpMetrics, log: FilteringBoundLogger
) -> MCPServer:
    """The server over this bus."""
    server = PlainSpoken(
        "groundcrew",
        title="Groundcrew",
        instructions=INSTRUCTIONS,
        version=product_version(),
        subscriptions=False,  # streams that stay open would have to be bounded; whoever wants news asks again
        log_level="WARNING",
    )
    asking = Asking(bus)
    looking, knowing, reporting = Looking(asking, clock), Knowing(asking), Reporting(asking)
    proposing = Proposing(asking, bus, clock, produced_by, log)
    for tool, title, annotations in (
        (looking.fleet_status, "Fleet status", _LOOKS),
        (looking.list_incidents, "List incidents", _LOOKS),
        (looking.get_incident, "Incident with evidence", _LOOKS),
        (looking.list_hosts, "List hosts", _LOOKS),
        (looking.get_host, "Host", _LOOKS),
        (looking.search_logs, "Search logs", _LOOKS),
        (looking.get_metrics, "Metric over time", _LOOKS),
        (looking.list_services, "Services of a host", _LOOKS),
        (looking.list_triggers, "List triggers", _LOOKS),
        (looking.list_bmcs, "List BMCs", _LOOKS),
        (looking.get_sensors, "Sensors of a BMC", _LOOKS),
        (looking.get_event_log, "Event log of a BMC", _LOOKS),
        (knowing.ask, "Ask Groundcrew", _LOOKS),
        (knowing.search_knowledge, "Search what is remembered", _LOOKS),
        (reporting.report_summary, "Summary of what happened", _LOOKS),
        (reporting.report_tasks, "What to repair", _LOOKS),
        (reporting.report_root_cause, "Why it happened", _LOOKS),
        (proposing.list_actions, "List actions", _LOOKS),
        (proposing.get_action, "Action", _LOOKS),
        (proposing.propose_service_restart, "Propose to restart a service", _PROPOSES),
    ):
        server.add_tool(_counted(tool, metrics), title=title, annotations=annotations)
    add_resources(server, Resources(looking, asking))
    add_prompts(server)
    return server


def manager(given: Given, metrics: McpMetrics, section: McpSection) -> Manager:
    """The protocol over HTTP without sessions: each request stands for itself, so nothing piles up."""
    server = build(given.bus, given.clock, produced_by=given.produced_by, metrics=metrics, log=given.log)
    server.streamable_http_app(
        stateless_http=True,
        max_request_body_size=section.max_body_bytes,
        # the gate has looked at Host and Origin already
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return server.session_manager


def _counted(tool: Callable[P, Awaitable[R]], metrics: McpMetrics) -> Callable[P, Awaitable[R]]:
    name: str = tool.__name__

    @wraps(tool)
    async def counted(*args: P.args, **kwargs: P.kwargs) -> R:
        outcome = "failed"
        try:
            result = await tool(*args, **kwargs)
            outcome = "answered"
        finally:
            metrics.calls.labels(name, outcome).inc()
        return result

    return counted
