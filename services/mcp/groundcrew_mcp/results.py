"""What tools answer with: short enough for a model's context, machine text fenced, ids to go on with."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from groundcrew.contracts.incidents import Evidence, Finding, Incident
from groundcrew.contracts.queries import (
    BmcSummary,
    HistoryEntry,
    HostSummary,
    IncidentDetail,
    LogLine,
    MetricPoints,
    SelEntry,
    SensorReading,
    ServiceState,
    TriggerSummary,
)
from groundcrew.contracts.reports import Report
from groundcrew.diagnosis.window import harmless
from groundcrew_mcp.fence import NOTICE, fenced

MAX_LATEST = 100
"""Metrics of a host that are shown with their newest value."""

MAX_HISTORY = 50


class Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class Page(Told):
    """A page; `next` is the cursor of the following one, absent on the last."""

    notice: str = NOTICE
    next: str | None = None


class IncidentBrief(Told):
    id: str
    state: str
    severity: str
    title: str
    hosts: list[str]
    cause: str = Field(description="class.fault; 'unknown' is a legal answer")
    part: str = Field(description="the part that is blamed, by the locator that the evidence prints")
    confidence: float = Field(description="0 to 1")
    why: str
    opened_at: AwareDatetime
    last_seen: AwareDatetime
    evidence_count: int

    @classmethod
    def fields_of(cls, incident: Incident) -> dict[str, object]:
        return {
            "id": incident.id,
            "state": incident.state.value,
            "severity": incident.severity.value,
            "title": harmless(incident.title),
            "hosts": incident.hosts[:50],
            "cause": incident.cause.id,
            "part": harmless(incident.cause.component),
            "confidence": round(incident.cause.confidence, 3),
            "why": harmless(incident.cause.why),
            "opened_at": incident.opened_at,
            "last_seen": incident.last_seen,
            "evidence_count": incident.evidence_count,
        }

    @classmethod
    def of(cls, incident: Incident) -> "IncidentBrief":
        return cls.model_validate(cls.fields_of(incident))


class IncidentList(Page):
    incidents: list[IncidentBrief]


class EvidenceTold(Told):
    id: str = Field(description="cite evidence by this")
    source: str = Field(description="journal, sel, sensors, metrics or services")
    time: AwareDatetime
    entity: str
    text: str
    rule: str
    ref: str = Field(description="where it can be found again")

    @classmethod
    def of(cls, evidence: Evidence) -> "EvidenceTold":
        return cls(
            id=evidence.id,
            source=evidence.source.value,
            time=evidence.time,
            entity=evidence.entity,
            text=fenced(evidence.text),
            rule=evidence.rule_id,
            ref=harmless(evidence.ref),
        )


class Hypothesis(Told):
    cause: str
    part: str
    confidence: float


class IncidentTold(IncidentBrief):
    notice: str = NOTICE
    alternatives: list[Hypothesis]
    steps: list[str] = Field(description="what to do, first step first")
    note: str
    rules: list[str]
    evidence: list[EvidenceTold] = Field(description="in order of time, the newest kept")
    evidence_left_out: int
    history: list[HistoryEntry]
    findings: list[Finding]

    @classmethod
    def from_detail(cls, detail: IncidentDetail, most: int) -> "IncidentTold":
        incident = detail.incident
        shown = detail.evidence[-most:] if most else []
        return cls.model_validate(
            cls.fields_of(incident)
            | {
                "alternatives": [
                    Hypothesis(cause=one.id, part=harmless(one.component), confidence=round(one.confidence, 3))
                    for one in incident.alternatives
                ],
                "steps": incident.steps,
                "note": fenced(incident.note),
                "rules": incident.rules,
                "evidence": [EvidenceTold.of(one) for one in shown],
                "evidence_left_out": max(incident.evidence_count, len(detail.evidence)) - len(shown),
                "history": [
                    one.model_copy(update={"change": harmless(one.change)}) for one in detail.history[-MAX_HISTORY:]
                ],
                "findings": [one.model_copy(update={"text": harmless(one.text)}) for one in detail.findings],
            }
        )


class HostBrief(Told):
    name: str
    health: int = Field(description="0 to 100; 100 is well")
    reasons: list[str] = Field(description="what was taken off")
    open_incidents: int
    last_seen: AwareDatetime | None

    @classmethod
    def of(cls, host: HostSummary) -> "HostBrief":
        return cls(
            name=host.name,
            health=host.health,
            reasons=[harmless(one) for one in host.health_reasons[:20]],
            open_incidents=host.open_incidents,
            last_seen=host.last_seen,
        )


class HostList(Page):
    hosts: list[HostBrief]


class SourceTold(Told):
    name: str
    state: str
    detail: str


class HostTold(HostBrief):
    facts: dict[str, str]
    sources: list[SourceTold] = Field(description="what its collector reads, and what is absent")
    latest: dict[str, float] = Field(description="newest value by name{labels}; names are for get_metrics")
    latest_left_out: int

    @classmethod
    def from_summary(cls, host: HostSummary) -> "HostTold":
        latest = dict(sorted(host.latest.items())[:MAX_LATEST])
        return cls(
            **dict(HostBrief.of(host)),
            facts={name: harmless(value) for name, value in host.facts.items()},
            sources=[
                SourceTold(name=one.name, state=one.state.value, detail=harmless(one.detail)) for one in host.sources
            ],
            latest=latest,
            latest_left_out=len(host.latest) - len(latest),
        )


class LogTold(Told):
    id: str
    time: AwareDatetime
    host: str
    priority: int = Field(description="syslog severity, 0 emergency to 7 debug")
    identifier: str
    unit: str
    text: str

    @classmethod
    def of(cls, line: LogLine) -> "LogTold":
        return cls(
            id=line.id,
            time=line.time,
            host=line.entity.partition(":")[2],
            priority=line.priority,
            identifier=harmless(line.identifier),
            unit=harmless(line.unit),
            text=fenced(line.message),
        )


class LogList(Page):
    lines: list[LogTold]


class SeriesTold(Told):
    labels: dict[str, str]
    unit: str
    slope_per_hour: float | None
    times: list[AwareDatetime]
    averages: list[float]
    minima: list[float]
    maxima: list[float]

    @classmethod
    def of(cls, points: MetricPoints) -> "SeriesTold":
        return cls.model_validate(points.model_dump())


class Metrics(Told):
    host: str
    name: str
    step_s: int = Field(description="width of a bucket in seconds")
    series: list[SeriesTold]
    series_left_out: int


class Latest(Told):
    host: str
    last_seen: AwareDatetime | None
    latest: dict[str, float]


class Services(Told):
    host: str
    failed: int
    services: list[ServiceState]
    left_out: int


class TriggerList(Page):
    triggers: list[TriggerSummary]


class Sensors(Told):
    sensors: list[SensorReading]
    left_out: int


class SelTold(Told):
    id: str
    bmc: str
    record_id: int
    time: AwareDatetime
    sensor: str
    asserted: bool | None
    text: str

    @classmethod
    def of(cls, entry: SelEntry) -> "SelTold":
        return cls(
            id=entry.id,
            bmc=entry.bmc,
            record_id=entry.record_id,
            time=entry.time,
            sensor=harmless(entry.sensor),
            asserted=entry.asserted,
            text=fenced(entry.text or entry.event),
        )


class EventLog(Page):
    records: list[SelTold]


class BmcTold(Told):
    name: str
    host: str
    address: str
    last_seen: AwareDatetime | None
    facts: dict[str, str]
    sources: list[SourceTold]

    @classmethod
    def of(cls, bmc: BmcSummary) -> "BmcTold":
        return cls(
            name=bmc.name,
            host=bmc.host,
            address=bmc.address,
            last_seen=bmc.last_seen,
            facts={name: harmless(value) for name, value in bmc.facts.items()},
            sources=[
                SourceTold(name=one.name, state=one.state.value, detail=harmless(one.detail)) for one in bmc.sources
            ],
        )


class BmcList(Page):
    bmcs: list[BmcTold]


class AnswerTold(Told):
    notice: str = NOTICE
    text: str = Field(description="Markdown: what the rules say, and a model's words where there is one")
    cited: list[str]
    model: str = Field(description="empty where rules alone answered")
    missing: str = Field(description="what would have made the answer better")


class ReportTold(Told):
    notice: str = NOTICE
    id: str
    title: str
    headline: str = Field(description="what it comes to, in one sentence, by rule")
    text: str = Field(description="site background, structured facts and raw events, below 4,000 tokens")
    evidence_ids: list[str] = Field(description="what [E1], [E2] of the text point at")
    missing: list[str] = Field(description="owners that did not answer: it is not whole")

    @classmethod
    def of(cls, report: Report) -> "ReportTold":
        return cls(
            id=report.id,
            title=harmless(report.title),
            headline=fenced(report.headline),
            text=report.context.text,
            evidence_ids=report.context.evidence_ids,
            missing=[harmless(one) for one in report.missing],
        )


class PassageTold(Told):
    id: str
    collection: str
    score: float
    text: str
    entity: str | None
    ref: str
    time: AwareDatetime


class Knowledge(Told):
    notice: str = NOTICE
    passages: list[PassageTold]
    missing: str
