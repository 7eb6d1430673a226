"""What an incident touches, and its timeline: which boxes and lanes are drawn, and what they say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundcrew.contracts.incidents import Cause, Evidence, EvidenceSource, Incident, IncidentState, Severity, Symptom
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.queries import IncidentDetail
from groundcrew_gateway.pages.affected import MAX_HOSTS, affected
from groundcrew_gateway.pages.lanes import incident_chart

AT = datetime(2026, 3, 4, 2, 36, tzinfo=UTC)
FLEET = Inventory(
    revision=1,
    host=[InventoryHost(name=f"n{at}", rack="r1", pdu=["pdu-a"], switch="tor-1") for at in range(1, 13)],
)


def incident(hosts: list[str], *, entity: str = "host:n1", **given: Any) -> Incident:
    return Incident(
        id="5f0c4d2a9b7e4c1d8e3f6a7b8c9d0e1f", revision=1, state=IncidentState.OPEN, severity=Severity.CRITICAL,
        title="x", hosts=hosts, entity=entity, opened_at=AT, updated_at=AT, last_seen=AT, evidence_count=0,
        trigger_count=1,
        cause=Cause(id="psu.input_lost", component_class="psu", component="PSU2", confidence=0.9), **given,
    )  # fmt: skip


def symptom(rule: str, source: EvidenceSource, component_class: str, **given: Any) -> Symptom:
    return Symptom(
        rule_id=rule, entity="host:n1", component_class=component_class, component="", causes=[],
        severity=Severity.WARNING, title=rule, source=source, count=2,
        **{"first_seen": AT, "last_seen": AT + timedelta(minutes=5), **given},
    )  # fmt: skip


def evidence(number: int, rule: str, source: EvidenceSource) -> Evidence:
    return Evidence(
        id=f"{number:032x}", source=source, ref="r", time=AT + timedelta(minutes=number), entity="host:n1",
        text=f"line {number}", rule_id=rule,
    )  # fmt: skip


def test_the_part_its_host_and_what_that_hangs_on() -> None:
    other = incident(["n5"], entity="host:n5")
    drawing = affected(incident(["n1"]), FLEET, [other])
    said = {box.name: (box.says, box.state) for box in drawing.boxes}
    assert said["PSU2"] == ("psu.input_lost", "critical")
    assert said["n1"] == ("critical", "critical")
    assert said["feed pdu-a"] == ("11 other hosts: n5 critical", "")
    assert len(drawing.links) == 1 + 3
    assert all(box.y >= 0 and box.y + box.height <= drawing.height for box in drawing.boxes)


def test_where_several_hosts_share_a_fault_the_cause_lies_in_what_they_share() -> None:
    hosts = [f"n{at}" for at in range(1, 11)]
    drawing = affected(incident(hosts, entity="switch:tor-1"), FLEET, [])
    [culprit] = [box for box in drawing.boxes if box.culprit]
    assert (culprit.name, culprit.says) == ("switch tor-1", "the cause lies here")
    assert f"{10 - MAX_HOSTS} more hosts" in [box.name for box in drawing.boxes]


@pytest.mark.parametrize("hosts", [[], ["unlisted"]])
def test_what_the_inventory_does_not_know_is_drawn_as_far_as_known(hosts: list[str]) -> None:
    drawing = affected(incident(hosts), Inventory(), [])
    assert [box.name for box in drawing.boxes if not box.culprit] == hosts


def test_one_lane_per_source_in_the_order_of_causes() -> None:
    symptoms = [
        symptom("nginx", EvidenceSource.JOURNAL, "software"),
        symptom("aer", EvidenceSource.JOURNAL, "pcie"),
        symptom("ac", EvidenceSource.SEL, "psu", uncertainty_s=600.0),
    ]
    pieces = [
        evidence(1, "ac", EvidenceSource.SEL), evidence(2, "aer", EvidenceSource.JOURNAL),
        evidence(3, "nginx", EvidenceSource.JOURNAL), evidence(4, "unit", EvidenceSource.SERVICES),
    ]  # fmt: skip
    detail = IncidentDetail(incident=incident(["n1"], symptoms=symptoms), evidence=pieces, history=[], findings=[])
    chart = incident_chart(detail, [], [(AT + timedelta(minutes=2), "n1"), (AT - timedelta(days=9), "n1")])
    assert [lane.name for lane in chart.lanes] == ["BMC log", "kernel", "logs", "services"]
    assert chart.lanes[0].note == "± 10 min"
    assert [len(lane.spans) for lane in chart.lanes] == [1, 1, 1, 0]
    assert [mark.title.splitlines()[1] for mark in chart.reboots] == ["n1 started"]
