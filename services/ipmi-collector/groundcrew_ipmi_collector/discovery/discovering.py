"""Asks the addresses that an operator named whether a BMC is there: nobody else, and nothing that needs a login."""

from collections.abc import Sequence
from dataclasses import dataclass

from groundcrew_ipmi_collector.discovery.found import Found
from groundcrew_ipmi_collector.discovery.presence import present
from groundcrew_ipmi_collector.discovery.ranges import Address
from groundcrew_ipmi_collector.discovery.service_root import roots


@dataclass(frozen=True)
class How:
    """`a_second`: datagrams of IPMI; `at_once`: connections for Redfish, each of at most `within_s` seconds."""

    port: int = 623
    redfish_port: int = 443
    a_second: float = 200.0
    at_once: int = 32
    within_s: float = 3.0


async def discover(asked: Sequence[Address], how: How) -> list[Found]:
    """The BMCs among them, in their order. Raises OSError where no socket is to be had."""
    over_ipmi = await present(asked, port=how.port, a_second=how.a_second)
    over_redfish = await roots(asked, port=how.redfish_port, at_once=how.at_once, within_s=how.within_s)
    return [
        Found(address, over_ipmi.get(address), over_redfish.get(address))
        for address in asked
        if address in over_ipmi or address in over_redfish
    ]
