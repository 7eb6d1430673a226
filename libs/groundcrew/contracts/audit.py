"""The hash chain of the audit log: how one link is made and how a whole chain is checked.

It is here because the stores make links and the actions service checks them, and neither knows the other.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

import orjson

from groundcrew.contracts.actions import AuditEntry

GENESIS = "0" * 64
"""What the first entry of a site names as its previous hash."""


def link_hash(entry: AuditEntry) -> str:
    """SHA-256 in hex over the previous hash and the canonical JSON (sorted keys, UTC) of all but `hash` itself."""
    rest = {
        "seq": entry.seq,
        "time": entry.time.astimezone(UTC).isoformat(timespec="microseconds"),
        "site": entry.site,
        "actor": entry.actor,
        "event": entry.event,
        "action_id": entry.action_id,
        "detail": entry.detail,
    }
    return sha256(entry.previous.encode() + orjson.dumps(rest, option=orjson.OPT_SORT_KEYS)).hexdigest()


def link(
    *,
    seq: int,
    time: datetime,
    site: str,
    actor: str,
    event: str,
    action_id: str,
    detail: dict[str, str],
    previous: str,
) -> AuditEntry:
    """The next entry of a chain whose newest hash is `previous`."""
    bare = AuditEntry(
        seq=seq, time=time, site=site, actor=actor, event=event, action_id=action_id, detail=detail,
        previous=previous, hash="",
    )  # fmt: skip
    return bare.model_copy(update={"hash": link_hash(bare)})


class ChainBroken(ValueError):
    """An entry does not fit what came before it."""

    def __init__(self, seq: int, detail: str) -> None:
        super().__init__(detail)
        self.seq = seq


class ChainCheck:
    """Walks a chain in order, a page at a time, holding only the newest link."""

    def __init__(self) -> None:
        self.entries = 0
        self.newest = GENESIS

    def walk(self, entries: Iterable[AuditEntry]) -> None:
        """Raises ChainBroken at the first entry that was changed, removed or put in."""
        for entry in entries:
            expected = self.entries + 1
            if entry.seq != expected:
                raise ChainBroken(expected, f"entry {expected} is missing, {entry.seq} stands in its place")
            if entry.previous != self.newest:
                raise ChainBroken(entry.seq, f"entry {entry.seq} does not follow from entry {entry.seq - 1}")
            if entry.hash != link_hash(entry):
                raise ChainBroken(entry.seq, f"entry {entry.seq} was changed after it was written")
            self.entries, self.newest = entry.seq, entry.hash
