"""What led to an event: by evidence, by an operator's words, and with nothing in the event log."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.incidents import Cause, EvidenceSource, Severity, TriggerState
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.reports import MAX_CONTEXT_TOKENS, CitedEvent
from groundcrew.diagnosis.anomalies import Series, anomalies, gaps
from groundcrew.diagnosis.causes import Knowledge
from groundcrew.diagnosis.citing import by_importance, most_telling, of_trigger
from groundcrew.diagnosis.described import Catalogue, CauseWords
from groundcrew.diagnosis.report_context import background, build_context, facts_of_root_cause
from groundcrew.diagnosis.root_cause import Asked, correlate_for_rca
from groundcrew.diagnosis.selection import UnknownDevice, select
from groundcrew.diagnosis.tokens import upper_bound
from groundcrew.diagnosis.topology import Topology
from groundcrew.diagnosis.window import INTRODUCTION
from groundcrew.runtime.packs import load_packs

from .conftest import SINCE, T0, UNTIL, incident, minutes, symptom, trigger

HOSTS = [
    InventoryHost(name=f"gpu-0{n}", rack="r7", pdu=["pdu-a" if n < 5 else "pdu-b"], switch="tor-7", role="training",
                  bmc=f"gpu-0{n}-bmc") for n in range(3, 7)
]  # fmt: skip
INVENTORY = Inventory(host=HOSTS)


@pytest.fixture(scope="module")
def shipped():
    packs = load_packs()
    knowledge = Knowledge.parse_layers((file.name, file.text) for file in packs.texts("causes"))
    words = [
        CauseWords(id=one.id, component_class=one.class_name, title=one.title, explanation=one.explanation,
                   steps=tuple(one.steps_for("", "the host"))) for one in knowledge.cause if one.id != "unknown"
    ]  # fmt: skip
    names = [one.id for one in words]
    explained = {one: frozenset(other for other in names if knowledge.explains(one, other)) for one in names}
    return Catalogue.of(words), explained


def asked(shipped, **changes):
    plain = {"device": "gpu-03", "since": SINCE, "until": UNTIL, "topology": Topology(INVENTORY)}
    return correlate_for_rca(Asked(**(plain | {"explained": shipped[1]} | changes)), shipped[0])


def event(number, text, minute=0.0, severity=Severity.INFO, **changes):
    plain = CitedEvent(
        id=f"{number:032x}", time=minutes(minute), source=EvidenceSource.JOURNAL, device="gpu-03", text=text,
        severity=severity,
    )  # fmt: skip
    return plain.model_copy(update=changes)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("GPU fell off bus, required reboot", "gpu.fallen_off_bus"),
        ("the power supply lost AC", "psu.input_lost"),
        ("filesystem is full", "filesystem.full"),
        ("machine ran out of memory and the oom killer came", "memory_pressure.oom"),
        ("uncorrectable ECC error, memory module", "dimm.uncorrectable"),
        ("switch port flaps, link goes up and down", "nic.link_flap"),
        ("kernel panic", "kernel.panic"),
        ("a fan stopped", "fan.failed"),
    ],
)
def test_an_operators_words_find_the_cause_that_they_mean(shipped, words, cause):
    found = [meaning.cause.id for meaning in shipped[0].meanings(words, 3)]
    assert cause in found, found


def test_words_that_the_catalogue_does_not_know_mean_nothing(shipped):
    assert shipped[0].meanings("qwertz asdf") == []
    assert shipped[0].meanings("") == []


def test_the_verdict_on_its_incident_explains_what_was_described(shipped):
    gpu = {"component_class": "gpu", "component": "0000:3b:00", "causes": ["gpu.fallen_off_bus"]}
    symptoms = [symptom(), symptom("xid-79", title="GPU fell off the bus", **gpu)]
    found = asked(shipped, incidents=[incident(symptoms=symptoms)], description="GPU fell off bus, required reboot")
    assert (found.causes[0].cause, found.causes[0].by) == ("psu.input_lost", "evidence")
    assert "It brings about what was described: gpu.fallen_off_bus." in found.verdict
    as_symptom = next(one for one in found.causes if one.cause == "gpu.fallen_off_bus")
    assert as_symptom.by == "evidence"
    assert "as a symptom of psu.input_lost" in as_symptom.why


def test_without_a_single_record_the_words_are_told_as_words(shipped):
    found = asked(shipped, description="GPU fell off bus, required reboot", absent=["the event log holds no record"])
    assert found.verdict.startswith("Not proven: nothing that was recorded of gpu-03 names a cause.")
    assert (found.causes[0].cause, found.causes[0].by) == ("gpu.fallen_off_bus", "description")
    assert found.causes[0].confidence < 0.5
    assert found.causes[0].steps
    behind = [one.cause for one in found.causes[1:]]
    assert any(cause.startswith(("psu.", "pdu.", "pcie.")) for cause in behind), "what can bring it about"
    assert found.target_time is None


def test_with_an_empty_event_log_the_last_start_dates_it(shipped):
    found = asked(shipped, description="it needed a reboot", boots=[minutes(-60), minutes(42)])
    assert (found.target_time, "last start" in found.target) == (minutes(42), True)
    assert "started anew" in found.verdict


def test_nothing_known_and_nothing_said_is_unknown(shipped):
    found = asked(shipped)
    assert (found.causes, found.verdict.startswith("Unknown")) == ([], True)


def test_the_line_that_fits_the_words_best_dates_it(shipped):
    events = [event(1, "kernel: usb 1-1: new device", 5), event(2, "NVRM: Xid 79, GPU has fallen off the bus.", 41)]
    found = asked(shipped, events=events, description="GPU fell off bus")
    assert found.target_time == minutes(41)


def test_a_fault_dates_it_rather_than_chatter_with_the_same_words(shipped):
    events = [event(1, "Fan FAN4 reads 7139 RPM", 5), event(2, "Fan FAN4 fell low", 41, Severity.WARNING)]
    assert asked(shipped, events=events, description="a fan stopped").target_time == minutes(41)
    assert asked(shipped, events=events[:1], description="a fan stopped").target_time == minutes(5)


def test_the_end_of_a_fault_is_told_as_one_and_is_no_fault():
    told = of_trigger(trigger(1, severity=Severity.CRITICAL, state=TriggerState.CLEARED))
    assert (told.severity, told.text) == (Severity.INFO, "over: Corrected memory error on P1-DIMMA1")


def test_what_was_found_and_described_alike_needs_no_words_beside_it(shipped):
    fan = Cause(id="fan.failed", component_class="fan", component="FAN4", confidence=0.9)
    found = asked(shipped, incidents=[incident(cause=fan)], description="a fan stopped")
    assert [(one.cause, one.by) for one in found.causes] == [("fan.failed", "evidence")]
    assert "described" not in found.verdict


def test_a_verdict_that_does_not_explain_what_was_described_says_so(shipped):
    disk = Cause(id="disk.failed", component_class="disk", component="sda", confidence=0.9)
    found = asked(shipped, incidents=[incident(cause=disk)], description="GPU fell off bus")
    assert "It does not explain what was described, which is most like gpu.fallen_off_bus." in found.verdict
    assert any(one.cause == "gpu.fallen_off_bus" and one.by == "description" for one in found.causes)


def test_a_verdict_from_hours_before_counts_less(shipped):
    near, far = asked(shipped, incidents=[incident()], at=T0), asked(shipped, incidents=[incident()], at=minutes(600))
    assert far.causes[0].confidence < near.causes[0].confidence == 0.9
    assert "h away from the time in question" in far.causes[0].why


def test_a_fault_of_the_feed_is_the_hosts_as_well_and_neighbours_tell_theirs(shipped):
    feed = incident(
        2, entity="pdu:pdu-a", hosts=["gpu-04"],
        cause=Cause(id="pdu.failed", component_class="pdu", component="pdu-a", confidence=0.8),
    )  # fmt: skip
    found = asked(shipped, incidents=[feed], at=minutes(3))
    assert found.causes[0].cause == "pdu.failed"
    related = {one.device: one for one in found.related}
    assert list(related) == ["gpu-04", "gpu-05", "gpu-06"], "those with incidents first"
    assert related["gpu-04"].shares == ["pdu pdu-a", "switch tor-7", "rack r7"]
    assert related["gpu-05"].shares == ["switch tor-7", "rack r7"]
    assert related["gpu-04"].text == "1 incident, pdu.failed 3 min before"
    assert related["gpu-06"].text == "no incident"


def test_a_timeline_keeps_what_is_near_and_telling_and_leaves_chatter_out(shipped):
    chatter = [event(n, f"systemd: started unit {chr(97 + n % 26)}{n}", 2 + n / 60) for n in range(200)]
    telling = [event(900 + n, f"fault {n}", n, Severity.CRITICAL) for n in range(20)]
    found = asked(shipped, events=[*chatter, *telling], at=T0)
    assert {one.id for one in telling} <= {one.id for one in found.timeline}
    assert len(found.timeline) <= 60
    assert found.timeline_left_out == 220 - len(found.timeline)
    assert found.timeline == sorted(found.timeline, key=lambda one: (one.time, one.id))


# --- anomalies -------------------------------------------------------------------------------------------------------


def series(values, name="temperature"):
    times = [T0 + timedelta(minutes=n - len(values) + 10) for n in range(len(values))]
    return Series(device="gpu-03", name=name, unit="celsius", times=times, values=values)


def test_a_value_far_from_its_usual_range_is_an_anomaly():
    [found] = anomalies([series([50, 51, 49, 50, 52, 50, 51, 49] * 5 + [50] * 15 + [91, 90])], T0)
    assert (found.usual, found.value) == (50, 91)
    assert found.text.startswith("temperature rose to 91 celsius")


@given(st.floats(-1e6, 1e6), st.integers(30, 80))
def test_a_series_that_never_moves_has_no_anomaly(value, length):
    assert anomalies([series([value] * length)], T0) == []


def test_too_few_values_before_say_nothing():
    assert anomalies([series([50] * 3 + [50] * 20 + [99])], T0 - timedelta(minutes=14)) == []


def test_a_stretch_without_samples_is_found_and_steady_ones_are_not():
    times = [minutes(n) for n in range(20)] + [minutes(n) for n in range(32, 50)]
    [quiet] = gaps(times)
    assert (quiet.start, quiet.end, quiet.minutes) == (minutes(19), minutes(32), 13)
    assert gaps([minutes(n) for n in range(30)]) == []
    assert gaps([minutes(0), minutes(500)]) == [], "two samples have no rhythm"


# --- events and context ----------------------------------------------------------------------------------------------


def test_the_first_of_each_kind_comes_before_repeats_and_the_graver_before_the_milder():
    some = [event(n, f"port 1 link down {n}", n, Severity.WARNING) for n in range(5)]
    some += [event(50, "GPU fell off", 9, Severity.CRITICAL), event(51, "fan 3 slow", 8, Severity.WARNING)]
    assert [one.text for one in by_importance(some)[:3]] == ["GPU fell off", "port 1 link down 0", "fan 3 slow"]
    assert [one.text for one in most_telling(some, 2)] == ["port 1 link down 0", "GPU fell off"]


texts = st.text(max_size=400)


@given(st.lists(st.builds(lambda n, text: event(n, text, n), st.integers(0, 10**6), texts), max_size=60), texts)
def test_the_context_is_always_below_its_bound_and_no_text_ends_its_fence(some, description):
    catalogue = Catalogue.of([CauseWords(id="a.b", component_class="a", title="A", explanation=description)])
    found = correlate_for_rca(
        Asked(device="gpu-03", since=SINCE, until=UNTIL, topology=Topology(INVENTORY), events=some,
              description=description), catalogue,
    )  # fmt: skip
    rows = background("default", INVENTORY, select([], INVENTORY, []))
    context = build_context(rows, facts_of_root_cause(found, description), some, upper_bound)
    assert context.tokens < MAX_CONTEXT_TOKENS
    assert upper_bound(context.text) == context.tokens
    rows_alone = context.text.removeprefix(INTRODUCTION)
    assert rows_alone.count("<data>") == rows_alone.count("</data>")
    assert len(context.evidence_ids) <= 20


# --- selection -------------------------------------------------------------------------------------------------------


def test_devices_are_chosen_by_name_or_by_what_they_hang_on():
    for devices, hosts in (
        ([], ["gpu-03", "gpu-04", "gpu-05", "gpu-06", "stray"]),
        (["gpu-04"], ["gpu-04"]),
        (["host:gpu-0[34]"], ["gpu-03", "gpu-04"]),
        (["pdu:pdu-b"], ["gpu-05", "gpu-06"]),
        (["bmc:gpu-03-bmc", "stray"], ["gpu-03", "stray"]),
        (["role:train*"], ["gpu-03", "gpu-04", "gpu-05", "gpu-06"]),
    ):
        assert list(select(devices, INVENTORY, ["stray"]).hosts) == hosts


def test_a_chosen_host_brings_its_bmc_and_a_chosen_feed_is_chosen_itself():
    one = select(["gpu-03"], INVENTORY, [])
    assert one.covers("bmc:gpu-03-bmc")
    assert not one.covers("host:gpu-04")
    assert not one.covers("pdu:pdu-a")
    assert select(["pdu:pdu-a"], INVENTORY, []).covers("pdu:pdu-a")


def test_what_names_nothing_is_refused_with_what_was_expected():
    with pytest.raises(UnknownDevice, match="'rack:r99' names nothing that is known: expected a host's name"):
        select(["gpu-03", "rack:r99"], INVENTORY, [])
