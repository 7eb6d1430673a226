"""What a simulated BMC is and what it answers: sensors, event log, chassis, FRU. No network, no clock of its own."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from groundcrew_ipmi_collector.lab.records import Analog, Discrete, EventOnly

Answer = tuple[int, bytes]
"""Completion code and data."""

Sensor = Analog | Discrete | EventOnly

_OK: Answer = (0x00, b"")
UNKNOWN, TOO_LONG, CUT, GONE, LOST, NOT_NOW = 0xC1, 0xCA, 0xC7, 0xCB, 0xC5, 0xD5
_LEVEL_TOO_HIGH = 0x81
_LAST = 0xFFFF


class Fault(StrEnum):
    """What is wrong with it."""

    HANG = "hang"  # it answers nothing
    DRIP = "drip"  # each answer comes late
    FORGET = "forget"  # it drops its sessions now and then
    GARBAGE = "garbage"  # what is no answer comes before each answer
    REFUSE = "refuse"  # it takes no password
    BUSY = "busy"  # it says "node busy" to every other request
    FULL = "full"  # its event log takes no more
    DEAF_BUS = "deaf-bus"  # the controllers behind it do not answer
    NO_LIMITS = "no-limits"  # its thresholds are all zero, and exceeded


@dataclass
class SimulatedBmc:
    """`clock`: seconds since 1970, ours; `clock_off_s`: how far its own is ahead. `capacity`: records that its log
    holds before the oldest go (or, with FULL, before new ones are lost)."""

    clock: Callable[[], int]
    sensors: list[Sensor] = field(default_factory=list)
    guid: bytes = bytes(range(1, 17))
    maker: int = 0x1291
    board: int = 0
    fru: bytes = b""
    capacity: int = 1_000
    clock_off_s: int = 0
    watts: int | None = None
    whole_sdrs: bool = False
    sel_bytes: int = 16
    """Bytes of an event log record that it gives at once."""

    unit_bytes: int = 0
    """Of its log's memory, in which it keeps a record each; 0: it tells nothing of units."""

    own_sdrs_only: bool = False
    """It has no repository of sensor records, but gives those of its own sensors."""

    faults: set[Fault] = field(default_factory=set)
    refuses: dict[tuple[int, int], int] = field(default_factory=dict)
    """Completion codes for commands, by network function and command, that it does not carry out."""

    mute: set[tuple[int, int]] = field(default_factory=set)
    """Commands that it never answers, by network function and command."""

    asked: int = 0
    """Requests within sessions."""

    def __post_init__(self) -> None:
        self.log: list[bytes] = []
        self.readings: dict[int, bytes] = {}
        self.power_on = True
        self.restart_cause = 1
        self.overflow = False
        self.added = self.erased = 0xFFFF_FFFF
        self.sdr_added = self.seconds
        self._next_id = 1
        self._reservations = {"sel": 0, "sdr": 0}

    @property
    def seconds(self) -> int:
        return (self.clock() + self.clock_off_s) & 0xFFFF_FFFF

    # --- what happens to it ------------------------------------------------------------------------------------------

    def read(self, number: int, raw: int, states: int = 0) -> None:
        """What a sensor says from now on; `states`: threshold bits or states that are on."""
        self.readings[number] = bytes([raw, 0xC0]) + struct.pack("<H", states | 0x8000 if states >> 8 else states)

    def add(self, record: bytes) -> None:
        """A record (16 bytes) goes into the log with the next id, and the time where it bears none."""
        if len(self.log) >= self.capacity:
            self.overflow = True
            if Fault.FULL in self.faults:
                return
            del self.log[0]
        stamp = record[3:7] if record[2] >= 0xE0 or any(record[3:7]) else struct.pack("<I", self.seconds)
        self.log.append(struct.pack("<H", self._next_id) + record[2:3] + stamp + record[7:16])
        self._next_id = self._next_id % 0xFFFE + 1
        self.added = self.seconds

    def clear(self) -> None:
        """As `sel clear` does; record ids begin anew."""
        self.log.clear()
        self.overflow = False
        self._next_id = 1
        self.erased = self.seconds
        self._reservations["sel"] += 1

    def hold(self, count: int) -> None:
        """So many records fit from now on; the oldest of what is above that go, as where it wrapped."""
        self.capacity = count
        if len(self.log) > count:
            del self.log[:-count]
            self.overflow = True

    def add_sensor(self, sensor: Sensor) -> None:
        self.sensors.append(sensor)
        self.sdr_added = max(self.seconds, self.sdr_added + 1)
        self._reservations["sdr"] += 1

    # --- what it answers ---------------------------------------------------------------------------------------------

    def answer(self, netfn: int, command: int, data: bytes) -> Answer:
        """To a request within a session. Never raises: what is cut is answered with "request data length invalid"."""
        self.asked += 1
        if Fault.BUSY in self.faults and self.asked % 2:
            return 0xC0, b""
        if code := self.refuses.get((netfn, command)):
            return code, b""
        known = (_OWN_SDRS if self.own_sdrs_only else _REPOSITORY).get((netfn, command)) or _COMMANDS.get(
            (netfn, command)
        )
        if known is None:
            return UNKNOWN, b""
        try:
            return known(self, data)
        except (IndexError, struct.error):
            return CUT, b""

    def device_id(self, _data: bytes) -> Answer:
        maker = self.maker.to_bytes(3, "little")
        devices = 0x9D if self.own_sdrs_only else 0x9F
        return 0, bytes([0x20, 0x81, 0x09, 0x08, 0x02, devices]) + maker + b"\x02\x0f" + bytes(4)

    def system_guid(self, _data: bytes) -> Answer:
        return 0, self.guid

    def chassis(self, _data: bytes) -> Answer:
        return 0, bytes([0x40 | self.power_on, 0x10, 0, 0])

    def cause(self, _data: bytes) -> Answer:
        return 0, bytes([self.restart_cause, 1])

    def send_message(self, _data: bytes) -> Answer:
        """There is nobody behind it: 83h says so, and with DEAF_BUS it is passed on and nothing comes of it."""
        return (0, b"") if Fault.DEAF_BUS in self.faults else (0x83, b"")

    def board_id(self, _data: bytes) -> Answer:
        """Supermicro's own command, and Quanta's."""
        return (0, struct.pack("<H", self.board)) if self.board else (UNKNOWN, b"")

    def power(self, _data: bytes) -> Answer:
        if self.watts is None:
            return UNKNOWN, b""
        figures = struct.pack("<HHHHIIB", self.watts, 0, 900, self.watts, self.seconds, 1_000, 0x40)
        return 0, b"\xdc" + figures

    def sel_info(self, _data: bytes) -> Answer:
        free = min(self._room * (self.unit_bytes or 16), 0xFFFF)
        flags = 0x0A | (0x80 if self.overflow else 0) | (0x01 if self.unit_bytes else 0)
        return 0, struct.pack("<BHHIIB", 0x51, len(self.log), free, self.added, self.erased, flags)

    @property
    def _room(self) -> int:
        return max(self.capacity - len(self.log), 0)

    def sel_allocation(self, _data: bytes) -> Answer:
        """The largest record in bytes, as Supermicro's tell it, not in units."""
        if not self.unit_bytes:
            return UNKNOWN, b""
        return 0, struct.pack("<HHHHB", self.capacity, self.unit_bytes, self._room, self._room, self.unit_bytes)

    def sel_entry(self, data: bytes) -> Answer:
        reservation, wanted, offset, count = struct.unpack_from("<HHBB", data)
        if offset and reservation != self._reservations["sel"]:
            return LOST, b""
        if min(count, 16 - offset) > self.sel_bytes:
            return TOO_LONG, b""
        place = self._place(wanted)
        if place is None:
            return GONE, b""
        following = self.log[place + 1][:2] if place + 1 < len(self.log) else b"\xff\xff"
        return 0, following + self.log[place][offset : offset + count]

    def _place(self, wanted: int) -> int | None:
        if not self.log:
            return None
        if wanted in (0, _LAST):
            return 0 if wanted == 0 else len(self.log) - 1
        first = int.from_bytes(self.log[0][:2], "little")
        near = wanted - first  # ids follow each other but where they begin anew
        if 0 <= near < len(self.log) and self.log[near][:2] == struct.pack("<H", wanted):
            return near
        return next((n for n, record in enumerate(self.log) if record[:2] == struct.pack("<H", wanted)), None)

    def sel_reserve(self, _data: bytes) -> Answer:
        self._reservations["sel"] = self._reservations["sel"] % 0xFFFF + 1
        return 0, struct.pack("<H", self._reservations["sel"])

    def sel_add(self, data: bytes) -> Answer:
        self.add(data.ljust(16, b"\0"))
        return 0, self.log[-1][:2]

    def sel_clear(self, data: bytes) -> Answer:
        if data[5] == 0xAA:
            self.clear()
        return 0, b"\x01"

    def sel_time(self, _data: bytes) -> Answer:
        return 0, struct.pack("<I", self.seconds)

    def set_sel_time(self, data: bytes) -> Answer:
        self.clock_off_s = struct.unpack_from("<I", data)[0] - self.clock()
        return _OK

    def sdr_info(self, _data: bytes) -> Answer:
        return 0, struct.pack("<BHHIIB", 0x51, len(self.sensors), 0x1000, self.sdr_added, 0, 0x22)

    def own_sdr_info(self, _data: bytes) -> Answer:
        return 0, struct.pack("<BBI", len(self.sensors), 0x81, self.sdr_added)

    def sdr_reserve(self, _data: bytes) -> Answer:
        self._reservations["sdr"] = self._reservations["sdr"] % 0xFFFF + 1
        return 0, struct.pack("<H", self._reservations["sdr"])

    def sdr_entry(self, data: bytes) -> Answer:
        reservation, wanted, offset, count = struct.unpack_from("<HHBB", data)
        if offset and reservation != self._reservations["sdr"]:
            return LOST, b""
        place = len(self.sensors) - 1 if wanted == _LAST else max(wanted - 1, 0)
        if place >= len(self.sensors):
            return GONE, b""
        record = struct.pack("<H", place + 1) + self._record(self.sensors[place])[2:]
        if not self.whole_sdrs and min(count, len(record) - offset) > 32:
            return TOO_LONG, b""
        following = place + 2 if place + 1 < len(self.sensors) else _LAST
        return 0, struct.pack("<H", following) + record[offset : offset + count]

    def _record(self, sensor: Sensor) -> bytes:
        record = sensor.record()
        if Fault.NO_LIMITS in self.faults and isinstance(sensor, Analog):
            record = record[:36] + bytes(6) + record[42:]
        return record

    def reading(self, data: bytes) -> Answer:
        if Fault.NO_LIMITS in self.faults and data[0] in self.readings:
            return 0, self.readings[data[0]][:2] + b"\x3f\x00"
        told = self.readings.get(data[0])
        return (GONE, b"") if told is None else (0, told)

    def fru_info(self, data: bytes) -> Answer:
        return (0, struct.pack("<HB", len(self.fru), 0)) if self.fru and data[0] == 0 else (GONE, b"")

    def fru_read(self, data: bytes) -> Answer:
        number, offset, count = struct.unpack_from("<BHB", data)
        if number or offset >= len(self.fru):
            return GONE, b""
        piece = self.fru[offset : offset + min(count, 32)]
        return 0, bytes([len(piece)]) + piece


_COMMANDS: dict[tuple[int, int], Callable[[SimulatedBmc, bytes], Answer]] = {
    (0x00, 0x01): SimulatedBmc.chassis,
    (0x00, 0x07): SimulatedBmc.cause,
    (0x04, 0x2D): SimulatedBmc.reading,
    (0x06, 0x01): SimulatedBmc.device_id,
    (0x06, 0x34): SimulatedBmc.send_message,
    (0x06, 0x37): SimulatedBmc.system_guid,
    (0x0A, 0x10): SimulatedBmc.fru_info,
    (0x0A, 0x11): SimulatedBmc.fru_read,
    (0x0A, 0x40): SimulatedBmc.sel_info,
    (0x0A, 0x41): SimulatedBmc.sel_allocation,
    (0x0A, 0x42): SimulatedBmc.sel_reserve,
    (0x0A, 0x43): SimulatedBmc.sel_entry,
    (0x0A, 0x44): SimulatedBmc.sel_add,
    (0x0A, 0x47): SimulatedBmc.sel_clear,
    (0x0A, 0x48): SimulatedBmc.sel_time,
    (0x0A, 0x49): SimulatedBmc.set_sel_time,
    (0x2C, 0x02): SimulatedBmc.power,
    (0x30, 0x21): SimulatedBmc.board_id,
    (0x36, 0x65): SimulatedBmc.board_id,
}

_REPOSITORY: dict[tuple[int, int], Callable[[SimulatedBmc, bytes], Answer]] = {
    (0x0A, 0x20): SimulatedBmc.sdr_info,
    (0x0A, 0x22): SimulatedBmc.sdr_reserve,
    (0x0A, 0x23): SimulatedBmc.sdr_entry,
}
_OWN_SDRS: dict[tuple[int, int], Callable[[SimulatedBmc, bytes], Answer]] = {
    (0x04, 0x20): SimulatedBmc.own_sdr_info,
    (0x04, 0x21): SimulatedBmc.sdr_entry,
    (0x04, 0x22): SimulatedBmc.sdr_reserve,
}
