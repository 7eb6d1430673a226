"""The last guard before an argument vector, for a template whose own patterns let too much through."""

import pytest

from groundcrew.policy.rendering import ActionRefused, Slot, rendered

BARE = ("tool", Slot(parameter="name"))
PREFIXED = ("tool", Slot(parameter="name", prefix="--name="))


@pytest.mark.parametrize("value", ["-f", "--all", "", "a\0b"])
def test_a_value_that_would_read_as_an_option_or_end_early_is_refused(value: str) -> None:
    with pytest.raises(ActionRefused, match="'name'"):
        rendered(BARE, {"name": value})


def test_a_value_behind_its_prefix_is_one_element_whatever_it_begins_with() -> None:
    assert rendered(PREFIXED, {"name": "-1 h; reboot"}) == ["tool", "--name=-1 h; reboot"]


def test_an_absent_value_leaves_no_element() -> None:
    assert rendered(PREFIXED, {}) == ["tool"]
