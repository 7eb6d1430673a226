"""What is refused before the protocol sees it, and with which words."""

import logging

import httpx2
import pytest

from groundcrew.runtime.serving import PortTaken


@pytest.fixture
async def served(site):
    await site.gateway()
    await site.mcp(key_seconds=0)
    return site


async def test_a_good_key_is_answered(served):
    key = await served.key()
    answer = await served.post(key.text)
    assert answer.status_code == 200
    assert '"name":"groundcrew"' in answer.text


async def test_without_a_key_the_answer_says_how_to_show_one(served):
    answer = await served.post()
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="groundcrew"'
    assert answer.json()["detail"] == "an API key is required: Authorization: Bearer gck_..."


@pytest.mark.parametrize("text", ["gck_000000000000_" + "x" * 43, "nonsense", "ü" * 10, "x" * 5_000])
async def test_a_wrong_key_is_refused(served, text):
    answer = await served.post(headers={"Authorization": b"Bearer " + text.encode()})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert text not in answer.text


async def test_a_revoked_key_is_refused(served):
    key = await served.key()
    assert (await served.post(key.text)).status_code == 200
    await served.revoke(key.key)
    assert (await served.post(key.text)).status_code == 401


async def test_whoever_guesses_keys_is_told_to_wait(served):
    wrong = "gck_000000000000_" + "x" * 43
    statuses = [(await served.post(wrong)).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    answer = await served.post(wrong)
    assert int(answer.headers["retry-after"]) > 0
    good = await served.key()
    assert (await served.post(good.text)).status_code == 200, "a neighbour on the same address is not shut out"


async def test_while_the_gateway_is_away_nobody_is_told_that_their_key_is_wrong(site):
    gateway = await site.gateway()
    await site.mcp(key_seconds=0)
    key = await site.key()
    await gateway.aclose()
    answer = await site.post(key.text)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "API keys cannot be checked just now" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", ""])
async def test_another_host_s_name_is_refused_whatever_the_key(served, name):
    key = await served.key()
    answer = await served.post(key.text, headers={"Host": name})
    assert answer.status_code == 421
    assert "mcp.allowed_hosts" in answer.json()["detail"]


async def test_a_host_that_is_allowed_is_answered(site):
    await site.gateway()
    await site.mcp(allowed_hosts=["crew.example"])
    key = await site.key()
    assert (await site.post(key.text, headers={"Host": "crew.example:443"})).status_code == 200
    assert (await site.post(key.text)).status_code == 421


async def test_a_page_of_another_origin_is_refused(served):
    key = await served.key()
    answer = await served.post(key.text, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert (await served.post(key.text, headers={"Origin": "http://localhost:6274"})).status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_there_are_no_sessions_to_open_or_to_end(served, method):
    key = await served.key()
    async with httpx2.AsyncClient() as client:
        answer = await client.request(method, served.url, headers={"Authorization": f"Bearer {key.text}"})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


GARBAGE = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"\xff\xfe",
    b"[" * 10_000,
    b'{"jsonrpc": "2.0"}',
    b'{"jsonrpc": "2.0", "id": {}}',
    b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": 7}',
)


@pytest.mark.parametrize("version", [None, "2026-07-28", "never"])
async def test_garbage_is_the_client_s_mistake_and_breaks_nothing(served, version, caplog):
    key = await served.key()
    headers = {"Content-Type": "application/json"} | ({"MCP-Protocol-Version": version} if version else {})
    with caplog.at_level(logging.ERROR):
        statuses = {body: (await served.post(key.text, headers=headers, content=body)).status_code for body in GARBAGE}
    assert {body: status for body, status in statuses.items() if not 200 <= status < 500} == {}
    assert (await served.post(key.text)).status_code == 200
    assert not caplog.records


async def test_a_body_that_is_too_long_is_refused_also_where_it_hides_its_length(served):
    key = await served.key()
    long = b'{"jsonrpc": "2.0", "id": 1, "method": "' + b"x" * 300_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    assert (await served.post(key.text, headers=headers, content=long)).status_code == 413

    async def in_chunks():
        for start in range(0, len(long), 10_000):
            yield long[start : start + 10_000]

    assert (await served.post(key.text, headers=headers, content=in_chunks())).status_code == 413


async def test_probes_need_no_key_and_no_name(served):
    base = served.url.removesuffix("/mcp")
    async with httpx2.AsyncClient(base_url=base, headers={"Host": "mcp:40084"}) as client:
        assert (await client.get("/healthz")).json() == {"status": "alive"}
        assert (await client.get("/version")).json()["name"] == "groundcrew"
        await served.post()
        text = (await client.get("/metrics")).text
        assert 'groundcrew_mcp_requests_total{outcome="401"} 1.0' in text
        assert (await client.get("/readyz")).status_code in (200, 503)
        assert (await client.get("/mcp/")).status_code == 404


async def test_a_taken_port_is_named_with_its_setting(site):
    await site.mcp()
    with pytest.raises(PortTaken, match=rf"127\.0\.0\.1:{site.port}.*mcp\.port"):
        await site.mcp()
