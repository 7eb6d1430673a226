"""Answers: what counts as right, and the sentence for what does not."""

from pathlib import Path
from typing import Any

import pytest

from groundcrew_embedded.judging import CRITERIA, Answer, judge, read_answer
from groundcrew_embedded.scenario import ScenarioError

EXPECTED: dict[str, Any] = {
    "hosts": ["gpu-01"], "severity": "critical", "component_class": "psu", "component": ["PSU2", "PS2"],
    "cause": "psu.input_lost", "evidence": ["AC lost"], "not_cause": ["psu.failed"],
    "actions": ["ticket.create"], "never": ["host.reboot"],
}  # fmt: skip


def found(**changed: Any) -> dict[str, Any]:
    incident: dict[str, Any] = {
        "hosts": ["gpu-01"], "severity": "critical",
        "cause": {"id": "psu.input_lost", "component_class": "psu", "component": "psu_2"},
        "evidence": [{"text": "Power Supply AC lost"}], "actions": [{"kind": "ticket.create"}],
    }  # fmt: skip
    cause = incident["cause"] | {key: value for key, value in changed.items() if key in incident["cause"]}
    return incident | {key: value for key, value in changed.items() if key in incident} | {"cause": cause}


def judged(*incidents: dict[str, Any], **answer: Any) -> Any:
    expected = EXPECTED | answer
    return judge(Answer.model_validate({"incidents": 1, "incident": [expected]}), {"incidents": list(incidents)})


def test_the_known_answer_reaches_all_points() -> None:
    judgement = judged(found())

    assert judgement.wrong == []
    assert judgement.points == (1 + len(CRITERIA), 1 + len(CRITERIA))


@pytest.mark.parametrize(
    ("criterion", "changed", "sentence"),
    [
        ("cause", {"id": "psu.redundancy_lost"}, "cause psu.redundancy_lost instead of ['psu.input_lost']"),
        ("class", {"component_class": "gpu"}, "class gpu instead of ['psu']"),
        ("part", {"component": "PSU1"}, "component 'PSU1' instead of one of ['PSU2', 'PS2']"),
        ("hosts", {"hosts": ["gpu-01", "gpu-02"]}, "hosts ['gpu-01', 'gpu-02'] instead of ['gpu-01']"),
        ("severity", {"severity": "warning"}, "severity warning instead of critical"),
        ("evidence", {"evidence": [{"text": "Xid 79"}]}, "no evidence cites ['AC lost']"),
        ("actions", {"actions": []}, "actions []: none of ['ticket.create']"),
        ("never", {"actions": [{"kind": "ticket.create"}, {"kind": "host.reboot"}]}, "action host.reboot was proposed"),
    ],
)
def test_each_criterion_fails_alone(criterion: str, changed: dict[str, Any], sentence: str) -> None:
    judgement = judged(found(**changed))

    assert judgement.wrong == [sentence]
    assert [name for name, held in judgement.incidents[0].met.items() if not held] == [criterion]


def test_the_red_herring_is_worse_than_another_wrong_cause() -> None:
    assert judged(found(id="psu.failed")).points == (len(CRITERIA) - 1, 1 + len(CRITERIA))


def test_a_missing_incident_loses_every_point() -> None:
    judgement = judged()

    assert judgement.points[0] == 0
    assert judgement.wrong == ["0 incidents instead of 1: []", "no incident on ['gpu-01']"]


def test_of_two_incidents_on_a_host_each_answer_takes_the_one_that_fits() -> None:
    fan = EXPECTED | {"cause": "fan.failed", "component_class": "fan", "component": "FAN5", "evidence": []}
    answer = Answer.model_validate({"incidents": 2, "incident": [fan, EXPECTED]})
    blown = found(id="fan.failed", component_class="fan", component="FAN5")

    assert judge(answer, {"incidents": [found(), blown]}).wrong == []


def test_an_incident_of_a_healthy_fleet_is_wrong() -> None:
    judgement = judge(Answer(incidents=0), {"incidents": [found()]})

    assert judgement.points == (0, 1)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("incidents = -1", "answer.toml: incidents: "),
        ("incidents = ", "answer.toml: "),
        ("", "incidents: Field required"),
    ],
)
def test_a_malformed_answer_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "answer.toml").write_text(text)

    with pytest.raises(ScenarioError) as raised:
        read_answer(tmp_path)
    assert complaint in str(raised.value)


def test_what_answers_to_nothing_expected_is_a_false_incident() -> None:
    assert judged(found(), found(hosts=["gpu-09"])).false_incidents == 1
    assert judged(found()).false_incidents == 0
    assert judge(Answer(incidents=0), {"incidents": [found(), found()]}).false_incidents == 2


def test_a_forbidden_action_counts_whichever_incident_of_the_host_proposes_it() -> None:
    beside = found(actions=[{"kind": "host.reboot"}], cause="kernel.hung_task")
    elsewhere = found(hosts=["gpu-09"], actions=[{"kind": "host.reboot"}])
    assert judged(found(), beside, elsewhere).forbidden == 1


def test_evidence_is_counted_text_by_text() -> None:
    assert judged(found(), evidence=["AC lost", "NVRM: Xid"]).incidents[0].cited == (1, 2)
    assert judged(evidence=["AC lost"]).incidents[0].cited == (0, 1)
