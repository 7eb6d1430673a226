"""Resources: the same that tools tell, by address. `?site=` chooses a site where the key has several."""

import re

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from pydantic import BaseModel

from groundcrew.contracts.queries import Endpoints, WindowQuery
from groundcrew_mcp import results as told
from groundcrew_mcp.asking import Asking
from groundcrew_mcp.fence import NOTICE
from groundcrew_mcp.looking import Looking

JSON = "application/json"
TEXT = "text/plain"
WINDOW_TOKENS = 4_000
MAX_LINES = 100
_ID = re.compile(r"[0-9a-f]{32}")


class Resources:
    """Each method answers one address."""

    def __init__(self, looking: Looking, asking: Asking) -> None:
        self._looking = looking
        self._asking = asking

    async def fleet(self) -> str:
        return await self.fleet_of()

    async def fleet_of(self, site: str | None = None) -> str:
        return _json(await self._looking.fleet_status(site))

    async def incidents(self) -> str:
        return await self.incidents_of()

    async def incidents_of(self, site: str | None = None) -> str:
        return _json(await self._looking.list_incidents(limit=100, site=site))

    async def incident(self, incident: str, site: str | None = None) -> str:
        return _json(await self._looking.get_incident(_id(incident), site=site))

    async def window(self, incident: str, site: str | None = None) -> str:
        query = WindowQuery(incident_id=_id(incident), budget_tokens=WINDOW_TOKENS)
        return (await self._asking.ask(Endpoints.WINDOW, query, site)).text

    async def host(self, name: str, site: str | None = None) -> str:
        return _json(await self._looking.get_host(name, site))

    async def logs(self, name: str, site: str | None = None) -> str:
        page = await self._looking.search_logs(host=name, limit=MAX_LINES, site=site)
        return "\n".join([NOTICE, *(_line(line) for line in reversed(page.lines))]) + "\n"

    async def metrics(self, name: str, site: str | None = None) -> str:
        """Newest values; a series over time is what get_metrics is for."""
        host = await self._looking.get_host(name, site)
        return _json(told.Latest(host=host.name, last_seen=host.last_seen, latest=host.latest))

    async def services(self, name: str, site: str | None = None) -> str:
        return _json(await self._looking.list_services(name, site=site))


def add_resources(server: MCPServer, here: Resources) -> None:
    """THE list of addresses."""
    add = server.resource
    add("groundcrew://fleet", name="fleet", title="Fleet", description="Counts of the whole fleet", mime_type=JSON)(
        here.fleet
    )
    add(
        "groundcrew://incidents",
        name="incidents",
        title="Open incidents",
        description="Incidents that are not resolved, newest first",
        mime_type=JSON,
    )(here.incidents)
    for path, name, title, answer, mime_type in (
        ("fleet", "fleet_of_site", "Fleet of a site", here.fleet_of, JSON),
        ("incidents", "incidents_of_site", "Open incidents of a site", here.incidents_of, JSON),
        ("incidents/{incident}", "incident", "Incident with cause, part, evidence and history", here.incident, JSON),
        ("incidents/{incident}/window", "incident_window", "Context window of an incident", here.window, TEXT),
        ("hosts/{name}", "host", "Host with health, facts and sources", here.host, JSON),
        ("hosts/{name}/logs", "host_logs", "Newest 100 log lines of a host", here.logs, TEXT),
        ("hosts/{name}/metrics", "host_metrics", "Newest value of each metric of a host", here.metrics, JSON),
        ("hosts/{name}/services", "host_services", "State of each unit of a host", here.services, JSON),
    ):
        add(f"groundcrew://{path}{{?site}}", name=name, title=title, description=title, mime_type=mime_type)(answer)


def _line(line: told.LogTold) -> str:
    return f"{line.time.isoformat()} {line.host} {line.identifier}[{line.priority}] {line.text}"


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ResourceNotFoundError(f"there is no incident {text[:40]!r}")
    return text


def _json(model: BaseModel) -> str:
    return model.model_dump_json(indent=1)
