"""The OpenAI protocol under /v1."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.completions import CompletionOutcome
from groundcrew.contracts.queries import Failure
from groundcrew.stores.gateway.port import Role
from groundcrew_gateway.settings import GatewaySection

from .conftest import answer

CHAT = "/v1/chat/completions"
ASK = [{"role": "user", "content": "what is wrong with brickbox-43?"}]


def events(text: str) -> list:
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


async def test_models_are_listed_and_looked_up(rig):
    client = await rig.client(Role.VIEWER)
    listed = (await client.get("/v1/models")).json()
    assert [one["id"] for one in listed["data"]] == ["groundcrew"]
    assert listed["object"] == "list"
    assert (await client.get("/v1/models/groundcrew")).json()["object"] == "model"
    unknown = await client.get("/v1/models/gpt-4o")
    assert unknown.status_code == 404
    assert unknown.json()["error"]["code"] == "model_not_found"


async def test_an_answer_in_one_piece(rig):
    client = await rig.client(Role.VIEWER)
    reply = await client.post(CHAT, json={"model": "groundcrew", "messages": ASK})
    body = reply.json()
    assert body["object"] == "chat.completion"
    assert body["id"].startswith("chatcmpl-")
    [choice] = body["choices"]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"].startswith("**PSU2** lost its input [1][2].")
    assert "**Sources**" in choice["message"]["content"]
    assert "(http://127.0.0.1:40083/incidents/" in choice["message"]["content"]
    assert body["usage"] == {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}
    assert body["groundcrew"]["outcome"] == "answered"
    [asked] = [one for one in rig.fleet.asked if hasattr(one, "earlier")]
    assert (asked.actor, asked.keep, asked.text) == ("ada", False, ASK[0]["content"])


async def test_a_streamed_answer_comes_in_chunks_and_is_done(rig):
    client = await rig.client(Role.VIEWER)
    body = {"model": "groundcrew", "messages": ASK, "stream": True, "stream_options": {"include_usage": True}}
    reply = await client.post(CHAT, json=body)
    assert reply.headers["content-type"].startswith("text/event-stream")
    *chunks, done = events(reply.text)
    assert done == "[DONE]"
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    words = "".join(one["choices"][0]["delta"].get("content", "") for one in chunks if one["choices"])
    assert words.startswith("**PSU2** lost its input [1][2].")
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert (chunks[-1]["choices"], chunks[-1]["usage"]["total_tokens"]) == ([], 150)
    assert len({one["id"] for one in chunks}) == 1


async def test_usage_is_told_in_a_stream_only_where_it_is_asked_for(rig):
    client = await rig.client()
    reply = await client.post(CHAT, json={"model": "groundcrew", "messages": ASK, "stream": True})
    assert all("usage" not in one for one in events(reply.text)[:-1])


async def test_what_is_missing_stands_in_the_text(rig):
    rig.fleet.answer = answer(outcome=CompletionOutcome.NOT_CONFIGURED, missing="No model is configured.", model="")
    client = await rig.client()
    body = (await client.post(CHAT, json={"model": "groundcrew", "messages": ASK})).json()
    assert "*No model is configured.*" in body["choices"][0]["message"]["content"]


async def test_conversations_and_parts_are_read_and_what_is_unknown_is_ignored(rig):
    client = await rig.client()
    messages = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "developer", "content": [{"type": "text", "text": "Arr."}]},
        {"role": "user", "content": "what is wrong with brickbox-43?"},
        {"role": "assistant", "content": "PSU2.", "tool_calls": []},
        {"role": "tool", "tool_call_id": "x", "content": "42"},
        {"role": "user", "name": "eve", "content": [
            {"type": "text", "text": "and"}, {"type": "image_url", "image_url": {"url": "data:x"}},
            {"type": "text", "text": "why?"},
        ]},
    ]  # fmt: skip
    body = {
        "model": "groundcrew", "messages": messages, "temperature": 0.3, "tools": [{"type": "function"}],
        "tool_choice": "auto", "metadata": {"a": 1}, "max_completion_tokens": 99_999, "chat_id": "open-webui",
    }  # fmt: skip
    assert (await client.post(CHAT, json=body)).status_code == 200
    [asked] = [one for one in rig.fleet.asked if hasattr(one, "earlier")]
    assert asked.text == "and\nwhy?"
    assert [(one.role, one.text) for one in asked.earlier] == [
        ("user", "what is wrong with brickbox-43?"), ("assistant", "PSU2."),
    ]  # fmt: skip
    assert asked.max_tokens == 16_384


TITLE = (
    "### Task:\nGenerate a concise, 3-5 word title with an emoji.\nJSON format: {}\n"
    "<chat_history>\nUSER: why did brickbox-43 die?\n</chat_history>"
)


@pytest.mark.parametrize(
    ("task", "key"),
    [
        (TITLE, "title"),
        ("### Task:\nGenerate 1-3 broad tags categorizing the main themes\nJSON format: {}", "tags"),
        ("### Task:\nSuggest 3-5 relevant follow-up questions\nJSON format: {}", "follow_ups"),
        ("### Task:\nAnalyze the chat history to determine the necessity of generating search queries", "queries"),
    ],
)
async def test_side_requests_of_chat_pages_ask_nobody(rig, task, key):
    client = await rig.client()
    body = {"model": "groundcrew", "messages": [{"role": "user", "content": task}]}
    text = (await client.post(CHAT, json=body)).json()["choices"][0]["message"]["content"]
    assert key in json.loads(text)
    streamed = events((await client.post(CHAT, json=body | {"stream": True})).text)
    assert key in streamed[0]["choices"][0]["delta"]["content"]
    assert [one for one in rig.fleet.asked if hasattr(one, "earlier")] == []


async def test_a_title_is_the_users_first_words(rig):
    client = await rig.client()
    task = "Provide a concise, 5-word-or-less title for the conversation, using title case."
    messages = [{"role": "user", "content": "is all well?"}, {"role": "user", "content": task}]
    reply = await client.post(CHAT, json={"model": "groundcrew", "messages": messages})
    assert reply.json()["choices"][0]["message"]["content"] == "is all well?"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"model": "gpt-4o", "messages": ASK}, 404, "model"),
        ({"model": "groundcrew"}, 400, "messages"),
        ({"model": "groundcrew", "messages": []}, 400, "messages"),
        ({"model": "groundcrew", "messages": [{"role": "system", "content": "x"}]}, 400, "messages"),
        ({"model": "groundcrew", "messages": [*ASK, {"role": "assistant", "content": "x"}]}, 400, "messages"),
        ({"model": "groundcrew", "messages": [{"role": "user", "content": "x" * 20_001}]}, 400, "messages"),
        ({"model": "groundcrew", "messages": ASK, "n": 2}, 400, "n"),
        ({"model": "groundcrew", "messages": ASK, "max_tokens": 0}, 400, "max_tokens"),
        ({"model": "groundcrew", "messages": ASK, "tool_choice": "required"}, 400, "tool_choice"),
        ({"model": "groundcrew", "messages": ASK, "response_format": {"type": "json_object"}}, 400, "response_format"),
    ],
)
async def test_a_request_that_cannot_be_answered_says_which_field(rig, body, status, param):
    client = await rig.client()
    reply = await client.post(CHAT, json=body)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/json"
    error = reply.json()["error"]
    assert error["param"] == param
    assert set(error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"messages": "x"}'])
async def test_no_json_is_a_400_in_the_protocols_shape(rig, body):
    client = await rig.client()
    reply = await client.post(CHAT, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400
    assert reply.json()["error"]["type"] == "invalid_request_error"


async def test_errors_have_the_protocols_shape_under_v1_and_nowhere_else(rig):
    nobody = await rig.client(None)
    refused = await nobody.get("/v1/models")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
    browser = await nobody.get("/v1/models", headers={"Accept": "text/html"})
    assert browser.headers["content-type"] == "application/json"
    client = await rig.client()
    assert (await client.get("/v1/models?site=other")).json()["error"]["type"] == "permission_error"
    assert "error" in (await client.get("/v1/nothing-here")).json()
    assert "error" in (await client.get(CHAT)).json()
    long = await client.post(CHAT, content=b"x" * 1_048_577)
    assert (long.status_code, long.json()["error"]["type"]) == (413, "invalid_request_error")
    elsewhere = await client.get("/api/v1/nothing-here")
    assert elsewhere.headers["content-type"] == "application/problem+json"
    foreign = await client.get("/v1/models", headers={"Host": "evil.example"})
    assert foreign.json()["error"]["message"].startswith("the Host header")


async def test_too_many_wrong_keys_are_told_to_wait(rig):
    client = await rig.client(None)
    for _ in range(10):
        await client.get("/v1/models", headers={"Authorization": "Bearer gck_000000000000_wrong"})
    reply = await client.get("/v1/models", headers={"Authorization": "Bearer gck_000000000000_wrong"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert int(reply.headers["retry-after"]) > 0


async def test_meta_away_is_a_503_and_breaks_a_stream_with_an_error_in_it(rig):
    rig.fleet.breaks = RequestFailed(Failure.UNAVAILABLE, "the store does not answer")
    client = await rig.client()
    whole = await client.post(CHAT, json={"model": "groundcrew", "messages": ASK})
    assert (whole.status_code, whole.json()["error"]["type"]) == (503, "server_error")
    streamed = events((await client.post(CHAT, json={"model": "groundcrew", "messages": ASK, "stream": True})).text)
    assert streamed[-1]["error"]["message"] == "the store does not answer"
    assert "[DONE]" not in streamed


async def test_pages_elsewhere_may_not_call(rig):
    client = await rig.client()
    reply = await client.get("/v1/models", headers={"Origin": "https://chat.example.org"})
    assert "access-control-allow-origin" not in reply.headers
    asked = {"Origin": "https://chat.example.org", "Access-Control-Request-Method": "POST"}
    assert (await client.options(CHAT, headers=asked)).status_code >= 400


class TestWithAnOriginThatMayCall:
    @pytest.fixture
    def section(self) -> GatewaySection:
        return GatewaySection(port=0, cors_origins=["https://chat.example.org"])

    async def test_it_may_with_a_key_under_v1_only(self, rig):
        client = await rig.client()
        origin = {"Origin": "https://chat.example.org"}
        asked = origin | {
            "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-stainless-os",
        }  # fmt: skip
        preflight = await client.options(CHAT, headers=asked)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "https://chat.example.org"
        assert "x-stainless-os" in preflight.headers["access-control-allow-headers"]
        reply = await client.get("/v1/models", headers=origin)
        assert reply.headers["access-control-allow-origin"] == "https://chat.example.org"
        assert "access-control-allow-credentials" not in reply.headers
        other = await client.get("/v1/models", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        rest = await client.get("/api/v1/status", headers=origin)
        assert "access-control-allow-origin" not in rest.headers


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = ["model", "messages", "stream", "stream_options", "max_tokens", "n", "tool_choice", "response_format"]


async def test_no_body_makes_the_gateway_fail(rig):
    client = await rig.client()
    bodies = []

    @settings(max_examples=60, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(st.sampled_from([*_FIELDS, "other"]), _JSON, max_size=4), st.booleans())
    def collect(body, sensible) -> None:
        bodies.append(({"model": "groundcrew", "messages": ASK} if sensible else {}) | body)

    collect()
    for body in bodies:
        reply = await client.post(CHAT, json=body)
        assert reply.status_code < 500, body
        if reply.status_code >= 400:
            assert set(reply.json()["error"]) == {"message", "type", "param", "code"}
