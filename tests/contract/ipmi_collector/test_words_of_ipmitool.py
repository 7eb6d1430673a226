"""Records and readings decoded by ourselves say what the real ipmitool says of the same bytes.

The simulated BMC under both is our own, so this also shows that it speaks the protocol as ipmitool understands it.
"""

import random
import struct
from collections.abc import Iterator

import pytest
from tests.bmc.fleet import Lab, ipmitool, lab, our_clock

from groundcrew.diagnosis.maker_meanings import PURLEY, QUANTA
from groundcrew.diagnosis.sdr_bytes import sensors_of
from groundcrew.diagnosis.sel import SelRecord, parse_sel
from groundcrew.diagnosis.sel_bytes import names_of, sel_record
from groundcrew.diagnosis.sel_makers import DELL
from groundcrew.diagnosis.sensor_bytes import numbered, sensor_read
from groundcrew.diagnosis.sensors import SensorRead, parse_sensors
from groundcrew_ipmi_collector.lab.bmc import SimulatedBmc
from groundcrew_ipmi_collector.lab.records import Analog, Discrete, EventOnly, event

from .simulated_bmc import needs_the_simulator

SENSORS = (
    Analog(number=1, name="CPU1 Temp", kind=1, unit=1),
    Analog(number=2, name="P12V", kind=2, unit=4, m=63, b=-5, k1=1, k2=-3),
    Analog(number=3, name="FAN1", kind=4, unit=18, m=75),
    Analog(number=4, name="Delta", kind=1, unit=1, form=2),
    Analog(number=5, name="Ones", kind=1, unit=1, form=1),
    Analog(number=6, name="Light", kind=11, unit=12, linearisation=5, k2=-2),
    Analog(number=7, name="Rate", kind=3, unit=5, m=3, linearisation=8, k2=-1),
    Analog(number=8, name="Root", kind=3, unit=6, linearisation=10),
    Analog(number=9, name="Share", kind=11, unit=0, percent=True),
    Analog(number=10, name="Flow", kind=11, unit=70, unit_modifier=1, modifying_unit=22),
    Analog(number=11, name="Torque", kind=11, unit=16, unit_modifier=2, modifying_unit=34),
    Discrete(number=20, name="PS1 Status", kind=8),
    Discrete(number=21, name="CPU1 Status", kind=7, entity=3),
    Discrete(number=22, name="Fan Redundancy", kind=4, event_type=0x0B),
    Discrete(number=23, name="Presence", kind=0x15, event_type=0x08),
    Discrete(number=24, name="ACPI", kind=0x22),
    Discrete(number=25, name="Same Name", kind=0x0D),
    Discrete(number=26, name="Same Name", kind=0x0D, instance=2),
    EventOnly(number=40, name="Watchdog", kind=0x23),
)
AT = 1_780_000_000


@pytest.fixture(scope="module")
def running() -> Iterator[Lab]:
    needs_the_simulator()
    with lab() as started:
        yield started


def bmc_with(*sensors: Analog | Discrete | EventOnly, **fields: object) -> SimulatedBmc:
    bmc = SimulatedBmc(our_clock, capacity=20_000, **fields)  # type: ignore[arg-type]
    for sensor in sensors:
        bmc.add_sensor(sensor)
    return bmc


def records() -> Iterator[bytes]:
    """Every sensor type and event type of the tables with every offset, and every kind of record."""
    chance = random.Random(5)
    for kind in (*range(0x2E), 0xC0, 0xC9, 0xF0, 0xF1, 0xF2):
        for offset in range(16):
            for data in (bytes([offset, 0xFF, 0xFF]), bytes([0xC0 | offset, chance.randrange(0x1A), 0xFF])):
                yield event(kind, chance.choice((0, 1, 20, 40, 77)), data, seconds=AT)
    for event_type in range(0x0D):
        for offset in range(16):
            yield event(1, chance.choice((0, 1, 77)), bytes([offset, 0xFF, 0xFF]), event_type=event_type, seconds=AT)
    for sensor in SENSORS[:5]:
        for offset in range(12):
            for asserted in (True, False):
                data = bytes([0x50 | offset, chance.randrange(256), chance.randrange(256)])
                yield event(sensor.kind, sensor.number, data, event_type=1, asserted=asserted, seconds=AT)
    for sensor in SENSORS[11:]:
        for offset in range(12):
            data = bytes([offset, 0xFF, 0xFF])
            yield event(sensor.kind, sensor.number, data, event_type=getattr(sensor, "event_type", 0x6F), seconds=AT)
    yield event(0x0C, 0, b"\x20\xff\x21", seconds=AT)
    yield event(1, 1, seconds=77)
    yield event(1, 1, seconds=AT, generator=0x41)
    yield b"\0\0\xc1" + struct.pack("<I", AT) + bytes(range(1, 10))
    yield b"\0\0\xdf" + struct.pack("<I", AT) + bytes(range(1, 10))
    yield b"\0\0\xe0" + bytes(range(1, 14))
    yield b"\0\0\xf0" + b"\x01\x02" + b"Oops: panic"[:11]


def words(record: SelRecord) -> tuple[object, ...]:
    """ipmitool adds empty parentheses where a maker's decoder has nothing to say; and leaves out what we add, bytes of
    a maker that nobody reads."""
    text = record.text.replace("| () ", "").replace(" () ", " ").partition(" | Event data ")[0]
    return record.record_id, record.time, record.source_time, record.sensor, record.event, record.asserted, text


@pytest.mark.parametrize("maker", [0x1291, DELL], ids=["nobody special", "Dell"])
def test_each_event_log_record_says_what_ipmitool_says(running: Lab, maker: int):
    bmc = bmc_with(*SENSORS, maker=maker)
    for record in (*records(), *dell_records()):
        bmc.add(record)
    names = names_of(sensors_of(dump(bmc)))
    port = running.start(bmc)

    printed = {record.record_id: record for record in parse_sel(ipmitool(port, "sel", "elist").stdout)}

    assert len(printed) == len(bmc.log) > 1_500
    ours = [sel_record(record, names, maker=maker) for record in bmc.log]
    richer = [one for one in ours if one.event and not printed[one.record_id].event]
    differing = [(words(one), words(printed[one.record_id])) for one in ours if one not in richer]
    assert [pair for pair in differing if pair[0] != pair[1]] == []
    assert {one.sensor.split(" #")[0] for one in richer} <= {"Session Audit", "Power Supply", "Power Supply PS1 Status"}


@pytest.mark.parametrize(
    ("maker", "board"),
    [
        *((10_876, board) for board in (0x0933, 0x0808, 0x0841, 0x0635, 0x0726, 0x0923, 0x0872, 0x0853, 0x0999)),
        (47_488, 0x0841), (10_876, 0), (QUANTA, PURLEY), (QUANTA, 1), (QUANTA, 0),
    ],
    ids=lambda number: f"{number:x}",
)  # fmt: skip
def test_which_dimm_a_board_means_is_what_ipmitool_says(running: Lab, maker: int, board: int):
    bmc = bmc_with(*SENSORS, maker=maker, board=board)
    chance = random.Random(7)
    for offset in (0, 1, 5, 7):
        for own in (0xA0, 0x80, 0x20, 0x00):
            for _ in range(8):
                slot = chance.randrange(1, 15) << 4 | chance.randrange(9, 13)
                data = bytes([own | offset, slot, chance.randrange(255)])
                bmc.add(event(0x0C, 2, data, seconds=AT))

    printed = parse_sel(ipmitool(running.start(bmc), "sel", "elist").stdout)

    assert len(printed) == 128
    ours = [sel_record(record, {}, maker=maker, board=board) for record in bmc.log]
    assert [words(one) for one in ours] == [words(one) for one in printed]
    assert any("(" in one.event for one in ours) is (bool(board) and (maker, board) != (QUANTA, 1))


def dell_records() -> Iterator[bytes]:
    """Bytes of the maker in event data 2 and 3, as Dell fills them, for all that is decoded of them."""
    chance = random.Random(3)
    for kind in (0x07, 0x0C, 0x0F, 0x10, 0x13, 0x2B, 0xC2, 0xC3):
        for offset in (*range(7), 0x0F):
            for own in (0xA0, 0x80, 0x20, 0xB0):
                for _ in range(6):
                    data = bytes([own | offset, chance.choice((chance.randrange(256), 0x80, 2)), chance.randrange(256)])
                    yield event(kind, 2, data, seconds=AT)


def test_each_reading_says_what_ipmitool_says(running: Lab):
    bmc = bmc_with(*SENSORS)
    chance = random.Random(9)
    port = running.start(bmc)
    for _ in range(12):
        for sensor in SENSORS:
            if isinstance(sensor, Analog):
                bmc.read(
                    sensor.number, chance.choice((0, 1, 127, 128, 255, chance.randrange(256))), chance.randrange(64)
                )
            elif isinstance(sensor, Discrete):
                bmc.read(sensor.number, 0, chance.randrange(1 << 12))
        bmc.readings[3] = bytes([9, 0x80, 0, 0])  # not scanned
        bmc.readings[20] = bytes([0, 0xE0, 0, 0])  # no reading now
        bmc.readings.pop(21, None)  # the BMC does not know it at all

        printed = parse_sensors(ipmitool(port, "sdr", "elist", "all").stdout)

        told = (sensor_read(one, bmc.readings.get(one.number, b"")) for one in sensors_of(dump(bmc)))
        assert [reading(one) for one in numbered(list(told))] == [reading(one) for one in printed]


def reading(read: SensorRead) -> tuple[object, ...]:
    """What is published of it."""
    return read.sensor, read.value, read.text, read.unit, read.status


def dump(bmc: SimulatedBmc) -> bytes:
    return b"".join(sensor.record() for sensor in bmc.sensors)
