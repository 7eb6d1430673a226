"""A sixth batch, written blind, each fault amid a lot of harmless talk: faults of software."""

from tests.scenarios.composing.fleet import CRITICAL, Fleet, hosts
from tests.scenarios.composing.sixth_boots import ALMA, UEK, by_order, rise
from tests.scenarios.composing.sixth_noise import ALMA_9, H3C, ORACLE_9, UCSX, hum, old_records

NEVER = ["host.reinstall", "host.power_cycle"]


def update_breaks_keepalived_of_two() -> Fleet:
    f = Fleet("update-breaks-keepalived-of-two", "An update of keepalived is installed on two routers in turn and exits on their configuration, the third keeps the old one",
              hosts("rt-1 rt-2 rt-3 rt-4", vendor="H3C", model="UniServer R4900 G6", sensors=H3C, rack="d7", switch="leaf-d7a", pdu=("pdu-d7-a", "pdu-d7-b"), role="router",
                    units=("sshd.service", "keepalived.service", "haproxy.service", "chronyd.service")), minutes=110)  # fmt: skip
    old_records(f)
    by_order(f, "rt-4", 14, ALMA, "kernel 5.14.0-427.40.1 of rt-4")
    for name, at in (("rt-1", 40), ("rt-2", 52)):
        f.log(
            name,
            at - 0.5,
            "sudo",
            " ansible : TTY=unknown ; PWD=/home/ansible ; USER=root ; COMMAND=/usr/bin/dnf -y upgrade keepalived",
            priority=5,
        )
        f.log(name, at - 0.2, "dnf", "Upgrade: keepalived-2.3.1-1.el9.x86_64\nUpgraded: keepalived-2.2.8-3.el9.x86_64")
        f.systemd(name, at - 0.1, "<6>Stopping LVS and VRRP High Availability Monitor...\n<6>keepalived.service: Deactivated successfully.\n<6>Stopped LVS and VRRP High Availability Monitor.", gap=0.1)  # fmt: skip
        for step in range(6):
            start = at + step * 0.6
            f.systemd(name, start, "<6>Starting LVS and VRRP High Availability Monitor...")
            f.log(name, start + 0.002, "Keepalived", f"""
                Starting Keepalived v2.3.1 (05/24,2024)
                Opening file '/etc/keepalived/keepalived.conf'.
                <4>(/etc/keepalived/keepalived.conf: Line 31) Unknown keyword 'vrrp_iptables'
                <3>(/etc/keepalived/keepalived.conf: Line 44) (VI_PUB) authentication type 'AH' is no longer supported
                <3>pid {3100 + step} exited with permanent error CONFIG. Terminating
            """, unit="keepalived.service", gap=0.02)  # fmt: skip
            f.systemd(name, start + 0.01, f"<5>keepalived.service: Main process exited, code=exited, status=2/INVALIDARGUMENT\n<4>keepalived.service: Failed with result 'exit-code'.\n<3>Failed to start LVS and VRRP High Availability Monitor.\n{f'<6>keepalived.service: Scheduled restart job, restart counter is at {step + 1}.' if step < 5 else '<4>keepalived.service: Start request repeated too quickly.'}", gap=0.001)  # fmt: skip
        f.state(name, "keepalived.service", lambda minute, at=at: ("failed", "failed") if minute >= at + 3 else None)
    f.log("rt-3", 40.1, "Keepalived_vrrp", "(VI_PUB) Backup received priority 0 advertisement\n(VI_PUB) Receive advertisement timeout\n(VI_PUB) Entering MASTER STATE\n(VI_PUB) setting VIPs.", unit="keepalived.service")  # fmt: skip
    f.log("rt-3", 56, "ops", "stopping the rollout of keepalived 2.3.1, rt-3 and rt-4 stay on 2.2.8")
    for at in (25, 66, 90):
        f.log("rt-3", at, "haproxy", "<1>Server be_api/api-4 is DOWN, reason: Layer7 wrong status, code: 503, check duration: 4ms. 5 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.\n<5>Server be_api/api-4 is UP, reason: Layer7 check passed, code: 200, check duration: 3ms. 6 active and 0 backup servers online.", unit="haproxy.service", gap=35)  # fmt: skip
    f.expect("rt-1 rt-2", CRITICAL, "software", ["keepalived.service", "keepalived"], ["software.regression"], evidence=["keepalived"], not_cause=["software.crash_loop", "software.failed", "network.unreachable", "nic.link_flap"],
             actions=["software.rollback", "ticket.create"], never=["host.reboot", "nic.replace", *NEVER],
             why="keepalived 2.3.1 refuses a configuration that 2.2.8 took, on both routers that got it; the addresses hang on rt-3 alone.")  # fmt: skip
    hum(f, ALMA_9)
    return f


def uek_panics_in_an_interrupt() -> Fleet:
    f = Fleet("uek-panics-in-an-interrupt", "The kernel of a database host panics in its network stack, on a patch day whose restarts are ordered",
              hosts("oe-1 oe-2 oe-3 oe-4", vendor="Cisco Systems Inc", model="UCSX-210C-M7", sensors=UCSX, rack="q2", switch="fi-q2a", pdu=("pdu-q2-a", "pdu-q2-b"), role="database",
                    units=("sshd.service", "postgresql-16.service", "chronyd.service")), minutes=120)  # fmt: skip
    old_records(f)
    by_order(f, "oe-1", 20, UEK, "UEK 5.15.0-304", minutes=7)
    bad = "oe-3"
    f.kernel(bad, 66, """
        <1>BUG: kernel NULL pointer dereference, address: 0000000000000028
        <1>#PF: supervisor read access in kernel mode
        <1>#PF: error_code(0x0000) - not-present page
        <6>PGD 0 P4D 0
        <4>Oops: 0000 [#1] SMP NOPTI
        <4>CPU: 22 PID: 0 Comm: swapper/22 Kdump: loaded Not tainted 5.15.0-302.167.6.el9uek.x86_64 #2
        <4>Hardware name: Cisco Systems Inc UCSX-210C-M7/UCSX-210C-M7, BIOS X210M7.4.3.4a.0.0318240534 03/18/2024
        <4>RIP: 0010:rds_tcp_data_recv+0x61/0x3f0 [rds_tcp]
        <4>Code: 48 8b 43 28 48 85 c0 0f 84 8a 01 00 00
        <4>RSP: 0018:ffffb2c48d0f4c10 EFLAGS: 00010246
        <4>Call Trace:
        <4> <IRQ>
        <4> tcp_read_sock+0x9a/0x1b0
        <4> rds_tcp_read_sock+0x4c/0xa0 [rds_tcp]
        <4> rds_tcp_data_ready+0x8e/0x1e0 [rds_tcp]
        <4> tcp_rcv_established+0x5a1/0x6b0
        <4> net_rx_action+0x28e/0x300
        <4> </IRQ>
        <4>---[ end trace 5b21c0d47e9a1f33 ]---
        <0>Kernel panic - not syncing: Fatal exception in interrupt
    """, gap=0.002)  # fmt: skip
    f.sel(bad, """
        66.1 | OS Stop/Shutdown OS_STATUS | Run-time critical stop | Asserted
        67 | System Event #0xff | OEM System boot event | Asserted
    """, clock=4, first=0x1D)  # fmt: skip
    f.down(bad, 66.1, 74)
    rise(f, bad, 74, UEK)
    f.log(
        bad,
        74.9,
        "kdumpctl",
        "<6>kdump: kexec: loaded kdump kernel\n<6>kdump: vmcore saved in /var/crash/127.0.0.1-2026-09-14-07:07:10",
        unit="kdump.service",
    )
    f.log(bad, 75, "postgres", "<6>LOG:  database system was interrupted; last known up at 2026-09-14 07:04:12 UTC\n<6>LOG:  database system was not properly shut down; automatic recovery in progress\n<6>LOG:  database system is ready to accept connections", unit="postgresql-16.service", gap=6)  # fmt: skip
    f.log("oe-2", 66.5, "postgres", "<4>FATAL:  could not receive data from WAL stream: server closed the connection unexpectedly\n<4>FATAL:  could not connect to the primary server: connection to server at \"oe-3\" failed: No route to host", unit="postgresql-16.service", gap=30)  # fmt: skip
    for host, at in (("oe-2", 31), ("oe-4", 44), ("oe-4", 98)):
        f.log(host, at, "postgres", "<3>ERROR:  deadlock detected\n<3>ERROR:  duplicate key value violates unique constraint \"invoice_no_key\"", unit="postgresql-16.service")  # fmt: skip
    f.expect(bad, CRITICAL, ["kernel", "software"], ["kernel", "rds_tcp", "rds_tcp_data_recv"], "kernel.panic", evidence=["Kernel panic - not syncing"], not_cause=["cpu.mce", "dimm.uncorrectable", "psu.input_lost", "network.unreachable", "software.failed"],
             never=["motherboard.replace", "cpu.replace", *NEVER], why="A NULL pointer in rds_tcp of the older UEK, in an interrupt; the host comes back by itself on the new one. oe-1's restart is ordered.")  # fmt: skip
    hum(f, ORACLE_9)
    return f


ALL = (update_breaks_keepalived_of_two, uek_panics_in_an_interrupt)
