"""The inventory over REST: reading by revision, editing beside the operator's file."""

import pytest

from groundcrew.stores.gateway.port import Role

PATH = "/api/v1/inventory"


async def test_inventory_is_read_by_its_revision(rig):
    client = await rig.client(Role.VIEWER)
    first = await client.get(PATH)
    assert (first.headers["etag"], first.json()["revision"], first.json()["changed_by"]) == ('"7"', 7, "ada")
    again = await client.get(PATH, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_host_is_added_read_changed_and_removed_under_the_keys_name(rig):
    client = await rig.client()
    made = await client.put(f"{PATH}/hosts/web-02", json={"name": "web-02", "rack": "r8", "pdu": ["pdu-4a"]})
    assert (made.status_code, made.json()["origin"], made.headers["etag"]) == (200, "rest", '"8"')
    assert rig.fleet.asked[-1].actor == "ada"
    read = (await client.get(f"{PATH}/hosts/web-02")).json()
    changed = await client.put(f"{PATH}/hosts/web-02", json=read | {"rack": "r9"}, headers={"If-Match": '"8"'})
    assert changed.json()["rack"] == "r9"
    removed = await client.delete(f"{PATH}/hosts/web-02")
    assert (removed.status_code, removed.json()["revision"]) == (200, 10)
    assert (await client.get(f"{PATH}/hosts/web-02")).status_code == 404


async def test_entry_of_the_operators_file_is_edited_there(rig):
    client = await rig.client()
    answer = await client.put(f"{PATH}/hosts/brickbox-43", json={"name": "brickbox-43", "rack": "r1"})
    assert answer.status_code == 409
    assert answer.json()["detail"] == (
        "host 'brickbox-43' is listed in the operator's file /etc/groundcrew/inventory.toml: edit it there"
    )


async def test_edit_for_a_revision_that_is_over_fails_its_precondition(rig):
    client = await rig.client()
    answer = await client.put(f"{PATH}/hosts/web-02", json={"name": "web-02"}, headers={"If-Match": '"6"'})
    assert (answer.status_code, answer.json()["detail"]) == (
        412,
        "the inventory is at revision 7 now, not 6: read it again",
    )
    wrong = await client.put(f"{PATH}/hosts/web-02", json={"name": "web-02"}, headers={"If-Match": "soon"})
    assert wrong.status_code == 400


async def test_name_in_the_address_and_in_the_body_are_the_same(rig):
    client = await rig.client()
    answer = await client.put(f"{PATH}/bmcs/a", json={"name": "b"})
    assert answer.json()["detail"] == "name: the address says 'a' and the body 'b'; they must be the same"


async def test_several_changes_hold_together_or_not_at_all(rig):
    client = await rig.client()
    change = {"host": [{"name": "web-02", "bmc": "brickbox-43-bmc"}], "remove": ["host:web-01"]}
    refused = await client.patch(PATH, json=change)
    assert refused.status_code == 400
    assert "a BMC sits in one host" in refused.json()["detail"]
    assert rig.fleet.inventory.revision == 7
    made = await client.patch(PATH, json=change | {"host": [{"name": "web-02"}]})
    assert [one["name"] for one in made.json()["host"]] == ["brickbox-43", "brickbox-44", "web-02"]
    assert made.headers["etag"] == '"8"'


async def test_edit_with_an_idempotency_key_takes_effect_once(rig):
    client = await rig.client()
    once = {"Idempotency-Key": "rack-r8", "If-Match": '"7"'}
    change = {"host": [{"name": "web-02", "rack": "r8"}]}
    first = await client.patch(PATH, json=change, headers=once)
    again = await client.patch(PATH, json=change, headers=once)
    assert (first.content, first.headers["etag"]) == (again.content, again.headers["etag"])
    assert again.headers["idempotency-replayed"] == "true"
    assert rig.fleet.inventory.revision == 8


async def test_dependency_is_added_and_removed(rig):
    client = await rig.client()
    need = {"entity": "host:web-01", "on": "switch:tor-7", "kind": "network"}
    made = await client.post(f"{PATH}/dependencies", json=need)
    assert made.json()["dependency"][-1] == need | {"origin": "rest"}
    answer = await client.delete(f"{PATH}/dependencies", params={"entity": "host:web-01", "on": "switch:tor-7"})
    assert len(answer.json()["dependency"]) == 1


@pytest.mark.parametrize("path", ["hosts/none", "bmcs/none"])
async def test_removing_what_is_not_there_is_told(rig, path):
    client = await rig.client()
    assert (await client.delete(f"{PATH}/{path}")).status_code == 404
