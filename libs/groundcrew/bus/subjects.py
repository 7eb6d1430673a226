"""Subjects and consumer names as both buses compute them, out of `contracts.streams`."""

from groundcrew.contracts.identity import stable_id, token
from groundcrew.contracts.streams import PARTITIONS, STREAMS, Durable, Stream

_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193
_NAME_LIMIT = 200  # JetStream allows 255 bytes in a consumer's name


def matches(pattern: str, subject: str) -> bool:
    """Whether a NATS subject filter (`*`: one token, `>`: one or more at the end) covers a subject."""
    wanted, tokens = pattern.split("."), subject.split(".")
    for index, part in enumerate(wanted):
        if part == ">":
            return len(tokens) > index
        if index >= len(tokens) or part not in ("*", tokens[index]):
            return False
    return len(wanted) == len(tokens)


def stream_of(subject: str) -> Stream | None:
    """The stream that stores what is published on this subject."""
    return next((s for s in STREAMS if any(matches(pattern, subject) for pattern in s.subjects)), None)


def partition_of(subject: str) -> int:
    """The partition that the server's subject transform `partition(4,1,3)` gives an observation.

    FNV-1a (32 bits) over the site token and the entity token, modulo PARTITIONS, as nats-server computes it.
    """
    tokens = subject.split(".")
    value = _FNV_OFFSET
    for byte in (tokens[1] + tokens[4]).encode():
        value = ((value ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return value % PARTITIONS


def partitions_of(durable: Durable) -> range:
    """The partitions that a durable has a consumer for; one where it is not partitioned."""
    return range(PARTITIONS if durable.partitioned else 1)


def filters_of(durable: Durable, site: str, entity: str | None = None) -> tuple[str, ...]:
    """A durable's filters with its placeholders filled, without the partition token."""
    return tuple(f.format(site=site, entity=token(entity) if entity else "") for f in durable.filters)


def consumer_name(durable: Durable, site: str, *, partition: int = 0, entity: str | None = None) -> str:
    """The server-side name: `<site>-<name>`, `-p<partition>` or `-<entity token>` added; a long one is hashed."""
    name = f"{site}-{durable.name}"
    if durable.partitioned:
        name += f"-p{partition}"
    if entity is not None:
        name += f"-{token(entity)}"
    return name if len(name) <= _NAME_LIMIT else f"{site}-{durable.name}-{stable_id(name)}"
