"""Fleets in which nothing is wrong, however it sounds."""

from tests.scenarios.composing.fleet import (
    ASUS,
    FUJITSU,
    GIGABYTE,
    HPE,
    INSPUR,
    INTEL,
    LENOVO,
    SUPERMICRO,
    Fleet,
    hosts,
)

BOOT = """
    <5>Linux version 6.8.0-41-generic (buildd@lcy02-amd64-100) (x86_64-linux-gnu-gcc-13 13.2.0) #41-Ubuntu SMP PREEMPT_DYNAMIC
    <6>Command line: BOOT_IMAGE=/boot/vmlinuz-6.8.0-41-generic root=/dev/mapper/ubuntu--vg-ubuntu--lv ro
    <3>ACPI BIOS Error (bug): Failure creating named object [\\_SB.PC00.RP01._PRW], AE_ALREADY_EXISTS (20230628/dswload2-326)
    <4>MDS CPU bug present and SMT on, data leak possible.
    <3>DMAR: [Firmware Bug]: No firmware reserved region can cover this RMRR [0x00000000a8f00000-0x00000000a8ffffff], contact BIOS vendor for fixes
    <6>mce: CPU0: Thermal monitoring enabled (TM1)
    <4>pci 0000:00:1f.5: BAR 0: error updating (0xfe010000 != 0xffffffff)
    <3>mpt3sas_cm0: overriding NVDATA EEDPTagMode setting from 0 to 1
    <6>ata7: SATA link down (SStatus 0 SControl 300)
    <3>usb 1-14: device descriptor read/64, error -71
    <6>EXT4-fs (sda2): mounted filesystem 1f2b ro with ordered data mode. Quota mode: none.
    <6>igb 0000:04:00.0 eno1: igb: eno1 NIC Link is Up 1000 Mbps Full Duplex, Flow Control: RX/TX
    <4>nvidia: module verification failed: signature and/or required key missing - tainting kernel
"""


def healthy_kernel_updates() -> Fleet:
    f = Fleet("healthy-kernel-updates", "Healthy control: four hosts are rebooted one after the other into a new kernel",
              hosts("up-1 up-2 up-3 up-4", vendor="Lenovo", model="ThinkSystem SR645", sensors=LENOVO, rack="y1", switch="sw-y1"), minutes=70)  # fmt: skip
    for number, name in enumerate(("up-1", "up-2", "up-3", "up-4")):
        at = 10 + number * 12
        f.log(
            name,
            at - 1,
            "sudo",
            "  deploy : TTY=pts/0 ; PWD=/home/deploy ; USER=root ; COMMAND=/usr/sbin/reboot",
            priority=5,
        )
        f.log(
            name,
            at,
            "systemd-logind",
            "The system will reboot now!\nSystem is rebooting.",
            unit="systemd-logind.service",
            priority=5,
        )
        f.systemd(
            name,
            at + 0.1,
            "<6>Stopping OpenBSD Secure Shell server...\n<6>ssh.service: Deactivated successfully.\n<6>Reached target System Reboot.",
        )
        f.kernel(name, at + 0.2, "<6>igb 0000:04:00.0 eno1: igb: eno1 NIC Link is Down\n<6>reboot: Restarting system")
        f.down(name, at + 0.3, at + 5)
        f.kernel(name, at + 5, BOOT)
        f.log(
            name,
            at + 5.4,
            "multipathd",
            "sda: failed to get udev uid: Invalid argument",
            unit="multipathd.service",
            priority=3,
        )
        f.sel(name, f"""
            {at + 0.3} | OS Stop/Shutdown OS Stop | OS graceful shutdown | Asserted
            {at + 1} | System ACPI Power State ACPI State | S4/S5: soft-off | Asserted
            {at + 1.2} | System ACPI Power State ACPI State | S0/G0: working | Asserted
            {at + 5} | OS Boot OS Boot | C: boot completed | Asserted
        """, clock=number * 3 - 4)  # fmt: skip
    return f


def healthy_with_old_history() -> Fleet:
    f = Fleet("healthy-with-old-history", "Healthy control: the event logs hold last year's faults, long repaired",
              hosts("hist-1 hist-2 hist-3", vendor="HPE", model="ProLiant DL380 Gen9", sensors=HPE, rack="y2", switch="sw-y2"))  # fmt: skip
    f.sel("hist-1", """
        -411d | Power Supply Power Supply 2 | Failure detected | Asserted
        -411d | Power Supply Power Supplies | Redundancy Lost | Asserted
        -409d | Power Supply Power Supply 2 | Presence detected | Deasserted
        -409d | Power Supply Power Supply 2 | Presence detected | Asserted
        = Pre-Init  |0000000011| Power Supply Power Supply 1 | Power Supply AC lost | Asserted
        -120d | Memory PROC 1 DIMM 3 | Uncorrectable ECC | Asserted
        -119d | System Event #0x83 | Timestamp Clock Sync | Asserted
    """)  # fmt: skip
    f.sel("hist-2", """
        -80d | Fan Fan 4 | Lower Non-recoverable going low  | Asserted | Reading 0 < Threshold 2 percent
        -79d | Fan Fan 4 | Lower Non-recoverable going low  | Deasserted | Reading 30 > Threshold 2 percent
        -3d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        12 | System Event #0x83 | Timestamp Clock Sync | Asserted
        12.01 | System Event #0x83 | Timestamp Clock Sync | Asserted
    """, dialect="short utc")  # fmt: skip
    f.sel(
        "hist-3",
        "20 | Session Audit #0x2a |  | Asserted\n= OEM record c1 | 000b85 | 00a0420d5101\n33 | Unknown #0x94 |  | Asserted",
    )
    return f


def healthy_storage_chores() -> Fleet:
    f = Fleet("healthy-storage-chores", "Healthy control: checks, scrubs, trims and the chatter of disks that are well",
              hosts("chr-1 chr-2", vendor="Supermicro", model="SSG-6029P", sensors=SUPERMICRO, rack="y3", switch="sw-y3", role="storage"), minutes=70)  # fmt: skip
    f.kernel("chr-1", 12, "<6>md: data-check of RAID array md0")
    f.log(
        "chr-1",
        12.1,
        "mdadm",
        "RebuildStarted event detected on md device /dev/md0",
        unit="mdmonitor.service",
        priority=5,
    )
    f.log(
        "chr-1",
        55,
        "mdadm",
        "Rebuild51 event detected on md device /dev/md0\nRebuildFinished event detected on md device /dev/md0, component device  mismatches found: 128 (on raid level 10)",
        unit="mdmonitor.service",
        priority=5,
    )
    f.kernel("chr-1", 55, "<6>md: md0: data-check done.")
    f.log("chr-2", 15, "zed", "eid=41 class=scrub_start pool='tank'", unit="zfs-zed.service")
    f.log("chr-2", 60, "zed", "eid=44 class=scrub_finish pool='tank'", unit="zfs-zed.service")
    f.log(
        "chr-2",
        14,
        "smartd",
        "Device: /dev/sdd [SAT], SMART Prefailure Attribute: 1 Raw_Read_Error_Rate changed from 78 to 79\nDevice: /dev/sdd [SAT], SMART Usage Attribute: 190 Airflow_Temperature_Cel changed from 68 to 67\nDevice: /dev/sde [SAT], previous self-test completed without error",
        unit="smartd.service",
    )
    f.log(
        "chr-1",
        31,
        "fstrim",
        "/var: 41.2 GiB (44238876672 bytes) trimmed on /dev/mapper/vg0-var",
        unit="fstrim.service",
    )
    f.kernel("chr-2", 38, """
        <3>ata5.00: exception Emask 0x10 SAct 0x0 SErr 0x4040000 action 0xe frozen
        <3>ata5: SError: { CommWake DevExch }
        <6>ata5: hard resetting link
        <6>ata5: SATA link up 6.0 Gbps (SStatus 133 SControl 300)
        <6>ata5.00: configured for UDMA/133
        <6>ata5: EH complete
    """)  # fmt: skip
    f.kernel("chr-1", 41, "<4>nvme nvme0: I/O tag 211 (10d3) QID 4 timeout, completion polled")
    f.kernel("chr-2", 46, "<6>sd 2:0:0:0: [sdc] tag#12 Sense Key : Recovered Error [current] [descriptor]")
    return f


def healthy_container_churn() -> Fleet:
    f = Fleet("healthy-container-churn", "Healthy control: pods come and go, probes fail now and then, links of containers flap as they should",
              hosts("pod-1 pod-2 pod-3", vendor="GIGABYTE", model="R152-Z30", sensors=GIGABYTE, rack="y4", switch="sw-y4", role="kubernetes",
                    units=("sshd.service", "kubelet.service", "containerd.service")))  # fmt: skip
    for number, name in enumerate(("pod-1", "pod-2", "pod-3")):
        for minute in range(4 + number, 56, 5):
            veth = f"veth{minute:02x}{number}a1f3"
            f.kernel(name, minute, f"""
                <6>cni0: port 3({veth}) entered blocking state
                <6>IPv6: ADDRCONF(NETDEV_CHANGE): {veth}: link becomes ready
                <6>device {veth} entered promiscuous mode
            """)  # fmt: skip
            f.kernel(
                name,
                minute + 2,
                f"<6>cni0: port 3({veth}) entered disabled state\n<6>device {veth} left promiscuous mode",
            )
        f.log(
            name,
            18 + number,
            "kubelet",
            'I0914 06:18:02.104833    1402 prober.go:107] "Probe failed" probeType="Readiness" pod="shop/cart-5f" podUID=71 containerName="cart" probeResult=failure output="HTTP probe failed with statuscode: 503"',
            unit="kubelet.service",
        )
        f.log(
            name,
            30 + number,
            "kubelet",
            'E0914 06:30:11.004211    1402 kuberuntime_container.go:858] "Container start failed in pod" pod="ci/build-77" err="context canceled"',
            unit="kubelet.service",
        )
        f.log(
            name,
            33 + number,
            "containerd",
            'time="2026-09-14T06:33:00Z" level=warning msg="cleaning up after shim disconnected" id=91fe namespace=k8s.io',
            unit="containerd.service",
        )
    f.systemd(
        "pod-2",
        40,
        "<6>run-containerd-runc-k8s.io-91fe-runc.Qx1.mount: Deactivated successfully.\n<6>cri-containerd-91fe.scope: Consumed 4min 2.118s CPU time.",
    )
    return f


def healthy_firmware_day() -> Fleet:
    f = Fleet("healthy-firmware-day", "Healthy control: an administrator updates BMC firmware; BMCs are away for minutes and log their restarts",
              hosts("fwd-1 fwd-2 fwd-3", vendor="Inspur", model="NF5280M6", sensors=INSPUR, rack="y5", switch="sw-y5"), minutes=70)  # fmt: skip
    for number, name in enumerate(("fwd-1", "fwd-2")):
        at = 15 + number * 20
        f.log(
            "fwd-3",
            at - 1,
            "sudo",
            f"  hwadmin : TTY=pts/1 ; PWD=/srv/fw ; USER=root ; COMMAND=/usr/local/bin/bmc-update --host {name}-bmc image.hpm",
            priority=5,
        )
        for sensor in INSPUR:
            f.reading(name, sensor, lambda m, a=at: (None, "gone") if a <= m < a + 4 else None)
        f.sel(name, f"""
            {at} | Version Change BMC_Version | Firmware or software change detected, Mngmt Ctrl Firm Rev | Asserted
            = Pre-Init  |0000000009| Management Subsys Health BMC_Boot | Controller access degraded or unavailable | Asserted
            = Pre-Init  |0000000031| Management Subsys Health BMC_Boot | Controller access degraded or unavailable | Deasserted
            = Pre-Init  |0000000014| Power Supply PSU0_Status | Presence detected | Asserted
            = Pre-Init  |0000000014| Power Supply PSU1_Status | Presence detected | Asserted
            {at + 4} | System Event #0x83 | Timestamp Clock Sync | Asserted
        """)  # fmt: skip
        f.kernel(name, at + 1, "<4>ipmi_si IPI0001:00: IPMI: KCS error: ff")
        f.kernel(
            name,
            at + 4,
            "<6>ipmi_si IPI0001:00: IPMI message handler: Found new BMC (man_id: 0x00a2b7, prod_id: 0x0001, dev_id: 0x20)",
        )
    return f


def healthy_and_hot() -> Fleet:
    f = Fleet("healthy-and-hot", "Healthy control: full load, fans fast, temperatures high but within limits, sensors that read nothing",
              hosts("hot-1 hot-2", vendor="ASUSTeK", model="ESC4000A-E11", sensors=ASUS, rack="y6", switch="sw-y6", gpus=4, role="training"))  # fmt: skip
    for name in ("hot-1", "hot-2"):
        f.reading(name, "CPU1 Temperature", lambda m: (round(76 + m % 7), "ok"))
        for fan in ("FRNT_FAN1", "FRNT_FAN2", "FRNT_FAN3"):
            f.reading(name, fan, lambda m: (round(13_400 + m % 9 * 30), "ok"))
        f.reading(name, "TR1 Temp", lambda m: (None, "ns") if m % 14 == 0 else (29, "ok"))
        f.gauge(name, "cpu_percent", lambda m: 97.5)
        for gpu in range(4):
            f.metric(name, "gpu_temperature_celsius", lambda m, g=gpu: 78 + (m + g) % 5, gpu=str(gpu))
    f.kernel(
        "hot-2",
        25,
        "<2>mce: CPU12: Core temperature above threshold, cpu clock throttled (total events = 1)\n<6>mce: CPU12: Core temperature/speed normal",
    )
    f.kernel(
        "hot-1",
        40,
        "<4>perf: interrupt took too long (12511 > 12500), lowering kernel.perf_event_max_sample_rate to 15000",
    )
    return f


def healthy_background_of_the_internet() -> Fleet:
    f = Fleet("healthy-background-of-the-internet", "Healthy control: many addresses try a door two or three times each, as they do everywhere",
              hosts("pub-1 pub-2", vendor="Fujitsu", model="PRIMERGY RX1330 M5", sensors=FUJITSU, rack="y7", switch="sw-y7", role="web"))  # fmt: skip
    for number in range(24):
        for attempt in range(1 + number % 3):
            f.log(
                "pub-1",
                3 + number * 2.2 + attempt * 0.1,
                "sshd",
                f"Failed password for invalid user admin from 203.0.113.{number + 10} port {42000 + number} ssh2",
                unit="sshd.service",
            )
        f.log(
            "pub-1",
            3.4 + number * 2.2,
            "sshd",
            f"Connection closed by invalid user admin 203.0.113.{number + 10} port {42000 + number} [preauth]",
            unit="sshd.service",
        )
    f.log(
        "pub-2",
        22,
        "sshd",
        "error: kex_exchange_identification: banner line contains invalid characters\nbanner exchange: Connection from 203.0.113.99 port 64001: invalid format",
        unit="sshd.service",
        priority=3,
    )
    f.log(
        "pub-2",
        30,
        "sshd",
        "Failed password for mmueller from 10.1.0.8 port 51110 ssh2\nAccepted password for mmueller from 10.1.0.8 port 51110 ssh2",
        unit="sshd.service",
    )
    f.log(
        "pub-1",
        41,
        "nginx",
        "2026/09/14 06:41:00 [error] 811#811: *99 connect() failed (111: Connection refused) while connecting to upstream, client: 203.0.113.7",
        unit="nginx.service",
        priority=3,
    )
    return f


def healthy_services_restart() -> Fleet:
    f = Fleet("healthy-services-restart", "Healthy control: needrestart and logrotate restart services; one dies once and is back by itself",
              hosts("svc-1 svc-2 svc-3", vendor="Intel", model="M50FCP", sensors=INTEL, rack="y8", switch="sw-y8", units=("ssh.service", "nginx.service", "postgresql.service")))  # fmt: skip
    f.log(
        "svc-1",
        10,
        "apt.systemd.daily",
        "Unpacking libssl3:amd64 (3.0.13-0ubuntu3.4) over (3.0.13-0ubuntu3.3) ...",
        unit="apt-daily-upgrade.service",
    )
    for unit, at in (("nginx", 11), ("postgresql", 11.3), ("ssh", 11.6)):
        f.systemd(
            "svc-1",
            at,
            f"<6>Stopping {unit}.service...\n<6>{unit}.service: Deactivated successfully.\n<6>Stopped {unit}.service.\n<6>Started {unit}.service.",
        )
    f.log(
        "svc-1",
        11.35,
        "postgres",
        "2026-09-14 06:11:21.110 UTC [901] LOG:  received fast shutdown request\n2026-09-14 06:11:21.112 UTC [2001] FATAL:  terminating connection due to administrator command\n2026-09-14 06:11:22.001 UTC [3120] LOG:  database system is ready to accept connections",
        unit="postgresql.service",
    )
    f.systemd(
        "svc-2",
        31,
        "<5>exporter.service: Main process exited, code=killed, status=15/TERM\n<6>exporter.service: Scheduled restart job, restart counter is at 1.\n<6>Started exporter.service.",
    )
    f.log(
        "svc-3",
        40,
        "postgres",
        '2026-09-14 06:40:00.000 UTC [71] ERROR:  duplicate key value violates unique constraint "orders_pkey"\n2026-09-14 06:40:00.000 UTC [71] FATAL:  password authentication failed for user "grafana"',
        unit="postgresql.service",
    )
    return f


ALL = (
    healthy_kernel_updates,
    healthy_with_old_history,
    healthy_storage_chores,
    healthy_container_churn,
    healthy_firmware_day,
    healthy_and_hot,
    healthy_background_of_the_internet,
    healthy_services_restart,
)
