"""One look at a BMC: what a script of short commands printed, as facts and as the state of its event log."""

import re
from dataclasses import dataclass, field, replace

from groundcrew.diagnosis.sel import sel_time as parse_time
from groundcrew_ipmi_collector.log_room import Allocation, capacity
from groundcrew_ipmi_collector.raw_record import BmcClock

LOOK = ("sel info", "sdr info", "chassis status", "chassis restart_cause", "raw 0x0a 0x48")
"""Every time; the raw one is Get SEL Time (IPMI 2.0, 31.10)."""

WHO = ("raw 0x06 0x37", "mc info", "fru print 0")
"""At the first look and then now and again; the raw one is Get System GUID (IPMI 2.0, 22.14)."""

_BEGINS = {
    "SEL Information": "sel",
    "SDR Version": "sdr",
    "System Power": "chassis",
    "System restart cause": "restart",
    "Device ID": "mc",
}
_FRU = (" Chassis ", " Board ", " Product ")  # indented, unlike the product of `mc info`
_HEX = re.compile(r"(?: [0-9a-f]{2}){1,16}")
FAULTS = ("Power Overload", "Main Power Fault", "Power Control Fault", "Drive Fault", "Cooling/Fan Fault")
_FRU_FACTS = {
    "Product Manufacturer": "product_vendor", "Product Name": "product", "Product Serial": "product_serial",
    "Product Part Number": "product_part", "Board Mfg": "board_vendor", "Board Product": "board",
    "Board Serial": "board_serial", "Board Part Number": "board_part", "Chassis Serial": "chassis_serial",
}  # fmt: skip
_UNSUPPORTED = re.compile(r"rsp=0x(?:c1|c9|cb|cc|d5|d6)", re.IGNORECASE)
_MAX_FACT = 200


@dataclass(frozen=True)
class SelState:
    """What `sel info` says. `fingerprint` changes when the log does, as far as the BMC keeps its times."""

    entries: int
    added: str
    erased: str
    overflow: bool
    fresh: bool = False
    """The log is full and a record came just now: another that follows within the same second, in place of the
    oldest, would change nothing of the above."""

    capacity: int | None = None
    """Records that fit, where the BMC says so."""

    @property
    def fingerprint(self) -> str:
        return f"{self.entries} | {self.added} | {self.erased}"

    @property
    def erased_at(self) -> str:
        """The BMC's word for when it last lost records, empty where it keeps none."""
        return "" if "available" in self.erased.lower() else self.erased

    @property
    def is_full(self) -> bool:
        return self.capacity is not None and self.entries >= self.capacity

    @property
    def used(self) -> float | None:
        """How full it is, 0 to 1; None where the BMC does not tell."""
        if self.capacity is None:
            return None
        return 1.0 if self.is_full else self.entries / self.capacity

    @property
    def dated(self) -> bool:
        return bool(self.added) and "available" not in self.added.lower()


@dataclass(frozen=True)
class Look:
    """What a BMC told of itself. `told` are facts by the names that the inventory shows; `power` is "on", "off" or
    empty, and `no_chassis` then says why, empty where it does not know the command."""

    told: dict[str, str] = field(default_factory=dict)
    sel: SelState | None = None
    sdr_stamp: str = ""
    """Changes when the BMC's sensor records do; empty where it has none."""

    power: str = ""
    no_chassis: str = ""
    guid: str = ""
    guid_known: bool = False
    clock: BmcClock = field(default_factory=BmcClock)
    maker: int = 0
    """IANA number of who made the BMC; 0 where that was not asked."""

    answered: bool = True

    def facts(self) -> dict[str, str]:
        """What the inventory shows of the BMC; what it did not tell is left out."""
        found = self.told | {"power": self.power, "guid": self.guid}
        if self.clock.offset_us is not None:
            seconds = round(self.clock.offset_us / 1_000_000)
            found["clock_offset_s"] = "not set" if self.clock.since_start else str(seconds)
        if (state := self.sel) is not None:
            percent = "" if state.used is None else f"{100 * state.used:.0f}"
            found |= {"sel_entries": str(state.entries), "sel_percent_used": percent}
            found["sel_overflow"] = "yes" if state.overflow else ""
        return {name: value[:_MAX_FACT] for name, value in found.items() if value and "unknown" not in value.lower()}


FRESH_S = 3
"""Seconds, by the BMC's clock, for which the newest record counts as one that came just now."""


def is_fresh(added_s: int, now_s: int | None) -> bool:
    return now_s is None or now_s - added_s <= FRESH_S


def parse_look(output: str, complaint: str, at_us: int) -> Look:
    """`at_us`: when the BMC told its time. Never raises; a section that was cut or garbled is as good as missing."""
    sections: dict[str, dict[str, str]] = {}
    current = ""
    guid, sel_time = "", None
    for line in output.splitlines():
        if _HEX.fullmatch(line.rstrip()):
            data = bytes.fromhex(line.replace(" ", ""))
            guid = _guid(data) if len(data) == 16 else guid
            sel_time = int.from_bytes(data, "little") if len(data) == 4 else sel_time
            continue
        name, colon, value = (part.strip() for part in line.partition(":"))
        current = "fru" if line.startswith(_FRU) else _BEGINS.get(name, current)
        if current and colon and name:
            sections.setdefault(current, {}).setdefault(name, value)
    return Look(
        told=_told(sections),
        sel=_sel_state(sections.get("sel", {}), sel_time),
        sdr_stamp=_sdr_stamp(sections.get("sdr", {})),
        power=sections.get("chassis", {}).get("System Power", ""),
        no_chassis=_no_chassis(complaint),
        guid=guid,
        guid_known=bool(guid) or _refused(complaint, 0x06, 0x37) or any(len(h) == 48 for h in _hex_lines(output)),
        clock=BmcClock.seen(None if sel_time == 0xFFFF_FFFF else sel_time, at_us),
        maker=_count(sections.get("mc", {}).get("Manufacturer ID", "")) or 0,
        answered=bool(sections),
    )


def _told(sections: dict[str, dict[str, str]]) -> dict[str, str]:
    chassis, mc, fru = (sections.get(name, {}) for name in ("chassis", "mc", "fru"))
    found = {
        "power_policy": chassis.get("Power Restore Policy", ""),
        "last_power_event": chassis.get("Last Power Event", ""),
        "intrusion": chassis.get("Chassis Intrusion", ""),
        "restart_cause": sections.get("restart", {}).get("System restart cause", ""),
        "manufacturer": mc.get("Manufacturer Name", ""),
        "firmware": mc.get("Firmware Revision", ""),
        "ipmi_version": mc.get("IPMI Version", ""),
    }
    if chassis:
        found["faults"] = ", ".join(name.lower() for name in FAULTS if chassis.get(name) == "true") or "none"
    return found | {fact: fru.get(name, "") for name, fact in _FRU_FACTS.items()}


def _sel_state(info: dict[str, str], now_s: int | None) -> SelState | None:
    entries = info.get("Entries", "")
    if not entries.isdecimal():
        return None
    date, _, clock = info.get("Last Add Time", "").partition(" ")
    added = parse_time(date, clock)
    state = SelState(
        entries=int(entries),
        capacity=capacity(int(entries), _count(info.get("Free Space", "")), _allocation(info)),
        added=info.get("Last Add Time", ""),
        erased=info.get("Last Del Time", ""),
        overflow=info.get("Overflow", "").lower() == "true",
    )
    fresh = state.is_full and added is not None and is_fresh(int(added.timestamp()), now_s)
    return replace(state, fresh=fresh)


def _allocation(info: dict[str, str]) -> Allocation | None:
    counts = [_count(info.get(name, "")) for name in ("# of Alloc Units", "Alloc Unit Size", "# Free Units")]
    units, unit_bytes, free = counts
    return None if units is None or unit_bytes is None or free is None else Allocation(units, unit_bytes, free)


def _count(text: str) -> int | None:
    """The number that it begins with: `8144 bytes`, `65535 bytes or more`."""
    found = re.match(r"[0-9]{1,9}(?![0-9])", text)
    return None if found is None else int(found[0])


def _sdr_stamp(sdr: dict[str, str]) -> str:
    names = ("Record Count", "Most recent Addition", "Most recent Erase")
    return " | ".join(sdr.get(name, "") for name in names) if sdr else ""


def _no_chassis(complaint: str) -> str:
    said = next((line for line in complaint.splitlines() if "Chassis Status command" in line), "")
    return "" if "Invalid command" in said or not said else f"unsupported: {said.rpartition(': ')[2]}"


def _hex_lines(output: str) -> list[str]:
    return [line.rstrip() for line in output.splitlines() if _HEX.fullmatch(line.rstrip())]


def _guid(data: bytes) -> str:
    """Hex as the BMC sent it; empty where it is one of those that mean none."""
    return "" if len(set(data)) == 1 else data.hex()


def _refused(complaint: str, netfn: int, command: int) -> bool:
    """Whether the BMC said that it does not know this command (rather than nothing)."""
    mark = f"netfn={netfn:#x} "
    return any(
        mark in line and f"cmd={command:#x} " in line and _UNSUPPORTED.search(line) for line in complaint.splitlines()
    )
