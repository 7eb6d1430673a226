"""Names and ids: entities, subject tokens, deterministic ids."""

import re
import uuid
from hashlib import blake2b
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

ENTITY_KINDS = frozenset({"host", "bmc", "pdu", "switch", "rack", "site"})
_TOKEN_BYTE = re.compile(rb"[^a-z0-9-]")
_SITE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def _entity(value: str) -> str:
    kind, colon, name = value.partition(":")
    if not colon or kind not in ENTITY_KINDS or not name or len(value.encode()) > 256:
        kinds = ", ".join(sorted(ENTITY_KINDS))
        msg = f"entity {value!r}: expected 'kind:name' with kind one of {kinds} and at most 256 bytes"
        raise ValueError(msg)
    return value


def _site(value: str) -> str:
    if not _SITE.fullmatch(value):
        msg = f"site {value!r}: expected 1 to 63 characters of a-z, 0-9 and '-', not starting with '-'"
        raise ValueError(msg)
    return value


Entity = Annotated[str, AfterValidator(_entity)]
"""`kind:name`, unique within a site, for example `host:brickbox-43`."""

Site = Annotated[str, AfterValidator(_site)]
"""The tenant. One subject token as it stands."""

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""A 128-bit id in lower-case hex."""


def host(name: str) -> str:
    """The entity of a host name."""
    return f"host:{name}"


def bmc(name: str) -> str:
    """The entity of a BMC's name."""
    return f"bmc:{name}"


def name_of(entity: str) -> str:
    """`brickbox-43` of `host:brickbox-43`."""
    return entity.partition(":")[2]


def kind_of(entity: str) -> str:
    """`host` of `host:brickbox-43`."""
    return entity.partition(":")[0]


def stable_id(*parts: str | int) -> str:
    """A deterministic 128-bit id of its parts: BLAKE2b over length-prefixed UTF-8, so that ('a','bc') != ('ab','c')."""
    digest = blake2b(digest_size=16)
    for part in parts:
        data = str(part).encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(4, "big"))
        digest.update(data)
    return digest.hexdigest()


def random_id() -> str:
    """An id for what has no natural one (a request, an operator's click)."""
    return uuid.uuid4().hex


def token(name: str) -> str:
    """One subject token of any name: lower case, each byte outside `[a-z0-9-]` as `_hh` in hex."""
    return _TOKEN_BYTE.sub(lambda m: b"_%02x" % m.group()[0], name.lower().encode()).decode()
