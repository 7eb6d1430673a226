"""Which engine the trigger service takes, and what it says of it."""

import sys
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from groundcrew.diagnosis.detector import Detector, Knowledge
from groundcrew.diagnosis.rules import Example, Rule
from groundcrew.diagnosis.silencing import never
from groundcrew.diagnosis.threshold_checks import no_role
from groundcrew.diagnosis.trend_rules import no_model
from groundcrew.runtime.compiled_patterns import CompiledFolder, CompiledOnce
from groundcrew.runtime.packs import Packs
from groundcrew.runtime.resources import CannotStart
from groundcrew_trigger.service import _detector
from groundcrew_trigger.settings import TriggerSection


def made(section: TriggerSection, *, compiles: bool = True) -> Detector:
    packs = Packs(Knowledge(rules=RULES), (), "digest")
    log = structlog.get_logger()
    folder = CompiledFolder(section.state_dir, log) if section.state_dir else None
    return _detector(
        packs, section, CompiledOnce(folder), compiles=compiles, role_of=no_role, model_of=no_model, silenced=never,
        log=log,
    )  # fmt: skip


RULES = tuple(
    Rule(
        id=f"site.n{number}",
        title="x",
        severity="info",
        component_class="software",
        patterns=[pattern],
        examples=[Example(text="x")],
        meaning="x",
        steps=["x"],
    )
    for number, pattern in enumerate((r"ab+", r"\pL"))
)


@pytest.fixture
def no_hyperscan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hyperscan", None)


@pytest.mark.usefixtures("no_hyperscan")
def test_without_hyperscan_auto_is_re2_and_says_so() -> None:
    with capture_logs() as said:
        detector = made(TriggerSection(engine="auto"))
    assert detector.log_matcher.engine == "re2"
    assert "hyperscan" in said[0]["reason"]


@pytest.mark.usefixtures("no_hyperscan")
def test_hyperscan_that_was_asked_for_and_is_not_there_is_no_start() -> None:
    with pytest.raises(CannotStart, match=r"trigger\.engine: hyperscan: .*cannot be loaded"):
        made(TriggerSection(engine="hyperscan"))


def test_patterns_that_the_engine_does_not_take_are_named() -> None:
    with capture_logs() as said:
        made(TriggerSection(engine="auto"))
    beside = [entry for entry in said if entry["log_level"] == "warning"]
    assert [(entry["rule"], entry["pattern"]) for entry in beside] == [("site.n1", r"\pL")]


def test_compiled_patterns_are_kept_in_the_state_folder(tmp_path: Path) -> None:
    pytest.importorskip("hyperscan")
    for _ in range(2):
        made(TriggerSection(state_dir=tmp_path))
    assert len(list(tmp_path.iterdir())) == 1


def test_until_hyperscan_has_compiled_re2_looks_and_what_it_compiled_once_is_taken_at_once(tmp_path: Path) -> None:
    pytest.importorskip("hyperscan")
    section = TriggerSection(state_dir=tmp_path)
    assert made(section, compiles=False).log_matcher.engine == "re2"
    assert made(section, compiles=True).log_matcher.engine == "hyperscan"
    assert made(section, compiles=False).log_matcher.engine == "hyperscan"
