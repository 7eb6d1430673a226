"""A BMC that cannot be read: told after several looks over minutes, by its reason, once, and ended when it answers."""

import pytest

from groundcrew.contracts.envelope import Envelope
from groundcrew.contracts.observations import InventoryObserved
from groundcrew.diagnosis.detector import Detector
from groundcrew.runtime.packs import load_packs

from .seen import drafts, said, sealed

KNOWLEDGE = load_packs().knowledge
SILENT = "timeout: the BMC does not answer"
DENIED = "credentials: the BMC refuses user or password"
BMC = "bmc:node-7-bmc"


@pytest.fixture
def detector() -> Detector:
    return Detector(KNOWLEDGE)


def look(seconds: float, text: str, entity: str = BMC) -> Envelope[InventoryObserved]:
    observed = InventoryObserved(collector="bmc", facts={"access": text}, sources=[])
    return sealed(observed, entity, received_s=seconds)


def looks(text: str, *seconds: float, entity: str = BMC) -> list[Envelope[InventoryObserved]]:
    return [look(each, text, entity) for each in seconds]


def test_a_bmc_that_is_silent_for_minutes_is_told_once(detector: Detector):
    assert said(detector, *looks(SILENT, 0, 30, 60, 120)) == []
    [draft] = drafts(detector, look(240, SILENT))
    assert (draft.data.rule_id, draft.data.component, draft.data.component_class) == (
        "bmc.silent", "node-7-bmc", "bmc",
    )  # fmt: skip
    assert draft.data.title == "BMC node-7-bmc does not answer: the BMC does not answer"
    assert draft.data.severity.value == "warning"
    assert said(detector, *looks(SILENT, 840, 1_440, 9_000, 90_000)) == []


def test_it_ends_with_the_second_answer(detector: Detector):
    said(detector, *looks(SILENT, 0, 30, 60, 240))
    assert said(detector, look(300, "answers")) == []
    assert said(detector, look(330, SILENT), look(360, "answers")) == []
    assert said(detector, look(390, "answers")) == [("bmc.silent", "cleared", "node-7-bmc")]


def test_a_few_looks_that_fail_are_no_fault(detector: Detector):
    times = range(0, 36_000, 30)
    stumbling = [look(at, SILENT if at % 300 in {0, 30} else "answers") for at in times]
    assert said(detector, *stumbling) == []
    assert detector.state(BMC) == Detector(KNOWLEDGE).state("") or not detector._memories[BMC].tracks


def test_a_wrong_password_is_of_its_own_kind(detector: Detector):
    assert said(detector, *looks(DENIED, 0, 30, 75)) == [("bmc.access-denied", "raised", "node-7-bmc")]
    assert said(detector, *looks("answers", 105, 135)) == [("bmc.access-denied", "cleared", "node-7-bmc")]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("address: the address does not resolve or cannot be reached", "bmc.silent"),
        ("privilege: the BMC refuses this privilege level to the user", "bmc.access-denied"),
        ("certificate: it ran out", "bmc.not-trusted"),
        ("busy: the BMC has no free session", "bmc.not-readable"),
        ("cipher: the BMC takes none of the cipher suites that were tried", "bmc.not-readable"),
    ],
)
def test_each_reason_has_its_rule(detector: Detector, text: str, rule: str):
    assert {one for one, _, _ in said(detector, *looks(text, *range(0, 1_800, 60)))} == {rule}


def test_what_the_collector_lacks_is_no_fault_of_the_bmc(detector: Detector):
    assert said(detector, *looks("tool: there is no ipmitool", *range(0, 7_200, 60))) == []


def test_a_bmc_that_answers_with_a_refusal_is_not_silent(detector: Detector):
    said(detector, *looks(SILENT, 0, 30, 60, 240))
    told = said(detector, *looks(DENIED, 300, 330, 390))
    assert ("bmc.silent", "cleared", "node-7-bmc") in told
    assert ("bmc.access-denied", "raised", "node-7-bmc") in told


def test_of_a_silent_bmc_nobody_knows_whether_it_would_still_refuse(detector: Detector):
    said(detector, *looks(DENIED, 0, 30, 75))
    assert said(detector, *looks(SILENT, 105, 135, 165, 400)) == [("bmc.silent", "raised", "node-7-bmc")]
    ended = said(detector, *looks("answers", 430, 460))
    assert {(rule, state) for rule, state, _ in ended} == {
        ("bmc.silent", "cleared"), ("bmc.access-denied", "cleared"),
    }  # fmt: skip


def test_a_bmc_that_is_silent_with_its_rack_is_no_fault_of_its_own(detector: Detector):
    together = "together: 38 of 40 BMCs of rack r12 do not answer"
    assert said(detector, look(0, SILENT), *looks(together, *range(30, 3_600, 60))) == []
    assert said(detector, *looks(SILENT, 3_600, 3_630, 3_700)) == [], "the looks before do not count"


def test_a_silent_rack_is_told_as_one_and_ends_as_one(detector: Detector):
    rack = "rack:r12"
    silent = [
        "silent: rack r12: 38 of 40 BMCs of rack r12 do not answer",
        "silent: rack r12: 40 of 40 BMCs of rack r12 do not answer",
    ]
    texts = [look(at, silent[at // 60 % 2], rack) for at in range(0, 300, 30)]
    assert said(detector, *texts) == [("bmc.silent-together", "raised", "rack r12")]
    assert said(detector, *looks("answers", 300, 330, entity=rack)) == [("bmc.silent-together", "cleared", "rack r12")]


def test_a_bmc_that_leaves_the_inventory_leaves_no_trigger_behind(detector: Detector):
    said(detector, *looks(SILENT, 0, 30, 60, 240))
    gone = look(270, "left: the inventory does not name it any more")
    assert said(detector, gone) == [("bmc.silent", "cleared", "node-7-bmc")]


def test_half_confirmed_and_confirmed_survive_a_restart(detector: Detector):
    said(detector, *looks(SILENT, 0, 30, 60))
    second = Detector(KNOWLEDGE)
    second.restore(BMC, detector.state(BMC))
    assert said(second, look(240, SILENT)) == [("bmc.silent", "raised", "node-7-bmc")]
    third = Detector(KNOWLEDGE)
    third.restore(BMC, second.state(BMC))
    assert said(third, look(270, SILENT)) == []
    assert said(third, *looks("answers", 300, 330)) == [("bmc.silent", "cleared", "node-7-bmc")]


def test_hosts_and_older_collectors_say_nothing_of_it(detector: Detector):
    host = sealed(InventoryObserved(facts={"kernel": "6.8"}, sources=[]), "host:node-7")
    older = sealed(InventoryObserved(collector="bmc", facts={"power": "on"}, sources=[]), BMC)
    assert said(detector, host, older) == []
    assert not detector.knows("host:node-7")
    assert not detector.knows(BMC)


def test_a_healthy_bmc_costs_no_write(detector: Detector):
    said(detector, *looks("answers", *range(0, 300, 30)))
    assert not detector.changed(BMC)
