"""What an operator names, and what comes back from the network."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew_ipmi_collector.discovery.found import Found, as_toml
from groundcrew_ipmi_collector.discovery.presence import ASK, PING, Present, parse_capabilities, parse_pong
from groundcrew_ipmi_collector.discovery.ranges import MAX_ADDRESSES, RangesError, addresses, named_in
from groundcrew_ipmi_collector.discovery.service_root import Root, parse_root


def named(*items: str) -> list[str]:
    return [str(one) for one in addresses(("argument", item) for item in items)]


def test_subnets_ranges_and_addresses_each_once() -> None:
    assert named("10.20.0.0/30", "10.20.0.2-4", "10.20.0.9", "10.20.0.10-10.20.0.11") == [
        *("10.20.0.1", "10.20.0.2", "10.20.0.3", "10.20.0.4", "10.20.0.9", "10.20.0.10", "10.20.0.11")
    ]
    assert named("10.0.0.4/31") == ["10.0.0.4", "10.0.0.5"]
    assert named("fd00::/126") == ["fd00::1", "fd00::2", "fd00::3"]
    assert len(named("10.20.0.0/20")) == 4_094


@pytest.mark.parametrize(
    "wrong", ["10.20.0.0/33", "10.20.0.40-10", "10.20.0", "rack-7", "10.0.0.1-fd00::2", "224.0.0.5", "0.0.0.0", "-"]
)
def test_what_is_no_address_is_refused_with_its_place(wrong: str) -> None:
    with pytest.raises(RangesError, match=r"^nets, line 3: '"):
        addresses(named_in(f"# rack 1\n10.0.0.1\n{wrong} # here\n", "nets"))


@pytest.mark.parametrize("much", ["10.0.0.0/8", "fd00::/64", "10.0.0.0-10.255.0.0"])
def test_there_is_a_most_of_addresses_and_no_more_are_counted(much: str) -> None:
    with pytest.raises(RangesError, match=f"more than {MAX_ADDRESSES:,} addresses"):
        named(much)


def test_a_file_may_have_comments_and_commas() -> None:
    items = [item for _, item in named_in("# all\n10.0.0.1, 10.0.0.2;10.0.0.3 10.0.0.4 # five\n\n", "f")]
    assert items == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]


@given(st.binary(max_size=60))
def test_garbage_from_the_network_is_no_bmc(data: bytes) -> None:
    assert parse_pong(data) is None
    assert parse_capabilities(data) is None
    assert parse_capabilities(ASK + data) is None, "our own question is no answer"
    assert parse_pong(PING + data) is None


def test_a_machine_that_answers_the_ping_without_ipmi_is_no_bmc() -> None:
    pong = PING[:8] + bytes([0x40, 1, 0, 16]) + bytes(8) + b"\x01" + bytes(7)
    assert parse_pong(pong) is None
    assert parse_pong(pong[:20] + b"\x81" + pong[21:]) == Present()


def test_what_is_no_service_root_is_none() -> None:
    assert parse_root({"Name": "Some web service"}, "") is None
    root = parse_root({"RedfishVersion": "1.0.2", "Oem": {"Hpe": {}}, "Product": "ProLiant\x1b[2J"}, "ab")
    assert root == Root("ab", "1.0.2", "Hpe", "ProLiant[2J")


def test_what_a_machine_says_stays_within_its_comment() -> None:
    root = Root("ab" * 32, vendor='Evil"\n[[bmc]]\nname = "x', product="")
    one = Found(ip_address("10.0.0.1"), Present(ipmi2=False), root)
    text = as_toml([one], [one.entry(port=623, redfish_port=443, pin=False)], 1)
    assert text.count("\n[[bmc]]\n") == 1
