"""One short coroutine per message: an incident is looked at when it is opened or changes, the fleet at each tick."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from groundcrew.bus.port import Bus, Delivery, RequestFailed, Unavailable
from groundcrew.contracts.actions import ActionProposed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Envelope, M, Message, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import (
    LIVE_STATES,
    EscalationRaised,
    Finding,
    Incident,
    IncidentOpened,
    IncidentState,
    IncidentUpdated,
    ReviewCompleted,
    Severity,
    Tick,
)
from groundcrew.contracts.queries import (
    ContextWindow,
    Endpoints,
    Failure,
    HostsQuery,
    HostSummary,
    IncidentDetail,
    IncidentQuery,
    IncidentsQuery,
    MetricsQuery,
    WindowQuery,
)
from groundcrew.diagnosis.causes import Knowledge
from groundcrew_review import findings
from groundcrew_review.metrics import ReviewMetrics
from groundcrew_review.proposals import Proposal, proposals
from groundcrew_review.settings import ReviewSection
from groundcrew_review.words import Words

LIVE = list(LIVE_STATES)
TREND_SPAN = timedelta(hours=3)
MAX_HOSTS = 1_000
MAX_TRENDS = 50
"""Hosts whose trends one look asks for; a larger fleet is covered over several looks."""

MAX_FINDINGS = 200
MAX_CITED = 20


class Reviewer:
    """Looks, and says what it sees. Holds nothing that it could not do without."""

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        knowledge: Knowledge,
        section: ReviewSection,
        produced_by: ProducedBy,
        metrics: ReviewMetrics,
        words: Words | None,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._knowledge = knowledge
        self._section = section
        self._produced_by = produced_by
        self._metrics = metrics
        self._words = words
        self._next_trend = 0

    async def incident(self, delivery: Delivery[IncidentOpened | IncidentUpdated]) -> None:
        """An incident was opened or changed: propose, escalate, and tell what else there is to it."""
        envelope = delivery.envelope
        detail = await self._detail(delivery.data.incident.id)
        if detail is None or detail.incident.state is IncidentState.RESOLVED:
            return
        incident = detail.incident
        window = await self._window(WindowQuery(incident_id=incident.id, budget_tokens=self._section.window_tokens))
        wanted = proposals(incident, self._knowledge, window.open_services)
        cited = [evidence.id for evidence in detail.evidence[:MAX_CITED]]
        await self._bus.publish_batch([self._proposed(envelope, incident, one, cited) for one in wanted])
        self._metrics.proposals.inc(len(wanted))
        if reason := self._escalation(incident):
            await self._bus.publish(self._escalated(envelope, incident, reason))
        past = await self._past(incident)
        found = findings.recurrence(self._bus.site, incident, detail.history, past)
        await self._complete(incident.id, incident.entity, found, window, envelope)
        if self._words is not None:
            self._words.want(incident, window, envelope)

    async def tick(self, delivery: Delivery[Tick]) -> None:
        """Look at the whole fleet."""
        now = delivery.envelope.time
        site = self._bus.site
        window = await self._window(WindowQuery(budget_tokens=self._section.window_tokens))
        live = (await self._ask_incidents(IncidentsQuery(states=LIVE, limit=1_000))) or []
        hosts = await self._hosts()
        silent = timedelta(minutes=self._section.silent_minutes)
        found = [
            *findings.several_hosts(site, live),
            *findings.failed_units(site, window.open_services, live),
            *findings.coverage(site, hosts, now, silent),
            *await self._trends(hosts, now),
        ]
        await self._complete("fleet", f"site:{site}", found, window, delivery.envelope)

    # --- asking context ----------------------------------------------------------------------------------------------

    async def _detail(self, incident_id: str) -> IncidentDetail | None:
        try:
            return await self._bus.request(Endpoints.INCIDENT, IncidentQuery(id=incident_id))
        except RequestFailed as failed:
            if failed.failure is Failure.NOT_FOUND:
                return None
            raise _pause(failed) from failed

    async def _window(self, query: WindowQuery) -> ContextWindow:
        try:
            return await self._bus.request(Endpoints.WINDOW, query)
        except RequestFailed as failed:
            raise _pause(failed) from failed

    async def _ask_incidents(self, query: IncidentsQuery) -> list[Incident]:
        try:
            return (await self._bus.request(Endpoints.INCIDENTS, query)).items
        except RequestFailed as failed:
            raise _pause(failed) from failed

    async def _past(self, incident: Incident) -> list[Incident]:
        """Resolved incidents of the same host."""
        if not incident.hosts:
            return []
        query = IncidentsQuery(states=[IncidentState.RESOLVED], host=incident.hosts[0], limit=200)
        return await self._ask_incidents(query)

    async def _hosts(self) -> list[HostSummary]:
        found: list[HostSummary] = []
        cursor: str | None = None
        while len(found) < MAX_HOSTS:
            try:
                page = await self._bus.request(Endpoints.HOSTS, HostsQuery(limit=200, cursor=cursor))
            except RequestFailed as failed:
                raise _pause(failed) from failed
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        return found

    async def _trends(self, hosts: Sequence[HostSummary], now: datetime) -> list[Finding]:
        """Trends of the next MAX_TRENDS hosts that report free space, so that each has its turn."""
        names = [h.name for h in hosts if any(n.startswith(findings.FREE_SPACE) for n in h.latest)]
        if not names:
            return []
        start = self._next_trend % len(names)
        turn = [*names[start:], *names[:start]][:MAX_TRENDS]
        self._next_trend = start + len(turn)
        found: list[Finding] = []
        within = timedelta(hours=self._section.disk_hours)
        for name in turn:
            query = MetricsQuery(host=name, name=findings.FREE_SPACE, since=now - TREND_SPAN, until=now, step_s=300)
            try:
                reply = await self._bus.request(Endpoints.METRICS, query)
            except RequestFailed as failed:
                raise _pause(failed) from failed
            found += findings.filling(self._bus.site, name, reply.series, within)
        return found

    # --- telling -----------------------------------------------------------------------------------------------------

    def _escalation(self, incident: Incident) -> str:
        """Why a deep analysis is wanted; empty where it is not."""
        if incident.severity is Severity.CRITICAL:
            return f"critical: {incident.title}"
        if incident.cause.confidence < self._section.escalate_below:
            return f"the cause {incident.cause.id} is uncertain ({incident.cause.confidence:.2f})"
        return ""

    def _escalated(self, cause: Envelope[Message], incident: Incident, reason: str) -> Envelope[EscalationRaised]:
        """Once per incident: its id does not change with the reason."""
        data = EscalationRaised(incident_id=incident.id, reason=reason)
        return self._sealed(data, stable_id("escalation", self._bus.site, incident.id), incident.entity, "1", cause)

    def _proposed(
        self, cause: Envelope[Message], incident: Incident, proposal: Proposal, cited: list[str]
    ) -> Envelope[ActionProposed]:
        data = ActionProposed(
            kind=proposal.kind,
            target=proposal.target,
            parameters=dict(proposal.parameters),
            reason=proposal.reason,
            incident_id=incident.id,
            evidence_ids=cited,
            proposed_by="review",
        )
        return self._sealed(data, proposal.id(self._bus.site, incident.id), proposal.target, "1", cause)

    async def _complete(
        self, scope: str, entity: str, found: Sequence[Finding], window: ContextWindow, cause: Envelope[Message]
    ) -> None:
        ranked = sorted(found, key=lambda f: (-f.severity.rank, f.kind, f.entity, f.id))[:MAX_FINDINGS]
        for finding in ranked:
            self._metrics.findings.labels(finding.kind).inc()
        data = ReviewCompleted(scope=scope, findings=ranked, window_tokens=window.tokens)
        message_id = stable_id("review", self._bus.site, scope, cause.id)
        await self._bus.publish(self._sealed(data, message_id, entity, cause.id, cause))
        self._metrics.reviews.labels("fleet" if scope == "fleet" else "incident").inc()

    def _sealed(self, data: M, message_id: str, entity: str, position: str, cause: Envelope[Message]) -> Envelope[M]:
        return seal(
            data,
            id=message_id,
            site=self._bus.site,
            entity=entity,
            time=cause.time,
            received_at=self._clock.now(),
            source="review",
            position=position,
            produced_by=self._produced_by,
            cause=cause,
        )


def _pause(failed: RequestFailed) -> Exception:
    """context being away pauses us; anything else is tried again with backoff."""
    return Unavailable("context", failed.reason) if failed.failure is Failure.UNAVAILABLE else failed
