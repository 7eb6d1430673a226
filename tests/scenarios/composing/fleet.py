"""A small fleet that talks: what a scenario's author writes on, and what healthy hosts say all the time.

Everything comes out of a generator seeded by the scenario's name, so composing twice writes the same bytes. Times are
minutes after the start; a block of text is one entry a line, `gap` seconds apart, `<n>` in front giving the priority.
"""

import json
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime.fromisoformat("2026-09-14T06:00:00+00:00")

DIALECTS = {
    "long": "%m/%d/%Y | %H:%M:%S",
    "short utc": "%m/%d/%y | %H:%M:%S UTC",
    "half day": "%m/%d/%Y | %I:%M:%S %p UTC",
    "central european": "%m/%d/%Y | %H:%M:%S CEST",
}
"""How versions of ipmitool print a record's time."""

CALM = (
    ("systemd-logind", "systemd-logind.service", "New session {n} of user deploy."),
    ("CROND", "crond.service", "(root) CMD (run-parts /etc/cron.hourly)"),
    ("sshd", "sshd.service", "Accepted publickey for deploy from 192.0.2.{b} port {p} ssh2: RSA SHA256:h{n}"),
    ("chronyd", "chronyd.service", "Selected source 192.0.2.1 (ntp-1.example)"),
    ("systemd", "init.scope", "logrotate.service: Succeeded."),
    ("kernel", "", "perf: interrupt took too long ({p} > 2500), lowering kernel.perf_event_max_sample_rate to 79000"),
    ("systemd", "init.scope", "Started Session {n} of user deploy."),
    ("rsyslogd", "rsyslog.service", '[origin software="rsyslogd" x-pid="{n}"] rsyslogd was HUPed'),
)

Readings = dict[str, tuple[float, str]]
DELL: Readings = {"Inlet Temp": (23, "degrees C"), "Exhaust Temp": (38, "degrees C"), "Temp": (52, "degrees C"),
                  "Fan1A": (7560, "RPM"), "Fan2A": (7440, "RPM"), "Fan3A": (7560, "RPM"), "Voltage 1": (230, "Volts")}  # fmt: skip
HPE: Readings = {"01-Inlet Ambient": (21, "degrees C"), "02-CPU 1": (40, "degrees C"), "Fan 1": (34.5, "percent"),
                 "Fan 2": (34.5, "percent"), "Fan 3": (34.1, "percent"), "Power Supply 1": (180, "Watts"),
                 "Power Supply 2": (175, "Watts")}  # fmt: skip
LENOVO: Readings = {"Ambient Temp": (24, "degrees C"), "CPU 1 Temp": (51, "degrees C"), "Exhaust Temp": (37, "degrees C"),
                    "Fan 1 Tach": (8300, "RPM"), "Fan 2 Tach": (8200, "RPM"), "Fan 3 Tach": (8350, "RPM"),
                    "CMOS Battery": (3.05, "Volts")}  # fmt: skip
SUPERMICRO: Readings = {"System Temp": (27, "degrees C"), "CPU1 Temp": (54, "degrees C"), "FAN1": (6300, "RPM"),
                        "FAN2": (6400, "RPM"), "FAN3": (6300, "RPM"), "12V": (12.0, "Volts"), "VBAT": (3.02, "Volts")}  # fmt: skip
GIGABYTE: Readings = {"INLET_TEMP": (24, "degrees C"), "CPU0_TEMP": (56, "degrees C"), "SYS_FAN1": (9000, "RPM"),
                      "SYS_FAN2": (9150, "RPM"), "SYS_FAN3": (9000, "RPM"), "P_12V": (12.1, "Volts"), "P_VBAT": (3.1, "Volts")}  # fmt: skip
ASUS: Readings = {"TR1 Temp": (25, "degrees C"), "CPU1 Temperature": (55, "degrees C"), "FRNT_FAN1": (8100, "RPM"),
                  "FRNT_FAN2": (8000, "RPM"), "FRNT_FAN3": (8100, "RPM"), "+12V": (12.1, "Volts"), "+VBAT": (3.0, "Volts")}  # fmt: skip
INSPUR: Readings = {"Inlet_Temp": (23, "degrees C"), "CPU0_Temp": (50, "degrees C"), "FAN0_Speed": (7800, "RPM"),
                    "FAN1_Speed": (7700, "RPM"), "FAN2_Speed": (7800, "RPM"), "PSU0_PIN": (210, "Watts"), "PSU1_PIN": (205, "Watts")}  # fmt: skip
FUJITSU: Readings = {"Ambient": (22, "degrees C"), "CPU1": (48, "degrees C"), "FAN1 SYS": (5200, "RPM"),
                     "FAN2 SYS": (5280, "RPM"), "FAN PSU1": (4000, "RPM"), "BATT 3.0V": (3.1, "Volts")}  # fmt: skip
CISCO: Readings = {"TEMP_SENS_FRONT": (22, "degrees C"), "TEMP_SENS_REAR": (34, "degrees C"), "P1_TEMP_SENS": (49, "degrees C"),
                   "FAN1_TACH1": (7100, "RPM"), "FAN2_TACH1": (7050, "RPM"), "FAN3_TACH1": (7100, "RPM"), "P12V": (12.0, "Volts")}  # fmt: skip
INTEL: Readings = {"BB Lft Rear Temp": (31, "degrees C"), "Front Panel Temp": (23, "degrees C"), "P1 Therm Margin": (-40, "degrees C"),
                   "System Fan 1": (5600, "RPM"), "System Fan 2": (5650, "RPM"), "BB +12.0V": (12.1, "Volts"), "BB +3.3V Vbat": (3.1, "Volts")}  # fmt: skip
OPENBMC: Readings = {"Ambient_0_Temp": (24, "degrees C"), "CPU0_Temp": (55, "degrees C"), "fan0_tach": (9100, "RPM"),
                     "fan1_tach": (9200, "RPM"), "fan2_tach": (9100, "RPM"), "ps0_input_power": (300, "Watts")}  # fmt: skip

CRITICAL, WARNING = "critical", "warning"


@dataclass(frozen=True)
class Host:
    """One host of a scenario and what it hangs on."""

    name: str
    vendor: str = "Supermicro"
    model: str = "SYS-6029P-TR"
    rack: str = "b1"
    pdu: tuple[str, ...] = ("pdu-b1-l", "pdu-b1-r")
    switch: str = "tor-b1"
    gpus: int = 0
    role: str = "compute"
    sensors: Readings = field(default_factory=lambda: SUPERMICRO)
    units: tuple[str, ...] = ("sshd.service", "crond.service", "chronyd.service")

    @property
    def bmc(self) -> str:
        return f"{self.name}-bmc"


def hosts(names: str, **shared: Any) -> list[Host]:
    """Hosts alike but for their names, which spaces part."""
    return [Host(name, **shared) for name in names.split()]


@dataclass
class Fleet:
    """Collects what the hosts say and writes it as a scenario folder."""

    name: str
    title: str
    hosts: Sequence[Host]
    minutes: int = 60
    start: datetime = START
    every: int = 2
    """Minutes between two samples of a sensor or metric."""
    talk: Iterable[tuple[str, str, str]] = CALM
    """What hosts say all the time: identifier, unit, message with places for numbers."""
    rows: dict[str, list[tuple[datetime, int, Any]]] = field(default_factory=dict)
    event_logs: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    expected: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    off: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    boots: dict[str, list[float]] = field(default_factory=dict)
    _special: dict[tuple[str, str], Callable[[float], Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.name)
        self.number = 0
        self._dialect = {host.bmc: ("long", 0.0, 0x41) for host in self.hosts}

    # What the author says

    def expect(self, on: str, severity: str, component_class: str | list[str], component: list[str],
               cause: str | list[str], *, evidence: Sequence[str] = (), not_cause: Sequence[str] = (),
               actions: Sequence[str] = ("ticket.create",), never: Sequence[str] = (), why: str = "") -> None:  # fmt: skip
        """One incident of the answer; `on` names its hosts, parted by spaces."""
        entry = {
            "hosts": on.split(), "severity": severity, "component_class": component_class, "component": component,
            "cause": [cause] if isinstance(cause, str) else cause, "evidence": list(evidence),
            "not_cause": list(not_cause), "actions": list(actions), "never": list(never),
        }  # fmt: skip
        if why:
            self.reasons.append(why)
        self.expected.append("".join(f"{key} = {json.dumps(value)}\n" for key, value in entry.items()))

    def kernel(self, host: str, minute: float, text: str, *, priority: int = 3, gap: float = 0.3) -> None:
        self.log(host, minute, "kernel", text, priority=priority, gap=gap)

    def systemd(self, host: str, minute: float, text: str, *, priority: int = 4, gap: float = 0.2) -> None:
        self.log(host, minute, "systemd", text, unit="init.scope", priority=priority, gap=gap)

    def log(self, host: str, minute: float, identifier: str, text: str, *, unit: str = "", priority: int = 6,
            gap: float = 0.5, late: float = 0) -> None:  # fmt: skip
        """Journal entries; those that are `late` (seconds) arrive behind others that are younger."""
        for number, line in enumerate(line.strip() for line in text.strip().splitlines()):
            level = re.match(r"<(\d)>", line)
            at = minute * 60 + number * gap
            when = self.start + timedelta(seconds=at, microseconds=self.chance.randrange(1_000))
            us = int(when.timestamp()) * 1_000_000 + when.microsecond
            boot, booted = self._boot(host, at)
            self.number += 1
            entry = {
                "__CURSOR": f"s={self.name}-{host};i={self.number:x}",
                "__REALTIME_TIMESTAMP": str(us),
                "__MONOTONIC_TIMESTAMP": str(max(0, int((at - booted) * 1e6))),
                "_BOOT_ID": f"{boot:032x}",
                "_HOSTNAME": host,
                "_TRANSPORT": "kernel" if identifier == "kernel" else "journal",
                "PRIORITY": level[1] if level else str(priority),
                "SYSLOG_IDENTIFIER": identifier,
                **({"_SYSTEMD_UNIT": unit} if unit else {}),
                "MESSAGE": line[level.end() :] if level else line,
            }
            self.rows.setdefault("journal", []).append((when + timedelta(seconds=late), self.number, entry))

    def _boot(self, host: str, at: float) -> tuple[int, float]:
        """The boot that a host is in: (its id, its second)."""
        index = [each.name for each in self.hosts].index(host) + 1
        booted = [-86_400.0 * (3 + index), *self.boots.get(host, [])]
        count = sum(at >= each for each in booted)
        return index * 1_000 + count, booted[count - 1]

    def sel(self, host: str, text: str, *, dialect: str = "long", clock: float = 0, first: int = 0x41) -> None:
        """Records of the host's BMC, whose clock is wrong by `clock` minutes: `minute | sensor | event | direction`.

        A `minute` may be days (`-40d`); a line that begins with `=` is taken as it is, behind its number.
        """
        bmc = f"{host}-bmc"
        self._dialect[bmc] = (dialect, clock, first)
        last = -1e9
        for line in (line.strip() for line in text.strip().splitlines()):
            if line.startswith("="):
                self.event_logs.setdefault(bmc, []).append((last, line))
                continue
            at, rest = line.split("|", 1)
            last = float(at.strip()[:-1]) * 86_400 if at.strip().endswith("d") else float(at) * 60
            self.event_logs.setdefault(bmc, []).append((last, rest.strip()))

    def reading(self, host: str, sensor: str, course: Callable[[float], tuple[float | str | None, str] | None]) -> None:
        """How a sensor departs from usual: `course(minute)` gives value and status, or None for as usual."""
        self._special[host, sensor] = course

    def gauge(self, host: str, metric: str, course: Callable[[float], float | None]) -> None:
        """How a metric departs from usual."""
        self._special[host, metric] = course

    def metric(self, host: str, name: str, course: Callable[[float], float], **labels: str) -> None:
        """A metric beyond the usual ones, at every sample."""
        for minute in range(0, self.minutes, self.every):
            if not self.is_off(host, minute):
                self._metric(minute * 60 + 3, host, name, course(minute), **labels)

    def state(self, host: str, unit: str, course: Callable[[float], tuple[str, str] | None]) -> None:
        """How a unit's (active, sub) state departs from running."""
        self._special[host, unit] = course

    def down(self, host: str, since: float, until: float, boots: bool = True) -> None:
        """The host says nothing from `since` until `until`, when a new boot begins."""
        self.off.setdefault(host, []).append((since, until))
        if boots:
            self.boots.setdefault(host, []).append(until * 60)

    def is_off(self, host: str, minute: float) -> bool:
        return any(since <= minute < until for since, until in self.off.get(host, ()))

    # What healthy hosts say

    def calm(self) -> None:
        """What every host says all the time, with the exceptions told before."""
        lines = tuple(self.talk)
        for host in self.hosts:
            for minute in range(0, self.minutes, self.every):
                if self.is_off(host.name, minute):
                    continue
                self._metrics(host, minute)
                if minute % (self.every * 5) == 0:
                    self._services(host, minute)
                if self.chance.random() < 0.6:
                    identifier, unit, message = self.chance.choice(lines)
                    text = message.format(
                        n=self.chance.randrange(9999),
                        b=self.chance.randrange(2, 250),
                        p=self.chance.randrange(2501, 60000),
                    )
                    self.log(host.name, minute + self.chance.random(), identifier, text, unit=unit)
            for minute in range(0, self.minutes, self.every):
                self._sensors(host, minute)

    def _metrics(self, host: Host, minute: int) -> None:
        for name, usual in (("cpu_percent", 42), ("load1", 9), ("memory_available_bytes", 160e9)):
            course = self._special.get((host.name, name))
            special = course(minute) if course else None
            value = round(usual * self.chance.uniform(0.92, 1.08), 2) if special is None else special
            self._metric(minute * 60 + 2, host.name, name, value)
        course = self._special.get((host.name, "filesystem_avail_bytes"))
        special = course(minute) if course else None
        self._metric(
            minute * 60 + 2,
            host.name,
            "filesystem_avail_bytes",
            72e9 if special is None else special,
            mountpoint="/var",
        )

    def _metric(self, at: float, host: str, name: str, value: float, **labels: str) -> None:
        self._row("metrics", at, {"time": self.iso(at), "host": host, "name": name, "value": value, "labels": labels})

    def _services(self, host: Host, minute: int) -> None:
        for unit in host.units:
            course = self._special.get((host.name, unit))
            active, sub = (course(minute) if course else None) or ("active", "running")
            at = minute * 60 + 4
            self._row(
                "services",
                at,
                {"time": self.iso(at), "host": host.name, "unit": unit, "active_state": active, "sub_state": sub},
            )

    def _sensors(self, host: Host, minute: int) -> None:
        for sensor, (usual, unit) in host.sensors.items():
            course = self._special.get((host.name, sensor))
            special = course(minute) if course else None
            if special == (None, "gone"):
                continue
            digits = 2 if unit == "Volts" else 0 if usual > 15 else 1
            spread = 0.003 if unit == "Volts" else 0.02
            value, status = special or (round(usual * self.chance.uniform(1 - spread, 1 + spread), digits), "ok")
            at = minute * 60 + 5
            row = {
                "time": self.iso(at),
                "bmc": host.bmc,
                "sensor": sensor,
                "value": value,
                "unit": unit,
                "status": status,
            }
            self._row("sensors", at, row)

    def _row(self, kind: str, at: float, row: Any) -> None:
        self.number += 1
        self.rows.setdefault(kind, []).append((self.start + timedelta(seconds=at), self.number, row))

    def iso(self, at: float) -> str:
        return (self.start + timedelta(seconds=at)).isoformat().replace("+00:00", "Z")

    # What is written

    def write(self, folder: Path) -> None:
        """Write the scenario, replacing what was there of the same name."""
        folder.mkdir(parents=True, exist_ok=True)
        head = f'title = {json.dumps(self.title)}\nstart = "{self.iso(0)}"\nend   = "{self.iso(self.minutes * 60)}"\n'
        (folder / "scenario.toml").write_text(head + "".join(map(_host, self.hosts)))
        reasons = "".join(f"# {line}\n" for line in self.reasons)
        incidents = "".join(f"\n[[incident]]\n{one}" for one in self.expected)
        (folder / "answer.toml").write_text(f"{reasons}incidents = {len(self.expected)}\n{incidents}")
        for kind, rows in self.rows.items():
            ordered = sorted(rows, key=lambda row: row[:2])
            text = "".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n" for _, _, row in ordered)
            (folder / f"{kind}.jsonl").write_text(text, encoding="utf-8")
        for bmc, records in self.event_logs.items():
            (folder / "sel").mkdir(exist_ok=True)
            dialect, clock, first = self._dialect[bmc]
            lines = []
            for index, (at, text) in enumerate(records, first):
                shown = self.start + timedelta(seconds=at, minutes=clock)
                if dialect == "central european":
                    shown += timedelta(hours=2)
                stamp = f" {shown:{DIALECTS[dialect]}} |"
                lines.append(f"{index:4x} |{text[1:]}\n" if text.startswith("=") else f"{index:4x} |{stamp} {text}\n")
            (folder / "sel" / f"{bmc}.txt").write_text("".join(lines))


def _host(host: Host) -> str:
    return (
        f'\n[[host]]\nname = "{host.name}"\nbmc = "{host.bmc}"\nvendor = "{host.vendor}"\nmodel = "{host.model}"\n'
        f'rack = "{host.rack}"\npdu = {json.dumps(list(host.pdu))}\nswitch = "{host.switch}"\ngpus = {host.gpus}\n'
        f'role = "{host.role}"\n'
    )
