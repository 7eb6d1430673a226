"""Memory modules and processors that fail, each in the words of another maker, kernel and distribution."""

from tests.scenarios.composing.fleet import (
    CRITICAL,
    DELL,
    FUJITSU,
    GIGABYTE,
    HPE,
    INTEL,
    LENOVO,
    SUPERMICRO,
    WARNING,
    Fleet,
    hosts,
)

HARDWARE_NEVER = ["service.restart", "host.reinstall", "gpu.replace"]


def corrected_errors_storm_on_lenovo() -> Fleet:
    f = Fleet(
        "corrected-errors-storm-on-lenovo", "One DIMM corrects more and more errors until the limit of logging is reached",
        hosts("hpc-11 hpc-12 hpc-13", vendor="Lenovo", model="ThinkSystem SR650", sensors=LENOVO, rack="c3", switch="sw-c3"),
        minutes=90,
    )  # fmt: skip
    bad = "hpc-12"
    f.sel(bad, """
        -30d | Memory DIMM 3 | Presence Detected | Asserted
        48 | Memory DIMM 7 | Correctable ECC | Asserted
        66 | Memory DIMM 7 | Correctable ECC logging limit reached | Asserted
    """, dialect="short utc", clock=-3)  # fmt: skip
    for burst, count in ((20, 1), (31, 2), (40, 9), (47, 30), (52, 64), (58, 211), (65, 870), (71, 1412)):
        f.kernel(bad, burst, f"""
            <6>mce: [Hardware Error]: Machine check events logged
            <4>EDAC skx MC1: HANDLING MCE MEMORY ERROR
            <4>EDAC skx MC1: CPU 0: Machine Check Event: 0x0 Bank 13: 0x8c00004200800090
            <4>EDAC MC1: {count} CE memory read error on CPU_SrcID#0_MC#1_Chan#0_DIMM#0 (channel:0 slot:0 page:0x2b81f3 offset:0x740 grain:32 syndrome:0x0 -  err_code:0x0080:0x0090 socket:0 imc:1 rank:1 bg:2 ba:3 row:0x8f21 col:0x1d8)
        """)  # fmt: skip
    f.log(bad, 67, "rasdaemon", "mc_event store: 0x55d2c7f0b1a8", unit="rasdaemon.service")
    f.kernel(
        "hpc-13",
        33,
        "<4>EDAC MC0: 1 CE memory scrubbing error on CPU_SrcID#1_MC#0_Chan#1_DIMM#0 (channel:1 slot:0 page:0x88121 offset:0x0 grain:32 syndrome:0x0)",
    )
    f.expect(bad, WARNING, "dimm", ["DIMM 7", "CPU_SrcID#0_MC#1_Chan#0_DIMM#0"], "dimm.correctable_storm",
             evidence=["logging limit reached", "CPU_SrcID#0_MC#1_Chan#0_DIMM#0"],
             not_cause=["dimm.uncorrectable", "cpu.mce"], actions=["ticket.create", "dimm.replace", "host.drain"], never=["cpu.replace", "host.power_cycle", *HARDWARE_NEVER],
             why="Corrected errors at one row grow over 50 minutes; nothing was lost yet. The single scrub error on hpc-13 is noise.")  # fmt: skip
    return f


def poisoned_page_on_hpe() -> Fleet:
    f = Fleet(
        "poisoned-page-on-hpe", "Firmware reports an uncorrected memory error; the kernel kills the process that owned the page",
        hosts("vm-21 vm-22 vm-23", vendor="HPE", model="ProLiant DL380 Gen10", sensors=HPE, rack="d1", switch="tor-d1", role="virtualisation"),
    )  # fmt: skip
    bad = "vm-22"
    f.kernel(bad, 24, """
        <2>{1}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 4
        <2>{1}[Hardware Error]: event severity: recoverable
        <2>{1}[Hardware Error]:  Error 0, type: recoverable
        <2>{1}[Hardware Error]:   section_type: memory error
        <2>{1}[Hardware Error]:    error_status: Storage error in DRAM memory (0x0000000000000400)
        <2>{1}[Hardware Error]:   physical_address: 0x00000071b8c4f000
        <2>{1}[Hardware Error]:   node:1 card:2 module:0 rank:0 bank:1 device:0 row:9122 column:480
        <2>{1}[Hardware Error]:   error_type: 3, multi-bit ECC
        <2>{1}[Hardware Error]:   DIMM location: PROC 2 DIMM 8
        <3>Memory failure: 0x71b8c4f: Sending SIGBUS to qemu-kvm:48121 due to hardware memory corruption
        <3>Memory failure: 0x71b8c4f: recovery action for dirty LRU page: Recovered
    """, gap=0.01)  # fmt: skip
    f.log(
        bad,
        24.1,
        "libvirtd",
        "internal error: qemu unexpectedly closed the monitor: 2026-09-14T06:24:01.117Z qemu-kvm: Guest MCE Memory Error at QEMU addr 0x7f00c4f000 and GUEST addr 0xc4f000",
        unit="libvirtd.service",
        priority=3,
    )
    f.sel(bad, "24 | Memory PROC 2 DIMM 8 | Uncorrectable ECC | Asserted", clock=14)
    f.expect(bad, CRITICAL, "dimm", ["PROC 2 DIMM 8", "Proc 2 DIMM 8"], "dimm.uncorrectable",
             evidence=["multi-bit ECC", "Uncorrectable ECC"], not_cause=["software.failed", "cpu.mce", "dimm.correctable_storm", "kernel.panic"],
             actions=["ticket.create", "host.drain", "dimm.replace"], never=["cpu.replace", "host.power_cycle", *HARDWARE_NEVER],
             why="A virtual machine died of a multi-bit error: work is lost. The BMC clock is 14 minutes fast.")  # fmt: skip
    return f


def memory_panic_on_epyc() -> Fleet:
    f = Fleet(
        "memory-panic-on-epyc", "An uncorrectable error of the memory controller panics the node; after the reboot the log of the BMC names the module",
        hosts("epyc-05 epyc-06 epyc-07", vendor="Supermicro", model="AS-2024US-TRT", sensors=SUPERMICRO, rack="e2", switch="tor-e2"),
        minutes=80,
    )  # fmt: skip
    bad = "epyc-06"
    f.kernel(bad, 30, """
        <0>[Hardware Error]: Uncorrected, software restartable error.
        <0>[Hardware Error]: CPU:12 (19:1:1) MC18_STATUS[Over|UC|MiscV|AddrV|PCC|TCC|SyndV|UECC|-]: 0xfe2040000000011b
        <0>[Hardware Error]: Error Addr: 0x00000000b1c2f040
        <0>[Hardware Error]: IPID: 0x0000009600450f00, Syndrome: 0x5bd000000a801703
        <0>[Hardware Error]: Unified Memory Controller Ext. Error Code: 0, DRAM ECC error.
        <0>EDAC MC0: 1 UE on mc#0csrow#1channel#4 (csrow:1 channel:4 page:0x2c70bc offset:0x40 grain:64)
        <0>[Hardware Error]: cache level: L3/GEN, tx: GEN, mem-tx: RD
        <0>mce: [Hardware Error]: TSC 0 ADDR b1c2f040 SYND 5bd000000a801703 IPID 9600450f00
        <0>Kernel panic - not syncing: Fatal local machine check
    """, gap=0.02)  # fmt: skip
    f.down(bad, 30.2, 37)
    f.kernel(bad, 37, """
        <5>Linux version 5.14.0-427.13.1.el9_4.x86_64 (mockbuild@x86-64-03.build.example) (gcc (GCC) 11.4.1) #1 SMP PREEMPT_DYNAMIC
        <6>Command line: BOOT_IMAGE=(hd0,gpt2)/vmlinuz-5.14.0-427.13.1.el9_4.x86_64 root=/dev/mapper/rhel-root ro
        <6>EDAC MC: Ver: 3.0.0
    """)  # fmt: skip
    f.systemd(bad, 37.4, "Reached target Multi-User System.", priority=6)
    f.sel(bad, """
        30 | Memory #0xd1 | Uncorrectable ECC (@DIMME1(CPU1)) | Asserted
        33 | System Event #0xff | OEM System boot event | Asserted
        37.2 | OS Boot #0x22 | C: boot completed | Asserted
    """, clock=-22)  # fmt: skip
    f.expect(bad, CRITICAL, "dimm", ["DIMME1", "DIMM E1", "P1-DIMME1", "CPU1 DIMME1", "DIMME1(CPU1)", "mc#0csrow#1channel#4"], "dimm.uncorrectable",
             evidence=["Uncorrectable ECC", "Fatal local machine check"], not_cause=["kernel.panic", "cpu.mce", "cpu.ierr"],
             actions=["ticket.create", "host.drain", "dimm.replace"], never=["cpu.replace", "motherboard.replace", *HARDWARE_NEVER],
             why="The panic follows the multi-bit error of the memory controller; the BMC (22 minutes slow) names the slot.")  # fmt: skip
    return f


def catastrophic_error_on_dell() -> Fleet:
    f = Fleet(
        "catastrophic-error-on-dell", "A processor raises IERR and the machine resets without a word of the kernel",
        hosts("app-31 app-32 app-33", vendor="Dell", model="PowerEdge R650", sensors=DELL, rack="f4", switch="tor-f4"),
        minutes=70,
    )  # fmt: skip
    bad = "app-33"
    f.down(bad, 25.1, 31)
    f.sel(bad, """
        -91d | Power Supply PS2 Status | Power Supply AC lost | Asserted
        -91d | Power Supply PS2 Status | Power Supply AC lost | Deasserted
        25 | Processor CPU1 Status | IERR | Asserted
        25.2 | Processor CPU Machine Chk | Transition to Non-recoverable | Asserted
        25.6 | System Event SysEvt | OEM System boot event | Asserted
        30.9 | OS Boot OS Boot | C: boot completed | Asserted
    """)  # fmt: skip
    f.kernel(bad, 31, """
        <5>Linux version 5.15.0-105-generic (buildd@lcy02-amd64-007) (gcc (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0) #115-Ubuntu SMP
        <6>BERT: Error records from previous boot:
        <2>[Hardware Error]: event severity: fatal
        <2>[Hardware Error]:  Error 0, type: fatal
        <2>[Hardware Error]:   section type: Firmware Error Record Reference
    """)  # fmt: skip
    f.log(
        bad,
        31.6,
        "systemd-journald",
        "File /var/log/journal/5c1e/system.journal corrupted or uncleanly shut down, renaming and replacing.",
        unit="systemd-journald.service",
        priority=4,
    )
    f.expect(bad, CRITICAL, "cpu", ["CPU1", "CPU 1", "CPU1 Status", "CPU"], "cpu.ierr", evidence=["IERR"],
             not_cause=["kernel.panic", "psu.input_lost", "dimm.uncorrectable"], actions=["ticket.create", "host.drain"],
             never=["host.power_cycle", "psu.replace", "dimm.replace", *HARDWARE_NEVER],
             why="IERR of CPU1 comes before the reset; the supply record is three months old.")  # fmt: skip
    return f


def cache_machine_checks_until_panic() -> Fleet:
    f = Fleet(
        "cache-machine-checks-until-panic", "A core's cache corrects errors, then meets one that it cannot: fatal machine check",
        hosts("calc-1 calc-2 calc-3", vendor="Intel", model="S2600WFT", sensors=INTEL, rack="g1", switch="tor-g1"),
        minutes=70,
    )  # fmt: skip
    bad = "calc-2"
    for minute in (12, 15, 16, 19, 23, 25, 26):
        f.kernel(bad, minute, "<6>mce: [Hardware Error]: Machine check events logged")
        f.log(
            bad,
            minute + 0.02,
            "mcelog",
            "Hardware event. This is not a software error.\nCPU 9 BANK 1 TSC 2f1c0d7a11\nMCA: Instruction CACHE Level-0 Instruction-Fetch Error\nSTATUS 9020000f0f000150 MCGSTATUS 0",
            unit="mcelog.service",
            priority=4,
        )
    f.kernel(bad, 31, """
        <0>mce: [Hardware Error]: CPU 9: Machine Check Exception: 5 Bank 1: bd80000000100134
        <0>mce: [Hardware Error]: RIP 10:<ffffffff9b2a1c40> {intel_idle+0x80/0x130}
        <0>mce: [Hardware Error]: TSC 2f7e9aa2d3b0 ADDR 3f1c0a440 MISC 86
        <0>mce: [Hardware Error]: PROCESSOR 0:50654 TIME 1789367460 SOCKET 0 APIC 12 microcode 2006e05
        <0>mce: [Hardware Error]: Run the above through 'mcelog --ascii'
        <0>mce: [Hardware Error]: Machine check: Processor context corrupt
        <0>Kernel panic - not syncing: Fatal machine check on current CPU
    """, gap=0.02)  # fmt: skip
    f.down(bad, 31.1, 36)
    f.kernel(
        bad,
        36,
        "<5>Linux version 4.18.0-513.24.1.el8_9.x86_64 (mockbuild@x86-vm-09.build.example) (gcc version 8.5.0) #1 SMP",
    )
    f.sel(bad, """
        31 | OS Stop/Shutdown #0x46 | Run-time critical stop | Asserted
        32 | System Event #0x83 | OEM System boot event | Asserted
    """, dialect="short utc", clock=2)  # fmt: skip
    f.expect(bad, CRITICAL, "cpu", ["CPU 9", "CPU9", "9", "CPU0", "SOCKET 0", "socket0", "CPU 0", "CPU1"], "cpu.mce",
             evidence=["Machine Check Exception", "Fatal machine check"], not_cause=["kernel.panic", "dimm.uncorrectable", "software.failed"],
             actions=["ticket.create", "host.drain", "cpu.replace"], never=["dimm.replace", *HARDWARE_NEVER],
             why="All machine checks come from bank 1 (instruction cache) of one core: the processor, not memory, not the kernel.")  # fmt: skip
    return f


def one_processor_trips() -> Fleet:
    f = Fleet(
        "one-processor-trips", "A heat sink has come loose: one processor climbs and trips while its neighbours and the inlet stay cool",
        hosts("gb-01 gb-02 gb-03", vendor="Giga Computing", model="R282-Z93", sensors=GIGABYTE, rack="h2", switch="tor-h2"),
        minutes=60,
    )  # fmt: skip
    bad = "gb-03"
    f.reading(
        bad,
        "CPU0_TEMP",
        lambda m: (
            None
            if m < 10
            else (min(99.0, 57 + (m - 10) * 2.2), "ok" if m < 26 else "nc" if m < 29 else "cr")
            if m < 30
            else (None, "ns")
        ),
    )
    for sensor in ("SYS_FAN1", "SYS_FAN2", "SYS_FAN3"):
        f.reading(bad, sensor, lambda m: (14_200.0, "ok") if 18 <= m < 30 else (None, "ns") if m >= 30 else None)
    f.sel(bad, """
        26 | Temperature CPU0_TEMP | Upper Non-critical going high | Asserted | Reading 93 > Threshold 92 degrees C
        28.8 | Temperature CPU0_TEMP | Upper Critical going high | Asserted | Reading 98 > Threshold 97 degrees C
        29.9 | Processor CPU0_Status | Thermal Trip | Asserted
        29.95 | System ACPI Power State ACPI_PWR | S4/S5: soft-off | Asserted
    """, clock=9)  # fmt: skip
    f.kernel(bad, 24, """
        <2>mce: CPU17: Package temperature above threshold, cpu clock throttled (total events = 1)
        <2>mce: CPU3: Core temperature above threshold, cpu clock throttled (total events = 1)
    """)  # fmt: skip
    f.kernel(bad, 27, "<2>mce: CPU3: Core temperature above threshold, cpu clock throttled (total events = 4127)")
    f.down(bad, 29.9, 61)
    f.expect(bad, CRITICAL, ["cpu", "cooling"], ["CPU0", "CPU0_Status", "CPU0_TEMP", "CPU 0"], "cpu.thermal_trip",
             evidence=["Thermal Trip"], not_cause=["cooling.ambient_high", "fan.failed", "fan.degraded", "psu.input_lost", "kernel.panic"],
             actions=["ticket.create"], never=["host.power_cycle", "host.power_on", "fan.replace", "service.restart"],
             why="Inlet 24 C, fans at full speed, only CPU0 hot: its own heat sink. The host is off.")  # fmt: skip
    return f


def corrected_errors_rasdaemon_only() -> Fleet:
    f = Fleet(
        "corrected-errors-told-by-rasdaemon", "Corrected errors pile up on one Fujitsu module; only rasdaemon and the BMC tell",
        hosts("fj-1 fj-2", vendor="Fujitsu", model="PRIMERGY RX2540 M5", sensors=FUJITSU, rack="k1", switch="tor-k1"),
        minutes=90,
    )  # fmt: skip
    bad = "fj-1"
    for minute in range(20, 80, 3):
        f.log(
            bad,
            minute,
            "rasdaemon",
            f"<idle>-0     [004]     0.00{minute:04}: mc_event:             2026-09-14 06:{minute % 60:02}:01 +0000 {minute - 12} Corrected errors: memory read error on CPU_SrcID#1_MC#0_Chan#2_DIMM#0 (mc: 2 location: 2:0 address: 0x41f3c9a880 grain: 32 APEI location:  )",
            unit="rasdaemon.service",
        )
    f.sel(bad, """
        50 | Memory DIMM-2C | Correctable ECC | Asserted
        63 | Memory DIMM-2C | Correctable ECC | Asserted
        74 | Memory DIMM-2C | Correctable ECC | Asserted
        75 | Memory DIMM-2C | Correctable ECC logging limit reached | Asserted
    """, dialect="central european")  # fmt: skip
    f.expect(bad, WARNING, "dimm", ["DIMM-2C", "DIMM 2C", "CPU_SrcID#1_MC#0_Chan#2_DIMM#0"], "dimm.correctable_storm",
             evidence=["logging limit reached"], not_cause=["dimm.uncorrectable", "cpu.mce"], actions=["ticket.create", "dimm.replace"],
             never=["cpu.replace", "host.reboot", "host.power_cycle", *HARDWARE_NEVER],
             why="Twenty reports of corrected errors on one module in an hour; the BMC prints local time.")  # fmt: skip
    return f


ALL = (
    corrected_errors_storm_on_lenovo,
    poisoned_page_on_hpe,
    memory_panic_on_epyc,
    catastrophic_error_on_dell,
    cache_machine_checks_until_panic,
    one_processor_trips,
    corrected_errors_rasdaemon_only,
)
