"""Incidents, trigger events and evidence of a small fleet."""

from datetime import UTC, datetime, timedelta
from typing import Any

from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import (
    Cause,
    Evidence,
    EvidenceSource,
    Incident,
    IncidentState,
    Severity,
    Symptom,
)
from groundcrew.contracts.queries import TriggerSummary

T0 = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
SINCE = T0 - timedelta(hours=12)
UNTIL = T0 + timedelta(hours=12)


def minutes(number: float) -> datetime:
    return T0 + timedelta(minutes=number)


def symptom(rule_id: str = "sel.psu-input-lost", **changes: Any) -> Symptom:
    plain = Symptom(
        rule_id=rule_id, entity=host("gpu-03"), component_class="psu", component="PSU2", causes=["psu.input_lost"],
        severity=Severity.WARNING, title="PSU2 lost its input", source=EvidenceSource.SEL, first_seen=T0, last_seen=T0,
        count=1,
    )  # fmt: skip
    return plain.model_copy(update=changes)


def incident(number: int = 1, **changes: Any) -> Incident:
    name = changes.get("hosts", ["gpu-03"])[0]
    plain = Incident(
        id=stable_id("incident", number), revision=1, state=IncidentState.OPEN, severity=Severity.CRITICAL,
        title=f"PSU2 of {name} lost its input power", hosts=[name], entity=host(name), opened_at=T0, updated_at=T0,
        last_seen=T0, cause=Cause(id="psu.input_lost", component_class="psu", component="PSU2", confidence=0.9),
        evidence_count=1, trigger_count=1, symptoms=[symptom()], steps=["Check the cord of PSU2."],
    )  # fmt: skip
    return plain.model_copy(update=changes)


def resolved(one: Incident, at: datetime, *, cleared: bool) -> Incident:
    symptoms = [each.model_copy(update={"cleared_at": at if cleared else None}) for each in one.symptoms]
    return one.model_copy(update={"state": IncidentState.RESOLVED, "resolved_at": at, "symptoms": symptoms})


def evidence(number: int, text: str, **changes: Any) -> Evidence:
    plain = Evidence(
        id=stable_id("evidence", number), source=EvidenceSource.SEL, ref=f"gpu-03-bmc/{number}", time=T0,
        entity=host("gpu-03"), text=text, rule_id="sel.psu-input-lost",
    )  # fmt: skip
    return plain.model_copy(update=changes)


def trigger(number: int, **changes: Any) -> TriggerSummary:
    plain = TriggerSummary(
        id=stable_id("trigger", number), time=minutes(number), entity=host("gpu-03"), rule_id="edac.corrected",
        severity=Severity.INFO, title="Corrected memory error on P1-DIMMA1", component="P1-DIMMA1", count=1,
        incident_id=None, component_class="dimm",
    )  # fmt: skip
    return plain.model_copy(update=changes)
