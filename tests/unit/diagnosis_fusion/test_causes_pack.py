"""The pack of causes: complete, consistent, and clear about what is wrong in it."""

import pytest

from groundcrew.contracts.actions import ActionKind
from groundcrew.contracts.incidents import Severity, Symptom
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.folding import symptom_of
from groundcrew.diagnosis.ranking import rank
from groundcrew.diagnosis.rules import PackError
from groundcrew.diagnosis.vocabulary import COMPONENT_CLASSES
from groundcrew.runtime.packs import load_packs

from .conftest import Crew, rack, raise_trigger, shipped_knowledge

SCENARIO_CAUSES = """
dimm.correctable_storm dimm.uncorrectable psu.input_lost psu.failed psu.voltage_unstable psu.redundancy_lost
fan.failed fan.degraded cooling.ambient_high cooling.airflow cpu.thermal_trip cpu.ierr cpu.mce gpu.fallen_off_bus
gpu.ecc_uncorrectable gpu.row_remap_failure gpu.thermal gpu.page_fault gpu.application_error gpu.gsp_timeout
nvlink.error pcie.aer_uncorrectable pcie.aer_correctable_storm pcie.link_degraded nvme.controller_reset
nvme.media_error nvme.wear disk.pending_sectors disk.failed raid.degraded nic.link_flap cable.errors switch.failed
pdu.failed bmc.unreachable bmc.sel_full cmos_battery.low chassis.intrusion filesystem.full filesystem.corruption
filesystem.readonly memory_pressure.oom software.crash_loop software.failed software.regression kernel.panic
kernel.hung_task kernel.soft_lockup kernel.deadlock time.skew security.bruteforce network.dns network.unreachable
unknown
"""

UNKNOWN = """
[[cause]]
id = "unknown"
title = "Something is wrong on {place}"
severity = "warning"
explanation = "x"
steps = ["Look."]
"""


def entry(**fields: str) -> str:
    values = {
        "id": '"fan.failed"',
        "title": '"{part} stopped"',
        "severity": '"warning"',
        "explanation": '"x"',
        "steps": '["Replace {part}."]',
        **fields,
    }
    return UNKNOWN + "[[cause]]\n" + "\n".join(f"{key} = {value}" for key, value in values.items())


def test_every_cause_of_the_scenario_format_is_known(knowledge):
    assert set(SCENARIO_CAUSES.split()) <= set(knowledge.by_id)


def test_every_cause_that_a_shipped_rule_speaks_for_is_known(knowledge):
    packs = load_packs().knowledge
    spoken = {cause for rule in (*packs.rules, *packs.thresholds, *packs.services) for cause in rule.causes}
    assert spoken <= set(knowledge.by_id)


def test_component_classes_are_those_of_the_vocabulary(knowledge):
    assert {cause.class_name for cause in knowledge.cause} <= COMPONENT_CLASSES


def test_no_cause_explains_itself_in_a_circle(knowledge):
    circles = [
        (one.id, other)
        for one in knowledge.cause
        for other in one.explains
        if knowledge.explains(other, one.id) and knowledge.explains(one.id, other)
    ]
    assert circles == []


def test_restart_is_only_allowed_for_failed_software(knowledge):
    allowed = {c.id for c in knowledge.cause if ActionKind.SERVICE_RESTART in c.actions}
    assert allowed == {"software.failed", "software.crash_loop"}


def test_explaining_reaches_through_other_causes(knowledge):
    assert knowledge.explains("psu.input_lost", "gpu.fallen_off_bus")
    assert not knowledge.explains("gpu.fallen_off_bus", "psu.input_lost")


def test_braces_in_a_part_stay_what_they_are(knowledge):
    assert knowledge.get("fan.failed").title_for("{place}", "n1") == "{place} of n1 stopped"


def test_operators_cause_replaces_the_shipped_one():
    own = entry(severity='"critical"')
    merged = Knowledge.parse_layers([("shipped.toml", entry()), ("own.toml", own)])
    assert merged.get("fan.failed").severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (entry(severity='"bad"'), "causes.toml: cause 'fan.failed': Value error, severity: expected info"),
        (entry(title='"{who} stopped"'), "expected {part} or {place}"),
        (entry(explains='["fan.gone"]'), "cause 'fan.failed' names 'fan.gone', which is no cause"),
        (entry(actions='["shell.run"]'), "expected some of journal.query, service.restart, ticket.create"),
        (entry(colour='"red"'), "cause 'fan.failed', colour:"),
        (entry(steps="[]"), "cause 'fan.failed', steps:"),
        (entry() + entry().replace(UNKNOWN, "\n"), "cause 'fan.failed' is given twice"),
        ('[[cause]]\nid = "fan.failed', "causes.toml: "),
        (entry().replace(UNKNOWN, ""), "the cause 'unknown' is missing"),
    ],
)
def test_mistake_is_told_with_its_place(text, told):
    with pytest.raises(PackError) as error:
        Knowledge.parse(text)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def symptoms_of(seen: list[str]) -> list[Symptom]:
    """Of an example: 'cause part' each, a minute apart, '!' for critical."""
    shown = []
    for minute, text in enumerate(seen):
        cause, _, part = text.removeprefix("!").partition(" ")
        severity = Severity.CRITICAL if text.startswith("!") else Severity.WARNING
        shown.append(symptom_of(raise_trigger("n1", cause, part=part, at=60 * minute, severity=severity)))
    return shown


EXAMPLES = [(cause.id, example) for cause in shipped_knowledge().cause for example in cause.example]


@pytest.mark.parametrize(("cause", "example"), EXAMPLES, ids=[f"{c}: {', '.join(e.seen)}" for c, e in EXAMPLES])
def test_example_of_a_cause_is_what_is_diagnosed(knowledge, cause, example):
    best = rank(symptoms_of(example.seen), knowledge)[0]
    assert best.entry == cause
    if example.part:
        assert best.component == example.part


@pytest.mark.parametrize(("cause", "example"), EXAMPLES, ids=[f"{c}: {', '.join(e.seen)}" for c, e in EXAMPLES])
def test_example_is_one_incident(cause, example):
    crew = Crew(rack(1))
    for minute, one in enumerate(example.seen):
        name, _, part = one.removeprefix("!").partition(" ")
        severity = Severity.CRITICAL if one.startswith("!") else Severity.WARNING
        crew.see(raise_trigger("n1", name, part=part, at=60 * minute, severity=severity))
    assert crew.only.cause.entry == cause
