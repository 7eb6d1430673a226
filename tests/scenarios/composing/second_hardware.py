"""A second batch, written blind once what the first one showed was mended: parts, links and feeds."""

from tests.scenarios.composing.fleet import (
    ASUS,
    CISCO,
    CRITICAL,
    DELL,
    FUJITSU,
    GIGABYTE,
    HPE,
    INSPUR,
    INTEL,
    LENOVO,
    SUPERMICRO,
    WARNING,
    Fleet,
    Host,
    hosts,
)

NEVER = ["host.reinstall", "host.power_cycle"]


def zpool_loses_a_disk() -> Fleet:
    f = Fleet("zpool-loses-a-disk", "A disk of a ZFS pool stops answering, the pool faults it and a spare takes over",
              hosts("zf-1 zf-2", vendor="Fujitsu", model="PRIMERGY RX2540 M6", sensors=FUJITSU, rack="aa1", switch="sw-aa1", role="storage"))  # fmt: skip
    bad = "zf-1"
    for number in range(4):
        f.kernel(bad, 20 + number * 0.7, f"""
            <6>sd 1:0:9:0: [sdk] tag#{200 + number} UNKNOWN(0x2003) Result: hostbyte=DID_TIME_OUT driverbyte=DRIVER_OK cmd_age=31s
            <6>sd 1:0:9:0: [sdk] tag#{200 + number} CDB: Read(16) 88 00 00 00 00 00 41 c0 {number}0 00 00 00 01 00 00 00
            <3>blk_update_request: I/O error, dev sdk, sector {1_103_101_952 + number * 256} op 0x0:(READ) flags 0x700 phys_seg 4 prio class 0
            <4>zio pool=tank vdev=/dev/disk/by-vdev/e1s9-part1 error=5 type=1 offset={564_788_199_424 + number * 131_072} size=131072 flags=180880
        """)  # fmt: skip
    f.kernel(bad, 23, "<6>sd 1:0:9:0: rejecting I/O to offline device")
    f.log(
        bad,
        23.2,
        "zed",
        "eid=71 class=statechange pool='tank' vdev=sdk1 vdev_state=FAULTED\neid=72 class=vdev.spare pool='tank' vdev=sdm1 vdev_state=ONLINE\neid=73 class=resilver_start pool='tank'",
        unit="zfs-zed.service",
        priority=5,
    )
    f.expect(bad, WARNING, "disk", ["sdk", "/dev/sdk", "sdk1"], "disk.failed", evidence=["dev sdk"], not_cause=["raid.degraded", "filesystem.corruption"],
             actions=["ticket.create", "disk.replace"], never=["filesystem.repair", "host.reboot", *NEVER])  # fmt: skip
    return f


def fan_and_redundancy_in_dell() -> Fleet:
    f = Fleet("fan-and-redundancy-in-dell", "A fan fails and with it the redundancy of the fans",
              hosts("r750-1 r750-2", vendor="Dell", model="PowerEdge R750", sensors=DELL, rack="aa2", switch="sw-aa2"))  # fmt: skip
    bad = "r750-2"
    f.reading(bad, "Fan2A", lambda m: (0.0, "cr") if m >= 23 else None)
    for fan in ("Fan1A", "Fan3A"):
        f.reading(bad, fan, lambda m: (13_080.0, "ok") if m >= 24 else None)
    f.sel(bad, """
        22.5 | Fan Fan2A | Lower Critical going low  | Asserted | Reading 360 < Threshold 600 RPM
        22.6 | Fan Fan Redundancy | Redundancy Lost | Asserted
    """, dialect="short utc", clock=18)  # fmt: skip
    f.expect(bad, WARNING, "fan", ["Fan2A", "Fan2"], "fan.failed", evidence=["Fan2A"], not_cause=["cooling.airflow", "psu.redundancy_lost"],
             actions=["ticket.create", "fan.replace"], never=["host.reboot", *NEVER])  # fmt: skip
    return f


def user_page_poisoned_on_amd() -> Fleet:
    f = Fleet("user-page-poisoned-on-amd", "A memory error hits a user's page; the kernel kills the process, iDRAC names the slot",
              hosts("am-1 am-2", vendor="Dell", model="PowerEdge R7525", sensors=DELL, rack="aa3", switch="sw-aa3"))  # fmt: skip
    bad = "am-2"
    f.kernel(bad, 31, """
        <1>mce: Uncorrected hardware memory error in user-access at 3f8a91c0c0
        <3>Memory failure: 0x3f8a91c: recovery action for dirty LRU page: Recovered
        <0>[Hardware Error]: Deferred error, no action required.
        <0>[Hardware Error]: CPU:32 (19:1:1) MC21_STATUS[-|-|MiscV|AddrV|-|-|SyndV|-|Deferred|-]: 0x9c20400001010166
    """, gap=0.02)  # fmt: skip
    f.sel(bad, "31 | Memory ECC Uncorr Err | Uncorrectable ECC (Uncorrectable ECC |  DIMMB7) | Asserted", clock=-5)
    f.expect(bad, CRITICAL, "dimm", ["DIMMB7", "DIMM B7", "B7"], "dimm.uncorrectable", evidence=["Uncorrectable ECC"], not_cause=["cpu.mce", "dimm.correctable_storm"],
             actions=["ticket.create", "host.drain", "dimm.replace"], never=["cpu.replace", "service.restart", *NEVER])  # fmt: skip
    return f


def unrecovered_gpu_memory_error() -> Fleet:
    f = Fleet("unrecovered-gpu-memory-error", "A Hopper GPU reports an unrecovered ECC error and must be reset",
              hosts("gh-1 gh-2", vendor="Lenovo", model="ThinkSystem SR780a", sensors=LENOVO, rack="aa4", switch="sw-aa4", gpus=8, role="training"))  # fmt: skip
    bad = "gh-1"
    f.kernel(bad, 22, """
        <3>NVRM: Xid (PCI:0000:97:00): 140, pid='<unknown>', name=<unknown>, An uncorrectable ECC error detected (possible firmware handling failure) DRAM:-1840691462, LTC:0, MMU:0, PCIE:0
        <3>NVRM: Xid (PCI:0000:97:00): 95, pid=8810, name=python3, Uncontained: FBHUB. RST: Yes, D-RST: No
        <3>NVRM: Xid (PCI:0000:97:00): 45, pid=8810, name=python3, Ch 00000008
        <3>NVRM: Xid (PCI:0000:97:00): 154, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)
    """)  # fmt: skip
    f.expect(bad, CRITICAL, "gpu", ["GPU 0000:97:00.0", "0000:97:00", "0000:97:00.0"], "gpu.ecc_uncorrectable", evidence=["140"],
             not_cause=["gpu.application_error", "gpu.row_remap_failure", "software.failed"], actions=["ticket.create", "gpu.reset", "host.drain"],
             never=["service.restart", *NEVER])  # fmt: skip
    return f


def kernel_of_a_job_reads_astray() -> Fleet:
    f = Fleet("kernel-of-a-job-reads-astray", "One program faults at an unmapped address, three times in an hour",
              hosts("pf-1 pf-2", vendor="Inspur", model="NF5468M6", sensors=INSPUR, rack="aa5", switch="sw-aa5", gpus=8, role="training"), minutes=70)  # fmt: skip
    bad = "pf-2"
    for minute, pid in ((11, 311), (33, 907), (52, 1411)):
        f.kernel(
            bad,
            minute,
            f"<3>NVRM: Xid (PCI:0000:0f:00): 31, pid={pid}, name=ray::Trainer, Ch 0000001c, intr 00000000. MMU Fault: ENGINE GRAPHICS GPC1 GPCCLIENT_T1_3 faulted @ 0x7f1e_9a000000. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_READ",
        )
    f.expect(bad, WARNING, ["gpu", "software"], ["ray::Trainer", "GPU 0000:0f:00.0", "0000:0f:00", "0000:0f:00.0"], ["gpu.page_fault", "gpu.application_error"], evidence=["MMU Fault"],
             not_cause=["gpu.ecc_uncorrectable", "gpu.fallen_off_bus"], actions=["ticket.create", "user.notify"], never=["gpu.replace", "host.reboot", *NEVER])  # fmt: skip
    return f


def completion_times_out() -> Fleet:
    f = Fleet("completion-times-out", "A network card's link times out a transaction; the error is not fatal and the card recovers",
              hosts("aer-1 aer-2", vendor="ASUSTeK", model="RS720A-E11", sensors=ASUS, rack="ac5", switch="sw-ac5"))  # fmt: skip
    bad = "aer-1"
    for minute in (18, 27, 41):
        f.kernel(bad, minute, """
            <3>pcieport 0000:80:01.1: AER: Uncorrected (Non-Fatal) error received: 0000:81:00.1
            <3>i40e 0000:81:00.1: PCIe Bus Error: severity=Uncorrected (Non-Fatal), type=Transaction Layer, (Requester ID)
            <3>i40e 0000:81:00.1:   device [8086:1572] error status/mask=00004000/00000000
            <3>i40e 0000:81:00.1:    [14] CmpltTO                (First)
            <6>i40e 0000:81:00.1: i40e_pci_error_detected: error 1
            <6>pcieport 0000:80:01.1: AER: device recovery successful
        """)  # fmt: skip
    f.expect(bad, WARNING, ["pcie", "nic"], ["0000:81:00.1", "81:00.1", "0000:80:01.1"], "pcie.aer_uncorrectable", evidence=["Uncorrected (Non-Fatal)"], not_cause=["nic.link_flap", "pcie.aer_correctable_storm"],
             actions=["ticket.create"], never=["service.restart", "host.reboot", *NEVER])  # fmt: skip
    return f


def feed_of_two_racks() -> Fleet:
    def row(names: str, rack: str, pdus: tuple[str, ...]) -> list[Host]:
        return hosts(
            names, vendor="Cisco", model="UCSC-C240-M6S", sensors=CISCO, rack=rack, switch=f"sw-{rack}", pdu=pdus
        )

    f = Fleet("feed-of-two-racks", "A PDU that feeds two racks trips: every host on it loses one input, none goes down",
              [*row("c1-1 c1-2 c1-3", "ad1", ("pdu-ad-l", "pdu-ad-r")), *row("c2-1 c2-2", "ad2", ("pdu-ad-l", "pdu-ad-r")), *row("c3-1 c3-2", "ad3", ("pdu-ad-r", "pdu-ae-r"))])  # fmt: skip
    for number, name in enumerate(("c1-1", "c1-2", "c1-3", "c2-1", "c2-2")):
        f.sel(name, f"""
            {19 + number * 0.005} | Power Supply PSU1_STATUS | Power Supply AC lost | Asserted
            {19.01 + number * 0.005} | Power Supply PSU_REDUNDANCY | Redundancy Lost | Asserted
        """, clock=(0, 2, -1, 7, -3)[number])  # fmt: skip
    f.expect("c1-1 c1-2 c1-3 c2-1 c2-2", CRITICAL, "pdu", ["pdu-ad-l"], "pdu.failed", evidence=["Power Supply AC lost"], not_cause=["psu.failed", "psu.input_lost", "psu.redundancy_lost"],
             actions=["ticket.create"], never=["psu.replace", "host.reboot", *NEVER], why="All five share pdu-ad-l and pdu-ad-r; ad3 hangs on pdu-ad-r too and is well.")  # fmt: skip
    return f


def write_faults_of_a_sata_disk() -> Fleet:
    f = Fleet("write-faults-of-a-sata-disk", "A SATA disk reports device faults at writing and leaves its RAID 5",
              hosts("r5-1 r5-2", vendor="Supermicro", model="SSG-5028R", sensors=SUPERMICRO, rack="ad5", switch="sw-ad5", role="storage"))  # fmt: skip
    bad = "r5-1"
    for number in range(4):
        f.kernel(bad, 24 + number * 0.4, f"""
            <3>ata4.00: exception Emask 0x0 SAct 0x{1 << number:x} SErr 0x0 action 0x0
            <3>ata4.00: failed command: WRITE FPDMA QUEUED
            <3>ata4.00: cmd 61/08:{number}8:a0:11:2f/00:00:3a:00:00/40 tag {number} ncq dma 4096 out
            <3>ata4.00: status: {{ DRDY DF ERR }}
            <3>ata4.00: error: {{ ABRT }}
            <3>blk_update_request: I/O error, dev sdd, sector {976_163_232 + number * 8} op 0x1:(WRITE) flags 0x800 phys_seg 1 prio class 0
        """)  # fmt: skip
    f.kernel(
        bad,
        26,
        "<1>md/raid:md5: Disk failure on sdd1, disabling device.\n<1>md/raid:md5: Operation continuing on 3 devices.",
    )
    f.log(
        bad,
        26.2,
        "mdadm",
        "Fail event detected on md device /dev/md5, component device /dev/sdd1",
        unit="mdmonitor.service",
        priority=2,
    )
    f.expect(bad, WARNING, "disk", ["sdd", "sdd1", "/dev/sdd", "ata4.00"], "disk.failed", evidence=["Disk failure on sdd1"], not_cause=["raid.degraded", "filesystem.corruption"],
             actions=["ticket.create", "disk.replace"], never=["filesystem.repair", "host.reboot", *NEVER])  # fmt: skip
    return f


def catastrophic_error_pin() -> Fleet:
    f = Fleet("catastrophic-error-pin", "An Intel board asserts CATERR and restarts by itself",
              hosts("ct-1 ct-2", vendor="Intel", model="S2600WTT", sensors=INTEL, rack="ad6", switch="sw-ad6"))  # fmt: skip
    bad = "ct-1"
    f.down(bad, 30, 35)
    f.sel(bad, """
        30 | Processor P1 Status | IERR | Asserted
        30.02 | Processor CATERR | State Asserted | Asserted
        34 | System Event #0x83 | OEM System boot event | Asserted
        35 | OS Boot #0x22 | C: boot completed | Asserted
    """, dialect="half day", clock=-3)  # fmt: skip
    f.kernel(
        bad,
        35,
        "<5>Linux version 5.3.18-150300.59.118-default (geeko@buildhost) (gcc version 7.5.0 (SUSE Linux)) #1 SMP",
    )
    f.expect(bad, CRITICAL, "cpu", ["P1", "P1 Status", "CPU1", "CATERR", "CPU"], "cpu.ierr", evidence=["IERR"], not_cause=["kernel.panic", "psu.input_lost"], actions=["ticket.create", "host.drain"],
             never=["host.power_cycle", "dimm.replace", "host.reinstall"])  # fmt: skip
    return f


def module_reports_bad_cable() -> Fleet:
    f = Fleet("module-reports-bad-cable", "The transceiver slot itself reports a bad cable, and the link comes and goes",
              hosts("ibx-1 ibx-2", vendor="GIGABYTE", model="G492-ID0", sensors=GIGABYTE, rack="ab6", switch="leaf-ab6"))  # fmt: skip
    bad = "ibx-1"
    for minute in (16, 24, 29, 37):
        f.kernel(bad, minute, """
            <3>mlx5_core 0000:12:00.0: Port module event[error]: module 0, Cable error, Bad or shorted cable/module
            <6>mlx5_core 0000:12:00.0 ens11f0np0: Link down
        """)  # fmt: skip
        f.kernel(bad, minute + 1, "<6>mlx5_core 0000:12:00.0 ens11f0np0: Link up")
    f.expect(bad, WARNING, ["cable", "nic"], ["ens11f0np0", "0000:12:00.0", "module 0"], "cable.errors", evidence=["Bad or shorted cable"], not_cause=["switch.failed", "network.unreachable"],
             actions=["ticket.create", "cable.replace"], never=["switch.replace", "host.reboot", *NEVER])  # fmt: skip
    return f


def switch_stays_away() -> Fleet:
    one = {"rack": "ab4", "switch": "acc-ab4", "pdu": ("pdu-ab4-1", "pdu-ab4-2")}
    f = Fleet("switch-stays-away", "An access switch dies for good: four hosts lose their only link and stay without",
              [Host("w-1", "Intel", "S1200", sensors=INTEL, **one), Host("w-2", "ASUSTeK", "RS100-E11", sensors=ASUS, **one), Host("w-3", "Supermicro", "SYS-5019", sensors=SUPERMICRO, **one),
               Host("w-4", "Cisco", "UCSC-C220-M4S", sensors=CISCO, **one), *hosts("x-1 x-2", vendor="HPE", model="ProLiant DL20", sensors=HPE, rack="ab5", switch="acc-ab5")])  # fmt: skip
    for number, (name, text) in enumerate((
        ("w-1", "<6>e1000e 0000:00:1f.6 eno1: NIC Link is Down"),
        ("w-2", "<6>r8169 0000:02:00.0 enp2s0: Link is Down"),
        ("w-3", "<6>igb 0000:03:00.0 eno2: igb: eno2 NIC Link is Down"),
        ("w-4", "<6>enic 0000:06:00.0 enp6s0: Link DOWN"),
    )):  # fmt: skip
        f.kernel(name, 25 + number * 0.01, text)
        f.log(name, 27, "chronyd", "Can't synchronise: no selectable sources", unit="chronyd.service", priority=4)
        f.log(name, 28, "systemd-networkd", "Lost carrier", unit="systemd-networkd.service")
    f.expect("w-1 w-2 w-3 w-4", CRITICAL, "switch", ["acc-ab4"], "switch.failed", evidence=["Link is Down"], not_cause=["nic.link_flap", "cable.errors", "time.skew", "pdu.failed"],
             actions=["ticket.create"], never=["nic.replace", "cable.replace", "host.reboot", *NEVER])  # fmt: skip
    return f


def guesses_and_corrected_errors() -> Fleet:
    f = Fleet("guesses-and-corrected-errors", "Two faults at once: one host is attacked, another's memory corrects more and more",
              hosts("gc-1 gc-2 gc-3", vendor="Supermicro", model="SYS-1028U", sensors=SUPERMICRO, rack="ae1", switch="sw-ae1"), minutes=80)  # fmt: skip
    for number in range(140):
        f.log(
            "gc-1",
            20 + number * 0.2,
            "sshd",
            f"Failed password for root from 198.51.100.9 port {40_000 + number} ssh2",
            unit="sshd.service",
        )
    for minute, count in ((18, 3), (24, 21), (30, 55), (36, 190), (44, 420), (52, 911)):
        f.kernel(
            "gc-3",
            minute,
            f"<4>EDAC MC2: {count} CE memory read error on CPU_SrcID#1_Ha#0_Chan#3_DIMM#1 (channel:3 slot:1 page:0x19a2c1 offset:0x80 grain:32 syndrome:0x0 -  area:DRAM err_code:0001:0093 socket:1 ha:0 channel_mask:8 rank:4)",
        )
    f.sel(
        "gc-3",
        "40 | Memory #0x53 | Correctable ECC (@DIMMH2(CPU2)) | Asserted\n45 | Memory #0x53 | Correctable ECC (@DIMMH2(CPU2)) | Asserted",
        clock=16,
    )
    f.expect("gc-1", WARNING, "security", ["198.51.100.9", "sshd", "sshd.service"], "security.bruteforce", evidence=["198.51.100.9"], not_cause=["dimm.correctable_storm"], actions=["ticket.create", "network.block_ip"],
             never=["host.reboot", "service.restart"])  # fmt: skip
    f.expect("gc-3", WARNING, "dimm", ["DIMMH2", "CPU_SrcID#1_Ha#0_Chan#3_DIMM#1", "DIMMH2(CPU2)", "P2-DIMMH2"], "dimm.correctable_storm", evidence=["CE memory read error"], not_cause=["dimm.uncorrectable", "cpu.mce"],
             actions=["ticket.create", "dimm.replace"], never=["host.reboot", "cpu.replace"])  # fmt: skip
    return f


ALL = (
    zpool_loses_a_disk,
    fan_and_redundancy_in_dell,
    user_page_poisoned_on_amd,
    unrecovered_gpu_memory_error,
    kernel_of_a_job_reads_astray,
    completion_times_out,
    feed_of_two_racks,
    write_faults_of_a_sata_disk,
    catastrophic_error_pin,
    module_reports_bad_cable,
    switch_stays_away,
    guesses_and_corrected_errors,
)
