"""A real simulated BMC: `ipmi_sim` of Debian's package openipmi, told what to do over its standard input.

It has a temperature, a fan, a voltage and two power supplies, an event log, a chassis and a FRU.
"""

import os
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.conftest import free_port

USER, PASSWORD = "groundcrew", "s3cret-of-a-bmc"
POWER_SUPPLY, AC_LOST, FAILED = 0x08, 3, 1
ANALOG = (("CPU1 Temp", 1, 0x03, 62), ("FAN1", 4, 0x1D, 60), ("P12V", 2, 0x14, 120))
SATELLITE = 0x30
SUPPLIES = ("PS1 Status", "PS2 Status")


def needs_the_simulator() -> None:
    for program, package in (("ipmi_sim", "openipmi"), ("ipmitool", "ipmitool")):
        if shutil.which(program) is None:
            pytest.skip(f"needs Debian's package {package}")


def words(data: bytes) -> str:
    return " ".join(f"0x{byte:02x}" for byte in data)


def full_record(number: int, name: str, kind: int, entity: int, unit: int, factor: int, exponent: int) -> bytes:
    """A full sensor record (IPMI 2.0, table 43-1): linear, `value = factor * raw * 10^exponent`."""
    body = bytes([0x20, 0x00, number, entity, 1, 0x7F, 0x68, kind, 0x01]) + struct.pack("<HHH", 0x0A80, 0x0A80, 0x3F3F)
    body += bytes([0, unit, 0, 0, factor, 0, 0, 0, 0, (exponent & 0xF) << 4, 0, 0, 0, 0, 0xFF, 0])
    body += bytes([95, 90, 85, 8, 5, 0, 1, 1, 0, 0, 0, 0xC0 | len(name)]) + name.encode()
    return bytes([0, 0, 0x51, 0x01, len(body)]) + body


def compact_record(number: int, name: str, instance: int) -> bytes:
    """A compact sensor record (table 43-2) of a power supply's discrete states."""
    body = bytes([0x20, 0x00, number, 0x0A, instance, 0x67, 0x40, POWER_SUPPLY, 0x6F])
    body += struct.pack("<HHH", 0x0F, 0x0F, 0x0F) + bytes([0xC0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xC0 | len(name)])
    return bytes([0, 0, 0x51, 0x02, len(body) + len(name)]) + body + name.encode()


def fru_data() -> bytes:
    """A FRU with a product area (IPMI FRU format 1.0, chapters 8 and 12)."""
    strings = b"".join(bytes([0xC0 | len(text)]) + text.encode() for text in ("Acme", "Brick 4", "P-1", "2", "SN-77"))
    area = bytes([1, 0, 0x19]) + strings + b"\xc0\xc0\xc1"
    length = -(-(len(area) + 1) // 8) * 8
    area = (area[:1] + bytes([length // 8]) + area[2:]).ljust(length - 1, b"\0")
    header = bytes([1, 0, 0, 0, 1, 0, 0])
    return header + bytes([-sum(header) & 0xFF]) + area + bytes([-sum(area) & 0xFF])


@dataclass
class SimulatedBmc:
    folder: Path
    port: int = field(default_factory=free_port)
    guid: str = "a123456789abcdefa123456789abcdef"
    more_sensors: int = 0
    """Temperatures beside those few."""

    kg: str = ""
    """Its key K_G, at most 19 characters without spaces, which is all that its configuration takes; empty: none."""

    satellite: bool = False
    """A controller behind it, on its bus, with a temperature of its own."""

    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "state").mkdir(exist_ok=True)
        self._write_files()
        with (self.folder / "said").open("wb") as said:
            self.process = subprocess.Popen(
                ["ipmi_sim", "-c", "lan.conf", "-f", "bmc.emu", "-s", str(self.folder / "state")],
                cwd=self.folder, stdin=subprocess.PIPE, stdout=said, stderr=said,
            )  # fmt: skip
        self._until(lambda: self.ask("mc", "info").returncode == 0, "it does not answer")

    def _write_files(self) -> None:
        script = self.folder / "chassis.sh"
        script.write_text('#!/bin/sh\ncase "$3" in power) echo "power:1";; boot) echo "boot:none";; esac\n')
        script.chmod(0o755)
        key = f'    bmc_key "{self.kg}"\n' if self.kg else ""
        (self.folder / "lan.conf").write_text(
            f'name "bmc{self.port}"\nset_working_mc 0x20\n  startlan 1\n    addr 127.0.0.1 {self.port}\n'
            "    priv_limit admin\n    allowed_auths_callback none md2 md5 straight\n"
            "    allowed_auths_user none md2 md5 straight\n    allowed_auths_operator none md2 md5 straight\n"
            "    allowed_auths_admin none md2 md5 straight\n"
            f"    guid {self.guid}\n{key}  endlan\n"
            f'  chassis_control "{script} 0x20"\n'
            f'  user 1 true "" "" user 10 none md2 md5 straight\n'
            f'  user 2 true "{USER}" "{PASSWORD}" admin 10 none md2 md5 straight\n'
        )
        lines = ["mc_setbmc 0x20", "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02"]
        lines.append("sel_enable 0x20 1000 0x0b")
        every = "000111111111111"
        for number, (name, kind, entity, value) in enumerate(ANALOG, 1):
            unit, factor, exponent = {1: (1, 1, 0), 4: (18, 100, 0), 2: (4, 1, -1)}[kind]
            lines += [
                f"sensor_add 0x20 0 {number} {kind} 1",
                f"sensor_set_threshold 0x20 0 {number} settable 111000 95 90 85 0 0 0" if kind == 1
                else f"sensor_set_threshold 0x20 0 {number} settable 000000 0 0 0 0 0 0",
                f"sensor_set_event_support 0x20 0 {number} enable scanning per-state {every} {every} {every} {every}",
                f"sensor_set_value 0x20 0 {number} {value} 0",
                f"main_sdr_add 0x20 {words(full_record(number, name, kind, entity, unit, factor, exponent))}",
            ]  # fmt: skip
        for instance, name in enumerate(SUPPLIES, 1):
            number = len(ANALOG) + instance
            mask = "000000000001111"
            lines += [
                f"sensor_add 0x20 0 {number} {POWER_SUPPLY} 0x6f",
                f"sensor_set_event_support 0x20 0 {number} enable scanning per-state {mask} {mask} {mask} {mask}",
                f"sensor_set_bit 0x20 0 {number} 0 1 0",
                f"main_sdr_add 0x20 {words(compact_record(number, name, instance))}",
            ]
        for number in range(0x40, 0x40 + self.more_sensors):
            record = full_record(number, f"Temp {number - 0x3F}", 1, 0x03, 1, 1, 0)
            lines += [
                f"sensor_add 0x20 0 {number} 1 1",
                f"sensor_set_value 0x20 0 {number} {20 + number % 50} 0",
                f"main_sdr_add 0x20 {words(record)}",
            ]
        if self.satellite:
            record = bytearray(full_record(1, "ME Temp", 1, 0x2E, 1, 1, 0))
            record[5] = SATELLITE
            lines.append(f"main_sdr_add 0x20 {words(bytes(record))}")
        lines += [f"mc_add_fru_data 0x20 0 256 data {words(fru_data())}", "mc_enable 0x20"]
        if self.satellite:
            events = f"{every} {every} {every} {every}"
            lines += [
                f"mc_add {SATELLITE:#x} 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02",
                f"sensor_add {SATELLITE:#x} 0 1 1 1",
                f"sensor_set_value {SATELLITE:#x} 0 1 44 0",
                f"sensor_set_event_support {SATELLITE:#x} 0 1 enable scanning per-state {events}",
                f"mc_enable {SATELLITE:#x}",
            ]
        (self.folder / "bmc.emu").write_text("\n".join(lines) + "\n")

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What the same BMC says to a plain ipmitool."""
        options = ["-I", "lanplus", "-C", "3", "-N", "1", "-R", "1", "-H", "127.0.0.1", "-p", str(self.port)]
        environ = {**os.environ, "IPMI_PASSWORD": PASSWORD, "TZ": "UTC", "IPMI_KGKEY": self.kg}
        return subprocess.run(
            ["ipmitool", *options, "-U", USER, "-E", *(["-K"] if self.kg else []), *arguments],
            env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def tell(self, *lines: str) -> None:
        """Commands to the simulator itself (ipmi_sim_cmd(5))."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(("\n".join(lines) + "\n").encode())
        self.process.stdin.flush()

    def set_clock(self, seconds: int | None = None) -> None:
        """Set SEL Time (IPMI 2.0, 31.11); to now where nothing else is said."""
        stamp = int(time.time()) if seconds is None else seconds
        assert self.ask("raw", "0x0a", "0x49", *words(stamp.to_bytes(4, "little")).split()).returncode == 0

    def add_records(self, count: int, *, start: int = 0) -> None:
        """Presence of numbered drive slots: each record differs from all others."""
        lines = []
        for n in range(start, start + count):
            record = bytes([0, 0, 0, 0, 0x20, 0, 4, 0x0D, 0x40 + n % 64, 0x6F, 0x00, n >> 8 & 0xFF, n & 0xFF])
            lines.append(f"sel_add 0x20 0x02 {words(record)}")
        before = self.entries()
        self.tell(*lines)
        self._until(lambda: self.entries() >= before + count, "the records are not in its log")

    def supply(self, number: int, state: int, *, on: bool = True) -> None:
        """A power supply's state changes, and the BMC logs it."""
        before = self.entries()
        self.tell(f"sensor_set_bit 0x20 0 {len(ANALOG) + number} {state} {int(on)} 1")
        self._until(lambda: self.entries() > before, "it logged nothing")

    def entries(self) -> int:
        said = self.ask("sel", "info").stdout
        return next((int(line.split(":")[1]) for line in said.splitlines() if line.startswith("Entries")), -1)

    def clear_log(self) -> None:
        self.ask("sel", "clear")
        self._until(lambda: self.entries() == 0, "the log is not empty")

    def lose_log(self) -> None:
        """As when its board was replaced: an empty log that numbers from 1, and a clock a little ahead, so that no
        record has number and second in common with one of before."""
        self.kill()
        shutil.rmtree(self.folder / "state")
        self.start()
        self.set_clock(int(time.time()) + 2)

    def add_sensor(self, name: str, value: int) -> None:
        """A temperature that it did not have before, as after an update of its firmware."""
        number = 0x20
        self.tell(
            f"sensor_add 0x20 0 {number} 1 1",
            f"sensor_set_value 0x20 0 {number} {value} 0",
            f"main_sdr_add 0x20 {words(full_record(number, name, 1, 0x03, 1, 1, 0))}",
        )
        self._until(lambda: name in self.ask("sdr", "elist").stdout, "it does not list the sensor")

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdin is not None
            self.process.stdin.close()
            self.process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    @staticmethod
    def _until(condition, complaint: str) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, complaint
            time.sleep(0.02)


@contextmanager
def simulated(folder: Path, **fields) -> Iterator[SimulatedBmc]:
    """A running BMC whose clock is set."""
    needs_the_simulator()
    bmc = SimulatedBmc(folder, **fields)
    try:
        bmc.start()
        bmc.set_clock()
        yield bmc
    finally:
        bmc.kill()
