"""Networks, clocks, doors: links, switches, names, time, intruders, and the BMC itself."""

from tests.scenarios.composing.fleet import (
    ASUS,
    CISCO,
    CRITICAL,
    DELL,
    FUJITSU,
    GIGABYTE,
    HPE,
    INSPUR,
    INTEL,
    LENOVO,
    SUPERMICRO,
    WARNING,
    Fleet,
    Host,
    hosts,
)

NEVER = ["host.reboot", "host.power_cycle", "host.reinstall"]


def leaf_switch_restarts() -> Fleet:
    one = {"rack": "t1", "switch": "leaf-t1", "pdu": ("pdu-t1-a", "pdu-t1-b")}
    f = Fleet("leaf-switch-restarts", "Hosts with five makes of adapters lose their link in the same second: the switch that they share is away",
              [Host("t1-a", "Dell", "PowerEdge R650", sensors=DELL, **one), Host("t1-b", "HPE", "ProLiant DL325 Gen10", sensors=HPE, **one),
               Host("t1-c", "Lenovo", "ThinkSystem SR630", sensors=LENOVO, **one), Host("t1-d", "Supermicro", "SYS-1029P", sensors=SUPERMICRO, **one),
               Host("t1-e", "Cisco", "UCSC-C220-M5SX", sensors=CISCO, **one),
               *hosts("t2-a t2-b", vendor="Dell", model="PowerEdge R650", sensors=DELL, rack="t2", switch="leaf-t2", pdu=("pdu-t1-a", "pdu-t1-b"))])  # fmt: skip
    down = {
        "t1-a": "<6>ice 0000:31:00.0 ens1f0: NIC Link is Down",
        "t1-b": "<6>tg3 0000:02:00.0 eno1: Link is down",
        "t1-c": "<6>i40e 0000:5d:00.0 eno3: NIC Link is Down",
        "t1-d": "<6>bnxt_en 0000:af:00.0 enp175s0f0np0: NIC Link is Down",
        "t1-e": "<6>mlx5_core 0000:3b:00.0 ens2f0np0: Link down",
    }
    up = {
        "t1-a": "<6>ice 0000:31:00.0 ens1f0: NIC Link is up 25 Gbps Full Duplex, Requested FEC: RS-FEC, Negotiated FEC: RS-FEC, Autoneg Advertised: Off, Autoneg Negotiated: False, Flow Control: None",
        "t1-b": "<6>tg3 0000:02:00.0 eno1: Link is up at 1000 Mbps, full duplex",
        "t1-c": "<6>i40e 0000:5d:00.0 eno3: NIC Link is Up, 10 Gbps Full Duplex, Flow Control: None",
        "t1-d": "<6>bnxt_en 0000:af:00.0 enp175s0f0np0: NIC Link is Up, 25000 Mbps (NRZ) full duplex, Flow control: none",
        "t1-e": "<6>mlx5_core 0000:3b:00.0 ens2f0np0: Link up",
    }
    for number, name in enumerate(down):
        f.log(name, 24 + number * 0.006, "kernel", down[name], late=420)
        f.log(name, 31 + number * 0.03, "kernel", up[name])
        f.log(
            name,
            25,
            "chronyd",
            "Can't synchronise: no selectable sources",
            unit="chronyd.service",
            priority=4,
            late=360,
        )
    for name in ("t2-a", "t2-b"):
        f.kernel(name, 26, "<5>nfs: server t1-b not responding, still trying")
        f.kernel(name, 31.2, "<5>nfs: server t1-b OK")
    f.expect(" ".join(down), CRITICAL, "switch", ["leaf-t1"], "switch.failed", evidence=["Link is Down"],
             not_cause=["nic.link_flap", "cable.errors", "time.skew", "network.dns"], actions=["ticket.create"], never=["nic.replace", "cable.replace", *NEVER],
             why="Five drivers, one second, one switch; hosts on leaf-t2 in the next rack only miss them. The lines come seven minutes late.")  # fmt: skip
    return f


def port_flaps_without_errors() -> Fleet:
    f = Fleet("port-flaps-without-errors", "One port of one bonded host goes up and down a dozen times; its error counters stay at zero",
              hosts("bond-1 bond-2 bond-3", vendor="Fujitsu", model="PRIMERGY RX2530 M5", sensors=FUJITSU, rack="t3", switch="sw-t3"))  # fmt: skip
    bad = "bond-2"
    for number in range(12):
        at = 15 + number * 2.2
        f.kernel(bad, at, """
            <3>ixgbe 0000:18:00.1 eth3: NIC Link is Down
            <6>bond0: (slave eth3): link status definitely down, disabling slave
        """)  # fmt: skip
        f.kernel(bad, at + 0.2, """
            <6>ixgbe 0000:18:00.1 eth3: NIC Link is Up 10 Gbps, Flow Control: RX/TX
            <6>bond0: (slave eth3): link status definitely up, 10000 Mbps full duplex
        """)  # fmt: skip
    for name in ("bond-1", "bond-2", "bond-3"):
        f.metric(name, "network_receive_errs_total", lambda m: 0.0, device="eth3")
    f.expect(bad, WARNING, ["nic", "cable"], ["eth3"], "nic.link_flap", evidence=["NIC Link is Down"], not_cause=["switch.failed", "network.unreachable"],
             actions=["ticket.create", "nic.reset", "cable.replace"], never=["switch.replace", *NEVER])  # fmt: skip
    return f


def dirty_fibre() -> Fleet:
    f = Fleet("dirty-fibre", "Receive errors of one port climb steadily and its link drops now and then",
              hosts("fib-1 fib-2 fib-3", vendor="Inspur", model="NF5280M5", sensors=INSPUR, rack="t4", switch="sw-t4"), minutes=90)  # fmt: skip
    bad = "fib-3"
    for name in ("fib-1", "fib-2", "fib-3"):
        f.metric(
            name,
            "network_receive_errs_total",
            lambda m, n=name: 0.0 if n != bad or m < 10 else round((m - 10) ** 1.9 * 41),
            device="ens5f1",
        )
        f.metric(name, "network_receive_packets_total", lambda m: 8e9 + m * 4e6, device="ens5f1")
    for minute in (28, 47, 63, 71):
        f.kernel(bad, minute, "<3>i40e 0000:86:00.1 ens5f1: NIC Link is Down")
        f.kernel(
            bad, minute + 0.1, "<6>i40e 0000:86:00.1 ens5f1: NIC Link is Up, 10 Gbps Full Duplex, Flow Control: None"
        )
    f.expect(bad, WARNING, ["cable", "nic"], ["ens5f1"], "cable.errors", evidence=["ens5f1: NIC Link is Down"],
             not_cause=["switch.failed", "network.unreachable", "nic.link_flap"], actions=["ticket.create", "cable.replace"], never=["switch.replace", *NEVER])  # fmt: skip
    return f


def resolver_away() -> Fleet:
    f = Fleet("resolver-away", "The resolver that the whole site asks is away: nothing finds a name, everything else works",
              [*hosts("r1-web r1-app", vendor="HPE", model="ProLiant DL360 Gen10", sensors=HPE, rack="u1", switch="sw-u1", pdu=("pdu-u1",)),
               *hosts("r2-db r2-etl", vendor="Dell", model="PowerEdge R640", sensors=DELL, rack="u2", switch="sw-u2", pdu=("pdu-u2",))])  # fmt: skip
    for number, name in enumerate(("r1-web", "r1-app", "r2-db", "r2-etl")):
        for minute in range(21, 44, 3):
            f.log(
                name,
                minute + number * 0.07,
                "systemd-resolved",
                "Using degraded feature set TCP instead of UDP for DNS server 10.9.0.53.",
                unit="systemd-resolved.service",
                priority=4,
            )
            f.log(
                name,
                minute + 0.4 + number * 0.07,
                "app",
                f"curl: (6) Could not resolve host: api-{minute % 7}.example; Temporary failure in name resolution",
                priority=3,
            )
        f.log(
            name,
            22 + number * 0.1,
            "chronyd",
            "Could not resolve address of ntp-2.example",
            unit="chronyd.service",
            priority=4,
        )
        f.log(
            name,
            27 + number * 0.1,
            "postfix/smtp",
            "warning: host not found: mx.example: Host or domain name not found. Name service error for name=mx.example type=MX: Host not found, try again",
            unit="postfix.service",
            priority=4,
        )
    f.expect("r1-web r1-app r2-db r2-etl", CRITICAL, "network", ["10.9.0.53", "DNS", "resolver", "DNS server 10.9.0.53"], "network.dns",
             evidence=["Temporary failure in name resolution"], not_cause=["software.failed", "switch.failed", "network.unreachable"], actions=["ticket.create"],
             never=["nic.replace", "service.restart", *NEVER], why="Four hosts in two racks behind two switches fail to resolve names at once.")  # fmt: skip
    return f


def lease_runs_out() -> Fleet:
    f = Fleet("lease-runs-out", "One host loses its address because no DHCP server answers it; the link stays up",
              hosts("lab-1 lab-2", vendor="ASUSTeK", model="RS300-E11", sensors=ASUS, rack="u3", switch="sw-u3"))  # fmt: skip
    bad = "lab-2"
    f.log(
        bad,
        14,
        "dhclient",
        "DHCPREQUEST for 10.44.0.19 on eno1 to 10.44.0.2 port 67\nDHCPREQUEST for 10.44.0.19 on eno1 to 255.255.255.255 port 67",
        unit="networking.service",
        gap=40,
    )
    f.log(
        bad,
        20,
        "dhclient",
        "DHCPDISCOVER on eno1 to 255.255.255.255 port 67 interval 5\nDHCPDISCOVER on eno1 to 255.255.255.255 port 67 interval 8\nDHCPDISCOVER on eno1 to 255.255.255.255 port 67 interval 14\nDHCPDISCOVER on eno1 to 255.255.255.255 port 67 interval 21\nDHCPDISCOVER on eno1 to 255.255.255.255 port 67 interval 13\nNo DHCPOFFERS received.\nNo working leases in persistent database - sleeping.",
        unit="networking.service",
        priority=4,
    )
    for minute in range(21, 50, 4):
        f.log(
            bad,
            minute,
            "kubelet",
            f'E0914 06:{minute}:10.114532    1190 kubelet_node_status.go:544] "Error updating node status, will retry" err="error getting node \\"lab-2\\": Get \\"https://10.44.0.5:6443/api/v1/nodes/lab-2\\": dial tcp 10.44.0.5:6443: connect: network is unreachable"',
            unit="kubelet.service",
        )
        f.log(
            bad,
            minute + 1,
            "rsyslogd",
            "cannot connect to 10.44.0.9:514: Network is unreachable [v8.2112.0 try https://www.rsyslog.com/e/2027 ]",
            unit="rsyslog.service",
            priority=3,
        )
    f.expect(bad, CRITICAL, ["network", "nic"], ["eno1"], "network.unreachable", evidence=["No DHCPOFFERS received"],
             not_cause=["switch.failed", "network.dns", "software.failed", "nic.link_flap"], actions=["ticket.create"], never=["nic.replace", "service.restart", *NEVER])  # fmt: skip
    return f


def clock_runs_away() -> Fleet:
    f = Fleet("clock-runs-away", "The clock of one host is minutes wrong and its daemon finds no source that it believes",
              hosts("krb-1 krb-2 krb-3", vendor="Supermicro", model="SYS-5019C", sensors=SUPERMICRO, rack="u4", switch="sw-u4"), minutes=80)  # fmt: skip
    bad = "krb-1"
    f.log(
        bad, 12, "chronyd", "Can't synchronise: no majority (2 sources remaining)", unit="chronyd.service", priority=4
    )
    for minute, wrong in ((18, 61.402118), (34, 118.930112), (50, 171.118403)):
        f.log(bad, minute, "chronyd", f"System clock wrong by {wrong:.6f} seconds", unit="chronyd.service", priority=4)
    for minute in (22, 31, 40, 52):
        f.log(
            bad,
            minute,
            "sssd",
            "Error: [sssd[krb5_child[4411]]]: Clock skew too great",
            unit="sssd.service",
            priority=3,
        )
        f.log(
            bad,
            minute + 2,
            "sshd",
            "error: gss_accept_sec_context: Clock skew too great",
            unit="sshd.service",
            priority=3,
        )
    f.expect(bad, WARNING, "time", ["chronyd", "chronyd.service", "clock", "system clock", bad], "time.skew", evidence=["System clock wrong by"],
             not_cause=["cmos_battery.low", "software.failed", "security.bruteforce", "network.unreachable"], actions=["ticket.create", "service.restart"],
             never=["motherboard.replace", *NEVER])  # fmt: skip
    return f


def guesses_at_the_door() -> Fleet:
    f = Fleet("guesses-at-the-door", "One address tries hundreds of names and passwords on a gateway of RHEL",
              hosts("gw-1 gw-2", vendor="Intel", model="R1304WT", sensors=INTEL, rack="u5", switch="sw-u5", role="gateway"))  # fmt: skip
    bad = "gw-2"
    names = ("root", "admin", "oracle", "postgres", "ubuntu", "test", "git", "hadoop")
    for number in range(260):
        at, name, port = 12 + number * 0.12, names[number % 8], 40_000 + number * 17 % 20_000
        known = name == "root"
        if not known:
            f.log(bad, at, "sshd", f"Invalid user {name} from 198.51.100.77 port {port}", unit="sshd.service")
        f.log(
            bad,
            at + 0.02,
            "sshd",
            f"Failed password for {'' if known else 'invalid user '}{name} from 198.51.100.77 port {port} ssh2",
            unit="sshd.service",
        )
        if number % 6 == 5:
            f.log(
                bad,
                at + 0.03,
                "sshd",
                "error: maximum authentication attempts exceeded for root from 198.51.100.77 port 40112 ssh2 [preauth]\nDisconnecting authenticating user root 198.51.100.77 port 40112: Too many authentication failures [preauth]",
                unit="sshd.service",
                priority=3,
            )
    for number in range(3):
        f.log(
            "gw-1",
            20 + number,
            "sshd",
            f"Failed password for invalid user pi from 203.0.113.{number + 3} port 51001 ssh2",
            unit="sshd.service",
        )
    f.expect(bad, WARNING, "security", ["198.51.100.77", "sshd", "sshd.service"], "security.bruteforce", evidence=["198.51.100.77"],
             not_cause=["software.failed", "software.crash_loop"], actions=["ticket.create", "network.block_ip"], never=["service.restart", "host.drain", *NEVER])  # fmt: skip
    return f


def management_controller_hangs() -> Fleet:
    f = Fleet("management-controller-hangs", "A BMC stops answering while its host works on",
              [*hosts("n-11 n-12 n-13", vendor="GIGABYTE", model="R182-Z91", sensors=GIGABYTE, rack="u6", switch="sw-u6"),
               Host("mon", "Dell", "PowerEdge R250", rack="u7", switch="sw-u7", sensors=DELL, role="monitoring")], minutes=70)  # fmt: skip
    bad = "n-12"
    for sensor in GIGABYTE:
        f.reading(bad, sensor, lambda m: (None, "gone") if m >= 20 else None)
    for minute in range(20, 70, 1):
        f.log(
            "mon",
            minute + 0.3,
            "telegraf",
            '2026-09-14T06:00:18Z E! [inputs.ipmi_sensor] Error in plugin: failed to run command "ipmitool -I lanplus -H n-12-bmc sdr elist": exit status 1 - Error: Unable to establish IPMI v2 / RMCP+ session',
            unit="telegraf.service",
            priority=6,
        )
    f.kernel(
        bad,
        21,
        "<4>ipmi_si IPI0001:00: BMC returned 0xff, retry get bmc device id\n<3>ipmi_si IPI0001:00: IPMI: KCS error: 5f",
    )
    f.expect(bad, WARNING, "bmc", ["n-12-bmc"], "bmc.unreachable", evidence=["n-12-bmc"], not_cause=["network.unreachable", "psu.input_lost", "kernel.panic", "switch.failed"],
             actions=["ticket.create", "bmc.reset"], never=["host.drain", *NEVER])  # fmt: skip
    return f


def event_log_full() -> Fleet:
    f = Fleet("event-log-full", "The event log of a BMC is full: what happens next is not recorded",
              hosts("old-1 old-2", vendor="Lenovo", model="ThinkSystem SR550", sensors=LENOVO, rack="u8", switch="sw-u8"))  # fmt: skip
    f.sel("old-1", """
        -12d | Event Logging Disabled SEL Fullness | Log almost full | Asserted
        26 | Event Logging Disabled SEL Fullness | Log full | Asserted
    """, dialect="short utc", first=0x1FE)  # fmt: skip
    f.expect("old-1", WARNING, "bmc", ["SEL Fullness", "old-1-bmc", "SEL"], "bmc.sel_full", evidence=["Log full"], not_cause=["bmc.unreachable"],
             actions=["ticket.create", "sel.archive", "sel.clear"], never=["bmc.replace", *NEVER])  # fmt: skip
    return f


ALL = (
    leaf_switch_restarts,
    port_flaps_without_errors,
    dirty_fibre,
    resolver_away,
    lease_runs_out,
    clock_runs_away,
    guesses_at_the_door,
    management_controller_hangs,
    event_log_full,
)
