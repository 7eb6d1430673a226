"""Makes a scenario of what was read: whose each line is, when it was, and in which order it arrives.

What tools print of the present state has no time: it counts as of the end of the logs that were read with it, and as
staying so for half an hour, as no single look can wait for what must hold for a while.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.diagnosis.sel import SelRecord
from groundcrew_embedded.diagnosing.boots import anchor
from groundcrew_embedded.diagnosing.gathering import Bmc, Gathered, hosts_named
from groundcrew_embedded.diagnosing.sieve import Kept
from groundcrew_embedded.scenario import Arrival, MetricLine, Scenario, SensorLine
from groundcrew_host_collector.source import LogRow

UNNAMED = "localhost"
"""What a host is called that nothing names, as syslog does."""

STAYS_US = 30 * 60 * 1_000_000
LOOKS = 7
"""Looks within STAYS_US at what is so now."""

_SAME_US = 2 * 1_000_000
"""One line in two logs, as the kernel's in dmesg and in syslog, bears times that differ by so much at most."""


@dataclass
class _Names:
    """One spelling per host: what differs only by its domain is one."""

    only: str
    known: dict[str, str]

    @classmethod
    def of(cls, found: Gathered, host: str) -> "_Names":
        known: dict[str, str] = {}
        for name, _ in hosts_named(found).most_common():
            known.setdefault(_short(name), name)
        return cls(host or (next(iter(known.values())) if len(known) == 1 else ""), known)

    def of_line(self, one: Kept, whose: str) -> str:
        if whose:
            return whose
        return self.known.get(_short(one.host), one.host) if one.host else self.only or UNNAMED


def _short(name: str) -> str:
    lower = name.lower()
    return lower if lower.replace(".", "").isdigit() or ":" in lower else lower.partition(".")[0]


def compose(found: Gathered, *, host: str, name: str) -> Scenario:
    """`host` is whose all of it is, where that was said."""
    names = _Names.of(found, host)
    whose = {place: host or found.hosts.get(place, "") for place in range(len(found.tallies))}
    arrivals = _lines(found, names, whose)
    for place, bmc in found.bmcs.items():
        arrivals += _records(bmc, f"{_owner(place, whose, names)}-bmc", place)
    end_us = max((one.at for one in arrivals), default=max(found.ends_us.values(), default=0))
    for place, bmc in found.bmcs.items():
        arrivals += _shown(bmc, f"{_owner(place, whose, names)}-bmc", end_us, place)
    for place in found.samples:
        arrivals += _samples(found, place, _owner(place, whose, names), end_us)
    arrivals.sort()
    hosts = sorted({_host_of(one) for one in arrivals} or {names.only or UNNAMED})
    with_bmc = {_owner(place, whose, names) for place in found.bmcs}
    kinds: dict[str, set[str]] = defaultdict(set)
    for one in arrivals:
        kinds[one.order[1]].add(one.order[0])
    start_us = arrivals[0].at if arrivals else end_us
    return Scenario(
        name=name,
        title=name,
        start=from_us(start_us),
        end=from_us(max(end_us, arrivals[-1].at if arrivals else end_us)),
        inventory=Inventory(
            revision=1, host=[InventoryHost(name=one, bmc=f"{one}-bmc" if one in with_bmc else "") for one in hosts]
        ),
        arrivals=arrivals,
        kinds={one: frozenset(kind) for one, kind in kinds.items()},
    )


def _owner(place: int, whose: dict[int, str], names: _Names) -> str:
    return whose[place] or names.only or UNNAMED


def _host_of(one: Arrival) -> str:
    kind, name, _ = one.order
    return name.removesuffix("-bmc") if kind in ("sel", "sensors") else name


def _lines(found: Gathered, names: _Names, whose: dict[int, str]) -> list[Arrival]:
    """Lines by time, those without a time of day placed by their boot; what two files say counts once."""
    kept = found.sieve.kept
    anchor(found.boots, kept)
    for place, boots in found.boots.items():
        if boots.unplaced:
            last = from_us(found.ends_us[place])
            found.tallies[place].note = f"no time of day: its last line is taken to be of {last:%Y-%m-%d %H:%M} UTC"
        boots.place(found.ends_us[place])
    for one in kept:
        if one.boot is not None:
            began = found.boots[one.file].found[one.boot].began_us or 0
            one.row = replace(one.row, time_us=began + one.row.time_us)
    kept.sort(key=lambda one: (one.row.time_us, one.file, one.number))
    arrivals = [*_boots_begun(found, names, whose)]
    seen: dict[tuple[str, str], tuple[int, int]] = {}
    for one in kept:
        host = names.of_line(one, whose[one.file])
        time_us, file = seen.get((host, one.row.message), (0, one.file))
        if file != one.file and one.row.time_us - time_us <= _SAME_US:
            continue
        seen[host, one.row.message] = (one.row.time_us, one.file)
        position = f"{found.tallies[one.file].name}:{one.number}"
        row = replace(one.row, position=position, host="")
        arrivals.append(Arrival(row.time_us, ("logs", host, len(arrivals)), row))
    return arrivals


def _boots_begun(found: Gathered, names: _Names, whose: dict[int, str]) -> list[Arrival]:
    """A first, empty line of each boot: an excerpt begins long after the boot that its lines count from."""
    arrivals = []
    for place, boots in found.boots.items():
        mine = [one for one in found.sieve.kept if one.file == place]
        for number, boot in enumerate(boots.found):
            lines = [one for one in mine if one.boot == number]
            if not lines:
                continue
            host = names.of_line(lines[0], whose[place])
            boot_id, began = lines[0].row.boot_id, boot.began_us or 0
            row = LogRow(
                f"{found.tallies[place].name}:boot {number + 1}", began, 6, "kernel", "", "kernel", boot_id, ""
            )
            arrivals.append(Arrival(began, ("logs", host, -1), row))
    return arrivals


def _records(bmc: Bmc, name: str, place: int) -> list[Arrival]:
    """A record arrives when its BMC says that it happened; an undated one with the record before it, the first ones
    with the first that is dated."""
    first = next((to_us(one.time) for one in bmc.records if one.time is not None), None)
    if first is None:
        bmc.shown = [*bmc.records, *bmc.shown]
        return []
    arrivals, now = list[Arrival](), first
    for number, record in enumerate(bmc.records):
        if record.time is not None:
            now = max(now, to_us(record.time))
        arrivals.append(Arrival(now, ("sel", name, place * 1_000_000 + number), record))
    return arrivals


def _shown(bmc: Bmc, name: str, end_us: int, place: int) -> list[Arrival]:
    base = place * 1_000_000 + 500_000
    stamped = [replace(one, source_time=one.source_time or "now") for one in bmc.shown]
    arrivals = [_record(one, name, base + number, end_us) for number, one in enumerate(stamped)]
    for look in range(LOOKS):
        at = end_us + look * STAYS_US // (LOOKS - 1)
        arrivals += [
            Arrival(
                at,
                ("sensors", name, base + number),
                SensorLine(time=from_us(at), bmc=name, sensor=sensor, value=value, unit=unit, status=status),
            )
            for number, (sensor, value, unit, status) in enumerate(bmc.readings)
        ]
    return arrivals


def _record(one: SelRecord, name: str, number: int, end_us: int) -> Arrival:
    return Arrival(end_us, ("sel", name, number), replace(one, time=from_us(end_us)))


def _samples(found: Gathered, place: int, host: str, end_us: int) -> list[Arrival]:
    arrivals = []
    for look in range(LOOKS):
        at = end_us + look * STAYS_US // (LOOKS - 1)
        arrivals += [
            Arrival(
                at,
                ("metrics", host, place * 1_000_000 + number),
                MetricLine(time=from_us(at), host=host, name=one.name, value=one.value, labels=dict(one.labels)),
            )
            for number, one in enumerate(found.samples[place])
        ]
    return arrivals


PAUSE = timedelta(minutes=45)
"""Where logs are silent for longer, time leaps: by then all that was to be confirmed or resolved is."""
