"""Names and addresses in other tools' messages, and whom they mean."""

import pytest

from groundcrew.contracts.inventory import Inventory, InventoryBmc, InventoryHost
from groundcrew.diagnosis.senders import Senders, without_port

SENDERS = Senders(
    Inventory(
        host=[
            InventoryHost(
                name="n1", address="10.0.0.1", bmc="n1-bmc", bmc_address="10.1.0.1", switch="tor-3", pdu=["pdu-3a"]
            ),
            InventoryHost(name="n2.example.org", address="fe80::2"),
        ],
        bmc=[InventoryBmc(name="n2-bmc", address="10.1.0.2")],
    )
)


@pytest.mark.parametrize(
    ("name", "entity"),
    [
        ("n1", "host:n1"),
        ("N1:9100", "host:n1"),
        ("n1.example.org", "host:n1"),
        ("n2.example.org", "host:n2.example.org"),
        ("10.0.0.1:9100", "host:n1"),
        ("[fe80::2]:9100", "host:n2.example.org"),
        ("fe80::2", "host:n2.example.org"),
        ("n1-bmc", "bmc:n1-bmc"),
        ("10.1.0.1", "bmc:n1-bmc"),
        ("10.1.0.2", "bmc:n2-bmc"),
        ("tor-3", "switch:tor-3"),
        ("pdu-3a", "pdu:pdu-3a"),
        ("10.0.0.9", "host:10.0.0.9"),
        ("stranger:9100", "host:stranger"),
    ],
)
def test_a_name_or_address_means_an_entity(name: str, entity: str) -> None:
    assert SENDERS.entity_of(name) == entity


def test_a_known_name_goes_before_an_unknown_one() -> None:
    assert SENDERS.entity_of("stranger", "10.0.0.1") == "host:n1"


def test_without_a_name_nobody_is_meant() -> None:
    assert SENDERS.entity_of("", " ") is None


def test_the_first_octet_of_an_address_is_no_short_name() -> None:
    senders = Senders(Inventory(host=[InventoryHost(name="10")]))
    assert senders.entity_of("10.0.0.9") == "host:10.0.0.9"


def test_a_port_is_told_from_the_end_of_an_address() -> None:
    assert without_port("fe80::1") == "fe80::1"
    assert without_port("n1:http") == "n1:http"
