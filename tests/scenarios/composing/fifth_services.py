"""A fifth batch, written blind: fleets of services and of storage in which nothing is wrong."""

from tests.scenarios.composing.fifth_boots import SLES_15, ordered_restart
from tests.scenarios.composing.fifth_noise import DEBIAN, SUSE, XFUSION, chatter, quiet_logs, tell
from tests.scenarios.composing.fleet import FUJITSU, HPE, Fleet, hosts

PASSING = (
    ("postgres", "postgresql@16-main.service", "2026-09-14 06:0{d}:11.120 UTC [4121] LOG:  checkpoints are occurring too frequently (2{d} seconds apart)\n2026-09-14 06:0{d}:11.120 UTC [4121] HINT:  Consider increasing the configuration parameter \"max_wal_size\"."),
    ("postgres", "postgresql@16-main.service", "2026-09-14 06:0{d}:31.002 UTC [5{d}12] shop@shop ERROR:  duplicate key value violates unique constraint \"orders_pkey\"\n2026-09-14 06:0{d}:31.002 UTC [5{d}12] shop@shop DETAIL:  Key (id)=(88{d}120) already exists."),
    ("postgres", "postgresql@16-main.service", "2026-09-14 06:0{d}:41.002 UTC [5{d}19] shop@shop LOG:  could not receive data from client: Connection reset by peer"),
    ("postgres", "postgresql@16-main.service", "2026-09-14 06:0{d}:52.002 UTC [5{d}40] report@shop ERROR:  canceling statement due to statement timeout"),
    ("postgres", "postgresql@16-main.service", "2026-09-14 06:0{d}:55.002 UTC [5{d}41] nosuch@shop FATAL:  password authentication failed for user \"nosuch\""),
    ("mysqld", "mysql.service", "2026-09-14T06:0{d}:12.1Z 8{d}1 [Warning] [MY-010055] [Server] IP address '10.7.0.{d}' could not be resolved: Name or service not known"),
    ("mysqld", "mysql.service", "2026-09-14T06:0{d}:14.1Z 8{d}2 [Note] [MY-010914] [Server] Aborted connection 8{d}2 to db: 'shop' user: 'shop' host: '10.7.0.{d}' (Got timeout reading communication packets)."),
    ("nginx", "nginx.service", "2026/09/14 06:0{d}:12 [error] 1288#1288: *91{d}2 upstream prematurely closed connection while reading response header from upstream, client: 203.0.113.{d}, server: shop.example.org, request: \"GET /feed HTTP/2.0\""),
    ("nginx", "nginx.service", "2026/09/14 06:0{d}:19 [warn] 1288#1288: *91{d}4 a client request body is buffered to a temporary file /var/lib/nginx/body/000000{d}1"),
    ("nginx", "nginx.service", "2026/09/14 06:0{d}:21 [crit] 1288#1288: *91{d}5 SSL_do_handshake() failed (SSL: error:0A00006C:SSL routines::bad key share) while SSL handshaking, client: 198.51.100.{d}, server: 0.0.0.0:443"),
    ("php-fpm8.2", "php8.2-fpm.service", "[WARNING] [pool www] child 4{d}12, script '/srv/www/index.php' (request: \"GET /index.php\") executing too slow (5.{d}12 sec), logging"),
    ("php-fpm8.2", "php8.2-fpm.service", "[NOTICE] [pool www] child 4{d}12 exited with code 0 after 311.4 seconds from start"),
    ("postfix/smtpd", "postfix@-.service", "warning: hostname mail{d}.example.net does not resolve to address 198.51.100.{d}: Name or service not known\nNOQUEUE: reject: RCPT from unknown[198.51.100.{d}]: 554 5.7.1 Service unavailable; Client host [198.51.100.{d}] blocked using zen.spamhaus.org"),
    ("postfix/smtp", "postfix@-.service", "connect to mx{d}.example.net[198.51.100.{d}]:25: Connection timed out\n7C{d}: to=<a@example.net>, relay=none, delay=30, delays=0.1/0/30/0, dsn=4.4.1, status=deferred (connect to mx{d}.example.net[198.51.100.{d}]:25: Connection timed out)\n7C{d}: to=<a@example.net>, relay=mx{d}.example.net[198.51.100.{d}]:25, delay=331, dsn=2.0.0, status=sent (250 ok)"),
    ("dovecot", "dovecot.service", "imap-login: Disconnected: Connection closed: SSL_accept() failed: error:0A000126:SSL routines::unexpected eof while reading (no auth attempts in 0 secs): user=<>, rip=198.51.100.{d}, lip=10.7.3.9, TLS handshaking"),
    ("redis-server", "redis-server.service", "1211:M 14 Sep 2026 06:0{d}:00.100 # WARNING Memory overcommit must be enabled! Without it, a background save or replication may fail under low memory condition.\n1211:M 14 Sep 2026 06:0{d}:40.100 * Background saving terminated with success"),
    ("elasticsearch", "elasticsearch.service", "[2026-09-14T06:0{d}:12,120][WARN ][o.e.m.j.JvmGcMonitorService] [es-1] [gc][young][88{d}12][41] duration [1.1s], collections [1]/[1.4s], total [1.1s]/[31.4s], memory [9.1gb]->[3.2gb]/[16gb]"),
    ("kafka", "kafka.service", "[2026-09-14 06:0{d}:12,120] INFO [GroupCoordinator 1]: Preparing to rebalance group billing in state PreparingRebalance with old generation {d} (reason: removing member on heartbeat expiration)\n[2026-09-14 06:0{d}:15,120] INFO [GroupCoordinator 1]: Stabilized group billing generation 4{d} with 6 members"),
    ("gunicorn", "shop.service", "[CRITICAL] WORKER TIMEOUT (pid:41{d}2)\n[ERROR] Worker (pid:41{d}2) was sent SIGKILL! Perhaps out of memory?\n[INFO] Booting worker with pid: 41{d}9"),
    ("certbot", "certbot.service", "Certificate not yet due for renewal\nNo renewals were attempted."),
    ("systemd", "init.scope", "<5>certbot.service: Main process exited, code=exited, status=1/FAILURE\n<4>certbot.service: Failed with result 'exit-code'.\n<3>Failed to start certbot.service - Certbot.\n<6>Starting certbot.service - Certbot...\n<6>certbot.service: Deactivated successfully.\n<6>Finished certbot.service - Certbot."),
    ("freshclam", "clamav-freshclam.service", "^Can't query current.cvd.clamav.net\n^Invalid DNS reply. Falling back to HTTP mode.\ndaily.cld database is up-to-date (version: 27401, sigs: 2067112, f-level: 90)"),
)  # fmt: skip
"""Ordinary complaints of services at work: identifier, unit, text with places for a digit."""


def healthy_services_at_work() -> Fleet:
    f = Fleet("healthy-services-at-work", "Healthy control: databases, web and mail servers with the complaints of every day, and packages updated",
              hosts("srv-1 srv-2 srv-3 srv-4", vendor="xFusion", model="FusionServer 1288H V7", sensors=XFUSION, rack="v1", switch="leaf-v1", role="web",
                    units=("ssh.service", "nginx.service", "postgresql@16-main.service", "postfix@-.service")), minutes=120)  # fmt: skip
    f.reasons.append("Nothing is wrong: every error is of one client, one query or one try, and everything answers; services restart for an update of libssl.")  # fmt: skip
    quiet_logs(f)
    for number, host in enumerate(f.hosts):
        for step in range(26):
            identifier, unit, text = PASSING[(number * 7 + step * 3) % len(PASSING)]
            said = (identifier, unit, text.format(d=(step + number) % 9 + 1))
            tell(f, host.name, 2 + step * 4.4 + number * 0.7, said, gap=9)
        at = 61 + number * 9
        f.log(host.name, at, "python3", "ansible-ansible.legacy.apt Invoked with name=['libssl3'] state=latest update_cache=True only_upgrade=True package=['libssl3']")  # fmt: skip
        for unit, what in (("nginx.service", "A high performance web server and a reverse proxy server"), ("postfix@-.service", "Postfix Mail Transport Agent (instance -)")):  # fmt: skip
            f.systemd(host.name, at + 0.5, f"""
                <6>Stopping {unit} - {what}...
                <6>{unit}: Deactivated successfully.
                <6>Stopped {unit} - {what}.
                <6>Starting {unit} - {what}...
                <6>Started {unit} - {what}.
            """, gap=1)  # fmt: skip
        f.log(
            host.name,
            at + 0.6,
            "needrestart",
            "Restarting services...\n systemctl restart nginx.service postfix@-.service",
        )
    chatter(f, DEBIAN)
    return f


def healthy_chores_of_an_archive() -> Fleet:
    f = Fleet("healthy-chores-of-an-archive", "Healthy control: long self-tests, a scrub, a failover of paths that was ordered, disks swapped by plan",
              hosts("ark-1 ark-2 ark-3", vendor="HPE", model="Apollo 4510 Gen10", sensors=HPE, rack="b7", switch="leaf-b7", role="storage",
                    units=("sshd.service", "cron.service", "multipathd.service", "smartd.service", "nfs-server.service")), minutes=150)  # fmt: skip
    f.reasons.append("Nothing is wrong: one path is taken away and given back by an operator, a disk that was retired by plan is pulled and its successor resilvers.")  # fmt: skip
    quiet_logs(f, "ark-3")
    for number, name in enumerate(("ark-1", "ark-2")):
        f.log(name, 8 + number, "smartd", "Device: /dev/sdf [SAT], starting scheduled Long Self-Test.\nDevice: /dev/sdf [SAT], self-test in progress, 80% remaining\nDevice: /dev/sdf [SAT], previous self-test completed without error", unit="smartd.service", gap=2400)  # fmt: skip
        f.log(name, 20 + number, "smartd", "Device: /dev/sdk [SAT], SMART Prefailure Attribute: 1 Raw_Read_Error_Rate changed from 79 to 82\nDevice: /dev/sdk [SAT], SMART Usage Attribute: 195 Hardware_ECC_Recovered changed from 79 to 82\nDevice: /dev/sdk [SAT], SMART Prefailure Attribute: 7 Seek_Error_Rate changed from 88 to 87", unit="smartd.service")  # fmt: skip
        f.log(
            name,
            30 + number,
            "btrfs-scrub",
            "scrub started on /srv/archive\nscrub done: Error summary: no errors found",
            gap=3600,
        )
    f.log(
        "ark-1",
        44,
        "ops",
        "maintenance: port 2 of fabric B moved to the new switch, one path of each LUN away for 5 minutes",
    )
    f.kernel("ark-1", 45, """
        <6>qla2xxx [0000:5e:00.1]-500b:12: LOOP DOWN detected (2 7 0 0).
        <6>rport-12:0-1: blocked FC remote port time out: removing target and saving binding
        <6>sd 12:0:0:1: rejecting I/O to offline device
        <4>device-mapper: multipath: 254:3: Failing path 65:48.
    """, gap=8)  # fmt: skip
    f.log("ark-1", 45.6, "multipathd", "mpathc: sdt - tur checker reports path is down\nchecker failed path 65:48 in map mpathc\nmpathc: remaining active paths: 3", unit="multipathd.service")  # fmt: skip
    f.kernel("ark-1", 50, "<6>qla2xxx [0000:5e:00.1]-500a:12: LOOP UP detected (16 Gbps).")
    f.log("ark-1", 50.3, "multipathd", "mpathc: sdt - tur checker reports path is up\n65:48: reinstated\nmpathc: remaining active paths: 4", unit="multipathd.service")  # fmt: skip
    f.log("ark-2", 70, "ops", "planned swap of sdn (end of its lease, healthy), offlined in the pool first")
    f.log("ark-2", 70.2, "sudo", "     ops : TTY=pts/1 ; PWD=/root ; USER=root ; COMMAND=/usr/sbin/zpool offline vault sdn", priority=5)  # fmt: skip
    f.log(
        "ark-2",
        70.4,
        "zed",
        "eid=211 class=statechange pool='vault' vdev=sdn1 vdev_state=OFFLINE",
        unit="zfs-zed.service",
    )
    f.kernel("ark-2", 73, """
        <5>sd 0:0:13:0: [sdn] Synchronizing SCSI cache
        <6>mpt3sas_cm0: mpt3sas_transport_port_remove: removed: sas_addr(0x5000c500a1b2c3d5)
        <6>mpt3sas_cm0: removing handle(0x0017), sas_addr(0x5000c500a1b2c3d5)
        <5>scsi 0:0:21:0: Direct-Access     SEAGATE  ST18000NM004J    E004 PQ: 0 ANSI: 7
        <5>sd 0:0:21:0: [sdx] Attached SCSI disk
    """, gap=20)  # fmt: skip
    f.log("ark-2", 77, "sudo", "     ops : TTY=pts/1 ; PWD=/root ; USER=root ; COMMAND=/usr/sbin/zpool replace vault sdn sdx", priority=5)  # fmt: skip
    f.log("ark-2", 77.2, "zed", "eid=214 class=resilver_start pool='vault'\neid=231 class=resilver_finish pool='vault'", unit="zfs-zed.service", gap=2400)  # fmt: skip
    ordered_restart(f, "ark-3", 25, SLES_15, "firmware of its HBA", minutes=7)
    chatter(f, SUSE)
    return f


def healthy_boots_after_a_power_test() -> Fleet:
    f = Fleet("healthy-boots-after-a-power-test", "Healthy control: the announced test of the diesel switches the first feed over for seconds, a spare host is restarted",
              hosts("fj-1 fj-2 fj-3 fj-4", vendor="Fujitsu", model="PRIMERGY RX2540 M6", sensors=FUJITSU, rack="c8", switch="leaf-c8"), minutes=90)  # fmt: skip
    f.reasons.append("Nothing is wrong: the hall's switch-over was announced and lasted 20 s, supplies came back by themselves; one spare host is restarted on order.")  # fmt: skip
    for number, host in enumerate(f.hosts):
        f.log(
            host.name,
            20,
            "ops",
            "planned maintenance: monthly test of the diesel 06:25-06:35 UTC, feed A drops for half a minute",
        )
        f.sel(host.name, f"""
            -{50 + number}d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
            {27 + number * 0.01:.2f} | Power Supply PSU1 | Power Supply AC lost | Asserted
            {27.33 + number * 0.01:.2f} | Power Supply PSU1 | Power Supply AC lost | Deasserted
        """, clock=number - 1)  # fmt: skip
    ordered_restart(f, "fj-4", 50, SLES_15, "fresh kernel for the spare", minutes=6)
    chatter(f, SUSE)
    return f


ALL = (healthy_services_at_work, healthy_chores_of_an_archive, healthy_boots_after_a_power_test)
