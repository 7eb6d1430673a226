"""A fifth batch, written blind and to be like the given scenarios on other fleets: faults of software and of those who use it."""

from tests.scenarios.composing.fifth_boots import SLES_15, UBUNTU_24, ordered_restart
from tests.scenarios.composing.fifth_noise import FLATCAR, NIXOS, SUSE, TYAN, UBUNTU, chatter, quiet_logs
from tests.scenarios.composing.fleet import CISCO, CRITICAL, DELL, FUJITSU, WARNING, Fleet, hosts

NEVER = ["host.reinstall", "host.power_cycle"]


def cache_outgrows_its_flatcar_host() -> Fleet:
    f = Fleet("cache-outgrows-its-flatcar-host", "A cache grows until the whole host is out of memory and the kernel kills it, twice",
              hosts("fc-01 fc-02 fc-03", vendor="Dell Inc.", model="PowerEdge C6525", sensors=DELL, rack="n3", switch="leaf-n3", role="cache",
                    units=("sshd.service", "containerd.service", "docker.service", "redis.service")), minutes=150)  # fmt: skip
    quiet_logs(f)
    bad = "fc-02"
    f.gauge(bad, "memory_available_bytes", lambda minute: max(2.1e8, 2.3e11 - (minute % 66 if minute < 132 else minute - 132) * 3.5e9))  # fmt: skip
    for number, at in enumerate((65.5, 131.5)):
        pid = 4411 + number * 18001
        f.kernel(bad, at, f"""
            <4>kubelet invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), order=0, oom_score_adj=-999
            <4>CPU: 14 PID: 1977 Comm: kubelet Not tainted 6.6.54-flatcar #1
            <4>Hardware name: Dell Inc. PowerEdge C6525/0N4YD6, BIOS 2.15.1 05/31/2024
            <4>Mem-Info:
            <4>active_anon:1244 inactive_anon:62011422 isolated_anon:0
            <4>Node 0 Normal free:101244kB boost:0kB min:90112kB low:221184kB high:352256kB
            <6>Tasks state (memory values in pages):
            <6>[   {pid}]   999  {pid} 63110214 62001833 497102848        0             0 redis-server
            <6>oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=kubelet.service,mems_allowed=0-1,global_oom,task_memcg=/system.slice/docker-8c1fd2ab40e1.scope,task=redis-server,pid={pid},uid=999
            <3>Out of memory: Killed process {pid} (redis-server) total-vm:252440856kB, anon-rss:248007332kB, file-rss:0kB, shmem-rss:0kB, UID:999 pgtables:485452kB oom_score_adj:0
            <6>oom_reaper: reaped process {pid} (redis-server), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB
        """, gap=0.05)  # fmt: skip
        f.log(bad, at + 0.05, "dockerd", f'<6>time="2026-09-14T07:05:3{number}.441Z" level=info msg="ignoring event" container=8c1fd2ab40e1 module=libcontainerd namespace=moby topic=/tasks/delete type="*events.TaskDelete"', unit="docker.service")  # fmt: skip
        f.systemd(bad, at + 0.07, f"""
            <5>docker-8c1fd2ab40e1.scope: A process of this unit has been killed by the OOM killer.
            <5>redis.service: Main process exited, code=exited, status=137/n/a
            <4>redis.service: Failed with result 'exit-code'.
            <6>redis.service: Scheduled restart job, restart counter is at {number + 1}.
            <6>Started redis.service - Redis cache in a container.
        """, gap=2)  # fmt: skip
        f.log("fc-01", at + 0.1, "checkout", '<4>level=warn msg="cache lookup failed, going to the database" err="dial tcp 10.7.9.2:6379: connect: connection refused"', unit="docker.service")  # fmt: skip
    f.kernel("fc-03", 70, """
        <4>Memory cgroup out of memory: Killed process 30211 (stress) total-vm:1061200kB, anon-rss:1041200kB, file-rss:640kB, shmem-rss:0kB, UID:1000 pgtables:2100kB oom_score_adj:985
    """)  # fmt: skip
    f.log("fc-03", 69, "ops", "testing the limits of the batch namespace with stress on fc-03, ignore its cgroup OOM")
    f.expect(bad, WARNING, "memory_pressure", ["redis-server", "redis.service", "redis", "docker-8c1fd2ab40e1.scope"], "memory_pressure.oom", evidence=["Out of memory: Killed process"],
             not_cause=["dimm.uncorrectable", "software.crash_loop", "software.failed", "kernel.panic"], never=["dimm.replace", "host.reboot", *NEVER],
             why="redis-server holds 237 GiB when the host runs dry (kubelet only asked last); it is back within seconds each time. fc-03: one announced test inside its own limit.")  # fmt: skip
    chatter(f, FLATCAR)
    return f


def binlogs_fill_a_nixos_volume() -> Fleet:
    f = Fleet("binlogs-fill-a-nixos-volume", "The volume of a database fills with binary logs until it waits for space",
              hosts("nx-db-1 nx-db-2 nx-app-1", vendor="Fujitsu", model="PRIMERGY RX2530 M6", sensors=FUJITSU, rack="m5", switch="leaf-m5", role="database",
                    units=("sshd.service", "mysql.service", "systemd-timesyncd.service")), minutes=120)  # fmt: skip
    quiet_logs(f)
    f.metric("nx-db-1", "filesystem_avail_bytes", lambda minute: max(0.0, round(41e9 - minute * 5.2e8)), mountpoint="/srv/mysql")  # fmt: skip
    f.metric("nx-db-2", "filesystem_avail_bytes", lambda minute: 212e9 - minute * 1e7, mountpoint="/srv/mysql")
    f.metric("nx-db-1", "filesystem_size_bytes", lambda _: 5e11, mountpoint="/srv/mysql")
    for number, at in enumerate((79.2, 89.2, 99.2, 109.2)):
        f.log("nx-db-1", at, "mariadbd", f"<3>2026-09-14  7:{19 + number * 10}:12 41 [ERROR] mariadbd: Disk is full writing '/srv/mysql/binlog.000412' (Errcode: 28 \"No space left on device\"). Waiting for someone to free space... (Expect up to 60 secs delay for server to continue after freeing disk space)\n<3>2026-09-14  7:{19 + number * 10}:12 41 [ERROR] mariadbd: Retry in 60 secs. Message reprinted in 600 secs", unit="mysql.service")  # fmt: skip
    f.log("nx-db-1", 79.6, "mariadbd", '<4>2026-09-14  7:19:36 58 [Warning] mariadbd: Disk is full writing \'/srv/mysql/shop/orders.MAI\' (Errcode: 28 "No space left on device"). Waiting for someone to free space...', unit="mysql.service")  # fmt: skip
    for at in (80, 81.5, 83, 90, 97):
        f.log("nx-app-1", at, "shop", "<3>OperationalError: (2013, 'Lost connection to MySQL server during query') [10.7.5.1]\n<3>OperationalError: (1205, 'Lock wait timeout exceeded; try restarting transaction')", unit="shop.service")  # fmt: skip
    f.log("nx-db-2", 84, "mariadbd", "<6>2026-09-14  7:24:00 12 [Note] Slave I/O thread: Failed reading log event, reconnecting to retry, log 'binlog.000412' at position 9912331; GTID position '0-1-88120'", unit="mysql.service")  # fmt: skip
    f.expect("nx-db-1", CRITICAL, "filesystem", ["/srv/mysql"], "filesystem.full", evidence=["No space left on device"], not_cause=["software.failed", "software.crash_loop", "network.unreachable", "disk.failed", "filesystem.corruption"],
             actions=["ticket.create", "filesystem.cleanup"], never=["disk.replace", "filesystem.repair", "host.reboot", *NEVER],
             why="/srv/mysql of nx-db-1 falls to zero at minute 79; from then on every write waits, and the application and the replica with it.")  # fmt: skip
    chatter(f, NIXOS)
    return f


def guesses_over_ipv6() -> Fleet:
    f = Fleet("guesses-over-ipv6", "One IPv6 address tries hundreds of logins on a shell host with a current OpenSSH",
              hosts("sh-1 sh-2 sh-3", vendor="Tyan", model="B8253T83E8HR", sensors=TYAN, rack="x1", switch="leaf-x1", role="login", units=("ssh.service", "cron.service")), minutes=100)  # fmt: skip
    quiet_logs(f, "sh-3")
    ordered_restart(f, "sh-3", 60, UBUNTU_24, "linux-image-6.8.0-47")
    names = (
        "root",
        "invalid user admin",
        "invalid user ubuntu",
        "invalid user postgres",
        "invalid user git",
        "root",
        "invalid user deploy",
    )
    for number in range(260):
        at, port = 11 + number * 0.21, 30000 + number * 37 % 30000
        who = names[number % len(names)]
        text = f"Failed password for {who} from 2001:db8:66::1a7 port {port} ssh2\nConnection closed by {'authenticating user root' if who == 'root' else who} 2001:db8:66::1a7 port {port} [preauth]"
        if who != "root":
            text = f"Invalid user {who.split()[-1]} from 2001:db8:66::1a7 port {port}\n" + text
        f.log("sh-1", at, "sshd-session", text, unit="ssh.service", gap=1)
        if number % 9 == 4:
            f.log("sh-1", at + 0.05, "sshd-session", "PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=2001:db8:66::1a7  user=root", unit="ssh.service")  # fmt: skip
        if number % 13 == 5:
            f.log("sh-1", at + 0.06, "sshd", "drop connection #2 from [2001:db8:66::1a7]:40112 on [2001:db8:7::1]:22 penalty: failed authentication", unit="ssh.service")  # fmt: skip
    for host, at in (("sh-2", 20), ("sh-2", 55), ("sh-3", 33), ("sh-1", 8)):
        f.log(host, at, "sshd-session", "Invalid user test from 198.51.100.23 port 51002\nFailed password for invalid user test from 198.51.100.23 port 51002 ssh2\nConnection closed by invalid user test 198.51.100.23 port 51002 [preauth]", unit="ssh.service")  # fmt: skip
    f.expect("sh-1", WARNING, "security", ["2001:db8:66::1a7", "sshd", "ssh.service", "sshd-session"], "security.bruteforce", evidence=["2001:db8:66::1a7"], not_cause=["software.failed", "network.unreachable"],
             actions=["ticket.create", "network.block_ip"], never=["host.reboot", "service.restart", *NEVER],
             why="260 failed logins of one address within 55 minutes, none accepted; the other address tries once now and then.")  # fmt: skip
    chatter(f, UBUNTU)
    return f


def balancer_update_breaks_two_edges() -> Fleet:
    f = Fleet("balancer-update-breaks-two-edges", "An update of the load balancer refuses its old configuration on the two hosts that got it",
              hosts("edge-a1 edge-a2 edge-a3 edge-a4", vendor="Cisco Systems Inc", model="UCSC-C220-M7S", sensors=CISCO, rack="d2", switch="leaf-d2", role="edge",
                    units=("sshd.service", "haproxy.service", "keepalived.service")), minutes=80)  # fmt: skip
    quiet_logs(f, "edge-a4")
    ordered_restart(f, "edge-a4", 9, SLES_15, "leaf port moved")
    for number, name in enumerate(("edge-a1", "edge-a2")):
        at = 31 + number * 1.2
        f.log(name, at, "python3", "ansible-community.general.zypper Invoked with name=['haproxy'] state=latest type=package disable_gpg_check=False force=False update_cache=True")  # fmt: skip
        f.log(name, at + 0.4, "[RPM][21402]", "Transaction ID 66f1c0de started\nerase haproxy-2.0.31-150200.11.18.1.x86_64: success\ninstall haproxy-2.8.11-150600.3.3.1.x86_64: success\nTransaction ID 66f1c0de finished: 0")  # fmt: skip
        f.systemd(name, at + 0.6, "<6>Stopping HAProxy Load Balancer...\n<6>haproxy.service: Deactivated successfully.\n<6>Stopped HAProxy Load Balancer.")  # fmt: skip
        for again in range(5):
            step = at + 0.7 + again * 0.08
            f.systemd(name, step, "<6>Starting HAProxy Load Balancer...")
            f.log(name, step + 0.01, "haproxy", f"""
                <5>[NOTICE]   ({21733 + again}) : haproxy version is 2.8.11-01c1056
                <1>[ALERT]    ({21733 + again}) : config : parsing [/etc/haproxy/haproxy.cfg:27] : The 'reqadd' directive is not supported anymore since HAProxy 2.1. Use 'http-request add-header' instead.
                <1>[ALERT]    ({21733 + again}) : config : Error(s) found in configuration file : /etc/haproxy/haproxy.cfg
                <1>[ALERT]    ({21733 + again}) : config : Fatal errors found in configuration.
            """, unit="haproxy.service", gap=0.1)  # fmt: skip
            f.systemd(name, step + 0.02, f"""
                <5>haproxy.service: Control process exited, code=exited, status=1/FAILURE
                <4>haproxy.service: Failed with result 'exit-code'.
                <3>Failed to start HAProxy Load Balancer.
                <6>haproxy.service: Scheduled restart job, restart counter is at {again + 1}.
            """, gap=0.1)  # fmt: skip
        f.systemd(name, at + 1.2, "<4>haproxy.service: Start request repeated too quickly.\n<4>haproxy.service: Failed with result 'exit-code'.\n<3>Failed to start HAProxy Load Balancer.")  # fmt: skip
        f.log(name, at + 1.3, "Keepalived_vrrp", "<6>Script `chk_haproxy` now returning 1\n<6>(VI_1) Entering FAULT STATE", unit="keepalived.service")  # fmt: skip
        f.state(name, "haproxy.service", lambda minute: ("failed", "failed") if minute >= 34 else None)
    f.log("edge-a3", 32.5, "Keepalived_vrrp", "<6>(VI_1) Backup received priority 0 advertisement\n<6>(VI_1) Entering MASTER STATE", unit="keepalived.service")  # fmt: skip
    f.expect("edge-a1 edge-a2", CRITICAL, "software", ["haproxy.service", "haproxy"], "software.regression", evidence=["haproxy-2.8.11", "haproxy.cfg:27"], not_cause=["software.crash_loop", "software.failed", "network.unreachable"],
             actions=["ticket.create", "software.rollback"], never=["host.reboot", "service.restart", *NEVER],
             why="Both hosts fail from the first start of the new package on, by a directive that it no longer knows; those on 2.0 serve.")  # fmt: skip
    chatter(f, SUSE)
    return f


ALL = (
    cache_outgrows_its_flatcar_host,
    binlogs_fill_a_nixos_volume,
    guesses_over_ipv6,
    balancer_update_breaks_two_edges,
)
