"""The SDK's server, but for how it tells that arguments of a tool are not what its schema asks for."""

from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, InputRequiredResult
from pydantic import ValidationError

MAX_FAULTS = 5
MAX_FAULT = 300


class PlainSpoken(MCPServer[Any]):
    """pydantic's own text has several lines for each fault, with the value and a link; one line says as much."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            raise ToolError(f"{name}: {faults(error.__cause__)}") from error.__cause__


def faults(error: ValidationError) -> str:
    """Which arguments, and what was expected; without the values, which may be long."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [" ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}".split())[:MAX_FAULT] for one in found]
    more = f"; and {len(lines) - MAX_FAULTS} more" if len(lines) > MAX_FAULTS else ""
    return "; ".join(lines[:MAX_FAULTS]) + more
