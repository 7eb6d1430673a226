"""The inventory: the operator's file, the hosts that report, and the revisions that the others read."""

import pytest

from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.observations import InventoryObserved
from groundcrew.contracts.queries import Endpoints, HostsQuery
from groundcrew.contracts.streams import Buckets
from groundcrew.runtime.settings import SettingsError, load
from groundcrew_context.inventory import KEY, InventoryBook, InventoryError, read_inventory
from groundcrew_context.settings import Settings

from .conftest import START, sealed, trigger

HOST = """
[[host]]
name = "n{i}"
bmc = "n{i}-bmc"
rack = "r1"
pdu = ["pdu-a", "pdu-b"]
switch = "tor-1"
"""
RACK = "".join(HOST.format(i=i) for i in range(4))


def observed(name: str):
    return sealed(InventoryObserved(facts={}, sources=[]), name, (name * 32)[:32].encode().hex()[:32], START)


async def published(station) -> Inventory:
    bucket = await station.bus.key_value(Buckets.INVENTORY)
    return Inventory.model_validate_json((await bucket.get("current")).value)


async def test_file_is_published_as_a_revision(station, tmp_path):
    file = tmp_path / "inventory.toml"
    file.write_text(RACK)
    await station.start(inventory_file=str(file))
    inventory = await published(station)
    assert (inventory.revision, [h.name for h in inventory.host]) == (1, ["n0", "n1", "n2", "n3"])


async def test_a_revision_that_comes_late_does_not_undo_a_newer_one(station):
    book = InventoryBook(await station.bus.key_value(Buckets.INVENTORY), None)
    for revision in (2, 1):
        hosts = [InventoryHost(name=f"n{revision}")]
        await book.changed(KEY, Inventory(revision=revision, host=hosts).model_dump_json().encode())
    assert [host.name for host in book.current.host] == ["n2"]


async def test_host_that_reports_unlisted_is_taken_up_once(station, tmp_path):
    file = tmp_path / "inventory.toml"
    file.write_text(RACK)
    await station.start(inventory_file=str(file))
    await station.send(observed("stray"), observed("stray"), observed("n1"))
    inventory = await published(station)
    assert (inventory.revision, inventory.host[-1].name) == (2, "stray")


async def test_restart_with_the_same_file_makes_no_revision(station, tmp_path):
    file = tmp_path / "inventory.toml"
    file.write_text(RACK)
    await station.start(inventory_file=str(file), instance="one")
    await station.send(observed("stray"))
    await station.start(inventory_file=str(file), instance="one")
    assert (await published(station)).revision == 2


async def test_topology_of_the_file_makes_one_incident_of_a_feed(station, tmp_path):
    file = tmp_path / "inventory.toml"
    file.write_text(RACK)
    await station.start(inventory_file=str(file))
    await station.send(*(trigger(f"n{i}", "psu.input_lost", "PSU2", at=i) for i in range(4)))
    live = [i for i in await station.incidents() if i.merged_into is None]
    assert [(i.cause.id, i.hosts) for i in live] == [("pdu.failed", ["n0", "n1", "n2", "n3"])]


async def test_hosts_of_the_file_are_shown_though_they_never_reported(station, tmp_path):
    file = tmp_path / "inventory.toml"
    file.write_text(RACK)
    await station.start(inventory_file=str(file))
    page = await station.ask(Endpoints.HOSTS, HostsQuery(name="n2"))
    assert [(h.name, h.last_seen, h.health) for h in page.items] == [("n2", None, 100)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[host]]\nname = "n1"\ncolour = "red"', "host 'n1', colour: "),
        ('[[host]]\nrack = "r1"', "host number 1, name: "),
        ('[[host]]\nname = "n1"\n[[host]]\nname = "n1"', "host 'n1' is listed twice"),
        ("[[host]\n", "expected TOML with [[host]] tables"),
        ('[[server]]\nname = "n1"', "server: "),
    ],
)
def test_mistake_in_the_file_is_told_in_one_line(tmp_path, text, told):
    file = tmp_path / "inventory.toml"
    file.write_text(text)
    with pytest.raises(InventoryError) as error:
        read_inventory(file)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert str(file) in str(error.value)


def test_file_that_is_not_there_is_a_settings_error_with_its_key(tmp_path):
    overrides = {"context": {"inventory_file": str(tmp_path / "none.toml")}}
    with pytest.raises(SettingsError) as error:
        load(Settings, environ={}, overrides=overrides)
    [told] = error.value.lines
    assert "context.inventory_file" in told
    assert "expected a readable inventory file" in told
