"""`groundcrew sel`: an event log or a sensor listing as a person reads it: what stands first, then what has passed."""

import codecs
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from groundcrew.contracts.queries import SelEntry, SelPage
from groundcrew.diagnosis.conditions import Condition, Folded, fold
from groundcrew.diagnosis.facts import Vocabulary
from groundcrew.diagnosis.listings import Listing, read_listing
from groundcrew.diagnosis.sel import SelRecord
from groundcrew_cli import rules
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import USAGE, CliError
from groundcrew_cli.terminal import clip, clock_time, count, paint, plain, say, say_json, severity, wrapped

MAX_BYTES = 64 * 1024 * 1024
MAX_ENTRIES = 10_000
"""Newest entries of a stored log that are looked at."""

MAX_SHOWN = 50
"""Recovered faults and kinds of chatter that are printed; --json has all."""

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
"""How a file says which encoding it is in; a Windows shell redirects into UTF-16."""

_SUFFIXES = frozenset({".txt", ".log", ".csv", ".out", ".json"})

_TWICE = re.compile(r"\b(power supply|fan|drive|memory|processor|voltage) (?=\1\b)", re.IGNORECASE)
"""The noun of a title before a locator that begins with it."""


def is_file(named: str) -> bool:
    """Whether the argument means a file; what looks like none and is none, is a BMC's name."""
    return named == "-" or Path(named).exists() or "/" in named or Path(named).suffix in _SUFFIXES


def show_file(named: str, *, as_json: bool, now: datetime) -> None:
    """`named` is a file, or `-` for standard input."""
    text = _text(named)
    listing = read_listing(text)
    if not listing.kinds and text.strip():
        raise CliError(
            f"{named}: no event log and no sensor listing: expected what `ipmitool sel list`, `sdr elist`, `sensor`, "
            "`ipmi-sel`, `ipmi-sensors`, `ipmicfg -sel list`, `racadm getsel`, `racadm lclog view`, `omreport system "
            "esmlog`, `sum -c GetEventLog`, `fmadm faulty`, `readlog`, `storcli ... J` or `sas2ircu N display` print, "
            "or log entries of Redfish as JSON",
            USAGE,
        )
    _show(named, listing, as_json=as_json, now=now)


def show_bmc(gateway: Gateway, name: str, *, as_json: bool, now: datetime) -> None:
    """The stored log of a BMC that the running system watches."""
    path, entries, cursor = f"bmcs/{quote(name, safe='')}/sel", list[SelEntry](), None
    while len(entries) < MAX_ENTRIES:
        page = gateway.get(SelPage, path, limit=1_000, cursor=cursor)
        entries += page.items
        cursor = page.next
        if cursor is None:
            break
    records = [
        SelRecord(one.record_id, one.time, one.source_time, one.sensor, one.event, one.asserted, one.text)
        for one in reversed(entries[:MAX_ENTRIES])
    ]
    _show(name, Listing(kinds=["stored event log"], records=records), as_json=as_json, now=now)


def _text(named: str) -> str:
    """Raises CliError where it cannot be read."""
    try:
        if named == "-":
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(named).open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CliError(f"{named}: {error.strerror}", USAGE) from None
    if len(raw) > MAX_BYTES:
        raise CliError(f"{named}: more than {MAX_BYTES // 2**20} MiB: no BMC's log is so long", USAGE)
    encoding = next((encoding for mark, encoding in _MARKS if raw.startswith(mark)), "utf-8")
    return raw.decode(encoding, "replace")


def _show(named: str, listing: Listing, *, as_json: bool, now: datetime) -> None:
    folded = fold(listing, Vocabulary(rules.packs().knowledge.rules))
    if as_json:
        say_json(document(listing, folded))
        return
    say(f"{plain(named)}: {_held(listing)}")
    if not listing.records and not listing.readings and not folded.active:
        say("Nothing is recorded.")
    else:
        say(f"{_stands(len(folded.active))}, {len(folded.recovered)} recovered")
    advised: set[str] = set()
    for one in folded.active:
        _show_active(one, now, advised)
    _show_recovered(folded.recovered, now)
    _show_rest(listing, folded)


def document(listing: Listing, folded: Folded) -> dict[str, Any]:
    """What `--json` prints. `records` counts readings, too."""
    return {
        "records": len(listing.records) + len(listing.readings),
        "active": [_fault(one) for one in folded.active],
        "recovered": [{**_fault(one), "until": _stamp(one.until), "times": one.times} for one in folded.recovered],
        "noise": folded.noise,
        "unparsed": [{"line": one.line, "text": one.text} for one in listing.unparsed],
    }


def _fault(one: Condition) -> dict[str, Any]:
    return {
        "component_class": one.component_class,
        "locator": one.locator,
        "fault": one.fault,
        "severity": one.severity.value,
        "since": _stamp(one.since),
        "text": _cited(one) if one.until is None else one.text,
    }


def _cited(one: Condition) -> str:
    return f"{one.text} ({one.times} times)" if one.times > 1 else one.text


def _stamp(when: datetime | None) -> str | None:
    return when.isoformat().replace("+00:00", "Z") if when is not None else None


def _held(listing: Listing) -> str:
    held = []
    if listing.records:
        held.append(count(len(listing.records), "record"))
    if listing.readings:
        held.append(count(len(listing.readings), "sensor"))
    form = " and ".join(listing.kinds)
    return f"{' and '.join(held)} ({form})" if held else form or "empty"


def _stands(number: int) -> str:
    return "No fault stands" if number == 0 else "1 fault stands" if number == 1 else f"{number:,} faults stand"


def _show_active(one: Condition, now: datetime, advised: set[str]) -> None:
    """What to do next is said once for faults of one kind."""
    times = f", {one.times} times" if one.times > 1 else ""
    since = f"since {clock_time(one.since, now)}{times}" if one.since else times.removeprefix(", ")
    say()
    say(f"{severity(one.severity.value)}  {paint(plain(one.locator), 'bold')}  {one.fault}  {since}".rstrip())
    say(wrapped(_TWICE.sub("", plain(one.title)), "  ", "  "))
    say(f"  {paint(plain(one.text), 'dim')}")
    if one.rule.id not in advised:
        advised.add(one.rule.id)
        say(wrapped(one.rule.steps[0], "  next  ", " " * 8))


def _show_recovered(recovered: list[Condition], now: datetime) -> None:
    if not recovered:
        return
    say("\nRecovered")
    for one in recovered[:MAX_SHOWN]:
        times = f", {one.times} times" if one.times > 1 else ""
        say(f"  {clip(plain(one.locator), 20):<20}  {one.fault:<21}  {_span(one, now)}{times}")
    if len(recovered) > MAX_SHOWN:
        say(f"  and {len(recovered) - MAX_SHOWN:,} more (--json has all)")


def _span(one: Condition, now: datetime) -> str:
    """'2024-12-07 03:06 to 03:08': the day once where it is the same."""
    if one.since is None or one.until is None:
        return "at an unknown time"
    since, until = clock_time(one.since, now), clock_time(one.until, now)
    if one.since.astimezone().date() == one.until.astimezone().date():
        until = f"{one.until.astimezone():%H:%M}"
    return since if since.endswith(until) else f"{since} to {until}"


def _show_rest(listing: Listing, folded: Folded) -> None:
    if folded.noise:
        say(f"\nOf no consequence ({folded.noise:,})")
        for what, number in folded.chatter.most_common(MAX_SHOWN):
            say(f"  {number:>6,}  {clip(plain(what), 70)}")
    if listing.unparsed_count:
        say(f"\nNot understood ({count(listing.unparsed_count, 'line')})")
        for line in listing.unparsed[:MAX_SHOWN]:
            say(f"  {line.line:>6}  {clip(plain(line.text), 70)}")
