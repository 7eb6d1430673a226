"""Services that crash, loop or starve, and kernels that hang or panic."""

from tests.scenarios.composing.fleet import (
    CISCO,
    CRITICAL,
    DELL,
    GIGABYTE,
    HPE,
    INTEL,
    LENOVO,
    SUPERMICRO,
    WARNING,
    Fleet,
    Host,
    hosts,
)

NEVER = ["host.power_cycle", "host.reinstall"]
LINUX = "<5>Linux version 5.14.0-427.16.1.el9_4.x86_64 (mockbuild@x86-05.build.example) (gcc (GCC) 11.4.1) #1 SMP PREEMPT_DYNAMIC"


def worker_loops_on_its_config() -> Fleet:
    f = Fleet("worker-loops-on-its-config", "A worker cannot read its configuration, dies at every start, and systemd gives up",
              hosts("q-1 q-2", vendor="HPE", model="ProLiant DL20 Gen10", sensors=HPE, rack="v1", switch="sw-v1", units=("sshd.service", "mq-worker.service")))  # fmt: skip
    bad = "q-2"
    for number in range(6):
        at = 20 + number * 0.1
        f.systemd(bad, at, "<6>Started Queue worker.")
        f.log(
            bad,
            at + 0.02,
            "mq-worker",
            "Traceback (most recent call last):\nyaml.scanner.ScannerError: mapping values are not allowed here",
            unit="mq-worker.service",
            priority=3,
        )
        f.systemd(
            bad,
            at + 0.04,
            f"<5>mq-worker.service: Main process exited, code=exited, status=1/FAILURE\n<4>mq-worker.service: Failed with result 'exit-code'.\n<6>mq-worker.service: Scheduled restart job, restart counter is at {number + 1}.",
        )
    f.systemd(
        bad,
        20.7,
        "<4>mq-worker.service: Start request repeated too quickly.\n<4>mq-worker.service: Failed with result 'exit-code'.\n<3>Failed to start Queue worker.",
    )
    f.state(bad, "mq-worker.service", lambda m: ("failed", "failed") if m >= 20 else None)
    f.expect(bad, CRITICAL, "software", ["mq-worker.service", "mq-worker"], "software.crash_loop", evidence=["Start request repeated too quickly"],
             not_cause=["memory_pressure.oom", "filesystem.full"], actions=["ticket.create"], never=["host.reboot", *NEVER])  # fmt: skip
    return f


def update_breaks_slurm() -> Fleet:
    f = Fleet("update-breaks-slurm", "dnf updates Slurm on two nodes; the new daemon dies at once on both, the others stay on the old one and work",
              hosts("cn-1 cn-2 cn-3 cn-4", vendor="Dell", model="PowerEdge C6525", sensors=DELL, rack="v2", switch="sw-v2", units=("sshd.service", "slurmd.service")))  # fmt: skip
    for number, bad in enumerate(("cn-1", "cn-2")):
        base = 22 + number * 0.6
        f.log(
            bad,
            base,
            "dnf",
            "Upgraded: slurm-23.11.7-1.el9.x86_64\nUpgraded: slurm-slurmd-23.11.7-1.el9.x86_64",
            priority=6,
        )
        for attempt in range(5):
            at = base + 0.3 + attempt * 0.15
            f.log(
                bad,
                at,
                "slurmd",
                "error: plugin_load_from_file: dlopen(/usr/lib64/slurm/auth_munge.so): undefined symbol: slurm_auth_token\nfatal: Unable to initialize auth plugin",
                unit="slurmd.service",
                priority=3,
            )
            f.systemd(
                bad,
                at + 0.02,
                f"<5>slurmd.service: Main process exited, code=exited, status=1/FAILURE\n<4>slurmd.service: Failed with result 'exit-code'.\n<6>slurmd.service: Scheduled restart job, restart counter is at {attempt + 1}.",
            )
        f.systemd(
            bad,
            base + 1.2,
            "<4>slurmd.service: Start request repeated too quickly.\n<4>slurmd.service: Failed with result 'exit-code'.\n<3>Failed to start Slurm node daemon.",
        )
        f.state(bad, "slurmd.service", lambda m: ("failed", "failed") if m >= 24 else None)
    f.expect("cn-1 cn-2", CRITICAL, "software", ["slurmd.service", "slurmd", "slurm", "slurm-slurmd"], "software.regression", evidence=["Upgraded: slurm"],
             not_cause=["software.crash_loop", "software.failed", "network.unreachable"], actions=["ticket.create", "software.rollback"],
             never=["host.reboot", "service.restart", *NEVER], why="Exactly the two updated nodes; a restart cannot help.")  # fmt: skip
    return f


def database_asserts() -> Fleet:
    f = Fleet("database-asserts", "MariaDB stops on an assertion and stays down",
              hosts("sql-1 sql-2", vendor="Lenovo", model="ThinkSystem SR650", sensors=LENOVO, rack="v3", switch="sw-v3", role="database", units=("sshd.service", "mariadb.service")))  # fmt: skip
    bad = "sql-1"
    f.log(
        bad,
        29,
        "mariadbd",
        "2026-09-14  6:29:00 0x7f02 InnoDB: Assertion failure in file /usr/src/debug/mariadb-10.6.17/storage/innobase/btr/btr0pcur.cc line 532\nInnoDB: We intentionally generate a memory trap.\n260914  6:29:00 [ERROR] mysqld got signal 6 ;",
        unit="mariadb.service",
        priority=3,
    )
    f.systemd(
        bad,
        29.1,
        "<5>mariadb.service: Main process exited, code=killed, status=6/ABRT\n<4>mariadb.service: Failed with result 'signal'.",
    )
    f.state(bad, "mariadb.service", lambda m: ("failed", "failed") if m >= 29 else None)
    f.log(
        "sql-2",
        29.4,
        "mariadbd",
        "[ERROR] Slave I/O: error reconnecting to master 'repl@sql-1:3306' - retry-time: 60  maximum-retries: 100000  message: Can't connect to server on 'sql-1' (111)",
        unit="mariadb.service",
        priority=3,
    )
    f.expect(bad, CRITICAL, "software", ["mariadb.service", "mariadb", "mariadbd"], "software.failed", evidence=["mariadb.service: Failed with result"],
             not_cause=["software.crash_loop", "disk.failed", "network.unreachable", "memory_pressure.oom"], actions=["ticket.create", "service.restart"],
             never=["host.reboot", "disk.replace", *NEVER])  # fmt: skip
    return f


def pod_outgrows_its_limit() -> Fleet:
    f = Fleet("pod-outgrows-its-limit", "A container is killed at its memory limit again and again while the host has plenty",
              hosts("kube-1 kube-2", vendor="Cisco", model="UCSC-C220-M6S", sensors=CISCO, rack="v4", switch="sw-v4", role="kubernetes", units=("sshd.service", "kubelet.service", "containerd.service")), minutes=70)  # fmt: skip
    bad = "kube-1"
    for number in range(5):
        pid, pod = 71_000 + number * 113, "kubepods-burstable-pod3f2b8c11_77aa_4c2e_9d1b_0c6d8e6f9a41.slice"
        f.kernel(bad, 12 + number * 9, f"""
            <4>java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=984
            <6>memory: usage 4194304kB, limit 4194304kB, failcnt 91{number}
            <6>oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=cri-containerd-5be1.scope,mems_allowed=0-1,oom_memcg=/kubepods.slice/kubepods-burstable.slice/{pod},task_memcg=/kubepods.slice/kubepods-burstable.slice/{pod}/cri-containerd-5be1.scope,task=java,pid={pid},uid=1000
            <3>Memory cgroup out of memory: Killed process {pid} (java) total-vm:11423716kB, anon-rss:4168244kB, file-rss:11264kB, shmem-rss:0kB, UID:1000 pgtables:9216kB oom_score_adj:984
        """, gap=0.01)  # fmt: skip
    f.log(
        bad,
        50,
        "kubelet",
        'E0914 06:50:02.118201    1811 pod_workers.go:1301] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"indexer\\" with CrashLoopBackOff: \\"back-off 2m40s restarting failed container=indexer pod=indexer-6d8f_search\\"" pod="search/indexer-6d8f"',
        unit="kubelet.service",
    )
    f.expect(bad, WARNING, "memory_pressure", ["java", "indexer", "kubepods-burstable-pod3f2b8c11_77aa_4c2e_9d1b_0c6d8e6f9a41.slice", "cri-containerd-5be1.scope"], "memory_pressure.oom",
             evidence=["Memory cgroup out of memory"], not_cause=["dimm.uncorrectable", "software.crash_loop", "kernel.panic"], actions=["ticket.create", "user.notify"],
             never=["host.reboot", "dimm.replace", *NEVER])  # fmt: skip
    return f


def kernel_oops_panics() -> Fleet:
    f = Fleet("kernel-oops-panics", "A kernel dereferences a bad pointer in a network module and panics; the hardware says nothing",
              hosts("fw-1 fw-2", vendor="Supermicro", model="SYS-E300", sensors=SUPERMICRO, rack="v5", switch="sw-v5", role="firewall"))  # fmt: skip
    bad = "fw-1"
    f.kernel(bad, 26, """
        <1>BUG: unable to handle page fault for address: ffffb1c2c0f3a008
        <1>#PF: supervisor read access in kernel mode
        <1>#PF: error_code(0x0000) - not-present page
        <4>Oops: 0000 [#1] PREEMPT SMP NOPTI
        <4>CPU: 3 PID: 0 Comm: swapper/3 Kdump: loaded Tainted: G           OE     5.14.0-427.16.1.el9_4.x86_64 #1
        <4>RIP: 0010:nf_conntrack_tcp_packet+0x4e1/0x1740 [nf_conntrack]
        <0>Kernel panic - not syncing: Fatal exception in interrupt
    """, gap=0.01)  # fmt: skip
    f.down(bad, 26.1, 30)
    f.sel(
        bad,
        "26 | OS Critical Stop #0x00 | Run-time critical stop | Asserted\n29.6 | OS Boot #0x00 | C: boot completed | Asserted",
        clock=7,
    )
    f.kernel(bad, 30, LINUX)
    f.expect(bad, CRITICAL, "kernel", ["kernel", "nf_conntrack", bad, "swapper/3", "nf_conntrack_tcp_packet"], "kernel.panic", evidence=["Kernel panic - not syncing"],
             not_cause=["cpu.mce", "dimm.uncorrectable", "psu.input_lost", "software.failed"], actions=["ticket.create"],
             never=["cpu.replace", "dimm.replace", *NEVER])  # fmt: skip
    return f


def tasks_hang_in_the_kernel() -> Fleet:
    f = Fleet("tasks-hang-in-the-kernel", "Tasks hang for minutes in the kernel, with no disk, network or memory fault in sight",
              hosts("hp-1 hp-2", vendor="HPE", model="ProLiant DL560 Gen10", sensors=HPE, rack="v6", switch="sw-v6"))  # fmt: skip
    bad = "hp-1"
    for minute in (24, 26.05, 28.1, 30.1):
        f.kernel(bad, minute, f"""
            <3>INFO: task cgroupify:41822 blocked for more than {int((minute - 22) * 60)} seconds.
            <3>      Not tainted 5.14.0-427.16.1.el9_4.x86_64 #1
            <3>"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
            <6>task:cgroupify       state:D stack:    0 pid:41822 ppid:     1 flags:0x00004002
            <6>Call Trace:
            <6> __schedule+0x248/0x620
            <6> schedule_preempt_disabled+0x11/0x20
            <6> __mutex_lock.constprop.0+0x2ab/0x500
            <3>INFO: task systemd:1 blocked for more than {int((minute - 22) * 60)} seconds.
        """, gap=0.01)  # fmt: skip
    f.gauge(bad, "load1", lambda m: 9 + max(0, m - 22) * 6.0 if m >= 22 else None)
    f.expect(bad, CRITICAL, "kernel", ["cgroupify", "systemd", "kernel", bad, "cgroupify:41822"], "kernel.hung_task", evidence=["blocked for more than"],
             not_cause=["disk.failed", "kernel.panic", "software.failed", "nvme.controller_reset"], actions=["ticket.create", "host.drain", "host.reboot"],
             never=["disk.replace", *NEVER])  # fmt: skip
    return f


def processor_stuck_in_a_loop() -> Fleet:
    f = Fleet("processor-stuck-in-a-loop", "A CPU spins in the kernel: soft lockups and stalls of RCU for ten minutes",
              hosts("nfv-1 nfv-2", vendor="Intel", model="S2600BPB", sensors=INTEL, rack="v7", switch="sw-v7"))  # fmt: skip
    bad = "nfv-2"
    for number in range(10):
        f.kernel(bad, 21 + number * 0.9, f"""
            <0>watchdog: BUG: soft lockup - CPU#22 stuck for {22 + number * 26}s! [kworker/22:1:88213]
            <4>Modules linked in: vxlan ip6_udp_tunnel udp_tunnel openvswitch nsh nf_conncount
            <4>CPU: 22 PID: 88213 Comm: kworker/22:1 Tainted: G             L    5.10.0-28-amd64 #1 Debian 5.10.209-2
        """, gap=0.01)  # fmt: skip
    f.kernel(
        bad,
        22,
        "<3>rcu: INFO: rcu_sched self-detected stall on CPU\n<3>rcu: \t22-....: (5249 ticks this GP) idle=b3e/1/0x4000000000000000 softirq=9912/9912 fqs=2601\n<4>\t(t=5250 jiffies g=1199201 q=48112)",
    )
    f.expect(bad, CRITICAL, "kernel", ["CPU#22", "CPU22", "22", "kworker/22:1", "kernel", bad, "kworker/22:1:88213"], "kernel.soft_lockup", evidence=["soft lockup"],
             not_cause=["cpu.mce", "cpu.ierr", "kernel.panic", "software.failed"], actions=["ticket.create", "host.drain", "host.reboot"], never=["cpu.replace", *NEVER])  # fmt: skip
    return f


def two_tasks_wait_for_each_other() -> Fleet:
    f = Fleet("two-tasks-wait-for-each-other", "Two tasks each hold the lock that the other waits for",
              hosts("new-1 new-2", vendor="GIGABYTE", model="R283-S92", sensors=GIGABYTE, rack="v8", switch="sw-v8"))  # fmt: skip
    bad = "new-1"
    for minute in (25, 27.05, 29.1):
        waited = int((minute - 23) * 60)
        f.kernel(bad, minute, f"""
            <3>INFO: task ovs-vswitchd:2201 blocked for more than {waited} seconds.
            <3>      Not tainted 6.17.4-1-default #1 openSUSE Tumbleweed
            <3>INFO: task ovs-vswitchd:2201 is blocked on a mutex likely owned by task modprobe:9114.
            <3>INFO: task modprobe:9114 blocked for more than {waited} seconds.
            <3>INFO: task modprobe:9114 is blocked on a mutex likely owned by task ovs-vswitchd:2201.
        """, gap=0.01)  # fmt: skip
    f.expect(bad, CRITICAL, "kernel", ["ovs-vswitchd", "modprobe", "kernel", bad, "ovs-vswitchd:2201", "modprobe:9114"], ["kernel.deadlock"], evidence=["likely owned by task"],
             not_cause=["disk.failed", "software.failed"], actions=["ticket.create", "host.drain", "host.reboot"], never=["disk.replace", *NEVER])  # fmt: skip
    return f


def file_server_panics() -> Fleet:
    f = Fleet("file-server-panics", "An NFS server panics; its clients hang until it is back",
              [Host("nas", "Supermicro", "SSG-6049P", rack="v9", switch="sw-v9", role="fileserver"),
               *hosts("cli-1 cli-2 cli-3", vendor="Dell", model="PowerEdge R6525", sensors=DELL, rack="v10", switch="sw-v10", pdu=("pdu-v10",))], minutes=70)  # fmt: skip
    f.kernel("nas", 20, """
        <1>BUG: kernel NULL pointer dereference, address: 0000000000000018
        <4>Oops: 0000 [#1] SMP NOPTI
        <4>RIP: 0010:nfsd4_cb_recall_any_release+0x1c/0x50 [nfsd]
        <0>Kernel panic - not syncing: Fatal exception
        <0>Rebooting in 10 seconds..
    """, gap=0.01)  # fmt: skip
    f.down("nas", 20.1, 28)
    f.kernel("nas", 28, LINUX)
    f.sel(
        "nas",
        "20.1 | OS Critical Stop #0x46 | Run-time critical stop | Asserted\n27.5 | OS Boot #0x22 | C: boot completed | Asserted",
    )
    for number, name in enumerate(("cli-1", "cli-2", "cli-3")):
        f.kernel(name, 21 + number * 0.2, "<5>nfs: server nas not responding, still trying")
        f.kernel(
            name,
            24 + number * 0.2,
            f"<3>INFO: task python3:{5000 + number} blocked for more than 122 seconds.\n<3>      Not tainted 5.15.0-112-generic #122-Ubuntu",
        )
        f.kernel(name, 28.5 + number * 0.2, "<5>nfs: server nas OK")
    f.expect("nas", CRITICAL, "kernel", ["kernel", "nfsd", "nas", "nfsd4_cb_recall_any_release"], "kernel.panic", evidence=["Kernel panic - not syncing"],
             not_cause=["kernel.hung_task", "network.unreachable", "switch.failed", "psu.input_lost"], actions=["ticket.create"], never=["service.restart", "disk.replace", *NEVER],
             why="The clients' hung tasks and time-outs are what an absent file server does; they recover with it.")  # fmt: skip
    return f


ALL = (
    worker_loops_on_its_config,
    update_breaks_slurm,
    database_asserts,
    pod_outgrows_its_limit,
    kernel_oops_panics,
    tasks_hang_in_the_kernel,
    processor_stuck_in_a_loop,
    two_tasks_wait_for_each_other,
    file_server_panics,
)
