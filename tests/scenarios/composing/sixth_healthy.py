"""A sixth batch, written blind, each fleet amid a lot of harmless talk: fleets in which nothing is wrong."""

from tests.scenarios.composing.fleet import Fleet, hosts
from tests.scenarios.composing.sixth_boots import EULER, FOCAL, UEK, by_order
from tests.scenarios.composing.sixth_noise import (
    ALMA_9,
    DEBIAN_13,
    H3C,
    NETTRIX,
    OPENEULER,
    ORACLE_9,
    TAISHAN,
    TRUENAS,
    UBUNTU_20,
    UCSX,
    ZTE,
    hum,
    old_records,
)


def healthy_switch_upgraded_by_notice() -> Fleet:
    f = Fleet("healthy-switch-upgraded-by-notice", "Healthy control: one of two leaf switches is upgraded by notice, every bond loses a leg for four minutes and gets it back",
              hosts("vr-01 vr-02 vr-03 vr-04 vr-05 vr-06", vendor="H3C", model="UniServer R4900 G6", sensors=H3C, rack="d4", switch="leaf-d4a", pdu=("pdu-d4-a", "pdu-d4-b"), role="virtualization",
                    units=("sshd.service", "libvirtd.service", "chronyd.service", "zabbix-agent2.service")), minutes=110)  # fmt: skip
    f.reasons.append("Nothing is wrong: leaf-d4a was upgraded as announced (minute 40 to 44, reload), the bonds kept their other leg, no guest noticed. vr-03's earlier bounce follows a technician's re-seating, also noted.")  # fmt: skip
    old_records(f)
    f.log(
        "vr-01",
        32,
        "ops",
        "announced change CHG-2291: NX-OS upgrade of leaf-d4a 06:40 to 06:50, bonds run on leaf-d4b meanwhile",
    )
    for number, host in enumerate(f.hosts):
        at = 40 + number * 0.003
        f.kernel(host.name, at, """
            <6>ice 0000:31:00.0 ens1f0: NIC Link is Down
            <6>bond0: (slave ens1f0): link status down for active interface, disabling it in 200 ms
            <6>bond0: (slave ens1f0): link status definitely down, disabling slave
            <6>bond0: (slave ens1f1): making interface the new active one
            <6>bond0: active interface up!
        """, gap=0.05)  # fmt: skip
        f.log(host.name, at + 0.01, "NetworkManager", "<info>  [1789366800.1] device (ens1f0): carrier: link lost\n<info>  [1789366800.2] device (bond0): bond active slave changed", unit="NetworkManager.service")  # fmt: skip
        f.log(host.name, at + 0.5, "lacp-check", "bond0: 1 of 2 legs up, within the window of CHG-2291")
        f.kernel(host.name, at + 4.1 + number * 0.05, """
            <6>ice 0000:31:00.0 ens1f0: NIC Link is up 25 Gbps Full Duplex, Requested FEC: RS-FEC, Negotiated FEC: FC-FEC/BASE-R, Autoneg Advertised: On, Autoneg Negotiated: False, Flow Control: None
            <6>bond0: (slave ens1f0): link status up, enabling it in 400 ms
            <6>bond0: (slave ens1f0): link status definitely up, 25000 Mbps full duplex
        """, gap=0.2)  # fmt: skip
        f.log(host.name, at + 5, "lacp-check", "bond0: 2 of 2 legs up, rx_crc_errors=0 rx_symbol_errors=0")
    f.log(
        "vr-02",
        40.3,
        "libvirtd",
        "<3>internal error: End of file from qemu monitor\n<6>migration of web-14 to vr-05 completed",
        unit="libvirtd.service",
    )
    f.log("vr-05", 40.2, "corosync", "  [KNET  ] link: host: 3 link: 0 is down\n  [KNET  ] host: host: 3 (passive) best link: 1 (pri: 1)\n  [KNET  ] rx: host: 3 link: 0 is up", unit="corosync.service", gap=80)  # fmt: skip
    f.log("vr-03", 17, "ops", "re-seating the optic of vr-03 ens1f0 with remote hands, expect one or two link changes")
    f.kernel("vr-03", 18, "<6>ice 0000:31:00.0 ens1f0: NIC Link is Down\n<6>ice 0000:31:00.0 ens1f0: NIC Link is up 25 Gbps Full Duplex, Requested FEC: RS-FEC, Negotiated FEC: RS-FEC, Autoneg Advertised: On, Autoneg Negotiated: False, Flow Control: None", gap=22)  # fmt: skip
    for at in (14, 33, 71):
        f.kernel("vr-06", at, "<6>vnet12: entered promiscuous mode\n<6>br-vm: port 14(vnet12) entered blocking state\n<6>br-vm: port 14(vnet12) entered forwarding state\n<6>br-vm: port 14(vnet12) entered disabled state", gap=2)  # fmt: skip
    hum(f, ALMA_9)
    return f


def healthy_kernels_of_an_arm_rack() -> Fleet:
    f = Fleet("healthy-kernels-of-an-arm-rack", "Healthy control: an ARM rack gets a new kernel host by host, one BMC and one adapter new firmware",
              hosts("ts-1 ts-2 ts-3 ts-4 ts-5", vendor="Huawei", model="TaiShan 200 (Model 2280)", sensors=TAISHAN, rack="e3", switch="tor-e3", pdu=("pdu-e3-a", "pdu-e3-b"), role="web",
                    units=("sshd.service", "nginx.service", "chronyd.service", "rasdaemon.service")), minutes=130)  # fmt: skip
    f.reasons.append("Nothing is wrong: four restarts, each announced and ordered, clean, and back in six minutes; ts-5's BMC restarts for its new firmware (minute 101 to 106). nginx elsewhere only sees upstreams come and go.")  # fmt: skip
    old_records(f, dialect="short utc")
    for number, name in enumerate(("ts-1", "ts-2", "ts-3", "ts-4")):
        at = 14 + number * 21
        f.log(
            name,
            at - 4,
            "dnf",
            "Upgraded: kernel-5.10.0-216.0.0.115.oe2203sp4.aarch64\nUpgraded: openssl-1:1.1.1wa-7.oe2203sp4.aarch64\n<4>Warning: RPMDB altered outside of DNF.",
        )
        f.systemd(
            name,
            at - 3,
            "<6>Reloading.\n<6>nginx.service: Deactivated successfully.\n<6>Stopped The nginx HTTP and reverse proxy server.",
        )
        f.state(name, "nginx.service", lambda minute, at=at: ("inactive", "dead") if at - 3 <= minute < at + 7 else None)  # fmt: skip
        by_order(f, name, at, EULER, "kernel 5.10.0-216 to all of e3", tool="/usr/sbin/reboot")
        f.kernel(
            name,
            at + 6.3,
            "<6>hns3 0000:7d:00.0 enp125s0f0: link down\n<6>hns3 0000:7d:00.0 enp125s0f0: link up",
            gap=4,
        )
        f.systemd(
            name,
            at + 6.8,
            "<6>Starting The nginx HTTP and reverse proxy server...\n<6>Started The nginx HTTP and reverse proxy server.",
        )
        other = "ts-5" if number != 2 else "ts-1"
        f.log(other, at + 0.2, "nginx", f"<3>2026/09/14 06:{at:02d}:12 [error] 4120#0: *99211 connect() failed (113: No route to host) while connecting to upstream, upstream: \"http://172.20.7.{number + 1}:8080/\"\n<4>2026/09/14 06:{at:02d}:12 [warn] 4120#0: *99211 upstream server temporarily disabled while connecting to upstream", unit="nginx.service")  # fmt: skip
    f.log("ts-5", 99, "ops", "announced change: iBMC firmware 6.58 of ts-5, its BMC restarts")
    for sensor in TAISHAN:
        f.reading("ts-5", sensor, lambda minute: (None, "gone") if 101 <= minute < 106 else None)
    f.log("ts-1", 102, "ipmi-exporter", "<4>ts-5-bmc: Get Session Challenge command failed, scrape of this target skipped\n<6>ts-5-bmc: in maintenance", unit="ipmi-exporter.service")  # fmt: skip
    f.sel("ts-5", """
        -410d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        100 | Version Change BMC Version | Firmware or software change detected | Asserted
        = Pre-Init  |0000000031| Microcontroller BMC Boot Up | State Asserted | Asserted
        107 | System Event #0x83 | Timestamp Clock Sync | Asserted
        107.2 | Version Change BMC Version | Firmware or software change success | Asserted
    """, dialect="short utc", clock=3, first=0x51)  # fmt: skip
    f.kernel("ts-5", 112, "<6>hns3 0000:7d:00.0: prepare reset(2) wait done\n<6>hns3 0000:7d:00.0: The firmware version is 3.10.22.5\n<6>hns3 0000:7d:00.0: Reset done, hclge driver initialization finished.", gap=1)  # fmt: skip
    f.log("ts-5", 111.5, "ops", "announced change: hinicupdatetool/hns3 firmware of ts-5, its function resets once")
    f.log("ts-2", 70, "sysmonitor", "warning|sysmonitor[1411]: CPU usage alarm: 96%\ninfo|sysmonitor[1411]: CPU usage resume: 41%", unit="sysmonitor.service", gap=110)  # fmt: skip
    hum(f, OPENEULER)
    return f


def healthy_build_farm() -> Fleet:
    f = Fleet("healthy-build-farm", "Healthy control: a build farm, where tests crash, hang, leak and fail as tests do",
              hosts("ci-a ci-b ci-c ci-d", vendor="Nettrix", model="R520 G40", sensors=NETTRIX, rack="h2", switch="tor-h2", pdu=("pdu-h2-a", "pdu-h2-b"), role="ci",
                    units=("ssh.service", "docker.service", "gitlab-runner.service", "systemd-timesyncd.service")), minutes=120)  # fmt: skip
    f.reasons.append("Nothing is wrong: what crashes, fails or is killed are builds and tests in their containers (each within its own limit); runners, daemons and hosts go on.")  # fmt: skip
    old_records(f)
    for number, host in enumerate(f.hosts):
        for step in range(6):
            at = 4 + step * 18 + number * 3
            job = 771200 + step * 40 + number
            veth = f"veth{job % 4096:x}{number}b"
            f.kernel(host.name, at, f"<6>docker0: port 2({veth}) entered blocking state\n<6>{veth}: entered allmulticast mode\n<6>eth0: renamed from veth9{job % 1000}\n<6>docker0: port 2({veth}) entered forwarding state")  # fmt: skip
            f.log(host.name, at + 0.1, "gitlab-runner", f'Checking for jobs... received                         job={job} repo_url=https://git.example/core/engine.git runner=x7Kd{number}\n<4>WARNING: Job failed: exit code 1                           duration_s=412.{number} job={job} project=88 runner=x7Kd{number}\n<4>Failed to process runner                            builds=2 error="exit code 1" executor=docker runner=x7Kd{number}' if step % 2 else f"Job succeeded                                      duration_s=301.{number} job={job} project=88 runner=x7Kd{number}", unit="gitlab-runner.service", gap=3)  # fmt: skip
            f.kernel(
                host.name,
                at + 6,
                f"<6>docker0: port 2({veth}) entered disabled state\n<6>{veth} (unregistering): left allmulticast mode",
            )
    f.kernel("ci-b", 31, """
        <4>cc1plus invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
        <6>memory: usage 8388608kB, limit 8388608kB, failcnt 30211
        <6>oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=docker-3b1f0c.scope,mems_allowed=0-1,oom_memcg=/system.slice/docker-3b1f0c.scope,task_memcg=/system.slice/docker-3b1f0c.scope,task=cc1plus,pid=81123,uid=0
        <3>Memory cgroup out of memory: Killed process 81123 (cc1plus) total-vm:2311044kB, anon-rss:2201300kB, file-rss:9100kB, shmem-rss:0kB, UID:0 pgtables:4512kB oom_score_adj:0
    """, gap=0.02)  # fmt: skip
    f.log("ci-b", 31.1, "gitlab-runner", "<4>WARNING: Job failed: exit code 137                         duration_s=88.2 job=771333 project=88", unit="gitlab-runner.service")  # fmt: skip
    for number, at in enumerate((22, 47, 48, 93)):
        f.kernel(f"ci-{'acbd'[number]}", at, f"<6>traps: test_parser[{51000 + number}] general protection fault ip:55d1c0a1b2{number}0 sp:7ffc1b2a3d40 error:0 in test_parser[55d1c0a00000+8a000]\n<6>engine_fuzz[{52000 + number}]: segfault at deadbeef ip 000055e2b1a0c3d4 sp 00007ffe0a1b2c30 error 6 in engine_fuzz[55e2b1a00000+91000] likely on CPU 41 (core 9, socket 1)")  # fmt: skip
        f.log(f"ci-{'acbd'[number]}", at + 0.05, "systemd-coredump", f"<2>Process {51000 + number} (test_parser) of user 0 dumped core.\n<2>Stack trace of thread 7:\n<2>#0  0x000055d1c0a1b2c0 n/a (/builds/core/engine/test_parser + 0x1b2c0)")  # fmt: skip
    f.log("ci-c", 58, "engine-test", "FATAL: panic: runtime error: index out of range [3] with length 3 (expected by TestRecoverFromPanic)\nok   core/engine/recover 0.412s\nAssertionError: disk full simulated: [Errno 28] No space left on device: '/tmp/pytest-1/full'\n1 passed", priority=3)  # fmt: skip
    f.systemd("ci-d", 64, "<6>Started run-r8812f0.service - /usr/bin/make check.\n<5>run-r8812f0.service: Main process exited, code=exited, status=2/INVALIDARGUMENT\n<4>run-r8812f0.service: Failed with result 'exit-code'.\n<6>run-r8812f0.service: Consumed 12min 4.101s CPU time, 3.1G memory peak.", gap=0.001)  # fmt: skip
    f.systemd("ci-a", 75, "<6>Starting docker-prune.service - Remove what builds left behind...\n<6>docker-prune.service: Deactivated successfully.\n<6>Finished docker-prune.service - Remove what builds left behind.")  # fmt: skip
    f.gauge("ci-a", "filesystem_avail_bytes", lambda minute: 71e9 - minute * 6.5e8 if minute < 76 else 70e9)
    f.log("ci-d", 84, "dockerd", 'time="2026-09-14T07:24:00Z" level=error msg="Not continuing with pull after error: toomanyrequests: rate limit exceeded"\ntime="2026-09-14T07:24:40Z" level=info msg="image pulled" name=debian:13', unit="docker.service", gap=40)  # fmt: skip
    hum(f, DEBIAN_13)
    return f


def healthy_disks_under_test() -> Fleet:
    f = Fleet("healthy-disks-under-test", "Healthy control: self-tests, scrubs, patrol reads, replications and a planned disk swap in an archive",
              hosts("tn-1 tn-2 tn-3", vendor="Supermicro", model="SSG-640SP-E1CR60", rack="j6", switch="tor-j6", pdu=("pdu-j6-a", "pdu-j6-b"), role="storage",
                    units=("ssh.service", "smartmontools.service", "zfs-zed.service", "middlewared.service")), minutes=150)  # fmt: skip
    f.reasons.append("Nothing is wrong: tests end without error, the scrub repairs nothing, a replication that lost its snapshot runs again, and the swap of sdm on tn-2 was announced (offlined, pulled, replaced, resilvered).")  # fmt: skip
    old_records(f)
    for number, host in enumerate(f.hosts):
        for disk in "cdgk":
            f.log(host.name, 3 + number + ord(disk) % 5, "smartd", f"Device: /dev/sd{disk} [SAT], starting scheduled Long Self-Test.\nDevice: /dev/sd{disk} [SAT], self-test in progress, 60% remaining\nDevice: /dev/sd{disk} [SAT], previous self-test completed without error", unit="smartmontools.service", gap=2400)  # fmt: skip
        f.log(host.name, 8 + number, "zed", "eid=311 class=scrub_start pool='tank'\neid=312 class=scrub_finish pool='tank'", unit="zfs-zed.service", gap=6600)  # fmt: skip
        for at in (20, 51, 88, 121):
            f.kernel(host.name, at + number, "<6>mpt3sas_cm0: log_info(0x31080000): originator(PL), code(0x08), sub_code(0x0000)\n<6>sd 0:0:14:0: Power-on or device reset occurred" if at == 51 else "<6>mpt3sas_cm0: log_info(0x3112011a): originator(PL), code(0x12), sub_code(0x011a)")  # fmt: skip
    f.log("tn-1", 44, "zettarepl", "<3>[ERROR] [replication_task__task_4] zettarepl.replication.run: For task 'task_4' non-recoverable replication error ReplicationError('most recent snapshot of tank/labs does not match incremental source')\n<6>[INFO] zettarepl.replication.run: For task 'task_4' doing push from 'tank/labs' to 'vault/labs' of snapshot='auto-2026-09-14' full\n<6>[INFO] zettarepl.replication.run: replication of 'task_4' finished", unit="middlewared.service", gap=420)  # fmt: skip
    f.log("tn-2", 58, "ops", "announced change: swapping tn-2 slot 13 (sdm, 7 years old, no errors) for a larger drive")
    f.log("tn-2", 58.4, "sudo", "     ops : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/sbin/zpool offline tank sdm", priority=5)  # fmt: skip
    f.log(
        "tn-2",
        58.5,
        "zed",
        "eid=340 class=statechange pool='tank' vdev=sdm1 vdev_state=OFFLINE",
        unit="zfs-zed.service",
    )
    f.kernel("tn-2", 60, """
        <4>mpt3sas_cm0: mpt3sas_transport_port_remove: removed: sas_addr(0x5000ccab0501a2c1)
        <4>mpt3sas_cm0: removing handle(0x001d), sas_addr(0x5000ccab0501a2c1)
        <4>mpt3sas_cm0: enclosure logical id(0x500304801f1a2b3f), slot(13)
        <5>sd 0:0:13:0: [sdm] Synchronizing SCSI cache
        <5>sd 0:0:13:0: [sdm] Synchronize Cache(10) failed: Result: hostbyte=DID_NO_CONNECT driverbyte=DRIVER_OK
        <5>scsi 0:0:61:0: Direct-Access     ATA      ST20000NM007D-3D SN01 PQ: 0 ANSI: 6
        <5>sd 0:0:61:0: [sdm] 39063650304 512-byte logical blocks: (20.0 TB/18.2 TiB)
        <5>sd 0:0:61:0: [sdm] Attached SCSI disk
    """, gap=9)  # fmt: skip
    f.log("tn-2", 62.5, "zed", "eid=341 class=vdev_attach pool='tank' vdev=sdm1\neid=342 class=resilver_start pool='tank'\neid=343 class=resilver_finish pool='tank'", unit="zfs-zed.service", gap=2200)  # fmt: skip
    f.kernel("tn-3", 30, "<6>megaraid_sas 0000:5e:00.0: 8814 (842619600s/0x0020/info) - Patrol Read started\n<6>megaraid_sas 0000:5e:00.0: 8815 (842622200s/0x0020/info) - Consistency Check started on VD 00/0\n<6>megaraid_sas 0000:5e:00.0: 8819 (842625911s/0x0020/info) - Consistency Check done on VD 00/0", gap=1800)  # fmt: skip
    f.log("tn-3", 95, "smbd", "<3>[2026/09/14 07:35:02.1,  0] ../../source3/lib/util_sock.c:474(write_data_at_offset) write_data: write failure. Error = Connection reset by peer", unit="smbd.service")  # fmt: skip
    hum(f, TRUENAS)
    return f


def healthy_patch_day_of_databases() -> Fleet:
    f = Fleet("healthy-patch-day-of-databases", "Healthy control: databases are patched in turn, one fails over by order, blades get new firmware",
              hosts("od-1 od-2 od-3 od-4", vendor="Cisco Systems Inc", model="UCSX-210C-M7", sensors=UCSX, rack="q1", switch="fi-q1a", pdu=("pdu-q1-a", "pdu-q1-b"), role="database",
                    units=("sshd.service", "postgresql-16.service", "chronyd.service", "osqueryd.service")), minutes=130)  # fmt: skip
    f.reasons.append("Nothing is wrong: two ordered restarts with a switchover before them; connections are ended by the administrator's command; od-4's processors run at their power cap by order while a supply is exchanged in the chassis, as announced.")  # fmt: skip
    old_records(f)
    for name, at, peer in (("od-2", 24, "od-1"), ("od-1", 70, "od-2")):
        f.log(peer, at - 6, "patroni", f"INFO: received switchover request with leader={name} candidate={peer} scheduled_at=None\nINFO: promoted self to leader by acquiring session lock", unit="patroni.service", gap=6)  # fmt: skip
        f.log(name, at - 6, "postgres", "<4>FATAL:  terminating connection due to administrator command\n<6>LOG:  received fast shutdown request\n<6>LOG:  shutting down\n<6>LOG:  database system is shut down", unit="postgresql-16.service", gap=1)  # fmt: skip
        f.log("od-3", at - 5.9, "postgres", "<4>FATAL:  could not receive data from WAL stream: server closed the connection unexpectedly\n<4>FATAL:  streaming replication receiver \"od-3\" could not connect to the primary server: connection refused\n<6>LOG:  started streaming WAL from primary at 7A/12000000 on timeline 14", unit="postgresql-16.service", gap=5)  # fmt: skip
        f.log(
            name,
            at - 4,
            "dnf",
            "Upgraded: kernel-uek-5.15.0-304.171.4.el9uek.x86_64\nUpgraded: postgresql16-server-16.10-1PGDG.rhel9.x86_64",
        )
        f.state(name, "postgresql-16.service", lambda minute, at=at: ("inactive", "dead") if at - 6 <= minute < at + 8 else None)  # fmt: skip
        by_order(f, name, at, UEK, "UEK 5.15.0-304 and PostgreSQL 16.10", minutes=7)
        f.log(name, at + 7.9, "postgres", "<6>LOG:  starting PostgreSQL 16.10 on x86_64-pc-linux-gnu\n<6>LOG:  entering standby mode\n<4>FATAL:  the database system is starting up\n<6>LOG:  database system is ready to accept read-only connections", unit="postgresql-16.service", gap=2)  # fmt: skip
    f.log(
        "od-4",
        88,
        "ops",
        "announced change: PSU 3 of chassis q1-1 is exchanged, blades are capped to 600 W until it is in",
    )
    f.sel("od-4", """
        -410d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        -22d | System Event #0xff | OEM System boot event | Asserted
        90 | Processor P1_PROCHOT | Limit Exceeded | Asserted
        91 | Processor P1_PROCHOT | Limit Exceeded | Deasserted
    """, clock=-2, first=0x91)  # fmt: skip
    f.kernel(
        "od-4",
        90,
        "<4>mce: CPU8: Package power limit notification (total events = 1)\n<6>mce: CPU8: Package power limit normal",
        gap=55,
    )
    for at in (12, 45, 66, 103):
        f.log("od-3", at, "postgres", "<3>ERROR:  duplicate key value violates unique constraint \"invoice_no_key\"\n<3>ERROR:  canceling statement due to statement timeout\n<3>ERROR:  deadlock detected\n<4>FATAL:  password authentication failed for user \"report\"", unit="postgresql-16.service", gap=20)  # fmt: skip
    f.log("od-3", 108, "pgbackrest", "<4>P00   WARN: unable to check pg-2: [DbConnectError] unable to connect, that host is being restarted by order\n<6>P00   INFO: backup command end: completed successfully", gap=200)  # fmt: skip
    hum(f, ORACLE_9)
    return f


def healthy_queue_of_students() -> Fleet:
    f = Fleet("healthy-queue-of-students", "Healthy control: batch jobs of a course fail by their authors' own doing on nodes with small GPUs",
              hosts("gx-01 gx-02 gx-03 gx-04 gx-05", vendor="ZTE", model="R5300 G4X", sensors=ZTE, rack="c8", switch="tor-c8", pdu=("pdu-c8-a", "pdu-c8-b"), gpus=4, role="teaching",
                    units=("ssh.service", "slurmd.service", "nvidia-persistenced.service", "nvidia-dcgm.service")), minutes=120)  # fmt: skip
    f.reasons.append("Nothing is wrong: out of CUDA memory, out of the job's own memory, over time, wrong arguments, full home quota; GPUs pass each check. One node restarts by order, scanners at the door are few and banned.")  # fmt: skip
    old_records(f)
    for number, host in enumerate(f.hosts):
        for step in range(7):
            at = 3 + step * 16 + number * 2.7
            job = 402100 + step * 10 + number
            end = (
                "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.22 GiB. GPU 0 has a total capacity of 21.99 GiB of which 804.44 MiB is free.",
                "error: *** JOB {job} ON {host} CANCELLED AT 2026-09-14T07:00:00 DUE TO TIME LIMIT ***",
                "FileNotFoundError: [Errno 2] No such file or directory: 'data/train.csv'",
                "RuntimeError: NCCL error: invalid usage (run with NCCL_DEBUG=WARN for details)",
                "OSError: [Errno 122] Disk quota exceeded: '/home/stud/ckpt/last.pt'",
                "srun: error: gx-01: task 0: Exited with exit code 1",
                "slurmstepd: error: execve(): ./a.out: Permission denied",
            )[(step + number) % 7].format(job=job, host=host.name)  # fmt: skip
            if not any(f.is_off(host.name, at + ahead) for ahead in (0, 3)) and not (
                host.name == "gx-04" and 60 < at < 75
            ):
                f.log(host.name, at, "slurmd", f"Launching batch job {job} for UID 3{number}11", unit="slurmd.service")
                f.log(host.name, at + 2, "slurmstepd", f"<3>{end}\n<6>done with job", unit="slurmstepd.scope")
        for at in (10, 50, 100):
            f.log(
                host.name,
                at + number * 0.7,
                "dcgm-health",
                "overall health: Healthy; 4 GPUs; ecc dbe=0 sbe=2 retired=0 remapped=0 xid=none power_violation=88123us thermal_violation=0us",
            )
    f.kernel("gx-02", 36, """
        <6>python3 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
        <6>oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=step_batch,mems_allowed=0-1,oom_memcg=/slurm/uid_3111/job_402161,task_memcg=/slurm/uid_3111/job_402161/step_batch,task=python3,pid=90412,uid=3111
        <3>Memory cgroup out of memory: Killed process 90412 (python3) total-vm:41882310kB, anon-rss:33501200kB, file-rss:210044kB, shmem-rss:0kB, UID:3111 pgtables:72120kB oom_score_adj:0
    """, gap=0.03)  # fmt: skip
    f.log("gx-02", 36.1, "slurmstepd", "<3>error: Detected 1 oom_kill event in StepId=402161.batch. Some of the step tasks have been OOM Killed.", unit="slurmstepd.scope")  # fmt: skip
    by_order(f, "gx-04", 64, FOCAL, "a hung login session of the course, fresh start", minutes=6)
    for number, at in enumerate((7, 8, 9, 33, 34, 35, 82, 83)):
        f.log("gx-01", at, "sshd", f"Invalid user {('oracle', 'test', 'ubuntu', 'pi')[number % 4]} from 203.0.113.{70 + number // 3} port 5{number}122\nFailed password for invalid user test from 203.0.113.{70 + number // 3} port 5{number}122 ssh2\nConnection closed by invalid user test 203.0.113.{70 + number // 3} port 5{number}122 [preauth]", unit="sshd.service")  # fmt: skip
    f.log(
        "gx-01",
        9.2,
        "fail2ban-server",
        "NOTICE  [sshd] Ban 203.0.113.70\nNOTICE  [sshd] Ban 203.0.113.71",
        unit="fail2ban.service",
        gap=1560,
    )
    hum(f, UBUNTU_20)
    return f


ALL = (
    healthy_switch_upgraded_by_notice,
    healthy_kernels_of_an_arm_rack,
    healthy_build_farm,
    healthy_disks_under_test,
    healthy_patch_day_of_databases,
    healthy_queue_of_students,
)
