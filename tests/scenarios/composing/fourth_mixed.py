"""A fourth batch, written blind and to be representative: two faults at a time, and fleets in which nothing is wrong."""

from tests.scenarios.composing.fleet import (
    CISCO,
    CRITICAL,
    DELL,
    FUJITSU,
    SUPERMICRO,
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
    QUANTA,
    SLES,
    XCC,
    XE9680,
    event_log_noise,
    ordered_reboot,
)

NEVER = ["host.reinstall", "host.power_cycle"]


def worn_flash_and_stormy_module() -> Fleet:
    f = Fleet("worn-flash-and-stormy-module", "Two faults that have nothing to do with each other: a log drive is worn out, and a memory module of another node corrects all day",
              [*hosts("kafka-1 kafka-2 kafka-3", vendor="Supermicro", model="AS-1115CS-TNR", sensors=H13, rack="v5", switch="leaf-v5", pdu=("pdu-v5-a", "pdu-v5-b"), role="queue", units=("ssh.service", "kafka.service", "smartmontools.service")),
               *hosts("milan-7 milan-8", vendor="HPE", model="ProLiant DL365 Gen10 Plus", sensors=HPE_GEN11, rack="f6", switch="leaf-f6", pdu=("pdu-f6-a", "pdu-f6-b"), units=("ssh.service", "slurmd.service"))], minutes=120)  # fmt: skip
    event_log_noise(f, "milan-8")
    for at in (10, 40, 70, 100):
        f.log(
            "kafka-2",
            at,
            "smartd",
            "Device: /dev/nvme2, Critical Warning (0x04): Reliability",
            unit="smartmontools.service",
            priority=2,
        )
        f.log("kafka-2", at + 1, "nvme-exporter", "nvme2: percentage_used=104 available_spare=7 available_spare_threshold=10 media_errors=0 critical_warning=0x04", priority=4)  # fmt: skip
        f.log("kafka-1", at + 1, "nvme-exporter", "nvme2: percentage_used=61 available_spare=100 available_spare_threshold=10 media_errors=0 critical_warning=0x00")  # fmt: skip
    for number in range(64):
        at = 12 + number * (2.4 if number < 12 else 1.25)
        f.kernel("milan-8", at, f"""
            <6>mce: [Hardware Error]: Machine check events logged
            <1>[Hardware Error]: Corrected error, no action required.
            <1>[Hardware Error]: CPU:1 (19:1:1) MC17_STATUS[Over|CE|MiscV|AddrV|-|-|SyndV|CECC|-|-|-]: 0xdc2040000000011b
            <1>[Hardware Error]: Error Addr: 0x00000003{0x1a2c0 + number * 64:05x}40
            <1>[Hardware Error]: IPID: 0x0000009600450f00, Syndrome: 0x9f2{number % 10}fffd0a800001
            <1>[Hardware Error]: Unified Memory Controller Ext. Error Code: 0, DRAM ECC error.
            <4>EDAC MC0: 1 CE on mc#0csrow#1channel#4 (csrow:1 channel:4 page:0x{0x1a2c0 + number * 64:x} offset:0x40 grain:64 syndrome:0xfffd)
            <1>[Hardware Error]: cache level: L3/GEN, tx: GEN, mem-tx: RD
        """, gap=0.01)  # fmt: skip
    f.sel("milan-8", """
        -31d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        44 | Memory PROC 1 DIMM 9 | Correctable ECC logging limit reached | Asserted
    """, dialect="half day", clock=5)  # fmt: skip
    f.expect("kafka-2", WARNING, "nvme", ["nvme2", "nvme2n1", "/dev/nvme2"], "nvme.wear", evidence=["/dev/nvme2"], not_cause=["nvme.media_error", "disk.failed", "dimm.correctable_storm"],
             actions=["ticket.create", "nvme.replace"], never=["host.reboot", "dimm.replace", *NEVER])  # fmt: skip
    f.expect("milan-8", WARNING, "dimm", ["PROC 1 DIMM 9", "P1-DIMM9", "DIMM 9", "mc#0csrow#1channel#4"], "dimm.correctable_storm", evidence=["mc#0csrow#1channel#4"],
             not_cause=["cpu.mce", "dimm.uncorrectable", "nvme.wear"], actions=["ticket.create", "dimm.replace"], never=["cpu.replace", "nvme.replace", *NEVER],
             why="kafka-2's drive has used 104 % of its life and 7 % of its spare are left; milan-8 corrects one row over and over. Other rack, feed, role.")  # fmt: skip
    f.talk = DEBIAN
    return f


def trip_and_flapping_port() -> Fleet:
    f = Fleet("trip-and-flapping-port", "Two faults at once: a loose heat sink trips one processor, and in another rack one adapter's port keeps bouncing",
              [*hosts("cx-1 cx-2 cx-3", vendor="Cisco Systems Inc", model="UCSC-C240-M6SX", sensors=CISCO, rack="p3", switch="leaf-p3", pdu=("pdu-p3-a", "pdu-p3-b"), units=("sshd.service", "slurmd.service")),
               *hosts("gw-1 gw-2", vendor="Dell Inc.", model="PowerEdge R650", sensors=DELL, rack="p8", switch="leaf-p8", pdu=("pdu-p8-a", "pdu-p8-b"), role="gateway", units=("sshd.service", "keepalived.service"))], minutes=100)  # fmt: skip
    event_log_noise(f, "cx-2")
    f.reading("cx-2", "P1_TEMP_SENS", lambda minute: (min(99, round(52 + max(0, minute - 20) * 2.6)), "ok" if minute < 34 else "nc" if minute < 37 else "cr") if 20 <= minute < 39 else (31, "ok") if 39 <= minute < 46 else None)  # fmt: skip
    for fan in ("FAN1_TACH1", "FAN2_TACH1", "FAN3_TACH1"):
        f.reading("cx-2", fan, lambda minute: (14200, "ok") if 30 <= minute < 39 else None)
    for number, at in enumerate((31, 33, 35, 37)):
        f.kernel("cx-2", at, f"<4>mce: CPU{number * 4}: Package temperature is above threshold, cpu clock is throttled (total events = {120 * (number + 1)})")  # fmt: skip
    f.sel("cx-2", """
        -80d | Event Logging Disabled SEL_FULLNESS | Log area reset/cleared | Asserted
        34 | Temperature P1_TEMP_SENS | Upper Non-critical going high | Asserted | Reading 88 > Threshold 88 degrees C
        37 | Temperature P1_TEMP_SENS | Upper Critical going high | Asserted | Reading 96 > Threshold 96 degrees C
        38.9 | Processor P1_THERMTRIP | Thermal Trip | Asserted
        39 | System ACPI Power State #0x2d | S4/S5: soft-off | Asserted
        46 | System ACPI Power State #0x2d | S0/G0: working | Asserted
        49 | OS Boot #0x22 | C: boot completed | Asserted
    """, clock=-18)  # fmt: skip
    f.down("cx-2", 39, 48)
    f.kernel("cx-2", 48, "<5>Linux version 5.14.0-427.13.1.el9_4.x86_64 (mockbuild@builder) #1 SMP PREEMPT_DYNAMIC\n<6>Command line: BOOT_IMAGE=/boot/vmlinuz-5.14.0-427.13.1.el9_4.x86_64 ro")  # fmt: skip
    for number, at in enumerate((12, 15, 22, 29, 30.5, 44, 51, 58, 59.5)):
        f.kernel("gw-1", at, """
            <3>bnxt_en 0000:4b:00.1 ens3f1np1: NIC Link is Down
            <6>bnxt_en 0000:4b:00.1 ens3f1np1: NIC Link is Up, 25000 Mbps (NRZ) full duplex, Flow control: none
            <6>bnxt_en 0000:4b:00.1 ens3f1np1: FEC autoneg off encoding: None
        """, gap=3 + number % 4)  # fmt: skip
        f.log(
            "gw-1",
            at + 0.02,
            "Keepalived_vrrp",
            "Netlink reports ens3f1np1 down\n(VI_21) Entering FAULT STATE",
            unit="keepalived.service",
        )
        f.log(
            "gw-1",
            at + 0.3,
            "Keepalived_vrrp",
            "Netlink reports ens3f1np1 up\n(VI_21) Entering BACKUP STATE",
            unit="keepalived.service",
        )
        f.log(
            "gw-2",
            at + 0.1,
            "Keepalived_vrrp",
            "(VI_21) Backup received priority 0 advertisement\n(VI_21) Entering MASTER STATE",
            unit="keepalived.service",
        )
    f.expect("cx-2", CRITICAL, "cpu", ["CPU1", "CPU 1", "P1_THERMTRIP", "P1_TEMP_SENS", "P1"], "cpu.thermal_trip", evidence=["P1_THERMTRIP"], not_cause=["cooling.ambient_high", "fan.failed", "psu.input_lost", "kernel.panic"],
             actions=["ticket.create", "host.drain"], never=["fan.replace", *NEVER])  # fmt: skip
    f.expect("gw-1", WARNING, ["nic", "cable"], ["ens3f1np1", "0000:4b:00.1"], ["nic.link_flap", "cable.errors"], evidence=["ens3f1np1"], not_cause=["switch.failed", "software.failed", "network.unreachable"],
             actions=["ticket.create", "cable.replace", "nic.reset"], never=["switch.replace", "host.reboot", *NEVER],
             why="cx-2: one processor boils with its intake at 22 C and fast fans; gw-1: one port, nobody else on leaf-p8.")  # fmt: skip
    f.talk = EL9
    return f


def healthy_noise_of_a_research_fleet() -> Fleet:
    f = Fleet("healthy-noise-of-a-research-fleet", "Healthy control: every counter moves a little and stays below what matters; users' programs fail all day",
              [*hosts("rf-1 rf-2 rf-3", vendor="Fujitsu", model="PRIMERGY RX2540 M7", sensors=FUJITSU, rack="o1", switch="leaf-o1", units=("sshd.service", "cron.service", "slurmd.service")),
               Host("rf-gpu", "Dell Inc.", "PowerEdge XE9680", rack="o1", switch="leaf-o1", gpus=8, sensors=XE9680, units=("sshd.service", "slurmd.service", "nvidia-persistenced.service")),
               Host("rf-login", "Fujitsu", "PRIMERGY RX2530 M7", rack="o1", switch="leaf-o1", sensors=FUJITSU, role="login", units=("sshd.service", "cron.service"))], minutes=140)  # fmt: skip
    event_log_noise(f, "rf-2")
    f.sel("rf-2", """
        -400d | Processor CPU1 | IERR | Asserted
        -399d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        -70d | Power Supply PSU2 | Power Supply AC lost | Asserted
        -70d | Power Supply PSU2 | Power Supply AC lost | Deasserted
        -70d | Physical Security Chassis | General Chassis intrusion | Asserted
        -70d | Physical Security Chassis | General Chassis intrusion | Deasserted
        61 | Memory DIMM-1C | Correctable ECC | Asserted
    """)  # fmt: skip
    for at, page in ((21, "0x3cd9c0e"), (88, "0x9b1220")):
        f.kernel("rf-2", at, f"<6>mce: [Hardware Error]: Machine check events logged\n<4>EDAC MC2: 1 CE memory read error on CPU_SrcID#0_MC#2_Chan#0_DIMM#0 (channel:0 slot:0 page:{page} offset:0x80 grain:32 syndrome:0x0 -  err_code:0x0101:0x0090 ProcessorSocketId:0x0 MemoryControllerId:0x2)")  # fmt: skip
    for at in (13, 55, 101):
        f.kernel("rf-1", at, "<6>pcieport 0000:e0:01.0: AER: Corrected error received: 0000:e1:00.0\n<4>nvme 0000:e1:00.0: PCIe Bus Error: severity=Corrected, type=Physical Layer, (Receiver ID)\n<4>nvme 0000:e1:00.0:   device [1344:51c3] error status/mask=00000001/0000e000\n<4>nvme 0000:e1:00.0:    [ 0] RxErr                  (First)")  # fmt: skip
    f.kernel("rf-1", 77, "<6>i40e 0000:3b:00.0 ens2f0: NIC Link is Down\n<6>i40e 0000:3b:00.0 ens2f0: NIC Link is Up, 25 Gbps Full Duplex, Requested FEC: None, Negotiated FEC: None, Autoneg: False, Flow Control: None", gap=4)  # fmt: skip
    f.kernel("rf-3", 42, "<4>nvme nvme0: I/O tag 77 (104d) QID 12 timeout, completion polled")
    f.kernel("rf-3", 93, "<4>mce: CPU9: Core temperature is above threshold, cpu clock is throttled (total events = 1)\n<6>mce: CPU9: Core temperature/speed normal (total events = 1)", gap=1)  # fmt: skip
    f.kernel("rf-gpu", 64, "<4>NVRM: Xid (PCI:0000:3d:00): 43, pid=71182, name=python, Ch 00000008")
    for number, at in enumerate((17, 38, 64, 90, 121)):
        f.log("rf-gpu", at, "slurmstepd", f"error: Detected 1 oom_kill event in StepId={8100 + number}.batch. Some of the step tasks have been OOM Killed." if number == 4 else f"error: *** JOB {8100 + number} ON rf-gpu CANCELLED AT 2026-09-14T06:00:00 DUE TO TIME LIMIT ***", priority=3)  # fmt: skip
        f.log("rf-gpu", at + 1, "train.sh", "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.12 GiB. GPU 2 has a total capacity of 79.11 GiB of which 0.9 GiB is free.\nTraceback (most recent call last):\nValueError: loss is nan", priority=6)  # fmt: skip
    f.reading("rf-3", "Ambient", lambda minute: (34 if 60 < minute < 80 else 29, "ok"))
    f.metric("rf-login", "filesystem_avail_bytes", lambda minute: 61e9 - minute * 9e6, mountpoint="/home")
    for number in range(14):
        f.log("rf-login", 5 + number * 9, "sshd", f"Invalid user {('admin', 'test', 'git', 'ubnt')[number % 4]} from 203.0.113.{number % 5 + 20} port {40112 + number}\nFailed password for invalid user {('admin', 'test', 'git', 'ubnt')[number % 4]} from 203.0.113.{number % 5 + 20} port {40112 + number} ssh2", unit="sshd.service")  # fmt: skip
    f.systemd("rf-1", 66, "<5>report-mail.service: Main process exited, code=exited, status=75/TEMPFAIL\n<4>report-mail.service: Failed with result 'exit-code'.\n<6>report-mail.service: Scheduled restart job, restart counter is at 1.\n<6>Started Mail reports.", gap=3)  # fmt: skip
    f.log(
        "rf-3",
        30,
        "chronyd",
        "Can't synchronise: no majority\nSelected source 10.60.0.4 (1.time.example)",
        unit="chronyd.service",
        priority=4,
        gap=40,
    )
    f.talk = SLES
    return f


def healthy_night_of_firmware() -> Fleet:
    f = Fleet("healthy-night-of-firmware", "Healthy control: a change night; BMCs and hosts are updated and restarted by order, a supply is swapped by hand, one host gets its rails",
              hosts("fw-1 fw-2 fw-3 fw-4 fw-5", vendor="Lenovo", model="ThinkSystem SR650 V3", sensors=XCC, rack="o4", switch="leaf-o4", units=("sshd.service", "crond.service", "chronyd.service")), minutes=130)  # fmt: skip
    f.log(
        "fw-1",
        4,
        "wall",
        "Broadcast message: change CHG0041822: firmware of rack o4, hosts restart between 06:10 and 08:00",
        priority=5,
    )
    for number, name in enumerate(("fw-1", "fw-2", "fw-3", "fw-4")):
        at = 14 + number * 22
        f.sel(name, f"""
            -41d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
            {at - 6} | Version Change XCC | Firmware or software change success, Management controller firmware | Asserted
            {at - 5} | System Event #0x83 | Timestamp Clock Sync | Asserted
        """)  # fmt: skip
        f.log(name, at - 8, "sudo", "  deploy : TTY=pts/2 ; PWD=/home/deploy ; USER=root ; COMMAND=/opt/onecli/OneCli update flash --scope individual --includeid xcc", priority=5)  # fmt: skip
        for sensor in XCC:
            f.reading(name, sensor, lambda minute, at=at: (None, "gone") if at - 8 <= minute < at - 4 else None)
        f.log(
            name,
            at - 0.5,
            "python3",
            "ansible-ansible.legacy.dnf Invoked with name=['kernel'] state=latest update_cache=True lock_timeout=30",
            priority=6,
        )
        ordered_reboot(f, name, at, "5.14.0-427.40.1.el9_4.x86_64")
    f.log("fw-5", 40, "sudo", "  deploy : TTY=pts/0 ; PWD=/home/deploy ; USER=root ; COMMAND=/usr/bin/logger -t change replacing PSU 1 of fw-5, ticket 41822-3", priority=5)  # fmt: skip
    f.log("fw-5", 40.1, "change", "replacing PSU 1 of fw-5, ticket 41822-3", priority=5)
    f.sel("fw-5", """
        -41d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        42 | Power Supply PSU 1 | Power Supply AC lost | Asserted
        42.2 | Power Supply PSU 1 | Presence detected | Deasserted
        42.3 | Power Supply PSU Redundancy | Redundancy Lost | Asserted
        44 | Power Supply PSU 1 | Presence detected | Asserted
        44.4 | Power Supply PSU 1 | Power Supply AC lost | Deasserted
        44.6 | Power Supply PSU Redundancy | Fully Redundant | Asserted
    """)  # fmt: skip
    f.talk = EL9
    return f


def healthy_burn_in_of_a_new_rack() -> Fleet:
    f = Fleet("healthy-burn-in-of-a-new-rack", "Healthy control: a new rack is burnt in; everything is hot, loud and busy and nothing leaves its limits",
              [*hosts("new-1 new-2 new-3", vendor="Supermicro", model="SYS-821GE-TNHR", sensors=SUPERMICRO, rack="o7", switch="leaf-o7", gpus=8, units=("ssh.service", "cron.service", "nvidia-persistenced.service")),
               Host("new-arm", "GIGABYTE", "R272-P30", rack="o7", switch="leaf-o7", sensors=ALTRA, units=("ssh.service", "cron.service"))], minutes=120)  # fmt: skip
    event_log_noise(f)
    for name in ("new-1", "new-2", "new-3"):
        f.log(
            name,
            10,
            "sudo",
            "  deploy : TTY=pts/1 ; PWD=/opt/burn ; USER=root ; COMMAND=/opt/burn/run.sh --gpu-burn 3600 --stress-ng --fio",
            priority=5,
        )
        f.reading(name, "CPU1 Temp", lambda minute: (82 + minute % 5, "ok") if 12 < minute < 80 else None)
        for fan in ("FAN1", "FAN2", "FAN3"):
            f.reading(name, fan, lambda minute: (13100 + minute % 7 * 50, "ok") if 12 < minute < 84 else None)
        f.gauge(name, "cpu_percent", lambda minute: 99.4 if 12 < minute < 76 else None)
        f.gauge(name, "load1", lambda minute: 260 + minute % 9 if 12 < minute < 76 else None)
        f.gauge(name, "memory_available_bytes", lambda minute: 21e9 if 12 < minute < 76 else None)
        for gpu in range(8):
            f.metric(
                name,
                "gpu_temperature_celsius",
                lambda minute, gpu=gpu: 78 + gpu % 3 if 12 < minute < 76 else 34,
                gpu=str(gpu),
            )
        f.kernel(name, 26, "<4>perf: interrupt took too long (9911 > 9870), lowering kernel.perf_event_max_sample_rate to 20000\n<4>workqueue: blk_mq_run_work_fn hogged CPU for >10000us 4 times, consider switching to WQ_UNBOUND\n<4>sched: RT throttling activated\n<4>clocksource: timekeeping watchdog on CPU31: hpet wd-wd read-back delay of 112000ns")  # fmt: skip
        f.log(name, 74, "burn", "gpu-burn: GPU 0: OK GPU 1: OK GPU 2: OK GPU 3: OK GPU 4: OK GPU 5: OK GPU 6: OK GPU 7: OK\nfio: err= 0, 0 errors\nstress-ng: info: [8812] passed: 128: memcpy (128), failed: 0, metrics untrustworthy: 0", priority=6)  # fmt: skip
    f.kernel("new-2", 47, "<4>mce: CPU40: Package temperature is above threshold, cpu clock is throttled (total events = 1)\n<6>mce: CPU40: Package temperature/speed normal (total events = 1)", gap=1)  # fmt: skip
    f.kernel("new-arm", 31, "<4>arm-smmu-v3 arm-smmu-v3.2.auto: failed to allocate MSIs\n<4>ghes_edac: This system has a very crappy BIOS: It doesn't even list the DIMMS.\n<3>ACPI: IORT: [Firmware Bug]: [map (____ptrval____)] conflicting mapping for input ID 0xd00")  # fmt: skip
    f.kernel("new-3", 90, """
        <6>usb 1-14.1: reset high-speed USB device number 4 using xhci_hcd
        <3>usb 1-14.1: device descriptor read/64, error -110
        <5>scsi 9:0:0:0: CD-ROM            AMI      Virtual CDROM0   1.00 PQ: 0 ANSI: 0 CCS
        <6>sr 9:0:0:0: [sr0] tag#0 FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_OK cmd_age=0s
        <6>sr 9:0:0:0: [sr0] tag#0 Sense Key : Not Ready [current]
        <6>sr 9:0:0:0: [sr0] tag#0 Add. Sense: Medium not present
        <3>I/O error, dev sr0, sector 0 op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 2
    """)  # fmt: skip
    f.talk = DEBIAN
    return f


def healthy_clouds_and_queues() -> Fleet:
    f = Fleet("healthy-clouds-and-queues", "Healthy control: OpenStack, Ceph and Kubernetes on one floor: scrubs, elections, evictions by plan, alarms of applications",
              hosts("ck-1 ck-2 ck-3 ck-4", vendor="Quanta", model="D54Q-2U", sensors=QUANTA, rack="o9", switch="leaf-o9", role="cloud", units=("sshd.service", "kubelet.service", "ceph-osd@3.service")), minutes=110)  # fmt: skip
    event_log_noise(f)
    f.log("ck-1", 8, "ceph-mon", "cluster [WRN] Health check failed: noout flag(s) set (OSDMAP_FLAGS)\ncluster [DBG] 3.1f deep-scrub starts\ncluster [DBG] 3.1f deep-scrub ok\ncluster [INF] Health check cleared: OSDMAP_FLAGS (was: noout flag(s) set)", gap=90)  # fmt: skip
    f.log(
        "ck-2",
        22,
        "sudo",
        "  deploy : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/systemctl restart ceph-osd@3.service",
        priority=5,
    )
    f.systemd("ck-2", 22.1, "<6>Stopping Ceph object storage daemon osd.3...\n<6>ceph-osd@3.service: Deactivated successfully.\n<6>Stopped Ceph object storage daemon osd.3.\n<6>Started Ceph object storage daemon osd.3.", gap=4)  # fmt: skip
    f.log("ck-1", 22.4, "ceph-mon", "cluster [INF] osd.3 marked itself down and dead\ncluster [WRN] Health check failed: 1 osds down (OSD_DOWN)\ncluster [INF] osd.3 [v2:10.41.9.12:6800/1] boot\ncluster [INF] Health check cleared: OSD_DOWN (was: 1 osds down)\ncluster [INF] Cluster is now healthy", gap=8)  # fmt: skip
    for number, at in enumerate((14, 31, 47, 70, 96)):
        name = f"ck-{number % 4 + 1}"
        f.log(name, at, "kubelet", 'E0914 06:14:02.118812    2210 prober.go:111] "Probe failed" probeType="Readiness" pod="shop/cart-7d9f-x2k" containerName="cart" probeResult="failure" output="HTTP probe failed with statuscode: 503"\nE0914 06:14:08.100021    2210 pod_workers.go:1300] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"web\\" with ImagePullBackOff" pod="dev/web-1"', unit="kubelet.service", priority=3)  # fmt: skip
        f.log(name, at + 2, "nova-compute", "WARNING nova.virt.libvirt.driver [-] [instance: 4f1a] During sync_power_state the instance has a pending task (spawning). Skip.\nERROR oslo.messaging._drivers.impl_rabbit [-] [c1] AMQP server on 10.41.9.11:5672 is unreachable: [Errno 104] Connection reset by peer. Trying again in 1 seconds.", priority=4)  # fmt: skip
        f.kernel(name, at + 3, "<6>IPVS: __ip_vs_del_service: enter\n<4>nf_conntrack: default automatic helper assignment has been turned off for security reasons\n<6>cali4f1a{}: Caught tx_queue_len zero misconfig\n<4>x86/split lock detection: #AC: CPU 1/KVM/4411 took a split_lock trap at address: 0x7efa".replace("{}", str(number)))  # fmt: skip
    f.log("ck-4", 60, "etcd", '{"level":"warn","ts":"2026-09-14T07:00:00.1Z","caller":"etcdserver/util.go:170","msg":"apply request took too long","took":"131ms","expected-duration":"100ms"}', priority=4)  # fmt: skip
    f.log(
        "ck-4",
        80,
        "alertmanager",
        'level=error component=dispatcher msg="Notify for alerts failed" err="slack: 503"',
        priority=3,
    )
    f.talk = EL9
    return f


ALL = (
    worn_flash_and_stormy_module,
    trip_and_flapping_port,
    healthy_noise_of_a_research_fleet,
    healthy_night_of_firmware,
    healthy_burn_in_of_a_new_rack,
    healthy_clouds_and_queues,
)
