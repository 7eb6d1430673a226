"""What is told without labels: errors never seen before, bursts and shares of errors, and what is kept quiet."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundcrew.contracts.incidents import Severity, TriggerState
from groundcrew.diagnosis.attention import MAX_NEW_AN_HOUR
from groundcrew.diagnosis.masking import Masker
from groundcrew.diagnosis.novelty import BURST, NEW, SHARE, Patience, Watch
from groundcrew.diagnosis.usual import INTERVAL_US

from .lines import HOUR_US, START_US, after, batch, learnt, quiet_days, see, unruled

NEVER = "frobnicator lane 3 lost its calibration"


def error(when, message=NEVER, program="frobd"):
    return when, 3, program, message


def rules(drafts):
    return [draft.data.rule_id for draft in drafts]


def test_an_error_never_seen_before_is_an_info_trigger_that_speaks_for_no_cause():
    [draft] = see(learnt(), [error(after(2))])
    data = draft.data
    assert (data.rule_id, data.severity, data.state, data.causes) == (NEW, Severity.INFO, TriggerState.RAISED, [])
    assert data.title == (
        "New error of frobd: never seen in 2 days over 577 lines on 1 host: frobnicator lane <*> lost its calibration"
    )
    assert [evidence.text for evidence in data.evidence] == [NEVER]


def test_its_template_is_told_once_whatever_its_numbers_and_hosts():
    watch = learnt(entities=["host:node-1", "host:node-2"])
    assert rules(see(watch, [error(after(2)), error(after(2, 5), NEVER.replace("3", "7"))])) == [NEW]
    assert see(watch, [error(after(2, 60))], "host:node-2") == []


def test_while_it_learns_nothing_is_new():
    watch = learnt(0.9)
    assert see(watch, [error(after(0.9))]) == []
    assert not watch.learnt
    assert see(learnt(2, lines=1_000_000), [error(after(2))]) == []


def test_what_was_seen_while_learning_is_known():
    watch = learnt(0.5)
    see(watch, [error(after(0.5))])
    see(watch, quiet_days(2, start_us=after(0.6)))
    assert see(watch, [error(after(2.7))]) == []


def test_a_host_that_is_new_itself_is_learnt_first():
    watch = learnt()
    assert see(watch, [error(after(2))], "host:fresh") == []


def test_a_clock_that_jumps_ahead_teaches_nothing():
    watch = learnt(0.5)
    see(watch, [(after(400), 6, "cron", "in the far future")])
    assert see(watch, [error(after(400, 60))]) == []


def test_warnings_are_mined_and_not_told_as_new():
    watch = learnt()
    assert see(watch, [(after(2), 4, "frobd", NEVER)]) == []
    [template] = watch.miner.templates.values()
    assert (template.count, template.worst, template.novel) == (1, 4, False)


def test_what_a_rule_knows_is_neither_mined_nor_new():
    watch = learnt()
    envelope = batch([error(after(2))])
    assert watch.observe(envelope, []).drafts == []
    assert not watch.miner.templates


def test_what_other_partitions_know_is_not_new():
    watch = Watch(
        Patience(hours=24, lines=100), masker=Masker(), elsewhere=lambda program, _message: program == "frobd"
    )
    see(watch, quiet_days(2))
    assert see(watch, [error(after(2))]) == []
    assert rules(see(watch, [error(after(2), program="otherd")])) == [NEW]


def test_an_upgrade_that_brings_many_new_errors_is_told_in_part():
    watch = learnt()
    words = [f"{a}{b}" for a in "abcdefg" for b in "hijklmn"]
    drafts = see(watch, [error(after(2, number), f"module {word} broke") for number, word in enumerate(words)])
    assert rules(drafts) == [NEW] * MAX_NEW_AN_HOUR
    assert "more new ones of this hour are counted" in drafts[-1].data.title
    assert watch.counts.untold == len(words) - MAX_NEW_AN_HOUR
    assert rules(see(watch, [error(after(2, 3_700), "quite another thing broke down")])) == [NEW]


def with_warnings(days, per_interval):
    """A watch that knows a warning which comes so often in each interval of five minutes."""
    watch = learnt()
    for interval in range(days * 288):
        when = after(2) + interval * INTERVAL_US
        assert see(watch, [(when + n, 4, "netd", f"dropped {n} frames of a peer") for n in range(per_interval)]) == []
    return watch, 2 + days


def test_a_burst_says_the_usual_and_the_present_rate_and_when_it_is_over():
    watch, days = with_warnings(3, 2)
    [burst] = see(watch, [(after(days, n / 10), 4, "netd", f"dropped {n} frames of a peer") for n in range(240)])
    assert (burst.data.rule_id, burst.data.severity, burst.data.component) == (BURST, Severity.INFO, "netd")
    assert burst.data.title == (
        "Burst of netd: usually fewer than 10 in 5 min at this time of day, now 50 in 5 min: "
        "dropped <*> frames of a peer"
    )
    told = []
    for interval in range(1, 9):
        told += see(watch, [(after(days, 300 * interval), 4, "netd", "dropped 1 frames of a peer")])
    assert [(draft.data.rule_id, draft.data.state) for draft in told] == [(BURST, TriggerState.CLEARED)]


def test_a_daily_job_that_always_bursts_at_its_time_is_usual_after_some_days():
    watch = learnt()
    told = []
    for day in range(2, 9):
        for minute in (0, 5):
            when = after(day, 60 * minute)
            told.append((day, rules(see(watch, [(when + n, 4, "backupd", f"skipped {n} files") for n in range(300)]))))
        see(watch, quiet_days(0.9, start_us=after(day, 900)))
    late = [found for day, found in told if day >= 5]
    assert late
    assert not any(late)


def test_a_share_of_errors_far_outside_is_told_for_the_host_and_the_program():
    watch = learnt()
    for interval in range(2 * 288):
        when = after(2) + interval * INTERVAL_US
        lines = [(when + n, 6, "appd", "served a page") for n in range(60)]
        assert see(watch, lines) == []
    now = after(4)
    bad = [(now + n, 3 if n % 2 else 6, "appd", "served a page") for n in range(200)]
    watch.observe(batch(bad), [])
    drafts = see(watch, [(now + INTERVAL_US, 6, "appd", "served a page")])
    assert [(draft.data.rule_id, draft.data.component) for draft in drafts] == [(SHARE, ""), (SHARE, "appd")]
    assert drafts[1].data.title == ("50 % of the lines of appd are errors (100 of 200 in 5 min; usually 0.0 %)")


def test_everything_is_info():
    watch, days = with_warnings(1, 2)
    drafts = see(
        watch,
        [error(after(days)), *((after(days, n / 10), 4, "netd", "dropped 1 frames of a peer") for n in range(90))],
    )
    assert {draft.data.severity for draft in drafts} == {Severity.INFO}
    assert Counter(rules(drafts)) == {NEW: 1, BURST: 1}


@st.composite
def streams(draw):
    """Lines of a host over some days, mostly in order, with late ones, floods and a clock that jumps."""
    lines, when = [], START_US
    for _ in range(draw(st.integers(0, 25))):
        when += draw(
            st.sampled_from([0, 1_000, INTERVAL_US, INTERVAL_US, HOUR_US, 25 * HOUR_US, -INTERVAL_US, -3 * HOUR_US])
        )
        priority = draw(st.sampled_from([2, 3, 4, 6]))
        message = draw(st.sampled_from(["disk 1 failed", "disk 7 failed", "the fan of bay 3 is slow", "well", ""]))
        lines += [(when, priority, draw(st.sampled_from(["a", "b", ""])), message)] * draw(st.sampled_from([1, 2, 60]))
    return lines


def told(watch, parts):
    return [(d.id, d.time_us, d.data.title) for part in parts for d in see(watch, part)]


@settings(max_examples=40)
@given(streams(), st.lists(st.integers(0, 400), max_size=6))
def test_the_same_comes_out_however_the_stream_is_cut_and_wherever_it_restarts(lines, cuts):
    patience = Patience(hours=2, lines=10)
    whole = Watch(patience, masker=Masker())
    expected = told(whole, [lines])
    bounds = [0, *sorted(min(cut, len(lines)) for cut in cuts), len(lines)]
    parts = [lines[a:b] for a, b in pairwise(bounds)]
    cut = Watch(patience, masker=Masker())
    assert told(cut, parts) == expected
    assert cut.state() == whole.state()
    found, restarted = [], Watch(patience, masker=Masker())
    for part in parts:
        found += told(restarted, [part])
        state = restarted.state()
        restarted = Watch(patience, masker=Masker())
        restarted.restore(state)
    assert found == expected


@pytest.mark.parametrize("data", [b"", b"{}", b'{"v": 99}', b"[1]", b'{"v": 1, "site": 3, "hosts": [], "miner": [0]}'])
def test_a_state_that_is_none_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        Watch(Patience(), masker=Masker()).restore(data)


def test_what_another_process_knows_is_absorbed():
    ours, theirs = learnt(), learnt()
    see(theirs, [error(after(2))])
    assert ours.absorb(theirs.state()) == 1
    assert see(ours, [error(after(2, 5), NEVER.replace("3", "8"))]) == []


def test_many_hosts_and_programs_stay_bounded():
    watch = learnt()
    for start in range(0, 20_000, 2_000):
        lines = [(after(2, n / 1_000), 3, f"p{n // 10}", "x") for n in range(start, start + 2_000)]
        envelope = batch(lines)
        watch.observe(envelope, unruled(envelope))
    host = watch._hosts["host:node-1"]
    assert (len(host.lines), len(host.counts), len(host.rates), len(host.shares)) == (257, 1_000, 300, 0)
    assert sum(host.lines.values()) == 20_000
