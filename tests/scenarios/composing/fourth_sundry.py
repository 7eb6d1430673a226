"""A fourth batch, written blind and to be representative: the quieter faults, each alone on a fleet of its own."""

from tests.scenarios.composing.fleet import (
    ASUS,
    CRITICAL,
    DELL,
    GIGABYTE,
    INTEL,
    SUPERMICRO,
    WARNING,
    Fleet,
    Host,
    hosts,
)
from tests.scenarios.composing.fourth_noise import (
    DEBIAN,
    EL9,
    H13,
    HPE_GEN11,
    QUANTA,
    SLES,
    XCC,
    event_log_noise,
    ordered_reboot,
)

NEVER = ["host.reinstall", "host.power_cycle"]


def contained_errors_on_a30() -> Fleet:
    f = Fleet("contained-errors-on-a30", "An A30 returns double-bit errors that are contained to two processes and remapped; the card waits for its reset",
              hosts("vdi-1 vdi-2 vdi-3", vendor="HPE", model="ProLiant DL380a Gen11", sensors=HPE_GEN11, rack="s9", switch="leaf-s9", gpus=4, role="inference", units=("ssh.service", "docker.service", "nvidia-persistenced.service")), minutes=70)  # fmt: skip
    event_log_noise(f)
    for number, at in enumerate((19, 33)):
        f.kernel("vdi-2", at, f"""
            <4>NVRM: Xid (PCI:0000:e3:00): 48, pid='<unknown>', name=<unknown>, An uncorrectable double bit error (DBE) has been detected on GPU in the framebuffer at partition 3, subpartition 1.
            <4>NVRM: Xid (PCI:0000:e3:00): 63, pid='<unknown>', name=<unknown>, Row Remapper: New row (0x000000000{4 + number}a1f2c0) marked for remapping, reset gpu to activate.
            <4>NVRM: Xid (PCI:0000:e3:00): 94, pid={51221 + number}, name=tritonserver, Contained: CE User Channel (0x9). RST: No, D-RST: No
            <4>NVRM: Xid (PCI:0000:e3:00): 45, pid={51221 + number}, name=tritonserver, Ch 00000009
        """)  # fmt: skip
        f.log(
            "vdi-2",
            at + 0.1,
            "5ad11f2c8e01",
            "E0914 server.cc:241 failed to run inference: CUDA error: uncorrectable ECC error encountered",
            priority=3,
        )
    for at in (20, 34, 50):
        f.log(
            "vdi-2",
            at,
            "gpu-check",
            "GPU 00000000:E3:00.0: ECC errors volatile uncorrectable: 2, remapped rows pending: yes, failure: no",
            priority=4,
        )
    f.kernel("vdi-3", 40, "<4>NVRM: Xid (PCI:0000:63:00): 31, pid=7711, name=python3, Ch 00000008, intr 00000000. MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_0 faulted @ 0x7f1d_2a000000. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_READ")  # fmt: skip
    f.expect("vdi-2", CRITICAL, "gpu", ["GPU 0000:e3:00.0", "0000:e3:00.0", "0000:e3:00"], "gpu.ecc_uncorrectable", evidence=["double bit error (DBE)"],
             not_cause=["gpu.application_error", "gpu.page_fault", "software.failed", "gpu.row_remap_failure"], actions=["ticket.create", "gpu.reset", "host.drain"], never=NEVER)  # fmt: skip
    f.talk = DEBIAN
    return f


def accelerator_at_quarter_width() -> Fleet:
    f = Fleet("accelerator-at-quarter-width", "After a planned restart one accelerator trains at a quarter of its lanes; its jobs are slow, nothing else is wrong",
              hosts("lx-1 lx-2 lx-3", vendor="ASUSTeK", model="ESC8000A-E12", sensors=ASUS, rack="s11", switch="leaf-s11", gpus=8, role="training", units=("sshd.service", "slurmd.service")), minutes=90)  # fmt: skip
    event_log_noise(f, "lx-3")
    ordered_reboot(f, "lx-3", 12, "5.14.0-427.40.1.el9_4.x86_64")
    f.kernel("lx-3", 16.2, """
        <6>pci 0000:a1:00.0: [10de:2330] type 00 class 0x030200
        <6>pci 0000:a1:00.0: 126.024 Gb/s available PCIe bandwidth, limited by 32.0 GT/s PCIe x4 link at 0000:a0:01.1 (capable of 504.112 Gb/s with 32.0 GT/s PCIe x16 link)
        <6>nvidia 0000:a1:00.0: enabling device (0140 -> 0142)
    """)  # fmt: skip
    for at in (30, 50, 70):
        f.log("lx-3", at, "gpu-check", "GPU 00000000:A1:00.0: pcie link width current 4 max 16, gen 5", priority=4)
        f.log("lx-3", at + 1, "train.py", "rank 5 is a straggler: all-reduce 412 ms, median 118 ms", priority=6)
        f.log("lx-1", at, "gpu-check", "8 GPUs: pcie link width current 16 max 16, gen 5")
    f.expect("lx-3", WARNING, ["pcie", "gpu"], ["0000:a1:00.0", "GPU 0000:a1:00.0", "0000:a0:01.1", "0000:a1:00"], "pcie.link_degraded", evidence=["0000:a1:00.0"],
             not_cause=["pcie.aer_uncorrectable", "gpu.fallen_off_bus", "software.regression"], actions=["ticket.create", "host.drain"], never=NEVER)  # fmt: skip
    f.talk = EL9
    return f


def bmc_of_one_node_mute() -> Fleet:
    nodes = "al-1 al-2 al-3 al-4"
    f = Fleet("bmc-of-one-node-mute", "The BMC of one node stops answering, to the network and to its own host; the node works on",
              [*hosts(nodes, vendor="Gigabyte", model="R162-ZA1", sensors=GIGABYTE, rack="r21", switch="leaf-r21", units=("sshd.service", "crond.service", "slurmd.service")),
               Host("watch-1", "Supermicro", "SYS-110P-WTR", rack="r1", switch="leaf-r1", sensors=SUPERMICRO, role="monitoring", units=("sshd.service", "prometheus.service", "ipmi_exporter.service"))], minutes=90)  # fmt: skip
    event_log_noise(f)
    for sensor in GIGABYTE:
        f.reading("al-4", sensor, lambda minute: (None, "gone") if minute >= 36 else None)
    for minute in range(37, 90, 3):
        f.log("watch-1", minute, "ipmi_exporter", f'ts=2026-09-14T06:{minute % 60:02}:04.210Z caller=collector_ipmi.go:55 level=error msg="Failed to collect sensor data" target=al-4-bmc error="error running ipmimonitoring: exit status 1: ipmi_ctx_open_outofband_2_0: session timeout"', unit="ipmi_exporter.service", priority=6)  # fmt: skip
        if minute % 9 == 1:
            f.log("watch-1", minute + 0.2, "redfish-poll", "GET https://al-4-bmc/redfish/v1/Systems: context deadline exceeded (Client.Timeout exceeded while awaiting headers)", priority=3)  # fmt: skip
    f.log("watch-1", 52, "ipmi_exporter", 'ts=2026-09-14T06:52:04.210Z caller=collector_ipmi.go:55 level=error msg="Failed to collect sensor data" target=al-2-bmc error="error running ipmimonitoring: exit status 1: ipmi_ctx_open_outofband_2_0: session timeout"', unit="ipmi_exporter.service", priority=6)  # fmt: skip
    f.kernel("al-4", 41, "<4>ipmi_si IPI0001:00: KCS in invalid state 9\n<4>ipmi_si IPI0001:00: There appears to be no BMC at this location\n<3>IPMI message handler: BMC returned incorrect response, expected netfn 7 cmd 1, got netfn 7 cmd 35")  # fmt: skip
    f.log(
        "al-4",
        60,
        "slurmd",
        "slurmd: launch task StepId=4411.0 request from UID:2001 GID:2001 HOST:10.40.0.9 PORT:40001",
        unit="slurmd.service",
    )
    f.expect("al-4", WARNING, "bmc", ["al-4-bmc"], "bmc.unreachable", evidence=["al-4-bmc"], not_cause=["network.unreachable", "switch.failed", "software.failed", "psu.input_lost"],
             actions=["ticket.create", "bmc.reset"], never=["host.reboot", "host.drain", *NEVER])  # fmt: skip
    f.talk = EL9
    return f


def cover_of_a_database_host_open() -> Fleet:
    f = Fleet("cover-of-a-database-host-open", "The cover of a host is opened while it runs and nobody has announced it",
              hosts("ora-1 ora-2", vendor="Dell Inc.", model="PowerEdge R760", sensors=DELL, rack="v12", switch="leaf-v12", role="database", units=("sshd.service", "crond.service")), minutes=60)  # fmt: skip
    event_log_noise(f, "ora-2")
    f.sel("ora-2", """
        -120d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        9 | System Event #0x83 | Timestamp Clock Sync | Asserted
        26 | Physical Security Intrusion | General Chassis intrusion | Asserted
    """, clock=-2)  # fmt: skip
    f.expect("ora-2", WARNING, "chassis", ["Intrusion", "chassis", "Physical Security Intrusion", "cover"], "chassis.intrusion", evidence=["General Chassis intrusion"],
             not_cause=["security.bruteforce", "psu.failed"], never=["host.reboot", *NEVER])  # fmt: skip
    f.talk = EL9
    return f


def cell_of_a_board_empty() -> Fleet:
    f = Fleet("cell-of-a-board-empty", "The cell of a main board falls below its limits; nothing else happens yet",
              hosts("sn-1 sn-2 sn-3", vendor="Supermicro", model="SYS-620U-TNR", sensors=SUPERMICRO, rack="v14", switch="leaf-v14", units=("ssh.service", "cron.service")), minutes=120)  # fmt: skip
    event_log_noise(f, "sn-1")
    f.reading(
        "sn-1",
        "VBAT",
        lambda minute: (round(2.62 - minute * 0.002, 2), "ok" if minute < 30 else "nc" if minute < 80 else "cr"),
    )
    f.sel("sn-1", """
        = Pre-Init  |0000000015| Power Supply PS1 Status | Presence detected | Asserted
        31 | Battery VBAT | Low | Asserted
        31 | Voltage VBAT | Lower Non-critical going low  | Asserted | Reading 2.55 < Threshold 2.57 Volts
        81 | Voltage VBAT | Lower Critical going low  | Asserted | Reading 2.45 < Threshold 2.46 Volts
    """, clock=-1440)  # fmt: skip
    f.expect("sn-1", WARNING, "cmos_battery", ["VBAT", "battery"], "cmos_battery.low", evidence=["VBAT"], not_cause=["psu.voltage_unstable", "time.skew", "psu.failed"], never=["host.reboot", "psu.replace", "motherboard.replace", *NEVER],
             why="The BMC's clock is a day behind, as a board with an empty cell would have it after its last unplugging.")  # fmt: skip
    f.talk = DEBIAN
    return f


def queue_fills_its_volume() -> Fleet:
    f = Fleet("queue-fills-its-volume", "A message broker fills its volume: alarms, blocked publishers, then it dies and cannot start",
              hosts("rmq-1 rmq-2 rmq-3", vendor="Quanta", model="D52B-1U", sensors=QUANTA, rack="n9", switch="leaf-n9", role="queue", units=("sshd.service", "rabbitmq-server.service")), minutes=90)  # fmt: skip
    event_log_noise(f)
    volume = "/var/lib/rabbitmq"
    f.metric("rmq-2", "filesystem_avail_bytes", lambda minute: max(0, 61e9 - minute * 1.42e9), mountpoint=volume)
    for name in ("rmq-1", "rmq-3"):
        f.metric(name, "filesystem_avail_bytes", lambda minute: 240e9 - minute * 1e6, mountpoint=volume)
    f.log("rmq-2", 34, "rabbitmq-server", "[warning] <0.441.0> disk resource limit alarm set on node 'rabbit@rmq-2'.\n[warning] <0.441.0> *** Publishers will be blocked until this alarm clears ***", unit="rabbitmq-server.service", priority=4)  # fmt: skip
    for at in (43.2, 44, 45.5):
        f.log("rmq-2", at, "rabbitmq-server", f"[error] <0.88{int(at)}.0> ** Reason for termination ==\n[error] <0.88{int(at)}.0> ** {{badmatch,{{error,enospc}}}}\nmsg_store_persistent: write failed: no space left on device", unit="rabbitmq-server.service", priority=3)  # fmt: skip
    f.log("rmq-2", 43.5, "rsyslogd", "action 'action-3-builtin:omfile' suspended (module 'builtin:omfile'), retry 0: file '/var/lib/rabbitmq/audit.log': write error: No space left on device", unit="rsyslog.service", priority=3)  # fmt: skip
    f.systemd("rmq-2", 46, "<5>rabbitmq-server.service: Main process exited, code=exited, status=1/FAILURE\n<4>rabbitmq-server.service: Failed with result 'exit-code'.\n<3>Failed to start RabbitMQ broker.")  # fmt: skip
    f.state("rmq-2", "rabbitmq-server.service", lambda minute: ("failed", "failed") if minute >= 46 else None)
    f.log("rmq-1", 47, "rabbitmq-server", "[error] <0.501.0> Partial partition detected: node 'rabbit@rmq-2' is down\nrabbit on node 'rabbit@rmq-2' down", unit="rabbitmq-server.service", priority=3)  # fmt: skip
    f.expect("rmq-2", CRITICAL, "filesystem", [volume], "filesystem.full", evidence=["o space left on device"], not_cause=["software.failed", "software.crash_loop", "disk.failed", "network.unreachable"],
             actions=["ticket.create", "filesystem.cleanup"], never=["disk.replace", "filesystem.repair", *NEVER])  # fmt: skip
    f.talk = EL9
    return f


def metrics_server_trips_over_its_rules() -> Fleet:
    f = Fleet("metrics-server-trips-over-its-rules", "Prometheus does not like a rule file and is restarted until systemd gives up; nobody has installed anything",
              hosts("obs-1 obs-2", vendor="Intel", model="M50CYP1UR", sensors=INTEL, rack="n11", switch="leaf-n11", role="monitoring", units=("ssh.service", "prometheus.service", "grafana-server.service")), minutes=60)  # fmt: skip
    event_log_noise(f)
    f.log(
        "obs-1",
        18,
        "sudo",
        "  deploy : TTY=pts/0 ; PWD=/etc/prometheus ; USER=root ; COMMAND=/usr/bin/vim rules/capacity.yml",
        priority=5,
    )
    for number in range(6):
        at = 21 + number * 0.3
        f.log("obs-1", at, "prometheus", 'ts=2026-09-14T06:21:01.118Z caller=main.go:1009 level=error msg="Failed to apply configuration" err="error loading rules, previous rule set restored"\nts=2026-09-14T06:21:01.119Z caller=main.go:1250 level=error err="error loading config from \\"/etc/prometheus/prometheus.yml\\": one or more errors occurred while applying the new configuration"', unit="prometheus.service", priority=6)  # fmt: skip
        f.systemd("obs-1", at + 0.05, f"<5>prometheus.service: Main process exited, code=exited, status=1/FAILURE\n<4>prometheus.service: Failed with result 'exit-code'.\n<6>prometheus.service: Scheduled restart job, restart counter is at {number + 1}.")  # fmt: skip
    f.systemd("obs-1", 22.9, "<4>prometheus.service: Start request repeated too quickly.\n<4>prometheus.service: Failed with result 'exit-code'.\n<3>Failed to start prometheus.service - Monitoring system and time series database.")  # fmt: skip
    f.state("obs-1", "prometheus.service", lambda minute: ("failed", "failed") if minute >= 23 else None)
    f.log("obs-1", 25, "grafana-server", 'logger=tsdb.prometheus level=error msg="Failed to query" err="Post \\"http://localhost:9090/api/v1/query\\": dial tcp [::1]:9090: connect: connection refused"', unit="grafana-server.service", priority=3)  # fmt: skip
    f.expect("obs-1", CRITICAL, "software", ["prometheus.service", "prometheus"], ["software.crash_loop", "software.failed"], evidence=["prometheus.service"], not_cause=["network.unreachable", "filesystem.full", "software.regression"],
             actions=["ticket.create", "user.notify"], never=["host.reboot", *NEVER])  # fmt: skip
    f.talk = DEBIAN
    return f


def routes_of_a_host_withdrawn() -> Fleet:
    f = Fleet("routes-of-a-host-withdrawn", "A host loses both its BGP sessions with its links up; it reaches nobody, and nobody reaches it",
              hosts("bgp-1 bgp-2 bgp-3 bgp-4", vendor="Supermicro", model="AS-1115CS-TNR", sensors=H13, rack="p11", switch="leaf-p11", role="edge", units=("sshd.service", "frr.service", "nginx.service")), minutes=80)  # fmt: skip
    event_log_noise(f)
    bad = "bgp-3"
    f.log(bad, 28, "bgpd", "[M59KS-A3ZXZ] bgp_update_receive: rcvd End-of-RIB for IPv4 Unicast from swp51 in vrf default\n%ADJCHANGE: neighbor ens1f0(leaf-p11a) in vrf default Down BGP Notification send\n%NOTIFICATION: sent to neighbor ens1f0 4/0 (Hold Timer Expired) 0 bytes\n%ADJCHANGE: neighbor ens1f1(leaf-p11b) in vrf default Down BGP Notification send\n%NOTIFICATION: sent to neighbor ens1f1 4/0 (Hold Timer Expired) 0 bytes", unit="frr.service", priority=4, gap=2)  # fmt: skip
    for at in (29, 33, 38, 45):
        f.log(bad, at, "nginx", "2026/09/14 06:29:02 [error] 4411#4411: *881204 connect() to 10.41.30.7:8080 failed (101: Network is unreachable) while connecting to upstream, client: 192.0.2.44", unit="nginx.service", priority=3)  # fmt: skip
        f.log(
            bad,
            at + 0.4,
            "node-push",
            'level=error msg="remote write failed" err="dial tcp 10.40.0.40:443: connect: network is unreachable"',
            priority=3,
        )
        f.log("bgp-1", at + 0.5, "blackbox", f"probe icmp target=bgp-3 success=0 duration=5.0{int(at)}", priority=4)
    f.log(bad, 30, "chronyd", "Source 10.40.0.2 offline\nSource 10.40.0.3 offline", unit="chronyd.service", priority=4)
    f.log(bad, 52, "bgpd", "%ADJCHANGE: neighbor ens1f0(leaf-p11a) in vrf default Up\n%ADJCHANGE: neighbor ens1f1(leaf-p11b) in vrf default Up", unit="frr.service", priority=5)  # fmt: skip
    f.expect(bad, CRITICAL, "network", ["ens1f0", "ens1f1", "bgpd", "frr.service", "leaf-p11", "10.40.0.40", "10.41.30.7", "bgp-3"], "network.unreachable", evidence=["etwork is unreachable"],
             not_cause=["nic.link_flap", "cable.errors", "software.failed", "network.dns", "time.skew"], never=["nic.replace", "cable.replace", *NEVER])  # fmt: skip
    f.talk = EL9
    return f


def core_stuck_in_a_hypervisor() -> Fleet:
    f = Fleet("core-stuck-in-a-hypervisor", "A kernel thread holds a core of a hypervisor for minutes; guests stall, the watchdog tells it every half minute",
              hosts("hv-1 hv-2 hv-3", vendor="Lenovo", model="ThinkSystem SR665", sensors=XCC, rack="o21", switch="leaf-o21", role="hypervisor", units=("sshd.service", "libvirtd.service")), minutes=70)  # fmt: skip
    event_log_noise(f)
    for number in range(9):
        f.kernel("hv-1", 31 + number * 0.45, f"""
            <0>watchdog: BUG: soft lockup - CPU#88 stuck for {26 + number * 27}s! [kworker/88:2:19022]
            <4>Modules linked in: vhost_net tun ebtable_filter kvm_amd kvm openvswitch nsh
            <4>CPU: 88 PID: 19022 Comm: kworker/88:2 Kdump: loaded Not tainted 5.14.21-150500.55.65-default #1 SLE15-SP5
            <4>Hardware name: Lenovo ThinkSystem SR665/7D2VCTO1WW, BIOS D8E128L-3.20 08/23/2023
            <4>Workqueue: events netstamp_clear
            <4>RIP: 0010:smp_call_function_many_cond+0x13c/0x4d0
            <4>Call Trace:
            <4> on_each_cpu_cond_mask+0x20/0x30
            <4> text_poke_bp_batch+0xb1/0x300
        """, gap=0.01)  # fmt: skip
    f.kernel("hv-1", 32, "<3>rcu: INFO: rcu_preempt self-detected stall on CPU\n<3>rcu: \t88-....: (59999 ticks this GP) idle=fd2/1/0x4000000000000000 softirq=1121/1121 fqs=14998")  # fmt: skip
    f.log("hv-1", 33, "libvirtd", "Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainGetBlockInfo)", unit="libvirtd.service", priority=3)  # fmt: skip
    f.expect("hv-1", CRITICAL, ["kernel", "cpu"], ["CPU#88", "CPU88", "CPU 88", "kworker/88:2", "88", "kernel"], "kernel.soft_lockup", evidence=["soft lockup"], not_cause=["cpu.mce", "kernel.panic", "software.failed", "kernel.hung_task"],
             actions=["ticket.create", "host.drain"], never=["cpu.replace", "host.reinstall"])  # fmt: skip
    f.talk = SLES
    return f


def sectors_of_an_archive_pending() -> Fleet:
    f = Fleet("sectors-of-an-archive-pending", "SMART of one archive disk counts more and more unreadable sectors; it has not failed a host's read yet",
              hosts("arc-1 arc-2", vendor="Supermicro", model="SSG-6049P-E1CR60L", sensors=SUPERMICRO, rack="v20", switch="leaf-v20", role="storage", units=("ssh.service", "smartmontools.service")), minutes=150)  # fmt: skip
    event_log_noise(f)
    for at, count in ((12, 8), (42, 24), (72, 72), (102, 168), (132, 264)):
        f.log("arc-2", at, "smartd", f"Device: /dev/sdah [SAT], {count} Currently unreadable (pending) sectors (changed +{count // 2})\nDevice: /dev/sdah [SAT], {count // 8} Offline uncorrectable sectors", unit="smartmontools.service", priority=2)  # fmt: skip
        f.log("arc-1", at + 2, "smartd", "Device: /dev/sdq [SAT], SMART Prefailure Attribute: 1 Raw_Read_Error_Rate changed from 81 to 83\nDevice: /dev/sdq [SAT], SMART Usage Attribute: 195 Hardware_ECC_Recovered changed from 64 to 66", unit="smartmontools.service")  # fmt: skip
    f.log(
        "arc-2",
        75,
        "smartd",
        "Device: /dev/sdah [SAT], Self-Test Log error count increased from 0 to 1",
        unit="smartmontools.service",
        priority=2,
    )
    f.expect("arc-2", WARNING, "disk", ["sdah", "/dev/sdah"], ["disk.pending_sectors", "disk.failed"], evidence=["/dev/sdah"], not_cause=["raid.degraded", "filesystem.corruption"],
             actions=["ticket.create", "disk.replace"], never=["filesystem.repair", "disk.format", "host.reboot", *NEVER])  # fmt: skip
    f.talk = DEBIAN
    return f


def boot_drive_of_a_proxy_gone() -> Fleet:
    f = Fleet("boot-drive-of-a-proxy-gone", "The NVMe boot drive of a proxy no longer answers its controller; ext4 goes read-only, the services on it fall",
              hosts("px-a px-b px-c", vendor="Gigabyte", model="R163-Z32", sensors=GIGABYTE, rack="p21", switch="leaf-p21", role="proxy", units=("ssh.service", "haproxy.service", "rsyslog.service")), minutes=70)  # fmt: skip
    event_log_noise(f)
    bad = "px-b"
    f.kernel(bad, 25, """
        <4>nvme nvme0: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0xffff
        <4>nvme nvme0: Does your device have a faulty power saving mode enabled?
        <4>nvme nvme0: Try "nvme_core.default_ps_max_latency_us=0 pcie_aspm=off" and report a bug
        <4>nvme 0000:01:00.0: Unable to change power state from D3cold to D0, device inaccessible
        <3>nvme nvme0: Disabling device after reset failure: -19
        <3>I/O error, dev nvme0n1, sector 18874368 op 0x1:(WRITE) flags 0x800 phys_seg 2 prio class 2
        <3>Buffer I/O error on dev nvme0n1p2, logical block 2097152, lost async page write
        <3>Aborting journal on device nvme0n1p2-8.
        <2>EXT4-fs error (device nvme0n1p2): ext4_journal_check_start:83: comm rsyslogd: Detected aborted journal
        <2>EXT4-fs (nvme0n1p2): Remounting filesystem read-only
    """, gap=1)  # fmt: skip
    f.log(
        bad,
        26,
        "haproxy",
        "[ALERT]    (2210) : sendmsg()/writev() failed in logger #1: Input/output error (errno=5)",
        unit="haproxy.service",
        priority=1,
    )
    f.systemd(bad, 27, "<5>rsyslog.service: Main process exited, code=exited, status=1/FAILURE\n<4>rsyslog.service: Failed with result 'exit-code'.\n<3>haproxy.service: Failed to execute /usr/sbin/haproxy: Input/output error\n<4>haproxy.service: Failed with result 'exit-code'.")  # fmt: skip
    f.state(bad, "haproxy.service", lambda minute: ("failed", "failed") if minute >= 27 else None)
    f.expect(bad, CRITICAL, "nvme", ["nvme0", "nvme0n1", "0000:01:00.0"], "nvme.controller_reset", evidence=["nvme nvme0:"], not_cause=["filesystem.readonly", "filesystem.corruption", "software.failed", "nvme.wear"],
             actions=["ticket.create", "nvme.replace", "host.drain"], never=["filesystem.repair", "software.rollback", "host.reinstall"])  # fmt: skip
    f.talk = DEBIAN
    return f


def job_faults_on_instincts() -> Fleet:
    f = Fleet("job-faults-on-instincts", "One user's program reads where nothing is mapped on three Instinct cards; the cards are well and other jobs go on",
              hosts("mi-1 mi-2", vendor="Gigabyte", model="G593-ZX1", sensors=GIGABYTE, rack="s21", switch="leaf-s21", gpus=8, role="training", units=("sshd.service", "slurmd.service")), minutes=80)  # fmt: skip
    event_log_noise(f)
    cards = ("0000:05:00.0", "0000:65:00.0", "0000:e5:00.0")
    for number, at in enumerate((16, 33, 34, 52)):
        card, pid = cards[number % 3], 41225 + number * 771
        f.kernel("mi-2", at, f"""
            <3>amdgpu {card}: amdgpu: [gfxhub0] no-retry page fault (src_id:0 ring:24 vmid:3 pasid:32771)
            <3>amdgpu {card}: amdgpu:  for process stencil.x pid {pid} thread stencil.x pid {pid})
            <3>amdgpu {card}: amdgpu:   in page starting at address 0x00007f21a8{number}00000 from IH client 0x1b (UTCL2)
            <3>amdgpu {card}: amdgpu: VM_L2_PROTECTION_FAULT_STATUS:0x00301031
            <3>amdgpu {card}: amdgpu: \t Faulty UTCL2 client ID: TCP (0x8)
            <3>amdgpu {card}: amdgpu: \t PERMISSION_FAULTS: 0x3
        """.replace("\\t", " "))  # fmt: skip
        f.log("mi-2", at + 0.1, "slurmstepd", f"Memory access fault by GPU node-{number + 4} (Agent handle: 0x1c2a40) on address 0x7f21a8{number}00000. Reason: Page not present or supervisor privilege.\nerror: mi-2: task {number}: Aborted (core dumped)", priority=3)  # fmt: skip
    f.log("mi-2", 60, "gpu-check", "8 GPUs: ras umc ue=0 ce=0, gfx ue=0 ce=0, xgmi ue=0; throttle: none")
    f.expect("mi-2", WARNING, ["gpu", "software"], ["stencil.x", "0000:05:00.0", "0000:65:00.0", "0000:e5:00.0", "GPU 0000:05:00.0", "GPU 0000:65:00.0", "GPU 0000:e5:00.0"], ["gpu.page_fault", "gpu.application_error", "software.failed"],
             evidence=["no-retry page fault"], not_cause=["gpu.ecc_uncorrectable", "gpu.fallen_off_bus", "software.crash_loop"], actions=["ticket.create", "user.notify"], never=["gpu.replace", "gpu.reset", "host.reboot", "host.drain", *NEVER])  # fmt: skip
    f.talk = EL9
    return f


ALL = (
    contained_errors_on_a30,
    accelerator_at_quarter_width,
    bmc_of_one_node_mute,
    cover_of_a_database_host_open,
    cell_of_a_board_empty,
    queue_fills_its_volume,
    metrics_server_trips_over_its_rules,
    routes_of_a_host_withdrawn,
    core_stuck_in_a_hypervisor,
    sectors_of_an_archive_pending,
    boot_drive_of_a_proxy_gone,
    job_faults_on_instincts,
)
