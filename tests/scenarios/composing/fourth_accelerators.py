"""A fourth batch, written blind and to be representative: accelerators, their links, the bus and the disks of other makers."""

from tests.scenarios.composing.fleet import (
    ASUS,
    CRITICAL,
    DELL,
    FUJITSU,
    INSPUR,
    WARNING,
    Fleet,
    hosts,
)
from tests.scenarios.composing.fourth_noise import (
    DEBIAN,
    EL9,
    H13,
    QUANTA,
    SLES,
    XE9680,
    event_log_noise,
    ordered_reboot,
)

NEVER = ["host.reinstall", "host.power_cycle"]
GPU_UNITS = ("ssh.service", "cron.service", "slurmd.service", "nvidia-persistenced.service", "nvidia-dcgm.service")


def h100_lost_in_training() -> Fleet:
    f = Fleet("h100-lost-in-training", "One H100 of an XE9680 falls off the bus in the middle of a job; power, bus and the other seven are well",
              hosts("xe-04 xe-05 xe-06", vendor="Dell Inc.", model="PowerEdge XE9680", sensors=XE9680, rack="s1", pdu=("pdu-s1-a", "pdu-s1-b"), switch="leaf-s1", gpus=8, role="training", units=GPU_UNITS), minutes=90)  # fmt: skip
    event_log_noise(f, "xe-05")
    bad = "xe-05"
    f.sel(bad, """
        -48d | Power Supply PS3 Status | Power Supply AC lost | Asserted
        -48d | Power Supply PS3 Status | Power Supply AC lost | Deasserted
        14 | System Event #0x83 | Timestamp Clock Sync | Asserted
        61 | Session Audit #0x2a |  | Asserted
    """, clock=-300)  # fmt: skip
    f.log(bad, 5, "slurmd", "slurmd: Launching batch job 912044 for UID 1077\nslurmd: launch task StepId=912044.0 request from UID:1077 GID:1077 HOST:10.40.0.9 PORT:41200", unit="slurmd.service")  # fmt: skip
    f.kernel(bad, 41, """
        <4>NVRM: GPU at PCI:0000:9b:00: GPU-4f0d1a77-2c3b-9a11-7f20-8d6f5a3c1e90
        <4>NVRM: GPU Board Serial Number: 1652923004411
        <4>NVRM: Xid (PCI:0000:9b:00): 79, GPU has fallen off the bus.
        <4>NVRM: GPU 0000:9b:00.0: GPU has fallen off the bus.
        <4>NVRM: GPU 0000:9b:00.0: GPU serial number is 1652923004411.
        <4>NVRM: Xid (PCI:0000:9b:00): 154, GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot Required)
        <4>NVRM: prbEncStartAlloc: Can't allocate memory for protocol buffers.
        <4>NVRM: A GPU crash dump has been created. If possible, please run
        <4>NVRM: nvidia-bug-report.sh as root to collect this data before
        <4>NVRM: the NVIDIA kernel module is unloaded.
    """, gap=0.05)  # fmt: skip
    for number in range(3):
        f.kernel(bad, 41.1 + number * 0.05, f"<4>NVRM: Xid (PCI:0000:{('1b', '3d', 'bb')[number]}:00): 45, pid={88120 + number}, name=python3, Ch 0000000{number}")  # fmt: skip
    f.log(bad, 41.3, "train-worker", "[rank4]: torch.distributed.DistBackendError: NCCL error in: ../torch/csrc/distributed/c10d/ProcessGroupNCCL.cpp:1970, unhandled cuda error\nncclUnhandledCudaError: Call to CUDA function failed.", priority=6)  # fmt: skip
    f.log(
        bad,
        41.5,
        "slurmstepd",
        "error: *** JOB 912044 ON xe-05 CANCELLED AT 2026-09-14T06:41:30 DUE TO NODE FAILURE ***",
        priority=3,
    )
    f.log(bad, 42, "nvidia-persistenced", "Failed to query NVIDIA devices. Please ensure that the NVIDIA device files (/dev/nvidia*) exist.", unit="nvidia-persistenced.service", priority=4)  # fmt: skip
    for at in (45, 55, 65, 75):
        f.log(
            bad,
            at,
            "node-health",
            "nvidia-smi: Unable to determine the device handle for GPU4: 0000:9B:00.0: Unknown Error",
            priority=3,
        )
        f.log("xe-04", at, "node-health", "nvidia-smi: 8 GPUs, ECC errors: 0, retired pages: 0, slowdown: Not Active")
    f.kernel(bad, 44, """
        <3>INFO: task nvidia-smi:90211 blocked for more than 120 seconds.
        <3>      Tainted: P           OE      6.8.0-45-generic #45~22.04.1-Ubuntu
        <3>"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
    """)  # fmt: skip
    f.expect(bad, CRITICAL, "gpu", ["GPU 0000:9b:00.0", "0000:9b:00.0", "0000:9b:00", "GPU4", "4"], "gpu.fallen_off_bus", evidence=["79, GPU has fallen off the bus"],
             not_cause=["psu.input_lost", "kernel.hung_task", "software.failed", "gpu.application_error"], actions=["ticket.create", "host.drain", "host.reboot", "gpu.reset"], never=[*NEVER, "psu.replace"],
             why="No sag, no bus error, nothing else lost: the GPU itself. Supply 3's lost input is 48 days old.")  # fmt: skip
    f.talk = DEBIAN
    return f


def firmware_of_l40s_silent() -> Fleet:
    f = Fleet("firmware-of-l40s-silent", "The GSP of one L40S no longer answers its driver; pods on it fail, tools that ask for it hang",
              hosts("inf-1 inf-2 inf-3", vendor="Quanta", model="D54U-3U", sensors=QUANTA, rack="s7", switch="leaf-s7", gpus=4, role="inference", units=("sshd.service", "kubelet.service", "containerd.service")), minutes=80)  # fmt: skip
    event_log_noise(f)
    bad = "inf-3"
    for at in (29, 30, 31, 33):
        f.kernel(bad, at, """
            <4>NVRM: Xid (PCI:0000:61:00): 119, pid=30117, name=tritonserver, Timeout after 45s of waiting for RPC response from GPU1 GSP! Expected function 76 (GSP_RM_CONTROL) sequence 81233 (0x20801702 0x4).
            <4>NVRM: GPU1 GSP RPC buffer contains function 76 (GSP_RM_CONTROL) sequence 81233 and data 0x0000000020801702 0x0000000000000004.
            <4>NVRM: GPU1 RPC history (CPU -> GSP):
            <4>NVRM:     entry function                   sequence data0              data1              ts_start           ts_end             duration actively_polling
            <4>NVRM:      0    76   GSP_RM_CONTROL        81233 0x0000000020801702 0x0000000000000004 0x00061f7f0c6f1e10 0x0000000000000000          y
            <4>NVRM: _kgspRpcRecvPoll: Call to GSP RPC function 76 timed out
        """, gap=0.02)  # fmt: skip
    f.kernel(bad, 34, "<4>NVRM: nvAssertOkFailedNoLog: Assertion failed: Call timed out [NV_ERR_TIMEOUT] (0x00000065) returned from pRmApi->Control(pRmApi, hClient, hObject, cmd, pParams, paramsSize)")  # fmt: skip
    f.log(bad, 29.2, "nvidia-device-plugin", "I0914 06:29:12.118220       1 health.go:168] XidCriticalError: Xid=119 on Device=GPU-8c17f2f4-90c6-3a11-bb02-41d0c5b1a7e2, the device will go unhealthy.", priority=6)  # fmt: skip
    f.log(bad, 30.4, "kubelet", 'E0914 06:30:24.331120    2210 kuberuntime_manager.go:1262] "container start failed" err="failed to create containerd task: nvidia-container-cli: initialization error: driver rpc error: timed out"', unit="kubelet.service", priority=3)  # fmt: skip
    f.kernel(bad, 36, """
        <3>INFO: task nvidia-smi:31940 blocked for more than 122 seconds.
        <3>      Tainted: G           OE    --------- ---  5.14.0-503.11.1.el9_5.x86_64 #1
        <3>"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
        <6>task:nvidia-smi      state:D stack:0     pid:31940 tgid:31940 ppid:31931  flags:0x00000006
    """)  # fmt: skip
    f.expect(bad, CRITICAL, "gpu", ["GPU 0000:61:00.0", "0000:61:00.0", "0000:61:00", "GPU1", "1"], "gpu.gsp_timeout", evidence=["119, pid="],
             not_cause=["kernel.hung_task", "gpu.application_error", "software.failed", "gpu.fallen_off_bus"], actions=["ticket.create", "host.drain", "gpu.reset", "host.reboot"], never=NEVER)  # fmt: skip
    f.talk = EL9
    return f


def switch_port_of_a100_faults() -> Fleet:
    f = Fleet("switch-port-of-a100-faults", "A port of an NVSwitch faults, the GPU behind it loses that link, all jobs of the node abort",
              hosts("nf-1 nf-2 nf-3", vendor="Inspur", model="NF5488A5", sensors=INSPUR, rack="s3", switch="leaf-s3", gpus=8, role="training", units=(*GPU_UNITS, "nvidia-fabricmanager.service")), minutes=80)  # fmt: skip
    event_log_noise(f)
    bad = "nf-2"
    f.kernel(bad, 26, """
        <4>nvidia-nvswitch3: SXid (PCI:0000:c8:00.0): 12028, Non-fatal, Link 29 egress non-posted PRIV error (First)
        <3>nvidia-nvswitch3: SXid (PCI:0000:c8:00.0): 20034, Fatal, Link 29 LTSSM Fault Up
        <3>nvidia-nvswitch3: SXid (PCI:0000:c8:00.0): 20034, Severity 1 Engine instance 29 Sub-engine instance 00
        <3>nvidia-nvswitch3: SXid (PCI:0000:c8:00.0): 20034, Data {0x50610002, 0x10100030, 0x00000000, 0x10100030, 0x00000000, 0x00000000, 0x00000000, 0x00000000}
        <4>NVRM: Xid (PCI:0000:a3:00): 74, pid='<unknown>', name=<unknown>, NVLink: fatal error detected on link 9(0x0, 0x0, 0x10000, 0x0, 0x0, 0x0, 0x0)
        <4>NVRM: Xid (PCI:0000:0e:00): 45, pid=51020, name=python3, Ch 00000010
        <4>NVRM: Xid (PCI:0000:a3:00): 45, pid=51026, name=python3, Ch 00000010
    """, gap=0.1)  # fmt: skip
    f.log(bad, 26.1, "nv-fabricmanager", "detected NVSwitch fatal error 20034 on fid 0 on NVSwitch pci bus id 00000000:C8:00.0 physical id 10 port 29\ndegraded NVSwitch/GPU state may abort running CUDA jobs", unit="nvidia-fabricmanager.service", priority=3)  # fmt: skip
    f.log(bad, 26.4, "train-worker", "nf-2:51020:51344 [0] transport/p2p.cc:288 NCCL WARN Cuda failure 'uncorrectable NVLink error detected during the execution'\nRuntimeError: CUDA error: uncorrectable NVLink error detected during the execution", priority=6)  # fmt: skip
    f.log(
        bad,
        26.8,
        "slurmstepd",
        "error: *** STEP 55120.0 ON nf-2 CANCELLED AT 2026-09-14T06:26:48 DUE TO TASK FAILURE ***",
        priority=3,
    )
    f.log(
        bad,
        40,
        "dcgm-health",
        "GPU 6: NVLink system: FAIL: Detected 1 NvLink fatal errors on link 9. Run a field diagnostic on the GPU.",
        priority=3,
    )
    f.kernel("nf-3", 50, "<4>NVRM: Xid (PCI:0000:4b:00): 13, pid=70212, name=python3, Graphics SM Warp Exception on (GPC 2, TPC 1, SM 0): Out Of Range Address")  # fmt: skip
    f.expect(bad, CRITICAL, ["nvlink", "gpu"], ["GPU 0000:a3:00.0", "0000:a3:00.0", "0000:a3:00", "GPU6", "link 9", "Link 29", "0000:c8:00.0", "nvidia-nvswitch3", "nvswitch3"], "nvlink.error",
             evidence=["74, pid="], not_cause=["gpu.application_error", "gpu.fallen_off_bus", "software.failed", "pcie.aer_uncorrectable"], actions=["ticket.create", "host.drain", "gpu.reset"], never=NEVER,
             why="SXid 20034 and Xid 74 are the two ends of one link. nf-3's single Xid 13 is its user's program.")  # fmt: skip
    f.talk = DEBIAN
    return f


def port_contains_a_fatal_error() -> Fleet:
    f = Fleet("port-contains-a-fatal-error", "A root port meets a fatal error and contains it; the network adapter behind is gone, and the host with it",
              hosts("rs-71 rs-72 rs-73", vendor="ASUSTeK", model="RS720A-E12-RS12", sensors=ASUS, rack="e2", switch="leaf-e2", units=("sshd.service", "crond.service", "libvirtd.service")), minutes=80)  # fmt: skip
    event_log_noise(f, "rs-73")
    bad = "rs-73"
    f.kernel(bad, 33, """
        <4>pcieport 0000:c0:03.1: DPC: containment event, status:0x1f01 source:0x0000
        <4>pcieport 0000:c0:03.1: DPC: unmasked uncorrectable error detected
        <3>pcieport 0000:c0:03.1: PCIe Bus Error: severity=Uncorrectable (Fatal), type=Transaction Layer, (Receiver ID)
        <3>pcieport 0000:c0:03.1:   device [1022:14ab] error status/mask=00040000/04400000
        <3>pcieport 0000:c0:03.1:    [18] MalfTLP                (First)
        <3>pcieport 0000:c0:03.1: AER:   TLP Header: 60000040 c20000ff 0000003f d1a2c000
        <4>ice 0000:c1:00.0: ice_pci_err_slot_reset: Failed to bring the device back up
        <4>ice 0000:c1:00.1: ice_pci_err_slot_reset: Failed to bring the device back up
        <4>pcieport 0000:c0:03.1: AER: device recovery failed
        <6>br0: port 1(ens5f0np0) entered disabled state
    """, gap=0.2)  # fmt: skip
    f.log(bad, 33.2, "NetworkManager", "<info>  [1789367592.4410] device (ens5f0np0): carrier: link lost\n<warn>  [1789367598.0021] device (ens5f0np0): state change: activated -> unavailable (reason 'carrier-changed')", priority=6)  # fmt: skip
    f.kernel(
        bad,
        36,
        "<5>nfs: server filer-3 not responding, still trying\n<5>nfs: server filer-3 not responding, still trying",
        gap=20,
    )
    f.log(
        bad,
        34,
        "chronyd",
        "Source 10.40.0.2 offline\nCan't synchronise: no selectable sources",
        unit="chronyd.service",
        priority=4,
    )
    f.log("rs-71", 34, "virt-watch", "ERROR cannot connect to qemu+ssh://rs-73/system: No route to host", priority=3)
    f.sel(bad, """
        -9d | Event Logging Disabled #0x10 | Log area reset/cleared | Asserted
        33 | Critical Interrupt PCIe_Slot5 | Bus Fatal Error | Asserted
        48 | System Event #0x83 | Timestamp Clock Sync | Asserted
    """, clock=-7)  # fmt: skip
    f.kernel("rs-72", 15, """
        <6>pcieport 0000:80:01.1: AER: Correctable error message received from 0000:81:00.0
        <4>nvme 0000:81:00.0: PCIe Bus Error: severity=Correctable, type=Data Link Layer, (Transmitter ID)
        <4>nvme 0000:81:00.0:   device [1344:51c3] error status/mask=00001000/0000e000
        <4>nvme 0000:81:00.0:    [12] Timeout
    """)  # fmt: skip
    f.expect(bad, CRITICAL, ["pcie", "nic"], ["0000:c0:03.1", "0000:c1:00.0", "0000:c1:00.1", "PCIe_Slot5", "Slot5", "ens5f0np0"], "pcie.aer_uncorrectable", evidence=["0000:c0:03.1"],
             not_cause=["nic.link_flap", "switch.failed", "network.unreachable", "cable.errors", "pcie.aer_correctable_storm"], actions=["ticket.create", "host.drain"], never=["cable.replace", *NEVER])  # fmt: skip
    f.talk = EL9
    return f


def flash_of_a_database_unreadable() -> Fleet:
    f = Fleet("flash-of-a-database-unreadable", "An NVMe drive no longer reads some of its blocks; InnoDB meets them and cannot start again",
              hosts("my-1 my-2 my-3", vendor="Supermicro", model="AS-1115CS-TNR", sensors=H13, rack="v2", switch="leaf-v2", role="database", units=("ssh.service", "cron.service", "mysql.service", "smartmontools.service")), minutes=100)  # fmt: skip
    event_log_noise(f)
    bad = "my-2"
    f.log(
        bad,
        8,
        "smartd",
        "Device: /dev/nvme1, number of Error Log entries increased from 31 to 44",
        unit="smartmontools.service",
        priority=2,
    )
    for number, at in enumerate((21, 24, 24.5, 39, 40, 41.5, 43)):
        f.kernel(bad, at, f"""
            <3>nvme1n1: I/O Cmd(0x2) @ LBA {1_847_299_840 + number * 8}, 8 blocks, I/O Error (sct 0x2 / sc 0x81) DNR
            <3>critical medium error, dev nvme1n1, sector {1_847_299_840 + number * 8} op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2
        """)  # fmt: skip
    f.log(
        bad,
        38,
        "smartd",
        "Device: /dev/nvme1, number of Error Log entries increased from 44 to 58",
        unit="smartmontools.service",
        priority=2,
    )
    f.log(bad, 43.1, "mysqld", """
        2026-09-14T06:43:06.118800Z 0 [ERROR] [MY-012592] [InnoDB] Operating system error number 5 in a file operation.
        2026-09-14T06:43:06.119020Z 0 [ERROR] [MY-012981] [InnoDB] Error number 5 means 'Input/output error'
        2026-09-14T06:43:06.120113Z 0 [ERROR] [MY-011971] [InnoDB] Tablespace 'shop/orders' Page [page id: space=118, page number=90211] read error
        2026-09-14T06:43:06.140500Z 0 [ERROR] [MY-013183] [InnoDB] Assertion failure: buf0buf.cc:5741 thread 139912
        06:43:06 UTC - mysqld got signal 6 ;
    """, unit="mysql.service", priority=3)  # fmt: skip
    for number in range(5):
        f.systemd(bad, 43.3 + number * 0.4, f"<5>mysql.service: Main process exited, code=killed, status=6/ABRT\n<4>mysql.service: Failed with result 'signal'.\n<6>mysql.service: Scheduled restart job, restart counter is at {number + 1}.")  # fmt: skip
    f.systemd(
        bad,
        45.6,
        "<4>mysql.service: Start request repeated too quickly.\n<3>Failed to start mysql.service - MySQL Community Server.",
    )
    f.state(bad, "mysql.service", lambda minute: ("failed", "failed") if minute >= 46 else None)
    f.log("my-1", 44, "mysqld", "2026-09-14T06:44:01.000211Z 12 [ERROR] [MY-010584] [Repl] Replica I/O for channel '': Error reconnecting to source 'repl@my-2:3306'. This was attempt 3/86400, with a delay of 60 seconds between attempts. Message: Can't connect to MySQL server on 'my-2:3306' (111), Error_code: MY-002003", unit="mysql.service", priority=3)  # fmt: skip
    ordered_reboot(f, "my-3", 70, "6.1.0-25-amd64")
    f.expect(bad, CRITICAL, "nvme", ["nvme1", "nvme1n1", "/dev/nvme1"], "nvme.media_error", evidence=["critical medium error, dev nvme1n1"],
             not_cause=["software.crash_loop", "software.failed", "filesystem.corruption", "nvme.controller_reset", "nvme.wear"], actions=["ticket.create", "host.drain", "nvme.replace"], never=["filesystem.repair", "software.rollback", *NEVER])  # fmt: skip
    f.talk = DEBIAN
    return f


def perc_fails_a_drive() -> Fleet:
    f = Fleet("perc-fails-a-drive", "A PERC controller fails a drive of its RAID 6; the array is degraded and rebuilds onto the spare",
              hosts("r740-1 r740-2 r740-3", vendor="Dell Inc.", model="PowerEdge R740xd", sensors=DELL, rack="v4", switch="leaf-v4", role="storage", units=("sshd.service", "crond.service", "nfs-server.service")), minutes=120)  # fmt: skip
    event_log_noise(f, "r740-2")
    bad = "r740-2"
    for at, sector in ((17, "0x2f11a0c8"), (23, "0x2f11a0d0"), (28, "0x2f11b118")):
        f.log(bad, at, "Server Administrator", f"Storage Service EventID: 2095  Unexpected sense. SCSI sense data: Sense key:  3 Sense code: 11 Sense qualifier:  0:  Physical Disk 0:1:7 Controller 0, Connector 0, LBA {sector}", priority=4)  # fmt: skip
    f.log(bad, 31, "Server Administrator", "Storage Service EventID: 2048  Device failed:  Physical Disk 0:1:7 Controller 0, Connector 0\nStorage Service EventID: 2057  Virtual disk degraded:  Virtual Disk 1 (data) Controller 0 (PERC H740P Mini)\nStorage Service EventID: 2065  Physical disk Rebuild started:  Physical Disk 0:1:11 Controller 0, Connector 0", priority=3)  # fmt: skip
    f.kernel(bad, 31, """
        <6>megaraid_sas 0000:18:00.0: 14112 (842691061s/0x0002/FATAL) - Unrecoverable medium error during recovery on PD 07(e0x20/s7) at 2f11b118
        <6>megaraid_sas 0000:18:00.0: 14115 (842691065s/0x0001/FATAL) - VD 01/1 is now DEGRADED
    """)  # fmt: skip
    f.sel(bad, """
        -150d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        31 | Drive Slot / Bay Drive 7 | Drive Fault | Asserted
        31.2 | Drive Slot / Bay Drive 11 | Drive Present | Asserted
    """, clock=-300)  # fmt: skip
    f.log("r740-3", 60, "Server Administrator", "Storage Service EventID: 2242  The Patrol Read has started.:  Controller 0 (PERC H740P Mini)\nStorage Service EventID: 2188  The controller write policy has been changed to Write Through:  Controller 0 (PERC H740P Mini)\nStorage Service EventID: 2176  The controller battery Learn Cycle has started:  Battery 0 Controller 0", priority=6)  # fmt: skip
    f.expect(bad, WARNING, ["disk", "raid"], ["Drive 7", "0:1:7", "Physical Disk 0:1:7", "PD 07", "PD 07(e0x20/s7)", "Bay 7", "7"], "disk.failed", evidence=["0:1:7"],
             not_cause=["raid.degraded", "filesystem.corruption", "software.failed"], actions=["ticket.create", "disk.replace"], never=["raid.delete", "filesystem.repair", "disk.format", "host.reboot", *NEVER],
             why="One drive failed; the degraded virtual disk is what that does, and it rebuilds. r740-3's learn cycle is routine.")  # fmt: skip
    f.talk = EL9
    return f


def tree_of_a_backup_volume_torn() -> Fleet:
    f = Fleet("tree-of-a-backup-volume-torn", "A btrfs volume finds its trees torn and goes read-only; the disk below answers every command",
              hosts("bak-1 bak-2", vendor="Fujitsu", model="PRIMERGY RX2540 M6", sensors=FUJITSU, rack="v9", switch="leaf-v9", role="storage", units=("sshd.service", "cron.service", "bareos-sd.service")), minutes=90)  # fmt: skip
    event_log_noise(f, dialect="central european")
    bad = "bak-1"
    f.kernel(bad, 24, """
        <3>BTRFS error (device dm-4): parent transid verify failed on logical 641091239936 mirror 1 wanted 88612 found 88359
        <3>BTRFS error (device dm-4): parent transid verify failed on logical 641091239936 mirror 2 wanted 88612 found 88359
        <2>BTRFS: error (device dm-4: state A) in __btrfs_free_extent:3066: errno=-5 IO failure
        <6>BTRFS info (device dm-4: state EA): forced readonly
        <3>BTRFS error (device dm-4: state EA): failed to run delayed ref for logical 641088929792 num_bytes 16384 type 176 action 2 ref_mod 1: -5
        <2>BTRFS: error (device dm-4: state EA) in btrfs_run_delayed_refs:2150: errno=-5 IO failure
    """, gap=0.1)  # fmt: skip
    for at in (25, 27, 30, 36, 44):
        f.log(bad, at, "bareos-sd", "bak-1-sd JobId 8812: Error: stored/block.cc:803 Write error at 0:0 on device \"FileStorage\" (/srv/backup). ERR=Read-only file system.", unit="bareos-sd.service", priority=3)  # fmt: skip
    f.log(
        "bak-2",
        27,
        "bareos-dir",
        'bak-2-dir JobId 8812: Fatal error: Device "FileStorage" of Storage daemon at bak-1:9103 in error state.',
        priority=3,
    )
    f.log(
        bad,
        40,
        "smartd",
        "Device: /dev/sdb [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from 68 to 67",
        unit="smartd.service",
    )
    f.expect(bad, CRITICAL, "filesystem", ["dm-4", "/srv/backup", "/dev/dm-4"], ["filesystem.corruption"], evidence=["dm-4"],
             not_cause=["disk.failed", "software.failed", "disk.pending_sectors"], actions=["ticket.create", "filesystem.repair"], never=["disk.replace", "disk.format", *NEVER],
             why="Both copies carry an old generation; no read failed below. Read-only is what the torn tree led to.")  # fmt: skip
    f.talk = SLES
    return f


ALL = (
    h100_lost_in_training,
    firmware_of_l40s_silent,
    switch_port_of_a100_faults,
    port_contains_a_fatal_error,
    flash_of_a_database_unreadable,
    perc_fails_a_drive,
    tree_of_a_backup_volume_torn,
)
