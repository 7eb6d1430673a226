"""The addresses that an operator names: subnets, ranges and single ones. Pure."""

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

MAX_ADDRESSES = 4_096
"""Addresses of one call at most: a /20. More are named in several calls, with a look at each."""

Address = IPv4Address | IPv6Address

_SEPARATORS = re.compile(r"[,;\s]+")
_MAX_NAMED = 100


class RangesError(Exception):
    """One line that names the place and what is expected there."""


def addresses(named: Iterable[tuple[str, str]]) -> list[Address]:
    """All addresses, each once, in order. `named`: where it is written, and what: 10.20.0.0/24, 10.20.0.10-10.20.0.40,
    10.20.0.10-40 or one address. Raises RangesError."""
    found: dict[Address, None] = {}
    for where, text in named:
        for one in _of(where, text):
            found[one] = None
            if len(found) > MAX_ADDRESSES:
                msg = f"{where}: more than {MAX_ADDRESSES:,} addresses in all; name smaller subnets, in several calls"
                raise RangesError(msg)
    return list(found)


def named_in(text: str, file: str) -> Iterator[tuple[str, str]]:
    """What a file names: blanks, commas and lines part its items, `#` begins a comment."""
    for number, line in enumerate(text.splitlines(), 1):
        for item in _SEPARATORS.split(line.partition("#")[0]):
            if item:
                yield f"{file}, line {number}", item


def _of(where: str, text: str) -> Iterator[Address]:
    shown = text[:_MAX_NAMED]
    try:
        first, dash, last = text.partition("-")
        if "/" in text:
            # hosts() leaves out the addresses of the subnet itself and of all in it
            yield from _asked(where, shown, ip_network(text, strict=False).hosts())
        elif dash:
            yield from _asked(where, shown, _between(ip_address(first), last))
        else:
            yield from _asked(where, shown, [ip_address(text)])
    except ValueError:
        msg = f"{where}: {shown!r}: expected a subnet (10.20.0.0/24), a range (10.20.0.10-10.20.0.40) or an address"
        raise RangesError(msg) from None


def _between(first: Address, last: str) -> Iterator[Address]:
    if isinstance(first, IPv4Address) and last.isdecimal():
        last = f"{str(first).rpartition('.')[0]}.{last}"
    until = ip_address(last)
    if until.version != first.version or int(until) < int(first):
        raise ValueError
    return (type(first)(number) for number in range(int(first), int(until) + 1))


def _asked(where: str, shown: str, found: Iterable[Address]) -> Iterator[Address]:
    for one in found:
        if one.is_multicast or one.is_unspecified or int(one) == 0xFFFF_FFFF:
            msg = f"{where}: {shown!r}: expected addresses of single machines"
            raise RangesError(msg)
        yield one
