"""A third batch, written blind: parts, links, feeds and loops of makers and drivers that the first two did not have."""

from tests.scenarios.composing.fleet import (
    CRITICAL,
    FUJITSU,
    GIGABYTE,
    HPE,
    LENOVO,
    OPENBMC,
    SUPERMICRO,
    WARNING,
    Fleet,
    Host,
    Readings,
    hosts,
)

NEVER = ["host.reinstall", "host.power_cycle"]

H3C: Readings = {"Inlet_Temp": (22, "degrees C"), "CPU1_Temp": (49, "degrees C"), "Fan1_F_Speed": (6720, "RPM"),
                 "Fan2_F_Speed": (6760, "RPM"), "PSU1_Pin": (180, "Watts"), "PSU2_Pin": (178, "Watts")}  # fmt: skip
AMPERE: Readings = {"S0_SOC_TEMP": (58, "degrees C"), "TS4_TEMP": (25, "degrees C"), "FAN3_1": (9800, "RPM"),
                    "FAN4_1": (9750, "RPM"), "PSU0_VIN": (231, "Volts"), "PSU1_VIN": (230, "Volts")}  # fmt: skip
MITAC: Readings = {"SYS_AMBIENT": (23, "degrees C"), "CPU0_DTS": (51, "degrees C"), "FAN_SYS_1": (8800, "RPM"),
                   "FAN_SYS_2": (8850, "RPM"), "PSU1_VIN": (228, "Volts"), "PSU2_VIN": (229, "Volts")}  # fmt: skip
WATER: Readings = {"Ambient Temp": (25, "degrees C"), "CPU1 Temp": (47, "degrees C"), "CPU2 Temp": (46, "degrees C"),
                   "PUMP1": (3300, "RPM"), "PUMP2": (3280, "RPM"), "Water In Temp": (38, "degrees C")}  # fmt: skip
BOX: Readings = {"MB Temp": (41, "degrees C"), "Inlet Temp": (27, "degrees C"), "CPU Temp": (58, "degrees C"),
                 "12V": (12.1, "Volts"), "VBAT": (3.02, "Volts")}  # fmt: skip


def omnipath_link_bounces() -> Fleet:
    f = Fleet("omnipath-link-bounces", "The Omni-Path link of one node goes down and up; jobs on it abort, its Ethernet is well",
              hosts("opa-1 opa-2 opa-3 opa-4", vendor="Intel", model="S2600BPB", sensors=LENOVO, rack="h1", switch="sw-h1",
                    units=("sshd.service", "slurmd.service", "opafm.service")), minutes=70)  # fmt: skip
    bad = "opa-3"
    for minute in (14, 21, 23, 37, 44, 52):
        f.kernel(bad, minute, """
            <6>hfi1 0000:81:00.0: hfi1_0: 8051: Link down
            <6>hfi1 0000:81:00.0: hfi1_0: set_link_state: current ACTIVE, new OFFLINE
            <6>hfi1 0000:81:00.0: hfi1_0: physical state changed to PHYS_OFFLINE (0x9), phy 0x90
            <6>hfi1 0000:81:00.0: hfi1_0: set_link_state: current OFFLINE, new POLL
            <6>hfi1 0000:81:00.0: hfi1_0: physical state changed to PHYS_LINKUP (0x5), phy 0x50
            <6>hfi1 0000:81:00.0: hfi1_0: logical state changed to PORT_ACTIVE (0x4)
            <6>IPv6: ADDRCONF(NETDEV_CHANGE): ib0: link becomes ready
        """, gap=1.5)  # fmt: skip
        f.log(bad, minute + 0.4, "slurmstepd", f"error: *** STEP {9000 + minute}.0 ON opa-3 CANCELLED AT 2026-09-14T06:{minute}:30 DUE TO TASK FAILURE ***", priority=3)  # fmt: skip
    f.expect(bad, WARNING, ["nic", "cable"], ["hfi1_0", "ib0", "0000:81:00.0"], ["nic.link_flap", "cable.errors"], evidence=["hfi1_0"],
             not_cause=["software.failed", "switch.failed", "pcie.aer_uncorrectable"], actions=["ticket.create"], never=["service.restart", "host.reboot", *NEVER],
             why="Six times in 40 minutes on one port; the failed steps are what follows.")  # fmt: skip
    return f


def intel_adapter_hangs() -> Fleet:
    f = Fleet("intel-adapter-hangs", "The on-board adapter of a Proxmox host hangs under load and resets itself again and again",
              hosts("pve-1 pve-2 pve-3", vendor="Supermicro", model="SYS-E300-9D", sensors=BOX, rack="home", switch="sw-home", pdu=("ups-home",), role="hypervisor",
                    units=("ssh.service", "pveproxy.service", "corosync.service")), minutes=60)  # fmt: skip
    bad = "pve-2"
    for minute in (12, 19, 20, 31, 45):
        f.kernel(bad, minute, f"""
            <3>e1000e 0000:00:1f.6 eno1: Detected Hardware Unit Hang:
            <3>  TDH                  <{minute:x}>
            <3>  TDT                  <{minute + 9:x}>
            <3>  next_to_use          <{minute + 9:x}>
            <3>  next_to_clean        <{minute:x}>
            <3>MAC Status             <40080083>
            <3>e1000e 0000:00:1f.6 eno1: Reset adapter unexpectedly
            <6>vmbr0: port 1(eno1) entered disabled state
        """)  # fmt: skip
        f.kernel(bad, minute + 0.08, """
            <6>e1000e 0000:00:1f.6 eno1: NIC Link is Up 1000 Mbps Full Duplex, Flow Control: Rx/Tx
            <6>vmbr0: port 1(eno1) entered blocking state
            <6>vmbr0: port 1(eno1) entered forwarding state
        """)  # fmt: skip
        f.log("pve-1", minute + 0.05, "corosync", "[KNET  ] link: host: 2 link: 0 is down\n[KNET  ] host: host: 2 has no active links\n[TOTEM ] Token has not been received in 2737 ms", unit="corosync.service")  # fmt: skip
        f.log("pve-1", minute + 0.15, "corosync", "[KNET  ] rx: host: 2 link: 0 is up", unit="corosync.service")
    f.expect(bad, WARNING, "nic", ["eno1", "0000:00:1f.6"], "nic.link_flap", evidence=["eno1"], not_cause=["switch.failed", "network.unreachable", "software.failed"],
             actions=["ticket.create", "nic.reset"], never=["host.reboot", "service.restart", *NEVER])  # fmt: skip
    return f


def sata_cable_of_a_home_server() -> Fleet:
    f = Fleet("sata-cable-of-a-home-server", "A SATA cable corrupts transfers: interface CRC errors on one port, the pool counts checksum errors, the platters are well",
              [Host("nas", "ASRock Rack", "E3C246D4U", rack="attic", pdu=("ups-attic",), switch="sw-attic", sensors=BOX, role="storage", units=("ssh.service", "zfs-zed.service", "smbd.service"))], minutes=60)  # fmt: skip
    for number, minute in enumerate((9, 16, 17, 28, 29.5, 41, 50)):
        f.kernel("nas", minute, f"""
            <3>ata3.00: exception Emask 0x10 SAct 0x{1 << number + 3:x} SErr 0x280100 action 0x6 frozen
            <3>ata3.00: irq_stat 0x08000000, interface fatal error
            <3>ata3: SError: {{ UnrecovData 10B8B BadCRC }}
            <3>ata3.00: failed command: READ FPDMA QUEUED
            <3>ata3.00: cmd 60/00:{number}8:00:48:a1/07:00:3c:01:00/40 tag {number} ncq dma 917504 in
            <3>ata3.00: status: {{ DRDY }}
            <6>ata3: hard resetting link
            <6>ata3: SATA link up 6.0 Gbps (SStatus 133 SControl 300)
            <6>ata3.00: configured for UDMA/133
            <6>ata3: EH complete
        """)  # fmt: skip
        f.log("nas", minute + 0.3, "zed", f"eid={60 + number} class=checksum pool='tank' vdev=ata-WDC_WD80EFAX-68LHPN0_7SG1QX1R-part1 size=131072 offset={5_331_660_800 + number * 131_072} priority=4 err=52 flags=0x100080", unit="zfs-zed.service", priority=5)  # fmt: skip
    f.log("nas", 30, "smartd", "Device: /dev/sdc [SAT], SMART Usage Attribute: 199 UDMA_CRC_Error_Count changed from 200 to 187", unit="smartmontools.service")  # fmt: skip
    f.kernel("nas", 50.3, "<4>ata3: limiting SATA link speed to 3.0 Gbps")
    f.expect("nas", WARNING, ["cable", "disk"], ["ata3", "ata3.00", "sdc", "/dev/sdc"], "cable.errors", evidence=["BadCRC"], not_cause=["disk.failed", "disk.pending_sectors", "filesystem.corruption"],
             actions=["ticket.create", "cable.replace"], never=["filesystem.repair", "disk.format", "host.reboot", *NEVER],
             why="ICRC errors with a drive that answers: the wire, not the platters. Checksum errors of the pool follow.")  # fmt: skip
    return f


def smart_array_drops_a_drive() -> Fleet:
    f = Fleet("smart-array-drops-a-drive", "A Smart Array controller declares a drive failed; iLO and the driver tell, the volume lives on in recovery mode",
              hosts("ml-1 ml-2", vendor="HPE", model="ProLiant DL380 Gen10", sensors=HPE, rack="h3", switch="sw-h3", role="database", units=("sshd.service", "smad.service", "postgresql.service")))  # fmt: skip
    bad = "ml-2"
    f.kernel(bad, 24, """
        <6>smartpqi 0000:5c:00.0: scsi 1:0:5:0: resetting scsi 1:0:5:0 due to cmd 0x2a
        <6>smartpqi 0000:5c:00.0: reset of scsi 1:0:5:0: SUCCESS
        <6>smartpqi 0000:5c:00.0: removed 1:0:5:0 51402ec0123f4a05 Direct-Access     HPE      EG001200JWJNQ    AIO- qd=62
    """, gap=8)  # fmt: skip
    f.log(
        bad,
        24.5,
        "smad",
        "Internal Storage Enclosure Device Failure (Bay 6, Box 1, Port 2I, Slot 0)",
        unit="smad.service",
        priority=3,
    )
    f.log(
        bad,
        24.6,
        "cmaidad",
        "Logical drive 1 of controller in slot 0 is in interim recovery mode",
        unit="smad.service",
        priority=4,
    )
    f.sel(bad, """
        -90d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        24.5 | Drive Slot / Bay Port 2I Box 1 Bay 6 | Drive Fault | Asserted
        24.5 | Drive Slot / Bay Port 2I Box 1 | In Critical Array | Asserted
    """, clock=-3, dialect="half day")  # fmt: skip
    f.expect(bad, WARNING, ["disk", "raid"], ["Port 2I Box 1 Bay 6", "Bay 6", "6", "1:0:5:0", "Box 1 Bay 6"], "disk.failed", evidence=["Bay 6"], not_cause=["raid.degraded", "software.failed"],
             actions=["ticket.create", "disk.replace"], never=["raid.delete", "disk.format", "host.reboot", *NEVER])  # fmt: skip
    return f


def arm_server_corrects_and_corrects() -> Fleet:
    f = Fleet("arm-server-corrects-and-corrects", "Firmware of an Arm server hands the kernel a stream of corrected memory errors of one module",
              hosts("alt-1 alt-2 alt-3", vendor="Gigabyte", model="R152-P30", sensors=AMPERE, rack="h4", switch="sw-h4"), minutes=70)  # fmt: skip
    bad = "alt-1"
    for number in range(70):
        f.kernel(bad, 10 + number * 0.6, f"""
            <4>{{{number + 3}}}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 8
            <4>{{{number + 3}}}[Hardware Error]: It has been corrected by h/w and requires no further action
            <4>{{{number + 3}}}[Hardware Error]: event severity: corrected
            <4>{{{number + 3}}}[Hardware Error]:  Error 0, type: corrected
            <4>{{{number + 3}}}[Hardware Error]:   section_type: memory error
            <4>{{{number + 3}}}[Hardware Error]:   node:0 card:5 module:0 rank:1 bank_group:2 bank_address:1 device:0 row:{20_000 + number} column:{(number * 8) % 1024}
            <4>{{{number + 3}}}[Hardware Error]:   error_type: 2, single-bit ECC
            <4>{{{number + 3}}}[Hardware Error]:   DIMM location: P0_Node0_Channel5_Dimm0 DIMM_F1
            <3>EDAC MC0: 1 CE single-bit ECC on P0_Node0_Channel5_Dimm0 DIMM_F1 (node:0 card:5 module:0 rank:1 bank_group:2 bank_address:1 device:0 row:{20_000 + number} page:0x8034a5c offset:0x240 grain:1 syndrome:0x0)
        """, gap=0.01)  # fmt: skip
    for minute in (15, 28, 39, 47):
        f.sel(bad, f"{minute} | Memory DIMM_F1_STATUS | Correctable ECC | Asserted", clock=480)
    f.expect(bad, WARNING, "dimm", ["P0_Node0_Channel5_Dimm0", "DIMM_F1", "P0_Node0_Channel5_Dimm0 DIMM_F1", "DIMM_F1_STATUS"], "dimm.correctable_storm", evidence=["DIMM_F1"],
             not_cause=["dimm.uncorrectable", "cpu.mce", "kernel.panic"], actions=["ticket.create", "dimm.replace"], never=["host.reboot", "cpu.replace", *NEVER])  # fmt: skip
    return f


def power_machine_reads_bad_memory() -> Fleet:
    f = Fleet("power-machine-reads-bad-memory", "A POWER9 node takes a machine check on bad memory; the kernel kills the job's process and OPAL names the module",
              hosts("ac-1 ac-2", vendor="IBM", model="8335-GTH AC922", sensors=OPENBMC, rack="h5", switch="sw-h5", gpus=4, role="training"))  # fmt: skip
    bad = "ac-2"
    f.kernel(bad, 27, """
        <0>MCE: CPU20: machine check (Severe)  UE Load/Store DAR: 00007ffe8a3c1280 paddr: 000020086a3c1280 [Not recovered]
        <0>MCE: CPU20: PID: 88121 Comm: vasp_std NIP: [0000000010a3b2c4]
        <0>MCE: CPU20: Initiator CPU
        <0>MCE: CPU20: Hardware error
        <3>Memory failure: 0x20086a3c: Killing vasp_std:88121 due to hardware memory corruption
        <3>Memory failure: 0x20086a3c: recovery action for dirty LRU page: Recovered
    """, gap=0.02)  # fmt: skip
    f.log(
        bad,
        27.6,
        "opal-prd",
        "MEM: Memory error: range 000020086a3c1280-000020086a3c1280, type: uncorrectable",
        unit="opal-prd.service",
        priority=4,
    )
    f.log(bad, 27.7, "slurmstepd", "error: vasp_std: task 3: Bus error", priority=3)
    f.sel(bad, """
        -4d | OS Boot boot_progress | C: boot completed | Asserted
        27.4 | Memory dimm9_func | Uncorrectable ECC | Asserted
    """, clock=22)  # fmt: skip
    f.expect(bad, CRITICAL, "dimm", ["dimm9_func", "dimm9", "DIMM 9"], "dimm.uncorrectable", evidence=["machine check", "Uncorrectable ECC"], not_cause=["cpu.mce", "software.failed", "cpu.ierr"],
             actions=["ticket.create", "host.drain", "dimm.replace"], never=["cpu.replace", "service.restart", *NEVER])  # fmt: skip
    return f


def pump_of_a_water_loop_stops() -> Fleet:
    f = Fleet("pump-of-a-water-loop-stops", "One of two pumps of a direct-cooled node stops; its processor climbs and throttles, water and neighbours are well",
              hosts("wet-1 wet-2 wet-3", vendor="Supermicro", model="SYS-221BT-HNTR", sensors=WATER, rack="h6", switch="sw-h6"), minutes=60)  # fmt: skip
    bad = "wet-1"
    f.reading(bad, "PUMP2", lambda m: (0.0, "nr") if m >= 19 else None)
    f.reading(
        bad, "CPU2 Temp", lambda m: (min(96.0, 46 + (m - 19) * 4.0), "cr" if m >= 31 else "ok") if m >= 20 else None
    )
    f.sel(bad, """
        18.9 | Fan PUMP2 | Lower Critical going low  | Asserted | Reading 420 < Threshold 800 RPM
        19.0 | Fan PUMP2 | Lower Non-recoverable going low  | Asserted | Reading 0 < Threshold 400 RPM
        31.0 | Temperature CPU2 Temp | Upper Critical going high | Asserted | Reading 94 > Threshold 93 degrees C
    """, dialect="central european", clock=-2)  # fmt: skip
    for minute in (32, 34, 38, 45):
        f.kernel(bad, minute, f"<2>mce: CPU44: Core temperature is above threshold, cpu clock is throttled (total events = {minute * 7})\n<2>mce: CPU44: Package temperature is above threshold, cpu clock is throttled (total events = {minute * 9})")  # fmt: skip
    f.expect(bad, WARNING, ["fan", "cooling"], ["PUMP2"], "fan.failed", evidence=["PUMP2"], not_cause=["cpu.thermal_trip", "cooling.ambient_high", "cooling.airflow"],
             actions=["ticket.create", "fan.replace", "host.drain"], never=["cpu.replace", *NEVER])  # fmt: skip
    return f


def cabinet_at_the_edge_gets_hot() -> Fleet:
    f = Fleet("cabinet-at-the-edge-gets-hot", "The cooler of a street cabinet stops: all boxes in it heat up alike, another cabinet stays cool",
              [*hosts("edge-7a edge-7b edge-7c", vendor="Supermicro", model="SYS-E302-12D", sensors=BOX, rack="cabinet-7", pdu=("cabinet-7-dc",), switch="sw-cab7", role="edge"),
               *hosts("edge-8a edge-8b", vendor="Supermicro", model="SYS-E302-12D", sensors=BOX, rack="cabinet-8", pdu=("cabinet-8-dc",), switch="sw-cab8", role="edge")], minutes=80)  # fmt: skip
    for number, name in enumerate(("edge-7a", "edge-7b", "edge-7c")):
        shift = number * 1.5

        def inlet(m: float, shift: float = shift) -> tuple[float, str] | None:
            value = round(min(57.0, 27 + shift + (m - 20) * 0.8), 1)
            return (value, "ok" if value < 45 else "nc" if value < 52 else "cr") if m >= 20 else None

        f.reading(name, "Inlet Temp", inlet)
        f.reading(
            name,
            "MB Temp",
            lambda m, shift=shift: (round(min(71.0, 41 + shift + (m - 20) * 0.8), 1), "ok") if m >= 20 else None,
        )  # type: ignore[misc]
        f.sel(name, f"""
            {43 - number * 2} | Temperature Inlet Temp | Upper Non-critical going high | Asserted | Reading 46 > Threshold 45 degrees C
            {52 - number * 2} | Temperature Inlet Temp | Upper Critical going high | Asserted | Reading 53 > Threshold 52 degrees C
        """, clock=(0, 120, -41)[number])  # fmt: skip
        f.kernel(
            name,
            55 + number,
            "<2>mce: CPU3: Package temperature is above threshold, cpu clock is throttled (total events = 4)",
        )
    f.expect("edge-7a edge-7b edge-7c", CRITICAL, "cooling", ["Inlet Temp", "cabinet-7", "rack cabinet-7", "Inlet"], "cooling.ambient_high", evidence=["Inlet Temp"],
             not_cause=["cpu.thermal_trip", "fan.failed", "cooling.airflow"], actions=["ticket.create"], never=["fan.replace", "cpu.replace", "host.reboot", *NEVER])  # fmt: skip
    return f


def amd_accelerator_lost_from_bus() -> Fleet:
    f = Fleet("amd-accelerator-lost-from-bus", "An MI300X of a Kubernetes node is lost from the bus: its rings time out, its slot is empty, its pods die",
              hosts("mi-1 mi-2", vendor="Gigabyte", model="G593-ZX1", sensors=GIGABYTE, rack="h8", switch="sw-h8", gpus=8, role="training", units=("ssh.service", "kubelet.service", "containerd.service")))  # fmt: skip
    bad = "mi-1"
    f.kernel(bad, 33, """
        <3>amdgpu 0000:c3:00.0: amdgpu: ring comp_1.0.1 timeout, signaled seq=88121, emitted seq=88123
        <6>amdgpu 0000:c3:00.0: amdgpu: GPU reset begin!. Source:  1
        <3>amdgpu 0000:c3:00.0: amdgpu: device lost from bus!
        <3>amdgpu 0000:c3:00.0: amdgpu: SMU: response:0xFFFFFFFF for index:6 param:0x00000000 message:GetSmuVersion?
        <3>amdgpu 0000:c3:00.0: amdgpu: GPU reset end with ret = -19
        <3>[drm:amdgpu_job_timedout [amdgpu]] *ERROR* GPU Recovery Failed: -19
        <6>pcieport 0000:c0:01.1: pciehp: Slot(12): Link Down
        <6>pcieport 0000:c0:01.1: pciehp: Slot(12): Card not present
    """)  # fmt: skip
    f.log(bad, 33.6, "kubelet", "E0914 06:33:36.120112    2210 manager.go:301] \"Device is unhealthy\" resourceName=\"amd.com/gpu\" device=\"0000:c3:00.0\"\nI0914 06:33:41.220112    2210 kuberuntime_container.go:808] \"Killing container with a grace period\" pod=\"train/llm-worker-4\" containerName=\"worker\"", unit="kubelet.service", priority=6)  # fmt: skip
    f.expect(bad, CRITICAL, "gpu", ["GPU 0000:c3:00.0", "0000:c3:00.0", "0000:c3:00", "Slot(12)"], "gpu.fallen_off_bus", evidence=["device lost from bus"],
             not_cause=["gpu.application_error", "software.failed", "gpu.gsp_timeout"], actions=["ticket.create", "host.drain"], never=["service.restart", *NEVER])  # fmt: skip
    return f


def blackwell_link_is_fatal() -> Fleet:
    f = Fleet("blackwell-link-is-fatal", "A fifth-generation NVLink of one GPU reports a fatal event; channels of the seven others are torn down for it",
              hosts("b2-1 b2-2 b2-3", vendor="Supermicro", model="AS-8126GS-TNMR", sensors=SUPERMICRO, rack="h9", switch="sw-h9", gpus=8, role="training", units=("ssh.service", "nvidia-fabricmanager.service", "slurmd.service")))  # fmt: skip
    bad = "b2-3"
    f.kernel(bad, 29, "<3>NVRM: Xid (PCI:0000:dc:00): 149, NETIR_LINK_EVT Fatal XC0 i0 Link 07 (0x025001c6 0x00000000 0x00000000 0x00000000 0x00000000 0x00000000)")  # fmt: skip
    for number, address in enumerate(("1b", "43", "52", "61", "9d", "c3", "d1")):
        f.kernel(bad, 29.01 + number / 600, f"<3>NVRM: Xid (PCI:0000:{address}:00): 145, RLW_SRC_TRACK Nonfatal XC0 i0 Link 0{number} (0x00000004 0x80000000 0x00000000 0x00000000 0x00000000 0x00000000)")  # fmt: skip
    for number, address in enumerate(("1b", "43", "dc", "61", "9d")):
        f.kernel(bad, 29.05 + number / 600, f"<3>NVRM: Xid (PCI:0000:{address}:00): 45, pid={40_100 + number}, name=python3, Ch 0000000{number} caused by previous Xid 14{'9' if address == 'dc' else '5'}")  # fmt: skip
    f.log(
        bad,
        30,
        "slurmstepd",
        "error: *** STEP 771204.0 ON b2-3 CANCELLED AT 2026-09-14T06:30:00 DUE TO NODE FAILURE ***",
        priority=3,
    )
    f.expect(bad, CRITICAL, ["nvlink", "gpu"], ["GPU 0000:dc:00.0", "0000:dc:00", "0000:dc:00.0", "Link 07", "link 7", "NVLink 7", "NVLink 07"], "nvlink.error", evidence=["NETIR_LINK_EVT"],
             not_cause=["gpu.application_error", "gpu.fallen_off_bus", "software.failed"], actions=["ticket.create", "host.drain", "gpu.reset"], never=["service.restart", *NEVER],
             why="Xid 149 names link and GPU; 145 and 45 on the others are what follows.")  # fmt: skip
    return f


def strip_of_a_colo_rack_trips() -> Fleet:
    shared = {"rack": "k4", "pdu": ("strip-k4a", "strip-k4b"), "switch": "sw-k4"}
    f = Fleet("strip-of-a-colo-rack-trips", "One of two power strips of a rack trips: five makes of BMC say so, each in its words and on its own clock",
              [Host("k4-h3c", "H3C", "UniServer R4900 G5", sensors=H3C, **shared), Host("k4-mitac", "MiTAC", "Capri2 B5652T75", sensors=MITAC, **shared),
               Host("k4-fuji", "Fujitsu", "PRIMERGY RX2530 M5", sensors=FUJITSU, **shared), Host("k4-giga", "Gigabyte", "R282-Z93", sensors=GIGABYTE, **shared),
               Host("k4-alt", "Ampere", "Mt. Jade", sensors=AMPERE, **shared), Host("k5-h3c", "H3C", "UniServer R4900 G5", "k5", ("strip-k5a", "strip-k5b"), "sw-k5", sensors=H3C)])  # fmt: skip
    f.reading("k4-h3c", "PSU2_Pin", lambda m: (0.0, "ok") if m >= 26 else None)
    f.reading("k4-mitac", "PSU2_VIN", lambda m: (0.0, "nr") if m >= 26 else None)
    f.reading("k4-alt", "PSU1_VIN", lambda m: (0.0, "cr") if m >= 26 else None)
    f.sel("k4-h3c", "25.1 | Power Supply PSU2_Status | Power Supply AC lost | Asserted\n25.2 | Power Supply PSU_Redundancy | Redundancy Lost | Asserted", clock=480)  # fmt: skip
    f.sel("k4-mitac", "25.1 | Voltage PSU2_VIN | Lower Non-recoverable going low  | Asserted | Reading 0 < Threshold 170 Volts\n25.1 | Power Supply PSU2_STAT | Power Supply AC lost | Asserted", clock=-7)  # fmt: skip
    f.sel("k4-fuji", "25.1 | Power Supply PSU2 | Power Supply AC lost | Asserted\n25.1 | Power Unit PSU Redundancy | Non-Redundant: Sufficient from Redundant | Asserted", dialect="central european")  # fmt: skip
    f.sel("k4-giga", "25.2 | Power Supply PS2_Status | Power Supply AC lost | Asserted", dialect="half day", clock=44)
    f.sel("k4-alt", "25.1 | Power Supply PSU1_STATUS | Power Supply AC lost | Asserted\n25.3 | Power Supply PSU1_STATUS | Failure detected | Asserted", dialect="short utc", clock=1)  # fmt: skip
    f.expect("k4-h3c k4-mitac k4-fuji k4-giga k4-alt", CRITICAL, "pdu", ["strip-k4a", "strip-k4b"], "pdu.failed", evidence=["Power Supply AC lost"],
             not_cause=["psu.failed", "psu.input_lost", "psu.redundancy_lost"], actions=["ticket.create"], never=["psu.replace", "host.reboot", *NEVER],
             why="Every host on the pair of strips loses one input in the same second; which strip is not told by any record.")  # fmt: skip
    return f


ALL = (
    omnipath_link_bounces,
    intel_adapter_hangs,
    sata_cable_of_a_home_server,
    smart_array_drops_a_drive,
    arm_server_corrects_and_corrects,
    power_machine_reads_bad_memory,
    pump_of_a_water_loop_stops,
    cabinet_at_the_edge_gets_hot,
    amd_accelerator_lost_from_bus,
    blackwell_link_is_fatal,
    strip_of_a_colo_rack_trips,
)
