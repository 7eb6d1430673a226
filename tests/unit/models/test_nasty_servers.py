"""Whatever a server does, a question ends in time, with a reason, and without the memory that the server would fill."""

import asyncio
import resource

import pytest
from tests.unit.coordinator.nasty import (
    Talk,
    answering,
    chunk,
    hang,
    repeat,
    reply,
    running,
    say,
    say_then_hang,
    unending,
)

from groundcrew.contracts.completions import CompletionOutcome, Turn
from groundcrew.models.client import OpenAiServer
from groundcrew.models.port import ModelFailed, Prompt, Said

PROMPT = Prompt(turns=[Turn(role="user", text="what is this?")], max_tokens=16)
FORCED = Prompt(turns=PROMPT.turns, max_tokens=16, answer_schema={"type": "object", "required": ["category"]})
EVENTS = "text/event-stream"
PIECE = b'data: {"choices": [{"delta": {"content": "word "}}]}\n\n'
LIMIT_S = 1.0
"""What a question may take here; a busy machine gets much more until the test gives up."""

MALFORMED, TIMED_OUT, UNREACHABLE, BUSY, OVER = (
    CompletionOutcome.MALFORMED,
    CompletionOutcome.TIMED_OUT,
    CompletionOutcome.UNREACHABLE,
    CompletionOutcome.BUSY,
    CompletionOutcome.OVER_BUDGET,
)

ALWAYS: dict[str, tuple[Talk, CompletionOutcome]] = {
    "never answers": (hang, TIMED_OUT),
    "hangs up": (say(b""), MALFORMED),
    "speaks no HTTP": (say(b"SSH-2.0-OpenSSH_9.2\r\n"), MALFORMED),
    "ends in the middle of its headers": (say(b"HTTP/1.1 200 OK\r\ncontent-le"), MALFORMED),
    "promises a body and sends none": (say_then_hang(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"), TIMED_OUT),
    "sends headers without end": (repeat(b"HTTP/1.1 200 OK\r\n", b"x-filler: " + b"y" * 8_000 + b"\r\n"), MALFORMED),
    "sends a body without end": (repeat(unending("application/json"), chunk(b"[" * 65_536)), MALFORMED),
    "answers with compressed data": (say(reply(b"\x1f\x8b", extra="content-encoding: gzip\r\n")), MALFORMED),
    "asks for another key": (say(reply(b'{"error": {"message": "bad key"}}', status="401 Unauthorized")), UNREACHABLE),
    "knows no such address": (say(reply(b"not found", status="404 Not Found", kind="text/plain")), UNREACHABLE),
    "fails inside": (say(reply(b"<html>", status="500 Internal Server Error", kind="text/html")), UNREACHABLE),
    "is loading its model": (say(reply(b'{"error": {"message": "Loading"}}', status="503 Service Unavailable")), BUSY),
    "has too many questions": (say(reply(b"{}", status="429 Too Many Requests")), BUSY),
    "finds it too long": (
        say(reply(b'{"error": {"message": "exceeds the context size"}}', status="400 Bad Request")),
        OVER,
    ),
    "sends us elsewhere": (
        say(reply(b"", status="302 Found", extra="location: http://127.0.0.1:9/v1\r\n")),
        UNREACHABLE,
    ),
}

WHOLE: dict[str, tuple[Talk, CompletionOutcome]] = {
    "answers in HTML": (say(reply(b"<html>hello</html>", kind="text/html")), MALFORMED),
    "answers with half an object": (say(reply(b'{"choices": [')), MALFORMED),
    "answers with nothing": (say(reply(b"")), MALFORMED),
    "answers with a list": (say(reply(b"[]")), MALFORMED),
    "answers without choices": (say(reply(b'{"choices": []}')), MALFORMED),
    "answers with null choices": (say(reply(b'{"choices": null, "usage": "many"}')), MALFORMED),
    "answers with other types": (say(reply(b'{"choices": [{"message": {"content": 7}}]}')), MALFORMED),
    "answers with bytes of no encoding": (say(reply(b'{"choices": "\xff\xfe"}')), MALFORMED),
    "answers deeply nested": (say(reply(b"[" * 200_000)), MALFORMED),
    "answers with no words": (answering("  "), MALFORMED),
    "answers with more than was asked": (answering("word " * 10_000), MALFORMED),
    "claims tokens below nothing": (answering(usage='{"prompt_tokens": -5, "completion_tokens": 1e99}'), MALFORMED),
}

STREAMED: dict[str, tuple[Talk, CompletionOutcome]] = {
    "sends events without end": (repeat(unending(EVENTS), chunk(PIECE)), MALFORMED),
    "sends one line without end": (repeat(unending(EVENTS), chunk(b"x" * 65_536)), MALFORMED),
    "sends events that are no JSON": (say(reply(b"data: hello\n\n", kind=EVENTS)), MALFORMED),
    "sends events of another shape": (say(reply(b"data: [1, 2]\n\n", kind=EVENTS)), MALFORMED),
    "sends choices of another shape": (say(reply(b'data: {"choices": "none"}\n\n', kind=EVENTS)), MALFORMED),
    "ends before its answer does": (say(reply(PIECE, kind=EVENTS)), MALFORMED),
    "fails in the middle": (say(reply(PIECE + b'data: {"error": {"message": "cuda"}}\n\n', kind=EVENTS)), MALFORMED),
    "hangs in the middle": (say_then_hang(unending(EVENTS) + chunk(PIECE)), TIMED_OUT),
    "hangs before its first word": (say_then_hang(unending(EVENTS)), TIMED_OUT),
    "answers in HTML": (say(reply(b"<html>", kind="text/html")), MALFORMED),
}


async def _to_its_end(server: OpenAiServer, prompt: Prompt) -> None:
    async for _ in server.stream(prompt, within_s=LIMIT_S, first_s=LIMIT_S / 2):
        pass


async def failure(url: str, prompt: Prompt, *, streamed: bool) -> ModelFailed:
    server = OpenAiServer(url, name="nasty", max_bytes=1024 * 1024)
    try:
        async with asyncio.timeout(30):
            with pytest.raises(ModelFailed) as failed:
                await (_to_its_end(server, prompt) if streamed else server.answer(prompt, within_s=LIMIT_S))
    finally:
        await server.close()
    return failed.value


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("what", ALWAYS)
async def test_a_server_that(what: str, streamed: bool) -> None:
    talk, expected = ALWAYS[what]
    async with running(talk) as server:
        failed = await failure(server.url, PROMPT, streamed=streamed)
    assert (failed.outcome, bool(failed.reason)) == (expected, True), failed.reason


@pytest.mark.parametrize("what", WHOLE)
async def test_a_server_whose_reply(what: str) -> None:
    talk, expected = WHOLE[what]
    async with running(talk) as server:
        failed = await failure(server.url, PROMPT, streamed=False)
    assert failed.outcome == expected, failed.reason


@pytest.mark.parametrize("what", STREAMED)
async def test_a_server_whose_stream(what: str) -> None:
    talk, expected = STREAMED[what]
    async with running(talk) as server:
        failed = await failure(server.url, PROMPT, streamed=True)
    assert failed.outcome == expected, failed.reason


@pytest.mark.parametrize("text", ["no JSON at all", "[1]", "{}", '{\\"other\\": 1}'])
async def test_an_answer_beside_its_schema_is_malformed(text: str) -> None:
    async with running(answering(text)) as server:
        failed = await failure(server.url, FORCED, streamed=False)
    assert failed.outcome is MALFORMED


async def test_a_server_that_speaks_no_tls_is_unreachable() -> None:
    async def garble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(garble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        failed = await failure(f"https://127.0.0.1:{port}/v1", PROMPT, streamed=False)
    assert failed.outcome is UNREACHABLE


async def test_a_gigabyte_is_not_read() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1073741824\r\n\r\n"
    async with running(repeat(head, b"x" * 65_536)) as server:
        failed = await failure(server.url, PROMPT, streamed=False)
    assert failed.outcome is MALFORMED
    assert "larger than any answer" in failed.reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


async def test_a_reason_shows_no_secret_and_no_flood() -> None:
    words = b'{"error": {"message": "Bearer abc.def ' + b"x" * 5_000 + b'"}}'
    async with running(say(reply(words, status="400 Bad Request"))) as server:
        failed = await failure(server.url, PROMPT, streamed=False)
    assert "abc.def" not in failed.reason
    assert len(failed.reason) < 400


async def test_usage_that_a_server_does_not_tell_is_unknown() -> None:
    async with running(answering(usage="null")) as server:
        client = OpenAiServer(server.url, name="nasty")
        said = await client.answer(PROMPT, within_s=10)
        await client.close()
    assert said == Said(text="yes", model="nasty", finish_reason="stop")


async def test_the_environment_points_no_question_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(answering()) as server, running(answering("elsewhere")) as other:
        monkeypatch.setenv("HTTP_PROXY", other.url.removesuffix("/v1"))
        monkeypatch.setenv("OPENAI_BASE_URL", other.url)
        client = OpenAiServer(server.url, name="nasty")
        assert (await client.answer(PROMPT, within_s=10)).text == "yes"
        await client.close()
        assert other.connections == 0
