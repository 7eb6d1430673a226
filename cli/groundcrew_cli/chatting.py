"""`groundcrew chat`: one question, or a conversation on a terminal. Answers are shown as they come."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from groundcrew.contracts.conversations import MAX_QUESTION, Answer, ConversationSummary
from groundcrew.contracts.queries import ConversationPage, IncidentPage
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import FAILED, USAGE, CliError
from groundcrew_cli.incidents import find
from groundcrew_cli.prose import Prose
from groundcrew_cli.terminal import command, note, paint, plain, say, say_json, wrapped

HELP = "Ask, or: /new begins another conversation, /quit or Ctrl-D ends, Ctrl-C ends an answer."


@dataclass
class Talk:
    """What goes along with each question."""

    host: str | None = None
    incident_id: str | None = None
    conversation_id: str | None = None
    told: set[str] = field(default_factory=set)

    def body(self, text: str) -> dict[str, Any]:
        given = {"host": self.host, "incident_id": self.incident_id, "conversation_id": self.conversation_id}
        return {"text": text} | {name: value for name, value in given.items() if value is not None}


def chat(
    gateway: Gateway,
    question: str | None,
    *,
    host: str | None,
    incident: str | None,
    new: bool,
    as_json: bool,
    read: Callable[[str], str] = input,
) -> None:
    """Without a question, a conversation on a terminal; from a pipe, its text is the one question."""
    talk = Talk(host=host, incident_id=_incident(gateway, incident) if incident else None)
    if not new and host is None and incident is None:
        talk.conversation_id = _last(gateway, question)
    if question is None and not sys.stdin.isatty():
        question = sys.stdin.read(MAX_QUESTION + 1).strip()
        if not question:
            raise CliError("no question: give one, or call it on a terminal", USAGE)
    if question is not None:
        _check(question)
        if as_json:
            say_json(gateway.post(Answer, "ask", talk.body(question), timeout_s=_PATIENCE_S).model_dump(mode="json"))
        else:
            _answer(gateway, talk, question)
        return
    if as_json:
        raise CliError("--json needs a question", USAGE)
    _converse(gateway, talk, read)


_PATIENCE_S = 80.0
"""Seconds for a whole answer: a model's deadline and a little more."""


def _converse(gateway: Gateway, talk: Talk, read: Callable[[str], str]) -> None:
    say(paint(HELP, "dim"))
    if talk.conversation_id is not None:
        say(paint("Going on with the conversation of before.", "dim"))
    while True:
        try:
            text = read("\n> ").strip()
        except KeyboardInterrupt:  # an empty line, as in a shell
            say()
            continue
        except EOFError:
            say()
            return
        if text in ("/quit", "/exit"):
            return
        if text == "/new":
            talk.conversation_id = None
            say(paint("A new conversation.", "dim"))
        elif text.startswith("/") and " " not in text:
            say(paint(HELP, "dim"))
        elif text:
            try:
                _check(text)
                _answer(gateway, talk, text)
            except KeyboardInterrupt:
                say(paint("\nStopped.", "dim"))
            except CliError as error:
                note(f"groundcrew: {error}")


def _answer(gateway: Gateway, talk: Talk, text: str) -> None:
    """Show the parts as they come, a line at a time; then what they cite and what is missing."""
    prose = Prose(say)
    answer: Answer | None = None
    for event, data in gateway.events("ask/stream", talk.body(text), timeout_s=_PATIENCE_S):
        if event == "text":
            prose.feed(str(data.get("text", "")))
        elif event == "answer":
            answer = Answer.model_validate(data)
        elif event == "problem":
            prose.end()
            raise CliError(plain(str(data.get("detail", "the answer failed"))), FAILED)
    prose.end()
    if answer is None:
        raise CliError("the answer ended before it was whole; ask again", FAILED)
    talk.conversation_id = answer.conversation_id
    for line in _below(answer, talk):
        say(line)


def _below(answer: Answer, talk: Talk) -> Iterator[str]:
    if answer.citations:
        yield ""
        for number, cited in enumerate(answer.citations, start=1):
            yield paint(wrapped(plain(cited.text or cited.kind), f"[{number}] ", "    "), "dim")
        incidents = list(dict.fromkeys(one.incident_id for one in answer.citations if one.incident_id))
        for incident_id in incidents[:3]:
            yield paint(f"    {command('incidents')} {incident_id[:8]}", "dim")
    if answer.missing and answer.missing not in talk.told:
        talk.told.add(answer.missing)
        yield ""
        yield paint(wrapped(plain(answer.missing), "", ""), "dim")


def _check(text: str) -> None:
    if len(text) > MAX_QUESTION:
        raise CliError(f"the question is longer than {MAX_QUESTION} characters", USAGE)


def _incident(gateway: Gateway, prefix: str) -> str:
    return find(prefix, [one.id for one in gateway.get(IncidentPage, "incidents", limit=1_000).items], "incident")


def _last(gateway: Gateway, question: str | None) -> str | None:
    """A conversation on a terminal goes on with the last one of this hour; a single question begins its own."""
    if question is not None or not sys.stdin.isatty():
        return None
    newest = gateway.get(ConversationPage, "conversations", limit=1).items
    return newest[0].id if newest and _fresh(newest[0]) else None


def _fresh(summary: ConversationSummary) -> bool:
    from datetime import timedelta

    from groundcrew.contracts.clock import SystemClock

    return SystemClock().now() - summary.updated_at < timedelta(hours=1)
