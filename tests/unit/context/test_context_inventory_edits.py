"""Edits of the inventory over the endpoint, beside the operator's file."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.bus.port import RequestFailed
from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryDependency, InventoryHost, Origin
from groundcrew.contracts.queries import EditInventory, Endpoints, Failure, InventoryQuery
from groundcrew_context.inventory_edits import edited, with_file
from groundcrew_context.inventory_faults import faults_of

FILE = '[[host]]\nname = "n1"\nrack = "r1"\nbmc = "n1-bmc"\n[[bmc]]\nname = "n1-bmc"\naddress = "10.0.0.1"\n'


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "inventory.toml"
    path.write_text(FILE)
    return path


async def edit(station, **changes) -> Inventory:
    return await station.ask(Endpoints.EDIT_INVENTORY, EditInventory(actor="ada", **changes))


async def refused(station, **changes) -> RequestFailed:
    with pytest.raises(RequestFailed) as failure:
        await edit(station, **changes)
    return failure.value


async def test_edit_is_a_revision_under_the_editors_name_and_outlives_a_restart(station, file):
    await station.start(inventory_file=str(file), instance="one")
    made = await edit(station, host=[InventoryHost(name="n2", rack="r2")])
    assert (made.revision, made.changed_by, made.host[-1].origin) == (2, "ada", Origin.REST)
    await station.start(inventory_file=str(file), instance="one")
    assert await station.ask(Endpoints.INVENTORY, InventoryQuery()) == made


async def test_entry_of_the_file_is_edited_in_the_file(station, file):
    await station.start(inventory_file=str(file))
    for changes in (
        {"host": [InventoryHost(name="n1", rack="elsewhere")]},
        {"remove": ["host:n1"]},
        {"bmc": [InventoryBmc(name="n1-bmc", address="10.0.0.9")]},
        {"remove": ["bmc:n1-bmc"]},
    ):
        failure = await refused(station, **changes)
        assert failure.failure is Failure.CONFLICT
        assert failure.reason.endswith(f"is listed in the operator's file {file}: edit it there")


async def test_entry_that_is_so_already_is_no_edit_whoever_lists_it(station, file):
    await station.start(inventory_file=str(file))
    same = await edit(station, host=[InventoryHost(name="n1", rack="r1", bmc="n1-bmc", origin=Origin.REST)])
    assert (same.revision, same.host[0].origin) == (1, Origin.FILE)


async def test_edit_for_a_revision_that_is_over_is_a_conflict(station, file):
    await station.start(inventory_file=str(file))
    await edit(station, revision=1, host=[InventoryHost(name="n2")])
    failure = await refused(station, revision=1, host=[InventoryHost(name="n3")])
    assert (failure.failure, failure.reason) == (
        Failure.CONFLICT,
        "the inventory is at revision 2 now, not 1: read it again",
    )


async def test_removing_what_is_not_there_is_told(station, file):
    await station.start(inventory_file=str(file))
    failure = await refused(station, remove=["host:n9"])
    assert (failure.failure, failure.reason) == (Failure.NOT_FOUND, "the inventory has no 'host:n9'")


async def test_edit_that_makes_no_sense_changes_nothing(station, file):
    await station.start(inventory_file=str(file))
    failure = await refused(station, host=[InventoryHost(name="n2", bmc="n1-bmc")])
    assert failure.failure is Failure.INVALID
    assert "a BMC sits in one host" in failure.reason
    assert (await station.ask(Endpoints.INVENTORY, InventoryQuery())).revision == 1


async def test_dependency_is_added_replaced_and_removed(station, file):
    await station.start(inventory_file=str(file))
    need = InventoryDependency(entity="host:n1", on="host:nfs", kind="storage")
    await edit(station, dependency=[need])
    made = await edit(station, dependency=[need.model_copy(update={"kind": "network"})])
    assert [(d.entity, d.on, d.kind, d.origin) for d in made.dependency] == [
        ("host:n1", "host:nfs", "network", Origin.REST)
    ]
    assert (await edit(station, remove=["dependency:host:n1>host:nfs"])).dependency == []


async def test_file_that_takes_up_an_edited_host_is_right_from_then_on(station, file):
    await station.start(inventory_file=str(file), instance="one")
    await edit(station, host=[InventoryHost(name="n2", rack="r2")])
    file.write_text(FILE + '[[host]]\nname = "n2"\nrack = "r7"\n')
    await station.start(inventory_file=str(file), instance="one")
    await station.broker.settle()
    inventory = await station.ask(Endpoints.INVENTORY, InventoryQuery())
    assert [(h.name, h.rack, h.origin) for h in inventory.host] == [("n1", "r1", "file"), ("n2", "r7", "file")]


async def test_edit_that_contradicts_a_newer_file_gives_way(station, file):
    await station.start(inventory_file=str(file), instance="one")
    await edit(station, host=[InventoryHost(name="n2", bmc="n3-bmc", rack="r2")])
    file.write_text(FILE + '[[host]]\nname = "n3"\nbmc = "n3-bmc"\n')
    await station.start(inventory_file=str(file), instance="one")
    await station.broker.settle()
    inventory = await station.ask(Endpoints.INVENTORY, InventoryQuery())
    assert inventory.host[-1] == InventoryHost(name="n2", origin=Origin.OBSERVED)


async def test_without_a_file_every_entry_can_be_edited(station):
    await station.start()
    await edit(station, host=[InventoryHost(name="n1", rack="r1")])
    made = await edit(station, host=[InventoryHost(name="n1", rack="r2")])
    assert [h.rack for h in made.host] == ["r2"]


NAMES = st.sampled_from(["a", "b", "c"])
ORIGINS = st.sampled_from(list(Origin))
HOSTS = st.builds(
    InventoryHost,
    name=NAMES,
    bmc=st.sampled_from(["", "x", "y"]),
    bmc_address=st.sampled_from(["", "10.0.0.1", "10.0.0.2"]),
    origin=ORIGINS,
)
BMCS = st.builds(
    InventoryBmc, name=st.sampled_from(["x", "y"]), address=st.sampled_from(["", "10.0.0.1"]), origin=ORIGINS
)
NEEDS = st.builds(InventoryDependency, entity=NAMES.map("host:{}".format), on=st.just("host:d"), origin=ORIGINS)


def _by_name(entry):
    return entry.name


INVENTORIES = st.builds(
    Inventory,
    host=st.lists(HOSTS, max_size=3, unique_by=_by_name),
    bmc=st.lists(BMCS, max_size=2, unique_by=_by_name),
    dependency=st.lists(NEEDS, max_size=2, unique_by=lambda one: one.entity),
)


@given(INVENTORIES.filter(lambda one: not faults_of(one)), INVENTORIES.filter(lambda one: not faults_of(one)))
def test_any_sensible_file_goes_with_any_published_inventory(published, listed):
    merged = with_file(published, listed).inventory
    assert faults_of(merged) == []
    of_file = [one.model_copy(update={"origin": Origin.FILE}) for one in listed.host]
    assert merged.host[: len(of_file)] == of_file
    assert {h.name for h in merged.host} == {h.name for h in (*published.host, *listed.host)}
    assert with_file(merged, listed).inventory == merged


@given(INVENTORIES.filter(lambda one: not faults_of(one)), st.lists(HOSTS, max_size=2), st.lists(NAMES, max_size=2))
def test_any_edit_leaves_a_sensible_inventory_or_none(published, hosts, removed):
    change = EditInventory(actor="ada", host=hosts, remove=[f"host:{name}" for name in removed])
    with suppress(RequestFailed):
        made = edited(published, change, file="/etc/inventory.toml")
        assert faults_of(made) == []
        kept = [one for one in published.host if one.origin is Origin.FILE]
        assert [one for one in made.host if one.origin is Origin.FILE] == kept
