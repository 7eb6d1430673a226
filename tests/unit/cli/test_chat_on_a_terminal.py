"""`groundcrew chat` against a gateway that answers from a table."""

import io
import json
import sys
from datetime import UTC, datetime, timedelta

import pytest

from groundcrew.contracts.conversations import Answer, Citation, ConversationSummary
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.queries import ConversationPage
from groundcrew_cli import chatting
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import CliError
from groundcrew_cli.prose import rendered

from .conftest import KEY

TALK = stable_id("conversation", 1)
CITED = Citation(
    id=stable_id("evidence", 1), kind="evidence", text="Power Supply AC lost", incident_id=stable_id("incident", 1)
)
TEXT = "**PSU2** of brickbox-43 lost its input [1].\n\n- `psu.input_lost`, 94% sure\n"


def answer(**changes) -> Answer:
    plain = Answer(
        conversation_id=TALK, text=TEXT, cited=[CITED.id], citations=[CITED], outcome="not-configured",
        missing="No model is configured for this, so this is what the rules say.",
    )  # fmt: skip
    return plain.model_copy(update=changes)


def stream(*events: tuple[str, object]):
    body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events).encode()
    return lambda _query, _given: (200, body)


def streamed(whole: Answer):
    pieces = [("text", {"text": whole.text[at : at + 7]}) for at in range(0, len(whole.text), 7)]
    return stream(*pieces, ("answer", whole.model_dump(mode="json")))


@pytest.fixture
def terminal(monkeypatch):
    """Standard input is a terminal."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)


@pytest.fixture
def asking(gateway, home):
    with Gateway(gateway.url, KEY, None) as connected:
        yield connected


def test_one_question_is_answered_with_its_sources_and_what_is_missing(gateway, run):
    gateway.reply("POST ask/stream", streamed(answer()))
    result = run("chat", "what is wrong with brickbox-43?", "--url", gateway.url)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0] == "PSU2 of brickbox-43 lost its input [1]."
    assert "- psu.input_lost, 94% sure" in lines
    assert "[1] Power Supply AC lost" in lines
    assert "No model is configured" in result.out
    assert max(map(len, lines)) <= 80
    [(_, _, given)] = gateway.asked
    assert given == {"text": "what is wrong with brickbox-43?"}


def test_what_it_is_about_goes_along(gateway, run):
    gateway.reply("POST ask/stream", streamed(answer()))
    run("chat", "why?", "--host", "brickbox-43", "--url", gateway.url)
    assert gateway.asked[-1][2] == {"text": "why?", "host": "brickbox-43"}


def test_json_is_the_whole_answer(gateway, run, terminal):
    gateway.reply("POST ask", answer())
    result = run("chat", "what?", "--json", "--url", gateway.url)
    assert json.loads(result.out)["conversation_id"] == TALK
    gateway.reply("GET conversations", ConversationPage(items=[]))
    assert run("chat", "--json", "--url", gateway.url).code == 2


def test_a_question_from_a_pipe(gateway, run, monkeypatch):
    gateway.reply("POST ask/stream", streamed(answer()))
    monkeypatch.setattr(sys, "stdin", io.StringIO("what is\nwrong?\n"))
    assert run("chat", "--url", gateway.url).code == 0
    assert gateway.asked[-1][2] == {"text": "what is\nwrong?"}


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (stream(("text", {"text": "half"}), ("problem", {"detail": "meta does not answer"})), "meta does not answer"),
        (stream(("text", {"text": "half"})), "before it was whole"),
        ((503, {"title": "x", "detail": "nobody answers"}), "nobody answers"),
    ],
)
def test_an_answer_that_breaks_off_fails_in_one_line(gateway, run, reply, told):
    gateway.reply("POST ask/stream", reply)
    result = run("chat", "what?", "--url", gateway.url)
    assert result.code == 1
    assert told in result.err
    assert len(result.err.splitlines()) == 1


def test_a_conversation_goes_on_until_its_end(gateway, asking, terminal, capsys):
    gateway.reply("GET conversations", ConversationPage(items=[]))
    gateway.reply("POST ask/stream", streamed(answer()))
    said = iter(["what is wrong?", "", "why?", "/new", "/help", "and now?"])

    def read(_prompt: str) -> str:
        try:
            return next(said)
        except StopIteration:
            raise EOFError from None

    chatting.chat(asking, None, host=None, incident=None, new=False, as_json=False, read=read)
    bodies = [given for what, _, given in gateway.asked if what == "POST ask/stream"]
    assert bodies == [
        {"text": "what is wrong?"}, {"text": "why?", "conversation_id": TALK}, {"text": "and now?"},
    ]  # fmt: skip
    assert capsys.readouterr().out.count("No model is configured") == 1, "it is told once"


def test_ctrl_c_ends_the_answer_and_not_the_conversation(gateway, asking, terminal, monkeypatch, capsys):
    gateway.reply("GET conversations", ConversationPage(items=[]))
    asked = []

    def interrupted(_gateway, _talk, text):
        asked.append(text)
        if len(asked) == 1:
            raise KeyboardInterrupt
        raise CliError("meta does not answer")

    monkeypatch.setattr(chatting, "_answer", interrupted)
    said = iter(["one", "two", "/quit"])
    chatting.chat(asking, None, host=None, incident=None, new=False, as_json=False, read=lambda _: next(said))
    assert asked == ["one", "two"]
    captured = capsys.readouterr()
    assert "Stopped." in captured.out
    assert "meta does not answer" in captured.err


@pytest.mark.parametrize(("minutes", "new", "goes_on"), [(10, False, True), (90, False, False), (10, True, False)])
def test_a_terminal_goes_on_with_the_conversation_of_the_last_hour(
    gateway, asking, terminal, capsys, minutes, new, goes_on
):
    used = datetime.now(UTC) - timedelta(minutes=minutes)
    summary = ConversationSummary(id=TALK, title="x", actor="ada", created_at=used, updated_at=used, turns=2)
    gateway.reply("GET conversations", ConversationPage(items=[summary]))
    chatting.chat(asking, None, host=None, incident=None, new=new, as_json=False, read=lambda _: "/quit")
    assert ("Going on" in capsys.readouterr().out) is goes_on


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("## Cause", "Cause"),
        ("*quiet* and **loud**", "quiet and loud"),
        (r"a \*star\* and \[1\]", "a *star* and [1]"),
        ("`code *stays*`", "code *stays*"),
        ("esc \x1b[31mred", "esc �[31mred"),
        ("    2. a step", "    2. a step"),
        ("---", "-" * 40),
    ],
)
def test_markdown_reads_as_text(line, shown):
    assert rendered(line) == shown


def test_long_prose_is_wrapped_and_hangs_below_its_mark():
    lines = rendered("- " + "word " * 40).splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line.startswith("  ") for line in lines[1:])
