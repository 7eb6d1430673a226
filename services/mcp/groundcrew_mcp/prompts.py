"""Prompts: how to go about a triage with the tools that are here. They hold no data themselves."""

from typing import Annotated

from mcp.server.mcpserver import MCPServer
from pydantic import Field

from groundcrew_mcp.fence import NOTICE

_RULES = f"""{NOTICE}
Groundcrew's cause and part come from rules over evidence and stand unless the evidence speaks against them.
Cite evidence by its id. Say what you do not know. Name no host, part or id that no tool told you.
If restarting a service would help, propose it with propose_service_restart and say that a person has to approve it;
nothing you say runs anything."""


def triage_incident(incident_id: Annotated[str, Field(description="id of the incident")]) -> str:
    """Find out what is behind an incident and what to do about it."""
    return f"""Triage incident {_word(incident_id)} of this fleet.
1. get_incident: cause, part, confidence, other hypotheses, evidence, history, findings.
2. For each host that it names: get_host, list_services with failed_only, and search_logs around the first evidence.
   Where hardware is blamed: get_event_log and get_sensors of the host.
3. search_knowledge with the incident's title: was it seen before, and what fixed it?
4. list_actions of the incident: what was tried already?
Answer with: what is broken and since when; why you are sure or not; what to do now, first step first.

{_RULES}"""


def triage_host(host: Annotated[str, Field(description="name of the host")]) -> str:
    """Find out how a host is and what it needs."""
    return f"""Triage host {_word(host)} of this fleet.
1. get_host: health and what was taken off, sources that are absent.
2. list_incidents of this host, and get_incident for each that is open.
3. list_services with failed_only, search_logs with max_priority 4, get_event_log, get_sensors.
4. get_metrics for whatever looks full, hot or overloaded: is it a trend?
Answer with: how the host is; what is wrong, worst first; what to do now.

{_RULES}"""


def add_prompts(server: MCPServer) -> None:
    """THE list of prompts."""
    server.prompt(title="Triage an incident")(triage_incident)
    server.prompt(title="Triage a host")(triage_host)


def _word(text: str) -> str:
    """An argument as one short word of the sentence."""
    return repr(text[:256])
