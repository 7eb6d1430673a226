"""Which names mean the same part, and what hosts share."""

import pytest

from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.diagnosis.parts import are_two_parts, names_part, part_key
from groundcrew.diagnosis.topology import MOST_FELLOWS, Topology


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PS2", "Power Supply 2"),
        ("PSU2", "PS2 Status"),
        ("/dev/sde", "sde1"),
        ("nvme2", "nvme2n1p1"),
        ("GPU 0000:C3:00.0", "0000:c3:00"),
        ("DIMM A4", "DIMMA4"),
        ("A4", "DIMM_A4"),
        ("P1-DIMMA1", "P1_DIMMA1"),
        ("nginx.service", "nginx"),
        ("PD 05(e0x20/s5)", "Drive 5"),
        ("Physical Disk 0:1:5", "Drive 5"),
        ("Drive Bay 5", "252:5"),
        ("mysqld", "mariadb.service"),
        ("postgres", "postgresql@14-main.service"),
    ],
)
def test_two_names_of_one_part(one, other):
    assert part_key(one) == part_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("FAN1", "FAN10"), ("PS1", "PS2"), ("sda", "sdb"), ("nvme0n1", "nvme1n1"), ("A1", "B1"), ("/", "/var")],
)
def test_two_parts(one, other):
    assert part_key(one) != part_key(other)


@pytest.mark.parametrize("port", ["mc0", "ata3", "ata3.00"])
def test_controllers_and_ports_name_no_part(port):
    assert names_part(port) == ""


def test_bmc_stands_for_its_host():
    topology = Topology(Inventory(host=[InventoryHost(name="n1", bmc="n1-bmc")]))
    assert topology.host_of("bmc:n1-bmc") == "n1"
    assert topology.host_of("bmc:other") is None
    assert topology.host_of("pdu:a") is None


@pytest.mark.parametrize(
    ("one", "other", "two"),
    [
        ("GPU 0000:3b:00.0", "GPU 0000:5e:00.0", True),
        ("GPU 1", "GPU 2", True),
        ("GPU 4", "GPU 0000:9b:00.0", False),
        ("GPU", "GPU 0000:9b:00.0", False),
        ("", "sda", False),
        ("sda", "sda1", False),
        ("sda", "Drive 3", False),
        ("CPU_SrcID#0_MC#1_Chan#0_DIMM#0", "DIMM 7", False),
        ("CPU_SrcID#0_MC#1_Chan#0_DIMM#0", "CPU_SrcID#1_MC#1_Chan#0_DIMM#0", True),
        ("/var", "/var/lib/docker", False),
        ("/srv/backup", "/srv/build", True),
        ("/var", "/variants", True),
        ("http://127.0.0.1:6081", "varnishd", False),
        ("unix:/run/php-fpm.sock", "php-fpm", False),
        ("http://127.0.0.1:6081", "http://127.0.0.1:6082", True),
        ("http://10.1.0.4:6081", "varnishd", True),
    ],
)
def test_other_ways_to_name_a_part_are_not_surely_two_parts(one, other, two):
    assert are_two_parts(part_key(one), part_key(other)) is two


@pytest.mark.parametrize(
    ("name", "hosts"),
    [
        ("n07", ("n07",)),
        ("n07:/export", ("n07",)),
        ("rabbit@n08", ("n08",)),
        ("n[07-08,12],head", ("n07", "n08", "head")),
        ("n[07-9999999]", ("n07", "n08")),
        ("n7", ()),
        ("sda", ()),
        ("n07.service", ()),
    ],
)
def test_hosts_that_a_name_names(name, hosts):
    topology = Topology(Inventory(host=[InventoryHost(name=one) for one in ("n07", "n08", "head")]))
    assert topology.hosts_named(name) == hosts
    assert topology.host_named(name) == (hosts[0] if hosts else "")


def test_hosts_of_one_role_may_be_one_cluster_wherever_they_hang():
    hosts = [InventoryHost(name=f"db-{i}", role="db", switch=f"tor-{i}") for i in range(3)]
    topology = Topology(Inventory(host=[*hosts, InventoryHost(name="web-1", role="web"), InventoryHost(name="x")]))
    assert topology.fellows("db-0") == ["db-1", "db-2"]
    assert topology.fellows("x") == topology.fellows("unknown") == []


def test_a_role_of_more_hosts_than_a_cluster_has_is_taken_by_switch():
    hosts = [InventoryHost(name=f"n{i}", role="compute", switch=f"tor-{i % 40}") for i in range(MOST_FELLOWS + 16)]
    assert Topology(Inventory(host=hosts)).fellows("n1") == ["n41"]
