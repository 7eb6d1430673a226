"""Analyses: the report by rule, and a model's explanation on top where there is one."""

import asyncio
from collections.abc import Mapping
from typing import Any

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.clock import Clock
from groundcrew.contracts.completions import Completion, CompletionOutcome
from groundcrew.contracts.conversations import Analysis, AnalysisCompleted
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.queries import Failure
from groundcrew.diagnosis.claims import Strike
from groundcrew.diagnosis.markdown import prose
from groundcrew.stores.meta.port import MetaStore
from groundcrew_meta import replies
from groundcrew_meta.citations import Citations
from groundcrew_meta.claims import Claims
from groundcrew_meta.metrics import MetaMetrics
from groundcrew_meta.model import Model, missing, question_of
from groundcrew_meta.prompts import ANALYSIS_SCHEMA, MAX_LINKS, analysis_turns
from groundcrew_meta.reports import Dossier, report
from groundcrew_meta.settings import MetaSection
from groundcrew_meta.survey import Surveyor
from groundcrew_meta.wording import not_shown

TOPIC = "analysis"
MAX_OPEN = 4


class Analyst:
    def __init__(
        self,
        *,
        site: str,
        surveyor: Surveyor,
        model: Model,
        store: MetaStore,
        clock: Clock,
        section: MetaSection,
        produced_by: ProducedBy,
        metrics: MetaMetrics,
    ) -> None:
        self._site = site
        self._surveyor = surveyor
        self._model = model
        self._store = store
        self._clock = clock
        self._section = section
        self._produced_by = produced_by
        self._metrics = metrics

    async def analyse(
        self, incident_id: str, *, analysis_id: str, reason: str, deadline_s: float, cause: Envelope[Any] | None
    ) -> Analysis:
        """Make and store an analysis with the message that tells it; `cause` is the escalation that asked for it.

        Raises RequestFailed: NOT_FOUND for no such incident, UNAVAILABLE while context is away.
        """
        gaps: dict[str, str] = {}
        dossier = await self._dossier(incident_id, gaps)
        cites = Citations()
        text = report(dossier, cites)
        if gaps:
            text = f"{text}\n\n*{prose(replies.missing(gaps))}*"
        explanation, completion, claims = await self._explain(dossier, cites, reason, deadline_s)
        struck = claims.told() if claims else []
        missed = missing(completion)
        if completion.outcome is CompletionOutcome.ANSWERED and not explanation:
            missed = "The model answered, but nothing of it stood the check against the evidence."
        now, incident = self._clock.now(), dossier.detail.incident
        analysis = Analysis(
            id=analysis_id,
            incident_id=incident.id,
            revision=incident.revision,
            time=now,
            reason=reason,
            report=text,
            explanation=explanation,
            cited=cites.ids,
            citations=cites.items,
            struck=struck,
            model=completion.model if explanation else "",
            outcome=completion.outcome,
            missing=missed,
        )
        message = seal(
            AnalysisCompleted(analysis=analysis),
            id=stable_id("analysis.completed", analysis.id),
            site=self._site,
            entity=incident.entity,
            time=now,
            received_at=now,
            source="meta",
            position=analysis.id,
            produced_by=self._produced_by,
            cause=cause,
        )
        self._metrics.answered(TOPIC, completion.outcome)
        return await self._store.add_analysis(self._site, analysis, message)

    async def _dossier(self, incident_id: str, gaps: dict[str, str]) -> Dossier:
        detail = await self._surveyor.detail(incident_id, gaps)
        if detail is None:
            if "context" in gaps:
                raise RequestFailed(Failure.UNAVAILABLE, f"context does not answer: {gaps['context']}")
            raise RequestFailed(Failure.NOT_FOUND, f"there is no incident {incident_id}")
        actions, earlier, survey = await asyncio.gather(
            self._surveyor.actions(incident_id, gaps),
            self._surveyor.earlier(detail.incident, gaps),
            self._surveyor.fleet(),
        )
        gaps |= survey.missing
        return Dossier(
            detail=detail,
            actions=actions,
            earlier=earlier,
            live=survey.live,
            hosts=list(survey.hosts),
            inventory=self._surveyor.inventory(),
            now=survey.now,
        )

    # --- the model ---------------------------------------------------------------------------------------------------

    async def _explain(
        self, dossier: Dossier, cites: Citations, reason: str, deadline_s: float
    ) -> tuple[str, Completion, Claims | None]:
        if not self._section.model:
            return "", Completion(outcome=CompletionOutcome.NOT_CONFIGURED), None
        standing = await self._model.standing()
        if isinstance(standing, Completion):
            return "", standing, None
        completion, claims = Completion(outcome=CompletionOutcome.UNREACHABLE), None
        for budget in (self._section.analysis_tokens, self._section.analysis_tokens // 4):
            try:
                claims, completion = await self._ask(dossier, cites, reason, deadline_s, max(200, budget))
            except RequestFailed as failed:
                told = f"no context window to ask with: {failed.reason}"
                return "", Completion(outcome=CompletionOutcome.UNREACHABLE, reason=told), None
            if completion.outcome is not CompletionOutcome.OVER_BUDGET:
                break
        if completion.answer is None or claims is None:
            return "", completion, claims
        explanation = explained(completion.answer, claims)
        for strike, _ in claims.struck:
            self._metrics.struck(strike.name.lower())
        return explanation, completion, claims

    async def _ask(
        self, dossier: Dossier, cites: Citations, reason: str, deadline_s: float, budget: int
    ) -> tuple[Claims, Completion]:
        incident = dossier.detail.incident
        window, passages = await asyncio.gather(
            self._model.window(incident.id, None, budget=budget),
            self._model.passages(f"{incident.title} {incident.cause.id} {incident.cause.component}"),
        )
        parts = [one.component for one in (incident.cause, *incident.alternatives) if one.component]
        parts += self._surveyor.elements()
        claims = Claims(window, hosts=dossier.hosts, parts=parts, cites=cites, incident_of=lambda _cited: incident.id)
        request = question_of(
            analysis_turns(window.text, passages, reason),
            max_tokens=self._section.analysis_answer_tokens,
            deadline_s=deadline_s,
            asked_by="",
            incident_id=incident.id,
            schema=ANALYSIS_SCHEMA,
        )
        return claims, await self._model.answer(request)


def explained(answer: Mapping[str, Any], claims: Claims) -> str:
    """The model's object as Markdown, each claim checked; empty where nothing of it stands."""
    summary = claims.passed(_text(answer.get("summary")))
    links = [text for link in _list(answer.get("chain"), MAX_LINKS) if (text := _link(link, claims))]
    left_open = [text for one in _list(answer.get("open_questions"), MAX_OPEN) if (text := claims.passed(_text(one)))]
    if not summary and not links:
        return ""
    parts = [summary, "\n".join(f"{number}. {text}" for number, text in enumerate(links, start=1))]
    if left_open:
        parts.append("Left open:\n\n" + "\n".join(f"- {text}" for text in left_open))
    if answer.get("confidence") in ("low", "medium", "high"):
        parts.append(f"The model calls its own confidence {answer['confidence']}.")
    if claims.struck:
        parts.append(f"*{not_shown(len(claims.struck))}*")
    return "\n\n".join(part for part in parts if part)


def _link(link: Any, claims: Claims) -> str:
    """A step of the chain: one that cites nothing is struck, as is one that cites what is not there."""
    if not isinstance(link, dict):
        return ""
    text = _text(link.get("text"))
    numbers = [str(one) for one in _list(link.get("evidence"), 6)]
    marks = claims.cited(numbers)
    if not marks:
        if text:
            claims.strike(Strike.CITATION, text)
        return ""
    passed = claims.passed(text)
    return f"{passed} {marks}" if passed else ""


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _list(value: Any, most: int) -> list[Any]:
    return value[:most] if isinstance(value, list) else []
