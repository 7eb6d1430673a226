"""Critical thresholds travel with the readings; zero, unreadable and crossed ones do not."""

import pytest

from groundcrew.diagnosis.redfish_sensors import sensor_reads, thermal_reads
from groundcrew.diagnosis.sdr_bytes import sensor_of
from groundcrew.diagnosis.sensor_bytes import numbered, sensor_read
from groundcrew.diagnosis.sensors import SensorRead, Thresholds
from groundcrew_ipmi_collector.sensor_batch import batch_of


def full_record(*, readable: int, upper: int, lower: int) -> bytes:
    """A temperature with value = raw."""
    record = bytearray(47)
    record[3], record[5], record[7] = 0x01, 0x20, 9
    record[12], record[13], record[18], record[21] = 0x01, 0x01, readable, 1
    record[24], record[37], record[40] = 1, upper, lower
    record += b"\xc8CPU Temp"
    record[4] = len(record) - 5
    return bytes(record)


def read_of(**limits: int) -> SensorRead:
    sensor = sensor_of(full_record(**limits))
    assert sensor is not None
    return numbered([sensor_read(sensor, bytes((60, 0x40, 0)))])[0]


def test_limits_of_a_sensor_record_that_can_be_read():
    batch = batch_of([read_of(readable=0x12, upper=95, lower=5)], 1)
    assert (batch.values, batch.lowers, batch.uppers) == ([60.0], [5.0], [95.0])


@pytest.mark.parametrize(("readable", "upper", "lower"), [(0, 95, 5), (0x12, 0, 0)], ids=["unreadable", "zero"])
def test_limits_that_say_nothing_are_none(readable: int, upper: int, lower: int):
    batch = batch_of([read_of(readable=readable, upper=upper, lower=lower)], 1)
    assert (batch.lowers, batch.uppers) == ([], [])


def test_limits_that_cross_each_other_are_none():
    crossed = SensorRead("P12V", 12.0, "", "Volts", "ok", thresholds=Thresholds((None, 14.0, None), (None, 10.0, None)))
    assert batch_of([crossed], 1).uppers == [None]


def test_limits_over_redfish_old_and_new():
    new = {"Name": "CPU", "Reading": 60, "ReadingUnits": "Cel", "Thresholds": {"UpperCritical": {"Reading": 95}}}
    old = {
        "Temperatures": [
            {"Name": "CPU", "ReadingCelsius": 60, "UpperThresholdCritical": 95, "LowerThresholdCritical": 0}
        ]
    }
    for reads in (sensor_reads([new]), thermal_reads(old)):
        batch = batch_of(reads, 1)
        assert (batch.lowers, batch.uppers) == ([None], [95.0])
