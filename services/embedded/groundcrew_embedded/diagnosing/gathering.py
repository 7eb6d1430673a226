"""Reads all that was named, each stream once, and keeps what may matter, with a tally per file."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from groundcrew.diagnosis.engines import CompiledStore
from groundcrew.diagnosis.rules import Rule
from groundcrew.diagnosis.samples import Sample
from groundcrew.diagnosis.sel import SelRecord
from groundcrew_embedded.diagnosing import states
from groundcrew_embedded.diagnosing.boots import Boots
from groundcrew_embedded.diagnosing.kinds import HEAD_BYTES, SAID, Kind, recognise
from groundcrew_embedded.diagnosing.log_files import (
    LogText,
    export_batches,
    journal_batches,
    json_batches,
    texts_of,
)
from groundcrew_embedded.diagnosing.opening import Opened, Unusable, opened
from groundcrew_embedded.diagnosing.sieve import Kept, Sieve, Tally


@dataclass(frozen=True)
class Named:
    """An argument: what to read, and whose it is where that was said (`HOST=FILE`)."""

    path: str
    host: str = ""


@dataclass
class Bmc:
    """What one file tells of a BMC."""

    records: list[SelRecord]
    shown: list[SelRecord]
    readings: list[tuple[str, float | None, str, str]]


@dataclass
class Gathered:
    """All that was read. Keys of dictionaries are places in `tallies`."""

    sieve: Sieve
    tallies: list[Tally] = field(default_factory=list)
    hosts: dict[int, str] = field(default_factory=dict)
    """Whose a file is, where something outside its lines says so."""
    ends_us: dict[int, int] = field(default_factory=dict)
    boots: dict[int, Boots] = field(default_factory=dict)
    bmcs: dict[int, Bmc] = field(default_factory=dict)
    samples: dict[int, list[Sample]] = field(default_factory=dict)


class Gathering:
    """Reads into a `Gathered`."""

    def __init__(
        self, rules: Sequence[Rule], *, kind: Kind | None, now_us: int, compiled: CompiledStore | None = None
    ) -> None:
        self._kind = kind
        self._now_us = now_us
        self.found = Gathered(Sieve.of(rules, compiled))

    async def read(self, named: Iterable[Named]) -> Gathered:
        """Raises Unusable where one of them is nothing that we read, or cannot be read."""
        for one in named:
            for file in opened(one.path, host=one.host):
                await self._take(file)
        self.found.sieve.cut()
        return self.found

    async def _take(self, file: Opened) -> None:
        head = file.stream.peek(HEAD_BYTES)[:HEAD_BYTES]
        kind = self._kind or recognise(head)
        if kind is None or not head.strip():
            if file.chosen and head.strip():
                msg = f"{file.name}: it is no text and no journal file, so nothing that is read here"
                raise Unusable(msg)
            self.found.tallies.append(Tally(file.name, "", skipped="empty" if not head.strip() else "no text"))
            return
        is_log = kind in (Kind.LOG, Kind.JOURNAL_JSON, Kind.JOURNAL_EXPORT, Kind.JOURNAL)
        tally = Tally(file.name, SAID[kind], is_log)
        place = len(self.found.tallies)
        self.found.tallies.append(tally)
        self.found.ends_us[place] = min(file.time_us or self._now_us, self._now_us)
        if file.host:
            self.found.hosts[place] = file.host
        try:
            await self._read(kind, place, file, tally)
        except Unusable as error:
            if file.chosen:
                raise
            tally.skipped = str(error).removeprefix(f"{file.name}: ")

    async def _read(self, kind: Kind, place: int, file: Opened, tally: Tally) -> None:
        end_us = self.found.ends_us[place]
        match kind:
            case Kind.LOG:
                self._read_text(place, file, tally)
            case Kind.JOURNAL_JSON:
                for batch in json_batches(place, file.name, file.stream, end_us):
                    self._sift(batch, tally)
            case Kind.JOURNAL_EXPORT:
                for batch in export_batches(place, file.name, file.stream, end_us):
                    self._sift(batch, tally)
            case Kind.JOURNAL:
                if file.path is None:
                    msg = f"{file.name}: a journal file inside an archive or a pipe is not read; unpack it first"
                    raise Unusable(msg)
                async for batch in journal_batches(place, file.path, end_us):
                    self._sift(batch, tally)
            case _:
                self._read_state(kind, place, file.name, _whole(file), tally)

    def _sift(self, batch: list[Kept], tally: Tally, *, dated: bool = True) -> None:
        tally.entries += len(batch)
        tally.hosts.update(one.host for one in batch if one.host)
        tally.matched += self.found.sieve.take(batch, dated=dated)

    def _read_text(self, place: int, file: Opened, tally: Tally) -> None:
        log = LogText(place, host=file.host, end_us=self.found.ends_us[place])
        for batch in log.batches(texts_of(file.stream)):
            self._sift(batch, tally, dated=log.dated > 0)
        if log.boots.found:
            self.found.boots[place] = log.boots
        elif not log.dated and tally.entries:
            tally.note = "no line has a time"

    def _read_state(self, kind: Kind, place: int, name: str, text: str, tally: Tally) -> None:
        if kind is Kind.BMC:
            listing = states.listing_of(name, text)
            bmc = Bmc(
                states.records_of(listing),
                list(states.shown_by(listing.readings)),
                list(states.out_of_range(listing.readings)),
            )
            self.found.bmcs[place] = bmc
            tally.kind = ", ".join(listing.kinds) or "empty"
            tally.entries = len(listing.records) + len(listing.readings)
            if listing.unparsed_count:
                tally.note = f"{listing.unparsed_count:,} lines of it are not understood"
            return
        if kind is Kind.SMARTCTL:
            found, tally.note = states.smart_samples(name, text)
            tally.entries = len({dict(one.labels).get("device") for one in found})
        elif kind is Kind.NVIDIA_SMI:
            found = states.nvidia_samples(name, text)
            tally.entries = len({dict(one.labels).get("gpu") for one in found})
        else:
            found = states.array_samples(text)
            tally.entries = len({dict(one.labels).get("device") for one in found})
        self.found.samples[place] = found


def _whole(file: Opened) -> str:
    raw = file.stream.read(states.MAX_TEXT_BYTES + 1)
    if len(raw) > states.MAX_TEXT_BYTES:
        msg = f"{file.name}: more than {states.MAX_TEXT_BYTES // 2**20} MiB: no tool prints so much of one machine"
        raise Unusable(msg)
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return raw.decode(encoding, "replace").removeprefix("\ufeff")


def hosts_named(found: Gathered) -> Counter[str]:
    """Names of hosts, by how many lines are theirs."""
    named: Counter[str] = Counter()
    for tally in found.tallies:
        named.update(tally.hosts)
    for name in found.hosts.values():
        named[name] += 1
    return named
