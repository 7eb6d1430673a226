"""The inventory: the operator's file, the hosts that report, and the revisions that the others read."""

import asyncio
import itertools

import pytest

from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryHost, Origin
from groundcrew.contracts.observations import InventoryObserved
from groundcrew.contracts.queries import Endpoints, HostsQuery
from groundcrew.contracts.streams import Buckets
from groundcrew.runtime.settings import SettingsError, load
from groundcrew_context.inventory import KEY, LOOK_S, InventoryBook, InventoryError, read_inventory
from groundcrew_context.inventory_file import read_csv
from groundcrew_context.settings import Settings

from .conftest import START, sealed, silent, trigger

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
    assert {h.origin for h in inventory.host} == {Origin.FILE}
    assert (inventory.changed_by, inventory.changed_at) == ("file", START)


async def test_a_revision_that_comes_late_does_not_undo_a_newer_one(station):
    book = InventoryBook(await station.bus.key_value(Buckets.INVENTORY), station.clock, silent())
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
    assert (inventory.host[-1].origin, inventory.changed_by) == (Origin.OBSERVED, "collector")


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


async def test_edit_of_the_file_is_taken_up_without_a_restart(station, tmp_path):
    file = tmp_path / "inventory.toml"
    file.write_text(RACK)
    await station.start(inventory_file=str(file))
    _replace(file, RACK + HOST.format(i=4))
    inventory = await taken_up(station, 2)
    assert (inventory.revision, [h.name for h in inventory.host]) == (2, ["n0", "n1", "n2", "n3", "n4"])


async def test_mistake_in_the_file_while_running_is_told_and_the_inventory_stands(station, tmp_path):
    file = tmp_path / "inventory.toml"
    file.write_text(RACK)
    resources = await station.start(inventory_file=str(file))
    _replace(file, RACK + "[[host]]\ncolour = 'red'\n")

    async def check():
        await asyncio.sleep(0.01)
        await station.wait_until(next(seconds))
        return (await resources.health.report()).checks["inventory"]

    seconds = itertools.count(LOOK_S, LOOK_S)
    async with asyncio.timeout(20):
        while (told := await check()).ok:
            pass
        assert "host number 5" in told.detail
        assert (await published(station)).revision == 1
        _replace(file, RACK)
        while not (await check()).ok:
            pass


async def test_host_that_leaves_the_file_stays_by_name_without_its_places(station, tmp_path):
    file = tmp_path / "inventory.toml"
    file.write_text(RACK)
    await station.start(inventory_file=str(file))
    _replace(file, HOST.format(i=0))
    inventory = await taken_up(station, 2)
    assert inventory.host[1:] == [InventoryHost(name=f"n{i}", origin=Origin.OBSERVED) for i in (1, 2, 3)]


async def test_revision_of_an_older_version_is_read_and_its_strays_are_observed(station, tmp_path):
    bucket = await station.bus.key_value(Buckets.INVENTORY)
    await bucket.put("current", b'{"revision":7,"host":[{"name":"n0","rack":"r1"},{"name":"stray"}]}')
    file = tmp_path / "inventory.toml"
    file.write_text('[[host]]\nname = "n0"\nrack = "r1"\n')
    await station.start(inventory_file=str(file))
    inventory = await published(station)
    assert (inventory.revision, [h.origin for h in inventory.host]) == (8, [Origin.FILE, Origin.OBSERVED])


async def taken_up(station, revision):
    """The inventory once it is at this revision; the file is read in a thread, so a virtual clock alone won't do."""
    async with asyncio.timeout(20):
        seconds = itertools.count(LOOK_S, LOOK_S)
        while (inventory := await published(station)).revision < revision:
            await asyncio.sleep(0.01)
            await station.wait_until(next(seconds))
    return inventory


def _replace(file, text):
    """As editors do: another file under the same name."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[host]]\nname = "n1"\norigin = "rest"', "host 'n1', origin: it is written by Groundcrew; leave it out"),
        ("revision = 4", "revision: it is written by Groundcrew; leave it out"),
        (
            '[[host]]\nname = "a"\nbmc = "b"\n[[host]]\nname = "c"\nbmc = "b"',
            "bmc 'b' is named by the hosts 'a' and 'c'; a BMC sits in one host",
        ),
        ('[[host]]\nname = "a"\nbmc_address = "10.0.0.1"', "host 'a': bmc_address is given without bmc"),
        (
            '[[bmc]]\nname = "a"\naddress = "10.0.0.1"\n[[bmc]]\nname = "b"\naddress = "10.0.0.1"',
            "bmc 'a' and bmc 'b' have the same address 10.0.0.1:623",
        ),
        (
            '[[host]]\nname="h"\nbmc="b"\nbmc_address="10.0.0.2"\n[[bmc]]\nname="b"\naddress="10.0.0.1"',
            "bmc 'b' has two addresses: 10.0.0.1 of its own and 10.0.0.2 as bmc_address of host 'h'",
        ),
        ('[[bmc]]\nname = "b"\npassword_file = "/x"\npassword_env = "X"', "one of them is expected"),
        (
            '[[bmc]]\nname = "b"\ntls_ca = "/x"\ntls_verify = false',
            "bmc 'b': tls_ca and tls_verify = false are given; one of them is expected",
        ),
        ('[[bmc]]\nname = "b"\ntls_fingerprint = "ab:cd"', "bmc 'b', tls_fingerprint: "),
        (
            '[[bmc]]\nname = "a"\naddress = "x"\n[[bmc]]\nname = "b"\naddress = "x"\nprotocol = "redfish"',
            "bmc 'a' and bmc 'b' have the same address x:443",
        ),
        ('[[bmc]]\nname = "b"\nport = 0', "bmc 'b', port: "),
        ('[[dependency]]\nentity = "host:a"\non = "host:a"', "nothing depends on itself"),
        ('[[dependency]]\nentity = "a"\non = "host:a"', "dependency 'a', entity: "),
        (
            '[[host]]\nname="h"\n' + 2 * '[[host.part]]\ncomponent_class="psu"\nlocator="PSU1"\n',
            "host 'h': psu 'PSU1' is listed twice among its parts",
        ),
        ('[[host]]\nname = "a\\u0007"', "a name of printable characters"),
        ('[[host]]\nname = "n1"\ncolour = "red"', "host 'n1', colour: "),
        ('[[host]]\nrack = "r1"', "host number 1, name: "),
        ('[[host]]\nname = "n1"\n[[host]]\nname = "n1"', "host 'n1' is listed twice"),
        ("[[host]\n", "expected TOML with [[host]], [[bmc]] and [[dependency]] tables"),
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


def test_hosts_are_read_from_a_csv_file(tmp_path):
    file = tmp_path / "hosts.csv"
    file.write_text("\ufeffname,rack,unit,pdu,gpus\nn1,r1,U12,pdu-a;pdu-b,8\nn2,r1,,,\n", encoding="utf-8")
    first, second = read_csv(file).host
    assert (first.rack, first.unit, first.pdu, first.gpus) == ("r1", "U12", ["pdu-a", "pdu-b"], 8)
    assert second == InventoryHost(name="n2", rack="r1")


def test_bmcs_are_read_from_a_csv_file_with_a_column_that_no_host_has(tmp_path):
    file = tmp_path / "bmcs.csv"
    file.write_text(
        "name,address,protocol,port,user,tls_verify\nb1,10.0.0.1,redfish,,admin,false\nb2,10.0.0.2,,624,,\n"
    )
    first, second = read_csv(file).bmc
    assert (first.protocol, first.port, first.user, first.tls_verify) == ("redfish", 623, "admin", False)
    assert second == InventoryBmc(name="b2", address="10.0.0.2", port=624)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,protocol,rack\nb1,ipmi,r1\n", "there is no column 'rack'; expected a heading of name, address, port"),
        ("name,protocol\nb1,telnet\n", "bmc 'b1', protocol"),
        ("name,port\nb1,many\n", "bmc 'b1', port"),
        ("name,colour\nn1,red\n", "there is no column 'colour'; expected a heading of name, address"),
        ("rack\nr1\n", "the heading has no column 'name'"),
        ("", "the heading has no column 'name'"),
        ("name,gpus\nn1,8\nn2,many\n", "line 3, gpus: expected a number, not 'many'"),
        ("name,rack\n,r1\n", "line 2, name: it is empty"),
        ("name\nn1,r1\n", "line 2: it has more fields than the heading"),
        ('name\n"n1\n', "unexpected end of data"),
        ("name\nn1\nn1\n", "host 'n1' is listed twice"),
    ],
)
def test_mistake_in_a_csv_file_is_told_in_one_line(tmp_path, text, told):
    file = tmp_path / "hosts.csv"
    file.write_text(text)
    with pytest.raises(InventoryError) as error:
        read_csv(file)
    assert told in str(error.value)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_inventory_that_fits_no_message_is_refused_with_its_size(tmp_path):
    file = tmp_path / "inventory.toml"
    file.write_text("".join(f'[[host]]\nname = "{i}"\nrole = "{"x" * 1000}"\n' for i in range(1000)))
    with pytest.raises(InventoryError, match=r"would have 1,\d{3},\d{3} bytes, at most 900,000"):
        read_inventory(file)
