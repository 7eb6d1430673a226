"""MCP over standard input and output, for clients that start a program: everything is asked of the MCP server of a
running system, over HTTP and with an API key. So both ways offer the same, and are held to the same policy.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from typing import Any, ParamSpec, TypeVar

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp_types import (
    INTERNAL_ERROR,
    CallToolRequestParams,
    CallToolResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
)

CONNECT_S = 10.0
READ_S = 300.0
"""Longer than any tool may take."""

P = ParamSpec("P")
R = TypeVar("R")
Ctx = ServerRequestContext[Any]
Page = PaginatedRequestParams | None


class CannotConnect(Exception):
    """The MCP server does not take us; one sentence. `refused`: it answered, and said no."""

    def __init__(self, reason: str, *, refused: bool) -> None:
        super().__init__(reason)
        self.refused = refused


def run(url: str, key: str) -> None:
    """Serve until standard input ends. Raises CannotConnect."""
    asyncio.run(_serve(url, key))


async def _serve(url: str, key: str) -> None:
    refusals = _Refusals()
    async with AsyncExitStack() as stack:
        http = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx2.Timeout(CONNECT_S, read=READ_S),
            trust_env=False,  # a proxy must not see the key
            event_hooks={"response": [refusals.note]},
        )
        await stack.enter_async_context(http)
        client = Client(streamable_http_client(url, http_client=http), cache=None)
        try:
            await stack.enter_async_context(client)
        except (MCPError, httpx2.HTTPError, ExceptionGroup) as error:
            reason = refusals.newest or f"{url} does not answer: {_innermost(error)}"
            raise CannotConnect(reason, refused=bool(refusals.newest)) from None
        server = _mirror(client, refusals)
        read, write = await stack.enter_async_context(stdio_server())
        await server.run(read, write, server.create_initialization_options())


class _Refusals:
    """Why the gate refused the newest request: the SDK's client keeps the status and drops the sentence."""

    def __init__(self) -> None:
        self.newest = ""

    async def note(self, response: httpx2.Response) -> None:
        self.newest = ""
        if response.headers.get("content-type", "").startswith("application/problem+json"):
            await response.aread()
            self.newest = str(response.json().get("detail", ""))[:500]

    async def told(self, answer: Awaitable[R]) -> R:
        try:
            return await answer
        except MCPError as error:
            if self.newest:
                raise MCPError(INTERNAL_ERROR, self.newest) from None
            raise error from None


def _mirror(client: Client, refusals: _Refusals) -> Server[Any]:
    """A server that answers with what the other one says."""
    told = refusals.told

    async def list_tools(_: Ctx, page: Page) -> ListToolsResult:
        return await told(client.list_tools(cursor=page.cursor if page else None))

    async def call_tool(_: Ctx, call: CallToolRequestParams) -> CallToolResult:
        return await told(client.call_tool(call.name, call.arguments))

    async def list_resources(_: Ctx, page: Page) -> ListResourcesResult:
        return await told(client.list_resources(cursor=page.cursor if page else None))

    async def list_templates(_: Ctx, page: Page) -> ListResourceTemplatesResult:
        return await told(client.list_resource_templates(cursor=page.cursor if page else None))

    async def read_resource(_: Ctx, wanted: ReadResourceRequestParams) -> ReadResourceResult:
        return await told(client.read_resource(str(wanted.uri)))

    async def list_prompts(_: Ctx, page: Page) -> ListPromptsResult:
        return await told(client.list_prompts(cursor=page.cursor if page else None))

    async def get_prompt(_: Ctx, wanted: GetPromptRequestParams) -> GetPromptResult:
        return await told(client.get_prompt(wanted.name, wanted.arguments))

    info = client.server_info
    return Server(
        info.name if info else "groundcrew",
        version=info.version if info else "",
        title=info.title if info else None,
        instructions=client.instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
    )


def _innermost(error: BaseException) -> str:
    """The first error of a group that says something."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__
