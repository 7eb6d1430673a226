"""Keys, sessions, sites, origins and what is refused before any handler runs."""

import stat
from datetime import UTC, datetime, timedelta

import pytest

from groundcrew.contracts.clock import VirtualClock
from groundcrew.contracts.identity import stable_id
from groundcrew.stores.gateway.port import Role
from groundcrew_gateway import keys
from groundcrew_gateway.access import COOKIE
from groundcrew_gateway.limits import AuthFailures

ACTION = stable_id("action", 1)
BASE = "http://127.0.0.1:40083"


async def test_a_key_reaches_its_sites_and_no_other(rig):
    client = await rig.client(Role.VIEWER, ("default", "demo"))
    assert (await client.get("/api/v1/me")).json()["site"] == "default"
    assert (await client.get("/api/v1/me?site=demo")).json()["site"] == "demo"
    refused = await client.get("/api/v1/me?site=other")
    assert refused.status_code == 403
    assert refused.json()["detail"] == "this key has no access to site 'other'"


async def test_the_site_of_a_request_is_the_site_that_is_asked(rig):
    client = await rig.client(Role.VIEWER, ("default", "demo"))
    assert (await client.get("/api/v1/incidents")).json()["items"]
    assert (await client.get("/api/v1/incidents?site=demo")).status_code == 503


@pytest.mark.parametrize("text", ["", "gck_", "gck_0a1b2c3d4e5f_short", "Basic abc", "gck_000000000000_" + "A" * 43])
async def test_what_is_no_key_opens_nothing(rig, text):
    client = await rig.client(None)
    answer = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 401


async def test_a_right_id_with_a_wrong_secret_opens_nothing(rig):
    key = await rig.key()
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    client = await rig.client(None)
    assert (await client.get("/api/v1/me", headers={"Authorization": f"Bearer {wrong}"})).status_code == 401


async def test_only_hashes_of_secrets_are_stored(rig):
    key = await rig.key()
    secret = key.split("_", 2)[2]
    stored = await rig.store.keys()
    assert secret not in repr(stored)


async def test_a_revoked_key_ends_its_sessions_too(rig):
    admin = await rig.client()
    made = (await admin.post("/api/v1/keys", json={"name": "n", "role": "viewer", "sites": ["default"]})).json()
    browser = await rig.client(None)
    await browser.post("/api/v1/session", json={"key": made["key"]}, headers={"Origin": BASE})
    assert (await browser.get("/api/v1/me")).status_code == 200
    assert (await admin.delete(f"/api/v1/keys/{made['id']}")).json()["revoked_at"] is not None
    assert (await browser.get("/api/v1/me")).status_code == 401


async def test_nobody_makes_or_sees_a_key_beyond_their_own_sites(rig):
    admin = await rig.client(Role.ADMIN, ("default",))
    wide = {"name": "n", "role": "viewer", "sites": ["default", "demo"]}
    assert (await admin.post("/api/v1/keys", json=wide)).status_code == 403
    await rig.key(Role.VIEWER, ("demo",), name="elsewhere")
    assert "elsewhere" not in (await admin.get("/api/v1/keys")).text


@pytest.mark.parametrize("name", ["policy", "Actions", " runner ", "ｐｏｌｉｃｙ"])
async def test_no_key_can_sign_as_a_part_of_the_program(rig, name):
    admin = await rig.client()
    answer = await admin.post("/api/v1/keys", json={"name": name, "role": "viewer", "sites": ["default"]})
    assert answer.status_code == 409


async def test_a_name_points_at_one_key_of_a_site_until_it_is_revoked(rig):
    admin = await rig.client(Role.ADMIN, ("default", "demo"))
    wanted = {"name": "grace", "role": "operator", "sites": ["default"]}
    first = (await admin.post("/api/v1/keys", json=wanted)).json()
    assert (await admin.post("/api/v1/keys", json=wanted | {"name": "Grace"})).status_code == 409
    assert (await admin.post("/api/v1/keys", json=wanted | {"sites": ["demo"]})).status_code == 201
    await admin.delete(f"/api/v1/keys/{first['id']}")
    assert (await admin.post("/api/v1/keys", json=wanted)).status_code == 201


async def test_use_of_a_key_is_noted_once_a_minute(rig):
    client = await rig.client()
    for expected in (0, 0, 90):
        rig.clock.advance_to(rig.clock.now() + timedelta(seconds=expected))
        await client.get("/api/v1/me")
    (stored,) = await rig.store.keys()
    assert stored.last_used_at == rig.clock.now()


async def test_a_login_link_signs_in_once(rig):
    token = await keys.single_use_token(rig.store, await rig.key(), rig.clock.now())
    client = await rig.client(None)
    client.headers["Origin"] = BASE
    first = await client.post("/api/v1/session", json={"token": token})
    assert first.status_code == 200
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert (await client.get("/api/v1/me")).json()["via"] == "session"
    assert (await client.post("/api/v1/session", json={"token": token})).status_code == 401


async def test_a_login_link_expires(rig):
    token = await keys.single_use_token(rig.store, await rig.key(), rig.clock.now())
    rig.clock.advance_to(rig.clock.now() + keys.LOGIN_LIFE)
    client = await rig.client(None)
    answer = await client.post("/api/v1/session", json={"token": token}, headers={"Origin": BASE})
    assert answer.status_code == 401


async def test_a_token_is_not_made_for_a_wrong_key(rig):
    with pytest.raises(ValueError, match="unknown or revoked"):
        await keys.single_use_token(rig.store, "gck_000000000000_" + "A" * 43, rig.clock.now())


async def test_a_session_ends_by_signing_out_and_by_time(rig):
    browser = await rig.browser()
    assert (await browser.get("/api/v1/session")).json() == {"signed_in": True}
    await browser.delete("/api/v1/session")
    assert (await browser.get("/api/v1/session")).json() == {"signed_in": False}
    late = await rig.browser()
    rig.clock.advance_to(rig.clock.now() + timedelta(hours=12))
    assert (await late.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:40084"])
async def test_a_cookie_acts_only_for_our_own_pages(rig, origin):
    browser = await rig.browser()
    del browser.headers["Origin"]
    headers = {"Origin": origin} if origin else {}
    answer = await browser.post(f"/api/v1/actions/{ACTION}/approve", json={}, headers=headers)
    assert answer.status_code == 403
    assert rig.fleet.asked == []


async def test_a_key_needs_no_origin(rig):
    client = await rig.client()
    assert (await client.post(f"/api/v1/actions/{ACTION}/approve", json={})).status_code == 200


async def test_ten_wrong_secrets_shut_out_that_key_id_and_not_its_neighbour(rig):
    good, target = await rig.client(), await rig.key()
    wrong = target[:-4] + "AAAA"
    for _ in range(10):
        assert (await good.get("/api/v1/me", headers={"Authorization": f"Bearer {wrong}"})).status_code == 401
    limited = await good.get("/api/v1/me", headers={"Authorization": f"Bearer {target}"})
    assert limited.status_code == 429
    assert 0 < int(limited.headers["retry-after"]) <= 61
    assert (await good.get("/api/v1/me")).status_code == 200
    rig.clock.advance_to(rig.clock.now() + timedelta(seconds=61))
    assert (await good.get("/api/v1/me", headers={"Authorization": f"Bearer {target}"})).status_code == 200


def test_an_address_is_shut_out_over_all_ids_and_memory_stays_bounded():
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    failures = AuthFailures(clock, per_address=20, remembered=50)
    for number in range(200):
        failures.note("10.0.0.1", str(number))
    assert failures.wait_s("10.0.0.1", "another") > 0
    assert failures.wait_s("10.0.0.2", "another") == 0
    assert len(failures._failures) <= 50


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "gateway:40083", ""])
async def test_a_foreign_host_header_is_refused(rig, host):
    client = await rig.client()
    answer = await client.get("/api/v1/me", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"


async def test_every_answer_carries_the_headers_that_protect_a_browser(rig):
    client = await rig.client(None)
    for path in ("/api/v1/me", "/healthz", "/nowhere"):
        headers = (await client.get(path)).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "'unsafe-inline'" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


async def test_a_big_body_is_refused_whether_or_not_it_says_its_length(rig):
    client = await rig.client()
    big = b"x" * 70_000
    path = f"/api/v1/actions/{ACTION}/approve"
    assert (await client.post(path, content=big)).status_code == 413

    async def chunks():
        for _ in range(70):
            yield b"x" * 1_000

    answer = await client.post(path, content=chunks(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


async def test_nul_characters_never_reach_an_owner(rig):
    client = await rig.client()
    assert (await client.get("/api/v1/logs?contains=a%00b")).status_code == 400
    assert (await client.get("/api/v1/hosts/a%00b")).status_code == 400
    answer = await client.post(f"/api/v1/actions/{ACTION}/approve", json={"comment": "a\0b"})
    assert answer.status_code == 422


async def test_the_local_key_is_private_reused_and_made_anew_when_revoked(rig, tmp_path):
    path = tmp_path / "home" / "api-key"
    key = await keys.ensure_local_key(rig.store, path, rig.clock.now())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == f"{key}\n"
    assert await keys.ensure_local_key(rig.store, path, rig.clock.now()) == key
    await rig.store.revoke_key(keys.key_id_of(key), rig.clock.now())
    renewed = await keys.ensure_local_key(rig.store, path, rig.clock.now())
    assert renewed != key
    assert (await keys.find_key(rig.store, renewed)).sites == ("default", "demo")
    assert [entry.name for entry in path.parent.iterdir()] == ["api-key"]
