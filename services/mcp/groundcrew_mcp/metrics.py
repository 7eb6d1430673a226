"""The MCP server's own metrics."""

from prometheus_client import CollectorRegistry, Counter


class McpMetrics:
    """Labels are bounded: statuses that the gate answers with, names of our own tools."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "groundcrew_mcp_requests_total",
            "Requests by what the gate made of them: accepted, or the status they were refused with",
            ["outcome"],
            registry=registry,
        )
        self.calls = Counter(
            "groundcrew_mcp_tool_calls_total", "Calls by tool and outcome", ["tool", "outcome"], registry=registry
        )
