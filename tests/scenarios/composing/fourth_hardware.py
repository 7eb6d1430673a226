"""A fourth batch, written blind and to be representative: power, cooling, processors and memory of other makers."""

from tests.scenarios.composing.fleet import (
    CRITICAL,
    DELL,
    GIGABYTE,
    INSPUR,
    WARNING,
    Fleet,
    Host,
    hosts,
)
from tests.scenarios.composing.fourth_noise import (
    ALTRA,
    DEBIAN,
    EL9,
    H13,
    HPE_GEN11,
    SLES,
    XCC,
    event_log_noise,
    ordered_reboot,
)

NEVER = ["host.reinstall", "host.power_cycle"]


def supply_breaks_in_gen11() -> Fleet:
    f = Fleet("supply-breaks-in-gen11", "Supply 2 of a ProLiant breaks, the node runs on with one; both feeds are well",
              hosts("dl-01 dl-02 dl-03 dl-04", vendor="HPE", model="ProLiant DL385 Gen11", sensors=HPE_GEN11, rack="g2", pdu=("pdu-g2-a", "pdu-g2-b"), switch="leaf-g2",
                    units=("sshd.service", "crond.service", "chronyd.service", "amsd.service")), minutes=90)  # fmt: skip
    event_log_noise(f, "dl-02", dialect="half day")
    bad = "dl-02"
    f.sel(bad, """
        -211d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        -40d | Power Supply Power Supply 1 | Power Supply AC lost | Asserted
        -40d | Power Supply Power Supply 1 | Power Supply AC lost | Deasserted
        37.2 | Power Supply Power Supply 2 | Failure detected | Asserted
        37.3 | Power Supply Power Supplies | Redundancy Lost | Asserted
        55 | System Event #0x83 | Timestamp Clock Sync | Asserted
    """, dialect="half day", clock=9)  # fmt: skip
    f.reading(bad, "Power Supply 2", lambda minute: (None, "ns") if minute >= 38 else None)
    f.reading(bad, "Power Supply 1", lambda minute: (round(405 + minute % 7), "ok") if minute >= 38 else None)
    f.log(
        bad,
        37.8,
        "amsd",
        "Power Supply 2 failed (Status Not OK). Replace the power supply.",
        unit="amsd.service",
        priority=3,
    )
    f.log(bad, 37.9, "amsd", "Power supplies are no longer redundant", unit="amsd.service", priority=4)
    f.log("dl-04", 48, "amsd", "Agentless Management Service has no changes to report", unit="amsd.service")
    ordered_reboot(f, "dl-03", 61, "5.14.0-427.18.1.el9_4.x86_64")
    f.expect(bad, WARNING, "psu", ["Power Supply 2", "PSU2", "PS2"], "psu.failed", evidence=["Power Supply 2"],
             not_cause=["psu.input_lost", "pdu.failed", "psu.redundancy_lost", "psu.voltage_unstable"], actions=["ticket.create", "psu.replace"], never=["host.reboot", *NEVER],
             why="Failure detected, not AC lost, and only here; the other supply carries the load. Supply 1's lost input is 40 days old.")  # fmt: skip
    f.talk = EL9
    return f


def rail_sags_until_reset() -> Fleet:
    f = Fleet("rail-sags-until-reset", "The 12 V rail of a Gigabyte node sags under load again and again, then the node resets without a word",
              hosts("ep-11 ep-12 ep-13", vendor="Gigabyte", model="R282-Z93", sensors=GIGABYTE, rack="m4", pdu=("pdu-m4-1", "pdu-m4-2"), switch="tor-m4", units=("ssh.service", "cron.service", "slurmd.service")), minutes=100)  # fmt: skip
    event_log_noise(f, "ep-13")
    bad, sags = "ep-13", (22, 34, 46, 52, 58)
    records = "\n".join(
        f"{at} | Voltage P_12V | Lower Critical going low  | Asserted | Reading {10.7 - 0.03 * k:.2f} < Threshold 10.80 Volts\n"
        f"{at + 0.7} | Voltage P_12V | Lower Critical going low  | Deasserted | Reading 11.{40 - k} > Threshold 10.80 Volts"
        for k, at in enumerate(sags)
    )
    f.sel(bad, f"""
        -19d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        {records}
        58.6 | Voltage P_12V | Lower Non-recoverable going low  | Asserted | Reading 10.08 < Threshold 10.20 Volts
        60 | System Event #0xff | OEM System boot event | Asserted
        62.5 | Voltage P_12V | Lower Non-recoverable going low  | Deasserted | Reading 11.80 > Threshold 10.20 Volts
        63 | OS Boot #0x22 | C: boot completed | Asserted
    """, clock=-14)  # fmt: skip
    f.reading(bad, "P_12V", lambda minute: (10.68, "cr") if minute in sags else (round(11.6 + minute % 5 * 0.04, 2), "ok") if minute >= 20 else None)  # fmt: skip
    f.log(bad, 20, "slurmd", "slurmd: Launching batch job 77120 for UID 2214\nslurmd: launch task StepId=77120.0 request from UID:2214 GID:2214 HOST:10.70.1.9 PORT:40112", unit="slurmd.service")  # fmt: skip
    f.kernel(bad, 52.1, "<4>nvme nvme0: I/O 211 QID 9 timeout, completion polled")
    f.down(bad, 58.8, 62)
    f.kernel(bad, 62, """
        <5>Linux version 6.1.0-21-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0) #1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1
        <6>Command line: BOOT_IMAGE=/boot/vmlinuz-6.1.0-21-amd64 root=/dev/md0 ro quiet
        <6>EXT4-fs (md0): orphan cleanup on readonly fs
        <6>EXT4-fs (md0): recovery complete
    """)  # fmt: skip
    f.log(bad, 62.5, "systemd-journald", "File /var/log/journal/2b1f/system.journal corrupted or uncleanly shut down, renaming and replacing.", priority=4)  # fmt: skip
    f.log(
        "ep-11",
        59.5,
        "slurmctld",
        "error: Nodes ep-13 not responding\nJob 77120 terminated, node ep-13 failed",
        priority=3,
    )
    f.expect(bad, CRITICAL, ["psu", "motherboard"], ["P_12V", "12V"], "psu.voltage_unstable", evidence=["P_12V"],
             not_cause=["psu.input_lost", "kernel.panic", "nvme.controller_reset", "software.failed"], actions=["ticket.create", "host.drain"], never=NEVER,
             why="Five dips of P_12V under load, then one too deep: the board resets. Nothing was told before the boot, so no panic.")  # fmt: skip
    f.talk = DEBIAN
    return f


def front_fan_slows_down() -> Fleet:
    f = Fleet("front-fan-slows-down", "One fan of a ThinkSystem turns ever slower and stays below its warning limit; the others speed up, nothing gets hot",
              hosts("sr-21 sr-22 sr-23 sr-24", vendor="Lenovo", model="ThinkSystem SR650 V3", sensors=XCC, rack="c9", switch="leaf-c9", units=("sshd.service", "crond.service", "mariadb.service")), minutes=110)  # fmt: skip
    event_log_noise(f, "sr-24")
    bad = "sr-24"
    f.reading(bad, "Fan 4 Front Tach", lambda minute: (max(3120, round(6720 - 45 * minute)), "ok" if minute < 68 else "nc") if minute > 4 else None)  # fmt: skip
    for other in ("Fan 3 Front Tach", "Fan 5 Front Tach"):
        f.reading(bad, other, lambda minute: (8160, "ok") if minute >= 70 else None)
    f.sel(bad, """
        -61d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        12 | System Event #0x83 | Timestamp Clock Sync | Asserted
        68 | Fan Fan 4 Front Tach | Lower Non-critical going low  | Asserted | Reading 3640 < Threshold 3680 RPM
        72 | Fan Fan 4 Front Tach | Lower Non-critical going low  | Deasserted | Reading 3720 > Threshold 3680 RPM
        74 | Fan Fan 4 Front Tach | Lower Non-critical going low  | Asserted | Reading 3560 < Threshold 3680 RPM
    """, clock=3)  # fmt: skip
    f.log("sr-22", 33, "mariadbd", "2026-09-14  6:33:02 88121 [Warning] Aborted connection 88121 to db: 'shop' user: 'web' host: '10.40.3.8' (Got an error reading communication packets)", unit="mariadb.service", priority=4)  # fmt: skip
    ordered_reboot(f, "sr-21", 80, "5.14.0-362.24.1.el9_3.x86_64")
    f.expect(bad, WARNING, "fan", ["Fan 4 Front Tach", "Fan 4 Front", "Fan 4"], "fan.degraded", evidence=["Fan 4 Front Tach"],
             not_cause=["cooling.ambient_high", "cooling.airflow", "fan.failed"], actions=["ticket.create", "fan.replace"], never=["host.reboot", *NEVER])  # fmt: skip
    f.talk = EL9
    return f


def row_without_chilled_water() -> Fleet:
    common = {"rack": "k7", "pdu": ("pdu-k7-a", "pdu-k7-b"), "switch": "leaf-k7"}
    fleet = [
        *hosts("k7-d1 k7-d2", vendor="Dell Inc.", model="PowerEdge R7525", sensors=DELL, **common),
        *hosts("k7-h1 k7-h2", vendor="HPE", model="ProLiant DL385 Gen11", sensors=HPE_GEN11, **common),
        *hosts("k7-i1", vendor="Inspur", model="NF5280M6", sensors=INSPUR, **common),
        *hosts("k8-d1 k8-h1", vendor="Dell Inc.", model="PowerEdge R7525", sensors=DELL, rack="k8", pdu=("pdu-k8-a", "pdu-k8-b"), switch="leaf-k8"),
    ]  # fmt: skip
    f = Fleet("row-without-chilled-water", "The cooling of one rack stops: the intake air of five hosts of three makers climbs together until one switches itself off", fleet, minutes=120)  # fmt: skip
    event_log_noise(f, "k7-d1", "k7-d2", "k7-h1", "k7-h2", "k7-i1")
    intake = {"k7-d1": "Inlet Temp", "k7-d2": "Inlet Temp", "k7-h1": "01-Inlet Ambient", "k7-h2": "01-Inlet Ambient", "k7-i1": "Inlet_Temp"}  # fmt: skip
    for number, (name, sensor) in enumerate(intake.items()):
        warm = 23 + number * 0.5

        def course(minute: float, warm: float = warm) -> tuple[float, str] | None:
            if minute < 30:
                return None
            value = warm + min(minute - 30, 40) * 0.52 - max(0, minute - 88) * 0.4
            return round(max(value, 22)), "cr" if value > 42 else "nc" if value > 38 else "ok"

        f.reading(name, sensor, course)
        f.sel(name, f"""
            -33d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
            {60 - number} | Temperature {sensor} | Upper Non-critical going high | Asserted | Reading 38 > Threshold 38 degrees C
            {68 - number} | Temperature {sensor} | Upper Critical going high | Asserted | Reading 42 > Threshold 42 degrees C
            {95 + number} | Temperature {sensor} | Upper Critical going high | Deasserted | Reading 40 < Threshold 42 degrees C
            {101 + number} | Temperature {sensor} | Upper Non-critical going high | Deasserted | Reading 36 < Threshold 38 degrees C
        """, clock=(0, 6, -11, 2, 0)[number], first=0x90 + 31 * number)  # fmt: skip
    for fan in ("Fan1A", "Fan2A", "Fan3A"):
        f.reading("k7-d1", fan, lambda minute: (14400, "ok") if 50 < minute < 100 else None)
        f.reading("k7-d2", fan, lambda minute: (14520, "ok") if 50 < minute < 100 else None)
    for fan in ("Fan 1", "Fan 2"):
        f.reading("k7-h1", fan, lambda minute: (92, "ok") if 50 < minute < 100 else None)
        f.reading("k7-h2", fan, lambda minute: (95, "ok") if 50 < minute < 100 else None)
    for at in (66, 69, 73):
        f.kernel("k7-d2", at, f"<4>mce: CPU{at}: Package temperature is above threshold, cpu clock is throttled (total events = {at * 3})\n<6>mce: CPU{at}: Package temperature/speed normal", gap=4)  # fmt: skip
    f.kernel(
        "k7-h2",
        75,
        "<0>thermal thermal_zone0: acpitz: critical temperature reached, shutting down\n<6>reboot: Power down",
        gap=2,
    )
    f.down("k7-h2", 75.2, 200, boots=False)
    f.log("k8-d1", 77, "telegraf", "[inputs.ping] Error in plugin: host k7-h2: exit status 1", priority=3)
    f.expect("k7-d1 k7-d2 k7-h1 k7-h2 k7-i1", CRITICAL, "cooling", ["k7", "rack k7", "Inlet Temp", "01-Inlet Ambient", "Inlet_Temp"], "cooling.ambient_high",
             evidence=["Inlet"], not_cause=["cpu.thermal_trip", "fan.failed", "gpu.thermal", "psu.input_lost", "kernel.panic"], never=["host.reboot", "cpu.replace", "fan.replace", *NEVER],
             why="Five intakes of one rack climb together, the rack beside it stays at 23 C; the fans run fast and one host saves itself.")  # fmt: skip
    f.talk = EL9
    return f


def processor_gives_up_in_inspur() -> Fleet:
    f = Fleet("processor-gives-up-in-inspur", "One processor signals IERR, the node hangs, its BMC resets it; the machine check of that socket is found after the boot",
              hosts("ns-301 ns-302 ns-303", vendor="Inspur", model="NF5280M6", sensors=INSPUR, rack="q12", pdu=("pdu-q12-a", "pdu-q12-b"), switch="tor-q12", role="compute", units=("sshd.service", "cron.service", "slurmd.service")), minutes=80)  # fmt: skip
    event_log_noise(f, "ns-302")
    bad = "ns-302"
    f.sel(bad, """
        -12d | Event Logging Disabled SEL_Status | Log area reset/cleared | Asserted
        31.4 | Processor CPU1_Status | IERR | Asserted
        31.5 | Processor CPU_CATERR | State Asserted | Asserted
        33.0 | Watchdog2 Watchdog2 | Hard reset | Asserted
        34.2 | Processor CPU1_Status | IERR | Deasserted
        36.5 | OS Boot #0x22 | C: boot completed | Asserted
    """, clock=480)  # fmt: skip
    f.down(bad, 31.4, 36)
    f.kernel(bad, 36, """
        <5>Linux version 5.14.21-150500.55.59-default (geeko@buildhost) (gcc (SUSE Linux) 7.5.0) #1 SMP PREEMPT_DYNAMIC
        <6>Command line: BOOT_IMAGE=/boot/vmlinuz-5.14.21-150500.55.59-default root=UUID=7a11 splash=silent
        <6>mce: [Hardware Error]: Machine check events logged
        <0>mce: [Hardware Error]: CPU 28: Machine Check: 0 Bank 3: be00000000800400
        <0>mce: [Hardware Error]: TSC 0 ADDR ffffffffa3c5be10 MISC ffffffffa3c5be10
        <0>mce: [Hardware Error]: PROCESSOR 0:606a6 TIME 1789367460 SOCKET 1 APIC 40 microcode d0003b9
        <0>mce: [Hardware Error]: Run the above through 'mcelog --ascii'
    """)  # fmt: skip
    f.log("ns-301", 33, "slurmctld", "error: Nodes ns-302 not responding, setting DOWN", priority=3)
    f.kernel("ns-303", 12, "<6>mce: [Hardware Error]: Machine check events logged\n<6>EDAC skx MC2: HANDLING MCE MEMORY ERROR\n<4>EDAC MC2: 1 CE memory scrubbing error on CPU_SrcID#0_MC#2_Chan#0_DIMM#0 (channel:0 slot:0 page:0x21c4a1 offset:0x40 grain:32 syndrome:0x0 -  err_code:0x0008:0x00c0)")  # fmt: skip
    f.expect(bad, CRITICAL, "cpu", ["CPU1", "CPU1_Status", "CPU 1", "socket 1"], ["cpu.ierr", "cpu.mce"], evidence=["IERR"],
             not_cause=["kernel.panic", "dimm.uncorrectable", "psu.input_lost", "kernel.soft_lockup"], actions=["ticket.create", "host.drain", "cpu.replace"], never=["dimm.replace", *NEVER])  # fmt: skip
    f.talk = SLES
    return f


def load_store_unit_of_genoa() -> Fleet:
    f = Fleet("load-store-unit-of-genoa", "A core of an EPYC 9654 reports corrected errors of its load-store unit, then a fatal one; the node panics and comes back",
              hosts("gn-05 gn-06 gn-07 gn-08", vendor="Supermicro", model="AS-2125HS-TNR", sensors=H13, rack="f3", switch="leaf-f3", units=("sshd.service", "crond.service", "slurmd.service")), minutes=100)  # fmt: skip
    event_log_noise(f, "gn-06")
    bad = "gn-06"
    for at in (9, 27, 33, 40, 44):
        f.kernel(bad, at, """
            <6>mce: [Hardware Error]: Machine check events logged
            <1>[Hardware Error]: Corrected error, no action required.
            <1>[Hardware Error]: CPU:37 (19:11:1) MC0_STATUS[-|CE|MiscV|AddrV|-|-|SyndV|CECC|-|-|-]: 0x9c20400000010145
            <1>[Hardware Error]: Error Addr: 0x0000003fd1a2c340
            <1>[Hardware Error]: PPIN: 0x02b1a4c7d5e80071
            <1>[Hardware Error]: IPID: 0x000000b000000000, Syndrome: 0x00000000014a0601
            <1>[Hardware Error]: Load Store Unit Ext. Error Code: 1, An ECC error or L2 poison was detected on a data cache read by a load.
            <1>[Hardware Error]: cache level: L1, tx: DATA, mem-tx: DWR
        """, gap=0.01)  # fmt: skip
    f.kernel(bad, 47, """
        <0>mce: [Hardware Error]: CPU 37: Machine Check Exception: 5 Bank 0: bea0000001000108
        <0>mce: [Hardware Error]: RIP !INEXACT! 33:<0000147c20e11f9a>
        <0>mce: [Hardware Error]: TSC 5d1a0cc11e33a ADDR 3fd1a2c340 SYND 4d000000 IPID b000000000
        <0>mce: [Hardware Error]: PROCESSOR 2:a10f11 TIME 1789368420 SOCKET 0 APIC 4a microcode a101144
        <0>mce: [Hardware Error]: Machine check: Processor context corrupt
        <0>Kernel panic - not syncing: Fatal machine check
        <0>Kernel Offset: 0x1ba00000 from 0xffffffff81000000 (relocation range: 0xffffffff80000000-0xffffffffbfffffff)
    """, gap=0.02)  # fmt: skip
    f.down(bad, 47.1, 52)
    f.kernel(
        bad,
        52,
        "<5>Linux version 5.14.0-427.13.1.el9_4.x86_64 (mockbuild@builder) #1 SMP PREEMPT_DYNAMIC\n<6>EDAC amd64: F19h_M10h detected (node 0).",
    )
    f.sel(bad, """
        -77d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        47 | Processor CPU1 | Uncorrectable machine check exception | Asserted
        50 | System Event #0xff | OEM System boot event | Asserted
    """, clock=-2)  # fmt: skip
    f.log("gn-05", 49, "slurmctld", "error: Nodes gn-06 not responding", priority=3)
    f.expect(bad, CRITICAL, "cpu", ["CPU37", "CPU 37", "37", "CPU1", "CPU 1", "socket 0", "CPU0"], ["cpu.mce"], evidence=["Machine Check Exception"],
             not_cause=["kernel.panic", "dimm.uncorrectable", "software.regression"], actions=["ticket.create", "host.drain", "cpu.replace"], never=["dimm.replace", "gpu.replace", *NEVER])  # fmt: skip
    f.talk = EL9
    return f


def page_of_altra_poisoned() -> Fleet:
    f = Fleet("page-of-altra-poisoned", "A memory module of an Arm server returns a multi-bit error; the kernel takes the page away and kills the database that held it",
              [*hosts("arm-41 arm-42 arm-43", vendor="GIGABYTE", model="R272-P30", sensors=ALTRA, rack="d5", switch="leaf-d5", role="database", units=("ssh.service", "cron.service", "postgresql@16-main.service")),
               Host("app-9", "GIGABYTE", "R272-P30", rack="d6", switch="leaf-d6", sensors=ALTRA, role="web", units=("ssh.service", "nginx.service"))], minutes=80)  # fmt: skip
    event_log_noise(f, "arm-42")
    bad = "arm-42"
    for seq, at in ((1, 8), (2, 26), (3, 31)):
        f.kernel(bad, at, f"""
            <6>{{{seq}}}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 2
            <6>{{{seq}}}[Hardware Error]: It has been corrected by h/w and requires no further action
            <6>{{{seq}}}[Hardware Error]: event severity: corrected
            <6>{{{seq}}}[Hardware Error]:  Error 0, type: corrected
            <6>{{{seq}}}[Hardware Error]:   section_type: memory error
            <6>{{{seq}}}[Hardware Error]:   physical_address: 0x0000081f3c2a4{seq}40
            <6>{{{seq}}}[Hardware Error]:   node:0 card:5 module:1 rank:0 bank_group:1 bank_address:2 device:9 row:21044 column:{80 + seq}
            <6>{{{seq}}}[Hardware Error]:   error_type: 2, single-bit ECC
            <6>{{{seq}}}[Hardware Error]:   DIMM location: Socket 0 DIMM_P0_F1
        """, gap=0.01)  # fmt: skip
    f.kernel(bad, 38, """
        <3>{4}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 9
        <3>{4}[Hardware Error]: event severity: recoverable
        <3>{4}[Hardware Error]:  Error 0, type: recoverable
        <3>{4}[Hardware Error]:   section_type: memory error
        <3>{4}[Hardware Error]:   error_status: Storage error in DRAM memory (0x0000000000000400)
        <3>{4}[Hardware Error]:   physical_address: 0x0000081f3c2a4000
        <3>{4}[Hardware Error]:   node:0 card:5 module:1 rank:0 bank_group:1 bank_address:2 device:9 row:21044 column:88
        <3>{4}[Hardware Error]:   error_type: 3, multi-bit ECC
        <3>{4}[Hardware Error]:   DIMM location: Socket 0 DIMM_P0_F1
        <3>Memory failure: 0x81f3c2a4: Sending SIGBUS to postgres:40122 due to hardware memory corruption
        <3>Memory failure: 0x81f3c2a4: recovery action for dirty LRU page: Recovered
    """, gap=0.02)  # fmt: skip
    f.log(bad, 38.1, "postgres", "[1188-1] LOG:  server process (PID 40122) was terminated by signal 7: Bus error\n[1188-2] LOG:  terminating any other active server processes\n[1188-3] LOG:  all server processes terminated; reinitializing\n[1190-1] LOG:  database system was not properly shut down; automatic recovery in progress\n[1188-4] LOG:  database system is ready to accept connections", unit="postgresql@16-main.service", priority=4, gap=2)  # fmt: skip
    f.log(
        "app-9",
        38.2,
        "shop-api",
        'level=error msg="query failed" err="FATAL: the database system is in recovery mode (SQLSTATE 57P03)"',
        priority=3,
    )
    f.sel(bad, """
        -5d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        38 | Memory DIMM_P0_F1 | Uncorrectable ECC | Asserted
    """, clock=17)  # fmt: skip
    f.expect(bad, CRITICAL, "dimm", ["DIMM_P0_F1", "Socket 0 DIMM_P0_F1", "P0_F1"], "dimm.uncorrectable", evidence=["multi-bit ECC"],
             not_cause=["software.failed", "software.crash_loop", "cpu.mce", "kernel.panic"], actions=["ticket.create", "host.drain", "dimm.replace"], never=["cpu.replace", "motherboard.replace", *NEVER],
             why="Three corrected errors of one row, then one of several bits; the killed back end is what the page did.")  # fmt: skip
    f.talk = DEBIAN
    return f


ALL = (
    supply_breaks_in_gen11,
    rail_sags_until_reset,
    front_fan_slows_down,
    row_without_chilled_water,
    processor_gives_up_in_inspur,
    load_store_unit_of_genoa,
    page_of_altra_poisoned,
)
