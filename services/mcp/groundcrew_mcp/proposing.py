"""Actions: what is there, and the one tool that changes anything. It proposes; policy decides, a person approves."""

from typing import Annotated

from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from pydantic import Field
from structlog.typing import FilteringBoundLogger

from groundcrew.bus.port import Bus, BusError
from groundcrew.contracts.actions import Action, ActionKind, ActionProposed, ActionState
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.identity import Id, random_id
from groundcrew.contracts.identity import host as host_entity
from groundcrew.contracts.queries import ActionQuery, ActionsQuery, Endpoints, HostsQuery, IncidentQuery
from groundcrew_mcp import action_results as told
from groundcrew_mcp import parameters as given
from groundcrew_mcp.asking import Asking
from groundcrew_mcp.caller import CALLER, NotAllowed

WAIT_S = 5.0
"""How long a proposal is followed; policy takes milliseconds where it runs at all."""

LOOK_S = 0.1
LIVE = [ActionState.QUEUED, ActionState.APPROVED, ActionState.RUNNING]
_NEXT = {
    ActionState.QUEUED: "a person approves it on the page, or with `groundcrew approve`",
    ActionState.RUNNING: "it runs; get_action tells the outcome",
    ActionState.APPROVED: "get_action tells the outcome",
}


class Proposing:
    def __init__(
        self, asking: Asking, bus: Bus, clock: Clock, produced_by: ProducedBy, log: FilteringBoundLogger
    ) -> None:
        self._asking = asking
        self._bus = bus
        self._clock = clock
        self._produced_by = produced_by
        self._log = log

    async def list_actions(
        self,
        states: Annotated[tuple[given.ActionStateName, ...], Field(max_length=9, description="empty: all")] = (),
        incident_id: given.IncidentFilter = None,
        limit: given.Limit = 20,
        cursor: given.Cursor = None,
        site: given.SiteName = None,
    ) -> told.ActionList:
        """Actions, newest first: what was proposed, what policy or a person decided, what came of it."""
        query = ActionsQuery(
            states=[ActionState(name) for name in states], incident_id=incident_id, limit=limit, cursor=cursor
        )
        page = await self._asking.ask(Endpoints.ACTIONS, query, site)
        return told.ActionList(actions=[told.ActionBrief.of(one) for one in page.items], next=page.next)

    async def get_action(self, action_id: given.RecordId, site: given.SiteName = None) -> told.ActionTold:
        """One action with its exact command, who decided, its outcome and output."""
        action = await self._asking.ask(Endpoints.ACTION, ActionQuery(id=action_id), site)
        return told.ActionTold.with_output(action)

    async def propose_service_restart(
        self,
        host: given.HostName,
        unit: given.UnitName,
        reason: given.Reason,
        incident_id: Annotated[Id | None, Field(description="the incident that it is meant to mend")] = None,
        site: given.SiteName = None,
    ) -> told.Proposed:
        """Propose that a service is restarted. This restarts nothing by itself: policy refuses the proposal, queues it
        for a person, or, where the site's autonomy level says so, lets it run. There is no tool that approves."""
        caller = CALLER.get()
        try:
            caller.require_proposer()
        except NotAllowed as error:
            raise ToolError(str(error)) from None
        where = self._asking.site(site)
        known = await self._asking.ask(Endpoints.HOSTS, HostsQuery(limit=1, name=host), where)
        if not any(one.name == host for one in known.items):
            raise ResourceNotFoundError(f"there is no host {host[:80]!r}")
        if incident_id is not None:
            await self._asking.ask(Endpoints.INCIDENT, IncidentQuery(id=incident_id), where)
        data = ActionProposed(
            kind=ActionKind.SERVICE_RESTART,
            target=host_entity(host),
            parameters={"unit": unit},
            reason=reason,
            incident_id=incident_id,
            proposed_by=f"mcp:{caller.name}",
        )
        if (same := await self._same(data, where)) is not None:
            return _told(same, already_there=True)
        action_id = await self._publish(data, where)
        self._log.info("proposed", action=action_id, by=caller.name, site_of=where, target=data.target)
        return await self._followed(action_id, where)

    async def _same(self, data: ActionProposed, site: str) -> Action | None:
        """An action that does the same and is not over: a client that asks again gets it, not a second one."""
        page = await self._asking.ask(Endpoints.ACTIONS, ActionsQuery(states=LIVE, limit=1_000), site)
        for one in page.items:
            if (one.kind, one.target, one.parameters) == (data.kind, data.target, data.parameters):
                return one
        return None

    async def _publish(self, data: ActionProposed, site: str) -> str:
        now, action_id = self._clock.now(), random_id()
        envelope = seal(
            data,
            id=action_id,
            site=site,
            entity=data.target,
            time=now,
            received_at=now,
            source="mcp",
            position=action_id,
            produced_by=self._produced_by,
        )
        try:
            await self._bus.publish(envelope)
        except BusError as error:
            raise ToolError(f"the proposal {action_id} may not have been stored: {error}") from error
        return action_id

    async def _followed(self, action_id: str, site: str) -> told.Proposed:
        deadline = self._clock.monotonic() + WAIT_S
        while self._clock.monotonic() < deadline:
            try:
                return _told(await self._asking.ask(Endpoints.ACTION, ActionQuery(id=action_id), site))
            except ResourceNotFoundError:
                await self._clock.sleep(LOOK_S)
        said = "the proposal is stored, and policy has not answered yet; ask with get_action"
        return told.Proposed(action_id=action_id, state="pending", said=said)


def _told(action: Action, *, already_there: bool = False) -> told.Proposed:
    said = "; ".join(filter(None, (action.outcome, _NEXT.get(action.state, ""))))
    return told.Proposed(action_id=action.id, state=action.state.value, said=said, already_there=already_there)
