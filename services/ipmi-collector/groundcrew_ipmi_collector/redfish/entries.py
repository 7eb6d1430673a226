"""Reads the entries of a log, oldest first, and no more of them than must be read.

Services list the newest first (iDRAC) or the oldest (OpenBMC, iLO), write members out or only link to them, page by
`nextLink`, or cut the list and say nothing. Where the first page and the count are as they were, nothing is new.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import orjson

from groundcrew.diagnosis.redfish import is_link, listing, next_path, number, path_of
from groundcrew.diagnosis.redfish_log import RedfishEntry, id_of_link, parse_entry
from groundcrew_ipmi_collector.reason import IpmiFailed
from groundcrew_ipmi_collector.redfish.client import Client
from groundcrew_ipmi_collector.redfish.ledger import Anchor, LogPage
from groundcrew_ipmi_collector.redfish.walk import LEFT_OUT, optional

MAX_ENTRIES = 5_000
"""Entries of one reading at most; of more, the oldest are read, and the next look goes on after them."""

MAX_PAGES = 300
PAGES_S = 600.0
"""Seconds that all pages of a log may take together: an iDRAC needs one to three for each fifty entries."""

_OVERLAP = 8


@dataclass(frozen=True, slots=True)
class Linked:
    """An entry that is not written out in its collection."""

    entry_id: str
    path: str


Item = RedfishEntry | Linked
Seen = Callable[[int, int | None], Awaitable[None]]
"""Told while a log of several pages is read: members read by now, and how many the log has where it says so."""


@dataclass
class Reading:
    """Items oldest first. `complete`: nothing of the log is missing before them; `bad`: members that are no
    entries; `gaps`: where ids leap, of what was read in several pages; `count`: entries of the log, or how many were
    read by now where that takes several looks, and `left` those that come after them."""

    items: list[Item] = field(default_factory=list)
    complete: bool = True
    count: int = 0
    fingerprint: str = ""
    etag: str = ""
    bad: int = 0
    gaps: Sequence[tuple[int, int]] = ()
    left: int = 0


class Pages:
    """Collects members of pages, each once."""

    def __init__(self, seen: Seen | None = None, before: int = 0, count: int | None = None) -> None:
        """`before`: members of the log before the first page; `count`: members of the log."""
        self.items: list[Item] = []
        self.bad = 0
        self.walked = 0
        """Members of pages that had anything new: those that came again while the log moved are counted too."""
        self._seen: set[tuple[str, str]] = set()
        self._told = (seen, before, count)

    async def tell(self) -> None:
        seen, before, count = self._told
        if seen is not None:
            await seen(before + len(self.items) + self.bad, count)

    def add(self, page: Mapping[str, Any], most: int | None = None) -> int:
        """How many were new; no more than `most` are kept in all."""
        before, members = len(self.items), listing(page.get("Members"))
        for member in members:
            if most is not None and len(self.items) + self.bad >= most:
                break
            item: Item | None
            item = Linked(id_of_link(path := path_of(member)), path) if is_link(member) else parse_entry(member)
            if item is None:
                self.bad += 1
                continue
            if (key := _key(item)) not in self._seen:
                self._seen.add(key)
                self.items.append(item)
        new = len(self.items) - before
        self.walked += len(members) if new else 0
        return new

    def reach(self, count: int | None) -> bool:
        """Whether that is all of a log of so many entries."""
        return count is None or max(self.walked, len(self.items) + self.bad) >= count


def _key(item: Item) -> tuple[str, str]:
    return item.entry_id, item.digest if isinstance(item, RedfishEntry) else item.path


async def read_entries(
    client: Client,
    path: str,
    page: LogPage,
    etag: str,
    *,
    expand: str = "",
    whole: bool = False,
    seen: Seen | None = None,
) -> Reading | None:
    """As `_read`. Where the log moved while its pages were read (it wrapped, so that a page begins later than the one
    before ends), it is read once more: what it dropped meanwhile is taken from the first reading. Where it moved again,
    what comes before the gap, without a fingerprint, so that the next look goes on."""
    first = await _read(client, path, page, etag, expand=expand, whole=whole, seen=seen)
    if first is None or not first.gaps:
        return first
    second = await _read(client, path, page, "", expand=expand, whole=whole, seen=seen)
    if second is None or second.gaps == first.gaps:
        return second
    held = {_key(item) for item in second.items}
    dropped = [item for item in first.items if second.items and _key(item) not in held]  # it wrapped, or was cleared
    if not second.gaps:
        return replace(second, items=[*dropped, *second.items])
    begins = int(second.items[0].entry_id)
    dropped = [item for item in dropped if int(item.entry_id) < begins]
    until = next(n for n, item in enumerate(second.items) if int(item.entry_id) == second.gaps[0][0]) + 1
    items = [*dropped, *second.items[:until]]
    count = min(page.count, second.count)  # what the bus has may lie behind the gap: that is no word of what was lost
    return replace(second, items=items, complete=False, fingerprint="", etag="", count=count)


def gaps_of(items: Sequence[Item]) -> list[tuple[int, int]]:
    """Where the ids of a log that numbers its entries one after the other leap; none where it numbers otherwise."""
    if not all(item.entry_id.isdecimal() and len(item.entry_id) < 19 for item in items):
        return []
    steps = list(pairwise([int(item.entry_id) for item in items]))
    leaps = [(a, b) for a, b in steps if b - a != 1]
    return leaps if 2 * len(leaps) < len(steps) else []


async def _read(
    client: Client, path: str, page: LogPage, etag: str, *, expand: str, whole: bool, seen: Seen | None
) -> Reading | None:
    """None where nothing changed since `page` was written. `expand`: the query that has members written out; `whole`:
    not only what comes after what is known, but the newest MAX_ENTRIES. Raises IpmiFailed."""
    reply = await client.get(path, etag=etag)
    if reply.status == 304:
        return None
    first = reply.body
    fingerprint = _fingerprint(first)
    same = bool(fingerprint) and fingerprint == page.fingerprint and page.intent is None
    if same and await _still_there(client, first, page):
        return None
    if expand and (written := await _written_out(client, path, first, expand)):
        first, path = written, f"{path}?{expand}"
    known = {} if whole else {anchor.entry_id: anchor for anchor in page.anchors}
    count = _count(first)
    pages = Pages(seen, count=count)
    pages.add(first)
    order = order_of(pages.items)  # 0: a page of one entry, or without stamps; then nothing is left out of the reading
    have = page.count if known else 0
    with client.extended(PAGES_S):
        if not whole and order and (part := await _part(client, path, first, known, have, order, seen)) is not None:
            return part
        start = max(have - _OVERLAP, (count or 0) - MAX_ENTRIES if whole else 0, 0)
        if order > 0 and (tail := await _tail(client, path, first, start, known, seen)) is not None:
            pages, complete = tail, bool(known)
        else:
            stop = partial(_is_enough, known=known, falling=order < 0)
            complete = await _all(client, path, first, pages, stop=stop)
    items = pages.items if order_of(pages.items) >= 0 else pages.items[::-1]
    return Reading(
        items=items,
        complete=complete,
        count=count if count is not None else len(items),
        fingerprint=fingerprint,
        etag=reply.etag,
        bad=pages.bad,
        gaps=gaps_of(items) if len(items) > len(listing(first.get("Members"))) else (),
    )


async def _still_there(client: Client, first: Mapping[str, Any], page: LogPage) -> bool:
    """Whether a first page that looks the same is the same: a list of links looks so, too, after a clear and as many
    new entries, so the newest known entry is looked at."""
    members = listing(first.get("Members"))
    if not page.anchors or not members or not is_link(members[0]):
        return True
    newest = page.anchors[-1]
    try:
        reply = await client.get(f"{path_of(members[0]).rstrip('/').rpartition('/')[0]}/{newest.entry_id}")
    except IpmiFailed as failure:
        if failure.reason not in LEFT_OUT:
            raise
        return False
    entry = parse_entry(reply.body)
    return entry is not None and entry.digest == newest.digest


async def _part(
    client: Client,
    path: str,
    first: Mapping[str, Any],
    known: Mapping[str, Anchor],
    have: int,
    order: int,
    seen: Seen | None,
) -> Reading | None:
    """The oldest MAX_ENTRIES of what is not known yet, where more than that is not; without a fingerprint, so that the
    next look goes on. None where less is missing, the service does not skip, or what is known is not where it was."""
    count = _count(first)
    if count is None or count - have <= MAX_ENTRIES + _OVERLAP:
        return None
    begin = max(have - _OVERLAP, 0)
    until = begin + MAX_ENTRIES
    wanted = range(begin, until) if order > 0 else range(count - until, count - begin)
    pages = Pages(seen, begin, count)
    page = (await client.get(_skipping(path, wanted.start))).body
    begins_anew = listing(page.get("Members"))[:1] in ([], listing(first.get("Members"))[:1])
    if wanted.start > 0 and begins_anew:
        return None
    for _ in range(MAX_PAGES):
        pages.add(page, most=len(wanted))
        await pages.tell()
        if len(pages.items) + pages.bad >= len(wanted) or not listing(page.get("Members")):
            break
        page = (await client.get(_skipping(path, wanted.start + len(pages.items) + pages.bad))).body
    if known and not _knows(pages.items, known):
        return None
    items = pages.items if order > 0 else pages.items[::-1]
    read = begin + len(items) + pages.bad
    return Reading(items=items, complete=not known, count=read, bad=pages.bad, left=max(count - read, 0))


async def _written_out(client: Client, path: str, first: Mapping[str, Any], expand: str) -> Mapping[str, Any]:
    """The same page with its members written out (HPE's iLO links to each); empty where the service does not."""
    if not any(is_link(member) for member in listing(first.get("Members"))[:1]):
        return {}
    page = await optional(client, f"{path}?{expand}")
    return {} if any(is_link(member) for member in listing(page.get("Members"))[:1]) else page


def _skipping(path: str, count: int) -> str:
    return f"{path}{'&' if '?' in path else '?'}$skip={count}"


async def _all(
    client: Client, path: str, first: Mapping[str, Any], pages: Pages, *, stop: Callable[[Sequence[Item]], bool]
) -> bool:
    """Follows the pages until there is none, or `stop` says that the rest is known."""
    page, count = first, _count(first)
    for _ in range(MAX_PAGES):
        if stop(pages.items):
            return True
        following = next_path(page)
        if (
            not following
            and count is not None
            and len(pages.items) + pages.bad < count
            and listing(page.get("Members"))
        ):
            following = _skipping(path, len(pages.items) + pages.bad)  # cut without a word of a next page
        if not following:
            return pages.reach(count)
        if len(pages.items) >= MAX_ENTRIES:
            return False
        page = (await client.get(following)).body
        new = pages.add(page)
        await pages.tell()
        if new == 0 and not next_path(page):
            return pages.reach(count)
    return False


async def _tail(
    client: Client, path: str, first: Mapping[str, Any], start: int, known: Mapping[str, Anchor], seen: Seen | None
) -> Pages | None:
    """The end of a log that lists the oldest first, by `$skip`; None where the service does not skip, or where no
    entry of the end is known: then all of it is read."""
    if not next_path(first) or start <= len(listing(first.get("Members"))):
        return None
    skipped = (await client.get(_skipping(path, start))).body
    pages = Pages(seen, start, _count(first))
    if pages.add(skipped) == 0 or listing(skipped.get("Members"))[:1] == listing(first.get("Members"))[:1]:
        return None
    following = skipped
    for _ in range(MAX_PAGES):
        link = next_path(following)
        if not link or len(pages.items) >= MAX_ENTRIES:
            break
        following = (await client.get(link)).body
        pages.add(following)
        await pages.tell()
    return pages if not known or _knows(pages.items, known) else None


def _is_enough(items: Sequence[Item], *, known: Mapping[str, Anchor], falling: bool) -> bool:
    """Whether what lies on further pages is known: they are older where the newest come first."""
    return falling and _knows(items, known)


def _knows(items: Sequence[Item], known: Mapping[str, Anchor]) -> bool:
    return any(is_known(item, known) for item in items)


def is_known(item: Item, known: Mapping[str, Anchor]) -> bool:
    """Whether the bus has it; of a link only its name can be compared."""
    anchor = known.get(item.entry_id)
    return anchor is not None and (isinstance(item, Linked) or item.digest == anchor.digest)


def order_of(items: Sequence[Item]) -> int:
    """1 where the list goes from old to new, -1 the other way, 0 where it does not say; by stamps, then by ids."""
    stamps = [item.seconds for item in items if isinstance(item, RedfishEntry) and item.seconds is not None]
    if trend := _trend(stamps):
        return trend
    return _trend([int(item.entry_id) for item in items if item.entry_id.isdecimal() and len(item.entry_id) < 19])


def _trend(values: Sequence[int]) -> int:
    rising = sum(b > a for a, b in pairwise(values))
    falling = sum(b < a for a, b in pairwise(values))
    return (rising > falling) - (rising < falling)


def _count(collection: Mapping[str, Any]) -> int | None:
    found = number(collection.get("Members@odata.count"))
    return int(found) if found is not None and 0 <= found < 1_000_000 else None


def _fingerprint(collection: Mapping[str, Any]) -> str:
    """Of the first page; changes with each entry that comes or goes, wherever the list begins. Empty where a page after
    it may have changed while it did not."""
    count = _count(collection)
    if count is None and next_path(collection):
        return ""
    return blake2b(orjson.dumps([count, collection.get("Members")]), digest_size=16).hexdigest()
