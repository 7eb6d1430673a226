"""Who shows a service root of Redfish, which needs no login (DSP0266, 6.2). Nothing else is asked there."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from groundcrew.diagnosis.redfish import resource, told, words
from groundcrew_ipmi_collector.discovery.ranges import Address
from groundcrew_ipmi_collector.redfish.connection import Answered, Connection, Gone, NoHttp
from groundcrew_ipmi_collector.redfish.trust import any_certificate, shown_by

_ROOTS = ("/redfish/v1/", "/redfish/v1")
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "OData-Version": "4.0"}
_MOVED = frozenset({301, 302, 307, 308})
_MAX_ROOT = 256 * 1024


@dataclass(frozen=True)
class Root:
    """What a service says of itself. `fingerprint`: SHA-256 of the certificate that it showed, whoever vouches for it;
    the root of one that `wants_login` could not be read."""

    fingerprint: str
    version: str = ""
    vendor: str = ""
    product: str = ""
    uuid: str = ""
    wants_login: bool = False


def parse_root(body: Mapping[str, Any], fingerprint: str) -> Root | None:
    """None where it is no service root."""
    version = words(body.get("RedfishVersion"), 20)
    if not version and "ServiceRoot" not in words(body.get("@odata.type")):
        return None
    vendor = told(body.get("Vendor")) or next(iter(resource(body.get("Oem"))), "")
    return Root(fingerprint, version, words(vendor, 60), told(body.get("Product")), told(body.get("UUID")))


async def roots(asked: Sequence[Address], *, port: int, at_once: int, within_s: float) -> dict[Address, Root]:
    """Who shows one."""
    lane, context = asyncio.Semaphore(at_once), any_certificate()
    found: dict[Address, Root] = {}

    async def ask(address: Address) -> None:
        async with lane:
            root = await _root(str(address), port, context, within_s)
        if root is not None:
            found[address] = root

    await asyncio.gather(*(ask(address) for address in asked))
    return {address: found[address] for address in asked if address in found}


async def _root(host: str, port: int, context: ssl.SSLContext, within_s: float) -> Root | None:
    connection = Connection(host, port, context)
    try:
        async with asyncio.timeout(within_s):
            for path in _ROOTS:
                answer = await connection.ask("GET", path, _HEADERS)
                if answer.status in _MOVED:
                    continue
                shown = connection.certificate  # gone with the connection, where the service closes it
                fingerprint = sha256(shown).hexdigest() if shown else await shown_by(host, port)
                if answer.status == 401:
                    return Root(fingerprint, wants_login=True) if _is_redfish(answer) else None
                return _of(answer.body, fingerprint) if answer.status == 200 else None
    except (OSError, TimeoutError, Gone, NoHttp):
        return None
    finally:
        await connection.close()
    return None


def _is_redfish(answer: Answered) -> bool:
    """Some want a login even here; what refuses in Redfish's words, or names its version, is such a service."""
    return "odata-version" in answer.headers or b"ExtendedInfo" in answer.body[:_MAX_ROOT]


def _of(body: bytes, fingerprint: str) -> Root | None:
    if len(body) > _MAX_ROOT:
        return None
    try:
        return parse_root(resource(orjson.loads(body)), fingerprint)
    except orjson.JSONDecodeError:
        return None
