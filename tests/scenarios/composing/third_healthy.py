"""A third batch, written blind: fleets in which nothing is wrong, with the chatter of other makers, drivers and daemons."""

from tests.scenarios.composing.fleet import (
    GIGABYTE,
    OPENBMC,
    SUPERMICRO,
    Fleet,
    Host,
    hosts,
)
from tests.scenarios.composing.third_hardware import AMPERE, BOX, H3C, MITAC


def healthy_cluster_of_slurm() -> Fleet:
    f = Fleet("healthy-cluster-of-slurm", "Healthy control: an HPC cluster with jobs that fail by themselves, fabric chatter, adapters that refuse a register",
              hosts("hc-1 hc-2 hc-3 hc-4", vendor="H3C", model="UniServer R4950 G5", sensors=H3C, rack="q1", switch="sw-q1", units=("sshd.service", "slurmd.service", "munge.service")), minutes=70)  # fmt: skip
    for number, name in enumerate(("hc-1", "hc-2", "hc-3", "hc-4")):
        f.kernel(name, 4 + number, """
            <3>mlx5_core 0000:c1:00.0: mlx5_cmd_out_err:808:(pid 2214): ACCESS_REG(0x805) op_mod(0x1) failed, status bad parameter(0x3), syndrome (0x15c356), err(-22)
            <6>mlx5_core 0000:c1:00.0: Port module event: module 0, Cable plugged
            <4>mlx5_core 0000:c1:00.0: poll_health:825: Health events counter synced
            <6>Lustre: Mounted scr-client
        """)  # fmt: skip
        f.log(name, 15 + number, "slurmstepd", "error: *** JOB 55812 ON hc-1 CANCELLED AT 2026-09-14T06:15:00 DUE TO TIME LIMIT ***\ndone with job", priority=3)  # fmt: skip
        f.log(name, 25 + number * 2, "slurmstepd", "error: Unable to send job complete message: Connection refused\ntask_p_post_term: StepId=55820.0 usec=4112", priority=3)  # fmt: skip
        f.log(name, 41, "opensm", "SM port is up\nEntering STANDBY state", priority=6)
    f.kernel(
        "hc-2",
        33,
        "<6>a.out[40122]: segfault at 8 ip 000000000040113a sp 00007ffe31d1b2d0 error 6 in a.out[401000+1000]",
    )
    f.log("hc-2", 33.1, "slurmstepd", "error: hc-2: task 0: Segmentation fault (core dumped)", priority=3)
    f.log("hc-3", 44, "slurmd", "error: Node configuration differs from hardware: CPUs=128:128(hw) Boards=1:1(hw) SocketsPerBoard=8:2(hw) CoresPerSocket=16:64(hw) ThreadsPerCore=1:1(hw)", unit="slurmd.service", priority=3)  # fmt: skip
    f.sel("hc-4", """
        -2d | System ACPI Power State ACPI_PwrState | S0/G0: working | Asserted
        14 | Temperature CPU1_Temp | Upper Non-critical going high | Asserted | Reading 86 > Threshold 85 degrees C
        15 | Temperature CPU1_Temp | Upper Non-critical going high | Deasserted | Reading 80 < Threshold 85 degrees C
        40 | Memory CPU1_DIMM_A0 | Correctable ECC | Asserted
    """, clock=480)  # fmt: skip
    return f


def healthy_home_lab() -> Fleet:
    f = Fleet("healthy-home-lab", "Healthy control: a home lab scrubs its pool, tests its UPS, swaps a backup disk by hand and logs every sleeping drive",
              [Host("lab-nas", "ASRock Rack", "X470D4U", rack="cellar", pdu=("ups-cellar",), switch="sw-cellar", sensors=BOX, role="storage", units=("ssh.service", "zfs-zed.service")),
               Host("lab-pve", "Supermicro", "SYS-5028D-TN4T", rack="cellar", pdu=("ups-cellar",), switch="sw-cellar", sensors=BOX, role="hypervisor", units=("ssh.service", "pveproxy.service"))], minutes=80)  # fmt: skip
    f.log("lab-nas", 6, "zed", "eid=11 class=scrub_start pool='tank'", unit="zfs-zed.service")
    f.log("lab-nas", 70, "zed", "eid=12 class=scrub_finish pool='tank'", unit="zfs-zed.service")
    f.log("lab-nas", 10, "upsmon", "UPS cellar@localhost on battery", unit="nut-monitor.service", priority=5)
    f.log("lab-nas", 10.25, "upsmon", "UPS cellar@localhost on line power", unit="nut-monitor.service", priority=5)
    f.log(
        "lab-nas",
        10.3,
        "upsd",
        "Instant command: admin@127.0.0.1 requested test.battery.start.quick on cellar",
        unit="nut-server.service",
    )
    f.log(
        "lab-nas",
        19.8,
        "sudo",
        "   anna : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/tee /sys/block/sdf/device/delete",
        priority=5,
    )
    f.kernel("lab-nas", 20, "<5>sd 5:0:0:0: [sdf] Synchronizing SCSI cache\n<5>sd 5:0:0:0: [sdf] Stopping disk\n<4>ata6.00: disable device\n<6>ata6: SATA link down (SStatus 0 SControl 300)")  # fmt: skip
    f.kernel("lab-nas", 27, "<6>ata6: SATA link up 6.0 Gbps (SStatus 133 SControl 300)\n<6>ata6.00: ATA-10: ST8000VN004-2M2101, SC60, max UDMA/133\n<5>sd 5:0:0:0: [sdf] 15628053168 512-byte logical blocks: (8.00 TB/7.28 TiB)\n<5>sd 5:0:0:0: [sdf] Attached SCSI removable disk")  # fmt: skip
    for minute in range(3, 80, 12):
        f.log("lab-nas", minute, "smartd", "Device: /dev/sda [SAT], is in STANDBY mode, suspending checks\nDevice: /dev/sdb [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from 117 to 114\nDevice: /dev/sdc [SAT], SMART Prefailure Attribute: 1 Raw_Read_Error_Rate changed from 82 to 83", unit="smartmontools.service")  # fmt: skip
    f.kernel(
        "lab-pve",
        12,
        "<6>tap101i0: entered promiscuous mode\n<6>vmbr0: port 3(tap101i0) entered blocking state\n<6>vmbr0: port 3(tap101i0) entered forwarding state",
    )
    f.kernel("lab-pve", 52, "<6>vmbr0: port 3(tap101i0) entered disabled state\n<4>kvm [22110]: ignored rdmsr: 0xc0011029 data 0x0\n<6>usb 2-1: USB disconnect, device number 4\n<6>usb 2-1: reset SuperSpeed USB device number 5 using xhci_hcd")  # fmt: skip
    f.log("lab-pve", 30, "vzdump", "INFO: starting new backup job: vzdump 101 --mode snapshot\nERROR: Backup of VM 103 failed - VM is locked (backup)\nINFO: Backup job finished with errors", priority=3)  # fmt: skip
    f.sel("lab-pve", """
        = Pre-Init  |0000000009| Physical Security Chassis Intru | General Chassis intrusion | Asserted
        = Pre-Init  |0000000012| Physical Security Chassis Intru | General Chassis intrusion | Deasserted
        5 | OS Boot #0x22 | C: boot completed | Asserted
    """, clock=-90)  # fmt: skip
    return f


def healthy_hypervisors_migrate() -> Fleet:
    f = Fleet("healthy-hypervisors-migrate", "Healthy control: guests of libvirt migrate for an announced change of a host that is then powered off by order for good",
              hosts("kv-1 kv-2 kv-3", vendor="MiTAC", model="Thunder SX", sensors=MITAC, rack="q3", switch="sw-q3", role="hypervisor", units=("ssh.service", "libvirtd.service")), minutes=60)  # fmt: skip
    f.log(
        "kv-3",
        8,
        "libvirtd",
        "Domain id=41 name='db7' is being migrated\ninternal error: End of file from qemu monitor",
        unit="libvirtd.service",
        priority=3,
    )
    f.log("kv-1", 8.2, "libvirtd", "Domain id=12 name='db7' resumed after migration", unit="libvirtd.service")
    f.kernel("kv-3", 8.4, "<6>br0: port 5(vnet41) entered disabled state\n<6>device vnet41 left promiscuous mode")
    f.log(
        "kv-3",
        19,
        "sudo",
        "  ops : TTY=pts/0 ; PWD=/home/ops ; USER=root ; COMMAND=/usr/sbin/shutdown -P +0 decommissioning, change 4411",
        priority=5,
    )
    f.log(
        "kv-3",
        19.1,
        "systemd-logind",
        "The system will power off now!\nSystem is powering down.",
        unit="systemd-logind.service",
        priority=5,
    )
    f.systemd(
        "kv-3",
        19.2,
        "<6>libvirtd.service: Deactivated successfully.\n<6>Stopped Virtualization daemon.\n<6>Reached target System Power Off.",
    )
    f.kernel("kv-3", 19.4, "<6>i40e 0000:3b:00.0 eno1: NIC Link is Down\n<6>reboot: Power down")
    f.down("kv-3", 19.5, 60, boots=False)
    f.sel("kv-3", """
        19.3 | OS Stop/Shutdown OS_STOP | OS graceful shutdown | Asserted
        19.5 | System ACPI Power State ACPI_STATE | S4/S5: soft-off | Asserted
        19.5 | Power Unit PWR_STATE | Power off/down | Asserted
        19.6 | Session Audit AUDIT |  | Asserted
    """, clock=13)  # fmt: skip
    f.kernel("kv-1", 30, "<4>x86/split lock detection: #AC: CPU 3/KVM/22110 took a split_lock trap at address: 0xfffff8016a2c1d2f\n<4>clocksource: timekeeping watchdog on CPU17: hpet wd-wd read-back delay of 204000ns\n<4>hrtimer: interrupt took 21411 ns")  # fmt: skip
    return f


def healthy_pods_on_accelerators() -> Fleet:
    f = Fleet("healthy-pods-on-accelerators", "Healthy control: accelerators of two makers boot, pods are pulled, preempted and scaled, certificates turn over",
              [Host("ka-1", "Gigabyte", "G593-ZX1", rack="q4", switch="sw-q4", gpus=8, sensors=GIGABYTE, role="training", units=("ssh.service", "kubelet.service", "containerd.service")),
               Host("ka-2", "Supermicro", "SYS-821GE-TNHR", rack="q4", switch="sw-q4", gpus=8, sensors=SUPERMICRO, role="training", units=("ssh.service", "kubelet.service", "containerd.service"))], minutes=70)  # fmt: skip
    f.kernel("ka-1", 3, """
        <6>[drm] amdgpu kernel modesetting enabled.
        <6>amdgpu 0000:c3:00.0: amdgpu: Fetched VBIOS from ROM BAR
        <6>amdgpu 0000:c3:00.0: amdgpu: RAS INFO: ras initialized successfully, hardware ability[67f7f] ras_mask[67f7f]
        <4>amdgpu 0000:c3:00.0: amdgpu: Secure display: Generic Failure.
        <6>amdgpu 0000:c3:00.0: amdgpu: SMU is initialized successfully!
        <4>amdgpu 0000:c3:00.0: amdgpu: psp gfx command LOAD_TA(0x1) failed and response status is (0x7)
        <6>amdgpu: HMM registered 196592MB device memory
    """)  # fmt: skip
    f.kernel("ka-2", 3, """
        <4>NVRM: loading NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build
        <6>nvidia 0000:1b:00.0: enabling device (0140 -> 0142)
        <5>nvidia-nvswitch: Probing device 0000:05:00.0, Vendor Id = 0x10de, Device Id = 0x22a3, Class = 0x68000
        <6>NVRM: GPU 0000:1b:00.0: RmInitAdapter succeeded on retry
        <4>nvidia-uvm: Loaded the UVM driver, major device number 235.
    """)  # fmt: skip
    for minute in range(8, 66, 6):
        f.log("ka-2", minute, "kubelet", f"""
            E0914 06:{minute:02}:11.112    2210 pod_workers.go:1298] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"web\\" with ImagePullBackOff: \\"Back-off pulling image \\\\\\"registry.example/web:{minute}\\\\\\"\\"" pod="dev/web-{minute}"
            I0914 06:{minute:02}:14.112    2210 prober.go:107] "Probe failed" probeType="Readiness" pod="dev/api-{minute}" podUID="1" containerName="api" probeResult="failure" output="HTTP probe failed with statuscode: 503"
        """, unit="kubelet.service", gap=2)  # fmt: skip
        f.kernel("ka-1", minute + 1, f"<6>cali{minute:04x}a1b2: Caught tx_queue_len zero misconfig\n<6>IPv6: ADDRCONF(NETDEV_CHANGE): cali{minute:04x}a1b2: link becomes ready\n<6>eth0: renamed from tmp{minute:04x}")  # fmt: skip
    f.log("ka-1", 22, "kubelet", "I0914 06:22:00.112    2210 certificate_manager.go:356] kubernetes.io/kube-apiserver-client-kubelet: Rotating certificates\nI0914 06:22:10.112    2210 preemption.go:140] \"Preempted pod\" pod=\"batch/low-prio-3\"", unit="kubelet.service")  # fmt: skip
    for gpu in range(8):
        f.metric("ka-2", "gpu_temperature_celsius", lambda m, gpu=gpu: 71 + gpu % 4 + (m % 6) / 3, gpu=str(gpu))  # type: ignore[misc]
    f.sel("ka-2", """
        20 | Drive Slot / Bay NVMe_SSD 3 | Drive Present | Deasserted
        24 | Drive Slot / Bay NVMe_SSD 3 | Drive Present | Asserted
        33 | Watchdog 2 #0xca | Timer interrupt | Asserted
    """, clock=-7)  # fmt: skip
    f.log(
        "ka-2",
        19.5,
        "sudo",
        "   dc-ops : TTY=pts/1 ; PWD=/home/dc-ops ; USER=root ; COMMAND=/usr/sbin/nvme disconnect; remove spare drive 3, change 8812",
        priority=5,
    )
    return f


def healthy_arm_and_openbmc() -> Fleet:
    f = Fleet("healthy-arm-and-openbmc", "Healthy control: Arm and OpenBMC machines with clocks of 1970, corrected trifles, supplies that are tested, lines that come late",
              [*hosts("oc-1 oc-2", vendor="Wiwynn", model="SV7220G3", sensors=OPENBMC, rack="q5", switch="sw-q5"), *hosts("am-5 am-6", vendor="Ampere", model="Mt. Snow", sensors=AMPERE, rack="q6", switch="sw-q6")], minutes=70)  # fmt: skip
    f.sel("oc-1", """
        = 01/01/70 | 00:00:14 UTC | Microcontroller/Coprocessor #0x10 | Transition to Running | Asserted
        = 01/01/70 | 00:01:44 UTC | System Firmware Progress #0x01 | Memory initialization | Asserted
        12 | System Event #0x83 | Timestamp Clock Sync | Asserted
        30 | Power Supply ps0_status | Power Supply AC lost | Asserted
        30.1 | Power Supply ps0_status | Power Supply AC lost | Deasserted
    """, dialect="short utc", clock=-1)  # fmt: skip
    f.log(
        "oc-1",
        29,
        "sudo",
        "  facility : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/wall planned test of transfer switch in row q, feeds blink once",
        priority=5,
    )
    f.kernel("am-5", 18, """
        <4>{7}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 8
        <4>{7}[Hardware Error]: It has been corrected by h/w and requires no further action
        <4>{7}[Hardware Error]: event severity: corrected
        <4>{7}[Hardware Error]:  Error 0, type: corrected
        <4>{7}[Hardware Error]:   section_type: memory error
        <4>{7}[Hardware Error]:   error_type: 2, single-bit ECC
        <4>{7}[Hardware Error]:   DIMM location: P0_Node0_Channel2_Dimm0 DIMM_C1
    """, gap=0.01)  # fmt: skip
    f.kernel("am-6", 24, "<3>arm-smmu-v3 arm-smmu-v3.3.auto: event 0x10 received:\n<4>cppc_cpufreq: cpufreq set frequency to 2800000 failed\n<3>xgene-rng APMC0D18:00: failed to read\n<6>ACPI: CPU97 has been hot-added")  # fmt: skip
    f.log(
        "am-6",
        40,
        "rasdaemon",
        "Can't get traces from ras:aer_event\nras:mc_event event enabled",
        unit="rasdaemon.service",
        priority=4,
    )
    f.log("oc-2", 33, "systemd", "dnf-makecache.service: Main process exited, code=exited, status=1/FAILURE\ndnf-makecache.service: Failed with result 'exit-code'.", unit="init.scope", priority=4, late=300)  # fmt: skip
    f.systemd("oc-2", 43, "<6>dnf-makecache.service: Deactivated successfully.\n<6>Finished dnf makecache.")
    f.log(
        "oc-2",
        47,
        "chronyd",
        "Selected source 192.0.2.2 (ntp-2.example)\nSystem clock wrong by 0.000881 seconds",
        unit="chronyd.service",
        late=420,
    )
    return f


ALL = (
    healthy_cluster_of_slurm,
    healthy_home_lab,
    healthy_hypervisors_migrate,
    healthy_pods_on_accelerators,
    healthy_arm_and_openbmc,
)
