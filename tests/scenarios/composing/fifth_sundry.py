"""A fifth batch, written blind and to be like the given scenarios on other fleets: power, cooling, links, kernel, names, users."""

from tests.scenarios.composing.fifth_boots import ARCH, ROCKY_8, UBUNTU_24, ordered_restart
from tests.scenarios.composing.fifth_noise import DEBIAN, PROXMOX, ROCKY, TYAN, UBUNTU, WIWYNN, chatter, quiet_logs
from tests.scenarios.composing.fleet import ASUS, CRITICAL, DELL, GIGABYTE, WARNING, Fleet, hosts

NEVER = ["host.reinstall", "host.power_cycle"]


def supply_of_an_r7625_breaks() -> Fleet:
    f = Fleet("supply-of-an-r7625-breaks", "One power supply of a hypervisor fails inside, its input stays",
              hosts("pvx-1 pvx-2 pvx-3", vendor="Dell Inc.", model="PowerEdge R7625", sensors=DELL, rack="j5", switch="leaf-j5", pdu=("pdu-j5-a", "pdu-j5-b"), role="hypervisor",
                    units=("ssh.service", "pveproxy.service", "pvestatd.service")), minutes=80)  # fmt: skip
    quiet_logs(f, "pvx-2")
    f.sel("pvx-2", """
        -95d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        -95d | Power Supply PS1 Status | Power Supply AC lost | Asserted
        -95d | Power Supply PS1 Status | Power Supply AC lost | Deasserted
        34.0 | Power Supply PS1 Status | Failure detected | Asserted
        34.1 | Power Supply PS Redundancy | Redundancy Lost | Asserted
    """, clock=-3)  # fmt: skip
    f.log("pvx-2", 35.5, "ipmi-watch", "PS1 Status: Failure detected; PS2 Status: ok; PS Redundancy: lost", priority=4)
    f.expect("pvx-2", WARNING, "psu", ["PS1", "PSU1", "PS1 Status", "Power Supply 1"], "psu.failed", evidence=["PS1 Status"], not_cause=["psu.input_lost", "pdu.failed", "psu.redundancy_lost"],
             actions=["ticket.create", "psu.replace"], never=["host.reboot", "host.drain", *NEVER],
             why="A failure of the supply itself, no loss of its input; its two neighbours on the same feeds keep both. The loss of 95 days ago has passed.")  # fmt: skip
    chatter(f, PROXMOX)
    return f


def end_of_an_aisle_gets_hot() -> Fleet:
    f = Fleet("end-of-an-aisle-gets-hot", "The intake air of one rack climbs to its limits while the next rack stays cool",
              [*hosts("wy-1 wy-2 wy-3 wy-4 wy-5", vendor="Wiwynn", model="SV7220G3", sensors=WIWYNN, rack="o4", switch="leaf-o4", pdu=("pdu-o4-a", "pdu-o4-b")),
               *hosts("wy-6 wy-7", vendor="Wiwynn", model="SV7220G3", sensors=WIWYNN, rack="o5", switch="leaf-o5", pdu=("pdu-o5-a", "pdu-o5-b"))], minutes=100)  # fmt: skip
    hot = [f"wy-{number}" for number in range(1, 6)]
    quiet_logs(f, " ".join(hot))
    for number, name in enumerate(hot):

        def intake(minute: float, late: float = number * 0.8) -> tuple[float, str] | None:
            value = round(25 + max(0, minute - 18 - late) * 0.36)
            return (min(value, 46), "ok" if value < 38 else "nc" if value < 43 else "cr") if minute >= 18 else None

        f.reading(name, "MB_INLET_TEMP", intake)
        f.reading(
            name, "CPU0_TEMP", lambda minute: (min(93, round(54 + (minute - 18) * 0.6)), "ok") if minute >= 20 else None
        )
        for fan in ("FAN0_TACH_IL", "FAN1_TACH_IL"):
            f.reading(
                name,
                fan,
                lambda minute: (min(15800, round(7100 + (minute - 20) * 190)), "ok") if minute >= 22 else None,
            )
        f.sel(name, f"""
            -{40 + number}d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
            {55 + number} | Temperature MB_INLET_TEMP | Upper Non-critical going high | Asserted | Reading 38 > Threshold 38 degrees C
            {69 + number} | Temperature MB_INLET_TEMP | Upper Critical going high | Asserted | Reading 43 > Threshold 43 degrees C
        """, clock=(0, 9, -2, 1, -16)[number])  # fmt: skip
        f.kernel(name, 74 + number * 2, f"<4>mce: CPU{number}: Package temperature is above threshold, cpu clock is throttled (total events = {40 + number})\n<6>mce: CPU{number}: Package temperature/speed normal", gap=5)  # fmt: skip
    f.expect(" ".join(hot), CRITICAL, "cooling", ["MB_INLET_TEMP", "o4", "rack o4"], "cooling.ambient_high", evidence=["MB_INLET_TEMP"], not_cause=["fan.failed", "cpu.thermal_trip", "fan.degraded", "psu.input_lost"],
             never=["host.reboot", "fan.replace", "cpu.replace", *NEVER], why="All five intakes of o4 climb alike with fast fans, those of o5 do not. Throttling follows.")  # fmt: skip
    chatter(f, DEBIAN)
    return f


def nvlink_of_an_hgx_fails() -> Fleet:
    f = Fleet("nvlink-of-an-hgx-fails", "One link between a GPU and its switches fails again and again under load",
              hosts("hgx-1 hgx-2 hgx-3", vendor="ASUSTeK COMPUTER INC.", model="ESC N8A-E12", sensors=ASUS, rack="g9", switch="leaf-g9", gpus=8, role="training",
                    units=("ssh.service", "slurmd.service", "nvidia-fabricmanager.service")), minutes=100)  # fmt: skip
    quiet_logs(f, "hgx-1")
    ordered_restart(f, "hgx-1", 10, UBUNTU_24, "kernel 6.8.0-47")
    for number, at in enumerate((38, 55, 71)):
        f.kernel("hgx-3", at, f"""
            <3>NVRM: Xid (PCI:0000:dd:00): 74, pid='<unknown>', name=<unknown>, NVLink: fatal error detected on link 11(0x0, 0x0, 0x10000, 0x0, 0x0, 0x0, 0x0)
            <3>NVRM: Xid (PCI:0000:dd:00): 45, pid={55120 + number}, name=python3, Ch 00000012
        """)  # fmt: skip
        f.log("hgx-3", at + 0.1, "python3", f"<3>[rank{number}]: torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:2010, unhandled cuda error, Cuda failure 719 'unspecified launch failure'")  # fmt: skip
        f.log(
            "hgx-3",
            at + 0.3,
            "slurmd",
            f"<3>error: StepId={99120 + number}.0 exited with exit code 1",
            unit="slurmd.service",
        )
    f.log("hgx-3", 80, "gpu-health", "GPU 7 (0000:dd:00.0): nvlink 11 replay=4112 recovery=37 crc=88121; other links 0; ecc_uncorr_volatile=0", priority=4)  # fmt: skip
    f.expect("hgx-3", CRITICAL, ["nvlink", "gpu"], ["GPU 0000:dd:00.0", "0000:dd:00", "0000:dd:00.0", "GPU7", "7", "link 11", "NVLink 11"], "nvlink.error", evidence=["NVLink"],
             not_cause=["gpu.application_error", "gpu.ecc_uncorrectable", "software.failed", "gpu.fallen_off_bus"], actions=["ticket.create", "host.drain", "gpu.reset"], never=["nic.replace", *NEVER],
             why="The same link of the same GPU three times under three jobs; nothing of its memory or its bus.")  # fmt: skip
    chatter(f, UBUNTU)
    return f


def resolver_of_a_site_hangs() -> Fleet:
    f = Fleet("resolver-of-a-site-hangs", "The resolver stops answering: names cannot be looked up on four hosts, whose addresses still answer",
              hosts("app-a app-b app-c app-d", vendor="Gigabyte", model="R183-S92", sensors=GIGABYTE, rack="y6", switch="leaf-y6", role="web",
                    units=("ssh.service", "nginx.service", "systemd-resolved.service")), minutes=70)  # fmt: skip
    quiet_logs(f)
    for number, name in enumerate(("app-a", "app-b", "app-c", "app-d")):
        for step in range(9):
            at = 24 + step * 2.1 + number * 0.3
            f.log(name, at, "nginx", f"<3>2026/09/14 06:{int(at):02d}:11 [error] 1288#1288: *{4410 + step} api.example.org could not be resolved (110: Operation timed out), client: 10.7.0.9, server: _, request: \"GET /v2/items HTTP/1.1\"", unit="nginx.service")  # fmt: skip
            if step % 3 == 0:
                f.log(name, at + 0.4, "python3", "<3>requests.exceptions.ConnectionError: HTTPSConnectionPool(host='api.example.org', port=443): Max retries exceeded (Caused by NameResolutionError(\"Failed to resolve 'api.example.org' ([Errno -3] Temporary failure in name resolution)\"))")  # fmt: skip
        f.log(name, 24.5, "systemd-resolved", "<5>Using degraded feature set TCP instead of UDP for DNS server 10.7.0.2.\n<5>Using degraded feature set UDP instead of TCP for DNS server 10.7.0.2.", unit="systemd-resolved.service", gap=5)  # fmt: skip
        f.log(name, 29, "postfix/smtp", "<4>8C2: to=<root@example.org>, relay=none, delay=20, delays=0.1/0/20/0, dsn=4.4.3, status=deferred (Host or domain name not found. Name service error for name=mail.example.org type=MX: Host not found, try again)", unit="postfix@-.service")  # fmt: skip
        f.log(name, 34, "chronyd", "<6>Selected source 10.7.0.3", unit="chrony.service")
        f.log(name, 44, "systemd-resolved", "Grace period over, resuming full feature set (UDP+EDNS0) for DNS server 10.7.0.2.", unit="systemd-resolved.service")  # fmt: skip
    f.expect("app-a app-b app-c app-d", CRITICAL, "network", ["10.7.0.2", "DNS", "dns", "resolver", "systemd-resolved", "api.example.org", "systemd-resolved.service"], "network.dns", evidence=["name resolution"], not_cause=["software.failed", "network.unreachable", "switch.failed", "nic.link_flap"],
             never=["host.reboot", "software.rollback", *NEVER], why="All four fail to look up names at once and reach their time source by address; links stay up.")  # fmt: skip
    chatter(f, UBUNTU)
    return f


def worker_locks_up_a_processor() -> Fleet:
    f = Fleet("worker-locks-up-a-processor", "A kernel worker holds one processor for minutes, tasks behind it wait",
              hosts("ar-1 ar-2 ar-3", vendor="Tyan", model="S8050GM4NE-2T", sensors=TYAN, rack="a9", switch="leaf-a9", role="build", units=("sshd.service", "docker.service")), minutes=80)  # fmt: skip
    quiet_logs(f, "ar-3")
    ordered_restart(f, "ar-3", 14, ARCH, "linux 6.12.1.arch1-1", minutes=3)
    for number, seconds in enumerate((26, 52, 78, 104, 130, 156)):
        f.kernel("ar-2", 41 + number * 0.47, f"""
            <0>watchdog: BUG: soft lockup - CPU#33 stuck for {seconds}s! [kworker/33:1:81244]
            <4>Modules linked in: overlay veth xt_nat xt_MASQUERADE nft_chain_nat bridge stp llc amd64_edac edac_mce_amd kvm_amd kvm
            <4>CPU: 33 UID: 0 PID: 81244 Comm: kworker/33:1 Tainted: G             L     6.12.1-arch1-1 #1 b1d44ae
            <4>Tainted: [L]=SOFTLOCKUP
            <4>Hardware name: TYAN S8050GM4NE-2T/S8050GM4NE-2T, BIOS V2.04 03/11/2024
            <4>Workqueue: events free_work
            <4>RIP: 0010:smp_call_function_many_cond+0x12b/0x5a0
            <4>Call Trace:
            <4> <TASK>
            <4> on_each_cpu_cond_mask+0x24/0x40
            <4> flush_tlb_kernel_range+0x3d/0xb0
            <4> __purge_vmap_area_lazy+0x101/0x740
            <4> process_one_work+0x17e/0x330
            <4> </TASK>
        """, gap=0.02)  # fmt: skip
    f.kernel("ar-2", 42.5, """
        <3>rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
        <3>rcu: 	33-...0: (1 GPs behind) idle=8c1c/1/0x4000000000000000 softirq=881204/881205 fqs=7011
        <3>rcu: 	(detected by 4, t=60002 jiffies, g=4411201, q=88120 ncpus=64)
    """)  # fmt: skip
    f.log("ar-2", 43, "dockerd", '<3>time="2026-09-14T06:43:00.1Z" level=error msg="Handler for POST /v1.47/containers/create returned error: context deadline exceeded"', unit="docker.service")  # fmt: skip
    f.expect("ar-2", CRITICAL, ["kernel", "cpu"], ["CPU#33", "CPU33", "kworker/33:1", "33", "ar-2", "kernel"], "kernel.soft_lockup", evidence=["soft lockup"], not_cause=["software.failed", "cpu.mce", "kernel.panic"],
             never=["cpu.replace", *NEVER], actions=["ticket.create", "host.drain", "host.reboot"],
             why="One kernel worker spins on CPU 33 and is told of six times; the stall and docker's time-out follow.")  # fmt: skip
    chatter(f, UBUNTU)
    return f


def students_kernel_faults_on_l40s() -> Fleet:
    f = Fleet("students-kernel-faults-on-l40s", "A user's program reads out of bounds on one L40S after another",
              hosts("l40-1 l40-2 l40-3", vendor="Dell Inc.", model="PowerEdge R760xa", sensors=DELL, rack="g5", switch="leaf-g5", gpus=4, role="training", units=("sshd.service", "slurmd.service")), minutes=110)  # fmt: skip
    quiet_logs(f, "l40-3")
    ordered_restart(f, "l40-3", 20, ROCKY_8, "kernel 4.18.0-553.16.1")
    for number, (at, bus) in enumerate(((31, "4a"), (44, "61"), (58, "ca"), (83, "4a"))):
        pid = 70110 + number * 41
        f.kernel("l40-2", at, f"""
            <3>NVRM: Xid (PCI:0000:{bus}:00): 31, pid={pid}, name=rayfield, Ch 00000010, intr 00000000. MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_{number} faulted @ 0x7f2a_4{number}000000. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_READ
            <3>NVRM: Xid (PCI:0000:{bus}:00): 43, pid={pid}, name=rayfield, Ch 00000010
        """)  # fmt: skip
        f.log("l40-2", at + 0.1, "slurmstepd", f"<3>error: *** STEP {44120 + number}.0 ON l40-2 CANCELLED AT 2026-09-14T06:{int(at) % 60:02d}:00 DUE TO TASK FAILURE ***", unit="slurmd.service")  # fmt: skip
        f.log("l40-2", at + 2, "gpu-health", "4/4 GPUs ok: ecc_uncorr_volatile=0 remapped_rows_pending=No errors: 0")
    f.expect("l40-2", WARNING, ["gpu", "software"], ["rayfield", "0000:4a:00", "0000:61:00", "0000:ca:00", "0000:4a:00.0", "0000:61:00.0", "0000:ca:00.0", "GPU 0000:4a:00.0", "GPU 0000:61:00.0", "GPU 0000:ca:00.0"],
             ["gpu.page_fault", "gpu.application_error", "software.failed"], evidence=["31, pid="], not_cause=["gpu.ecc_uncorrectable", "gpu.fallen_off_bus", "gpu.gsp_timeout"],
             actions=["ticket.create", "user.notify"], never=["gpu.replace", "gpu.reset", "host.reboot", "host.drain", *NEVER],
             why="One user's program faults on three GPUs in turn, all pass their check afterwards: the program is at fault.")  # fmt: skip
    chatter(f, ROCKY)
    return f


ALL = (
    supply_of_an_r7625_breaks,
    end_of_an_aisle_gets_hot,
    nvlink_of_an_hgx_fails,
    resolver_of_a_site_hangs,
    worker_locks_up_a_processor,
    students_kernel_faults_on_l40s,
)
