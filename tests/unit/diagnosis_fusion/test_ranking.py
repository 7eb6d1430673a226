"""Which cause is named, and how sure."""

from datetime import timedelta

from groundcrew.contracts.incidents import EvidenceSource, Severity, Symptom
from groundcrew.diagnosis.folding import symptom_of
from groundcrew.diagnosis.ranking import Watch, rank

from .conftest import raise_trigger


def symptom(*causes: str, part: str = "", at: float = 0, severity: Severity = Severity.WARNING) -> Symptom:
    return symptom_of(raise_trigger("n1", *causes, part=part, at=at, severity=severity))


def test_one_clear_symptom_names_its_cause_with_confidence(knowledge):
    [best] = rank([symptom("fan.failed", part="FAN3")], knowledge)
    assert (best.id, best.component) == ("fan.failed", "FAN3")
    assert 0.85 < best.confidence < 1


def test_cause_is_preferred_over_its_consequences(knowledge):
    shown = [
        symptom("gpu.thermal", part="GPU 4", severity=Severity.CRITICAL),
        symptom("gpu.thermal", part="GPU 5", severity=Severity.CRITICAL),
        symptom("fan.failed", part="FAN3"),
    ]
    assert rank(shown, knowledge)[0].id == "fan.failed"


def test_second_choice_of_a_rule_stays_behind_the_first(knowledge):
    ranked = rank([symptom("cable.errors", "nic.link_flap", part="eth0")], knowledge)
    assert [cause.id for cause in ranked] == ["cable.errors", "nic.link_flap"]


def test_more_independent_evidence_makes_surer(knowledge):
    once = rank([symptom("disk.failed", "nvme.wear", part="sda")], knowledge)
    twice = rank([symptom("disk.failed", "nvme.wear", part="sda"), symptom("disk.failed", part="sda", at=1)], knowledge)
    assert twice[0].confidence > once[0].confidence


def test_evidence_that_comes_long_after_what_it_explains_counts_less(knowledge):
    failed = symptom("software.failed", part="a.service")
    soon = rank([failed, symptom("filesystem.full", part="/", at=60)], knowledge)[0]
    late = rank([failed, symptom("filesystem.full", part="/", at=3_600)], knowledge)[0]
    assert (soon.id, late.id) == ("filesystem.full", "filesystem.full")
    assert late.confidence < soon.confidence


def test_symptom_without_a_known_cause_is_unknown(knowledge):
    [cause] = rank([symptom(part="x")], knowledge)
    assert (cause.id, cause.confidence) == ("unknown", 0)


def test_info_alone_is_too_little_where_many_causes_are_possible(knowledge):
    weak = symptom("disk.failed", "nvme.wear", "raid.degraded", "cable.errors", severity=Severity.INFO)
    late = weak.model_copy(update={"causes": ["unknown", "nvme.wear"]})
    assert rank([late], knowledge)[0].id == "unknown"


def test_shared_fault_comes_first_and_says_how_many_hosts_show_it(knowledge):
    shown = [symptom("psu.input_lost", part="PSU2", severity=Severity.CRITICAL)]
    entry = knowledge.get("pdu.failed")
    best, second = rank(shown, knowledge, (entry, "pdu-4b", 8))[:2]
    assert (best.id, best.component, second.id) == ("pdu.failed", "pdu-4b", "psu.input_lost")
    assert best.why == "8 hosts on pdu pdu-4b show the same kind of fault at the same time."


def test_part_with_most_evidence_is_blamed(knowledge):
    shown = [symptom("gpu.page_fault", part=part, at=i) for i, part in enumerate(["GPU 1", "GPU 2", "GPU 2"])]
    assert rank(shown, knowledge)[0].component == "GPU 2"


def test_order_of_symptoms_does_not_matter(knowledge):
    shown = [
        symptom("gpu.fallen_off_bus", part="GPU 1", at=3),
        symptom("psu.input_lost", part="PS2", at=1),
        symptom("kernel.hung_task", part="python3", at=60),
    ]
    assert rank(shown, knowledge) == rank(shown[::-1], knowledge)


def test_why_names_rules_and_what_is_explained(knowledge):
    shown = [symptom("psu.input_lost", part="PS2"), symptom("psu.redundancy_lost", at=1)]
    best, second = rank(shown, knowledge)
    assert best.why == "1 symptom speaks for it (psu-input_lost); it explains 1 of the 1 other kinds of symptom."
    assert second.why.endswith("it is itself explained by psu.input_lost.")


BMC = (EvidenceSource.SEL, EvidenceSource.SENSORS)


def weights(cause, says):
    return [ground.weight for ground in cause.grounds if ground.says == says]


def test_what_should_have_been_seen_and_was_not_counts_against_a_cause(knowledge):
    shown = [symptom("psu.failed", part="PSU1")]
    watched = Watch(sources=BMC, until=shown[0].first_seen + timedelta(minutes=20))
    [missing] = weights(rank(shown, knowledge, watch=watched)[0], "missing")
    assert missing < 0
    too_early = Watch(sources=BMC, until=shown[0].first_seen + timedelta(minutes=1))
    nobody_watches = Watch(sources=(EvidenceSource.JOURNAL,), until=watched.until)
    seen = [*shown, symptom("psu.redundancy_lost", at=30)]
    for symptoms, watch in ((shown, too_early), (shown, nobody_watches), (seen, watched)):
        assert weights(rank(symptoms, knowledge, watch=watch)[0], "missing") == []


def test_lesser_possibility_of_a_rule_is_no_sight_of_what_a_cause_requires(knowledge):
    flaps = symptom("nic.link_flap", "cable.errors", part="eno1")
    counted = symptom("cable.errors", part="eno1", at=60)
    watch = Watch(sources={EvidenceSource.METRICS}, until=flaps.first_seen + timedelta(hours=1))
    link, cable = rank([flaps], knowledge, watch=watch)
    assert (link.id, cable.id) == ("nic.link_flap", "cable.errors")
    assert "should have been seen" in cable.why_not
    assert rank([flaps, counted], knowledge, watch=watch)[0].id == "cable.errors"


def test_what_contradicts_a_cause_makes_it_less_likely_and_says_so(knowledge):
    fan = symptom("fan.failed", part="FAN3")
    air = symptom("cooling.airflow", "fan.failed", part="Exhaust Temp", at=60)
    best, other = rank([fan, air], knowledge)[:2]
    assert (best.id, other.id) == ("fan.failed", "cooling.airflow")
    assert weights(other, "against")[0] < 0
    assert "fan.failed speaks against it" in other.why_not


def test_points_of_a_score_say_what_each_symptom_is_worth(knowledge):
    shown = [symptom("disk.failed", part="sda", severity=Severity.CRITICAL), symptom("raid.degraded", part="md0", at=5)]
    best = rank(shown, knowledge)[0]
    assert [(ground.what, ground.says) for ground in best.grounds] == [
        ("disk.failed", "seen"), ("raid.degraded", "explained")
    ]  # fmt: skip
    assert all(ground.weight > 0 for ground in best.grounds)


def test_a_narrower_cause_is_told_under_the_wider_id_and_once(knowledge):
    best, *others = rank([symptom("network.no_lease", "network.unreachable", part="eno1")], knowledge)
    assert (best.id, best.variant, best.entry) == ("network.unreachable", "network.no_lease", "network.no_lease")
    assert "network.unreachable" not in [other.id for other in others]


def test_several_hot_parts_speak_of_the_air_and_one_of_itself(knowledge):
    def hot(part):
        return symptom("cpu.thermal_trip", "cooling.airflow", part=part, severity=Severity.CRITICAL)

    assert rank([hot("CPU1")], knowledge)[0].id == "cpu.thermal_trip"
    assert rank([hot("CPU1"), hot("CPU2")], knowledge)[0].id == "cooling.airflow"
