"""A sixth batch, written blind, each fault amid a lot of harmless talk: faults of hardware."""

from tests.scenarios.composing.fleet import CRITICAL, WARNING, Fleet, hosts
from tests.scenarios.composing.sixth_boots import EULER, FOCAL, by_order
from tests.scenarios.composing.sixth_noise import (
    ALMA_9,
    DEBIAN_13,
    H3C,
    NETTRIX,
    OPENEULER,
    TAISHAN,
    TRUENAS,
    UBUNTU_20,
    ZTE,
    hum,
    old_records,
)

NEVER = ["host.reinstall", "host.power_cycle"]


def supply_of_a_zte_node_fails() -> Fleet:
    f = Fleet("supply-of-a-zte-node-fails", "A power supply of one node fails while its feed is fine; the node runs on with the other",
              hosts("zx-1 zx-2 zx-3 zx-4", vendor="ZTE", model="R5300 G4X", sensors=ZTE, rack="c9", switch="tor-c9", pdu=("pdu-c9-a", "pdu-c9-b"), gpus=4, role="inference",
                    units=("ssh.service", "docker.service", "nvidia-persistenced.service")), minutes=100)  # fmt: skip
    old_records(f, "zx-3")
    f.sel("zx-3", """
        -410d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        -140d | Power Supply PSU2_Status | Power Supply AC lost | Asserted
        -140d | Power Supply PSU2_Status | Power Supply AC lost | Deasserted
        51 | Power Supply PSU1_Status | Predictive failure | Asserted
        57 | Power Supply PSU1_Status | Failure detected | Asserted
        57.1 | Power Unit PWR_Redundancy | Redundancy Lost | Asserted
    """, clock=4, first=0x71)  # fmt: skip
    f.reading("zx-3", "PSU1_Input_Power", lambda minute: (0, "cr") if minute >= 57 else None)
    f.reading("zx-3", "PSU2_Input_Power", lambda minute: (round(455 + minute % 7), "ok") if minute >= 57 else None)
    f.kernel(
        "zx-3",
        57.3,
        "<4>power_meter ACPI000D:00: Ignoring unsafe software power cap!\n<4>mce: CPU0: Package power limit notification (total events = 4)",
    )
    f.log("zx-3", 60, "ipmievd", "<4>PWR_Redundancy sensor - Redundancy Lost Asserted", unit="ipmievd.service")
    by_order(f, "zx-1", 22, FOCAL, "driver 535.183.06 of zx-1")
    f.log(
        "zx-2", 61, "pdu-poller", "pdu-c9-a: 229.8 V 11.2 A, all outlets on; pdu-c9-b: 230.1 V 13.9 A, all outlets on"
    )
    f.expect("zx-3", WARNING, "psu", ["PSU1", "PSU1_Status"], "psu.failed", evidence=["Failure detected"], not_cause=["psu.input_lost", "pdu.failed", "gpu.thermal", "software.failed"],
             actions=["ticket.create", "psu.replace"], never=["host.reboot", "gpu.replace", "motherboard.replace", *NEVER],
             why="PSU1 predicts and then reports its own failure, its feed pdu-c9-a has voltage and its neighbours draw from it; nothing stops.")  # fmt: skip
    hum(f, UBUNTU_20)
    return f


def kunpeng_module_corrects_in_storms() -> Fleet:
    f = Fleet("kunpeng-module-corrects-in-storms", "A memory module of an ARM node corrects errors by the hundred, none is lost",
              hosts("kp-1 kp-2 kp-3 kp-4", vendor="Huawei", model="TaiShan 200 (Model 2280)", sensors=TAISHAN, rack="e4", switch="tor-e4", pdu=("pdu-e4-a", "pdu-e4-b"), role="search",
                    units=("sshd.service", "elasticsearch.service", "rasdaemon.service", "chronyd.service")), minutes=110)  # fmt: skip
    old_records(f, "kp-4", dialect="short utc")
    for number in range(240):
        at = 12 + (number * 2.5 if number < 14 else 35 + (number - 14) * 0.27)
        address = 0x2081A3C7000 + (number % 5) * 0x40
        f.kernel("kp-4", at, f"""
            <6>{{{number + 1}}}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 2
            <6>{{{number + 1}}}[Hardware Error]: It has been corrected by h/w and requires no further action
            <6>{{{number + 1}}}[Hardware Error]: event severity: corrected
            <6>{{{number + 1}}}[Hardware Error]:  Error 0, type: corrected
            <6>{{{number + 1}}}[Hardware Error]:   section_type: memory error
            <6>{{{number + 1}}}[Hardware Error]:   physical_address: 0x{address:016x}
            <6>{{{number + 1}}}[Hardware Error]:   node:1 card:2 module:0 rank:0 bank_group:2 bank_address:1 device:6 row:41203 column:{number % 5 * 8}
            <6>{{{number + 1}}}[Hardware Error]:   error_type: 2, single-bit ECC
            <4>EDAC MC0: 1 CE single-bit ECC on DIMM120 J21 (node:1 card:2 module:0 rank:0 bank_group:2 bank_address:1 device:6 row:41203 column:{number % 5 * 8} page:0x{address >> 16:x} offset:0x{address & 0xFFFF:x} grain:0 syndrome:0x0 - APEI location: node:1 card:2 module:0 rank:0)
        """, gap=0.005)  # fmt: skip
    f.sel("kp-4", """
        -410d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        -31d | System Event #0xff | OEM System boot event | Asserted
        58 | Memory DIMM120 | Correctable ECC | Asserted
        77 | Memory DIMM120 | Correctable ECC logging limit reached | Asserted
    """, dialect="short utc", clock=-3, first=0x33)  # fmt: skip
    f.kernel("kp-2", 40, """
        <6>{1}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 2
        <6>{1}[Hardware Error]: event severity: corrected
        <6>{1}[Hardware Error]:   section_type: memory error
        <4>EDAC MC0: 1 CE single-bit ECC on DIMM040 J9 (node:0 card:4 module:0 rank:1 page:0x1c42 offset:0x40 grain:0 syndrome:0x0 - APEI location: node:0 card:4 module:0 rank:1)
    """, gap=0.005)  # fmt: skip
    by_order(f, "kp-1", 30, EULER, "kernel 5.10.0-216 of kp-1")
    f.log("kp-3", 31, "elasticsearch", "[WARN ][o.e.c.NodeConnectionsService] failed to connect to {kp-1} (tried [1] times)\n[INFO ][o.e.c.s.ClusterApplierService] added {kp-1}", unit="elasticsearch.service", gap=350)  # fmt: skip
    f.expect("kp-4", WARNING, "dimm", ["DIMM120", "DIMM120 J21", "J21"], "dimm.correctable_storm", evidence=["DIMM120"],
             not_cause=["dimm.uncorrectable", "cpu.mce", "kernel.panic", "software.failed"], actions=["ticket.create", "host.drain", "dimm.replace"], never=["cpu.replace", "motherboard.replace", *NEVER],
             why="DIMM120 alone: 240 corrected errors of one row in an hour and a half, the BMC stops to log them. kp-2's single one is nothing.")  # fmt: skip
    hum(f, OPENEULER, but="kp-4")
    return f


def drive_of_a_build_host_worn() -> Fleet:
    f = Fleet("drive-of-a-build-host-worn", "The NVMe drive of a build host is past its rated endurance and says so",
              hosts("cj-1 cj-2 cj-3", vendor="Nettrix", model="R520 G40", sensors=NETTRIX, rack="h3", switch="tor-h3", pdu=("pdu-h3-a", "pdu-h3-b"), role="ci",
                    units=("ssh.service", "docker.service", "gitlab-runner.service", "smartmontools.service")), minutes=120)  # fmt: skip
    old_records(f)
    for at in (16, 46, 76, 106):
        f.log("cj-2", at, "smartd", f"<2>Device: /dev/nvme1, Critical Warning (0x04): Reliability\n<6>Device: /dev/nvme1, Percentage Used {103 + at // 50}%, Available Spare 97%, media errors 0", unit="smartmontools.service")  # fmt: skip
        for name in ("cj-1", "cj-3"):
            f.log(
                name,
                at + 1,
                "smartd",
                "Device: /dev/nvme1, Temperature changed +2 Celsius to 46 Celsius (Min/Max 31/58)",
                unit="smartmontools.service",
            )
    f.kernel(
        "cj-2",
        15.9,
        "<4>nvme nvme1: Critical warning 0x04 in SMART log, NVM subsystem reliability degraded\n<6>nvme nvme1: scheduling a log page read",
    )
    for step in range(6):
        f.log(f"cj-{step % 3 + 1}", 9 + step * 17, "gitlab-runner", f'<4>WARNING: Job failed: exit code 2                           duration_s=61.{step} job={88120 + step} project=14', unit="gitlab-runner.service")  # fmt: skip
        f.kernel(f"cj-{step % 3 + 1}", 8.9 + step * 17, f"<6>selftest[{61000 + step}]: segfault at 10 ip 000055a1b2c3d{step}e4 sp 00007ffe1a2b3c40 error 4 in selftest[55a1b2c00000+6f000] likely on CPU 3 (core 3, socket 0)")  # fmt: skip
    f.log("cj-3", 52, "ops", "announced change: docker.service restarts on cj-3 for its new data-root")
    f.systemd("cj-3", 53, "<6>Stopping docker.service - Docker Application Container Engine...\n<4>docker.service: Failed with result 'timeout'.\n<6>Stopped docker.service - Docker Application Container Engine.\n<6>Starting docker.service - Docker Application Container Engine...\n<6>Started docker.service - Docker Application Container Engine.", gap=0.4)  # fmt: skip
    f.expect("cj-2", WARNING, "nvme", ["nvme1", "nvme1n1", "/dev/nvme1"], "nvme.wear", evidence=["Critical Warning (0x04)"],
             not_cause=["nvme.media_error", "nvme.controller_reset", "disk.failed", "software.failed", "filesystem.corruption"], actions=["ticket.create", "nvme.replace"], never=["host.reboot", "filesystem.repair", *NEVER],
             why="nvme1 has used 103 % and more of its endurance and sets the reliability warning; no error yet. Failed builds are tests that fail.")  # fmt: skip
    hum(f, DEBIAN_13)
    return f


def port_of_a_broadcom_flaps() -> Fleet:
    f = Fleet("port-of-a-broadcom-flaps", "One port of one host goes up and down with clean counters, hours after a switch upgrade that all others survived",
              hosts("vs-1 vs-2 vs-3 vs-4 vs-5", vendor="H3C", model="UniServer R4900 G6", sensors=H3C, rack="d6", switch="leaf-d6a", pdu=("pdu-d6-a", "pdu-d6-b"), role="virtualization",
                    units=("sshd.service", "libvirtd.service", "chronyd.service")), minutes=120)  # fmt: skip
    old_records(f)
    f.log("vs-1", 14, "ops", "announced change CHG-2307: leaf-d6a is upgraded 06:20 to 06:26, bonds run on leaf-d6b")
    down = "<6>bnxt_en 0000:65:00.0 ens4f0np0: NIC Link is Down\n<6>bond0: (slave ens4f0np0): link status definitely down, disabling slave"
    up = "<6>bnxt_en 0000:65:00.0 ens4f0np0: NIC Link is Up, 25000 Mbps (NRZ) full duplex, Flow control: none\n<6>bnxt_en 0000:65:00.0 ens4f0np0: FEC autoneg off encoding: Clause 91 RS(528,514)\n<6>bond0: (slave ens4f0np0): link status definitely up, 25000 Mbps full duplex"  # fmt: skip
    for number, host in enumerate(f.hosts):
        f.kernel(host.name, 20 + number * 0.002, down, gap=0.1)
        f.kernel(host.name, 24 + number * 0.04, up, gap=0.1)
    for number in range(17):
        at = 58 + number * 3.3 + f.chance.random()
        f.kernel("vs-4", at, down, gap=0.1)
        f.kernel("vs-4", at + 0.12, up, gap=0.1)
    for at in (10, 40, 70, 100, 116):
        for host in f.hosts:
            f.log(host.name, at + 0.3, "link-check", f"ens4f0np0: speed=25000Mb/s link_detected=yes rx_fcs_err=0 rx_symbol_err=0 fec_uncorrected=0 link_down_events={1 + 5 * (at - 55) // 16 if host.name == 'vs-4' and at > 58 else int(at > 20)}")  # fmt: skip
    f.log(
        "vs-4",
        80,
        "libvirtd",
        "<3>operation failed: migration out job: unexpectedly failed\n<6>migration of app-7 to vs-2 completed",
        unit="libvirtd.service",
        gap=90,
    )
    f.expect("vs-4", WARNING, ["nic", "cable"], ["ens4f0np0", "0000:65:00.0"], "nic.link_flap", evidence=["ens4f0np0: NIC Link is Down"], not_cause=["switch.failed", "network.unreachable", "software.failed"],
             actions=["ticket.create", "cable.replace", "nic.replace"], never=["switch.replace", "host.reboot", *NEVER],
             why="17 flaps in an hour on vs-4 alone, counters of errors stay 0; the one loss that all share at minute 20 is the announced upgrade of leaf-d6a.")  # fmt: skip
    hum(f, ALMA_9)
    return f


def l4_of_a_teaching_node_gone() -> Fleet:
    f = Fleet("l4-of-a-teaching-node-gone", "One L4 of four falls off the bus in a course's queue, whose jobs fail for their own reasons too",
              hosts("gy-1 gy-2 gy-3 gy-4", vendor="ZTE", model="R5300 G4X", sensors=ZTE, rack="c7", switch="tor-c7", pdu=("pdu-c7-a", "pdu-c7-b"), gpus=4, role="teaching",
                    units=("ssh.service", "slurmd.service", "nvidia-persistenced.service", "nvidia-dcgm.service")), minutes=110)  # fmt: skip
    old_records(f)
    by_order(f, "gy-1", 18, FOCAL, "driver 535.183.06 of gy-1")
    bad = "gy-3"
    f.kernel(bad, 63, """
        <3>NVRM: GPU at PCI:0000:e2:00: GPU-0c7f1a52-9be4-31d7-6a40-2f81c3d5e6b7
        <3>NVRM: GPU Board Serial Number: 1652922011042
        <3>NVRM: Xid (PCI:0000:e2:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.
        <3>NVRM: GPU 0000:e2:00.0: GPU has fallen off the bus.
        <3>NVRM: GPU 0000:e2:00.0: GPU serial number is 1652922011042.
        <3>NVRM: A GPU crash dump has been created. If possible, please run
        <3>NVRM: nvidia-bug-report.sh as root to collect this data before
        <3>NVRM: the NVIDIA kernel module is unloaded.
    """, gap=0.01)  # fmt: skip
    f.log(
        bad,
        63.4,
        "slurmstepd",
        "<3>RuntimeError: CUDA error: unspecified launch failure\n<3>error: job 61204 on gy-3 exited with status 1",
        unit="slurmstepd.scope",
    )
    f.log(bad, 66, "nv-hostengine", "<3>DCGM: GPU 3 (0000:e2:00.0) lost, watches removed", unit="nvidia-dcgm.service")
    for number, host in enumerate(f.hosts):
        for step in range(6):
            at = 5 + step * 17 + number * 2.3
            if f.is_off(host.name, at) or f.is_off(host.name, at + 1):
                continue
            text = ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 640.00 MiB.", "ModuleNotFoundError: No module named 'transformers'", "error: *** JOB 6120{n} CANCELLED DUE TO TIME LIMIT ***")[(step + number) % 3]  # fmt: skip
            f.log(
                host.name,
                at,
                "slurmstepd",
                f"<3>{text.replace('{n}', str(step))}\n<6>done with job",
                unit="slurmstepd.scope",
            )
        for at in (12, 42, 72, 102):
            lost = host.name == bad and at > 63
            f.log(host.name, at + number * 0.4, "dcgm-health", "overall health: Failure; 3 of 4 GPUs answer" if lost else "overall health: Healthy; 4 GPUs; ecc dbe=0 xid=none")  # fmt: skip
    f.expect(bad, CRITICAL, "gpu", ["GPU 0000:e2:00.0", "0000:e2:00.0", "0000:e2:00", "GPU3", "3"], "gpu.fallen_off_bus", evidence=["GPU has fallen off the bus"],
             not_cause=["gpu.application_error", "software.failed", "gpu.page_fault", "memory_pressure.oom"], actions=["ticket.create", "host.drain", "host.reboot"], never=["host.reinstall", "service.restart"],
             why="Xid 79 on one L4 without anything before it; its job dies with it. All other failures of jobs are their authors'.")  # fmt: skip
    hum(f, UBUNTU_20)
    return f


def disk_of_an_archive_fails_under_test() -> Fleet:
    f = Fleet("disk-of-an-archive-fails-under-test", "A disk of an archive fails while scrubs and self-tests run on all; ZFS faults it and takes the spare",
              hosts("tm-1 tm-2 tm-3", vendor="Supermicro", model="SSG-640SP-E1CR60", rack="j7", switch="tor-j7", pdu=("pdu-j7-a", "pdu-j7-b"), role="storage",
                    units=("ssh.service", "smartmontools.service", "zfs-zed.service", "middlewared.service")), minutes=140)  # fmt: skip
    old_records(f)
    for number, host in enumerate(f.hosts):
        for disk in "cdgk":
            f.log(host.name, 3 + number + ord(disk) % 5, "smartd", f"Device: /dev/sd{disk} [SAT], starting scheduled Long Self-Test.\nDevice: /dev/sd{disk} [SAT], self-test in progress, 60% remaining\nDevice: /dev/sd{disk} [SAT], previous self-test completed without error", unit="smartmontools.service", gap=2400)  # fmt: skip
        f.log(host.name, 8 + number, "zed", "eid=311 class=scrub_start pool='tank'", unit="zfs-zed.service")
    bad = "tm-3"
    for number in range(9):
        at = 48 + number * 1.1
        f.kernel(bad, at, f"""
            <6>sd 0:0:27:0: [sdab] tag#{1400 + number} FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_OK cmd_age={3 + number % 4}s
            <6>sd 0:0:27:0: [sdab] tag#{1400 + number} Sense Key : Medium Error [current] [descriptor]
            <6>sd 0:0:27:0: [sdab] tag#{1400 + number} Add. Sense: Unrecovered read error
            <6>sd 0:0:27:0: [sdab] tag#{1400 + number} CDB: Read(16) 88 00 00 00 00 03 1a 2b {number:02x} 00 00 00 08 00 00 00
            <3>critical medium error, dev sdab, sector {13324000000 + number * 2048} op 0x0:(READ) flags 0x0 phys_seg 16 prio class 2
        """, gap=0.01)  # fmt: skip
        f.log(bad, at + 0.02, "zed", f"eid={360 + number} class=io pool='tank' vdev=sdab1 size=1048576 offset={6821000000000 + number * 1048576} priority=4 err=5 flags=0x4000b0", unit="zfs-zed.service")  # fmt: skip
    f.log(bad, 58.5, "zed", "eid=371 class=statechange pool='tank' vdev=sdab1 vdev_state=FAULTED\neid=372 class=vdev_attach pool='tank' vdev=sdbh1\neid=373 class=resilver_start pool='tank'", unit="zfs-zed.service", gap=3)  # fmt: skip
    f.log(bad, 63, "smartd", "<2>Device: /dev/sdab [SAT], 184 Currently unreadable (pending) sectors\n<2>Device: /dev/sdab [SAT], 96 Offline uncorrectable sectors\n<2>Device: /dev/sdab [SAT], Self-Test Log error count increased from 0 to 1", unit="smartmontools.service")  # fmt: skip
    f.kernel(
        "tm-1",
        70,
        "<6>sd 0:0:14:0: Power-on or device reset occurred\n<6>mpt3sas_cm0: log_info(0x31080000): originator(PL), code(0x08), sub_code(0x0000)",
    )
    f.expect(bad, WARNING, "disk", ["sdab", "sdab1", "/dev/sdab"], ["disk.failed", "disk.pending_sectors"], evidence=["dev sdab"], not_cause=["raid.degraded", "filesystem.corruption", "filesystem.readonly", "software.failed"],
             actions=["ticket.create", "disk.replace"], never=["filesystem.repair", "host.reboot", *NEVER],
             why="sdab cannot read nine places, ZFS faults it and resilvers onto the spare sdbh; no data is lost. Tests of other disks end well.")  # fmt: skip
    hum(f, TRUENAS)
    return f


ALL = (
    supply_of_a_zte_node_fails,
    kunpeng_module_corrects_in_storms,
    drive_of_a_build_host_worn,
    port_of_a_broadcom_flaps,
    l4_of_a_teaching_node_gone,
    disk_of_an_archive_fails_under_test,
)
