"""What the fleets of the fourth batch are made of: readings of their makers' BMCs and the talk of their distributions.

The batch is to be like the given scenarios on other fleets, so every host talks all the time, and some of it sounds bad.
"""

from tests.scenarios.composing.fleet import Fleet, Readings

HPE_GEN11: Readings = {"01-Inlet Ambient": (22, "degrees C"), "02-CPU 1 PkgTmp": (47, "degrees C"), "Fan 1": (28, "percent"),
                       "Fan 2": (28, "percent"), "Power Supply 1": (212, "Watts"), "Power Supply 2": (208, "Watts")}  # fmt: skip
XCC: Readings = {"Ambient Temp": (23, "degrees C"), "CPU 1 Temp": (56, "degrees C"), "Fan 3 Front Tach": (6720, "RPM"),
                 "Fan 4 Front Tach": (6720, "RPM"), "Fan 5 Front Tach": (6800, "RPM"), "CMOS Battery": (3.02, "Volts")}  # fmt: skip
H13: Readings = {"CPU Temp": (61, "degrees C"), "Inlet Temp": (24, "degrees C"), "DIMMA~F Temp": (44, "degrees C"),
                 "FAN1": (8400, "RPM"), "FAN2": (8540, "RPM"), "12V": (12.06, "Volts"), "VBAT": (3.05, "Volts")}  # fmt: skip
ALTRA: Readings = {"Ambient_Temp": (25, "degrees C"), "S0_SOC_Temp": (59, "degrees C"), "FAN1_1": (9200, "RPM"),
                   "FAN2_1": (9180, "RPM"), "PSU0_Input_Power": (310, "Watts"), "PSU1_Input_Power": (305, "Watts")}  # fmt: skip
XE9680: Readings = {"Inlet Temp": (24, "degrees C"), "Exhaust Temp": (46, "degrees C"), "CPU1 Temp": (58, "degrees C"),
                    "FAN 1 RPM": (9120, "RPM"), "FAN 2 RPM": (9240, "RPM"), "GPU3 Temp": (54, "degrees C")}  # fmt: skip
QUANTA: Readings = {"Temp_PCI_Inlet1": (26, "degrees C"), "Temp_CPU0": (52, "degrees C"), "Fan_SYS0_1": (7600, "RPM"),
                    "Fan_SYS1_1": (7650, "RPM"), "PSU1_Input": (400, "Watts"), "Volt_P12V": (12.1, "Volts")}  # fmt: skip

EL9 = (
    ("systemd", "init.scope", "Starting dnf makecache..."),
    ("systemd", "init.scope", "dnf-makecache.service: Deactivated successfully."),
    ("systemd", "init.scope", "Started Session {n} of User deploy."),
    ("systemd-logind", "systemd-logind.service", "New session {n} of user deploy."),
    ("CROND", "crond.service", "(root) CMD (run-parts /etc/cron.hourly)"),
    ("anacron", "crond.service", "Anacron started on 2026-09-14"),
    ("sshd", "sshd.service", "Accepted publickey for deploy from 10.40.0.{b} port {p} ssh2: ED25519 SHA256:Qn{n}"),
    ("sshd", "sshd.service", "error: kex_exchange_identification: Connection closed by remote host"),
    ("sshd", "sshd.service", "Connection closed by 10.40.0.{b} port {p}"),
    ("chronyd", "chronyd.service", "Selected source 10.40.0.2 (time-a.example)"),
    ("NetworkManager", "NetworkManager.service", "<info>  [1789365000.{n}] dhcp4 (eno1): state changed new lease, address=10.41.2.{b}"),
    ("audit", "", "SERVICE_STOP pid=1 uid=0 auid=4294967295 ses=4294967295 subj=system_u:system_r:init_t:s0 msg='unit=fprintd comm=\"systemd\" exe=\"/usr/lib/systemd/systemd\" res=success'"),
    ("setroubleshoot", "setroubleshootd.service", "SELinux is preventing /usr/sbin/chronyd from read access on the file openssl.cnf. For complete SELinux messages run: sealert -l {n}"),
    ("kernel", "", "perf: interrupt took too long ({p} > 2500), lowering kernel.perf_event_max_sample_rate to 79000"),
    ("kernel", "", "TCP: request_sock_TCP: Possible SYN flooding on port 9100. Sending cookies.  Check SNMP counters."),
    ("podman", "", "2026-09-14 06:00:00.{n} +0000 UTC m=+0.0{b} container died 4be1{n}a (image=registry.example/probe:1.9, name=probe)"),
    ("node_exporter", "node_exporter.service", 'ts=2026-09-14T06:00:00.{n}Z caller=collector.go:169 level=error msg="collector failed" name=bonding duration_seconds=0.0003 err="could not get bonding info"'),
    ("rsyslogd", "rsyslog.service", '[origin software="rsyslogd" swVersion="8.2102.0-117.el9" x-pid="{n}" x-info="https://www.rsyslog.com"] rsyslogd was HUPed'),
)  # fmt: skip
"""What Rocky, Alma and Red Hat Enterprise Linux 9 say."""

SLES = (
    ("systemd", "init.scope", "Started Timeline of Snapper Snapshots."),
    ("systemd-helper", "snapper-timeline.service", "running timeline for 'root'."),
    ("systemd", "init.scope", "Started Session {n} of User deploy."),
    ("cron", "cron.service", "pam_unix(crond:session): session opened for user root by (uid=0)"),
    ("CRON", "cron.service", "(root) CMD ([ -x /usr/lib/cron/run-crons ] && /usr/lib/cron/run-crons >/dev/null 2>&1)"),
    ("sshd", "sshd.service", "Accepted publickey for deploy from 10.60.4.{b} port {p} ssh2: RSA SHA256:z{n}"),
    ("sshd", "sshd.service", "error: kex_exchange_identification: read: Connection reset by peer"),
    ("chronyd", "chronyd.service", "Source 10.60.0.4 replaced with 10.60.0.5 (2.time.example)"),
    ("wickedd-dhcp4", "wickedd-dhcp4.service", "em1: Committed DHCPv4 lease with address 10.60.8.{b} (lease time 86400 sec, renew in 43200 sec, rebind in 75600 sec)"),
    ("nscd", "nscd.service", "{n} checking for monitored file `/etc/services': No such file or directory"),
    ("kernel", "", "audit: audit_backlog_wait_time_actual={n}"),
    ("kernel", "", "kauditd_printk_skb: {b} callbacks suppressed"),
    ("smartd", "smartd.service", "Device: /dev/sda [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from 71 to 70"),
    ("postfix/smtp", "postfix.service", "A{n}: to=<root@mail.example>, relay=mail.example[10.60.0.25]:25, delay=0.{b}, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as B{n})"),
    ("salt-minion", "salt-minion.service", "[WARNING ] Returner mysql.returner could not be loaded: 'mysql.returner' is not available."),
)  # fmt: skip
"""What SUSE Linux Enterprise 15 says."""

DEBIAN = (
    ("systemd", "init.scope", "Starting apt-daily.service - Daily apt download activities..."),
    ("systemd", "init.scope", "apt-daily.service: Deactivated successfully."),
    ("systemd", "init.scope", "Finished logrotate.service - Rotate log files."),
    ("systemd", "init.scope", "Started session-{n}.scope - Session {n} of User deploy."),
    ("CRON", "cron.service", "(root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)"),
    ("CRON", "cron.service", "pam_unix(cron:session): session closed for user root"),
    ("sshd", "ssh.service", "Accepted publickey for deploy from 10.70.1.{b} port {p} ssh2: ED25519 SHA256:u{n}"),
    ("sshd", "ssh.service", "Connection reset by 10.70.1.{b} port {p} [preauth]"),
    ("kernel", "", "hrtimer: interrupt took {p} ns"),
    ("kernel", "", "docker0: port 3(veth{n}) entered disabled state"),
    ("kernel", "", "device veth{n} left promiscuous mode"),
    ("kernel", "", "IPv6: ADDRCONF(NETDEV_CHANGE): veth{n}: link becomes ready"),
    ("dockerd", "docker.service", 'time="2026-09-14T06:00:00.{n}Z" level=info msg="ignoring event" container=9f{n}e module=libcontainerd namespace=moby'),
    ("containerd", "containerd.service", 'time="2026-09-14T06:00:00.{n}Z" level=info msg="shim disconnected" id=9f{n}e namespace=moby'),
    ("smartd", "smartmontools.service", "Device: /dev/sda [SAT], SMART Usage Attribute: 190 Airflow_Temperature_Cel changed from 69 to 70"),
    ("9f2c1a88b0d4", "docker.service", "WARNING retrying request after ConnectionResetError(104, 'Connection reset by peer')"),
    ("dbus-daemon", "dbus.service", "[system] Successfully activated service 'org.freedesktop.hostname1'"),
    ("systemd-resolved", "systemd-resolved.service", "Using degraded feature set UDP instead of UDP+EDNS0 for DNS server 10.70.0.2."),
    ("dhclient", "ifup@eno1.service", "bound to 10.70.8.{b} -- renewal in {n} seconds."),
)  # fmt: skip
"""What Debian 12 and Ubuntu 24.04 say."""


def event_log_noise(f: Fleet, *but: str, dialect: str = "long") -> None:
    """What BMCs log of a quiet day: synchronised clocks, audits, OEM records; and of the days before."""
    for number, host in enumerate(f.hosts):
        if host.name not in but:
            f.sel(host.name, f"""
                -{90 + number * 7}d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
                {3 + number * 2} | System Event #0x83 | Timestamp Clock Sync | Asserted
                {3.1 + number * 2} | System Event #0x83 | Timestamp Clock Sync | Asserted
                {11 + number * 3} | OEM record c0 | 00c1d6 | 0000{0x7A16B7 + number:06x}
                {19 + number * 2} | Session Audit #0x2a |  | Asserted
            """, dialect=dialect, clock=number % 3 - 1, first=0x61 + 17 * number)  # fmt: skip


def ordered_reboot(f: Fleet, host: str, minute: float, release: str) -> None:
    """Somebody restarts a healthy host: sudo, a clean end, four minutes later the lines of a boot."""
    f.log(
        host,
        minute,
        "sudo",
        "  deploy : TTY=pts/0 ; PWD=/home/deploy ; USER=root ; COMMAND=/usr/sbin/reboot",
        priority=5,
    )
    f.log(host, minute + 0.05, "systemd-logind", "The system will reboot now!\nSystem is rebooting.", priority=5)
    f.systemd(host, minute + 0.1, """
        <6>Stopping OpenSSH server daemon...
        <6>Stopped target Multi-User System.
        <6>Reached target System Shutdown.
        <6>Shutting down.
    """)  # fmt: skip
    f.down(host, minute + 0.3, minute + 4)
    f.kernel(host, minute + 4, f"""
        <5>Linux version {release} #1 SMP
        <6>Command line: BOOT_IMAGE=/boot/vmlinuz-{release} root=UUID=3c0f5a0e-11d2-4b7e-9c2d-70a3b6f41d28 ro crashkernel=512M
        <6>BIOS-provided physical RAM map:
        <4>[Firmware Bug]: TPM Final Events table missing or invalid
        <3>ACPI BIOS Error (bug): Could not resolve symbol [\\_SB.PC00.LPC0.EC0], AE_NOT_FOUND (20220331/psargs-330)
        <6>ERST: Error Record Serialization Table (ERST) support is initialized.
        <6>GHES: APEI firmware first mode is enabled by APEI bit and WHEA _OSC.
        <6>pcieport 0000:00:01.1: AER: enabled with IRQ 28
        <6>EDAC MC: Ver: 3.0.0
        <4>pci 0000:c1:00.0: BAR 7: failed to assign [mem size 0x00100000 64bit pref]
        <6>ata9: SATA link down (SStatus 0 SControl 300)
    """, gap=0.1)  # fmt: skip
    f.systemd(host, minute + 4.6, """
        <6>Reached target Multi-User System.
        <6>Startup finished in 41.883s (firmware) + 5.102s (loader) + 5.377s (kernel) + 29.114s (userspace) = 1min 21.476s.
    """)  # fmt: skip
    f.sel(host, f"""
        {minute + 3} | System Event #0xff | OEM System boot event | Asserted
        {minute + 4.8} | OS Boot #0x22 | C: boot completed | Asserted
    """)  # fmt: skip
