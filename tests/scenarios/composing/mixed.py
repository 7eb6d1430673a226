"""Fleets in which two things are wrong at once, that have nothing to do with each other."""

from tests.scenarios.composing.fleet import (
    CRITICAL,
    DELL,
    HPE,
    SUPERMICRO,
    WARNING,
    Fleet,
    hosts,
)


def supply_and_starving_job() -> Fleet:
    f = Fleet("supply-and-starving-job", "Two faults at once in one rack: a supply fails in one host, a job starves in another",
              hosts("mix-1 mix-2 mix-3", vendor="HPE", model="ProLiant DL385 Gen10 Plus", sensors=HPE, rack="z1", switch="sw-z1"))  # fmt: skip
    f.sel("mix-1", """
        21 | Power Supply Power Supply 1 | Failure detected | Asserted
        21.02 | Power Supply Power Supplies | Redundancy Lost | Asserted
    """, clock=12)  # fmt: skip
    f.reading("mix-1", "Power Supply 1", lambda m: (0.0, "cr") if m >= 21 else None)
    for minute in (20, 35):
        f.kernel("mix-3", minute, """
            <4>Rsession invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0
            <3>Out of memory: Killed process 40112 (Rsession) total-vm:401223112kB, anon-rss:389120012kB, file-rss:0kB, shmem-rss:0kB, UID:2044 pgtables:762880kB oom_score_adj:0
        """)  # fmt: skip
    f.gauge(
        "mix-3", "memory_available_bytes", lambda m: max(0.8e9, 160e9 - (m % 15 + 5) * 8e9) if 15 <= m < 36 else None
    )
    f.expect("mix-1", WARNING, "psu", ["Power Supply 1", "PSU1", "PS1"], "psu.failed", evidence=["Failure detected"], not_cause=["memory_pressure.oom", "pdu.failed"],
             actions=["ticket.create", "psu.replace"], never=["host.reboot", "host.power_cycle"])  # fmt: skip
    f.expect("mix-3", WARNING, "memory_pressure", ["Rsession"], "memory_pressure.oom", evidence=["Out of memory: Killed process"], not_cause=["psu.failed", "dimm.uncorrectable"],
             actions=["ticket.create", "user.notify"], never=["host.reboot", "dimm.replace"], why="Nothing joins the two: other host, other part, other mechanism.")  # fmt: skip
    return f


def cover_and_disk_of_one_host() -> Fleet:
    f = Fleet("battery-and-web-server-of-one-host", "Two unrelated faults on one host: a clock battery runs low, a web server keeps crashing",
              hosts("one-1 one-2", vendor="Dell", model="PowerEdge R440", sensors={**DELL, "CMOS Battery": (3.0, "Volts")}, rack="z2", switch="sw-z2",
                    units=("sshd.service", "httpd.service")), minutes=70)  # fmt: skip
    bad = "one-2"
    f.sel(bad, "14 | Battery CMOS Battery | Low | Asserted", dialect="short utc")
    for number in range(6):
        at = 40 + number * 0.2
        f.systemd(
            bad,
            at,
            f"<5>httpd.service: Main process exited, code=dumped, status=11/SEGV\n<4>httpd.service: Failed with result 'core-dump'.\n<6>httpd.service: Scheduled restart job, restart counter is at {number + 1}.",
        )
    f.systemd(
        bad,
        41.4,
        "<4>httpd.service: Start request repeated too quickly.\n<4>httpd.service: Failed with result 'core-dump'.\n<3>Failed to start The Apache HTTP Server.",
    )
    f.state(bad, "httpd.service", lambda m: ("failed", "failed") if m >= 42 else None)
    f.expect(bad, WARNING, "cmos_battery", ["CMOS Battery"], "cmos_battery.low", evidence=["CMOS Battery"], not_cause=["software.crash_loop"], actions=["ticket.create"],
             never=["host.reboot", "host.power_cycle"])  # fmt: skip
    f.expect(bad, CRITICAL, "software", ["httpd.service", "httpd"], "software.crash_loop", evidence=["Start request repeated too quickly"], not_cause=["cmos_battery.low", "time.skew"],
             actions=["ticket.create"], never=["host.reboot", "host.power_cycle", "motherboard.replace"])  # fmt: skip
    return f


def fan_and_fibre_in_one_rack() -> Fleet:
    f = Fleet("fan-and-fibre-in-one-rack", "Two faults at once: a fan stops in one host, another host's port flaps on the same switch",
              hosts("rk-1 rk-2 rk-3", vendor="Supermicro", model="SYS-2029U", sensors=SUPERMICRO, rack="z3", switch="sw-z3"))  # fmt: skip
    f.reading("rk-1", "FAN2", lambda m: (0.0, "nr") if m >= 25 else None)
    f.sel("rk-1", """
        24.7 | Fan FAN2 | Lower Critical going low  | Asserted | Reading 400 < Threshold 500 RPM
        24.8 | Fan FAN2 | Lower Non-recoverable going low  | Asserted | Reading 0 < Threshold 300 RPM
    """, clock=-29)  # fmt: skip
    for number in range(9):
        f.kernel("rk-3", 22 + number * 2, "<6>bnxt_en 0000:3b:00.1 eth1: NIC Link is Down")
        f.kernel(
            "rk-3",
            22.2 + number * 2,
            "<6>bnxt_en 0000:3b:00.1 eth1: NIC Link is Up, 25000 Mbps (NRZ) full duplex, Flow control: none",
        )
    f.expect("rk-1", WARNING, "fan", ["FAN2"], "fan.failed", evidence=["FAN2"], not_cause=["nic.link_flap", "cooling.ambient_high"], actions=["ticket.create", "fan.replace"],
             never=["host.reboot", "host.power_cycle"])  # fmt: skip
    f.expect("rk-3", WARNING, ["nic", "cable"], ["eth1"], ["nic.link_flap"], evidence=["eth1: NIC Link is Down"], not_cause=["switch.failed", "fan.failed"],
             actions=["ticket.create", "nic.reset", "cable.replace"], never=["host.reboot", "switch.replace"])  # fmt: skip
    return f


ALL = (
    supply_and_starving_job,
    cover_and_disk_of_one_host,
    fan_and_fibre_in_one_rack,
)
