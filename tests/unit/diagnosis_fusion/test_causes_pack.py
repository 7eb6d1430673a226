"""The pack of causes: complete, consistent, and clear about what is wrong in it."""

import re
from datetime import timedelta
from itertools import combinations

import pytest

from groundcrew.contracts.actions import ActionKind
from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.incidents import EvidenceSource, Severity, TriggerRaised
from groundcrew.diagnosis.causes import Example, Knowledge
from groundcrew.diagnosis.folding import symptom_of
from groundcrew.diagnosis.ranking import Watch, rank
from groundcrew.diagnosis.rules import PackError
from groundcrew.diagnosis.vocabulary import COMPONENT_CLASSES
from groundcrew.runtime.packs import load_packs

from .conftest import START, Crew, rack, raise_trigger, shipped_knowledge

_HOST = re.compile(r"([a-z]\d+): ")
_MARKS = {"!": Severity.CRITICAL, "~": Severity.INFO}

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
        (one.id, other.id)
        for one, other in combinations(knowledge.cause, 2)
        if knowledge.explains(one.id, other.id) and knowledge.explains(other.id, one.id)
    ]
    assert circles == []


def test_restart_is_only_allowed_for_failed_software(knowledge):
    allowed = {c.id for c in knowledge.cause if ActionKind.SERVICE_RESTART in c.actions}
    assert allowed == {"software.failed", "software.crash_loop"}


def test_explaining_reaches_through_other_causes(knowledge):
    assert knowledge.explains("psu.input_lost", "gpu.fallen_off_bus")
    assert not knowledge.explains("gpu.fallen_off_bus", "psu.input_lost")


def test_chain_of_unlikely_steps_explains_nothing():
    names = ["network.dns", "network.loop", "network.flood"]
    text = UNKNOWN + "\n".join(
        entry(id=f'"{name}"', symptom=f'[{{ shows = "{shown}", chance = "rarely" }}]').removeprefix(UNKNOWN)
        for name, shown in zip(names, [*names[1:], "unknown"], strict=True)
    )
    chain = Knowledge.parse(text)
    assert chain.explains("network.dns", "network.loop")
    assert not chain.explains("network.dns", "network.flood")


@pytest.mark.parametrize(
    ("cause", "part", "told"),
    [
        ("kernel.hung_task", "systemd", "kernel.host_hangs"),
        ("kernel.hung_task", "jbd2/sda1-8", "kernel.host_hangs"),
        ("kernel.hung_task", "kswapd0:98", "kernel.host_hangs"),
        ("kernel.hung_task", "systemd-udevd", "kernel.hung_task"),
        ("kernel.hung_task", "rsync", "kernel.hung_task"),
        ("filesystem.full", "253:4", "filesystem.pool_full"),
        ("filesystem.full", "vg-data-tpool", "filesystem.pool_full"),
        ("filesystem.full", "/srv/things", "filesystem.full"),
        ("cable.errors", "ata3.00", "cable.drive_errors"),
        ("cable.errors", "/dev/sdc", "cable.drive_errors"),
        ("cable.errors", "Drive 5", "cable.drive_errors"),
        ("cable.errors", "eth0", "cable.errors"),
        ("cable.errors", "sdnet0", "cable.errors"),
        ("cooling.airflow", "CPU2 Temp", "cpu.overheated"),
        ("cooling.airflow", "CPU1 VRM Temp", "cooling.airflow"),
    ],
)
def test_name_of_a_part_narrows_a_cause(knowledge, cause, part, told):
    assert knowledge.narrowed(symptom_of(raise_trigger("n1", cause, part=part))).causes[0] == told


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


EXAMPLES = [(cause.id, example) for cause in shipped_knowledge().cause for example in cause.example]
AT_ONE_HOST = [(cause, example) for cause, example in EXAMPLES if not any(_HOST.match(one) for one in example.seen)]
SHIPPED = load_packs().knowledge
RULES = {rule.id: rule for rule in (*SHIPPED.rules, *SHIPPED.thresholds, *SHIPPED.services)}


def named(examples: list[tuple[str, Example]]) -> list[str]:
    return [f"{cause}: {', '.join(example.seen)}" for cause, example in examples]


def trigger_of(text: str, minute: int) -> Envelope[TriggerRaised]:
    """Of an example: `@rule part`, or `cause part` with its mark."""
    place = _HOST.match(text)
    host, text = (place.group(1), text[place.end() :]) if place else ("n1", text)
    name, _, part = text.lstrip("!~").partition(" ")
    if name.startswith("@"):
        rule = RULES[name.removeprefix("@")]
        causes, severity = rule.causes, rule.severity
        component_class = getattr(rule, "component_class", "software")  # which a check of a service does not say
    else:
        causes, severity = [name], _MARKS.get(text[0], Severity.WARNING)
        component_class = shipped_knowledge().get(name).class_name
    raised = raise_trigger(host, *causes, part=part, at=60 * minute, rule=name.lstrip("@"), severity=severity)
    return raised.model_copy(update={"data": raised.data.model_copy(update={"component_class": component_class})})


def triggers_of(example: Example) -> list[Envelope[TriggerRaised]]:
    return [trigger_of(text, minute) for minute, text in enumerate(example.seen)]


def test_every_cause_has_an_example(knowledge):
    assert [cause.id for cause in knowledge.cause if not cause.example] == []


@pytest.mark.parametrize(("cause", "example"), AT_ONE_HOST, ids=named(AT_ONE_HOST))
def test_example_of_a_cause_is_what_is_diagnosed(knowledge, cause, example):
    triggers = triggers_of(example)
    until = triggers[-1].time + timedelta(seconds=example.quiet_s)
    symptoms = [knowledge.narrowed(symptom_of(trigger)) for trigger in triggers]
    best = rank(symptoms, knowledge, watch=Watch(sources=EvidenceSource, until=until))[0]
    assert best.entry == cause
    if example.part:
        assert best.component == example.part


@pytest.mark.parametrize(("cause", "example"), EXAMPLES, ids=named(EXAMPLES))
def test_example_is_one_incident(cause, example):
    triggers = triggers_of(example)
    crew = Crew(rack(4)).see(*triggers)
    if example.quiet_s:
        crew.wait_until((triggers[-1].time - START).total_seconds() + example.quiet_s)
    assert [incident.cause.entry for incident in crew.incidents] == [cause]
    if example.part:
        assert crew.only.cause.component == example.part


def test_both_rules_of_a_contrast_are_info_rules_of_the_pack(knowledge):
    pairs = [rule for one in knowledge.contrast for rule in (one.less, one.whole)]
    assert pairs, "no contrast is shipped"
    assert {RULES[rule].severity.value for rule in pairs} == {"info"}
