"""The shipped rules against recorded lines. What is wrong is printed with the failure."""

import pytest
from tests.bench import accuracy
from tests.bench.accuracy import DATA, Judge, Score


@pytest.fixture(scope="module")
def judge() -> Judge:
    if not (DATA / "logs").is_dir():
        pytest.skip(f"recorded lines are not there: {DATA} (GROUNDCREW_DATA)")
    return Judge()


@pytest.fixture(scope="module")
def labelled(judge: Judge) -> dict[str, Score]:
    return accuracy.lines(judge)


@pytest.mark.parametrize(
    ("figure", "bar"),
    [("failures found", 0.99), ("harmless lines alarmed not", 0.99), ("kind right", 0.95), ("locator right", 0.95)],
)
def test_labelled_lines_are_judged_rightly(labelled: dict[str, Score], figure: str, bar: float) -> None:
    assert labelled[figure].share >= bar, labelled[figure].wrong


def test_the_key_line_of_a_failure_is_found(judge: Judge) -> None:
    score = accuracy.excerpts(judge)
    assert score.share >= 0.99, score.wrong


def test_kernel_consoles_alarm_where_they_must_and_only_there(judge: Judge) -> None:
    must, must_not = accuracy.reports(judge)
    assert must.share >= 0.97, must.wrong
    assert must_not.wrong == []


def test_every_xid_of_the_catalogue_says_the_catalogues_action(judge: Judge) -> None:
    score = accuracy.xids(judge)
    assert score.all == 172
    assert score.wrong == []
