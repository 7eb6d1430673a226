"""Counts by severity, type and device, and what keeps coming back."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.incidents import Severity, TriggerState
from groundcrew.contracts.queries import SensorReading
from groundcrew.diagnosis.summaries import summarize_events, summarize_sensors

from .conftest import T0, incident, minutes, trigger

DAY = {"since": T0 - timedelta(hours=1), "until": T0 + timedelta(hours=23)}
DEVICES = {"host:gpu-03": "gpu-03", "bmc:gpu-03-bmc": "gpu-03", "host:gpu-04": "gpu-04"}


def test_events_of_a_bmc_are_those_of_the_host_that_it_sits_in():
    some = [trigger(1), trigger(2, entity="bmc:gpu-03-bmc", component_class="psu", severity=Severity.CRITICAL)]
    found = summarize_events(some, [], [], devices=DEVICES, **DAY)
    assert [(one.name, one.count) for one in found.by_device] == [("gpu-03", 2)]
    assert found.by_severity == {"critical": 1, "info": 1}
    assert found.by_type == {"dimm": 1, "psu": 1}
    assert found.devices == 2


def test_what_recurs_on_one_part_is_told_as_one_pattern_with_how_often():
    some = [trigger(n) for n in range(4)] + [trigger(9, entity="host:gpu-04", count=2)]
    found = summarize_events(some, [], [], devices=DEVICES, **DAY)
    assert [one.text for one in found.patterns] == ["ECC errors of P1-DIMMA1 recurring on gpu-03 (4 in 24 h)"]
    [pattern] = found.patterns
    assert (pattern.count, pattern.first_seen, pattern.last_seen) == (4, minutes(0), minutes(3))


def test_folded_observations_count_as_often_as_they_were_seen():
    found = summarize_events([trigger(1, count=500)], [], [], devices=DEVICES, **DAY)
    assert (found.events, found.observations, found.patterns[0].count) == (1, 500, 500)


def test_ends_are_no_events_and_what_is_silenced_is_counted_apart():
    some = [trigger(1), trigger(2, state=TriggerState.CLEARED), trigger(3, silenced_by="maintenance 1: firmware")]
    found = summarize_events(some, [], [], devices=DEVICES, **DAY)
    assert (found.events, found.silenced) == (1, 1)


def test_a_filter_narrows_the_events_and_not_the_scores():
    some = [trigger(1), trigger(2, severity=Severity.CRITICAL)]
    found = summarize_events(some, [incident()], [], devices=DEVICES, severities=["critical"], **DAY)
    assert (found.events, found.by_severity) == (1, {"critical": 1})
    assert found.health[0].device == "gpu-03"
    assert found.health[0].score < 100


@given(
    st.lists(
        st.builds(
            lambda number, severity, component, count: trigger(
                number, severity=severity, component=component, count=count
            ),
            st.integers(0, 2_000),
            st.sampled_from(list(Severity)),
            st.sampled_from(["A", "B", ""]),
            st.integers(1, 50),
        ),
        max_size=60,
        unique_by=lambda one: one.id,
    )
)
def test_every_event_of_the_time_is_counted_once_in_each_count_whatever_the_order(some):
    found = summarize_events(some, [], [], devices=DEVICES, **DAY)
    inside = [one for one in some if DAY["since"] <= one.time <= DAY["until"]]
    assert found.events == len(inside) == sum(found.by_severity.values()) == sum(found.by_type.values())
    assert found.events == sum(one.count for one in found.by_device)
    assert found.observations == sum(one.count for one in inside)
    assert sum(one.count for one in found.patterns) <= found.observations
    assert found == summarize_events(reversed(some), [], [], devices=DEVICES, **DAY)


def test_sensors_outside_their_limits_come_gravest_first_and_unread_ones_are_not_ill():
    def reading(sensor, status):
        return SensorReading(time=T0, bmc="b", sensor=sensor, value=1.0, text="1", unit="", status=status)

    some = {"gpu-03": [reading("FAN1", "nc"), reading("FAN2", "nr"), reading("T", "ns"), reading("V", "ok")], "x": []}
    found = summarize_sensors(some)
    assert [(one.sensor, one.status) for one in found.unwell] == [("FAN2", "nr"), ("FAN1", "nc")]
    assert found.by_status == {"nc": 1, "nr": 1, "ns": 1, "ok": 1}
    assert found.unread == ["x"]
