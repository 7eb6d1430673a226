"""A fourth batch, written blind and to be representative: networks, clocks, services, kernels and doors of other fleets."""

from tests.scenarios.composing.fleet import (
    CRITICAL,
    DELL,
    FUJITSU,
    INTEL,
    SUPERMICRO,
    WARNING,
    Fleet,
    Host,
    hosts,
)
from tests.scenarios.composing.fourth_noise import (
    DEBIAN,
    EL9,
    H13,
    HPE_GEN11,
    QUANTA,
    SLES,
    XCC,
    event_log_noise,
)

NEVER = ["host.reinstall", "host.power_cycle"]


def leaf_of_five_goes_away() -> Fleet:
    f = Fleet("leaf-of-five-goes-away", "All bonds of one rack lose their links at once, twice, whatever their adapter; the next rack only misses them",
              [*hosts("t4-1 t4-2 t4-3 t4-4 t4-5", vendor="Supermicro", model="SYS-620U-TNR", rack="t4", switch="leaf-12", pdu=("pdu-t4-a", "pdu-t4-b"), units=("sshd.service", "crond.service", "chronyd.service")),
               *hosts("t5-1 t5-2", vendor="Supermicro", model="SYS-620U-TNR", rack="t5", switch="leaf-13", pdu=("pdu-t5-a", "pdu-t5-b"))], minutes=90)  # fmt: skip
    event_log_noise(f)
    fast = "NIC Link is Up, 25 Gbps Full Duplex, Requested FEC: CL108 RS-FEC, Negotiated FEC: CL108 RS-FEC, Autoneg: False, Flow Control: None"
    drivers = {"t4-1": ("i40e 0000:18:00.0 ens1f0: ", "ens1f0", "NIC Link is Down", fast),
               "t4-2": ("i40e 0000:18:00.0 ens1f0: ", "ens1f0", "NIC Link is Down", fast),
               "t4-3": ("ixgbe 0000:5e:00.0 enp94s0f0: ", "enp94s0f0", "NIC Link is Down", "NIC Link is Up 10 Gbps, Flow Control: RX/TX"),
               "t4-4": ("[qede_link_update:2698(enp175s0f0)]", "enp175s0f0", "Link is down", "Link is up"),
               "t4-5": ("ixgbe 0000:5e:00.0 enp94s0f0: ", "enp94s0f0", "NIC Link is Down", "NIC Link is Up 10 Gbps, Flow Control: RX/TX")}  # fmt: skip
    for start, length in ((31, 4.5), (47, 2.2)):
        for number, (name, (device, port, down, up)) in enumerate(drivers.items()):
            f.log(name, start + number * 0.006, "kernel", f"""
                {device}{down}
                <4>bond0: (slave {port}): link status definitely down, disabling slave
                <4>bond0: now running without any active interface!
            """, priority=6, late=length * 60)  # fmt: skip
            f.log(name, start + length + number * 0.006, "kernel", f"""
                {device}{up}
                <6>bond0: (slave {port}): link status definitely up, 25000 Mbps full duplex
                <6>bond0: active interface up!
            """, priority=6)  # fmt: skip
            f.log(
                name,
                start + 0.6,
                "chronyd",
                "Source 10.40.0.2 offline\nSource 10.40.0.3 offline",
                unit="chronyd.service",
                late=length * 60,
            )
        f.kernel("t4-3", start + 0.9, "<5>nfs: server filer-1 not responding, still trying")
        f.kernel("t4-3", start + length + 0.4, "<5>nfs: server filer-1 OK")
        for name in ("t5-1", "t5-2"):
            f.log(name, start + 0.4, "ingress", "level=warning msg=\"upstream unhealthy\" upstream=t4-2:8443 err=\"dial tcp 10.41.4.12:8443: connect: no route to host\"\nlevel=warning msg=\"upstream unhealthy\" upstream=t4-5:8443 err=\"dial tcp 10.41.4.15:8443: i/o timeout\"", priority=4)  # fmt: skip
    f.kernel("t5-2", 12, "<6>i40e 0000:18:00.0 ens1f0: NIC Link is Down\n<6>i40e 0000:18:00.0 ens1f0: NIC Link is Up, 25 Gbps Full Duplex, Requested FEC: None, Negotiated FEC: None, Autoneg: False, Flow Control: None", gap=3)  # fmt: skip
    f.expect("t4-1 t4-2 t4-3 t4-4 t4-5", CRITICAL, "switch", ["leaf-12"], "switch.failed", evidence=["bond0"],
             not_cause=["nic.link_flap", "cable.errors", "network.dns", "time.skew", "network.unreachable"], never=["nic.replace", "cable.replace", "host.reboot", *NEVER],
             why="Three drivers, one second, all on leaf-12 and nobody on leaf-13 (t5-2's one bounce is its own).")  # fmt: skip
    f.talk = EL9
    return f


def resolvers_of_a_hall_mute() -> Fleet:
    names = "w1-1 w1-2 w1-3"
    f = Fleet("resolvers-of-a-hall-mute", "The resolvers of a hall stop answering; lookups fail on all hosts, addresses still work",
              [*hosts(names, vendor="HPE", model="ProLiant DL360 Gen11", sensors=HPE_GEN11, rack="w1", switch="leaf-w1", pdu=("pdu-w1-a", "pdu-w1-b"), units=("ssh.service", "cron.service", "systemd-resolved.service")),
               *hosts("w2-1 w2-2", vendor="Dell Inc.", model="PowerEdge R660", sensors=DELL, rack="w2", switch="leaf-w2", pdu=("pdu-w2-a", "pdu-w2-b"), units=("ssh.service", "cron.service", "postfix.service"))], minutes=70)  # fmt: skip
    event_log_noise(f)
    for at in range(22, 48, 3):
        for name in ("w1-1", "w1-2", "w1-3"):
            f.log(name, at, "systemd-resolved", "Using degraded feature set UDP instead of UDP+EDNS0 for DNS server 10.70.0.53.\nUsing degraded feature set TCP instead of UDP for DNS server 10.70.0.53.", unit="systemd-resolved.service", priority=4)  # fmt: skip
            f.log(name, at + 0.3, "shop-api", 'level=error msg="call failed" err="Get \\"https://ledger.internal.example/v2\\": dial tcp: lookup ledger.internal.example: i/o timeout"', priority=3)  # fmt: skip
        f.log("w2-1", at + 0.5, "postfix/smtp", f"4F{at}A: to=<ops@mail.example>, relay=none, delay=40, delays=0.1/0/40/0, dsn=4.4.3, status=deferred (Host or domain name not found. Name service error for name=mail.example type=MX: Host not found, try again)", unit="postfix.service")  # fmt: skip
        f.log("w2-2", at + 0.6, "curl", "curl: (6) Could not resolve host: artifacts.internal.example", priority=3)
    f.log("w2-2", 30, "chronyd", "Could not resolve address of initstepslew server time-a.example", priority=4)
    f.log("w1-2", 33, "apt-helper", "E: Failed to fetch http://deb.mirror.example/debian/dists/bookworm/InRelease  Temporary failure resolving 'deb.mirror.example'", priority=4)  # fmt: skip
    for name in ("w1-1", "w1-2", "w1-3"):
        f.log(name, 48.4, "systemd-resolved", "Grace period over, resuming full feature set (UDP+EDNS0) for DNS server 10.70.0.53.", unit="systemd-resolved.service", priority=6)  # fmt: skip
    f.expect("w1-1 w1-2 w1-3 w2-1 w2-2", CRITICAL, "network", ["10.70.0.53", "DNS", "resolver"], "network.dns", evidence=["lookup ledger.internal.example"],
             not_cause=["network.unreachable", "software.failed", "switch.failed", "nic.link_flap"], never=["host.reboot", "service.restart", *NEVER],
             why="Two racks, two switches, no link lost: only names fail.")  # fmt: skip
    f.talk = DEBIAN
    return f


def kubelet_update_drops_a_flag() -> Fleet:
    f = Fleet("kubelet-update-drops-a-flag", "The playbook updates kubelet on two of five nodes; the new version refuses a flag of the old unit file, again and again",
              hosts("kn-1 kn-2 kn-3 kn-4 kn-5", vendor="Quanta", model="D52B-1U", sensors=QUANTA, rack="n6", switch="leaf-n6", role="kubernetes", units=("sshd.service", "containerd.service", "kubelet.service")), minutes=80)  # fmt: skip
    event_log_noise(f)
    bad = ("kn-2", "kn-5")
    for number, name in enumerate(bad):
        at = 25 + number * 1.5
        f.log(name, at, "python3", "ansible-ansible.legacy.dnf Invoked with name=['kubelet-1.27.16', 'kubectl-1.27.16'] state=present allow_downgrade=False autoremove=False disable_gpg_check=False update_cache=True lock_timeout=30", priority=6)  # fmt: skip
        f.log(name, at + 0.4, "audit", "SOFTWARE_UPDATE pid=81001 uid=0 auid=1000 ses=41 subj=unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023 msg='op=update sw=\"kubelet-1.27.16-150500.1.1.x86_64\" sw_type=rpm key_enforce=0 gpg_res=1 root_dir=\"/\" comm=\"platform-python\" exe=\"/usr/libexec/platform-python3.9\" hostname=? addr=? terminal=? res=success'", priority=6)  # fmt: skip
        f.log(name, at + 0.6, "python3", "ansible-ansible.legacy.systemd Invoked with name=kubelet state=restarted daemon_reload=True enabled=None scope=system no_block=False", priority=6)  # fmt: skip
        f.systemd(name, at + 0.7, "<6>Stopping kubelet: The Kubernetes Node Agent...\n<6>kubelet.service: Deactivated successfully.\n<6>Stopped kubelet: The Kubernetes Node Agent.\n<6>Started kubelet: The Kubernetes Node Agent.")  # fmt: skip
        for count in range(40):
            when = at + 0.75 + count * 0.18
            f.log(name, when, "kubelet", 'E0914 06:26:04.880211   81220 run.go:74] "command failed" err="failed to parse kubelet flag: unknown flag: --container-runtime"', unit="kubelet.service", priority=6)  # fmt: skip
            f.systemd(name, when + 0.01, f"<5>kubelet.service: Main process exited, code=exited, status=1/FAILURE\n<4>kubelet.service: Failed with result 'exit-code'.\n<6>kubelet.service: Scheduled restart job, restart counter is at {count + 1}.")  # fmt: skip
        f.state(name, "kubelet.service", lambda minute: ("activating", "auto-restart") if 27 <= minute < 80 else None)
    f.log("kn-1", 27.5, "kube-controller-manager", 'I0914 06:27:31.001211       1 node_lifecycle_controller.go:1085] "Controller detected that some Nodes are not Ready" nodes=["kn-2","kn-5"]', priority=6)  # fmt: skip
    f.expect("kn-2 kn-5", CRITICAL, "software", ["kubelet.service", "kubelet"], "software.regression", evidence=["unknown flag: --container-runtime"],
             not_cause=["software.crash_loop", "software.failed", "network.unreachable"], actions=["ticket.create", "software.rollback"], never=["host.reboot", "service.restart", *NEVER])  # fmt: skip
    f.talk = EL9
    return f


def module_of_a_file_system_panics() -> Fleet:
    f = Fleet("module-of-a-file-system-panics", "A kernel module follows a null pointer; the host panics, dumps and comes back; its hardware has nothing to report",
              hosts("px-1 px-2 px-3", vendor="Fujitsu", model="PRIMERGY RX2530 M5", sensors=FUJITSU, rack="y1", switch="leaf-y1", units=("sshd.service", "cron.service", "nfsserver.service")), minutes=80)  # fmt: skip
    event_log_noise(f, "px-3")
    bad = "px-3"
    f.kernel(bad, 28, """
        <1>BUG: kernel NULL pointer dereference, address: 0000000000000058
        <1>#PF: supervisor read access in kernel mode
        <1>#PF: error_code(0x0000) - not-present page
        <6>PGD 0 P4D 0
        <4>Oops: 0000 [#1] PREEMPT SMP NOPTI
        <4>CPU: 11 PID: 40188 Comm: nfsd Kdump: loaded Tainted: G           OE      X    5.14.21-150500.55.65-default #1 SLE15-SP5 (unreleased)
        <4>Hardware name: FUJITSU PRIMERGY RX2530 M5/D3383-B1, BIOS V5.0.0.14 R1.40.0 for D3383-B1x 11/22/2023
        <4>RIP: 0010:nfsd4_cb_done+0x3a/0x210 [nfsd]
        <4>Call Trace:
        <4> <TASK>
        <4> rpc_exit_task+0x5c/0x1a0 [sunrpc]
        <4> __rpc_execute+0x7b/0x420 [sunrpc]
        <4> process_one_work+0x210/0x410
        <4> worker_thread+0x2d/0x3c0
        <4> kthread+0x12b/0x150
        <4> ret_from_fork+0x22/0x30
        <4> </TASK>
        <0>Kernel panic - not syncing: Fatal exception
        <6>Kernel Offset: 0x34000000 from 0xffffffff81000000 (relocation range: 0xffffffff80000000-0xffffffffbfffffff)
    """, gap=0.01)  # fmt: skip
    f.down(bad, 28.2, 35)
    f.kernel(bad, 35, "<5>Linux version 5.14.21-150500.55.65-default (geeko@buildhost) #1 SMP PREEMPT_DYNAMIC\n<6>Command line: BOOT_IMAGE=/boot/vmlinuz-5.14.21-150500.55.65-default root=/dev/sda2 crashkernel=407M,high crashkernel=72M,low\n<6>XFS (sdb1): Starting recovery (logdev: internal)\n<6>XFS (sdb1): Ending recovery (logdev: internal)")  # fmt: skip
    f.log(bad, 35.5, "kdump-save", "Saving dump to /var/crash/2026-09-14-06:29 finished successfully", priority=6)
    for name in ("px-1", "px-2"):
        f.kernel(name, 29.5, "<5>nfs: server px-3 not responding, still trying")
        f.kernel(name, 36, "<5>nfs: server px-3 OK")
    f.sel(bad, """
        -22d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        33 | System Event #0xff | OEM System boot event | Asserted
        35.6 | OS Boot #0x22 | C: boot completed | Asserted
    """, dialect="central european")  # fmt: skip
    f.expect(bad, CRITICAL, ["kernel", "software"], ["kernel", "nfsd", "px-3"], "kernel.panic", evidence=["Kernel panic - not syncing"],
             not_cause=["dimm.uncorrectable", "cpu.mce", "psu.input_lost", "network.unreachable", "filesystem.corruption"], never=["dimm.replace", "cpu.replace", *NEVER])  # fmt: skip
    f.talk = SLES
    return f


def search_engine_eats_its_host() -> Fleet:
    f = Fleet("search-engine-eats-its-host", "A Java service takes all memory of its host, the kernel kills it twice; its peers are well",
              hosts("es-1 es-2 es-3 es-4", vendor="Lenovo", model="ThinkSystem SR645", sensors=XCC, rack="n2", switch="leaf-n2", role="search", units=("sshd.service", "crond.service", "elasticsearch.service")), minutes=120)  # fmt: skip
    event_log_noise(f)
    bad = "es-3"
    f.gauge(bad, "memory_available_bytes", lambda minute: max(3e8, 150e9 - minute % 50 * 3.05e9))
    for count, at in enumerate((49.5, 99.5)):
        pid = 3311 + count * 41_000
        f.kernel(bad, at, f"""
            <4>filebeat invoked oom-killer: gfp_mask=0x1140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0
            <4>CPU: 41 PID: 2218 Comm: filebeat Kdump: loaded Not tainted 5.14.0-427.13.1.el9_4.x86_64 #1
            <4>Call Trace:
            <4> dump_header+0x4c/0x22d
            <4> oom_kill_process.cold+0xb/0x10
            <4> out_of_memory+0xed/0x2e0
            <4>Mem-Info:
            <4>active_anon:1021 inactive_anon:64120331 isolated_anon:0
            <4>Node 0 Normal free:61000kB boost:0kB min:61220kB low:188000kB high:314000kB
            <6>[{pid:7d}]   991 {pid:5d} 68811200 63001122 509440000        0             0 java
            <6>oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0-1,global_oom,task_memcg=/system.slice/elasticsearch.service,task=java,pid={pid},uid=991
            <3>Out of memory: Killed process {pid} (java) total-vm:275244800kB, anon-rss:252004488kB, file-rss:0kB, shmem-rss:0kB, UID:991 pgtables:497500kB oom_score_adj:0
        """, gap=0.02)  # fmt: skip
        f.systemd(bad, at + 0.1, f"<4>elasticsearch.service: A process of this unit has been killed by the OOM killer.\n<5>elasticsearch.service: Main process exited, code=killed, status=9/KILL\n<4>elasticsearch.service: Failed with result 'oom-kill'.\n<6>elasticsearch.service: Scheduled restart job, restart counter is at {count + 1}.\n<6>Started Elasticsearch.")  # fmt: skip
        f.log("es-1", at + 0.5, "elasticsearch", "[2026-09-14T06:49:58,112][INFO ][o.e.c.s.MasterService    ] [es-1] node-left[{es-3} reason: disconnected], term: 12, version: 8812", unit="elasticsearch.service")  # fmt: skip
    f.expect(bad, WARNING, "memory_pressure", ["elasticsearch.service", "elasticsearch", "java"], "memory_pressure.oom", evidence=["Out of memory: Killed process"],
             not_cause=["software.crash_loop", "software.failed", "dimm.uncorrectable", "kernel.panic"], never=["dimm.replace", "host.reboot", *NEVER])  # fmt: skip
    f.talk = EL9
    return f


def mailboxes_knocked_at() -> Fleet:
    f = Fleet("mailboxes-knocked-at", "One address tries passwords at the mail server for an hour, by IMAP and by SMTP; none is right",
              hosts("mx-1 mx-2", vendor="Supermicro", model="SYS-1029P-WTR", sensors=SUPERMICRO, rack="u3", switch="leaf-u3", role="mail", units=("ssh.service", "dovecot.service", "postfix.service")), minutes=90)  # fmt: skip
    event_log_noise(f)
    for number in range(260):
        at = 14 + number * 0.2
        user = ("info", "admin", "sales", "scanner", "backup", "postmaster", "test")[number % 7]
        if number % 2:
            f.log("mx-1", at, "dovecot", f"imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<{user}@shop.example>, method=PLAIN, rip=198.51.100.214, lip=192.0.2.25, TLS, session=<q{number}mYz>", unit="dovecot.service")  # fmt: skip
        else:
            f.log("mx-1", at, "postfix/smtps/smtpd", f"warning: unknown[198.51.100.214]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username={user}@shop.example", unit="postfix.service", priority=4)  # fmt: skip
    for name, at in (("mx-1", 20), ("mx-2", 31), ("mx-2", 52)):
        f.log(name, at, "sshd", "Invalid user oracle from 203.0.113.77 port 51120\nFailed password for invalid user oracle from 203.0.113.77 port 51120 ssh2", unit="ssh.service")  # fmt: skip
    f.log("mx-2", 44, "dovecot", "imap-login: Disconnected: Connection closed (auth failed, 2 attempts in 9 secs): user=<hanna@shop.example>, method=PLAIN, rip=192.0.2.140, lip=192.0.2.26, TLS, session=<hh1>\nimap-login: Login: user=<hanna@shop.example>, method=PLAIN, rip=192.0.2.140, lip=192.0.2.26, mpid=8821, TLS, session=<hh2>", unit="dovecot.service", gap=20)  # fmt: skip
    f.expect("mx-1", WARNING, "security", ["198.51.100.214", "dovecot", "dovecot.service", "postfix.service"], "security.bruteforce", evidence=["198.51.100.214"],
             not_cause=["software.failed", "network.unreachable"], actions=["ticket.create", "network.block_ip"], never=["host.reboot", "service.restart", *NEVER])  # fmt: skip
    f.talk = DEBIAN
    return f


def bar_of_a_rack_trips() -> Fleet:
    rack = {"rack": "j8", "pdu": ("pdu-j8-left", "pdu-j8-right"), "switch": "leaf-j8"}
    fleet = [
        *hosts("j8-d1 j8-d2", vendor="Dell Inc.", model="PowerEdge R760", sensors=DELL, **rack),
        *hosts("j8-l1 j8-l2", vendor="Lenovo", model="ThinkSystem SR650 V3", sensors=XCC, **rack),
        *hosts("j8-s1", vendor="Intel", model="M50CYP1UR", sensors=INTEL, **rack),
        Host("j9-d1", "Dell Inc.", "PowerEdge R760", rack="j9", pdu=("pdu-j8-left", "pdu-j9-right"), switch="leaf-j9", sensors=DELL),
    ]  # fmt: skip
    f = Fleet("bar-of-a-rack-trips", "The right power bar of a rack trips: every host of three makers loses one supply's input in the same seconds", fleet, minutes=80)  # fmt: skip
    event_log_noise(f, "j8-d1", "j8-d2", "j8-l1", "j8-l2", "j8-s1")
    words = {"j8-d1": ("Power Supply PS2 Status | Power Supply AC lost", "Power Supply PS Redundancy | Redundancy Lost"),
             "j8-d2": ("Power Supply PS2 Status | Power Supply AC lost", "Power Supply PS Redundancy | Redundancy Lost"),
             "j8-l1": ("Power Supply PSU 2 | Power Supply AC lost", "Power Supply PSU Redundancy | Non-Redundant: Sufficient from Redundant"),
             "j8-l2": ("Power Supply PSU 2 | Power Supply AC lost", "Power Supply PSU Redundancy | Non-Redundant: Sufficient from Redundant"),
             "j8-s1": ("Power Supply PS2 Status | Power Supply AC lost", "Power Unit Pwr Unit Redund | Redundancy Lost")}  # fmt: skip
    for number, (name, (lost, redundancy)) in enumerate(words.items()):
        f.sel(name, f"""
            -60d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
            {41 + number * 0.01} | {lost} | Asserted
            {41.05 + number * 0.01} | {redundancy} | Asserted
        """, clock=(0, -25, 4, 0, 12)[number], first=0x50 + number * 40)  # fmt: skip
    f.log(
        "j9-d1",
        50,
        "telegraf",
        "[inputs.snmp] Error in plugin: agent pdu-j8-right:161: request timeout (after 3 retries)",
        priority=3,
    )
    f.expect("j8-d1 j8-d2 j8-l1 j8-l2 j8-s1", CRITICAL, "pdu", ["pdu-j8-right"], "pdu.failed", evidence=["Power Supply AC lost"],
             not_cause=["psu.failed", "psu.input_lost", "psu.redundancy_lost", "switch.failed"], never=["psu.replace", "host.reboot", *NEVER],
             why="j9-d1 hangs on pdu-j8-left too and keeps both supplies: the right bar.")  # fmt: skip
    f.talk = EL9
    return f


def clock_of_a_scheduler_runs_ahead() -> Fleet:
    f = Fleet("clock-of-a-scheduler-runs-ahead", "A node lost its time sources days ago and drifts; tickets and credentials of it are refused until chronyd steps",
              hosts("hp-1 hp-2 hp-3 hp-4", vendor="Supermicro", model="AS-2125HS-TNR", sensors=H13, rack="f9", switch="leaf-f9", units=("sshd.service", "chronyd.service", "slurmd.service", "munge.service")), minutes=80)  # fmt: skip
    event_log_noise(f)
    bad = "hp-2"
    for at in (6, 17, 28):
        f.log(bad, at, "chronyd", "Can't synchronise: no selectable sources", unit="chronyd.service", priority=4)
    for at in (11, 19, 23, 30, 36):
        f.log(bad, at, "slurmd", "slurmd: error: Munge decode failed: Expired credential\nslurmd: error: Check for out of sync clocks\nslurmd: error: slurm_unpack_received_msg: auth_g_verify: REQUEST_PING has authentication error: Unspecified error", unit="slurmd.service", priority=3)  # fmt: skip
        f.log(
            "hp-1",
            at + 0.2,
            "slurmctld",
            "error: Munge decode failed: Rewound credential\nerror: Nodes hp-2 not responding",
            priority=3,
        )
    f.log(bad, 25, "sssd", "krb5_child[8812]: Clock skew too great", priority=3)
    f.log(bad, 41, "chronyd", "Selected source 10.40.0.2 (time-a.example)\nSystem clock wrong by -318.402211 seconds\nSystem clock was stepped by -318.402211 seconds", unit="chronyd.service", priority=4)  # fmt: skip
    f.log("hp-4", 33, "chronyd", "Source 10.40.0.3 replaced with 10.40.0.6 (time-b.example)", unit="chronyd.service")
    f.expect(bad, WARNING, "time", ["chronyd", "chronyd.service", "hp-2", "clock", "system clock"], "time.skew", evidence=["System clock wrong by"],
             not_cause=["software.failed", "cmos_battery.low", "network.unreachable", "security.bruteforce"], never=["host.reboot", *NEVER])  # fmt: skip
    f.talk = EL9
    return f


ALL = (
    leaf_of_five_goes_away,
    resolvers_of_a_hall_mute,
    kubelet_update_drops_a_flag,
    module_of_a_file_system_panics,
    search_engine_eats_its_host,
    mailboxes_knocked_at,
    bar_of_a_rack_trips,
    clock_of_a_scheduler_runs_ahead,
)
