"""What the fleets of the sixth batch say when nothing is wrong: other distributions, makers and habits than the ones before.

The texts follow the format strings of kernels, drivers and daemons. Each is harmless as often as it is told here.
"""

from tests.scenarios.composing.fleet import Fleet, Readings

ZTE: Readings = {"Inlet_Temp": (24, "degrees C"), "CPU1_Temp": (53, "degrees C"), "FAN1_F_Speed": (6600, "RPM"),
                 "FAN2_F_Speed": (6540, "RPM"), "PSU1_Input_Power": (232, "Watts"), "PSU2_Input_Power": (229, "Watts")}  # fmt: skip
TAISHAN: Readings = {"Inlet Temp": (23, "degrees C"), "CPU1 Core Rem": (55, "degrees C"), "CPU1 MEM Temp": (41, "degrees C"),
                     "FAN1 Speed": (7200, "RPM"), "FAN2 Speed": (7200, "RPM"), "Power1": (190, "Watts"), "Power2": (186, "Watts")}  # fmt: skip
H3C: Readings = {"01-Inlet_Temp": (24, "degrees C"), "05-CPU1_Temp": (52, "degrees C"), "FAN1_F_Speed": (5400, "RPM"),
                 "FAN1_R_Speed": (5100, "RPM"), "PSU1_POWER": (205, "Watts"), "SYS_12V": (12.1, "Volts")}  # fmt: skip
NETTRIX: Readings = {"INLET_TEMP": (25, "degrees C"), "CPU0_TEMP": (56, "degrees C"), "FAN_0_Front": (8800, "RPM"),
                     "FAN_1_Front": (8900, "RPM"), "P12V": (12.06, "Volts"), "P3V_BAT": (3.07, "Volts")}  # fmt: skip
UCSX: Readings = {"TEMP_FRONT": (24, "degrees C"), "P1_TEMP": (51, "degrees C"), "P12V_AUX": (12.02, "Volts"),
                  "POWER_USAGE": (402, "Watts"), "VBAT": (3.08, "Volts")}  # fmt: skip

DOORS = (
    ("sshd", "sshd.service", "Accepted publickey for ansible from 172.20.0.{b} port {p} ssh2: ED25519 SHA256:Xw{n}mQ"),
    ("sshd", "sshd.service", "pam_unix(sshd:session): session opened for user ansible(uid=990) by ansible(uid=0)"),
    ("sshd", "sshd.service", "pam_unix(sshd:session): session closed for user ansible"),
    ("sshd", "sshd.service", "Connection reset by 172.20.0.{b} port {p}"),
    ("sshd", "sshd.service", "Connection closed by authenticating user root 198.51.100.{b} port {p} [preauth]"),
    ("systemd-logind", "systemd-logind.service", "New session {n} of user ansible."),
    ("systemd-logind", "systemd-logind.service", "Session {n} logged out. Waiting for processes to exit."),
    ("systemd", "init.scope", "session-{n}.scope: Deactivated successfully."),
    ("zabbix_agent2", "zabbix-agent2.service", "2026/09/14 06:00:00.{n} [101] active check configuration update from host [node] started to fail"),
    ("telegraf", "telegraf.service", "2026-09-14T06:00:00Z E! [inputs.ping] Error in plugin: host 172.20.9.{b}: 100% packet loss"),
)  # fmt: skip

ALMA_9 = (
    *DOORS,
    ("systemd", "init.scope", "Starting dnf makecache..."),
    ("systemd", "init.scope", "dnf-makecache.service: Deactivated successfully."),
    ("systemd", "init.scope", "sysstat-collect.service: Deactivated successfully."),
    ("systemd", "init.scope", "Finished system activity accounting tool."),
    ("CROND", "crond.service", "(root) CMD (run-parts /etc/cron.hourly)"),
    ("run-parts", "crond.service", "(/etc/cron.hourly) finished 0anacron"),
    ("NetworkManager", "NetworkManager.service", "<info>  [17893650{b}.{n}] manager: NetworkManager state is now CONNECTED_GLOBAL"),
    ("kernel", "", "SELinux:  policy capability userspace_initial_context=0"),
    ("kernel", "", "perf: interrupt took too long ({p} > 3132), lowering kernel.perf_event_max_sample_rate to 63000"),
    ("chronyd", "chronyd.service", "Source 172.20.0.4 replaced with 192.0.2.{b} (2.pool.example)"),
    ("sssd_nss", "sssd.service", "Enumeration requested but not enabled"),
    ("pcp-pmie", "pmie.service", "High per CPU processor utilization 96%util[cpu{b}]@node"),
    ("pcp-pmie", "pmie.service", "Severe demand for real memory 6.2pgsout/s@node"),
    ("irqbalance", "irqbalance.service", "Cannot change IRQ {b} affinity: Input/output error"),
    ("irqbalance", "irqbalance.service", "IRQ {b} affinity is now unmanaged"),
    ("insights-client", "insights-client.service", "Failed to connect to 198.51.100.7:443: will retry at the next run"),
)  # fmt: skip

DEBIAN_13 = (
    *DOORS,
    ("CRON", "cron.service", "pam_unix(cron:session): session opened for user root(uid=0) by root(uid=0)"),
    ("CRON", "cron.service", "(root) CMD (cd / && run-parts --report /etc/cron.hourly)"),
    ("systemd", "init.scope", "apt-daily.service: Deactivated successfully."),
    ("systemd", "init.scope", "Finished apt-daily.service - Daily apt download activities."),
    ("systemd", "init.scope", "apt-daily.service: Consumed 4.{n}s CPU time, 88M memory peak."),
    ("systemd-networkd", "systemd-networkd.service", "veth{n}: Gained carrier"),
    ("systemd-networkd", "systemd-networkd.service", "veth{n}: Lost carrier"),
    ("kernel", "", "audit: type=1400 audit(1789365{b}.{n}:{p}): apparmor=\"DENIED\" operation=\"file_lock\" class=\"file\" profile=\"/usr/sbin/ntpd\" pid={p} comm=\"ntpd\" requested_mask=\"k\" denied_mask=\"k\" fsuid=0 ouid=0"),
    ("kernel", "", "workqueue: blk_mq_run_work_fn hogged CPU for >10000us {b} times, consider switching to WQ_UNBOUND"),
    ("kernel", "", "workqueue: drain_vmap_area_work hogged CPU for >13333us {b} times, consider switching to WQ_UNBOUND"),
    ("kernel", "", "hrtimer: interrupt took {p} ns"),
    ("systemd-timesyncd", "systemd-timesyncd.service", "Timed out waiting for reply from 192.0.2.{b}:123 (ntp.example)."),
    ("systemd-timesyncd", "systemd-timesyncd.service", "Contacted time server 192.0.2.{b}:123 (ntp.example)."),
    ("dbus-daemon", "dbus.service", "[system] Successfully activated service 'org.freedesktop.timedate1'"),
)  # fmt: skip

UBUNTU_20 = (
    *DOORS,
    ("CRON", "cron.service", "(root) CMD ([ -x /etc/init.d/anacron ] && if [ ! -d /run/systemd/system ]; then /usr/sbin/invoke-rc.d anacron start; fi)"),
    ("systemd", "init.scope", "Started Message of the Day."),
    ("systemd", "init.scope", "motd-news.service: Succeeded."),
    ("snapd", "snapd.service", "storehelpers.go:{n}: cannot refresh: snap has no updates available: core20, lxd"),
    ("multipathd", "multipathd.service", "sda: add missing path"),
    ("multipathd", "multipathd.service", "sda: failed to get udev uid: Invalid argument"),
    ("multipathd", "multipathd.service", "sda: failed to get sysfs uid: Invalid argument"),
    ("multipathd", "multipathd.service", "sda: failed to get sgio uid: No such file or directory"),
    ("systemd-resolved", "systemd-resolved.service", "Server returned error NXDOMAIN, mitigating potential DNS violation DVE-2018-0001, retrying transaction with reduced feature level UDP."),
    ("accounts-daemon", "accounts-daemon.service", "user ansible has no avatar"),
    ("kernel", "", "[UFW BLOCK] IN=eno1 OUT= MAC=04:42:1a:{b} SRC=172.20.0.{b} DST=224.0.0.1 LEN=32 TOS=0x00 PREC=0x00 TTL=1 ID=0 DF PROTO=2"),
    ("nv-hostengine", "nvidia-dcgm.service", "DCGM: watch on field 1013 not permitted for group {b}, skipped"),
    ("nvidia-persistenced", "nvidia-persistenced.service", "device 0000:21:00.0 - persistence mode enabled."),
)  # fmt: skip

OPENEULER = (
    *DOORS,
    ("CROND", "crond.service", "(root) CMD (/usr/lib64/sa/sa1 1 1)"),
    ("systemd", "init.scope", "Started Session {n} of User ansible."),
    ("systemd", "init.scope", "hwclock-save.service: Deactivated successfully."),
    ("kernel", "", "hns3 0000:7d:00.0: VF{b}: port base vlan unchanged"),
    ("kernel", "", "hns3 0000:7d:00.0 enp125s0f0: tqp_reset_cnt {b}, nothing to do"),
    ("kernel", "", "audit: audit_backlog=66 > audit_backlog_limit=64"),
    ("kernel", "", "hrtimer: interrupt took {p} ns"),
    ("systemd-udevd", "systemd-udevd.service", "/usr/lib/udev/rules.d/60-cdrom_id.rules:5 Failed to write ATTR, ignoring: Permission denied"),
    ("rasdaemon", "rasdaemon.service", "ras:mc_event event enabled"),
    ("gssproxy", "gssproxy.service", "[2026/09/14 06:00:{b}]: Client [{n}] disconnected"),
    ("sysmonitor", "sysmonitor.service", "info|sysmonitor[{n}]: fs monitor is running, 0 abnormal"),
    ("sysmonitor", "sysmonitor.service", "info|sysmonitor[{n}]: zombie process count alarm resumed: count {b}"),
)  # fmt: skip

ORACLE_9 = (
    *DOORS,
    ("CROND", "crond.service", "(root) CMD (run-parts /etc/cron.hourly)"),
    ("systemd", "init.scope", "dnf-makecache.service: Deactivated successfully."),
    ("dnf", "dnf-makecache.service", "Error: Failed to download metadata for repo 'ol9_addons': Cannot prepare internal mirrorlist: Curl error (28): Timeout was reached; using the cache"),
    ("kernel", "", "rds: conn 172.20.5.{b} re-established, generation {b}"),
    ("kernel", "", "TCP: request_sock_TCP: Possible SYN flooding on port 1521. Sending cookies.  Check SNMP counters."),
    ("kernel", "", "hugetlbfs: oracle ({p}): Using mlock ulimits for SHM_HUGETLB is obsolete"),
    ("setroubleshoot", "setroubleshootd.service", "SELinux is preventing /usr/sbin/rngd from using the dac_override capability. For complete messages run: sealert -l 9a{n}"),
    ("ksplice", "uptrack.service", "Your kernel is fully up to date. Effective kernel version is 5.15.0-{b}"),
    ("osqueryd", "osqueryd.service", "severity=2 location=registry.cpp:{n} Worker exceeded cpu limits once, table carbon_black_info skipped"),
)  # fmt: skip

TRUENAS = (
    *DOORS,
    ("CRON", "cron.service", "(root) CMD (midclt call pool.scrub.scrub boot-pool > /dev/null)"),
    ("middlewared", "middlewared.service", "[WARNING] (ThreadPoolExecutor) middlewared.plugins.snapshot: no snapshots to remove for tank/home"),
    ("smartd", "smartmontools.service", "Device: /dev/sdh [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from {b} to 112"),
    ("smartd", "smartmontools.service", "Device: /dev/sdk [SAT], SMART Usage Attribute: 195 Hardware_ECC_Recovered changed from 7 to 12"),
    ("smartd", "smartmontools.service", "Device: /dev/sdq [SAT], SMART Prefailure Attribute: 1 Raw_Read_Error_Rate changed from 81 to 83"),
    ("kernel", "", "mpt3sas_cm0: log_info(0x30030109): originator(IOP), code(0x03), sub_code(0x0109)"),
    ("nfsd", "nfs-mountd.service", "authenticated mount request from 172.20.4.{b}:{p} for /mnt/tank/home (/mnt/tank)"),
    ("smbd", "smbd.service", "[2026/09/14 06:00:{b}] ../../source3/smbd/service.c:168(chdir_current_service) chdir (/mnt/tank/labs) failed, reason: Permission denied"),
    ("winbindd", "winbindd.service", "[2026/09/14 06:00:{b}] Could not fetch our SID - did we join? (for the workgroup, cached)"),
    ("collectd", "collectd.service", "plugin_read_thread: read-function of the `aggregation' plugin took {b} ms"),
    ("zed", "zfs-zed.service", "eid={n} class=history_event pool='tank'"),
)  # fmt: skip

RARE = (
    ("kernel", "", "<4>clocksource: timekeeping watchdog on CPU19: wd-tsc-wd excessive read-back delay of 214171ns vs. limit of 125000ns, wd-wd read-back delay only 31092ns, attempt 2, marking tsc-early as ok"),
    ("kernel", "", "<4>INFO: NMI handler (perf_event_nmi_handler) took too long to run: 1.318 msecs"),
    ("kernel", "", "<4>NOHZ tick-stop error: local softirq work is pending, handler #08!!!"),
    ("kernel", "", "<3>ACPI Error: No handler for Region [POWR] (000000001f2c3b4a) [IPMI] (20230628/evregion-130)\n<3>ACPI Error: Region IPMI (ID=7) has no handler (20230628/exfldio-261)"),
    ("kernel", "", "<4>overlayfs: fs on '/var/lib/docker/overlay2/check-overlayfs-support1/lower' does not support file handles, falling back to xino=off."),
    ("kernel", "", "<6>TCP: request_sock_TCP: Possible SYN flooding on port 8443. Sending cookies."),
    ("kernel", "", "<4>GPT:Primary header thinks Alt. header is not at the end of the disk.\n<4>GPT:Alternate GPT header not at the end of the disk.\n<4>GPT: Use GNU Parted to correct GPT errors."),
    ("kernel", "", "<5>sd 9:0:0:0: [sdz] Attached SCSI removable disk\n<3>blk_update_request: I/O error, dev sdz, sector 0 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0\n<3>Buffer I/O error on dev sdz, logical block 0, async page read\n<6>usb 1-7: USB disconnect, device number 12"),
    ("kernel", "", "<6>node[44120]: segfault at 0 ip 0000000000f2b1c4 sp 00007ffc1b2a3d40 error 4 in node[400000+2a5c000]"),
    ("systemd-coredump", "", "<2>Process 44120 (node) of user 1012 dumped core.\n<2>Module /home/lea/app/node_modules/better-sqlite3.node without build-id."),
    ("kernel", "", "<6>mce: CPU3: Package temperature is above threshold, cpu clock is throttled (total events = 2)\n<6>mce: CPU3: Package temperature/speed normal"),
    ("kernel", "", "<4>EDAC MC2: 1 CE memory scrubbing error on CPU_SrcID#1_MC#0_Chan#1_DIMM#0 (channel:1 slot:0 page:0x2c41a7 offset:0x0 grain:32 syndrome:0x0 -  err_code:0x0008:0x00c1  SystemAddress:0x2c41a7000)"),
    ("kernel", "", "<4>nvme nvme1: I/O tag 214 (40d6) opcode 0x2 (I/O Cmd) QID 31 timeout, completion polled"),
    ("kernel", "", "<4>nfs: server 172.20.4.10 not responding, still trying\n<4>nfs: server 172.20.4.10 OK"),
    ("kernel", "", "<4>cgroup: fork rejected by pids controller in /user.slice/user-1012.slice"),
    ("smartd", "smartd.service", "Device: /dev/sda [SAT], starting scheduled Long Self-Test.\nDevice: /dev/sda [SAT], self-test in progress, 80% remaining"),
    ("smartd", "smartd.service", "Device: /dev/nvme1, 1 entries in the Error Information Log were already there at start"),
    ("sshd", "sshd.service", "error: PAM: Authentication failure for lea from 172.20.0.61\nFailed keyboard-interactive/pam for lea from 172.20.0.61 port 50912 ssh2\nAccepted keyboard-interactive/pam for lea from 172.20.0.61 port 50912 ssh2"),
    ("sshd", "sshd.service", "fatal: Timeout before authentication for 198.51.100.44 port 33810"),
    ("sudo", "", "     lea : user NOT in sudoers ; TTY=pts/4 ; PWD=/home/lea ; USER=root ; COMMAND=/usr/bin/dnf install htop"),
    ("su", "", "pam_unix(su-l:auth): authentication failure; logname=lea uid=1012 euid=0 tty=/dev/pts/4 ruser=lea rhost=  user=root\nFAILED SU (to root) lea on pts/4"),
    ("systemd", "init.scope", "<5>restic-home.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED\n<4>restic-home.service: Failed with result 'exit-code'.\n<6>restic-home.service: Scheduled restart job, restart counter is at 1.\n<6>Starting restic-home.service - Restic backup of /home...\n<6>restic-home.service: Deactivated successfully.\n<6>Finished restic-home.service - Restic backup of /home."),
    ("systemd", "init.scope", "<5>run-u8812.service: Main process exited, code=exited, status=2/INVALIDARGUMENT\n<4>run-u8812.service: Failed with result 'exit-code'.\n<6>Started run-u8813.service - /usr/bin/bash run.sh --with the=right arguments.\n<6>run-u8813.service: Deactivated successfully."),
    ("restic", "", "<4>Warning: at least one source file could not be read: open /home/lea/.cache/tmp.sock: no such device or address\n<6>snapshot 5b1c9e02 saved"),
    ("dockerd", "docker.service", 'time="2026-09-14T06:00:00.1Z" level=error msg="Handler for GET /v1.45/containers/web-old/json returned error: No such container: web-old"\ntime="2026-09-14T06:00:01.1Z" level=warning msg="cleaning up after shim disconnected" id=77ab1c namespace=moby'),
    ("python3", "", "Traceback (most recent call last):\n  File \"/home/lea/sweep.py\", line 41, in <module>\n    raise ValueError(\"lr must be positive\")\nValueError: lr must be positive"),
    ("auditd", "auditd.service", "Audit daemon rotating log files"),
    ("rngd", "rngd.service", "[jitter]: Initializing AES buffer"),
)  # fmt: skip
"""What happens once on a host in some hours."""


def hum(f: Fleet, talk: tuple[tuple[str, str, str], ...], but: str = "") -> None:
    """A distribution's talk at some two lines a minute and host, and a rare thing every ten minutes; hosts in `but` are spared those."""
    f.talk = talk
    for number, host in enumerate(f.hosts):
        for third in range(3 * f.minutes // 2):
            minute = third * 2 / 3
            if f.chance.random() < 0.8 and not any(f.is_off(host.name, minute + ahead) for ahead in (0, 1, 2)):
                identifier, unit, message = f.chance.choice(talk)
                text = message.format(
                    n=f.chance.randrange(1000, 9999), b=f.chance.randrange(2, 99), p=f.chance.randrange(2501, 60000)
                )
                f.log(host.name, minute + f.chance.random() * 0.6, identifier, text, unit=unit)
        if host.name in but.split():
            continue
        for step in range(f.minutes // 10):
            identifier, unit, text = RARE[(number * 7 + step * 5 + len(f.name)) % len(RARE)]
            minute = f.chance.uniform(2, f.minutes - 5)
            if not any(f.is_off(host.name, minute + ahead) for ahead in range(-2, 5)):
                happen(f, host.name, minute, identifier, unit, text)


def happen(f: Fleet, host: str, minute: float, identifier: str, unit: str, text: str) -> None:
    """Lines one after the other; systemd's of one end come at once, its next try half a minute later."""
    at = minute
    for line in text.splitlines():
        if identifier == "systemd" and ("Scheduled restart" in line or ">Started run-u" in line or ">Finished" in line):
            at += 0.5
        f.log(host, at, identifier, line, unit=unit)
        at += 0.0002 if identifier == "systemd" else 0.006


def old_records(f: Fleet, but: str = "", dialect: str = "long") -> None:
    """What event logs hold of months before and of a quiet day; clocks are some minutes off."""
    past = (
        "-140d | Power Supply PSU2 Status | Power Supply AC lost | Asserted\n-140d | Power Supply PSU2 Status | Power Supply AC lost | Deasserted",
        "-96d | Drive Slot DISK3 | Drive Present | Deasserted\n-96d | Drive Slot DISK3 | Drive Present | Asserted",
        "-61d | Physical Security Chassis Intru | General Chassis intrusion | Asserted\n-61d | Physical Security Chassis Intru | General Chassis intrusion | Deasserted",
    )  # fmt: skip
    for number, host in enumerate(f.hosts):
        if host.name in but.split():
            continue
        f.sel(host.name, f"""
            -410d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
            {past[number % len(past)]}
            -{12 + number}d | System Event #0xff | OEM System boot event | Asserted
            -{12 + number}d | System ACPI Power State ACPI PWR | S0/G0: working | Asserted
            {6 + number * 2} | Session Audit #0x2a |  | Asserted
            {21 + number} | System Event #0x83 | Timestamp Clock Sync | Asserted
            {21.1 + number} | System Event #0x83 | Timestamp Clock Sync | Asserted
        """, dialect=dialect, clock=number * 2 - 3, first=0x11 + 6 * number)  # fmt: skip
