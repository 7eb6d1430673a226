"""Disks, flash, arrays and file systems."""

from tests.scenarios.composing.fleet import (
    ASUS,
    CRITICAL,
    DELL,
    FUJITSU,
    HPE,
    INTEL,
    LENOVO,
    OPENBMC,
    SUPERMICRO,
    WARNING,
    Fleet,
    hosts,
)

KEEP = ["host.reinstall", "disk.format", "raid.delete", "host.power_cycle"]


def flash_returns_bad_blocks() -> Fleet:
    f = Fleet("flash-returns-bad-blocks", "An NVMe drive returns unrecovered read errors; btrfs tells which files",
              hosts("suse-1 suse-2", vendor="Lenovo", model="ThinkSystem SR650 V3", sensors=LENOVO, rack="s1", switch="tor-s1", role="database"))  # fmt: skip
    bad = "suse-2"
    for number in range(7):
        f.kernel(bad, 18 + number * 2.5, f"""
            <3>nvme1n1: Read(0x2) @ LBA {882_113_536 + number * 64}, 32 blocks, Unrecovered Read Error (sct 0x2 / sc 0x81) MORE DNR
            <2>critical medium error, dev nvme1n1, sector {882_113_536 + number * 64} op 0x0:(READ) flags 0x80700 phys_seg 4 prio class 2
            <3>BTRFS error (device nvme1n1p2): bdev /dev/nvme1n1p2 errs: wr 0, rd {number + 1}, flush 0, corrupt 0, gen 0
        """)  # fmt: skip
    f.log(
        bad,
        40,
        "smartd",
        "Device: /dev/nvme1, number of Error Log entries increased from 3 to 10",
        unit="smartd.service",
        priority=2,
    )
    f.expect(bad, WARNING, "nvme", ["nvme1n1", "nvme1", "nvme1n1p2", "/dev/nvme1"], "nvme.media_error", evidence=["critical medium error"],
             not_cause=["filesystem.corruption", "nvme.controller_reset", "nvme.wear", "filesystem.readonly"], actions=["ticket.create", "nvme.replace", "host.drain"],
             never=["filesystem.repair", "host.reboot", *KEEP])  # fmt: skip
    return f


def flash_worn_out() -> Fleet:
    f = Fleet("flash-worn-out", "smartd says that the spare of an NVMe drive is used up",
              hosts("log-1 log-2", vendor="ASUSTeK", model="RS500A-E11", sensors=ASUS, rack="s2", switch="tor-s2", role="logging"), minutes=95)  # fmt: skip
    bad = "log-1"
    for minute in (12, 42, 72):
        f.log(
            bad,
            minute,
            "smartd",
            "Device: /dev/nvme0, Critical Warning (0x05): AvailableSpare Reliability",
            unit="smartmontools.service",
            priority=2,
        )
    f.expect(bad, WARNING, "nvme", ["nvme0", "/dev/nvme0", "nvme0n1"], "nvme.wear", evidence=["Critical Warning"],
             not_cause=["nvme.media_error", "nvme.controller_reset", "disk.failed"], actions=["ticket.create", "nvme.replace"], never=["host.reboot", "service.restart", *KEEP])  # fmt: skip
    return f


def flash_drops_off() -> Fleet:
    f = Fleet("flash-drops-off", "An NVMe controller goes down and does not come back; the file system on it dies",
              hosts("deb-1 deb-2", vendor="Intel", model="M50CYP2SBSTD", sensors=INTEL, rack="s3", switch="tor-s3", role="cache"))  # fmt: skip
    bad = "deb-1"
    f.kernel(bad, 25, """
        <4>nvme nvme3: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0xffff
        <4>nvme nvme3: Does your device have a faulty power saving mode enabled?
        <4>nvme nvme3: Try "nvme_core.default_ps_max_latency_us=0 pcie_aspm=off" and report a bug
        <3>nvme 0000:e3:00.0: Unable to change power state from D3cold to D0, device inaccessible
        <4>nvme nvme3: Disabling device after reset failure: -19
        <3>I/O error, dev nvme3n1, sector 74220480 op 0x1:(WRITE) flags 0x8800 phys_seg 12 prio class 2
        <3>Buffer I/O error on dev nvme3n1p1, logical block 9277560, lost async page write
        <2>EXT4-fs error (device nvme3n1p1): __ext4_find_entry:1683: inode #2: comm varnishd: reading directory lblock 0
        <3>EXT4-fs (nvme3n1p1): I/O error while writing superblock
        <3>Aborting journal on device nvme3n1p1-8.
        <2>EXT4-fs (nvme3n1p1): Remounting filesystem read-only
    """)  # fmt: skip
    f.systemd(
        bad,
        25.6,
        "<5>varnish.service: Main process exited, code=exited, status=1/FAILURE\n<4>varnish.service: Failed with result 'exit-code'.",
    )
    f.expect(bad, CRITICAL, "nvme", ["nvme3", "nvme3n1", "nvme3n1p1"], "nvme.controller_reset", evidence=["controller is down"],
             not_cause=["filesystem.corruption", "filesystem.readonly", "software.failed", "pcie.link_degraded"], actions=["ticket.create", "nvme.replace", "host.drain"],
             never=["filesystem.repair", "filesystem.cleanup", "software.rollback", *KEEP])  # fmt: skip
    return f


def controller_fails_a_disk() -> Fleet:
    f = Fleet("controller-fails-a-disk", "A MegaRAID controller takes a failing disk out of its volume and rebuilds onto the spare",
              hosts("perc-1 perc-2", vendor="Dell", model="PowerEdge R730xd", sensors=DELL, rack="s4", switch="tor-s4", role="storage"), minutes=70)  # fmt: skip
    bad = "perc-1"
    f.kernel(bad, 22, """
        <4>megaraid_sas 0000:02:00.0: 41871 (842681402s/0x0002/WARN) - Unexpected sense: PD 05(e0x20/s5) Path 5000c500a1f3c2d1, CDB: 28 00 3a 11 90 80 00 00 80 00, Sense: 3/11/00
        <4>megaraid_sas 0000:02:00.0: 41877 (842681409s/0x0002/WARN) - PD 05(e0x20/s5) Path 5000c500a1f3c2d1  reset (Type 03)
        <2>megaraid_sas 0000:02:00.0: 41882 (842681431s/0x0002/CRIT) - Error on PD 05(e0x20/s5) (Error f0)
        <2>megaraid_sas 0000:02:00.0: 41884 (842681431s/0x0001/CRIT) - VD 01/1 is now DEGRADED
        <6>megaraid_sas 0000:02:00.0: 41885 (842681432s/0x0002/info) - State change on PD 05(e0x20/s5) from ONLINE(18) to FAILED(11)
        <6>megaraid_sas 0000:02:00.0: 41891 (842681440s/0x0002/info) - Rebuild automatically started on PD 0c(e0x20/s12)
    """, gap=4)  # fmt: skip
    f.sel(bad, "22.6 | Drive Slot / Bay Drive 5 | Drive Fault | Asserted", dialect="half day", clock=-11)
    f.expect(bad, WARNING, "disk", ["Drive 5", "PD 05(e0x20/s5)", "e0x20/s5", "PD 05", "5", "slot 5"], "disk.failed", evidence=["Drive Fault"],
             not_cause=["raid.degraded", "filesystem.corruption"], actions=["ticket.create", "disk.replace"], never=["filesystem.repair", "host.reboot", "service.restart", *KEEP])  # fmt: skip
    return f


def osd_loses_its_disk() -> Fleet:
    f = Fleet("osd-loses-its-disk", "A SAS disk behind an HBA fails; the Ceph daemon on it dies and the cluster heals",
              hosts("ceph-1 ceph-2 ceph-3", vendor="Supermicro", model="SSG-6029P-E1CR12L", sensors=SUPERMICRO, rack="s5", switch="tor-s5", role="storage",
                    units=("sshd.service", "ceph-osd@11.service", "chronyd.service")))  # fmt: skip
    bad = "ceph-2"
    for number in range(5):
        f.kernel(bad, 20 + number * 0.5, f"""
            <6>mpt3sas_cm0: log_info(0x31080000): originator(PL), code(0x08), sub_code(0x0000)
            <6>sd 0:0:11:0: [sdl] tag#{771 + number} FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_OK cmd_age=4s
            <6>sd 0:0:11:0: [sdl] tag#{771 + number} Sense Key : Medium Error [current]
            <6>sd 0:0:11:0: [sdl] tag#{771 + number} Add. Sense: Unrecovered read error
            <6>sd 0:0:11:0: [sdl] tag#{771 + number} CDB: Read(16) 88 00 00 00 00 02 1f 88 a4 {number}0 00 00 00 08 00 00
            <3>critical medium error, dev sdl, sector {9_119_409_152 + number * 8} op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2
        """)  # fmt: skip
    f.kernel(bad, 23, """
        <6>sd 0:0:11:0: device_block, handle(0x0014)
        <6>sd 0:0:11:0: [sdl] Synchronizing SCSI cache
        <6>sd 0:0:11:0: [sdl] Synchronize Cache(10) failed: Result: hostbyte=DID_NO_CONNECT driverbyte=DRIVER_OK
        <6>mpt3sas_cm0: removing handle(0x0014), sas_addr(0x5000cca2c4a1b3e9)
    """)  # fmt: skip
    f.log(
        bad,
        23.1,
        "ceph-osd",
        "2026-09-14T06:23:06.114+0000 7f3a1c7d5700 -1 bdev(0x5601a8f0 /var/lib/ceph/osd/ceph-11/block) aio_submit_retries 5 (5) Input/output error",
        unit="ceph-osd@11.service",
        priority=3,
    )
    f.systemd(
        bad,
        23.3,
        "<5>ceph-osd@11.service: Main process exited, code=killed, status=6/ABRT\n<4>ceph-osd@11.service: Failed with result 'signal'.",
    )
    f.state(bad, "ceph-osd@11.service", lambda m: ("failed", "failed") if m >= 24 else None)
    f.log(
        "ceph-1",
        23.8,
        "ceph-mon",
        "2026-09-14T06:23:48.201+0000 7fb1 0 log_channel(cluster) log [WRN] : Health check failed: 1 osds down (OSD_DOWN)",
        unit="ceph-mon@ceph-1.service",
        priority=4,
    )
    f.expect(bad, WARNING, "disk", ["sdl", "/dev/sdl"], "disk.failed", evidence=["critical medium error, dev sdl"],
             not_cause=["software.failed", "software.crash_loop", "filesystem.corruption", "raid.degraded"], actions=["ticket.create", "disk.replace"],
             never=["service.restart", "filesystem.repair", "host.reboot", *KEEP],
             why="The OSD died because its disk did; the cluster keeps all data and heals: degraded.")  # fmt: skip
    return f


def mirror_starts_with_one_leg() -> Fleet:
    f = Fleet("mirror-starts-with-one-leg", "After a reboot the mirror of the system comes up with one of two legs, and no disk complains",
              hosts("md-1 md-2", vendor="Fujitsu", model="PRIMERGY TX1330 M4", sensors=FUJITSU, rack="s6", switch="tor-s6"), minutes=70)  # fmt: skip
    bad = "md-2"
    f.log(bad, 15, "systemd-logind", "System is rebooting.", unit="systemd-logind.service", priority=5)
    f.down(bad, 15.2, 19)
    f.kernel(bad, 19, """
        <5>Linux version 6.1.0-23-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0) #1 SMP PREEMPT_DYNAMIC Debian 6.1.99-1
        <6>md/raid1:md1: active with 1 out of 2 mirrors
        <6>md1: detected capacity change from 0 to 937433088
        <6>EXT4-fs (md1): mounted filesystem with ordered data mode. Quota mode: none.
    """)  # fmt: skip
    f.log(
        bad, 19.5, "mdadm", "DegradedArray event detected on md device /dev/md1", unit="mdmonitor.service", priority=2
    )
    f.log(bad, 19.6, "mdadm", "NewArray event detected on md device /dev/md1", unit="mdmonitor.service", priority=5)
    f.expect(bad, WARNING, "raid", ["md1", "/dev/md1"], "raid.degraded", evidence=["DegradedArray event"], not_cause=["disk.failed", "filesystem.corruption", "kernel.panic"],
             actions=["ticket.create"], never=["filesystem.repair", "service.restart", *KEEP])  # fmt: skip
    return f


def sectors_pending() -> Fleet:
    f = Fleet("sectors-pending", "smartd counts pending and uncorrectable sectors on one disk; nothing else has noticed",
              hosts("bk-1 bk-2", vendor="HPE", model="Apollo 4510 Gen10", sensors=HPE, rack="s7", switch="tor-s7", role="backup"), minutes=130)  # fmt: skip
    bad = "bk-2"
    for minute, count in ((14, 8), (44, 16), (74, 40), (104, 88)):
        f.log(
            bad,
            minute,
            "smartd",
            f"Device: /dev/sdq [SAT], {count} Currently unreadable (pending) sectors"
            + (f" (changed +{count // 2})" if minute > 14 else ""),
            unit="smartd.service",
            priority=2,
        )
    for minute in (74, 104):
        f.log(
            bad,
            minute + 0.01,
            "smartd",
            "Device: /dev/sdq [SAT], 8 Offline uncorrectable sectors",
            unit="smartd.service",
            priority=2,
        )
    f.log(
        "bk-1",
        44,
        "smartd",
        "Device: /dev/sdc [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from 112 to 111",
        unit="smartd.service",
    )
    f.expect(bad, WARNING, "disk", ["sdq", "/dev/sdq"], "disk.pending_sectors", evidence=["Currently unreadable (pending) sectors"],
             not_cause=["raid.degraded", "filesystem.corruption"], actions=["ticket.create", "disk.replace"], never=["host.reboot", "service.restart", *KEEP])  # fmt: skip
    return f


def xfs_metadata_corrupted() -> Fleet:
    f = Fleet("xfs-metadata-corrupted", "XFS finds its metadata corrupted and shuts down, on a disk that answers well",
              hosts("el-1 el-2", vendor="Supermicro", model="SYS-1029U", sensors=SUPERMICRO, rack="s8", switch="tor-s8", role="fileserver"))  # fmt: skip
    bad = "el-1"
    f.kernel(bad, 31, """
        <1>XFS (dm-4): Metadata CRC error detected at xfs_agfl_read_verify+0x9d/0xf0 [xfs], xfs_agfl block 0x77c0003
        <1>XFS (dm-4): Unmount and run xfs_repair
        <1>XFS (dm-4): First 128 bytes of corrupted metadata buffer:
        <1>XFS (dm-4): metadata I/O error in "xfs_alloc_read_agfl+0x6e/0xb0 [xfs]" at daddr 0x77c0003 len 1 error 74
        <1>XFS (dm-4): xfs_do_force_shutdown(0x8) called from line 446 of file fs/xfs/libxfs/xfs_defer.c. Return address = 0000000041cbd5e2
        <1>XFS (dm-4): Corruption of in-memory data detected.  Shutting down filesystem
        <1>XFS (dm-4): Please unmount the filesystem and rectify the problem(s)
    """)  # fmt: skip
    f.log(
        bad,
        31.3,
        "smbd",
        "[2026/09/14 06:31:20.118203,  0] ../../source3/smbd/server.c:1742(main_server_id) open_sockets_smbd: Input/output error",
        unit="smb.service",
        priority=3,
    )
    f.systemd(
        bad,
        31.5,
        "<5>smb.service: Main process exited, code=exited, status=1/FAILURE\n<4>smb.service: Failed with result 'exit-code'.",
    )
    f.expect(bad, CRITICAL, "filesystem", ["dm-4", "/dev/dm-4"], "filesystem.corruption", evidence=["Metadata CRC error"],
             not_cause=["filesystem.readonly", "software.failed", "disk.failed"], actions=["ticket.create", "filesystem.repair", "host.drain"],
             never=["disk.replace", "service.restart", *KEEP])  # fmt: skip
    return f


def ext4_inode_damage() -> Fleet:
    f = Fleet("ext4-inode-damage", "ext4 meets damaged inodes again and again; the disk below reports nothing",
              hosts("ub-1 ub-2", vendor="Quanta", model="T42S-2U", sensors=OPENBMC, rack="s9", switch="tor-s9", role="mail"))  # fmt: skip
    bad = "ub-1"
    for number, (function, tail) in enumerate((
        ("ext4_lookup:1855", "inode #1835022: comm dovecot: iget: checksum invalid"),
        ("ext4_mb_generate_buddy:1219", "group 214, block bitmap and bg descriptor inconsistent: 24118 vs 24120 free clusters"),
        ("ext4_validate_inode_bitmap:105", "comm lmtp: Corrupt inode bitmap - block_group = 224, inode_bitmap = 7340048"),
        ("htree_dirblock_to_tree:1080", "inode #1835009: comm dovecot: Directory block failed checksum"),
    )):  # fmt: skip
        f.kernel(bad, 18 + number * 6, f"<2>EXT4-fs error (device sdb1): {function}: {tail}")
    f.kernel(
        bad,
        42,
        "<5>EXT4-fs (sdb1): error count since last fsck: 4\n<5>EXT4-fs (sdb1): initial error at time 1789366680: ext4_lookup:1855: inode 1835022",
    )
    f.expect(bad, WARNING, "filesystem", ["sdb1", "/dev/sdb1"], "filesystem.corruption", evidence=["EXT4-fs error (device sdb1)"],
             not_cause=["disk.failed", "filesystem.readonly"], actions=["ticket.create", "filesystem.repair", "host.drain"], never=["disk.replace", "service.restart", *KEEP])  # fmt: skip
    return f


def docker_fills_its_volume() -> Fleet:
    f = Fleet("docker-fills-its-volume", "Images fill the volume of the container runtime; nothing can be written any more",
              hosts("k8s-1 k8s-2 k8s-3", vendor="HPE", model="ProLiant DL360 Gen10", sensors=HPE, rack="s10", switch="tor-s10", role="kubernetes",
                    units=("sshd.service", "containerd.service", "kubelet.service")), minutes=70)  # fmt: skip
    bad = "k8s-3"
    f.metric(bad, "filesystem_size_bytes", lambda m: 214e9, mountpoint="/var/lib/containerd")
    f.metric(bad, "filesystem_avail_bytes", lambda m: max(0.0, 42e9 - m * 1.1e9), mountpoint="/var/lib/containerd")
    f.log(
        bad,
        39,
        "containerd",
        'time="2026-09-14T06:39:00.410Z" level=error msg="PullImage \\"registry.example/train:24.05\\" failed" error="failed to pull and unpack image: failed to copy: write /var/lib/containerd/io.containerd.content.v1.content/ingest/5f2/data: no space left on device"',
        unit="containerd.service",
        priority=6,
    )
    for minute in range(40, 66, 4):
        f.log(
            bad,
            minute,
            "kubelet",
            f'E0914 06:{minute}:02.411875    2114 remote_runtime.go:176] "RunPodSandbox from runtime service failed" err="rpc error: code = Unknown desc = failed to create containerd task: failed to create shim task: mkdir /var/lib/containerd/io.containerd.runtime.v2.task/k8s.io/ab{minute}: no space left on device"',
            unit="kubelet.service",
        )
    f.log(
        bad,
        44,
        "kubelet",
        'W0914 06:44:10.002113    2114 eviction_manager.go:344] "Eviction manager: attempting to reclaim" resourceName="ephemeral-storage"',
        unit="kubelet.service",
    )
    f.expect(bad, CRITICAL, "filesystem", ["/var/lib/containerd"], "filesystem.full", evidence=["no space left on device"],
             not_cause=["software.failed", "disk.failed", "memory_pressure.oom", "software.crash_loop"], actions=["ticket.create", "filesystem.cleanup"],
             never=["disk.replace", "filesystem.repair", "host.reboot", *KEEP])  # fmt: skip
    return f


def root_remounted_read_only() -> Fleet:
    f = Fleet("root-remounted-read-only", "The root file system was remounted read-only; nothing tells of a failing disk",
              hosts("vm-a vm-b", vendor="Dell", model="PowerEdge R340", sensors=DELL, rack="s11", switch="tor-s11", role="web"))  # fmt: skip
    bad = "vm-b"
    f.kernel(bad, 23, """
        <2>EXT4-fs error (device dm-0): ext4_journal_check_start:84: comm rs:main Q:Reg: Detected aborted journal
        <2>EXT4-fs (dm-0): Remounting filesystem read-only
    """)  # fmt: skip
    for minute in (24, 29, 34):
        f.log(
            bad,
            minute,
            "postfix/postdrop",
            "warning: mail_queue_enter: create file maildrop/718231.2114: Read-only file system",
            unit="postfix.service",
            priority=4,
        )
        f.log(
            bad,
            minute + 1,
            "nginx",
            '2026/09/14 06:25:00 [crit] 912#912: *1022 open() "/var/lib/nginx/body/0000001" failed (30: Read-only file system)',
            unit="nginx.service",
            priority=3,
        )
    f.expect(bad, CRITICAL, "filesystem", ["dm-0", "/dev/dm-0", "/"], ["filesystem.readonly"], evidence=["Remounting filesystem read-only"],
             not_cause=["software.failed", "disk.failed", "filesystem.full"], actions=["ticket.create", "filesystem.repair", "host.drain"],
             never=["disk.replace", "service.restart", "filesystem.cleanup", *KEEP])  # fmt: skip
    return f


ALL = (
    flash_returns_bad_blocks,
    flash_worn_out,
    flash_drops_off,
    controller_fails_a_disk,
    osd_loses_its_disk,
    mirror_starts_with_one_leg,
    sectors_pending,
    xfs_metadata_corrupted,
    ext4_inode_damage,
    docker_fills_its_volume,
    root_remounted_read_only,
)
