"""One question, from the rules' words through the model's to what is kept of it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.completions import CompleteRequest, Completion, CompletionOutcome, CompletionPart, ModelStatus
from groundcrew.contracts.conversations import Answer, AnswerPart, Earlier, Question, Said, Usage
from groundcrew.contracts.identity import random_id
from groundcrew.contracts.queries import Failure
from groundcrew.diagnosis.markdown import one_line, prose
from groundcrew.stores.meta.port import MetaStore, NotYours, Opening
from groundcrew_meta.claims import Claims, Gate
from groundcrew_meta.desk import Desk, Ruled
from groundcrew_meta.metrics import MetaMetrics
from groundcrew_meta.model import Model, missing, question_of
from groundcrew_meta.prompts import MAX_EARLIER, chat_turns
from groundcrew_meta.questions import Subject, Topic
from groundcrew_meta.settings import MetaSection
from groundcrew_meta.wording import not_shown

MAX_TITLE = 80
MAX_KEPT = 100_000
"""Characters of one answer that are kept."""

BEAT_S = 5.0
"""A stream is never silent for longer: whoever listens can tell a slow model from a dead process."""

LATE = "\n\n*The model has not begun to answer yet; this waits for it.*"
LEFT = "\n\n*The asker left before the answer was whole.*"
_NOT_ASKED = Completion(outcome=CompletionOutcome.NOT_CONFIGURED)
_NO_MODEL_FOR = (Topic.UNKNOWN_HOST,)


@dataclass(kw_only=True)
class Saying:
    """An answer while it is made."""

    conversation_id: str | None
    began: float
    ruled: Ruled | None = None
    words: str = ""
    completion: Completion = _NOT_ASKED
    asked: bool = False
    struck: list[str] = field(default_factory=list)
    left: bool = True

    def text(self) -> str:
        return (self.ruled.text if self.ruled else "") + self.words

    def answer(self) -> Answer:
        assert self.ruled is not None
        completion = self.completion
        reason = missing(completion) if self.asked else ""
        if completion.outcome is CompletionOutcome.ANSWERED and not self.words:
            reason = "The model answered, but nothing of it stood the check against the evidence."
        return Answer(
            conversation_id=self.conversation_id,
            text=self.text(),
            cited=self.ruled.cites.ids,
            citations=self.ruled.cites.items,
            struck=self.struck,
            model=completion.model if self.words else "",
            outcome=completion.outcome,
            missing=reason,
            usage=Usage(prompt_tokens=completion.prompt_tokens, completion_tokens=completion.completion_tokens),
        )


class Chat:
    def __init__(
        self,
        *,
        site: str,
        desk: Desk,
        model: Model,
        store: MetaStore,
        clock: Clock,
        section: MetaSection,
        metrics: MetaMetrics,
    ) -> None:
        self._site = site
        self._desk = desk
        self._model = model
        self._store = store
        self._clock = clock
        self._section = section
        self._metrics = metrics
        self._asking = 0

    async def whole(self, question: Question) -> Answer:
        """The answer in one piece; a model that does not begin in time is left out."""
        async with aclosing(self.parts(question, patient=False)) as parts:
            async for part in parts:
                if part.answer is not None:
                    return part.answer
        raise RequestFailed(Failure.INTERNAL, "the answer has no end")

    async def parts(self, question: Question, *, patient: bool = True) -> AsyncGenerator[AnswerPart, None]:
        """The rules' words at once, the model's as they pass the check, then the whole. What was said is kept also
        where the asker leaves. Raises RequestFailed, StoreUnavailable."""
        subject, earlier, opening = await self._open(question)
        saying = Saying(conversation_id=opening.id if opening else None, began=self._clock.monotonic())
        try:
            before = [one.text for one in earlier if one.role == "user"]
            ruled = saying.ruled = await self._desk.rules(question, subject, before)
            self._metrics.first_part_seconds.observe(self._clock.monotonic() - saying.began)
            yield AnswerPart(text=ruled.text)
            async with aclosing(self._explained(question, earlier, saying, patient=patient)) as pieces:
                async for text in pieces:
                    yield AnswerPart(text=text)
            answer = saying.answer()
            saying.left = False
        finally:
            await self._keep(opening, saying)
        self._metrics.answered(ruled.asked.topic.value, answer.outcome)
        yield AnswerPart(answer=answer)

    # --- the conversation --------------------------------------------------------------------------------------------

    async def _open(self, question: Question) -> tuple[Subject, Sequence[Earlier], Opening | None]:
        """What it is about, what was said before, and where it is kept; the question is kept at once."""
        if not question.keep:
            return Subject(), question.earlier, None
        subject, earlier = Subject(), list[Earlier]()
        if question.conversation_id is not None:
            known = await self._store.conversation(self._site, question.conversation_id)
            if known is None or known.actor != question.actor:
                raise RequestFailed(Failure.NOT_FOUND, f"there is no conversation {question.conversation_id}")
            subject = Subject(hosts=(known.host,) if known.host else (), incident_id=known.incident_id)
            earlier = [Earlier(role=one.role, text=one.text[:2_000]) for one in known.said[-2 * MAX_EARLIER :]]
        opening = Opening(
            id=question.conversation_id or random_id(),
            actor=question.actor,
            title=title_of(question.text),
            incident_id=question.incident_id,
            host=question.host,
        )
        asked = Said(role="user", text=question.text, time=self._clock.now())
        try:
            await self._store.add_turns(self._site, opening, [asked])
        except NotYours:
            raise RequestFailed(Failure.NOT_FOUND, f"there is no conversation {opening.id}") from None
        return subject, earlier, opening

    async def _keep(self, opening: Opening | None, saying: Saying) -> None:
        if opening is None or saying.ruled is None:
            return
        answer = saying.answer()
        text = answer.text + (LEFT if saying.left else "")
        said = Said(
            role="assistant",
            text=text[:MAX_KEPT],
            time=self._clock.now(),
            cited=answer.cited,
            citations=answer.citations,
            model=answer.model,
            missing=answer.missing,
        )
        await self._store.add_turns(self._site, opening, [said])

    # --- the model ---------------------------------------------------------------------------------------------------

    async def _explained(
        self, question: Question, earlier: Sequence[Earlier], saying: Saying, *, patient: bool
    ) -> AsyncGenerator[str, None]:
        """The model's words as far as they pass; why there are none is in `saying` afterwards."""
        ruled = saying.ruled
        assert ruled is not None
        if not self._section.model or ruled.asked.topic in _NO_MODEL_FOR:
            return
        saying.asked = True
        if self._asking >= self._section.questions_at_once:
            saying.completion = Completion(
                outcome=CompletionOutcome.BUSY, reason=f"{self._asking} questions wait for it already"
            )
            return
        if "context" in ruled.missing:
            reason = f"no context window to ask with: {ruled.missing['context']}"
            saying.completion = Completion(outcome=CompletionOutcome.UNREACHABLE, reason=reason)
            return
        self._asking += 1
        try:
            standing = await self._model.standing()
            if isinstance(standing, Completion):
                saying.completion = standing
                return
            for budget in (self._section.window_tokens, self._section.window_tokens // 2):
                attempt = self._attempt(question, earlier, saying, standing, max(200, budget), patient=patient)
                async with aclosing(attempt) as pieces:
                    async for text in pieces:
                        yield text
                if saying.completion.outcome is not CompletionOutcome.OVER_BUDGET or saying.words:
                    return
        finally:
            self._asking -= 1

    async def _attempt(
        self,
        question: Question,
        earlier: Sequence[Earlier],
        saying: Saying,
        standing: ModelStatus,
        budget: int,
        *,
        patient: bool,
    ) -> AsyncGenerator[str, None]:
        ruled = saying.ruled
        assert ruled is not None
        try:
            claims, request = await self._prompt(question, earlier, ruled, budget)
        except RequestFailed as failed:
            saying.completion = Completion(
                outcome=CompletionOutcome.UNREACHABLE, reason=f"no context window to ask with: {failed.reason}"
            )
            return
        gate = Gate(claims)
        heading = f"\n\n---\n\n**{prose(standing.model) or 'The model'}** explains, checked against the evidence:\n\n"
        async with aclosing(self._heard(request, saying, patient=patient)) as parts:
            async for part in parts:
                if part is None:
                    yield LATE
                    continue
                if not part.text and part.completion is None:
                    yield ""
                    continue
                passed = gate.feed(part.text)
                if part.completion is not None:
                    saying.completion = part.completion
                    if part.completion.outcome is CompletionOutcome.ANSWERED:  # else its last sentence is half a one
                        passed += gate.rest()
                if passed.strip():
                    passed = passed if saying.words else heading + passed.lstrip()
                    saying.words += passed
                    yield passed
        for reason, _ in claims.struck:
            self._metrics.struck(reason.name.lower())
        saying.struck += claims.told()
        if claims.struck and saying.words:
            note = f"\n\n*{not_shown(len(claims.struck))}*"
            saying.words += note
            yield note

    async def _prompt(
        self, question: Question, earlier: Sequence[Earlier], ruled: Ruled, budget: int
    ) -> tuple[Claims, CompleteRequest]:
        """Raises RequestFailed."""
        asked = ruled.asked
        incident_id = asked.incident_id or (ruled.cases[0].detail.incident.id if len(ruled.cases) == 1 else None)
        host = asked.hosts[0] if asked.hosts and incident_id is None else None
        window, passages = await asyncio.gather(
            self._model.window(incident_id, host, budget=budget), self._model.passages(question.text)
        )
        parts = [one.cause.component for one in ruled.survey.live if one.cause.component] + ruled.elements
        only = window.incidents[0].id if len(window.incidents) == 1 else None
        claims = Claims(
            window,
            hosts=ruled.survey.hosts,
            parts=parts,
            cites=ruled.cites,
            incident_of=lambda cited: ruled.incident_of(cited) or only,
        )
        request = question_of(
            chat_turns(question.text, window.text, passages, earlier),
            max_tokens=question.max_tokens,
            deadline_s=question.deadline_s,
            asked_by=question.actor,
            incident_id=incident_id,
            question=question.text,
        )
        return claims, request

    async def _heard(
        self, request: CompleteRequest, saying: Saying, *, patient: bool
    ) -> AsyncGenerator[CompletionPart | None, None]:
        """The model's parts, empty ones while nothing comes. None once where a patient asker waits longer than it
        should; an impatient one gets the outcome TIMED_OUT then, and a patient one UNREACHABLE where the coordinator
        went away meanwhile."""
        wait_s = self._section.first_word_s
        left = wait_s - (self._clock.monotonic() - saying.began)
        told = False
        async with aclosing(self._model.words(request)) as parts:
            while True:
                coming = asyncio.ensure_future(anext(parts))
                try:
                    while not (await asyncio.wait({coming}, timeout=max(0.1, min(left, BEAT_S))))[0]:
                        left -= BEAT_S
                        if left > 0:
                            yield CompletionPart()
                            continue
                        if (over := await self._over(patient=patient)) is not None:
                            yield CompletionPart(completion=over)
                            return
                        yield CompletionPart() if told else None
                        left, told = wait_s, True
                    part = await coming
                finally:
                    if not coming.done():
                        coming.cancel()
                        await asyncio.gather(coming, return_exceptions=True)
                yield part
                if part.completion is not None:
                    return
                left, told = wait_s, True  # what has begun is not late

    async def _over(self, *, patient: bool) -> Completion | None:
        """Why waiting for the model makes no sense any more; None: it does."""
        if not patient:
            reason = f"nothing came from the model within {self._section.first_word_s:g} s"
            return Completion(outcome=CompletionOutcome.TIMED_OUT, reason=reason)
        standing = await self._model.standing()
        return standing if isinstance(standing, Completion) else None


def title_of(text: str) -> str:
    """The first line of a question as the name of its conversation."""
    flat = one_line(text).replace("\0", " ").strip()
    return flat if len(flat) <= MAX_TITLE else f"{flat[: MAX_TITLE - 1]}…"
