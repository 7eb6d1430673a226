"""Triggers in a silence of the operator: marked, and raised when it is over where they are still so."""

from collections.abc import Sequence
from typing import Any

import pytest

from groundcrew.contracts.envelope import Envelope
from groundcrew.diagnosis.detector import Detector, Knowledge
from groundcrew.diagnosis.silencing import Silenced

from .seen import drafts, logs, samples, units, us

UNIT = "nginx.service"
OOM = "Out of memory: Killed process 3656 (ingestd) total-vm:1kB"
HOST = "host:edge-03"
QUIET = ("x", "nothing of note")


class Site:
    """A silence over the whole of a host, in seconds; it may be changed."""

    def __init__(self, since: float, until: float) -> None:
        self.since, self.until = us(since), us(until)

    def __call__(self, entity: str, rule: str, causes: Sequence[str], when: int) -> Silenced | None:
        inside = self.since <= when < self.until
        return Silenced("maintenance abc: new firmware", self.until) if inside else None


@pytest.fixture
def site() -> Site:
    return Site(100, 1_000)


@pytest.fixture
def detector(knowledge: Knowledge, site: Site) -> Detector:
    return Detector(knowledge, silenced=site)


def quiet(seconds: float) -> Envelope[Any]:
    return logs((seconds, *QUIET), entity=HOST, first=int(seconds))


def told(detector: Detector, *envelopes: Envelope[Any]) -> list[tuple[str, str, bool]]:
    found = drafts(detector, *envelopes)
    return [(draft.data.rule_id, draft.data.state.value, bool(draft.data.silenced_by)) for draft in found]


def test_what_fails_and_recovers_in_silence_is_only_marked(detector: Detector) -> None:
    rows = [(200, UNIT, "failed", "failed"), (300, UNIT, "active", "running")]
    assert told(detector, units((0, UNIT, "active", "running"), *rows)) == [
        ("service.down", "raised", True),
        ("service.down", "cleared", False),
    ]
    assert told(detector, quiet(2_000)) == []
    assert detector.take_counts().told["silenced"] == 1


def test_what_is_still_so_when_it_ends_is_raised_then(detector: Detector) -> None:
    told(detector, units((0, UNIT, "active", "running"), (200, UNIT, "failed", "failed")))
    assert told(detector, quiet(999)) == []
    [late] = drafts(detector, quiet(1_001))
    assert (late.data.silenced_by, late.time_us, late.data.component) == ("", us(1_000), UNIT)
    assert late.data.title == "nginx.service is down (still so after a silence)"
    assert told(detector, quiet(3_000)) == []


def test_it_survives_a_restart(detector: Detector, knowledge: Knowledge, site: Site) -> None:
    told(detector, units((0, UNIT, "active", "running"), (200, UNIT, "failed", "failed")))
    other = Detector(knowledge, silenced=site)
    other.restore(HOST, detector.state(HOST))
    assert told(other, quiet(1_001)) == [("service.down", "raised", False)]


def test_silence_that_is_longer_than_it_was_is_kept(detector: Detector, site: Site) -> None:
    told(detector, units((0, UNIT, "active", "running"), (200, UNIT, "failed", "failed")))
    site.until = us(5_000)
    assert detector.reconsider(us(300)) == []
    assert told(detector, quiet(4_999)) == []
    assert told(detector, quiet(5_000)) == [("service.down", "raised", False)]


def test_silence_that_is_ended_early_is_over_at_once(detector: Detector, site: Site) -> None:
    told(detector, units((0, UNIT, "active", "running"), (200, UNIT, "failed", "failed")))
    site.until = us(400)
    assert detector.reconsider(us(450)) == [HOST]
    last = quiet(451)
    found = detector.elapse(last, us(451))
    assert [(draft.data.rule_id, draft.data.silenced_by) for draft in found] == [("service.down", "")]


def test_an_event_without_an_end_is_told_again_when_it_happens_again(detector: Detector) -> None:
    assert told(detector, logs((950, "kernel", OOM), entity=HOST)) == [("kernel.oom-kill", "raised", True)]
    assert told(detector, quiet(1_001)) == [], "nobody can say that it is still so"
    assert told(detector, logs((1_010, "kernel", OOM), entity=HOST, first=9)) == [("kernel.oom-kill", "raised", False)]


def test_a_threshold_that_is_crossed_in_silence_is_raised_when_it_ends(detector: Detector) -> None:
    crossed = samples("gpu_temperature_celsius", *[(200 + 30 * n, 95) for n in range(20)], entity=HOST, gpu="0")
    assert told(detector, crossed) == [("gpu.hot", "raised", True)]
    assert told(detector, quiet(1_001)) == [("gpu.hot", "raised", False)]


def test_what_flaps_in_silence_and_is_bad_at_its_end_is_raised(detector: Detector) -> None:
    states = [("failed", "failed"), ("active", "running")]
    rows = [(120 + 40 * number, UNIT, *states[number % 2]) for number in range(21)]
    found = told(detector, units((0, UNIT, "active", "running"), *rows))
    assert {silenced for _, state, silenced in found if state == "raised"} == {True}
    assert told(detector, quiet(1_001)) == [("service.down", "raised", False)]
