"""A fifth batch, written blind and to be like the given scenarios on other fleets: faults of hardware."""

from tests.scenarios.composing.fifth_boots import PROXMOX_8, SLES_15, UBUNTU_24, ordered_restart
from tests.scenarios.composing.fifth_noise import (
    ASROCK,
    CRAY,
    DEBIAN,
    PROXMOX,
    ROCKY,
    SR675,
    SUSE,
    UBUNTU,
    WIWYNN,
    XFUSION,
    chatter,
    quiet_logs,
)
from tests.scenarios.composing.fleet import CRITICAL, GIGABYTE, HPE, INTEL, WARNING, Fleet, hosts

NEVER = ["host.reinstall", "host.power_cycle"]


def uncontained_error_on_h200() -> Fleet:
    f = Fleet("uncontained-error-on-h200", "One H200 of eight reports an uncontained memory error under a training job, the job dies",
              hosts("xd-11 xd-12 xd-13 xd-14", vendor="HPE", model="Cray XD670", sensors=CRAY, rack="g7", switch="leaf-g7", gpus=8, role="training",
                    units=("ssh.service", "slurmd.service", "nvidia-persistenced.service", "nvidia-fabricmanager.service")), minutes=110)  # fmt: skip
    quiet_logs(f, "xd-13")
    ordered_restart(f, "xd-13", 14, UBUNTU_24, "GPU driver 550.90.12 to all nodes of g7")
    bad = "xd-13"
    f.kernel(bad, 61, """
        <3>NVRM: Xid (PCI:0000:9a:00): 48, pid=40412, name=python3, Ch 00000008, An uncorrectable double bit error (DBE) has been detected on GPU in the framebuffer at partition 4, subpartition 1.
        <3>NVRM: Xid (PCI:0000:9a:00): 63, pid='<unknown>', name=<unknown>, Row Remapper: New row (0x00000000004a1b20) marked for remapping, reset gpu to activate.
        <3>NVRM: Xid (PCI:0000:9a:00): 95, pid=40412, name=python3, Uncontained: LTC DATA (0x4,0x1). RST: Yes, D-RST: No
        <3>NVRM: Xid (PCI:0000:9a:00): 45, pid=40412, name=python3, Ch 00000008
        <3>NVRM: Xid (PCI:0000:9a:00): 45, pid=40412, name=python3, Ch 00000009
        <3>NVRM: Xid (PCI:0000:9a:00): 154, pid='<unknown>', name=<unknown>, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)
    """, gap=0.6)  # fmt: skip
    f.log(bad, 61.2, "python3", """
        <3>[rank28]: torch.AcceleratorError: CUDA error: uncorrectable ECC error encountered
        <3>[rank28]: CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be incorrect.
    """)  # fmt: skip
    for number, other in enumerate(("xd-11", "xd-12", "xd-14")):
        f.log(other, 71.2 + number * 0.05, "python3", f"<3>[rank{number * 8}]:[E914 07:11:12 ProcessGroupNCCL.cpp:616] [Rank {number * 8}] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=88213, OpType=ALLREDUCE, Timeout(ms)=600000) ran for 600041 milliseconds before timing out.")  # fmt: skip
    f.log(bad, 62, "slurmstepd", "<3>error: *** STEP 71204.0 ON xd-11 CANCELLED AT 2026-09-14T07:12:01 ***", unit="slurmstepd.scope")  # fmt: skip
    for at in (8, 38, 68, 98):
        for host in f.hosts:
            if f.is_off(host.name, at):
                continue
            worse = host.name == bad and at > 61
            f.log(host.name, at + 0.4, "gpu-health", "GPU 4 (0000:9a:00.0): ecc_uncorr_volatile=2 remapped_rows_pending=Yes; 7/8 GPUs ok" if worse else "8/8 GPUs ok: ecc_uncorr_volatile=0 remapped_rows_pending=No errors: 0")  # fmt: skip
    f.expect(bad, CRITICAL, "gpu", ["GPU 0000:9a:00.0", "0000:9a:00", "0000:9a:00.0", "GPU4", "4"], "gpu.ecc_uncorrectable", evidence=["Uncontained", "double bit error (DBE)"],
             not_cause=["gpu.application_error", "gpu.page_fault", "software.failed", "network.unreachable", "nvlink.error"],
             actions=["ticket.create", "host.drain", "gpu.reset"], never=["gpu.replace", "nic.replace", *NEVER],
             why="One double-bit error, a spare row is taken, an uncontained error ends the job; the other ranks only wait for it. A reset is due, no replacement.")  # fmt: skip
    chatter(f, UBUNTU)
    return f


def genoa_module_corrects_then_gives_up() -> Fleet:
    f = Fleet("genoa-module-corrects-then-gives-up", "A memory module of an EPYC node corrects more and more, then an uncorrectable error resets the node",
              hosts("dx-21 dx-22 dx-23 dx-24", vendor="ASRockRack", model="1U24E1S-GENOA/2L2T", sensors=ASROCK, rack="k2", switch="leaf-k2",
                    units=("ssh.service", "cron.service", "slurmd.service")), minutes=120)  # fmt: skip
    quiet_logs(f, "dx-22")
    bad = "dx-22"
    for number in range(58):
        at = 9 + number * (3 if number < 9 else 0.9)
        f.kernel(bad, at, f"""
            <6>mce: [Hardware Error]: Machine check events logged
            <1>[Hardware Error]: Corrected error, no action required.
            <1>[Hardware Error]: CPU:4 (19:11:1) MC24_STATUS[Over|CE|MiscV|AddrV|-|-|SyndV|CECC|-|-|-]: 0xdc2040000400011b
            <1>[Hardware Error]: Error Addr: 0x0000001{0x2b1c0 + number % 3:05x}40
            <1>[Hardware Error]: PPIN: 0x02b6a5b1c0de0123
            <1>[Hardware Error]: IPID: 0x0000309600150f00, Syndrome: 0x5a1{number % 10}00000a800d03
            <1>[Hardware Error]: Unified Memory Controller Ext. Error Code: 0, DRAM ECC error.
            <4>EDAC MC0: 1 CE on mc#0csrow#1channel#3 (csrow:1 channel:3 page:0x{0x2b1c00 + number % 3:x} offset:0x{number * 64:x} grain:64 syndrome:0x0)
            <1>[Hardware Error]: cache level: L3/GEN, tx: GEN, mem-tx: RD
        """, gap=0.01)  # fmt: skip
    f.sel(bad, """
        -62d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        21 | Memory CPU1_DIMM_D1 | Correctable ECC | Asserted
        40 | Memory CPU1_DIMM_D1 | Correctable ECC | Asserted
        52 | Memory CPU1_DIMM_D1 | Correctable ECC logging limit reached | Asserted
        81.3 | Memory CPU1_DIMM_D1 | Uncorrectable ECC | Asserted
        81.4 | System Event #0xff | OEM System boot event | Asserted
        87 | OS Boot #0x22 | C: boot completed | Asserted
    """, clock=11)  # fmt: skip
    f.down(bad, 81.4, 86)
    f.kernel(bad, 86, """
        <5>Linux version 6.1.0-26-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.112-1 (2024-09-30)
        <6>Command line: BOOT_IMAGE=/boot/vmlinuz-6.1.0-26-amd64 root=UUID=77aa ro quiet
        <4>AMD-Vi: [Firmware Bug]: : IOAPIC[242] not in IVRS table
        <3>ACPI BIOS Error (bug): Failure creating named object [\\_SB.S0D1.D1A0._PRW], AE_ALREADY_EXISTS (20220331/dswload2-326)
        <4>platform regulatory.0: Direct firmware load for regulatory.db failed with error -2
        <6>BERT: Error records from previous boot:
        <3>[Hardware Error]: event severity: fatal
        <3>[Hardware Error]:  Error 0, type: fatal
        <3>[Hardware Error]:  fru_text: CPU1_DIMM_D1
        <3>[Hardware Error]:   section_type: memory error
        <3>[Hardware Error]:   error_status: Storage error in DRAM memory (0x0000000000000400)
        <3>[Hardware Error]:   physical_address: 0x00000012b1c00c40
        <3>[Hardware Error]:   node:0 card:3 module:0 rank:1
        <3>[Hardware Error]:   error_type: 3, multi-bit ECC
        <6>BERT: Total records found: 1
        <6>EDAC MC0: Giving out device to module amd64_edac controller F19h_M10h: DEV 0000:00:18.3 (INTERRUPT)
    """, gap=0.1)  # fmt: skip
    f.systemd(bad, 86.5, "<6>Reached target Multi-User System.\n<6>Startup finished in 88.120s (firmware) + 2.811s (loader) + 6.622s (kernel) + 21.003s (userspace) = 1min 58.556s.")  # fmt: skip
    f.log(bad, 87, "slurmd", "<6>slurmd version 22.05.8 started", unit="slurmd.service")
    f.log("dx-21", 83, "slurmctld", "<3>error: Nodes dx-22 not responding", unit="slurmctld.service")
    f.expect(bad, CRITICAL, "dimm", ["CPU1_DIMM_D1", "DIMM_D1", "D1", "mc#0csrow#1channel#3"], "dimm.uncorrectable", evidence=["Uncorrectable ECC"],
             not_cause=["cpu.mce", "kernel.panic", "psu.failed", "dimm.correctable_storm"], actions=["ticket.create", "host.drain", "dimm.replace"], never=["cpu.replace", "motherboard.replace", *NEVER],
             why="Sparse, then many corrected errors of one row, an uncorrectable one in the BMC's log (clock 11 min fast) and a reset; BERT names the same module.")  # fmt: skip
    chatter(f, DEBIAN, but=bad)
    return f


def mirror_leg_of_proxmox_vanishes() -> Fleet:
    f = Fleet("mirror-leg-of-proxmox-vanishes", "The controller of one NVMe drive in a ZFS mirror stops answering and is removed; guests run on",
              hosts("pve-a1 pve-a2 pve-a3", vendor="Gigabyte", model="R163-Z30", sensors=GIGABYTE, rack="h1", switch="sw-h1", role="hypervisor",
                    units=("ssh.service", "pveproxy.service", "pvestatd.service", "corosync.service", "zfs-zed.service")), minutes=90)  # fmt: skip
    quiet_logs(f, "pve-a3")
    ordered_restart(f, "pve-a3", 12, PROXMOX_8, "new pve-kernel")
    bad = "pve-a2"
    for number, at in enumerate((22, 35, 41)):
        f.kernel(bad, at, f"""
            <4>nvme nvme1: I/O tag {312 + number} (1138) opcode 0x1 (I/O Cmd) QID {7 + number} timeout, aborting req_op:WRITE(1) size:131072
            <6>nvme nvme1: Abort status: 0x0
            <4>nvme nvme1: I/O tag {312 + number} (1138) opcode 0x1 (I/O Cmd) QID {7 + number} timeout, reset controller
            <6>nvme nvme1: 31/0/0 default/read/poll queues
        """, gap=16)  # fmt: skip
    f.kernel(bad, 52, """
        <4>nvme nvme1: I/O tag 77 (104d) opcode 0x1 (I/O Cmd) QID 12 timeout, aborting req_op:WRITE(1) size:16384
        <4>nvme nvme1: I/O tag 77 (104d) opcode 0x1 (I/O Cmd) QID 12 timeout, reset controller
        <3>nvme nvme1: Device not ready; aborting reset, CSTS=0x1
        <4>nvme nvme1: Disabling device after reset failure: -19
        <3>I/O error, dev nvme1n1, sector 71203840 op 0x1:(WRITE) flags 0x0 phys_seg 2 prio class 2
        <3>I/O error, dev nvme1n1, sector 1998848 op 0x1:(WRITE) flags 0x0 phys_seg 1 prio class 2
        <4>zio pool=rpool vdev=/dev/disk/by-id/nvme-eui.00253856b1c0a211-part3 error=5 type=2 offset=36455317504 size=131072 flags=1572992
        <4>zio pool=rpool vdev=/dev/disk/by-id/nvme-eui.00253856b1c0a211-part3 error=5 type=5 offset=0 size=0 flags=1049728
    """, gap=12)  # fmt: skip
    f.log(bad, 54.6, "zed", """
        eid=41 class=io pool='rpool' vdev=nvme-eui.00253856b1c0a211-part3 size=131072 offset=36455317504 priority=3 err=5 flags=0x180080
        eid=58 class=statechange pool='rpool' vdev=nvme-eui.00253856b1c0a211-part3 vdev_state=REMOVED
        eid=59 class=resource.fs.zfs.statechange pool='rpool' state=DEGRADED
    """, unit="zfs-zed.service", gap=1)  # fmt: skip
    f.log(bad, 58, "smartd", "<2>Device: /dev/nvme1, open() of NVMe device failed: No such device", unit="smartmontools.service")  # fmt: skip
    f.log(
        bad,
        70,
        "zfs-report",
        "  pool: rpool\n state: DEGRADED\n  mirror-0 DEGRADED; nvme-eui.00253856b1c0a211-part3 REMOVED",
    )
    f.expect(bad, WARNING, "nvme", ["nvme1", "nvme1n1", "/dev/nvme1", "nvme-eui.00253856b1c0a211-part3"], "nvme.controller_reset", evidence=["nvme nvme1:"],
             not_cause=["raid.degraded", "filesystem.corruption", "disk.failed", "nvme.wear"], actions=["ticket.create", "nvme.replace"], never=["filesystem.repair", "host.reboot", *NEVER],
             why="Three resets that help, one that does not; the pool goes on with its other leg, so nothing is down. pve-a3's restart was announced.")  # fmt: skip
    chatter(f, PROXMOX)
    return f


def sas_disk_fails_hard_under_sles() -> Fleet:
    f = Fleet("sas-disk-fails-hard-under-sles", "A SAS disk of a twelve-disk array reports hardware errors and is kicked out",
              hosts("arc-1 arc-2 arc-3", vendor="HPE", model="Apollo 4200 Gen10", sensors=HPE, rack="s4", switch="leaf-s4", role="storage",
                    units=("sshd.service", "cron.service", "mdmonitor.service", "smartd.service", "nfs-server.service")), minutes=120)  # fmt: skip
    quiet_logs(f, "arc-3", dialect="short utc")
    ordered_restart(f, "arc-3", 20, SLES_15, "kernel-default 6.4.0-150600.23.25")
    bad = "arc-1"
    f.log(bad, 18, "smartd", "<2>Device: /dev/sdh [SAS], SMART Failure: HARDWARE IMPENDING FAILURE GENERAL HARD DRIVE FAILURE", unit="smartd.service")  # fmt: skip
    for number, at in enumerate((31, 38, 44, 47)):
        f.kernel(bad, at, f"""
            <6>sd 0:0:7:0: [sdh] tag#{812 + number} FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_OK cmd_age=3s
            <6>sd 0:0:7:0: [sdh] tag#{812 + number} Sense Key : Hardware Error [current] [descriptor]
            <6>sd 0:0:7:0: [sdh] tag#{812 + number} Add. Sense: Internal target failure
            <6>sd 0:0:7:0: [sdh] tag#{812 + number} CDB: Write(16) 8a 00 00 00 00 01 2c 4f 0a {number:02x} 00 00 02 00 00 00
            <3>critical target error, dev sdh, sector {5038344704 + number * 512} op 0x1:(WRITE) flags 0x0 phys_seg 64 prio class 2
        """, gap=0.05)  # fmt: skip
    f.kernel(bad, 47.1, """
        <4>md: super_written gets error=-121
        <2>md/raid:md127: Disk failure on sdh, disabling device.
        <2>md/raid:md127: Operation continuing on 11 devices.
    """)  # fmt: skip
    f.log(bad, 47.4, "mdadm", "<2>Fail event detected on md device /dev/md127, component device /dev/sdh", unit="mdmonitor.service")  # fmt: skip
    f.log(bad, 48, "smartd", "<2>Device: /dev/sdh [SAS], SMART Failure: HARDWARE IMPENDING FAILURE GENERAL HARD DRIVE FAILURE", unit="smartd.service")  # fmt: skip
    f.kernel("arc-2", 60, "<6>md: data-check of RAID array md126\n<6>md: md126: data-check done.", gap=900)
    f.expect(bad, WARNING, "disk", ["sdh", "/dev/sdh"], ["disk.failed", "disk.pending_sectors"], evidence=["sdh"], not_cause=["raid.degraded", "filesystem.corruption", "cable.errors"],
             actions=["ticket.create", "disk.replace"], never=["filesystem.repair", "host.reboot", "raid.delete", *NEVER],
             why="smartd warns, four writes end in hardware errors, md fails the disk; level 6 goes on with eleven. arc-2's data-check is the monthly one.")  # fmt: skip
    chatter(f, SUSE)
    return f


def cable_of_a_ceph_node() -> Fleet:
    f = Fleet("cable-of-a-ceph-node", "The 100G cable of one storage node goes bad: CRC errors climb and the link bounces",
              hosts("ceph-31 ceph-32 ceph-33 ceph-34 ceph-35", vendor="Intel Corporation", model="M50CYP2UR312", sensors=INTEL, rack="e6", switch="leaf-e6", role="storage",
                    units=("sshd.service", "chronyd.service", "ceph-osd@12.service", "ceph-osd@13.service")), minutes=120)  # fmt: skip
    quiet_logs(f)
    bad = "ceph-33"
    errors = 0
    for at in range(5, 118, 7):
        for host in f.hosts:
            crc = 0
            if host.name == bad and at > 20:
                errors += 1700 + 41 * at
                crc = errors
            f.log(host.name, at + 0.3, "link-check", f"ens2f0: speed=100000Mb/s link_detected=yes rx_crc_errors.nic={crc} rx_length_errors.nic=0 tx_errors.nic=0 rx_discards.nic=0", priority=4 if crc else 6)  # fmt: skip
    for number, at in enumerate((33, 47, 48.5, 66, 79, 80, 101)):
        f.kernel(bad, at, """
            <6>ice 0000:17:00.0 ens2f0: NIC Link is Down
            <6>ice 0000:17:00.0 ens2f0: NIC Link is up 100 Gbps Full Duplex, Requested FEC: RS-FEC, Negotiated FEC: RS-FEC, Autoneg Advertised: Off, Autoneg Negotiated: False, Flow Control: None
        """, gap=4 + number % 3)  # fmt: skip
        f.log(bad, at + 0.02, "NetworkManager", "<info>  [1789368000.1234] device (ens2f0): carrier: link connected", unit="NetworkManager.service")  # fmt: skip
    for at, who in ((47.5, "ceph-31"), (66.3, "ceph-34"), (79.6, "ceph-32")):
        f.log(who, at, "ceph-osd", "<3>2026-09-14T06:50:00.120+0000 7f21 -1 osd.7 4411 heartbeat_check: no reply from 10.7.6.33:6804 osd.12 since back 2026-09-14T06:49:36 front 2026-09-14T06:49:58", unit="ceph-osd@7.service")  # fmt: skip
    f.log("ceph-35", 15, "sudo", "     ops : TTY=pts/1 ; PWD=/home/ops ; USER=root ; COMMAND=/usr/sbin/ip link set ens2f1 up", priority=5)  # fmt: skip
    f.kernel("ceph-35", 15.1, "<6>ice 0000:17:00.1 ens2f1: NIC Link is up 100 Gbps Full Duplex, Requested FEC: RS-FEC, Negotiated FEC: RS-FEC, Autoneg Advertised: Off, Autoneg Negotiated: False, Flow Control: None")  # fmt: skip
    f.expect(bad, WARNING, "cable", ["ens2f0", "0000:17:00.0"], "cable.errors", evidence=["ens2f0"], not_cause=["switch.failed", "nic.link_flap", "network.unreachable", "software.failed"],
             actions=["ticket.create", "cable.replace"], never=["switch.replace", "host.reboot", "nic.replace", *NEVER],
             why="CRC errors only on ceph-33's port, all others of leaf-e6 count none; the heartbeats that others miss are its.")  # fmt: skip
    chatter(f, ROCKY)
    return f


def feed_b_of_ocp_rack_dies() -> Fleet:
    f = Fleet("feed-b-of-ocp-rack-dies", "One of two feeds of a rack goes dark; seven nodes run on on their first supplies",
              [*hosts("ow-1 ow-2 ow-3 ow-4 ow-5 ow-6 ow-7", vendor="Wiwynn", model="SV7220G3", sensors=WIWYNN, rack="w9", switch="leaf-w9", pdu=("pdu-w9-a", "pdu-w9-b")),
               *hosts("ow-8 ow-9", vendor="Wiwynn", model="SV7220G3", sensors=WIWYNN, rack="w10", switch="leaf-w10", pdu=("pdu-w9-a", "pdu-w10-b"))], minutes=70)  # fmt: skip
    dark = [f"ow-{number}" for number in range(1, 8)]
    quiet_logs(f, " ".join(dark))
    for number, name in enumerate(dark):
        f.reading(name, "PSU2_Input", lambda minute: (0, "cr") if minute >= 27 else None)
        f.reading(name, "PSU1_Input", lambda minute: (655, "ok") if minute >= 27 else None)
        f.sel(name, f"""
            -{70 + number}d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
            {3 + number} | System Event #0x83 | Timestamp Clock Sync | Asserted
            {26.5 + number * 0.01:.2f} | Power Supply PSU2_Status | Power Supply AC lost | Asserted
            {26.52 + number * 0.01:.2f} | Power Supply PSU_Redundancy | Redundancy Lost | Asserted
        """, clock=(0, 2, -14, 0, 6, -1, 0)[number])  # fmt: skip
    f.log("ow-4", 29, "ipmievd", "Power Supply sensor PSU2_Status - Power Supply AC lost", priority=4)
    f.expect(" ".join(dark), CRITICAL, "pdu", ["pdu-w9-b"], "pdu.failed", evidence=["Power Supply AC lost"], not_cause=["psu.failed", "psu.input_lost", "psu.redundancy_lost", "switch.failed"],
             never=["psu.replace", "host.reboot", "host.drain", *NEVER],
             why="Seven nodes lose supply 2 in a second and share pdu-w9-b only with each other; ow-8 and ow-9 hang on pdu-w9-a too and keep theirs.")  # fmt: skip
    chatter(f, DEBIAN)
    return f


def leaf_of_bonded_hosts_dies() -> Fleet:
    f = Fleet("leaf-of-bonded-hosts-dies", "A leaf switch dies under five hosts, whose bonds go on with their second members",
              [*hosts("bx-1 bx-2 bx-3 bx-4 bx-5", vendor="xFusion", model="FusionServer 2288H V7", sensors=XFUSION, rack="q7", switch="leaf-q7a", role="web"),
               *hosts("bx-6 bx-7", vendor="xFusion", model="FusionServer 2288H V7", sensors=XFUSION, rack="q8", switch="leaf-q8a", role="web")], minutes=60)  # fmt: skip
    quiet_logs(f)
    downs = (
        ("bx-1", "ens1f0", "<6>i40e 0000:17:00.0 ens1f0: NIC Link is Down", "<6>i40e 0000:17:00.0 ens1f0: NIC Link is Up, 25 Gbps Full Duplex, Requested FEC: None, Negotiated FEC: None, Autoneg: False, Flow Control: None"),
        ("bx-2", "ens1f0", "<6>i40e 0000:17:00.0 ens1f0: NIC Link is Down", "<6>i40e 0000:17:00.0 ens1f0: NIC Link is Up, 25 Gbps Full Duplex, Requested FEC: None, Negotiated FEC: None, Autoneg: False, Flow Control: None"),
        ("bx-3", "ens3f0np0", "<6>mlx5_core 0000:31:00.0 ens3f0np0: Link down", "<6>mlx5_core 0000:31:00.0 ens3f0np0: Link up"),
        ("bx-4", "ens3f0np0", "<6>mlx5_core 0000:31:00.0 ens3f0np0: Link down", "<6>mlx5_core 0000:31:00.0 ens3f0np0: Link up"),
        ("bx-5", "ens1f0", "<6>bnxt_en 0000:98:00.0 ens1f0: NIC Link is Down", "<6>bnxt_en 0000:98:00.0 ens1f0: NIC Link is Up, 25000 Mbps (NRZ) full duplex, Flow control: none"),
    )  # fmt: skip
    for number, (name, port, down, up) in enumerate(downs):
        f.kernel(name, 21 + number * 0.006, f"""
            {down}
            <4>bond0: (slave {port}): link status definitely down, disabling slave
            <4>bond0: active interface up!
        """, gap=0.1)  # fmt: skip
        f.kernel(name, 37 + number * 0.01, f"""
            {up}
            <6>bond0: (slave {port}): link status definitely up, 25000 Mbps full duplex
        """, gap=0.1)  # fmt: skip
    f.log("bx-6", 22, "haproxy", "<4>Server web/bx-3 is DOWN, reason: Layer4 timeout, check duration: 2001ms. 6 active and 0 backup servers left.", unit="haproxy.service")  # fmt: skip
    f.log("bx-6", 22.2, "haproxy", "<5>Server web/bx-3 is UP, reason: Layer7 check passed, code: 200, check duration: 3ms. 7 active and 0 backup servers online.", unit="haproxy.service")  # fmt: skip
    f.expect("bx-1 bx-2 bx-3 bx-4 bx-5", CRITICAL, "switch", ["leaf-q7a"], "switch.failed", evidence=["definitely down"], not_cause=["nic.link_flap", "cable.errors", "network.dns", "software.failed"],
             never=["nic.replace", "cable.replace", "host.reboot", *NEVER], why="Five hosts with three makes of adapter lose their port on leaf-q7a within two seconds for 16 minutes; those on leaf-q8a lose none.")  # fmt: skip
    chatter(f, ROCKY)
    return f


def coin_cell_of_gigabyte_runs_low() -> Fleet:
    f = Fleet("coin-cell-of-gigabyte-runs-low", "The coin cell of one node falls below its limits",
              hosts("gz-1 gz-2 gz-3 gz-4", vendor="Gigabyte", model="R282-Z90", sensors=GIGABYTE, rack="c3", switch="leaf-c3"), minutes=100)  # fmt: skip
    quiet_logs(f, "gz-2 gz-4")
    ordered_restart(f, "gz-4", 25, UBUNTU_24, "BIOS R40")
    f.reading("gz-2", "P_VBAT", lambda minute: (round(2.72 - minute * 0.0042, 2), "ok" if minute < 12 else "nc" if minute < 66 else "cr"))  # fmt: skip
    f.sel("gz-2", """
        -190d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        12 | Voltage P_VBAT | Lower Non-critical going low  | Asserted | Reading 2.66 < Threshold 2.68 Volts
        66 | Voltage P_VBAT | Lower Critical going low  | Asserted | Reading 2.44 < Threshold 2.45 Volts
    """, dialect="half day", clock=-7)  # fmt: skip
    f.expect("gz-2", WARNING, "cmos_battery", ["P_VBAT", "VBAT", "CMOS Battery"], "cmos_battery.low", evidence=["P_VBAT"], not_cause=["psu.voltage_unstable", "time.skew", "psu.failed"],
             never=["host.reboot", "motherboard.replace", "psu.replace", *NEVER], why="Only the battery's voltage falls, over the whole stretch; the 12 V rail stays. gz-4's restart was ordered.")  # fmt: skip
    chatter(f, UBUNTU)
    return f


def fan_of_sr675_and_looping_gateway() -> Fleet:
    f = Fleet("fan-of-sr675-and-looping-gateway", "Two faults that have nothing to do with each other: a fan stops in a GPU node, an object gateway crashes at every start",
              [*hosts("sr-1 sr-2 sr-3", vendor="Lenovo", model="ThinkSystem SR675 V3", sensors=SR675, rack="l2", switch="leaf-l2", pdu=("pdu-l2-a", "pdu-l2-b"), gpus=4, role="training", units=("sshd.service", "slurmd.service")),
               *hosts("obj-1 obj-2", vendor="ASRockRack", model="1U12LW-C242", sensors=ASROCK, rack="v4", switch="leaf-v4", pdu=("pdu-v4-a", "pdu-v4-b"), role="storage", units=("ssh.service", "garage.service"))], minutes=100)  # fmt: skip
    quiet_logs(f, "sr-2")
    f.reading("sr-2", "Fan 4 Front Tach", lambda minute: (max(0, round(7080 - (minute - 28) * 1500)), "ok" if minute < 32 else "cr") if minute >= 28 else None)  # fmt: skip
    for fan in ("Fan 3 Front Tach", "Fan 5 Front Tach"):
        f.reading("sr-2", fan, lambda minute: (12960, "ok") if minute >= 34 else None)
    f.reading(
        "sr-2", "GPU 3 Temp", lambda minute: (min(86, round(63 + (minute - 30) * 0.9)), "ok") if minute >= 30 else None
    )
    f.sel("sr-2", """
        -120d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        31.5 | Fan Fan 4 Front Tach | Lower Critical going low  | Asserted | Reading 1080 < Threshold 1800 RPM
        32 | Fan Fan Redundancy | Redundancy Lost | Asserted
    """, clock=19)  # fmt: skip
    f.log("sr-2", 58, "gpu-health", "GPU 2 (0000:81:00.0): sw_thermal_slowdown=Active temp=86C errors: 0", priority=4)
    for number in range(24):
        at = 30.4 + number * 2.2
        f.log("obj-1", at, "garage", "<6>2026-09-14T06:30:00Z  INFO garage::server: Loading configuration...\n<6>2026-09-14T06:30:00Z  INFO garage::server: Opening database...\n<3>thread 'main' panicked at src/db/lmdb_adapter.rs:142:18: called `Option::unwrap()` on a `None` value", unit="garage.service", gap=1)  # fmt: skip
        f.systemd("obj-1", at + 0.06, f"""
            <5>garage.service: Main process exited, code=exited, status=101/n/a
            <4>garage.service: Failed with result 'exit-code'.
            <6>garage.service: Scheduled restart job, restart counter is at {number + 1}.
            <6>Stopped garage.service - Garage Data Store.
            <6>Started garage.service - Garage Data Store.
        """, gap=0.5)  # fmt: skip
    f.state("obj-1", "garage.service", lambda minute: ("activating", "auto-restart") if minute >= 31 else None)
    f.expect("sr-2", WARNING, "fan", ["Fan 4 Front Tach", "Fan 4", "Fan 4 Front"], "fan.failed", evidence=["Fan 4 Front Tach"], not_cause=["gpu.thermal", "cooling.ambient_high", "software.crash_loop"],
             actions=["ticket.create", "fan.replace"], never=["gpu.replace", "host.reboot", *NEVER])  # fmt: skip
    f.expect("obj-1", CRITICAL, "software", ["garage.service", "garage"], "software.crash_loop", evidence=["garage.service"], not_cause=["fan.failed", "memory_pressure.oom", "disk.failed", "software.regression"],
             actions=["ticket.create"], never=["host.reboot", "disk.replace", *NEVER],
             why="sr-2 (BMC clock 19 min fast) and obj-1 share neither rack, feed, switch nor role. No package changed on obj-1: it panics at every start.")  # fmt: skip
    chatter(f, UBUNTU)
    return f


def storm_on_a_riser_and_torn_ext4() -> Fleet:
    f = Fleet("storm-on-a-riser-and-torn-ext4", "Two faults at once: an adapter's link corrects errors by the hundred, and on a mirror server a file system finds its directories damaged",
              [*hosts("tx-1 tx-2 tx-3", vendor="Intel Corporation", model="D50DNP1SBB", sensors=INTEL, rack="t1", switch="leaf-t1", pdu=("pdu-t1-a", "pdu-t1-b"), units=("sshd.service", "slurmd.service")),
               *hosts("mir-1 mir-2", vendor="HPE", model="ProLiant DL380 Gen10", sensors=HPE, rack="t6", switch="leaf-t6", pdu=("pdu-t6-a", "pdu-t6-b"), role="mirror", units=("sshd.service", "vsftpd.service"))], minutes=110)  # fmt: skip
    quiet_logs(f, "tx-1")
    ordered_restart(f, "tx-1", 7, SLES_15, "moved to another rail")
    for number in range(190):
        at = 12 + number * 0.5
        f.kernel("tx-2", at, f"""
            <4>pcieport 0000:80:01.0: AER: {"Multiple " if number % 5 == 0 else ""}Corrected error message received from 0000:81:00.0
            <4>mlx5_core 0000:81:00.0: PCIe Bus Error: severity=Corrected, type=Data Link Layer, (Receiver ID)
            <4>mlx5_core 0000:81:00.0:   device [15b3:1021] error status/mask=00000040/00002000
            <4>mlx5_core 0000:81:00.0:    [ 6] BadTLP
        """, gap=0.01)  # fmt: skip
    f.expect("tx-2", WARNING, ["pcie", "nic"], ["0000:81:00.0", "0000:80:01.0"], "pcie.aer_correctable_storm", evidence=["0000:81:00.0"], not_cause=["pcie.aer_uncorrectable", "nic.link_flap", "filesystem.corruption"],
             actions=["ticket.create"], never=["host.reboot", *NEVER])  # fmt: skip
    for number, at in enumerate((24, 24.4, 31, 52, 77)):
        f.kernel("mir-2", at, f"""
            <2>EXT4-fs error (device dm-5): htree_dirblock_to_tree:1082: inode #5505027: block 22028315: comm rsync: bad entry in directory: rec_len is smaller than minimal - offset=0, inode={number}, rec_len=0, size=4096 fake=0
            <2>EXT4-fs error (device dm-5): ext4_lookup:1785: inode #550502{number}: comm rsync: deleted inode referenced: 55050{41 + number}
            <2>EXT4-fs error (device dm-5): ext4_mb_generate_buddy:1217: group {412 + number}, block bitmap and bg descriptor inconsistent: 25 vs 26 free clusters
        """, gap=0.4)  # fmt: skip
    f.log(
        "mir-2",
        25,
        "rsync",
        '<3>rsync: [generator] failed to stat "/srv/mirror/pool/main/l": Structure needs cleaning (117)',
    )
    f.kernel("mir-2", 96, "<5>EXT4-fs (dm-5): error count since last fsck: 15\n<5>EXT4-fs (dm-5): initial error at time 1789367040: htree_dirblock_to_tree:1082: inode 5505027: block 22028315")  # fmt: skip
    f.expect("mir-2", WARNING, "filesystem", ["dm-5", "/dev/dm-5", "/srv/mirror"], "filesystem.corruption", evidence=["EXT4-fs error (device dm-5)"], not_cause=["disk.failed", "filesystem.readonly", "pcie.aer_correctable_storm"],
             actions=["ticket.create", "filesystem.repair"], never=["disk.format", "host.reboot", *NEVER],
             why="tx-2's adapter corrects twice a minute, no error is fatal; mir-2's ext4 is damaged without a single I/O error of its disks. Other rack, feed, role.")  # fmt: skip
    chatter(f, SUSE)
    return f


ALL = (
    uncontained_error_on_h200,
    genoa_module_corrects_then_gives_up,
    mirror_leg_of_proxmox_vanishes,
    sas_disk_fails_hard_under_sles,
    cable_of_a_ceph_node,
    feed_b_of_ocp_rack_dies,
    leaf_of_bonded_hosts_dies,
    coin_cell_of_gigabyte_runs_low,
    fan_of_sr675_and_looping_gateway,
    storm_on_a_riser_and_torn_ext4,
)
