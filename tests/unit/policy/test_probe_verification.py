"""What a probe proves about a restart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.policy.verification import (
    UNIT_PROPERTIES,
    parse_properties,
    tool_succeeded,
    unit_refusal,
    unit_restarted,
    what_probe_proves,
)

BEFORE = {"Id": "t.service", "LoadState": "loaded", "ActiveState": "failed", "InvocationID": "aa"}
AFTER = {**BEFORE, "ActiveState": "active", "SubState": "running", "Result": "success", "InvocationID": "bb"}


def test_active_in_a_new_invocation_is_a_success() -> None:
    verified = unit_restarted(BEFORE, AFTER, 0)
    assert verified.ok
    assert verified.detail == "the unit is active (running), result success in a new invocation"


@pytest.mark.parametrize(
    ("after", "code", "says"),
    [
        ({**AFTER, "InvocationID": "aa"}, 0, "not restarted"),
        ({**AFTER, "ActiveState": "failed", "SubState": "failed", "Result": "exit-code"}, 0, "failed (failed)"),
        ({**AFTER, "ActiveState": "activating", "SubState": "auto-restart"}, 0, "activating (auto-restart)"),
        (AFTER, 1, "ended with code 1"),
        (AFTER, None, "did not end in time"),
        ({}, 0, "did not say"),
    ],
)
def test_everything_else_is_a_failure_that_says_why(after: dict[str, str], code: int | None, says: str) -> None:
    verified = unit_restarted(BEFORE, after, code)
    assert not verified.ok
    assert says in verified.detail


def test_a_oneshot_that_ran_to_its_end_is_a_success() -> None:
    assert unit_restarted(BEFORE, {**AFTER, "ActiveState": "inactive", "SubState": "dead"}, 0).ok


@pytest.mark.parametrize(
    ("probe", "says"),
    [
        ({}, "did not say"),
        ({**BEFORE, "LoadState": "not-found"}, "'not-found'"),
        ({**BEFORE, "Id": "systemd-logind.service"}, "protected"),
    ],
)
def test_an_alias_of_a_protected_unit_and_a_unit_that_is_not_there_are_refused(
    probe: dict[str, str], says: str
) -> None:
    assert says in (unit_refusal(probe) or "")


def test_a_failed_unit_that_is_loaded_may_be_restarted() -> None:
    assert unit_refusal(BEFORE) is None


def test_what_nobody_saw_the_end_of_is_told_by_the_invocation() -> None:
    assert "has been restarted since" in what_probe_proves(BEFORE, AFTER)
    assert "no restart has happened" in what_probe_proves(BEFORE, {**AFTER, "InvocationID": "aa"})
    assert what_probe_proves(BEFORE, {}) == "it may have run; there is nothing to probe"


def test_a_query_succeeds_by_its_exit_code() -> None:
    assert tool_succeeded({}, {}, 0).ok
    assert not tool_succeeded({}, {}, 1).ok
    assert not tool_succeeded({}, {}, None).ok


@given(st.text(max_size=400))
def test_whatever_the_tool_prints_only_known_properties_of_bounded_size_come_out(text: str) -> None:
    for key, value in parse_properties(text).items():
        assert key in UNIT_PROPERTIES
        assert len(value) <= 200


def test_properties_are_read_whatever_their_order() -> None:
    assert parse_properties("NRestarts=2\nActiveState=active\nFoo=1\n") == {"NRestarts": "2", "ActiveState": "active"}
