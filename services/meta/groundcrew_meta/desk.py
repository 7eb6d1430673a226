"""Answers by rule: recognises what is asked, reads what that needs, and says it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from groundcrew.contracts.conversations import Question
from groundcrew.diagnosis.markdown import prose
from groundcrew_meta import replies
from groundcrew_meta.citations import Citations
from groundcrew_meta.questions import Asked, Subject, Topic, hosts_in, incident_in, recognise
from groundcrew_meta.replies import Case, Seen
from groundcrew_meta.survey import Survey, Surveyor

CASES_PER_HOST = 3


@dataclass(kw_only=True)
class Ruled:
    """What the rules say, and what they looked at for it."""

    text: str
    asked: Asked
    cites: Citations
    survey: Survey
    cases: list[Case] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    elements: list[str] = field(default_factory=list)

    def incident_of(self, evidence_id: str) -> str | None:
        """The incident that a piece of evidence belongs to, as far as it was looked at."""
        for case in self.cases:
            if any(one.id == evidence_id for one in case.detail.evidence):
                return case.detail.incident.id
        return self.cases[0].detail.incident.id if len(self.cases) == 1 else None


class Desk:
    def __init__(self, surveyor: Surveyor) -> None:
        self._surveyor = surveyor

    async def rules(self, question: Question, subject: Subject, before: Sequence[str]) -> Ruled:
        """`before` are earlier questions of the conversation, the newest last: what they named is still meant."""
        survey = await self._surveyor.fleet()
        known = list(survey.hosts)
        ids = [one.id for one in survey.live]
        meant = _meant(question, subject, before, known, ids)
        asked = recognise(question.text, hosts=known, incidents=ids, now=survey.now, subject=meant)
        if question.host and question.host not in survey.hosts and not survey.missing and not asked.hosts:
            asked = Asked(topic=Topic.UNKNOWN_HOST, unknown=question.host)
        ruled = Ruled(text="", asked=asked, cites=Citations(), survey=survey, missing=dict(survey.missing))
        ruled.elements = self._surveyor.elements()
        text = await self._reply(ruled)
        gaps = replies.missing(ruled.missing)
        ruled.text = f"{text}\n\n*{prose(gaps)}*" if gaps else text
        return ruled

    async def _reply(self, ruled: Ruled) -> str:
        asked, cites, survey = ruled.asked, ruled.cites, ruled.survey
        match asked.topic:
            case Topic.UNKNOWN_HOST:
                return replies.unknown_host(asked)
            case Topic.INCIDENT:
                return await self._incident(ruled)
            case Topic.HOST:
                seen = await self._look(ruled, asked.hosts)
                return "\n\n".join(replies.host(one, asked, cites, survey.now) for one in seen) or replies.other(
                    survey, cites
                )
            case Topic.HOSTS:
                return replies.hosts(survey, asked, cites)
            case Topic.CHANGES:
                return await self._changes(ruled)
            case Topic.LOGS:
                return replies.logs(await self._look(ruled, asked.hosts), asked)
            case Topic.READINGS:
                return replies.readings(await self._look(ruled, asked.hosts), asked)
            case Topic.SERVICES:
                ill = [name for one in survey.live for name in one.hosts]
                return replies.services(await self._look(ruled, asked.hosts or tuple(dict.fromkeys(ill))[:20]))
            case Topic.FLEET:
                return await self._fleet(ruled)
            case _:
                return replies.other(survey, cites)

    async def _fleet(self, ruled: Ruled) -> str:
        """Where one incident is all there is, it is what is meant."""
        survey = ruled.survey
        if len(survey.live) == 1 and ruled.asked.focus != "whole":
            ruled.cases = await self._cases(ruled, [survey.live[0].id])
            if ruled.cases:
                return replies.incident(ruled.cases[0], ruled.asked, ruled.cites, survey.now)
        text = replies.fleet(survey, ruled.cites)
        if ruled.asked.focus == "steps" and survey.live:
            ruled.cases = await self._cases(ruled, [one.id for one in survey.live[:CASES_PER_HOST]])
            told = (replies.incident(case, ruled.asked, ruled.cites, survey.now) for case in ruled.cases)
            text = "\n\n".join([text, *told])
        return text

    async def _incident(self, ruled: Ruled) -> str:
        incident_id = ruled.asked.incident_id
        assert incident_id is not None
        ruled.cases = await self._cases(ruled, [incident_id])
        if ruled.cases:
            return replies.incident(ruled.cases[0], ruled.asked, ruled.cites, ruled.survey.now)
        if "context" in ruled.missing:
            return "Nothing can be said about this incident now."
        return replies.unknown_incident(incident_id)

    async def _changes(self, ruled: Ruled) -> str:
        asked = ruled.asked
        assert asked.since is not None
        asked_of = asked.hosts or (None,)
        found = await asyncio.gather(*(self._surveyor.since(asked.since, name, ruled.missing) for name in asked_of))
        incidents = {one.id: one for some in found for one in some}
        return replies.changes(list(incidents.values()), asked, ruled.cites, ruled.survey.now)

    async def _cases(self, ruled: Ruled, incident_ids: Sequence[str]) -> list[Case]:
        async def case(incident_id: str) -> Case | None:
            detail, actions = await asyncio.gather(
                self._surveyor.detail(incident_id, ruled.missing), self._surveyor.actions(incident_id, ruled.missing)
            )
            if detail is None:
                return None
            earlier = await self._surveyor.earlier(detail.incident, ruled.missing)
            return Case(detail=detail, actions=actions, earlier=earlier)

        return [one for one in await asyncio.gather(*map(case, incident_ids)) if one is not None]

    async def _look(self, ruled: Ruled, hosts: Sequence[str]) -> list[Seen]:
        """What is known of each of these hosts, of the worst of its incidents first."""
        survey, asked = ruled.survey, ruled.asked
        known = [survey.hosts[name] for name in hosts if name in survey.hosts]
        cases: dict[str, Case] = {}
        if asked.topic is Topic.HOST:
            wanted = [one.id for each in known for one in survey.of_host(each.name)[:CASES_PER_HOST]]
            found = await self._cases(ruled, list(dict.fromkeys(wanted)))
            cases = {one.detail.incident.id: one for one in found}
            ruled.cases = found

        async def seen(name: str) -> Seen:
            services = await self._surveyor.services(name, ruled.missing) if asked.topic in _WITH_SERVICES else []
            logs = await self._surveyor.logs(name, asked.since, ruled.missing) if asked.topic is Topic.LOGS else []
            own = [cases[one.id] for one in survey.of_host(name) if one.id in cases]
            return Seen(summary=survey.hosts[name], cases=own, services=services, logs=logs)

        return list(await asyncio.gather(*(seen(one.name) for one in known)))


_WITH_SERVICES = (Topic.HOST, Topic.SERVICES)


def _meant(
    question: Question, subject: Subject, before: Sequence[str], hosts: Sequence[str], incidents: Sequence[str]
) -> Subject:
    """What a question that names nothing is about: its own setting, what was named last, the conversation's."""
    if question.incident_id is not None or question.host is not None:
        return Subject(hosts=_only(question.host, hosts), incident_id=question.incident_id)
    for text in reversed(before):
        named, incident_id = hosts_in(text, hosts), incident_in(text, incidents)
        if named or incident_id:
            return Subject(hosts=named, incident_id=incident_id)
    return Subject(hosts=tuple(one for one in subject.hosts if one in hosts), incident_id=subject.incident_id)


def _only(host: str | None, hosts: Sequence[str]) -> tuple[str, ...]:
    return (host,) if host is not None and host in hosts else ()
