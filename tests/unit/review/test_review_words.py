"""A model's words on an incident: asked for beside the rules, checked, and never in their way."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.completions import Completion, CompletionOutcome
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Cause, IncidentOpened, Severity
from groundcrew.contracts.queries import ContextWindow, Endpoints, Failure
from groundcrew.diagnosis.claims import Strike
from groundcrew_review.metrics import ReviewMetrics
from groundcrew_review.settings import ReviewSection
from groundcrew_review.words import MAX_WAITING, Words, check

from .conftest import SITE, START, incident, silent

FIRST, SECOND = stable_id("evidence", 1), stable_id("evidence", 2)
WINDOW = ContextWindow(
    text="- [E1] <data>host:n1 PSU2 lost its input</data>\n- [E2] <data>host:n1 12V low</data>\n",
    tokens=30, evidence_ids=[FIRST, SECOND], left_out={}, incidents=[], open_services=[],
)  # fmt: skip
FAULT = incident("n1", "psu.input_lost", "PSU2")


def said(*sentences):
    return {"sentences": [{"text": text, "evidence": list(evidence)} for text, evidence in sentences]}


class Desk:
    """Words beside a coordinator that says what a test wrote down."""

    def __init__(self):
        self.clock = VirtualClock(START)
        self.broker = MemoryBroker(self.clock)
        self.outside = MemoryBus(SITE, self.clock, broker=self.broker)
        self.registry = CollectorRegistry()
        self.reply = Completion(outcome=CompletionOutcome.NOT_CONFIGURED)
        self.asked, self.told = [], []
        self.words = Words(
            bus=MemoryBus(SITE, self.clock, service="review", broker=self.broker), clock=self.clock,
            section=ReviewSection(words=True), produced_by=ProducedBy(service="review", version="0"),
            metrics=ReviewMetrics(self.registry), log=silent(),
        )  # fmt: skip

    async def complete(self, request):
        self.asked.append(request)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply

    async def note(self, envelope):
        self.told.append(envelope.data)

    async def ask(self, one=FAULT):
        message = seal(
            IncidentOpened(incident=one, evidence=[]), id=stable_id("message", one.id), site=SITE, entity=one.entity,
            time=START, received_at=START, source="fusion", position="1",
            produced_by=ProducedBy(service="context", version="0"),
        )  # fmt: skip
        self.words.want(one, WINDOW, message)
        for _ in range(50):  # turns of the loop, not time: nothing here waits for anything outside
            await asyncio.sleep(0)
        await self.broker.settle()

    def count(self, outcome):
        return self.registry.get_sample_value("groundcrew_review_words_total", {"outcome": outcome}) or 0


@pytest.fixture
async def desk():
    desk = Desk()
    await desk.outside.serve(Endpoints.COMPLETE, desk.complete)
    await desk.outside.tap("gc.*.review.*", desk.note)
    task = asyncio.create_task(desk.words.keep_asking())
    yield desk
    task.cancel()


async def test_words_that_stand_the_check_become_an_info_finding_with_their_evidence(desk):
    answer = said(("PSU2 lost its input before the 12V rail sank [E2].", ["E1", "E2"]), ("PSU7 failed.", ["E1"]))
    desk.reply = Completion(outcome=CompletionOutcome.ANSWERED, answer=answer, model="small-one")
    await desk.ask()
    (finding,) = desk.told[0].findings
    assert (finding.kind, finding.severity, finding.incident_id) == ("words", Severity.INFO, FAULT.id)
    assert finding.evidence_ids == [FIRST, SECOND]
    assert finding.text == "A model (small-one) says: PSU2 lost its input before the 12V rail sank."
    assert desk.registry.get_sample_value("groundcrew_review_struck_words_total", {"reason": "part"}) == 1
    assert desk.registry.get_sample_value("groundcrew_review_judged_words_total", {"left": "words"}) == 1
    assert desk.asked[0].answer_schema is not None
    assert desk.asked[0].temperature == 0


@pytest.mark.parametrize("outcome", [one for one in CompletionOutcome if one is not CompletionOutcome.ANSWERED])
async def test_no_answer_is_an_ordinary_outcome_and_no_finding(desk, outcome):
    desk.reply = Completion(outcome=outcome, reason="as written")
    await desk.ask()
    assert (desk.told, desk.count(outcome.value)) == ([], 1)


async def test_a_coordinator_that_is_away_is_counted_and_the_next_incident_is_asked_about(desk):
    desk.reply = RequestFailed(Failure.UNAVAILABLE, "nobody answers")
    await desk.ask()
    assert desk.count("away") == 1
    await desk.ask(incident("n2", "disk.failed", "sda"))
    assert len(desk.asked) == 2


async def test_an_incident_is_asked_about_again_only_when_its_cause_or_severity_changes(desk):
    await desk.ask()
    await desk.ask(FAULT.model_copy(update={"revision": 2, "title": "worded anew"}))
    assert len(desk.asked) == 1
    await desk.ask(FAULT.model_copy(update={"severity": Severity.CRITICAL}))
    other = Cause(id="psu.failed", component_class="psu", component="PSU2", confidence=0.9)
    await desk.ask(FAULT.model_copy(update={"cause": other}))
    assert len(desk.asked) == 3


async def test_what_does_not_fit_the_queue_is_dropped_and_counted(desk):
    for number in range(MAX_WAITING + 3):
        desk.words.want(incident(f"n{number}", "disk.failed", "sda"), WINDOW, None)
    assert desk.count("dropped") == 3


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        (("The input was lost.", []), Strike.CITATION),
        (("The input was lost.", ["E3"]), Strike.CITATION),
        (("The input was lost [E9].", ["E1"]), Strike.CITATION),
        (("n9 lost its input.", ["E1"]), Strike.HOST),
        (("PSU7 lost its input.", ["E1"]), Strike.PART),
        (("Reboot n1 now.", ["E1"]), Strike.ORDER),
        (("", ["E1"]), Strike.CITATION),
    ],
)
def test_a_sentence_that_the_window_does_not_bear_out_is_struck(sentence, reason):
    checked = check(said(sentence), FAULT, WINDOW)
    assert (checked.text, dict(checked.struck)) == ("", {reason: 1})


@pytest.mark.parametrize("answer", [{}, {"sentences": "E1"}, {"sentences": [7, None, {"text": 1, "evidence": 2}]}])
def test_an_answer_of_another_shape_says_nothing(answer):
    assert check(answer, FAULT, WINDOW).text == ""
