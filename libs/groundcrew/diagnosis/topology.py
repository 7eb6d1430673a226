"""How hosts and BMCs hang together: which host an entity belongs to, what hosts share, what depends on what."""

import re
from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice

from groundcrew.contracts.identity import kind_of, name_of
from groundcrew.contracts.inventory import Inventory, InventoryHost


class SharedKind(StrEnum):
    """What several hosts can hang on together."""

    PDU = "pdu"
    SWITCH = "switch"
    RACK = "rack"
    SOFTWARE = "software"  # the same change of the same program
    SERVICE = "service"  # what all ask: names, time, directory
    STORAGE = "storage"  # the same remote storage

    @property
    def in_topology(self) -> bool:
        """Whether the inventory says who hangs on it; else the symptoms do."""
        return self in (SharedKind.PDU, SharedKind.SWITCH, SharedKind.RACK)


MOST_NAMED = 256
"""Hosts of a list that are looked up."""

MOST_FELLOWS = 64
"""Hosts of one role that may be one cluster; of more, those on one switch may."""

_DAEMONS = frozenset({"mon", "mgr", "mds"})
"""Ceph's daemons that are called after their hosts."""

_WORD = re.compile(r"[A-Za-z0-9][\w.-]*\w")
_RANGE = re.compile(r"([^\[\],]*)\[([\d,-]+)\]([^\[\],]*)|([^\[\],]+)")

_DOTTED = re.compile(r"([A-Za-z][\w.-]*?)(\d{1,6})\.\.\.?(\d{1,6})\b")
_WORDS_OF_KINDS = (
    (
        SharedKind.PDU,
        re.compile(r"\b(?:feeds?|pdus?|breakers?|ups|power (?:test|supply|cut)|electric\w*)\b", re.IGNORECASE),
    ),
    (
        SharedKind.SWITCH,
        re.compile(r"\b(?:switch(?:es)?|leaf(?:s|-\w+)?|tor|uplinks?|port-channels?)\b", re.IGNORECASE),
    ),
    (SharedKind.RACK, re.compile(r"\b(?:racks?|rows?|cooling|crac|chillers?)\b", re.IGNORECASE)),
)
"""Words by which people say what kind of shared thing work is on."""

_TOPOLOGICAL = tuple(kind for kind in SharedKind if kind.in_topology)


class Topology:
    """Look-ups in one revision of the inventory. Hosts that it does not list are known by name only."""

    def __init__(self, inventory: Inventory) -> None:
        self._hosts = {entry.name: entry for entry in inventory.host}
        self._host_of_bmc = {entry.bmc: entry.name for entry in inventory.host if entry.bmc}
        self._telling = frozenset(name for name in self._hosts if not name.isalpha())
        on: dict[tuple[SharedKind, str], set[str]] = defaultdict(set)
        for entry in inventory.host:
            for kind in _TOPOLOGICAL:
                for element in _elements(entry, kind):
                    on[kind, element].add(entry.name)
        self._on = {key: sorted(names) for key, names in on.items() if key[1]}
        self._of_role: dict[str, list[str]] = defaultdict(list)
        for entry in inventory.host:
            self._of_role[entry.role].append(entry.name)
        self._needs: dict[str, dict[str, set[str]]] = defaultdict(dict)
        self._needed_by: dict[str, set[str]] = defaultdict(set)
        for one in inventory.dependency:
            needing, needed = self.place_of(one.entity), self.place_of(one.on)
            if needing != needed:
                self._needs[needing].setdefault(needed, set()).add(one.kind)
                self._needed_by[needed].add(needing)

    def place_of(self, entity: str) -> str:
        """A host's name for what is about a host, else the entity itself."""
        return self.host_of(entity) or entity

    def need(self, place: str, on: str) -> frozenset[str]:
        """In which kinds a place depends on another one by the inventory; empty where it does not."""
        needs = self._needs.get(place)
        return frozenset(needs.get(on, ())) if needs else frozenset()

    def needs(self, place: str) -> list[str]:
        """Places that a place depends on, sorted."""
        return sorted(self._needs.get(place, ()))

    def peers(self, place: str) -> list[str]:
        """Other hosts of the same role on the same switch, sorted: those that may work at one job with this one."""
        own = self._hosts.get(place)
        if own is None or not own.role or not own.switch:
            return []
        there = self.hosts_on(SharedKind.SWITCH, own.switch)
        return [name for name in there if name != place and self._hosts[name].role == own.role]

    def fellows(self, place: str) -> list[str]:
        """Other hosts that may be one cluster with this one: those of its role, or its `peers` where the role is that
        of more than MOST_FELLOWS hosts."""
        own = self._hosts.get(place)
        alike = self._of_role[own.role] if own is not None and own.role else []
        return [name for name in alike if name != place] if len(alike) <= MOST_FELLOWS else self.peers(place)

    def sisters(self, place: str) -> list[str]:
        """Other hosts of the same role, maker and model, at most as many as `fellows`: what they show of a part, this
        one should as well."""
        own = self._hosts.get(place)
        if own is None:
            return []
        kind = own.vendor, own.model
        return [name for name in self.fellows(place) if (self._hosts[name].vendor, self._hosts[name].model) == kind]

    def needed_by(self, place: str) -> list[str]:
        """Places that depend on a place, sorted."""
        return sorted(self._needed_by.get(place, ()))

    def above(self, place: str) -> list[str]:
        """The entities that a host hangs on: its feeds, switch and rack."""
        return [f"{kind.value}:{name}" for kind in _TOPOLOGICAL for name in self.shared(place, kind)]

    def host_of(self, entity: str) -> str | None:
        """Name of the host that an observation of this entity is about; None for PDUs, switches and unknown BMCs."""
        match kind_of(entity):
            case "host":
                return name_of(entity)
            case "bmc":
                return self._host_of_bmc.get(name_of(entity))
            case _:
                return None

    def host_of_bmc(self, name: str) -> str | None:
        """The host that a BMC of this name sits in, None for any other name."""
        return self._host_of_bmc.get(name)

    def hosts_named(self, component: str) -> tuple[str, ...]:
        """Hosts of the inventory that a part's name names: the name itself, one that it begins with as a server's
        (`nas:/export`) or ends with as a node's (`rabbit@mq-2`), those of a list (`n[07-09,12],head`), which is looked
        at as far as MOST_NAMED."""
        name = component.rpartition("@")[2]
        if name in self._hosts:
            return (name,)
        daemon, dot, rank = name.partition(".")
        if dot and daemon in _DAEMONS and (host := self._host_of_daemon(daemon, rank)):
            return (host,)
        server, colon, _ = name.partition(":")
        if colon and server in self._hosts:
            return (server,)
        if "[" in name or "," in name:
            return tuple(one for one in islice(_listed(name), MOST_NAMED) if one in self._hosts)
        return ()

    def _host_of_daemon(self, daemon: str, name: str) -> str:
        """The host that a daemon of a cluster is called after, in full or by its end (`mon.c` of `st-mon-c`); empty
        where there is none, or more than one."""
        if name in self._hosts:
            return name
        ends = (f"{daemon}-{name}", f"{daemon}{name}")
        found = [host for host in self._hosts if host.endswith(ends)]
        return found[0] if len(found) == 1 else ""

    def host_named(self, component: str) -> str:
        """The first of them; empty where there is none."""
        return next(iter(self.hosts_named(component)), "")

    def host_in(self, text: str, but: str) -> str:
        """The first other host of the inventory that a line names; empty where it names none. A name that could be any
        word, such as `head`, does not count."""
        for word in _WORD.findall(text):
            if word in self._telling and word != but:
                return str(word)
            label = word.partition(".")[0]
            if label != word and label in self._telling and label != but:
                return str(label)
        return ""

    def touched_by(self, text: str, home: str) -> set[str]:
        """The hosts that announced work touches: the one that it was written on, those that it names, and, where it is
        about a feed, a switch or a rack, those that hang on the same ones as the host that it was written on."""
        found = {home} | self.under_named(text)
        for kind, words in _WORDS_OF_KINDS:
            if words.search(text):
                found.update(name for element in self.shared(home, kind) for name in self.hosts_on(kind, element))
        return found

    def under_named(self, text: str) -> set[str]:
        """The hosts that a line names, in a range (`n-01..04`) as well, and those that hang on a switch, feed or rack
        that it names. A name that could be any word, such as `head`, does not count."""
        found = {name for head, first, last in _DOTTED.findall(text) for name in _counted(head, first, last)}
        found &= self._hosts.keys()
        for word in set(_WORD.findall(text)):
            if word.isalpha():
                continue
            if word in self._hosts:
                found.add(word)
            for kind in _TOPOLOGICAL:
                found.update(self._on.get((kind, word), ()))
        return found

    def has_bmc(self, host: str) -> bool:
        """Whether the inventory names a BMC of this host."""
        entry = self._hosts.get(host)
        return entry is not None and bool(entry.bmc)

    def shared(self, place: str, kind: SharedKind) -> tuple[str, ...]:
        """Names of the elements of this kind that the host hangs on; of a rack, switch or site, those that all of its
        hosts hang on."""
        entry = self._hosts.get(place)
        if entry is not None:
            return tuple(name for name in _elements(entry, kind) if name)
        if kind_of(place) == kind.value:
            return (name_of(place),)
        hosts = self.hosts_of(place)
        common = set.intersection(*(set(_elements(self._hosts[name], kind)) for name in hosts)) if hosts else set()
        return tuple(sorted(common - {""}))

    def hosts_of(self, place: str) -> list[str]:
        """The hosts of a `rack:`, `switch:`, `pdu:` or `site:`, sorted; none of anything else."""
        kind, name = kind_of(place), name_of(place)
        if not name:
            return []
        if kind == "site":
            return sorted(self._hosts)
        return self.hosts_on(SharedKind(kind), name) if kind in {each.value for each in _TOPOLOGICAL} else []

    def hosts_on(self, kind: SharedKind, element: str) -> list[str]:
        """All hosts on an element, sorted."""
        return self._on.get((kind, element), [])


def _counted(head: str, first: str, last: str) -> Iterator[str]:
    """Names of a range, as far as MOST_NAMED."""
    numbers = range(int(first), min(int(last), int(first) + MOST_NAMED) + 1)
    return (f"{head}{number:0{len(first)}}" for number in numbers)


def _listed(names: str) -> Iterator[str]:
    """Names of a list of nodes in the way of Slurm: `n[07-09,12],head`."""
    for head, numbers, tail, plain in _RANGE.findall(names):
        if plain:
            yield plain.strip()
            continue
        for one in numbers.split(","):
            first, _, last = one.partition("-")
            if first.isdigit() and (last or first).isdigit():
                yield from (f"{head.strip()}{n:0{len(first)}}{tail}" for n in range(int(first), int(last or first) + 1))


def _elements(entry: InventoryHost, kind: SharedKind) -> list[str]:
    match kind:
        case SharedKind.PDU:
            return entry.pdu
        case SharedKind.SWITCH:
            return [entry.switch]
        case SharedKind.RACK:
            return [entry.rack]
        case _:
            return []
