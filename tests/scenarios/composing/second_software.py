"""A second batch, written blind once what the first one showed was mended: services, kernels, names, and fleets that are well."""

from tests.scenarios.composing.fleet import (
    CISCO,
    CRITICAL,
    DELL,
    FUJITSU,
    HPE,
    LENOVO,
    OPENBMC,
    SUPERMICRO,
    WARNING,
    Fleet,
    Host,
    hosts,
)

NEVER = ["host.reinstall", "host.power_cycle"]


def ntpd_steps_the_clock() -> Fleet:
    f = Fleet("ntpd-steps-the-clock", "On an old system ntpd steps the clock by minutes, again and again",
              hosts("el7-1 el7-2", vendor="HPE", model="ProLiant DL360 Gen8", sensors=HPE, rack="aa6", switch="sw-aa6", units=("sshd.service", "crond.service", "ntpd.service")), minutes=80)  # fmt: skip
    bad = "el7-1"
    for minute, step in ((14, "+91.331840"), (36, "+88.101922"), (58, "+90.774110")):
        f.log(
            bad,
            minute,
            "ntpd",
            f"0.0.0.0 c61c 0c clock_step {step} s\n0.0.0.0 c614 04 freq_mode\ntime reset {step} s",
            unit="ntpd.service",
        )
    f.expect(bad, WARNING, "time", ["ntpd", "ntpd.service", "system clock", "clock", bad], "time.skew", evidence=["s"], not_cause=["cmos_battery.low", "software.failed"],
             actions=["ticket.create", "service.restart"], never=["motherboard.replace", "host.reboot", *NEVER])  # fmt: skip
    return f


def pam_counts_failures() -> Fleet:
    f = Fleet("pam-counts-failures", "One address guesses passwords; PAM and sshd of SUSE tell it in their words",
              hosts("sle-1 sle-2", vendor="Lenovo", model="ThinkSystem SR250", sensors=LENOVO, rack="aa7", switch="sw-aa7", role="login"))  # fmt: skip
    bad = "sle-1"
    for number in range(150):
        at = 10 + number * 0.2
        f.log(
            bad,
            at,
            "sshd",
            f"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.201  user={'root' if number % 2 else 'dbadmin'}\nerror: PAM: Authentication failure for {'root' if number % 2 else 'illegal user dbadmin'} from 203.0.113.201\nPAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.201  user=root",
            unit="sshd.service",
            priority=5,
            gap=0.4,
        )
    f.expect(bad, WARNING, "security", ["203.0.113.201", "sshd", "sshd.service"], "security.bruteforce", evidence=["203.0.113.201"], not_cause=["software.failed"],
             actions=["ticket.create", "network.block_ip"], never=["service.restart", "host.drain", "host.reboot", *NEVER])  # fmt: skip
    return f


def registry_cannot_be_looked_up() -> Fleet:
    f = Fleet("registry-cannot-be-looked-up", "Three container hosts cannot look up any name: their name server times out",
              [Host("ch-1", "Dell", "PowerEdge R640", rack="ab1", switch="sw-ab1", sensors=DELL), Host("ch-2", "Dell", "PowerEdge R640", rack="ab2", switch="sw-ab2", sensors=DELL, pdu=("pdu-ab2",)),
               Host("ch-3", "HPE", "ProLiant DL360 Gen10", rack="ab3", switch="sw-ab3", sensors=HPE, pdu=("pdu-ab3",))])  # fmt: skip
    for number, name in enumerate(("ch-1", "ch-2", "ch-3")):
        for minute in range(20, 45, 2):
            f.log(
                name,
                minute + number * 0.1,
                "dockerd",
                f'time="2026-09-14T06:{minute}:00Z" level=warning msg="Error getting v2 registry: Get \\"https://registry-{minute}.example/v2/\\": dial tcp: lookup registry-{minute}.example on 10.2.0.10:53: read udp 10.2.1.{number + 4}:44312->10.2.0.10:53: i/o timeout"',
                unit="docker.service",
            )
    f.expect("ch-1 ch-2 ch-3", CRITICAL, "network", ["10.2.0.10", "dns", "DNS", "10.2.0.10:53"], "network.dns", evidence=["10.2.0.10:53"], not_cause=["network.unreachable", "switch.failed", "software.failed"],
             actions=["ticket.create"], never=["service.restart", "nic.replace", "host.reboot", *NEVER])  # fmt: skip
    return f


def protection_fault_panics() -> Fleet:
    f = Fleet("protection-fault-panics", "A general protection fault in a driver ends in a panic; kdump writes the core, the host is back",
              hosts("gp-1 gp-2", vendor="Supermicro", model="SYS-2029BT", sensors=SUPERMICRO, rack="ab7", switch="sw-ab7"))  # fmt: skip
    bad = "gp-2"
    f.kernel(bad, 22, """
        <4>general protection fault, probably for non-canonical address 0xdead000000000122: 0000 [#1] PREEMPT SMP NOPTI
        <4>CPU: 18 PID: 2211 Comm: lctl Kdump: loaded Tainted: P           OE      6.1.0-21-amd64 #1  Debian 6.1.90-1
        <4>RIP: 0010:ptlrpc_connect_import_locked+0x1d3/0x9a0 [ptlrpc]
        <0>Kernel panic - not syncing: Fatal exception
    """, gap=0.01)  # fmt: skip
    f.down(bad, 22.1, 29)
    f.kernel(
        bad,
        29,
        "<5>Linux version 6.1.0-21-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0) #1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1",
    )
    f.log(bad, 29.5, "kdump-tools", "saved vmcore in /var/crash/202609140624", unit="kdump-tools.service")
    f.sel(
        bad,
        "22 | OS Critical Stop OS Stop | Run-time critical stop | Asserted\n28.7 | OS Boot OS Boot | C: boot completed | Asserted",
        clock=31,
    )
    f.expect(bad, CRITICAL, "kernel", ["kernel", "ptlrpc", bad, "lctl"], "kernel.panic", evidence=["Kernel panic - not syncing"], not_cause=["cpu.ierr", "psu.input_lost", "software.failed"],
             actions=["ticket.create"], never=["cpu.replace", "dimm.replace", *NEVER])  # fmt: skip
    return f


def old_kernel_soft_lockup() -> Fleet:
    f = Fleet("old-kernel-soft-lockup", "An old kernel reports a CPU stuck in a driver, for minutes",
              hosts("s12-1 s12-2", vendor="Fujitsu", model="PRIMERGY RX300 S8", sensors=FUJITSU, rack="ab8", switch="sw-ab8"))  # fmt: skip
    bad = "s12-2"
    for number in range(8):
        f.kernel(
            bad,
            30 + number * 0.47,
            "<0>NMI watchdog: BUG: soft lockup - CPU#5 stuck for 22s! [kswapd0:181]\n<4>CPU: 5 PID: 181 Comm: kswapd0 Tainted: G             L   4.4.180-94.164-default #1",
            gap=0.01,
        )
    f.kernel(
        bad,
        31,
        "<3>INFO: rcu_sched detected stalls on CPUs/tasks: { 5} (detected by 2, t=15002 jiffies, g=8812, c=8811, q=0)",
    )
    f.expect(bad, CRITICAL, "kernel", ["CPU#5", "CPU5", "5", "kswapd0", "kernel", bad, "kswapd0:181"], "kernel.soft_lockup", evidence=["soft lockup"], not_cause=["cpu.mce", "kernel.panic", "memory_pressure.oom"],
             actions=["ticket.create", "host.drain", "host.reboot"], never=["cpu.replace", *NEVER])  # fmt: skip
    return f


def container_daemon_dies() -> Fleet:
    f = Fleet("container-daemon-dies", "The Docker daemon panics once and stays down",
              hosts("dk-1 dk-2", vendor="Cisco", model="UCSC-C220-M5SX", sensors=CISCO, rack="ac1", switch="sw-ac1", units=("sshd.service", "docker.service")))  # fmt: skip
    bad = "dk-1"
    f.log(
        bad,
        26,
        "dockerd",
        "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x55d0c2a3b1f4]",
        unit="docker.service",
        priority=6,
    )
    f.systemd(
        bad,
        26.05,
        "<5>docker.service: Main process exited, code=exited, status=2/INVALIDARGUMENT\n<4>docker.service: Failed with result 'exit-code'.",
    )
    f.state(bad, "docker.service", lambda m: ("failed", "failed") if m >= 26 else None)
    f.expect(bad, CRITICAL, "software", ["docker.service", "docker", "dockerd"], "software.failed", evidence=["docker.service: Failed with result"], not_cause=["software.crash_loop", "memory_pressure.oom", "network.unreachable"],
             actions=["ticket.create", "service.restart"], never=["host.reboot", *NEVER])  # fmt: skip
    return f


def automatic_upgrade_breaks_proxy() -> Fleet:
    f = Fleet("automatic-upgrade-breaks-proxy", "An automatic upgrade of HAProxy on one of three hosts refuses the old configuration",
              hosts("lb-1 lb-2 lb-3", vendor="Dell", model="PowerEdge R350", sensors=DELL, rack="ac2", switch="sw-ac2", role="proxy", units=("ssh.service", "haproxy.service")))  # fmt: skip
    bad = "lb-2"
    f.log(bad, 20, "unattended-upgrade", "Packages that will be upgraded: haproxy", unit="apt-daily-upgrade.service")
    f.log(bad, 20.4, "dpkg", "status installed haproxy:amd64 2.8.5-1ubuntu3.1")
    for attempt in range(5):
        at = 20.6 + attempt * 0.05
        f.log(
            bad,
            at,
            "haproxy",
            "[ALERT]    (2144) : config : parsing [/etc/haproxy/haproxy.cfg:41] : unknown keyword 'reqadd' in 'frontend' section\n[ALERT]    (2144) : config : Fatal errors found in configuration.",
            unit="haproxy.service",
            priority=1,
        )
        f.systemd(
            bad,
            at + 0.01,
            f"<5>haproxy.service: Main process exited, code=exited, status=1/FAILURE\n<4>haproxy.service: Failed with result 'exit-code'.\n<6>haproxy.service: Scheduled restart job, restart counter is at {attempt + 1}.",
        )
    f.systemd(
        bad,
        21,
        "<4>haproxy.service: Start request repeated too quickly.\n<4>haproxy.service: Failed with result 'exit-code'.\n<3>Failed to start haproxy.service - HAProxy Load Balancer.",
    )
    f.state(bad, "haproxy.service", lambda m: ("failed", "failed") if m >= 22 else None)
    f.expect(bad, CRITICAL, "software", ["haproxy.service", "haproxy"], "software.regression", evidence=["haproxy"], not_cause=["software.crash_loop", "software.failed"],
             actions=["ticket.create", "software.rollback"], never=["host.reboot", "service.restart", *NEVER])  # fmt: skip
    return f


def management_session_times_out() -> Fleet:
    f = Fleet("management-session-times-out", "A BMC answers no session of FreeIPMI any more, its host works on",
              [*hosts("fi-1 fi-2 fi-3", vendor="Quanta", model="D52BQ-2U", sensors=OPENBMC, rack="ac3", switch="sw-ac3"),
               Host("adm", "Dell", "PowerEdge R250", rack="ac4", switch="sw-ac4", sensors=DELL, role="monitoring")], minutes=70)  # fmt: skip
    for sensor in OPENBMC:
        f.reading("fi-3", sensor, lambda m: (None, "gone") if m >= 24 else None)
    for minute in range(24, 70, 2):
        f.log("adm", minute, "ipmi-poll", "fi-3-bmc: ipmi-sensors: connection timeout", priority=4)
    f.expect("fi-3", WARNING, "bmc", ["fi-3-bmc"], "bmc.unreachable", evidence=["fi-3-bmc"], not_cause=["network.unreachable", "psu.input_lost", "kernel.panic"],
             actions=["ticket.create", "bmc.reset"], never=["host.drain", "host.reboot", *NEVER])  # fmt: skip
    return f


def log_volume_full_without_metrics() -> Fleet:
    f = Fleet("log-volume-full-without-metrics", "Programs say that the disk is full; nobody measures that volume",
              hosts("sp-1 sp-2", vendor="HPE", model="ProLiant ML350 Gen10", sensors=HPE, rack="ad4", switch="sw-ad4"))  # fmt: skip
    bad = "sp-2"
    for minute in range(20, 50, 3):
        f.log(
            bad,
            minute,
            "rsyslogd",
            "file '/var/log/messages'[8] write error - see https://www.rsyslog.com/solving-rsyslog-write-errors/ for help OS error: No space left on device [v8.2310.0 try https://www.rsyslog.com/e/2027 ]",
            unit="rsyslog.service",
            priority=3,
        )
        f.log(
            bad,
            minute + 1,
            "auditd",
            "Audit daemon has no space left on logging partition",
            unit="auditd.service",
            priority=3,
        )
    f.expect(bad, CRITICAL, "filesystem", ["/var/log", "/var", "/var/log/messages", "/"], "filesystem.full", evidence=["No space left on device"], not_cause=["software.failed", "disk.failed"],
             actions=["ticket.create", "filesystem.cleanup", "logs.rotate"], never=["disk.replace", "host.reboot", *NEVER])  # fmt: skip
    return f


def healthy_after_driver_upgrade() -> Fleet:
    f = Fleet("healthy-after-driver-upgrade", "Healthy control: the NVIDIA driver is upgraded, links are set down and up by hand, clocks slew a little",
              hosts("up-a up-b", vendor="Lenovo", model="ThinkSystem SR675 V3", sensors=LENOVO, rack="ad7", switch="sw-ad7", gpus=8, role="training"))  # fmt: skip
    f.systemd(
        "up-a",
        12,
        "<6>Stopping NVIDIA Persistence Daemon...\n<6>nvidia-persistenced.service: Deactivated successfully.\n<6>Stopped NVIDIA Persistence Daemon.",
    )
    f.kernel(
        "up-a",
        13,
        "<6>nvidia-uvm: Unloaded the UVM driver.\n<6>[drm] [nvidia-drm] [GPU ID 0x00001b00] Unloading driver\n<6>nvidia-modeset: Unloading\n<6>nvidia-nvlink: Unregistered Nvlink Core, major device number 510\n<4>nvidia: loading out-of-tree module taints kernel.\n<6>nvidia-nvlink: Nvlink Core is being initialized, major device number 510\n<4>NVRM: loading NVIDIA UNIX x86_64 Kernel Module  550.90.07  Fri May 31 09:35:42 UTC 2024",
    )
    f.systemd("up-a", 14, "<6>Started NVIDIA Persistence Daemon.")
    f.log(
        "up-b",
        20,
        "sudo",
        "   neteng : TTY=pts/2 ; PWD=/home/neteng ; USER=root ; COMMAND=/usr/sbin/ip link set ens1f1 down",
        priority=5,
    )
    f.kernel("up-b", 20.02, "<6>ice 0000:31:00.1 ens1f1: NIC Link is Down")
    f.log(
        "up-b",
        20.3,
        "sudo",
        "   neteng : TTY=pts/2 ; PWD=/home/neteng ; USER=root ; COMMAND=/usr/sbin/ip link set ens1f1 up",
        priority=5,
    )
    f.kernel(
        "up-b",
        20.35,
        "<6>ice 0000:31:00.1 ens1f1: NIC Link is up 100 Gbps Full Duplex, Requested FEC: RS-FEC, Negotiated FEC: RS-FEC, Autoneg Advertised: On, Autoneg Negotiated: True, Flow Control: None",
    )
    f.log(
        "up-a",
        31,
        "chronyd",
        "System clock wrong by -0.004112 seconds\nSelected source 192.0.2.2 (ntp-2.example)",
        unit="chronyd.service",
    )
    f.kernel(
        "up-b",
        36,
        "<6>{2}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 0\n<6>{2}[Hardware Error]: It has been corrected by h/w and requires no further action\n<6>{2}[Hardware Error]: event severity: corrected\n<6>{2}[Hardware Error]:  Error 0, type: corrected\n<6>{2}[Hardware Error]:   section_type: PCIe error",
        gap=0.01,
    )
    return f


def healthy_power_cap_and_audit() -> Fleet:
    f = Fleet("healthy-power-cap-and-audit", "Healthy control: event logs full of audits, clock syncs, a power cap, a cover opened and closed in an announced maintenance",
              hosts("au-1 au-2", vendor="HPE", model="Synergy 480 Gen10", sensors=HPE, rack="ad8", switch="sw-ad8"))  # fmt: skip
    f.sel("au-1", """
        -60d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        10 | Session Audit #0x2a |  | Asserted
        14 | System Event #0x83 | Timestamp Clock Sync | Asserted
        14 | System Event #0x83 | Timestamp Clock Sync | Asserted
        21 | Power Supply Power Supply 1 | Presence detected | Asserted
        30 | System Firmware Progress #0x06 | System boot initiated | Asserted
    """, clock=-64)  # fmt: skip
    f.sel("au-2", """
        11 | Fan Fan 2 | Lower Critical going low  | Asserted | Reading 3 < Threshold 4 percent
        11.1 | Fan Fan 2 | Lower Critical going low  | Deasserted | Reading 34 > Threshold 4 percent
    """)  # fmt: skip
    f.log(
        "au-2",
        25,
        "kernel",
        "<6>microcode: updated early: 0xd000389 -> 0xd0003b9\n<4>Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible via Spectre v2 BHB attacks!",
    )
    f.log(
        "au-1",
        33,
        "tuned",
        "ERROR    tuned.utils.commands: Executing 'cpupower' error: [Errno 2] No such file or directory",
        unit="tuned.service",
        priority=3,
    )
    f.log("au-2", 41, "ansible-command", "Invoked with _raw_params=dmidecode -t memory warn=True", priority=6)
    return f


ALL = (
    ntpd_steps_the_clock,
    pam_counts_failures,
    registry_cannot_be_looked_up,
    protection_fault_panics,
    old_kernel_soft_lockup,
    container_daemon_dies,
    automatic_upgrade_breaks_proxy,
    management_session_times_out,
    log_volume_full_without_metrics,
    healthy_after_driver_upgrade,
    healthy_power_cap_and_audit,
)
