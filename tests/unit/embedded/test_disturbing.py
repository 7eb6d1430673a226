"""Scenarios disturbed on their way: later, in another order, by BMCs whose clocks are wrong; nothing else changes."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.clock import to_us
from groundcrew_embedded.disturbing import LATENESS_S, SEL_LOOKS_S, clocks_off, shuffled
from groundcrew_embedded.scenario import Scenario, read

ENTRY = (
    '{{"__CURSOR":"s={n}","__REALTIME_TIMESTAMP":"{us}","_HOSTNAME":"db-01","SYSLOG_IDENTIFIER":"cron",'
    '"MESSAGE":"{n}"}}\n'
)
START = datetime(2026, 9, 14, 6, tzinfo=UTC)
RECORDS = """ 1 | 09/14/2026 | 06:10:00 | Fan FAN1 | Lower Critical going low | Asserted
 2 |  Pre-Init  |0000000022| Power Supply PSU 1 | Presence detected | Asserted
 3 | 09/14/2026 | 06:20:00 | Fan FAN1 | Lower Critical going low | Deasserted
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    hosts = "".join(f'[[host]]\nname = "{name}"\nbmc = "{name}-bmc"\n' for name in ("db-01", "db-02"))
    (tmp_path / "scenario.toml").write_text(
        f'title = "t"\nstart = "2026-09-14T06:00:00Z"\nend = "2026-09-14T07:00:00Z"\n{hosts}'
    )
    (tmp_path / "journal.jsonl").write_text(
        "".join(ENTRY.format(n=n, us=to_us(START + timedelta(seconds=n))) for n in range(200))
    )
    (tmp_path / "sel").mkdir()
    for name in ("db-01", "db-02"):
        (tmp_path / "sel" / f"{name}-bmc.txt").write_text(RECORDS)
    return read(tmp_path)


def test_shuffled_arrivals_are_the_same_ones_late_within_their_kinds_bound(scenario: Scenario) -> None:
    disturbed = shuffled(1)(scenario)
    assert Counter(one.order for one in disturbed.arrivals) == Counter(one.order for one in scenario.arrivals)
    assert [one.order for one in disturbed.arrivals] != [one.order for one in scenario.arrivals]
    before = {one.order: one for one in scenario.arrivals}
    for one in disturbed.arrivals:
        lateness = LATENESS_S.get(one.order[0], SEL_LOOKS_S)
        assert 0 <= one.at - before[one.order].at < lateness * 1_000_000
        assert one.row == before[one.order].row
    assert [one.at for one in disturbed.arrivals] == sorted(one.at for one in disturbed.arrivals)


def test_an_event_log_keeps_its_order_however_it_is_shuffled(scenario: Scenario) -> None:
    for seed in range(20):
        arrivals = [one for one in shuffled(seed)(scenario).arrivals if one.order[:2] == ("sel", "db-01-bmc")]
        assert [one.order[2] for one in arrivals] == [1, 2, 3]


def test_the_same_seed_shuffles_alike_and_another_differently(scenario: Scenario) -> None:
    orders = [[one.order for one in shuffled(seed)(scenario).arrivals] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


def test_clocks_of_bmcs_move_each_as_a_whole_and_nothing_arrives_at_another_time(scenario: Scenario) -> None:
    disturbed = clocks_off(30)(scenario)
    assert [one.at for one in disturbed.arrivals] == [one.at for one in scenario.arrivals]
    moved: dict[str, set[float]] = {}
    for before, after in zip(scenario.arrivals, disturbed.arrivals, strict=True):
        if before.order[0] == "sel":
            moved.setdefault(before.order[1], set()).add((after.row.time - before.row.time).total_seconds())
        else:
            assert after == before
            assert after.row == before.row
    assert {abs(seconds) for each in moved.values() for seconds in each} == {1_800.0}
    assert all(len(each) == 1 for each in moved.values())


@given(st.integers(), st.floats(-600, 600))
def test_a_scenario_without_observations_stays_as_it_is(seed: int, minutes: float) -> None:
    bare = Scenario(
        name="x", title="x", start=START, end=START, inventory=None, arrivals=[], kinds={}  # type: ignore[arg-type]
    )  # fmt: skip
    assert shuffled(seed)(clocks_off(minutes)(bare)) == bare


def test_an_undated_record_between_records_of_long_ago_is_as_old_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text(
        'title = "t"\nstart = "2026-09-14T06:00:00Z"\nend = "2026-09-14T07:00:00Z"\n[[host]]\nname = "a"\nbmc = "b"\n'
    )
    (tmp_path / "sel").mkdir()
    (tmp_path / "sel" / "b.txt").write_text(
        RECORDS.replace("2026", "2025") + " 4 | Pre-Init |0000000003| Fan FAN1 | OK\n"
    )
    times = [one.row.time for one in read(tmp_path).arrivals]
    assert times[1] == times[2] == datetime(2025, 9, 14, 6, 20, tzinfo=UTC)
    assert times[3] is None, "what comes after the last dated one may be of now"
