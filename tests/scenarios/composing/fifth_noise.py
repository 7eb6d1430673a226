"""What the fleets of the fifth batch say when nothing is wrong: by distribution, and what every fleet says now and then.

The texts follow the format strings of kernels, drivers and daemons. Each is harmless as often as it is told here.
"""

from tests.scenarios.composing.fleet import Fleet, Readings

CRAY: Readings = {"Inlet_Temp": (24, "degrees C"), "CPU0_TEMP": (58, "degrees C"), "GPU4_TEMP": (61, "degrees C"),
                  "FAN1_1_SPEED": (9800, "RPM"), "FAN2_1_SPEED": (9900, "RPM"), "PSU3_PIN": (1410, "Watts")}  # fmt: skip
ASROCK: Readings = {"MB Temp": (31, "degrees C"), "CPU1 Temp": (57, "degrees C"), "FAN1": (7400, "RPM"), "FAN3": (7500, "RPM"),
                    "+12V": (12.1, "Volts"), "BAT": (3.06, "Volts"), "PSU1 AC lost": (0, "discrete")}  # fmt: skip
WIWYNN: Readings = {"MB_INLET_TEMP": (25, "degrees C"), "CPU0_TEMP": (54, "degrees C"), "FAN0_TACH_IL": (7100, "RPM"),
                    "FAN1_TACH_IL": (7150, "RPM"), "PSU1_Input": (320, "Watts"), "PSU2_Input": (316, "Watts")}  # fmt: skip
SR675: Readings = {"Ambient Temp": (24, "degrees C"), "CPU 1 Temp": (59, "degrees C"), "Fan 3 Front Tach": (7040, "RPM"),
                   "Fan 4 Front Tach": (7080, "RPM"), "Fan 5 Front Tach": (7020, "RPM"), "GPU 3 Temp": (63, "degrees C")}  # fmt: skip
XFUSION: Readings = {"Inlet Temp": (23, "degrees C"), "CPU1 Core Rem": (51, "degrees C"), "FAN1 F Speed": (6900, "RPM"),
                     "FAN2 F Speed": (6960, "RPM"), "Power1": (240, "Watts"), "Power2": (236, "Watts")}  # fmt: skip
TYAN: Readings = {"SYS_Air_Inlet": (25, "degrees C"), "CPU0_DTS": (-34, "degrees C"), "SYS_FAN_1": (8100, "RPM"),
                  "SYS_FAN_2": (8000, "RPM"), "VOLT_P12V": (12.06, "Volts"), "VOLT_VBAT": (3.03, "Volts")}  # fmt: skip
GRACE_BMC: Readings = {"Inlet_Temp_0": (25, "degrees C"), "ProcessorModule_0_CPU_0_Temp_0": (57, "degrees C"), "Fan_0_Tach": (11200, "RPM"),
                       "Fan_1_Tach": (11300, "RPM"), "PSU_0_Power_In": (640, "Watts")}  # fmt: skip

EVERYONE = (
    ("sshd", "sshd.service", "Accepted publickey for ops from 10.7.0.{b} port {p} ssh2: ED25519 SHA256:Vq{n}kd"),
    ("sshd", "sshd.service", "pam_unix(sshd:session): session opened for user ops(uid=1001) by (uid=0)"),
    ("sshd", "sshd.service", "Received disconnect from 10.7.0.{b} port {p}:11: disconnected by user"),
    ("sshd", "sshd.service", "Connection closed by 10.7.0.{b} port {p} [preauth]"),
    ("systemd-logind", "systemd-logind.service", "New session {n} of user ops."),
    ("systemd-logind", "systemd-logind.service", "Session {n} logged out. Waiting for processes to exit."),
    ("systemd-logind", "systemd-logind.service", "Removed session {n}."),
    ("node_exporter", "node_exporter.service", 'time=2026-09-14T06:00:00.{n}Z level=ERROR source=collector.go:168 msg="collector failed" name=tapestats duration_seconds=0.0002 err="failed to read scsi_tape"'),
)  # fmt: skip

ROCKY = (
    *EVERYONE,
    ("systemd", "init.scope", "Starting dnf makecache..."),
    ("systemd", "init.scope", "dnf-makecache.service: Succeeded."),
    ("systemd", "init.scope", "Started Session {n} of user ops."),
    ("dnf", "dnf-makecache.service", "Metadata cache refreshed recently."),
    ("CROND", "crond.service", "(root) CMD (/usr/lib64/sa/sa1 1 1)"),
    ("NetworkManager", "NetworkManager.service", "<info>  [1789365{b}.{n}] dhcp4 (eno1): state changed extended -> extended, address=10.7.3.{b}"),
    ("NetworkManager", "NetworkManager.service", "<warn>  [1789365{b}.{n}] device (docker0): failed to find device 7 'docker0' with udev"),
    ("audit", "", "USER_AVC pid=1 uid=0 auid=4294967295 ses=4294967295 subj=system_u:system_r:init_t:s0 msg='avc:  received policyload notice (seqno=2)'"),
    ("setroubleshoot", "setroubleshootd.service", "SELinux is preventing /usr/sbin/lldpad from read access on the directory /sys/fs/cgroup. For complete SELinux messages run: sealert -l 7f{n}"),
    ("kernel", "", "perf: interrupt took too long ({p} > 2507), lowering kernel.perf_event_max_sample_rate to 79000"),
    ("sssd_be", "sssd.service", "GSSAPI client step 2"),
    ("rhsmcertd-worker", "rhsmcertd.service", "This system is not registered with an entitlement server. You can use subscription-manager to register."),
    ("tuned", "tuned.service", "cpu_energy_perf_bias: Ignoring CPU energy performance bias setting on CPU {b}"),
    ("rngd", "rngd.service", "stats: bits received from HRNG source: {p}"),
)  # fmt: skip

UBUNTU = (
    *EVERYONE,
    ("CRON", "cron.service", "pam_unix(cron:session): session opened for user root(uid=0) by root(uid=0)"),
    ("CRON", "cron.service", "(root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)"),
    ("systemd", "init.scope", "sysstat-collect.service: Deactivated successfully."),
    ("systemd", "init.scope", "Finished sysstat-collect.service - system activity accounting tool."),
    ("kernel", "", "audit: type=1400 audit(1789365{b}.{n}:{p}): apparmor=\"DENIED\" operation=\"capable\" class=\"cap\" profile=\"/usr/lib/snapd/snap-confine\" pid={p} comm=\"snap-confine\" capability=12  capname=\"net_admin\""),
    ("kernel", "", "[UFW BLOCK] IN=eno1 OUT= MAC=3c:ec:ef:{b} SRC=10.7.0.{b} DST=10.7.3.9 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID={p} DF PROTO=TCP SPT={p} DPT=9100 WINDOW=64240 RES=0x00 SYN URGP=0"),
    ("systemd-resolved", "systemd-resolved.service", "Using degraded feature set UDP instead of UDP+EDNS0 for DNS server 10.7.0.2."),
    ("systemd-networkd", "systemd-networkd.service", "eno1: DHCPv4 address 10.7.3.{b}/24, gateway 10.7.3.1 acquired from 10.7.0.4"),
    ("multipathd", "multipathd.service", "sda: add missing path"),
    ("multipathd", "multipathd.service", "sda: failed to get udev uid: No data available"),
    ("systemd-timesyncd", "systemd-timesyncd.service", "Timed out waiting for reply from 185.125.190.{b}:123 (ntp.ubuntu.com)."),
    ("systemd-timesyncd", "systemd-timesyncd.service", "Contacted time server 10.7.0.3:123 (ntp.example)."),
    ("dbus-daemon", "dbus.service", "[system] Successfully activated service 'org.freedesktop.PackageKit'"),
    ("PackageKit", "packagekit.service", "daemon quit"),
    ("snapd", "snapd.service", "storehelpers.go:1046: cannot refresh: snap has no updates available: \"core22\", \"lxd\""),
    ("kernel", "", "workqueue: drm_fb_helper_damage_work hogged CPU for >10000us {b} times, consider switching to WQ_UNBOUND"),
)  # fmt: skip

DEBIAN = (
    *EVERYONE,
    ("CRON", "cron.service", "(root) CMD (cd / && run-parts --report /etc/cron.hourly)"),
    ("CRON", "cron.service", "pam_unix(cron:session): session closed for user root"),
    ("systemd", "init.scope", "apt-daily.service: Consumed 1.{b}s CPU time."),
    ("systemd", "init.scope", "Finished man-db.service - Daily man-db regeneration."),
    ("dhclient", "networking.service", "DHCPREQUEST for 10.7.3.{b} on eno1 to 10.7.0.4 port 67"),
    ("dhclient", "networking.service", "DHCPACK of 10.7.3.{b} from 10.7.0.4"),
    ("dhclient", "networking.service", "bound to 10.7.3.{b} -- renewal in {n} seconds."),
    ("smartd", "smartmontools.service", "Device: /dev/sda [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from 70 to 71"),
    ("smartd", "smartmontools.service", "Device: /dev/sdb [SAT], SMART Usage Attribute: 195 Hardware_ECC_Recovered changed from 8 to 9"),
    ("postfix/smtp", "postfix@-.service", "4F{n}: to=<root@example.org>, relay=mail.example.org[10.7.0.25]:25, delay=0.{b}, delays=0.03/0.01/0.1/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 8B{n})"),
    ("kernel", "", "hrtimer: interrupt took {p} ns"),
    ("named", "named.service", "network unreachable resolving './NS/IN': 2001:500:1::{b}#53"),
    ("chronyd", "chrony.service", "Selected source 10.7.0.3 (ntp-a.example)"),
)  # fmt: skip

PROXMOX = (
    *EVERYONE,
    ("pvedaemon", "pvedaemon.service", "<root@pam> successful auth for user 'root@pam'"),
    ("pveproxy", "pveproxy.service", "worker exit"),
    ("pveproxy", "pveproxy.service", "worker {p} started"),
    ("pmxcfs", "pve-cluster.service", "[status] notice: received log"),
    ("pmxcfs", "pve-cluster.service", "[dcdb] notice: data verification successful"),
    ("pvestatd", "pvestatd.service", "status update time (5.{b} seconds)"),
    ("pve-firewall", "pve-firewall.service", "firewall update time (5.{b} seconds)"),
    ("kernel", "", "vmbr0: port 7(tap{n}i0) entered blocking state"),
    ("kernel", "", "fwbr{n}i0: port 1(fwln{n}i0) entered disabled state"),
    ("kernel", "", "kvm: kvm [{p}]: ignored rdmsr: 0x{b} data 0x0"),
    ("kernel", "", "x86/split lock detection: #AC: CPU 2/KVM/{p} took a split_lock trap at address: 0x7ef5d050"),
    ("QEMU", "", "kvm: warning: host doesn't support requested feature: CPUID.01H:EDX.ht [bit 28]"),
    ("smartd", "smartmontools.service", "Device: /dev/sdc [SAT], SMART Prefailure Attribute: 1 Raw_Read_Error_Rate changed from 82 to 83"),
    ("chronyd", "chrony.service", "Source 10.7.0.5 replaced with 10.7.0.3 (ntp.example)"),
    ("CRON", "cron.service", "(root) CMD (cd / && run-parts --report /etc/cron.hourly)"),
)  # fmt: skip

SUSE = (
    *EVERYONE,
    ("systemd", "init.scope", "Started Timeline of Snapper Snapshots."),
    ("systemd", "init.scope", "snapper-cleanup.service: Deactivated successfully."),
    ("cron", "cron.service", "pam_unix(crond:session): session opened for user root(uid=0) by (uid=0)"),
    ("wickedd-dhcp4", "wickedd-dhcp4.service", "eth0: Committed DHCPv4 lease with address 10.7.3.{b} (lease time 43200 sec, renew in 21600 sec, rebind in 37800 sec)"),
    ("nscd", "nscd.service", "{p} monitored file `/etc/resolv.conf` was written to"),
    ("kernel", "", "BTRFS info (device sda2): qgroup scan completed (inconsistency flag cleared)"),
    ("kernel", "", "kauditd_printk_skb: {b} callbacks suppressed"),
    ("chronyd", "chronyd.service", "Selected source 10.7.0.3 (ntp.example)"),
    ("SUSEConnect", "suseconnect-keepalive.service", "Keepalive ping sent"),
    ("systemd", "init.scope", "/usr/lib/systemd/system/plymouth-start.service:15: Unit uses KillMode=none. This is unsafe, as it disables systemd's process lifecycle management for the service."),
)  # fmt: skip

FLATCAR = (
    *EVERYONE,
    ("update_engine", "update-engine.service", "I20260914 06:00:{b}.{n}  1411 omaha_request_action.cc:616] Omaha request response: no update available"),
    ("locksmithd", "locksmithd.service", "LastCheckedTime=178936{p} Progress=0 CurrentOperation=\"UPDATE_STATUS_IDLE\" NewVersion=0.0.0 NewSize=0"),
    ("systemd-networkd", "systemd-networkd.service", "cali{n}: Gained carrier"),
    ("systemd-networkd", "systemd-networkd.service", "cali{n}: Lost carrier"),
    ("systemd-networkd", "systemd-networkd.service", "cali{n}: Gained IPv6LL"),
    ("kernel", "", "eth0: renamed from tmp{n}"),
    ("kernel", "", "IPv6: ADDRCONF(NETDEV_CHANGE): cali{n}: link becomes ready"),
    ("kernel", "", "overlayfs: idmapped layers are currently not supported"),
    ("containerd", "containerd.service", 'time="2026-09-14T06:00:00.{n}Z" level=info msg="StopPodSandbox for \\"c{n}\\" returns successfully"'),
    ("containerd", "containerd.service", 'time="2026-09-14T06:00:00.{n}Z" level=warning msg="cleaning up after shim disconnected" id=7e{n} namespace=k8s.io'),
    ("dockerd", "docker.service", 'time="2026-09-14T06:00:00.{n}Z" level=info msg="ignoring event" container=7e{n} module=libcontainerd namespace=moby topic=/tasks/delete'),
    ("systemd", "init.scope", "run-containerd-runc-k8s.io-7e{n}-runc.Kz{b}.mount: Deactivated successfully."),
    ("systemd-timesyncd", "systemd-timesyncd.service", "Network configuration changed, trying to establish connection."),
)  # fmt: skip

NIXOS = (
    *EVERYONE,
    ("systemd", "init.scope", "Started Logrotate Service."),
    ("systemd", "init.scope", "nix-gc.service: Deactivated successfully."),
    ("nix-daemon", "nix-daemon.service", "accepted connection from pid {p}, user ops (trusted)"),
    ("nscd", "nscd.service", "{p}: nss_gethostbyname2: host not found in files"),
    ("dhcpcd", "dhcpcd.service", "eno1: renewing lease of 10.7.3.{b}"),
    ("dhcpcd", "dhcpcd.service", "eno1: leased 10.7.3.{b} for 43200 seconds"),
    ("kernel", "", "refused connection: IN=eno1 OUT= MAC=3c:ec:ef:{b} SRC=10.7.0.{b} DST=10.7.3.2 LEN=44 TOS=0x00 PREC=0x00 TTL=241 ID={p} PROTO=TCP SPT={p} DPT=8080 WINDOW=1024 RES=0x00 SYN URGP=0"),
    ("systemd-timesyncd", "systemd-timesyncd.service", "Contacted time server 10.7.0.3:123 (ntp.example)."),
)  # fmt: skip

SUNDRIES = (
    ("kernel", "", "<6>usb 1-14.1: reset high-speed USB device number 5 using xhci_hcd"),
    ("kernel", "", "<6>usb 1-11: new low-speed USB device number 9 using xhci_hcd\n<6>input: American Megatrends Inc. Virtual Keyboard and Mouse as /devices/pci0000:00/0000:00:14.0/usb1/1-11/1-11:1.0/0003:046B:FF10.0004/input/input9\n<6>hid-generic 0003:046B:FF10.0004: input,hidraw0: USB HID v1.10 Keyboard [American Megatrends Inc. Virtual Keyboard and Mouse] on usb-0000:00:14.0-11/input0"),
    ("kernel", "", "<4>pcieport 0000:40:01.1: AER: Correctable error message received from 0000:41:00.0\n<4>nvme 0000:41:00.0: PCIe Bus Error: severity=Correctable, type=Physical Layer, (Receiver ID)\n<4>nvme 0000:41:00.0:   device [144d:a80a] error status/mask=00000001/0000e000\n<4>nvme 0000:41:00.0:    [ 0] RxErr                  (First)"),
    ("kernel", "", "<6>mce: [Hardware Error]: Machine check events logged\n<4>EDAC MC1: 1 CE memory scrubbing error on CPU_SrcID#0_MC#1_Chan#0_DIMM#0 (channel:0 slot:0 page:0x1f2a3b offset:0x0 grain:32 syndrome:0x0 -  err_code:0x0008:0x00c0  SystemAddress:0x1f2a3b000 ProcessorSocketId:0x0)"),
    ("kernel", "", "<4>clocksource: Long readout interval, skipping watchdog check: cs_nsec: 1024001234 wd_nsec: 1024001180"),
    ("kernel", "", "<4>TCP: eno1: Driver has suspect GRO implementation, TCP performance may be compromised."),
    ("kernel", "", "<6>capability: warning: `bird' uses 32-bit capabilities (legacy support in use)"),
    ("kernel", "", "<6>python3[21311]: segfault at 8 ip 00007f3a1c2b5e10 sp 00007ffd3a1b2c40 error 4 in _multiarray_umath.cpython-311-x86_64-linux-gnu.so[7f3a1c200000+4b1000] likely on CPU 17 (core 1, socket 0)\n<6>Code: 48 8b 05 12 a3 3f 00 48 8b 38 e8 4a 11 f8 ff 48 89 c3 <48> 8b 43 08"),
    ("systemd-coredump", "", "Process 21990 (Rscript) of user 1034 dumped core."),
    ("kernel", "", "<6>traps: julia[31877] trap invalid opcode ip:7f1b22c0a1b2 sp:7ffe0b1c2d30 error:0 in libjulia-internal.so.1.10[7f1b22b00000+1c4000]"),
    ("kernel", "", "<5>nfs: server nfs-home not responding, still trying\n<5>nfs: server nfs-home OK"),
    ("kernel", "", "<6>sr 11:0:0:0: [sr0] tag#0 FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_OK cmd_age=0s\n<6>sr 11:0:0:0: [sr0] tag#0 Sense Key : Not Ready [current]\n<6>sr 11:0:0:0: [sr0] tag#0 Add. Sense: Medium not present"),
    ("kernel", "", "<4>mce: CPU12: Core temperature is above threshold, cpu clock is throttled (total events = 1)\n<6>mce: CPU12: Core temperature/speed normal"),
    ("smartd", "smartmontools.service", "Device: /dev/sdb [SAT], starting scheduled Short Self-Test.\nDevice: /dev/sdb [SAT], self-test in progress, 90% remaining"),
    ("smartd", "smartmontools.service", "Device: /dev/sdb [SAT], previous self-test completed without error"),
    ("smartd", "smartmontools.service", "Device: /dev/nvme0, number of Error Log entries increased from 112 to 114"),
    ("sshd", "sshd.service", "Failed password for kmeier from 10.7.0.88 port 50112 ssh2\nAccepted password for kmeier from 10.7.0.88 port 50112 ssh2"),
    ("sshd", "sshd.service", "error: kex_exchange_identification: banner line contains invalid characters\nbanner exchange: Connection from 10.7.0.77 port 41888: invalid format"),
    ("sudo", "", "pam_unix(sudo:auth): authentication failure; logname=ops uid=1001 euid=0 tty=/dev/pts/2 ruser=ops rhost=  user=ops\n     ops : TTY=pts/2 ; PWD=/home/ops ; USER=root ; COMMAND=/usr/bin/systemctl restart node_exporter.service"),
    ("systemd", "init.scope", "<6>Stopping node_exporter.service - Prometheus Node Exporter...\n<6>node_exporter.service: Deactivated successfully.\n<6>Stopped node_exporter.service - Prometheus Node Exporter.\n<6>Started node_exporter.service - Prometheus Node Exporter."),
    ("rsyslogd", "rsyslog.service", "<4>action 'action-3-builtin:omfwd' suspended (module 'builtin:omfwd'), retry 0. There should be messages before this one giving the reason for suspension. [v8.2302.0 try https://www.rsyslog.com/e/2007 ]\n<6>action 'action-3-builtin:omfwd' resumed (module 'builtin:omfwd') [v8.2302.0 try https://www.rsyslog.com/e/2359 ]"),
    ("lldpd", "lldpd.service", "<4>removal request for address of 10.7.3.77%14, but no knowledge of it"),
    ("dnsmasq", "dnsmasq.service", "reducing DNS packet size for nameserver 10.7.0.2 to 1280"),
    ("cron", "cron.service", "(CRON) info (No MTA installed, discarding output)"),
    ("python3", "", "ansible-ansible.legacy.setup Invoked with gather_subset=['all'] gather_timeout=10 filter=[] fact_path=/etc/ansible/facts.d"),
    ("systemd-journald", "systemd-journald.service", "Under memory pressure, flushing caches."),
    ("systemd-udevd", "systemd-udevd.service", "<4>sdd: Process '/usr/bin/unshare -m /usr/bin/snap auto-import --mount=/dev/sdd' failed with exit code 1."),
    ("kernel", "", "<6>md: data-check of RAID array md127\n<6>md: md127: data-check done."),
    ("kernel", "", "<6>megaraid_sas 0000:18:00.0: 5211 (842619600s/0x0020/info) - Patrol Read started\n<6>megaraid_sas 0000:18:00.0: 5214 (842626311s/0x0020/info) - Patrol Read complete"),
    ("kernel", "", "<4>EXT4-fs (loop4): mounting ext3 file system using the ext4 subsystem"),
    ("kernel", "", "<4>process '/usr/bin/stress-ng' started with executable stack"),
    ("fwupd", "fwupd.service", "<4>FuEngine             failed to record HSI attributes: failed to get historical attr: json-glib version too old"),
    ("systemd", "init.scope", "<5>fwupd-refresh.service: Main process exited, code=exited, status=1/FAILURE\n<4>fwupd-refresh.service: Failed with result 'exit-code'.\n<3>Failed to start fwupd-refresh.service - Refresh fwupd metadata and update motd.\n<6>Starting fwupd-refresh.service - Refresh fwupd metadata and update motd...\n<6>fwupd-refresh.service: Deactivated successfully.\n<6>Finished fwupd-refresh.service - Refresh fwupd metadata and update motd."),
    ("systemd", "init.scope", "<5>backup-etc.service: Main process exited, code=exited, status=255/EXCEPTION\n<4>backup-etc.service: Failed with result 'exit-code'.\n<6>backup-etc.service: Scheduled restart job, restart counter is at 1.\n<6>Starting backup-etc.service - Copy /etc to the backup host...\n<6>backup-etc.service: Deactivated successfully.\n<6>Finished backup-etc.service - Copy /etc to the backup host."),
    ("kernel", "", "<6>ipmi_si IPI0001:00: The BMC does not support setting the recv irq bit, compensating, but the BMC needs to be fixed."),
    ("gpu-health", "", "nothing to check: no GPU of ours here, errors: 0"),
)  # fmt: skip
"""What happens once on a host in some hours, by the dozen on a fleet."""


def tell(f: Fleet, host: str, minute: float, happening: tuple[str, str, str], gap: float = 0.4) -> None:
    """One happening; what systemd says of a unit's end comes at once, its next try half a minute later."""
    identifier, unit, text = happening
    at, failed = minute, False
    for line in text.splitlines():
        if failed and ("Scheduled restart job" in line or "Starting " in line):
            at, failed = at + 0.5, False
        failed = failed or "Failed with result" in line
        f.log(host, at, identifier, line, unit=unit)
        at += 0.001 if identifier == "systemd" else gap / 60


def chatter(f: Fleet, talk: tuple[tuple[str, str, str], ...], but: str = "") -> None:
    """A distribution's talk, some three lines in two minutes, and on each host some sundries; hosts in `but` are spared those."""
    f.talk = talk
    for number, host in enumerate(f.hosts):
        for half in range(2 * f.minutes):
            minute = half // 2
            if f.chance.random() < 0.7 and not f.is_off(host.name, minute) and not f.is_off(host.name, minute + 1):
                identifier, unit, message = f.chance.choice(talk)
                text = message.format(
                    n=f.chance.randrange(9999), b=f.chance.randrange(2, 250), p=f.chance.randrange(2501, 60000)
                )
                f.log(host.name, minute + f.chance.random(), identifier, text, unit=unit)
        if host.name in but.split():
            continue
        for step in range(max(6, f.minutes // 8)):
            identifier, unit, text = SUNDRIES[(number * 11 + step * 5 + len(f.name)) % len(SUNDRIES)]
            minute = f.chance.uniform(2, f.minutes - 4)
            if not any(f.is_off(host.name, minute + ahead) for ahead in (-1, 0, 1, 2, 3, 4)):
                tell(f, host.name, minute, (identifier, unit, text))


def quiet_logs(f: Fleet, but: str = "", dialect: str = "long") -> None:
    """What BMCs log of a quiet day, some with clocks minutes off, and of the months before."""
    for number, host in enumerate(f.hosts):
        if host.name in but.split():
            continue
        old = (
            f"-{200 + number}d | Power Supply PSU1 | Power Supply AC lost | Asserted\n"
            f"-{200 + number}d | Power Supply PSU1 | Power Supply AC lost | Deasserted"
            if number % 3 == 1
            else f"-{200 + number}d | Fan FAN2 | Presence detected | Asserted"
        )
        f.sel(host.name, f"""
            -{300 + number}d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
            {old}
            = Pre-Init  |00000000{20 + number}| System ACPI Power State ACPI_State | S0/G0: working | Asserted
            = Pre-Init  |00000000{22 + number}| Power Supply PSU2 | Presence detected | Asserted
            -{20 + number}d | System Event #0xff | OEM System boot event | Asserted
            -{20 + number}d | OS Boot #0x22 | C: boot completed | Asserted
            {4 + number} | System Event #0x83 | Timestamp Clock Sync | Asserted
            {4.1 + number} | System Event #0x83 | Timestamp Clock Sync | Asserted
            {17 + number} | Session Audit #0x2a |  | Asserted
            {29 + number} | OEM record c1 | 0019fd | 00000000{0x3A + number:02x}7c
        """, dialect=dialect, clock=(number % 4) * 3 - 4, first=0x21 + 9 * number)  # fmt: skip
