"""Composes the scenarios of this folder and the demo: `python tests/scenarios/compose.py`.

Everything comes out of a generator seeded by the scenario's name, so composing twice writes the same bytes
(`test_composed.py` holds the committed files against that). The failure lines follow the format strings of kernel,
driver and daemon; hosts, times and numbers are made up.
"""

import json
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1]))

from tests.scenarios.composing import ALL as FLEETS  # noqa: E402 (run as a script, it finds itself first)

DEMO = HERE.parents[1] / "services/embedded/groundcrew_embedded/demo"
START = datetime.fromisoformat("2026-05-11T08:00:00+00:00")

CALM = [
    ("systemd", "systemd-logind.service", "Started Session {n} of User batch."),
    ("CRON", "cron.service", "(root) CMD (test -x /usr/sbin/anacron || run-parts /etc/cron.hourly)"),
    ("sshd", "ssh.service", "Accepted publickey for deploy from 192.0.2.{b} port {p} ssh2: ED25519 SHA256:k{n}"),
    ("chronyd", "chrony.service", "Selected source 192.0.2.1 (ntp-1.example)"),
    ("systemd", "init.scope", "Finished Daily apt download activities."),
    ("kernel", "", "perf: interrupt took too long ({p} > 2500), lowering kernel.perf_event_max_sample_rate to 79750"),
]


@dataclass
class Composer:
    """Collects what a small fleet says and writes it as a scenario folder."""

    folder: Path
    title: str
    hosts: list[str]
    minutes: int
    answer: str
    model: str = "PowerEdge R760"
    vendor: str = "Dell Inc."
    gpus: int = 0
    role: str = "compute"
    rows: dict[str, list[tuple[datetime, int, Any]]] = field(default_factory=dict)
    event_logs: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    number: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.folder.name)

    def _add(self, kind: str, at: float, row: Any) -> None:
        self.number += 1
        self.rows.setdefault(kind, []).append((START + timedelta(seconds=at), self.number, row))

    def line(self, at: float, host: str, identifier: str, message: str, *, unit: str = "", priority: int = 6) -> None:
        """One journal entry, `at` seconds after the start."""
        when = START + timedelta(seconds=at, microseconds=self.chance.randrange(1_000_000))
        us = int(when.timestamp()) * 1_000_000 + when.microsecond
        seq = self.number + 1
        entry = {
            "__CURSOR": f"s={self.folder.name}-{host};i={seq:x}",
            "__REALTIME_TIMESTAMP": str(us),
            "__MONOTONIC_TIMESTAMP": str(4_000_000_000 + int(at * 1e6)),
            "_BOOT_ID": f"{self.hosts.index(host) + 1:032x}",
            "_HOSTNAME": host,
            "_TRANSPORT": "kernel" if identifier == "kernel" else "journal",
            "PRIORITY": str(priority),
            "SYSLOG_IDENTIFIER": identifier,
            **({"_SYSTEMD_UNIT": unit} if unit else {}),
            "MESSAGE": message,
        }
        self._add("journal", at, entry)

    def kernel(self, at: float, host: str, message: str, priority: int = 3) -> None:
        self.line(at, host, "kernel", message, priority=priority)

    def metric(self, at: float, host: str, name: str, value: float, **labels: str) -> None:
        self._add("metrics", at, {"time": iso(at), "host": host, "name": name, "value": value, "labels": labels})

    def service(self, at: float, host: str, unit: str, active: str = "active", sub: str = "running") -> None:
        self._add(
            "services", at, {"time": iso(at), "host": host, "unit": unit, "active_state": active, "sub_state": sub}
        )

    def sensor(self, at: float, host: str, sensor: str, value: float, unit: str, status: str = "ok") -> None:
        row = {"time": iso(at), "bmc": f"{host}-bmc", "sensor": sensor, "value": value, "unit": unit, "status": status}
        self._add("sensors", at, row)

    def event(self, at: float, host: str, text: str) -> None:
        """One event-log record, `text` from the sensor column on."""
        self.event_logs.setdefault(f"{host}-bmc", []).append((at, text))

    def calm(
        self,
        units: tuple[str, ...] = ("ssh.service", "cron.service", "chrony.service"),
        states: Callable[[str, str, float], tuple[str, str]] = lambda _h, _u, _t: ("active", "running"),
        readings: Callable[[str, str, float], tuple[float, str] | None] = lambda _h, _s, _t: None,
        gauges: Callable[[str, str, float], float | None] = lambda _h, _m, _t: None,
    ) -> None:
        """What every healthy host says all the time, with the exceptions that the callbacks name."""
        for host in self.hosts:
            for minute in range(self.minutes):
                at = minute * 60 + self.hosts.index(host)
                for name, usual in (("cpu_percent", 35), ("load1", 6), ("memory_available_bytes", 210e9)):
                    value = gauges(host, name, at)
                    self.metric(
                        at, host, name, round(usual * self.chance.uniform(0.9, 1.1), 2) if value is None else value
                    )
                self.metric(at, host, "filesystem_avail_bytes", 88e9, mountpoint="/var")
                for sensor, usual, unit in (
                    ("Inlet Temp", 22, "degrees C"),
                    ("CPU1 Temp", 55, "degrees C"),
                    ("FAN3", 7200, "RPM"),
                    ("FAN4", 7200, "RPM"),
                    ("12V", 12.1, "Volts"),
                ):
                    special = readings(host, sensor, at)
                    value, status = special or (round(usual * self.chance.uniform(0.98, 1.02), 2), "ok")
                    self.sensor(at, host, sensor, value, unit, status)
                if minute % 5 == 0:
                    for unit in units:
                        self.service(at, host, unit, *states(host, unit, at))
                if self.chance.random() < 0.5:
                    identifier, unit, message = self.chance.choice(CALM)
                    text = message.format(
                        n=self.chance.randrange(9999),
                        b=self.chance.randrange(2, 250),
                        p=self.chance.randrange(2501, 60000),
                    )
                    self.line(at + self.chance.randrange(50), host, identifier, text, unit=unit)

    def write(self) -> None:
        """Write the folder, replacing what was there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        rack = [
            f'\n[[host]]\nname = "{host}"\nbmc = "{host}-bmc"\nvendor = "{self.vendor}"\nmodel = "{self.model}"\n'
            f'rack = "a1"\npdu = ["pdu-a1-1", "pdu-a1-2"]\nswitch = "tor-a1"\ngpus = {self.gpus}\nrole = "{self.role}"\n'
            for host in self.hosts
        ]
        header = f'title = "{self.title}"\nstart = "{iso(0)}"\nend   = "{iso(self.minutes * 60)}"\n'
        (self.folder / "scenario.toml").write_text(header + "".join(rack))
        (self.folder / "answer.toml").write_text(self.answer)
        for kind, rows in self.rows.items():
            ordered = sorted(rows, key=lambda row: row[:2])
            text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for _, _, row in ordered)
            (self.folder / f"{kind}.jsonl").write_text(text)
        for bmc, records in self.event_logs.items():
            (self.folder / "sel").mkdir(exist_ok=True)
            lines = [
                f" {index:3x} | {START + timedelta(seconds=at):%m/%d/%Y | %H:%M:%S} | {text}\n"
                for index, (at, text) in enumerate(sorted(records), 0x41)
            ]
            (self.folder / "sel" / f"{bmc}.txt").write_text("".join(lines))


def iso(at: float) -> str:
    return (START + timedelta(seconds=at)).isoformat().replace("+00:00", "Z")


def disk_fails_in_mirror() -> Composer:
    c = Composer(
        HERE / "disk-fails-in-mirror",
        "One half of a mirror reports unreadable sectors and is kicked out",
        ["nas-01", "nas-02", "nas-03"],
        60,
        'incidents = 1\n\n[[incident]]\nhosts = ["nas-02"]\nseverity = "warning"\ncomponent_class = "disk"\n'
        'component = ["sdc", "sdc1", "/dev/sdc"]\ncause = ["disk.failed", "disk.pending_sectors"]\n'
        'evidence = ["Disk failure on sdc1"]\nnot_cause = ["raid.degraded", "filesystem.corruption"]\n'
        'actions = ["ticket.create"]\nnever = ["service.restart"]\n',
        role="storage",
    )
    c.calm()
    smart = "Device: /dev/sdc [SAT], {n} Currently unreadable (pending) sectors"
    c.line(900, "nas-02", "smartd", smart.format(n=8), unit="smartmontools.service", priority=3)
    for i in range(6):
        at = 1500 + i * 7
        c.kernel(at, "nas-02", f"ata3.00: exception Emask 0x0 SAct 0x{1 << i:x} SErr 0x0 action 0x0")
        c.kernel(at + 1, "nas-02", "ata3.00: error: { UNC }")
        c.kernel(
            at + 2,
            "nas-02",
            f"I/O error, dev sdc, sector {2_883_584 + i * 8} op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2",
        )
    c.kernel(
        1552,
        "nas-02",
        "md/raid1:md0: Disk failure on sdc1, disabling device.\nmd/raid1:md0: Operation continuing on 1 devices.",
        2,
    )
    c.line(1560, "nas-02", "smartd", smart.format(n=56), unit="smartmontools.service", priority=3)
    return c


def service_dies_on_signal() -> Composer:
    c = Composer(
        HERE / "service-dies-on-signal",
        "A web server dies of a segmentation fault and is not restarted",
        ["web-01", "web-02"],
        40,
        'incidents = 1\n\n[[incident]]\nhosts = ["web-02"]\nseverity = "critical"\ncomponent_class = "software"\n'
        'component = ["nginx.service", "nginx"]\ncause = ["software.failed"]\nevidence = ["Failed with result"]\n'
        'not_cause = ["software.crash_loop", "network.unreachable"]\nactions = ["service.restart"]\n'
        'never = ["host.reboot"]\n',
        role="web",
    )
    down = "web-02"
    c.calm(
        ("ssh.service", "nginx.service"),
        states=lambda h, u, t: (
            ("failed", "failed") if (h, u) == (down, "nginx.service") and t >= 1200 else ("active", "running")
        ),
    )
    c.kernel(
        1201,
        down,
        "nginx[2210]: segfault at 18 ip 000055d0c2a3b1f4 sp 00007ffd5d0c8a10 error 4 in nginx[55d0c29f1000+d4000]",
        6,
    )
    c.line(
        1202,
        down,
        "systemd",
        "nginx.service: Main process exited, code=dumped, status=11/SEGV",
        unit="init.scope",
        priority=5,
    )
    c.line(1202.5, down, "systemd", "nginx.service: Failed with result 'core-dump'.", unit="init.scope", priority=4)
    return c


def gpu_falls_off_bus() -> Composer:
    c = Composer(
        HERE / "gpu-falls-off-bus",
        "One GPU of a training node falls off the bus in mid-job",
        ["trn-01", "trn-02", "trn-03"],
        45,
        'incidents = 1\n\n[[incident]]\nhosts = ["trn-03"]\nseverity = "critical"\ncomponent_class = "gpu"\n'
        'component = ["GPU 0000:86:00.0", "0000:86:00", "0000:86:00.0"]\ncause = ["gpu.fallen_off_bus"]\nevidence = ["NVRM: Xid"]\n'
        'not_cause = ["software.failed", "gpu.application_error"]\nactions = ["ticket.create"]\n'
        'never = ["service.restart"]\n',
        gpus=8,
        role="training",
    )
    c.calm()
    bad = "trn-03"
    c.kernel(1330, bad, "NVRM: GPU at PCI:0000:86:00: GPU-5a1e2f1c-7d1f-9c53-0f0e-3a3f6e6fb0a1", 5)
    c.kernel(
        1330.2, bad, "NVRM: Xid (PCI:0000:86:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
    )
    c.kernel(1330.4, bad, "NVRM: GPU 0000:86:00.0: GPU has fallen off the bus.")
    c.line(
        1342,
        bad,
        "systemd",
        "train-worker.service: Main process exited, code=exited, status=134/n/a",
        unit="init.scope",
        priority=5,
    )
    c.line(
        1342.5, bad, "systemd", "train-worker.service: Failed with result 'exit-code'.", unit="init.scope", priority=4
    )
    return c


def job_exhausts_memory() -> Composer:
    c = Composer(
        HERE / "job-exhausts-memory",
        "A leaking job is killed for want of memory, twice",
        ["cmp-01", "cmp-02"],
        50,
        'incidents = 1\n\n[[incident]]\nhosts = ["cmp-01"]\nseverity = "warning"\ncomponent_class = "memory_pressure"\n'
        'component = ["solver.service", "solver"]\ncause = ["memory_pressure.oom"]\nevidence = ["Out of memory: Killed process"]\n'
        'not_cause = ["dimm.uncorrectable", "software.crash_loop"]\nactions = ["ticket.create"]\nnever = ["host.reboot"]\n',
    )
    c.calm(
        gauges=lambda h, m, t: (
            max(1e9, 200e9 - (t % 1500) * 140e6) if h == "cmp-01" and m == "memory_available_bytes" else None
        )
    )
    for at in (1480, 2975):
        pid = 4000 + at
        c.kernel(
            at,
            "cmp-01",
            "solver invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0",
            4,
        )
        c.kernel(
            at + 0.2,
            "cmp-01",
            f"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0-1,global_oom,task_memcg=/system.slice/solver.service,task=solver,pid={pid},uid=1000",
            6,
        )
        c.kernel(
            at + 0.4,
            "cmp-01",
            f"Out of memory: Killed process {pid} (solver) total-vm:214748364kB, anon-rss:208666624kB, file-rss:1024kB, shmem-rss:0kB, UID:1000 pgtables:408576kB oom_score_adj:0",
        )
        c.line(
            at + 1,
            "cmp-01",
            "systemd",
            "solver.service: A process of this unit has been killed by the OOM killer.",
            unit="init.scope",
            priority=5,
        )
    return c


def healthy_with_scary_lines() -> Composer:
    c = Composer(
        HERE / "healthy-with-scary-lines",
        "Healthy control: boots, probes and corrected trifles that sound bad",
        ["ok-01", "ok-02", "ok-03"],
        45,
        "incidents = 0\n",
    )
    c.calm()
    for at, host, identifier, message in (
        (
            120,
            "ok-01",
            "kernel",
            "ACPI BIOS Error (bug): Could not resolve symbol [\\_SB.PCI0.GP17], AE_NOT_FOUND (20230331/psargs-330)",
        ),
        (130, "ok-01", "kernel", "usb 1-4: device descriptor read/64, error -71"),
        (140, "ok-01", "kernel", "EXT4-fs (sda2): mounted filesystem with ordered data mode. Opts: errors=remount-ro."),
        (400, "ok-02", "sshd", "error: kex_exchange_identification: Connection closed by remote host"),
        (410, "ok-02", "sshd", "Failed password for invalid user admin from 203.0.113.9 port 51022 ssh2"),
        (
            800,
            "ok-03",
            "kernel",
            "EDAC MC0: 1 CE memory read error on CPU_SrcID#0_MC#0_Chan#0_DIMM#0 (channel:0 slot:0 page:0x12 offset:0x0 grain:32 syndrome:0x0)",
        ),
        (900, "ok-02", "systemd", "apt-news.service: Deactivated successfully."),
        (1000, "ok-01", "kernel", "pcieport 0000:00:1c.0: AER: Corrected error message received from 0000:00:1c.0"),
        (
            1500,
            "ok-03",
            "nginx",
            '2026/05/11 08:25:00 [error] 88#88: *7 open() "/srv/www/favicon.ico" failed (2: No such file or directory)',
        ),
    ):
        c.line(at, host, identifier, message, priority=4)
    return c


def memory_module_fails() -> Composer:
    c = Composer(
        HERE / "memory-module-fails",
        "A memory module returns uncorrectable data; kernel and BMC both say so, each in its own words",
        ["db-01", "db-02", "db-03"],
        45,
        'incidents = 1\n\n[[incident]]\nhosts = ["db-02"]\nseverity = "critical"\ncomponent_class = "dimm"\n'
        'component = ["DIMMA4", "DIMM_A4", "P1-DIMMA4"]\ncause = ["dimm.uncorrectable"]\n'
        'evidence = ["EDAC", "Uncorrectable ECC"]\nnot_cause = ["dimm.correctable_storm"]\n'
        'actions = ["ticket.create"]\nnever = ["service.restart", "host.reboot"]\n',
        role="database",
    )
    c.calm()
    bad = "db-02"
    c.event(60, bad, "OS Boot #0x22 | C: boot completed | Asserted")
    c.kernel(
        1500, bad, "EDAC MC0: 1 UE memory read error on DIMMA4 (channel:0 slot:3 page:0x1f9c offset:0x0 grain:32)", 2
    )
    c.event(1502, bad, "Memory #0x02 | Uncorrectable ECC (UnCorrectable ECC |  DIMMA4) | Asserted")
    c.kernel(1503, bad, "Memory failure: 0x1f9c: recovery action for dirty LRU page: Recovered", 3)
    return c


def demo() -> Composer:
    c = Composer(
        DEMO,
        "A chassis fan stops and the GPUs behind it throttle; elsewhere a scheduler daemon dies",
        [f"gpu-{n:02}" for n in range(1, 7)],
        60,
        'incidents = 2\n\n[[incident]]\nhosts = ["gpu-04"]\nseverity = "warning"\ncomponent_class = "fan"\n'
        'component = ["FAN4"]\ncause = ["fan.failed"]\nevidence = ["FAN4"]\nnot_cause = ["gpu.thermal", "cooling.ambient_high"]\n'
        'actions = ["ticket.create"]\nnever = ["service.restart"]\n\n'
        '[[incident]]\nhosts = ["gpu-02"]\nseverity = "critical"\ncomponent_class = "software"\ncomponent = ["slurmd.service", "slurmd"]\n'
        'cause = ["software.failed"]\nevidence = ["slurmd.service"]\nnot_cause = ["software.crash_loop"]\n'
        'actions = ["service.restart", "ticket.create"]\nnever = ["host.reboot"]\n',
        vendor="Supermicro",
        model="SYS-4029GP-TRT",
        gpus=8,
        role="training",
    )
    hot, dead = "gpu-04", "gpu-02"
    c.calm(
        ("ssh.service", "slurmd.service", "nvidia-persistenced.service"),
        states=lambda h, u, t: (
            ("failed", "failed") if (h, u) == (dead, "slurmd.service") and t >= 3000 else ("active", "running")
        ),
        readings=lambda h, s, t: (0.0, "nr") if (h, s) == (hot, "FAN4") and t >= 2400 else None,
    )
    for minute in range(60):
        for gpu in range(8):
            warm = 84 + gpu % 3 if minute >= 43 and gpu >= 4 else 61 + gpu
            c.metric(minute * 60 + 3, hot, "gpu_temperature_celsius", warm, gpu=str(gpu))
    c.event(60, hot, "OS Boot #0x22 | C: boot completed | Asserted")
    c.event(2395, hot, "Fan FAN4 | Lower Critical going low  | Asserted | Reading 400 < Threshold 500 RPM")
    c.event(2398, hot, "Fan FAN4 | Lower Non-recoverable going low  | Asserted | Reading 0 < Threshold 300 RPM")
    c.line(2999, dead, "slurmd", "fatal: _msg_engine: lost the listening socket", unit="slurmd.service", priority=2)
    c.line(
        3000,
        dead,
        "systemd",
        "slurmd.service: Main process exited, code=exited, status=1/FAILURE",
        unit="init.scope",
        priority=5,
    )
    c.line(3000.5, dead, "systemd", "slurmd.service: Failed with result 'exit-code'.", unit="init.scope", priority=4)
    return c


ALL = (
    disk_fails_in_mirror,
    service_dies_on_signal,
    gpu_falls_off_bus,
    job_exhausts_memory,
    healthy_with_scary_lines,
    memory_module_fails,
    demo,
)

if __name__ == "__main__":
    for make in ALL:
        scenario = make()
        scenario.write()
        print(scenario.folder, file=sys.stderr)
    for tell in FLEETS:
        fleet = tell()
        fleet.calm()
        fleet.write(HERE / fleet.name)
        print(HERE / fleet.name, file=sys.stderr)
