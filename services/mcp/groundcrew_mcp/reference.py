"""The lists in `docs/operations/mcp.md`: `python -m groundcrew_mcp.reference FILE` writes them into it, between the two
marks; `--check` compares instead.
"""

import argparse
import asyncio
import difflib
import re
import sys
from pathlib import Path

import structlog
from mcp.server.mcpserver import MCPServer
from mcp_types import Tool
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBus
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.envelope import ProducedBy
from groundcrew_mcp.metrics import McpMetrics
from groundcrew_mcp.surface import build

BEGIN, END = "<!-- generated: tools -->", "<!-- end -->"
_SECTION = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)


async def lists(server: MCPServer) -> str:
    """Tools, resources and prompts as Markdown."""
    lines = ["", "| tool | what it tells | arguments |", "|---|---|---|"]
    lines += [_tool(tool) for tool in await server.list_tools()]
    lines += ["", "| resource | what it holds | type |", "|---|---|---|"]
    lines += [f"| `{one.uri}` | {one.description} | {one.mime_type} |" for one in await server.list_resources()]
    templates = await server.list_resource_templates()
    lines += [f"| `{one.uri_template}` | {one.description} | {one.mime_type} |" for one in templates]
    lines += ["", "| prompt | what for | arguments |", "|---|---|---|"]
    for prompt in await server.list_prompts():
        names = ", ".join(f"`{one.name}`" for one in prompt.arguments or [])
        lines.append(f"| `{prompt.name}` | {prompt.description} | {names} |")
    return "\n".join([*lines, ""])


def _tool(tool: Tool) -> str:
    required = set(tool.input_schema.get("required", []))
    names = [f"**`{name}`**" if name in required else f"`{name}`" for name in tool.input_schema["properties"]]
    described = " ".join((tool.description or "").split())
    return f"| `{tool.name}` | {described} | {', '.join(names)} |"


def render(page: str) -> str:
    """The page with its lists made anew. Raises ValueError where it has no marks."""
    if not _SECTION.search(page):
        msg = f"the page has no section between {BEGIN} and {END}"
        raise ValueError(msg)
    clock = SystemClock()
    server = build(
        MemoryBus("default", clock),
        clock,
        produced_by=ProducedBy(service="mcp", version=""),
        metrics=McpMetrics(CollectorRegistry()),
        log=structlog.get_logger(),
    )
    made = f"{BEGIN}\n{asyncio.run(lists(server))}\n{END}"
    return _SECTION.sub(lambda _: made, page)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m groundcrew_mcp.reference", description=__doc__)
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--check", action="store_true", help="exit 1 with the difference if FILE is out of date")
    chosen = parser.parse_args(arguments)
    present = chosen.file.read_text()
    page = render(present)
    if not chosen.check:
        chosen.file.write_text(page)
        return 0
    difference = difflib.unified_diff(
        present.splitlines(), page.splitlines(), str(chosen.file), "generated", lineterm="", n=1
    )
    sys.stdout.writelines(f"{line}\n" for line in difference)
    return int(present != page)


if __name__ == "__main__":
    sys.exit(main())
