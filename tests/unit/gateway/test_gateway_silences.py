"""Silences over REST and as a page."""

from groundcrew.stores.gateway.port import Role

from .conftest import BASE

PATH = "/api/v1/silences"
WANTED = {"targets": ["host:web-01"], "duration_s": 7_200, "why": "new firmware, ticket 4711"}


async def test_host_is_silenced_listed_and_the_silence_ended_under_the_keys_name(rig):
    client = await rig.client(Role.OPERATOR)
    made = (await client.post(PATH, json=WANTED)).json()
    assert (made["by"], made["kind"], made["starts_at"], made["ends_at"]) == (
        "ada",
        "silence",
        "2026-03-04T03:00:00Z",
        "2026-03-04T05:00:00Z",
    )
    assert [one["id"] for one in (await client.get(PATH)).json()["items"]] == [made["id"]]
    ended = (await client.delete(f"{PATH}/{made['id']}")).json()
    assert (ended["ended_by"], ended["ends_at"]) == ("ada", "2026-03-04T03:00:00Z")
    assert (await client.get(PATH)).json()["items"] == []
    assert len((await client.get(PATH, params={"over": "true"})).json()["items"]) == 1
    assert (await client.delete(f"{PATH}/{made['id']}")).status_code == 409
    assert (await client.delete(f"{PATH}/{'0' * 32}")).status_code == 404


async def test_with_an_idempotency_key_it_is_made_once(rig):
    client = await rig.client(Role.OPERATOR)
    once = {"Idempotency-Key": "firmware-r7"}
    first, again = [await client.post(PATH, json=WANTED, headers=once) for _ in range(2)]
    assert (first.content, again.headers["idempotency-replayed"]) == (again.content, "true")
    assert len((await client.get(PATH)).json()["items"]) == 1


async def test_viewer_sees_and_does_not_silence(rig):
    client = await rig.client(Role.VIEWER)
    assert (await client.get(PATH)).status_code == 200
    assert (await client.post(PATH, json=WANTED)).status_code == 403


async def test_what_makes_no_sense_is_told_in_one_sentence(rig):
    client = await rig.client(Role.OPERATOR)
    for change, told in (
        ({"targets": ["web-01"]}, "targets: 'web-01': expected 'all', or one of host:NAME"),
        ({"duration_s": None}, "ends_at: expected this, or duration_s, and not both"),
        ({"ends_at": "2026-03-04T04:00:00Z"}, "ends_at: expected this, or duration_s, and not both"),
        ({"duration_s": None, "ends_at": "2026-03-04T02:00:00Z"}, "ends_at: expected after starts_at"),
    ):
        answer = await client.post(PATH, json=WANTED | change)
        assert (answer.status_code, told in answer.json()["detail"]) == (422, True), answer.json()


async def test_page_silences_and_the_page_of_the_host_says_so(rig):
    client = await rig.browser(Role.OPERATOR)
    sent = await client.post(
        "/silences",
        data={"targets": "host:web-01, rack:r9", "hours": "2", "kind": "maintenance", "why": "<b>new</b> firmware"},
        headers={"Origin": BASE},
    )
    assert (sent.status_code, sent.headers["location"]) == (303, "/silences?said=silenced")
    listed = (await client.get("/silences")).text
    assert "host:web-01, rack:r9" in listed
    assert "&lt;b&gt;new&lt;/b&gt; firmware" in listed
    assert "In maintenance" in (await client.get("/hosts/web-01")).text
    assert "In maintenance" not in (await client.get("/hosts/brickbox-43")).text
    [made] = (await client.get(PATH)).json()["items"]
    ended = await client.post(f"/silences/{made['id']}/end", headers={"Origin": BASE})
    assert ended.headers["location"] == "/silences?said=unsilenced"
    assert "In maintenance" not in (await client.get("/hosts/web-01")).text
