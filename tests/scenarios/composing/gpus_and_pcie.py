"""Accelerators and the links they hang on: NVIDIA's Xids, AMD's RAS blocks, NVLink, PCIe."""

from tests.scenarios.composing.fleet import (
    ASUS,
    CRITICAL,
    DELL,
    GIGABYTE,
    HPE,
    INSPUR,
    LENOVO,
    OPENBMC,
    SUPERMICRO,
    WARNING,
    Fleet,
    hosts,
)

SLURM = ("sshd.service", "slurmd.service", "nvidia-persistenced.service")
NODE = {"gpus": 8, "role": "training", "units": SLURM}


def nvlink_fails_under_a_job() -> Fleet:
    f = Fleet("nvlink-fails-under-a-job", "An NVLink of one GPU fails; the job on all eight dies with it",
              hosts("hgx-01 hgx-02 hgx-03", vendor="Supermicro", model="SYS-821GE-TNHR", sensors=SUPERMICRO, rack="g7", switch="leaf-g7", **NODE))  # fmt: skip
    bad = "hgx-02"
    f.kernel(bad, 31, """
        <3>NVRM: Xid (PCI:0000:5d:00): 74, pid='<unknown>', name=<unknown>, NVLink: fatal error detected on link 11(0x0, 0x0, 0x10000, 0x0, 0x0, 0x0, 0x0)
        <3>NVRM: Xid (PCI:0000:5d:00): 74, pid='<unknown>', name=<unknown>, NVLink: fatal error detected on link 11(0x0, 0x0, 0x10000, 0x0, 0x0, 0x0, 0x0)
        <3>nvidia-nvswitch1: SXid (PCI:0000:06:00.0): 20034, Fatal, Link 41 LTSSM Fault Up
        <3>NVRM: Xid (PCI:0000:19:00): 45, pid=71220, name=python3, Ch 00000010
        <3>NVRM: Xid (PCI:0000:3b:00): 45, pid=71221, name=python3, Ch 00000010
        <3>NVRM: Xid (PCI:0000:5d:00): 45, pid=71223, name=python3, Ch 00000010
    """)  # fmt: skip
    f.log(
        bad,
        31.1,
        "nv-fabricmanager",
        "detected NVSwitch fatal error 20034 on fid 0 on NVSwitch pci bus id 00000000:06:00.0 physical id 2 port 41",
        unit="nvidia-fabricmanager.service",
        priority=3,
    )
    f.log(
        bad,
        31.2,
        "slurmstepd",
        "error: *** STEP 88123.0 ON hgx-02 CANCELLED AT 2026-09-14T06:31:12 ***",
        unit="slurmd.service",
        priority=3,
    )
    f.expect(bad, CRITICAL, ["nvlink", "gpu"], ["GPU 0000:5d:00.0", "0000:5d:00", "0000:5d:00.0", "link 11", "NVLink 11", "Link 41", "0000:06:00.0"], "nvlink.error",
             evidence=["NVLink: fatal error"], not_cause=["gpu.application_error", "gpu.fallen_off_bus", "software.failed"],
             actions=["ticket.create", "host.drain", "gpu.reset"], never=["host.power_cycle", "service.restart", "host.reinstall"],
             why="Xid 74 and the switch's SXid name the link; Xid 45 on the other GPUs is what follows. The job is lost.")  # fmt: skip
    return f


def firmware_of_gpu_hangs() -> Fleet:
    f = Fleet("firmware-of-gpu-hangs", "The GSP of one GPU stops answering",
              hosts("l40-1 l40-2", vendor="ASUSTeK", model="ESC8000A-E12", sensors=ASUS, rack="g8", switch="leaf-g8", **NODE))  # fmt: skip
    bad = "l40-2"
    f.kernel(bad, 27, """
        <3>NVRM: Xid (PCI:0000:a1:00): 119, pid=33410, name=nvidia-smi, Timeout after 45s of waiting for RPC response from GPU4 GSP! Expected function 76 (GSP_RM_CONTROL) (0x20800a4c 0x50).
        <4>NVRM: GPU4 GSP RPC buffer contains function 76 (GSP_RM_CONTROL) and data 0x0000000020800a4c 0x0000000000000050.
        <3>NVRM: GPU at PCI:0000:a1:00: GPU-11d0cc0a-44ac-23d1-8a4e-3fb9cc20aa01
        <3>NVRM: Xid (PCI:0000:a1:00): 119, pid=33410, name=nvidia-smi, Timeout after 6s of waiting for RPC response from GPU4 GSP! Expected function 76 (GSP_RM_CONTROL) (0x2080012b 0x4).
        <3>NVRM: Rate limiting GSP RPC error prints for GPU at PCI:0000:a1:00 (printing 1 of every 30).  The GPU likely needs to be reset.
        <3>NVRM: Xid (PCI:0000:a1:00): 154, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)
    """, gap=6)  # fmt: skip
    f.log(
        bad,
        29,
        "nvidia-smi-exporter",
        'level=error msg="nvidia-smi: Unable to determine the device handle for GPU4: 0000:A1:00.0: Unknown Error"',
        unit="nvidia_gpu_exporter.service",
    )
    f.expect(bad, CRITICAL, "gpu", ["GPU 0000:a1:00.0", "0000:a1:00", "0000:a1:00.0", "GPU4", "4"], "gpu.gsp_timeout", evidence=["119"],
             not_cause=["gpu.fallen_off_bus", "gpu.application_error", "software.failed", "gpu.ecc_uncorrectable"],
             actions=["ticket.create", "gpu.reset", "host.drain"], never=["service.restart", "host.reinstall"])  # fmt: skip
    return f


def contained_ecc_error_kills_job() -> Fleet:
    f = Fleet("contained-ecc-error-kills-job", "A double-bit error in HBM is contained: the job dies, the row is remapped",
              hosts("a100-31 a100-32 a100-33", vendor="Inspur", model="NF5488A5", sensors=INSPUR, rack="g9", switch="leaf-g9", **NODE))  # fmt: skip
    bad = "a100-31"
    f.kernel(bad, 24, """
        <3>NVRM: Xid (PCI:0000:cb:00): 48, pid=90112, name=python, An uncorrectable double bit error (DBE) has been detected on GPU in the framebuffer at partition 4, subpartition 1.
        <3>NVRM: Xid (PCI:0000:cb:00): 63, pid=90112, name=python, Row Remapper: New row (0x0000000004f1a0) marked for remapping, reset gpu to activate.
        <3>NVRM: Xid (PCI:0000:cb:00): 94, pid=90112, name=python, Contained: CE User Channel (0x9). RST: No, D-RST: No
        <3>NVRM: Xid (PCI:0000:cb:00): 45, pid=90112, name=python, Ch 0000000a
    """)  # fmt: skip
    f.log(
        bad,
        24.3,
        "slurmstepd",
        "error: Detected 1 task failure: task 6 exited with exit code 1",
        unit="slurmd.service",
        priority=3,
    )
    f.expect(bad, CRITICAL, "gpu", ["GPU 0000:cb:00.0", "0000:cb:00", "0000:cb:00.0"], "gpu.ecc_uncorrectable", evidence=["double bit error (DBE)"],
             not_cause=["gpu.row_remap_failure", "gpu.application_error", "gpu.page_fault", "software.failed", "dimm.uncorrectable"],
             actions=["ticket.create", "gpu.reset", "host.drain"], never=["gpu.replace", "host.power_cycle", "dimm.replace", "service.restart"],
             why="The remapping succeeded (Xid 63, no 64): the GPU needs a reset, not a replacement. The job is lost.")  # fmt: skip
    return f


def paste_dried_on_one_gpu() -> Fleet:
    f = Fleet("paste-dried-on-one-gpu", "One GPU of eight overheats and slows down under the same load, in a cool chassis",
              hosts("v100-5 v100-6", vendor="Dell", model="DSS 8440", sensors=DELL, rack="g10", switch="leaf-g10", **NODE), minutes=80)  # fmt: skip
    bad = "v100-6"
    for gpu in range(8):
        f.metric(
            bad,
            "gpu_temperature_celsius",
            lambda m, g=gpu: 61 + g % 3 if g != 3 or m < 20 else min(94, 63 + (m - 20) * 1.4),
            gpu=str(gpu),
        )
        f.metric("v100-5", "gpu_temperature_celsius", lambda m, g=gpu: 60 + g % 4, gpu=str(gpu))
    f.sel(bad, """
        42 | Temperature GPU4 Temp | Upper Non-critical going high | Asserted | Reading 91 > Threshold 90 degrees C
        46 | Temperature GPU4 Temp | Upper Critical going high | Asserted | Reading 94 > Threshold 93 degrees C
    """)  # fmt: skip
    f.log(
        bad,
        47,
        "dcgm-health",
        "GPU 3: Thermal violations totaling 41.2 seconds detected: clocks throttled due to HW thermal slowdown",
        unit="dcgm-health.service",
        priority=4,
    )
    f.expect(bad, WARNING, "gpu", ["GPU4 Temp", "GPU4", "GPU3", "GPU 3", "3"], "gpu.thermal", evidence=["GPU4 Temp"],
             not_cause=["fan.failed", "cooling.ambient_high", "cooling.airflow", "gpu.fallen_off_bus"], actions=["ticket.create", "host.drain"],
             never=["host.power_cycle", "fan.replace", "service.restart"], why="Inlet, fans and the seven other GPUs are as ever.")  # fmt: skip
    return f


def amd_accelerator_loses_memory() -> Fleet:
    f = Fleet("amd-accelerator-loses-memory", "An AMD accelerator meets an uncorrectable error in its HBM and resets",
              hosts("mi-1 mi-2", vendor="GIGABYTE", model="G593-ZX1", sensors=GIGABYTE, rack="g11", switch="leaf-g11", gpus=8, role="training"))  # fmt: skip
    bad = "mi-1"
    f.kernel(bad, 29, """
        <6>amdgpu 0000:c5:00.0: amdgpu: uncorrectable hardware error(ERREVENT_ATHUB_INTERRUPT) detected!
        <6>amdgpu 0000:c5:00.0: amdgpu: socket: 4, die: 1 1 uncorrectable hardware errors detected in umc block
        <4>amdgpu 0000:c5:00.0: amdgpu: GPU reset begin!
        <3>[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring sdma0 timeout, signaled seq=10442, emitted seq=10444
        <6>amdgpu 0000:c5:00.0: amdgpu: GPU reset succeeded, trying to resume
        <6>amdgpu 0000:c5:00.0: amdgpu: GPU reset(2) succeeded!
    """)  # fmt: skip
    f.log(
        bad,
        29.4,
        "python3",
        "HSA_STATUS_ERROR_MEMORY_FAULT: Agent attempted to access an inaccessible address. code: 0x2b",
        priority=3,
    )
    f.expect(bad, CRITICAL, "gpu", ["GPU 0000:c5:00.0", "0000:c5:00.0", "0000:c5:00"], "gpu.ecc_uncorrectable", evidence=["umc block"],
             not_cause=["gpu.page_fault", "gpu.application_error", "gpu.fallen_off_bus", "software.failed"], actions=["ticket.create", "host.drain", "gpu.reset"],
             never=["host.power_cycle", "dimm.replace", "service.restart"], why="The RAS block names the memory; ring time-out and the program's fault follow from it.")  # fmt: skip
    return f


def program_misuses_gpus() -> Fleet:
    f = Fleet("program-misuses-gpus", "One user's program faults on whichever GPU it is given",
              hosts("rtx-1 rtx-2", vendor="Lenovo", model="ThinkSystem SR670 V2", sensors=LENOVO, rack="g12", switch="leaf-g12", **NODE))  # fmt: skip
    bad = "rtx-1"
    for minute, bus, pid in ((14, "17:00", 5101), (22, "ca:00", 5377), (31, "65:00", 5821), (44, "31:00", 6104)):
        f.kernel(bad, minute, f"""
            <3>NVRM: Xid (PCI:0000:{bus}): 13, pid={pid}, name=mc_sim, Graphics SM Warp Exception on (GPC 2, TPC 4, SM 1): Out Of Range Address
            <3>NVRM: Xid (PCI:0000:{bus}): 13, pid={pid}, name=mc_sim, Graphics Exception: ESR 0x515730=0xc0e000e 0x515734=0x20 0x515728=0xf81eb60 0x51572c=0x1174
            <3>NVRM: Xid (PCI:0000:{bus}): 43, pid={pid}, name=mc_sim, Ch 00000008
        """)  # fmt: skip
        f.log(
            bad,
            minute + 0.1,
            "slurmstepd",
            f"error: Job 7{pid} step 0 exited with exit code 134",
            unit="slurmd.service",
            priority=4,
        )
    f.expect(bad, WARNING, ["gpu", "software"], ["mc_sim", *(f"{p}0000:{b}{s}" for b in ("17:00", "ca:00", "65:00", "31:00") for p in ("GPU ", "") for s in ("", ".0"))],
             ["gpu.application_error", "gpu.page_fault", "software.failed"], evidence=["name=mc_sim"],
             not_cause=["gpu.ecc_uncorrectable", "gpu.fallen_off_bus", "gpu.gsp_timeout"], actions=["ticket.create", "user.notify"],
             never=["gpu.replace", "gpu.reset", "host.reboot", "host.drain", "host.power_cycle"],
             why="Same program, four different GPUs, always an address of its own making.")  # fmt: skip
    return f


def gpu_disappears_from_slot() -> Fleet:
    f = Fleet("gpu-disappears-from-slot", "A GPU is gone: link down at its slot, then Xid 79, and a needed reboot",
              hosts("inf-1 inf-2 inf-3", vendor="HPE", model="ProLiant XL675d Gen10 Plus", sensors=HPE, rack="g13", switch="leaf-g13", **NODE))  # fmt: skip
    bad = "inf-1"
    f.kernel(bad, 33, """
        <4>pcieport 0000:c0:01.1: pciehp: Slot(21): Link Down
        <6>pcieport 0000:c0:01.1: pciehp: Slot(21): Card present
        <3>NVRM: GPU at PCI:0000:c1:00: GPU-6d1a02ff-5fc0-4fd0-b2a5-7f4f19cd6612
        <3>NVRM: GPU Board Serial Number: 1562322001177
        <3>NVRM: Xid (PCI:0000:c1:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.
        <3>NVRM: GPU 0000:c1:00.0: GPU has fallen off the bus.
        <3>NVRM: A GPU crash dump has been created. If possible, please run nvidia-bug-report.sh as root to collect this data before the NVIDIA kernel module is unloaded.
    """)  # fmt: skip
    f.log(
        bad,
        33.5,
        "nvidia-persistenced",
        "Failed to query NVIDIA devices. Please ensure that the NVIDIA device files (/dev/nvidia*) exist, and that user 0 has read and write permissions for those files.",
        unit="nvidia-persistenced.service",
        priority=3,
    )
    f.systemd(
        bad,
        34,
        "<5>triton.service: Main process exited, code=dumped, status=6/ABRT\n<4>triton.service: Failed with result 'core-dump'.",
    )
    f.expect(bad, CRITICAL, "gpu", ["GPU 0000:c1:00.0", "0000:c1:00", "0000:c1:00.0"], "gpu.fallen_off_bus", evidence=["fallen off the bus"],
             not_cause=["software.failed", "gpu.application_error", "pcie.link_degraded"], actions=["ticket.create", "host.drain"],
             never=["service.restart", "host.reinstall", "software.rollback"])  # fmt: skip
    return f


def adapter_reports_fatal_pcie_error() -> Fleet:
    f = Fleet("adapter-reports-fatal-pcie-error", "The port of a network adapter reports a fatal PCIe error; the adapter cannot be recovered",
              hosts("mlx-1 mlx-2", vendor="Supermicro", model="SYS-620U-TNR", sensors=SUPERMICRO, rack="g14", switch="leaf-g14"))  # fmt: skip
    bad = "mlx-2"
    f.kernel(bad, 26, """
        <3>pcieport 0000:97:02.0: AER: Multiple Uncorrected (Fatal) error received: 0000:98:00.0
        <3>mlx5_core 0000:98:00.0: PCIe Bus Error: severity=Uncorrected (Fatal), type=Transaction Layer, (Receiver ID)
        <3>mlx5_core 0000:98:00.0:   device [15b3:101b] error status/mask=00040000/00000000
        <3>mlx5_core 0000:98:00.0:    [18] MalfTLP                (First)
        <3>mlx5_core 0000:98:00.0: AER:   TLP Header: 60001004 0000bc0f 00000020 f4c01000
        <6>mlx5_core 0000:98:00.0: mlx5_pci_err_detected Device state = 1 health sensors: 1 pci_status: 1. Enter, pci channel state = 2
        <3>mlx5_core 0000:98:00.0: mlx5_pci_err_detected Device state = 2 health sensors: 1 pci_status: 0. Exit, result = 4, disconnect
        <3>pcieport 0000:97:02.0: AER: device recovery failed
    """)  # fmt: skip
    f.sel(bad, "26 | Critical Interrupt PCIe | Bus Fatal Error | Asserted", clock=5)
    f.expect(bad, CRITICAL, ["pcie", "nic"], ["0000:98:00.0", "98:00.0", "0000:97:02.0", "PCIe"], "pcie.aer_uncorrectable", evidence=["Uncorrected (Fatal)"],
             not_cause=["nic.link_flap", "cable.errors", "network.unreachable", "pcie.aer_correctable_storm"], actions=["ticket.create", "host.drain"],
             never=["service.restart", "cable.replace", "host.reinstall", "gpu.replace"])  # fmt: skip
    return f


def riser_corrects_all_day() -> Fleet:
    f = Fleet("riser-corrects-all-day", "A slot corrects thousands of PCIe errors an hour; all data still arrive",
              hosts("st-21 st-22", vendor="Quanta", model="D43K-1U", sensors=OPENBMC, rack="g15", switch="leaf-g15", role="storage"), minutes=70)  # fmt: skip
    bad = "st-21"
    for number in range(140):
        f.kernel(bad, 10 + number * 0.4, """
            <4>pcieport 0000:40:03.2: AER: Multiple Corrected error received: 0000:42:00.0
            <4>nvme 0000:42:00.0: PCIe Bus Error: severity=Corrected, type=Physical Layer, (Receiver ID)
            <4>nvme 0000:42:00.0:   device [144d:a824] error status/mask=00000001/00006000
            <4>nvme 0000:42:00.0:    [ 0] RxErr
        """, gap=0.001)  # fmt: skip
    f.expect(bad, WARNING, "pcie", ["0000:42:00.0", "42:00.0", "0000:40:03.2"], "pcie.aer_correctable_storm", evidence=["severity=Corrected"],
             not_cause=["pcie.aer_uncorrectable", "nvme.controller_reset", "nvme.media_error"], actions=["ticket.create"],
             never=["host.reboot", "host.power_cycle", "nvme.replace", "disk.replace", "service.restart"])  # fmt: skip
    return f


def adapter_trains_at_half_width() -> Fleet:
    f = Fleet("adapter-trains-at-half-width", "After an ordered reboot the adapter's link comes up narrower than both ends can",
              hosts("ib-1 ib-2", vendor="Dell", model="PowerEdge XE8545", sensors=DELL, rack="g16", switch="leaf-g16", gpus=4, role="training"))  # fmt: skip
    for name in ("ib-1", "ib-2"):
        f.log(name, 20, "systemd-logind", "System is rebooting.", unit="systemd-logind.service", priority=5)
        f.systemd(name, 20.1, "Reached target System Reboot.", priority=6)
        f.down(name, 20.3, 25)
        f.kernel(
            name,
            25,
            "<5>Linux version 5.14.0-362.24.1.el9_3.x86_64 (mockbuild@iad1-prod-build001.bld.example) (gcc (GCC) 11.4.1) #1 SMP PREEMPT_DYNAMIC",
        )
        f.sel(
            name,
            "20.6 | OS Critical Stop OS Stop | OS graceful shutdown | Asserted\n24.6 | OS Boot OS Boot | C: boot completed | Asserted",
        )
    f.kernel("ib-1", 25.1, "<6>mlx5_core 0000:61:00.0: 252.048 Gb/s available PCIe bandwidth (16.0 GT/s PCIe x16 link)")
    f.kernel("ib-2", 25.1, """
        <6>mlx5_core 0000:61:00.0: firmware version: 20.38.1002
        <6>mlx5_core 0000:61:00.0: 63.008 Gb/s available PCIe bandwidth, limited by 8.0 GT/s PCIe x8 link at 0000:60:03.1 (capable of 252.048 Gb/s with 16.0 GT/s PCIe x16 link)
    """)  # fmt: skip
    f.expect("ib-2", WARNING, "pcie", ["0000:61:00.0", "61:00.0", "0000:60:03.1"], "pcie.link_degraded", evidence=["available PCIe bandwidth, limited by"],
             not_cause=["pcie.aer_correctable_storm", "nic.link_flap", "kernel.panic"], actions=["ticket.create"], never=["host.power_cycle", "nic.replace", "service.restart"],
             why="Both hosts were rebooted on purpose; only ib-2 came back at half width and half speed.")  # fmt: skip
    return f


def row_remapping_runs_out() -> Fleet:
    f = Fleet("row-remapping-runs-out", "A GPU has no spare rows left: remapping fails",
              hosts("a800-1 a800-2", vendor="Inspur", model="NF5688M6", sensors=INSPUR, rack="g17", switch="leaf-g17", **NODE))  # fmt: skip
    bad = "a800-2"
    f.kernel(bad, 21, """
        <3>NVRM: Xid (PCI:0000:4f:00): 48, pid=1201, name=python3, An uncorrectable double bit error (DBE) has been detected on GPU in the framebuffer at partition 6, subpartition 0.
        <3>NVRM: Xid (PCI:0000:4f:00): 64, pid=1201, name=python3, Row Remapper Error: (0x00000006f1ac3b0) - All reserved rows for bank are remapped
        <3>NVRM: Xid (PCI:0000:4f:00): 95, pid=1201, name=python3, Uncontained: LTC TAG (0x2,0x0). RST: Yes, D-RST: No
    """)  # fmt: skip
    f.log(bad, 22, "slurmctld", "update_node: node a800-2 reason set to: GPU ECC", priority=6)
    f.expect(bad, CRITICAL, "gpu", ["GPU 0000:4f:00.0", "0000:4f:00", "0000:4f:00.0"], ["gpu.row_remap_failure"], evidence=["Row Remapper"],
             not_cause=["gpu.application_error", "gpu.page_fault", "dimm.uncorrectable"], actions=["ticket.create", "gpu.replace", "host.drain"],
             never=["host.power_cycle", "dimm.replace", "service.restart"])  # fmt: skip
    return f


ALL = (
    nvlink_fails_under_a_job,
    firmware_of_gpu_hangs,
    contained_ecc_error_kills_job,
    paste_dried_on_one_gpu,
    amd_accelerator_loses_memory,
    program_misuses_gpus,
    gpu_disappears_from_slot,
    adapter_reports_fatal_pcie_error,
    riser_corrects_all_day,
    adapter_trains_at_half_width,
    row_remapping_runs_out,
)
