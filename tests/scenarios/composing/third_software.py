"""A third batch, written blind: storage pools, services, drivers and daemons that the first two did not have, and pairs of faults."""

from tests.scenarios.composing.fleet import (
    CRITICAL,
    DELL,
    HPE,
    LENOVO,
    SUPERMICRO,
    WARNING,
    Fleet,
    Host,
    hosts,
)
from tests.scenarios.composing.third_hardware import BOX, H3C, MITAC, NEVER


def switch_under_odd_adapters() -> Fleet:
    f = Fleet("switch-under-odd-adapters", "A switch restarts under five makes of adapters; an NFS server behind it is what everybody misses",
              [Host("s9-a", "Dell", "PowerEdge R7615", sensors=DELL, rack="s9", switch="sw-s9"), Host("s9-b", "HPE", "ProLiant DL325 Gen10", sensors=HPE, rack="s9", switch="sw-s9"),
               Host("s9-c", "Supermicro", "AS-1114S", sensors=SUPERMICRO, rack="s9", switch="sw-s9"), Host("s9-d", "Lenovo", "SR635", sensors=LENOVO, rack="s9", switch="sw-s9"),
               Host("s9-nfs", "H3C", "UniServer R4900", sensors=H3C, rack="s9", switch="sw-s9", role="storage"), Host("s8-a", "H3C", "UniServer R4900", sensors=H3C, rack="s8", switch="sw-s8")], minutes=50)  # fmt: skip
    down = {"s9-a": "<6>sfc 0000:41:00.0 ens3f0np0: link down", "s9-b": "<5>[qede_link_update:2447(ens2f0)]Link is down", "s9-c": "<6>nfp 0000:82:00.0 ens5np0: NIC Link is Down",
            "s9-d": "<6>cxgb4 0000:04:00.4 enp4s0f4: link down", "s9-nfs": "<6>be2net 0000:03:00.0 ens1f0: Link is down"}  # fmt: skip
    back = {"s9-a": "<6>sfc 0000:41:00.0 ens3f0np0: link up at 10000Mbps full-duplex (MTU 9000)", "s9-b": "<5>[qede_link_update:2441(ens2f0)]Link is up", "s9-c": "<6>nfp 0000:82:00.0 ens5np0: NIC Link is Up",
            "s9-d": "<6>cxgb4 0000:04:00.4 enp4s0f4: link up, 40Gbps, full-duplex, Tx/Rx PAUSE", "s9-nfs": "<6>be2net 0000:03:00.0 ens1f0: Link is Up"}  # fmt: skip
    for number, name in enumerate(down):
        f.log(name, 18 + number * 0.004, "kernel", down[name], late=240)
        f.log(name, 22.6 + number * 0.01, "kernel", back[name])
    for name in ("s9-a", "s9-b", "s9-c", "s9-d", "s8-a"):
        f.kernel(name, 20.2, "<4>nfs: server s9-nfs not responding, still trying")
        f.kernel(name, 23.1, "<4>nfs: server s9-nfs OK")
    f.kernel(
        "s8-a",
        22.4,
        "<3>INFO: task rsync:9911 blocked for more than 120 seconds.\n<4>      Not tainted 5.14.0-427.13.1.el9_4.x86_64 #1",
    )
    f.expect("s9-a s9-b s9-c s9-d s9-nfs", CRITICAL, "switch", ["sw-s9"], "switch.failed", evidence=["link down"], not_cause=["nic.link_flap", "kernel.hung_task", "network.unreachable"],
             actions=["ticket.create"], never=["nic.replace", "cable.replace", "host.reboot", "service.restart", *NEVER])  # fmt: skip
    return f


def object_server_machine_check() -> Fleet:
    f = Fleet("object-server-machine-check", "A Lustre object server resets on a machine check without a word; its clients are the loud ones",
              [*hosts("oss-1 oss-2 mds-1", vendor="MiTAC", model="Capri2", sensors=MITAC, rack="l1", switch="sw-l1", role="storage"),
               *hosts("lc-1 lc-2 lc-3", vendor="Lenovo", model="ThinkSystem SD530", sensors=LENOVO, rack="l2", switch="sw-l2")], minutes=70)  # fmt: skip
    f.down("oss-2", 21, 29)
    f.sel("oss-2", """
        -30d | OS Boot OS_Boot | C: boot completed | Asserted
        21.0 | Processor CPU1_Status | IERR | Asserted
        21.1 | Processor CPU1_Status | Uncorrectable machine check exception | Asserted
        21.3 | System Event SysEvent | System reset | Asserted
        28.6 | OS Boot OS_Boot | C: boot completed | Asserted
    """, clock=-65)  # fmt: skip
    f.kernel("oss-2", 29, """
        <5>Linux version 4.18.0-513.9.1.el8_lustre.x86_64 (jenkins@onyx-15-el8) (gcc version 8.5.0 20210514) #1 SMP
        <6>BERT: Error records from previous boot:
        <6>[Hardware Error]: event severity: fatal
        <6>[Hardware Error]:  Error 0, type: fatal
        <6>[Hardware Error]:   section_type: general processor error
        <6>[Hardware Error]:   processor_type: 0, IA32/X64
        <6>[Hardware Error]:   error_type: 0x01
        <6>[Hardware Error]:   cache error
        <6>LDISKFS-fs (dm-3): recovery complete
        <4>Lustre: scr-OST0007: in recovery but waiting for the first client to connect
    """)  # fmt: skip
    for name in ("lc-1", "lc-2", "lc-3", "mds-1"):
        device = "scr-OST0007-osc-MDT0000" if name == "mds-1" else "scr-OST0007-osc-ffff9d6153c91000"
        f.kernel(name, 21.7, f"""
            <4>Lustre: 4108:0:(client.c:2310:ptlrpc_expire_one_request()) @@@ Request sent has timed out for slow reply: [sent 1789453290/real 1789453290]  req@000000005ab3b574 x1820705849269056/t0(0) o4->{device}@10.9.0.22@o2ib:6/4 lens 488/448 e 2 to 1 dl 1789453302
            <4>Lustre: {device}: Connection to scr-OST0007 (at 10.9.0.22@o2ib) was lost; in progress operations using this service will wait for recovery to complete
            <3>LustreError: 166-1: MGC10.9.0.20@o2ib: Connection to MGS (at 10.9.0.22@o2ib) was lost; in progress operations using this service will fail
        """)  # fmt: skip
        f.kernel(name, 30.2, f"<4>Lustre: {device}: Connection restored to 10.9.0.22@o2ib (at 10.9.0.22@o2ib)")
    for name in ("lc-1", "lc-3"):
        f.kernel(name, 24.5, "<3>INFO: task gmx_mpi:55012 blocked for more than 120 seconds.\n<4>      Tainted: G           OE    --------- -  - 4.18.0-513.9.1.el8_9.x86_64 #1\n<6>Call Trace:\n<6> osc_extent_wait+0x3a1/0x5c0 [osc]")  # fmt: skip
    f.expect("oss-2", CRITICAL, "cpu", ["CPU1_Status", "CPU1", "CPU 1"], ["cpu.mce", "cpu.ierr"], evidence=["CPU1_Status"], not_cause=["kernel.hung_task", "network.unreachable", "kernel.panic", "filesystem.corruption"],
             actions=["ticket.create", "cpu.replace", "host.drain"], never=["service.restart", "filesystem.repair", *NEVER])  # fmt: skip
    return f


def thin_pool_runs_full() -> Fleet:
    f = Fleet("thin-pool-runs-full", "An LVM thin pool of a Proxmox host is full: containers and machines on it get I/O errors, no disk has any",
              hosts("vh-1 vh-2", vendor="Dell", model="PowerEdge T440", sensors=DELL, rack="office", switch="sw-office", pdu=("ups-office",), role="hypervisor", units=("ssh.service", "pvestatd.service", "lvm2-monitor.service")), minutes=60)  # fmt: skip
    bad = "vh-2"
    for minute, share in ((5, "80.02"), (13, "90.11"), (20, "95.06"), (24, "100.00")):
        f.log(
            bad,
            minute,
            "dmeventd",
            f"WARNING: Thin pool pve-data-tpool data is now {share}% full.",
            unit="dm-event.service",
            priority=4,
        )
    f.kernel(bad, 24, """
        <4>device-mapper: thin: 253:4: reached low water mark for data device: sending event.
        <4>device-mapper: thin: 253:4: switching pool to out-of-data-space (queue IO) mode
    """)  # fmt: skip
    f.kernel(bad, 25.1, """
        <4>device-mapper: thin: 253:4: switching pool to out-of-data-space (error IO) mode
        <3>blk_update_request: critical space allocation error, dev dm-9, sector 20971520 op 0x1:(WRITE) flags 0x4800 phys_seg 32 prio class 0
        <3>Buffer I/O error on device dm-9, logical block 2621440
        <4>EXT4-fs warning (device dm-9): ext4_end_bio:343: I/O error 3 writing to inode 393241 starting block 2621696)
        <3>JBD2: Detected IO errors while flushing file data on dm-9-8
        <2>EXT4-fs error (device dm-9): ext4_journal_check_start:83: comm mariadbd: Detected aborted journal
        <2>EXT4-fs (dm-9): Remounting filesystem read-only
    """)  # fmt: skip
    for minute in range(26, 50, 4):
        f.log(bad, minute, "pvestatd", "VM 104 qmp command failed - VM 104 qmp command 'query-proxmox-support' failed - got timeout", unit="pvestatd.service", priority=3)  # fmt: skip
    f.expect(bad, CRITICAL, "filesystem", ["pve-data-tpool", "pve-data", "pve/data", "253:4", "dm-4", "dm-9"], "filesystem.full", evidence=["out-of-data-space"],
             not_cause=["disk.failed", "filesystem.corruption", "filesystem.readonly", "software.failed"], actions=["ticket.create", "filesystem.cleanup"], never=["disk.replace", "filesystem.repair", "host.reboot", *NEVER],
             why="The pool is full; write errors, aborted journal and read-only remount above it follow.")  # fmt: skip
    return f


def inodes_and_a_slow_controller() -> Fleet:
    f = Fleet("inodes-and-a-slow-controller", "Two faults at once: a node of k3s has no inodes left, a Ceph host's NVMe controller times out and is reset",
              [*hosts("k3-1 k3-2", vendor="H3C", model="UniServer R4700 G3", sensors=H3C, rack="m1", switch="sw-m1", units=("ssh.service", "k3s.service")),
               *hosts("osd-1 osd-2", vendor="Supermicro", model="SSG-121E-NES24R", sensors=SUPERMICRO, rack="m2", switch="sw-m2", pdu=("pdu-m2",), role="storage", units=("ssh.service", "ceph-osd@7.service"))], minutes=70)  # fmt: skip
    for minute in range(20, 60, 4):
        f.log("k3-2", minute, "k3s", f"""
            W0914 06:{minute}:10.001212    1411 eviction_manager.go:366] "Eviction manager: attempting to reclaim" resourceName="inodes"
            E0914 06:{minute}:12.410021    1411 remote_runtime.go:193] "RunPodSandbox from runtime service failed" err="rpc error: code = Unknown desc = failed to create containerd task: mkdir /var/lib/rancher/k3s/agent/containerd/io.containerd.runtime.v2.task/k8s.io/{minute:04x}: no space left on device"
            I0914 06:{minute}:13.110021    1411 event.go:307] "Event occurred" object="default/web-7d4f-{minute}" kind="Pod" reason="Evicted" message="The node was low on resource: inodes. Threshold quantity: 655k, available: 0. "
        """, unit="k3s.service", priority=6)  # fmt: skip
    f.metric("k3-2", "filesystem_files_free", lambda m: max(0.0, 4e5 - m * 2e4), mountpoint="/var")
    f.metric("k3-2", "filesystem_files_free", lambda _: 9e6, mountpoint="/")
    for minute in (27, 48):
        f.kernel("osd-2", minute, """
            <4>nvme nvme3: I/O tag 211 (00d3) opcode 0x1 (I/O Cmd) QID 14 timeout, aborting req_op:WRITE(1) size:131072
            <4>nvme nvme3: I/O tag 212 (00d4) opcode 0x1 (I/O Cmd) QID 14 timeout, aborting req_op:WRITE(1) size:131072
            <4>nvme nvme3: I/O tag 211 (00d3) opcode 0x1 (I/O Cmd) QID 14 timeout, reset controller
            <4>nvme nvme3: Abort status: 0x371
            <6>nvme nvme3: 16/0/0 default/read/poll queues
        """, gap=9)  # fmt: skip
        f.log("osd-2", minute + 0.9, "ceph-osd", "bluestore(/var/lib/ceph/osd/ceph-7) log_latency slow operation observed for kv_commit, latency = 41.880112076s\nlog_channel(cluster) log [WRN] : 12 slow requests (by type [ 'delayed' : 12 ] most affected pool [ 'rbd' : 12 ])", unit="ceph-osd@7.service", priority=4)  # fmt: skip
    f.expect("k3-2", CRITICAL, "filesystem", ["/var", "/", "/var/lib/rancher", "/var/lib/rancher/k3s/agent/containerd", "/var/lib/rancher/k3s"], "filesystem.full", evidence=["no space left on device"],
             not_cause=["software.failed", "software.crash_loop", "memory_pressure.oom"], actions=["ticket.create", "filesystem.cleanup"], never=["disk.replace", "host.reboot", *NEVER])  # fmt: skip
    f.expect("osd-2", WARNING, "nvme", ["nvme3"], "nvme.controller_reset", evidence=["nvme3"], not_cause=["software.failed", "disk.failed", "nvme.media_error"],
             actions=["ticket.create", "nvme.replace"], never=["service.restart", "disk.format", *NEVER])  # fmt: skip
    return f


def pressure_daemon_and_a_tired_supply() -> Fleet:
    f = Fleet("pressure-daemon-and-a-tired-supply", "Two faults at once: systemd-oomd kills a build runner for memory pressure, elsewhere a supply predicts its failure and fails",
              [*hosts("ci-1 ci-2", vendor="Lenovo", model="ThinkSystem SR250 V2", sensors=LENOVO, rack="n1", switch="sw-n1", units=("sshd.service", "gitlab-runner.service")),
               *hosts("ty-1 ty-2", vendor="Tyan", model="B8252T75", sensors=MITAC, rack="n1", switch="sw-n1")], minutes=70)  # fmt: skip
    for minute in (18, 36, 52):
        f.log("ci-2", minute, "systemd-oomd", "Killed /system.slice/gitlab-runner.service due to memory pressure for /system.slice being 71.22% > 60.00% for > 30s with reclaim activity", unit="systemd-oomd.service", priority=5)  # fmt: skip
        f.systemd("ci-2", minute + 0.02, "<5>gitlab-runner.service: systemd-oomd killed 214 process(es) in this unit.\n<5>gitlab-runner.service: Main process exited, code=killed, status=9/KILL\n<4>gitlab-runner.service: Failed with result 'oom-kill'.\n<6>gitlab-runner.service: Scheduled restart job, restart counter is at 1.\n<6>Started GitLab Runner.")  # fmt: skip
    f.gauge("ci-2", "memory_available_bytes", lambda m: 1.2e9 + 2e9 * ((52 - m) % 17) if 4 <= m <= 52 else None)
    f.sel("ty-1", """
        -200d | Power Supply PSU1_STAT | Presence detected | Asserted
        31 | Power Supply PSU1_STAT | Predictive failure | Asserted
        44 | Power Supply PSU1_STAT | Failure detected | Asserted
        44.1 | Power Unit PWR_UNIT_REDUN | Redundancy Lost | Asserted
    """, clock=600)  # fmt: skip
    f.reading("ty-1", "PSU1_VIN", lambda m: (None, "ns") if m >= 44 else None)
    f.expect("ci-2", WARNING, "memory_pressure", ["gitlab-runner.service", "gitlab-runner", "/system.slice/gitlab-runner.service"], "memory_pressure.oom", evidence=["due to memory pressure"],
             not_cause=["software.crash_loop", "software.failed", "dimm.uncorrectable"], actions=["ticket.create"], never=["host.reboot", "dimm.replace", *NEVER])  # fmt: skip
    f.expect("ty-1", WARNING, "psu", ["PSU1_STAT", "PSU1", "PSU 1"], "psu.failed", evidence=["PSU1_STAT"], not_cause=["psu.redundancy_lost", "psu.input_lost", "pdu.failed"],
             actions=["ticket.create", "psu.replace"], never=["host.reboot", *NEVER])  # fmt: skip
    return f


def library_newer_than_module() -> Fleet:
    f = Fleet("library-newer-than-module", "An unattended upgrade replaces the NVIDIA libraries under a loaded module: nothing on that node can open a GPU any more",
              hosts("gn-1 gn-2 gn-3", vendor="H3C", model="UniServer R5500 G5", sensors=H3C, rack="n4", switch="sw-n4", gpus=8, role="training", units=("ssh.service", "slurmd.service", "nvidia-dcgm.service")), minutes=60)  # fmt: skip
    bad = "gn-2"
    f.log(
        bad,
        17,
        "unattended-upgrade",
        "Packages that will be upgraded: libnvidia-compute-550-server nvidia-utils-550-server",
        unit="apt-daily-upgrade.service",
    )
    f.log(bad, 17.6, "dpkg", "status installed libnvidia-compute-550-server:amd64 550.163.01-0ubuntu0.22.04.1\nstatus installed nvidia-utils-550-server:amd64 550.163.01-0ubuntu0.22.04.1")  # fmt: skip
    for minute in range(18, 56, 3):
        f.kernel(bad, minute, """
            <3>NVRM: API mismatch: the client has the version 550.163.01, but
            <3>NVRM: this kernel module has the version 550.144.03.  Please
            <3>NVRM: make sure that this kernel module and all NVIDIA driver
            <3>NVRM: components have the same version.
        """, gap=0.001)  # fmt: skip
        f.log(
            bad,
            minute + 0.1,
            "slurm-prolog",
            "nvidia-smi failed: Failed to initialize NVML: Driver/library version mismatch",
            priority=3,
        )
    f.systemd(
        bad,
        19,
        "<5>nvidia-dcgm.service: Main process exited, code=exited, status=1/FAILURE\n<4>nvidia-dcgm.service: Failed with result 'exit-code'.",
    )
    f.state(bad, "nvidia-dcgm.service", lambda m: ("failed", "failed") if m >= 19 else None)
    f.expect(bad, CRITICAL, ["software", "gpu"], ["nvidia", "NVRM", "nvidia-dcgm.service", "libnvidia-compute-550-server", "nvidia-utils-550-server", "nvidia-driver", "550.163.01"], "software.regression", evidence=["API mismatch"],
             not_cause=["gpu.fallen_off_bus", "software.failed", "software.crash_loop", "gpu.application_error"], actions=["ticket.create", "software.rollback", "host.reboot", "host.drain"], never=["gpu.replace", *NEVER])  # fmt: skip
    return f


def guesses_at_a_hypervisor() -> Fleet:
    f = Fleet("guesses-at-a-hypervisor", "One address guesses root's password at the web interface of a hypervisor that faces the internet",
              hosts("px-1 px-2", vendor="ASRock Rack", model="X570D4U", sensors=BOX, rack="n5", switch="sw-n5", role="hypervisor", units=("ssh.service", "pvedaemon.service", "pveproxy.service")))  # fmt: skip
    bad = "px-2"
    for number in range(160):
        user = ("root@pam", "admin@pve", "root@pve")[number % 3]
        f.log(bad, 12 + number * 0.2, "pvedaemon", f"authentication failure; rhost=::ffff:203.0.113.77 user={user} msg=Authentication failure", unit="pvedaemon.service", priority=5)  # fmt: skip
    f.log("px-1", 22, "pvedaemon", "authentication failure; rhost=::ffff:192.0.2.9 user=anna@pam msg=Authentication failure\n<root@pam> successful auth for user 'anna@pam'", unit="pvedaemon.service", priority=5)  # fmt: skip
    f.expect(bad, WARNING, "security", ["203.0.113.77", "::ffff:203.0.113.77", "pvedaemon", "pvedaemon.service"], "security.bruteforce", evidence=["203.0.113.77"], not_cause=["software.failed"],
             actions=["ticket.create", "network.block_ip"], never=["service.restart", "host.drain", "host.reboot", *NEVER])  # fmt: skip
    return f


def monitor_of_a_cluster_drifts() -> Fleet:
    f = Fleet("monitor-of-a-cluster-drifts", "The clock of one Ceph monitor drifts away; the leader is the one that complains",
              [Host("mon-a", "Supermicro", "SYS-1029U", sensors=SUPERMICRO, rack="p1", switch="sw-p1"), Host("mon-b", "Lenovo", "SR630", sensors=LENOVO, rack="p2", switch="sw-p2", pdu=("pdu-p2",)),
               Host("mon-c", "HPE", "ProLiant DL360 Gen10", sensors=HPE, rack="p3", switch="sw-p3", pdu=("pdu-p3",))], minutes=90)  # fmt: skip
    for number, minute in enumerate(range(22, 86, 8)):
        f.log("mon-a", minute, "ceph-mon", f"log_channel(cluster) log [WRN] : mon.mon-c (rank 2) addr v2:10.4.0.13:3300/0 clock skew {0.31 + number * 0.22:.5f}s > max 0.05s (latency 0.00071s)", unit="ceph-mon@mon-a.service", priority=4)  # fmt: skip
        if number == 1:
            f.log("mon-a", minute + 0.2, "ceph-mon", "log_channel(cluster) log [WRN] : Health check failed: clock skew detected on mon.mon-c (MON_CLOCK_SKEW)", unit="ceph-mon@mon-a.service", priority=4)  # fmt: skip
    f.log("mon-c", 80, "ceph-mon", "mon.mon-c@2(peon).paxos(paxos updating c 882..1499) lease_expire from mon.0 v2:10.4.0.11:3300/0 is 1.42 seconds in the past; mons are probably laggy (or possibly clocks are too skewed)", unit="ceph-mon@mon-c.service", priority=4)  # fmt: skip
    f.expect("mon-c", WARNING, "time", ["clock", "system clock", "chronyd", "chronyd.service", "mon-c", "mon.mon-c"], "time.skew", evidence=["mon-c"], not_cause=["cmos_battery.low", "software.failed", "network.unreachable"],
             actions=["ticket.create", "service.restart"], never=["host.reboot", "motherboard.replace", *NEVER],
             why="The leader's log names the monitor whose clock is off: that host, not the one that says so.")  # fmt: skip
    return f


ALL = (
    switch_under_odd_adapters,
    object_server_machine_check,
    thin_pool_runs_full,
    inodes_and_a_slow_controller,
    pressure_daemon_and_a_tired_supply,
    library_newer_than_module,
    guesses_at_a_hypervisor,
    monitor_of_a_cluster_drifts,
)
