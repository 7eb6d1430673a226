"""A fifth batch, written blind and to be like the given scenarios on other fleets: fleets in which nothing is wrong."""

from tests.scenarios.composing.fifth_boots import (
    ARCH,
    GRACE,
    PROXMOX_8,
    ROCKY_8,
    SLES_15,
    UBUNTU_24,
    ordered_restart,
)
from tests.scenarios.composing.fifth_noise import (
    ASROCK,
    CRAY,
    FLATCAR,
    GRACE_BMC,
    PROXMOX,
    ROCKY,
    SUSE,
    TYAN,
    UBUNTU,
    chatter,
    quiet_logs,
)
from tests.scenarios.composing.fleet import DELL, INSPUR, LENOVO, Fleet, hosts


def healthy_drivers_rolled_over_a_row() -> Fleet:
    f = Fleet("healthy-drivers-rolled-over-a-row", "Healthy control: GPU driver and BMC firmware are rolled over a row, each node restarts when it was drained",
              hosts("row-1 row-2 row-3 row-4 row-5", vendor="HPE", model="Cray XD670", sensors=CRAY, rack="g2", switch="leaf-g2", gpus=8, role="training",
                    units=("ssh.service", "slurmd.service", "nvidia-persistenced.service", "nvidia-fabricmanager.service")), minutes=130)  # fmt: skip
    f.reasons.append("Nothing is wrong: five announced restarts after a drain, one BMC silent for 6 minutes during its ordered update, boot lines that frighten.")  # fmt: skip
    for number, host in enumerate(f.hosts):
        at = 15 + number * 18
        f.log(host.name, at - 6, "python3", f"ansible-ansible.legacy.command Invoked with _raw_params=scontrol update nodename={host.name} state=drain reason=driver _uses_shell=False")  # fmt: skip
        f.log(host.name, at - 5, "slurmd", "error: *** JOB 5510 ON row-1 CANCELLED AT 2026-09-14T06:10:00 DUE TO PREEMPTION ***", unit="slurmd.service")  # fmt: skip
        f.systemd(host.name, at - 4, "<6>Stopping nvidia-fabricmanager.service - NVIDIA fabric manager service...\n<6>nvidia-fabricmanager.service: Deactivated successfully.\n<6>Stopped nvidia-fabricmanager.service - NVIDIA fabric manager service.\n<5>nvidia-dcgm.service: Main process exited, code=killed, status=15/TERM")  # fmt: skip
        f.kernel(host.name, at - 3, """
            <4>NVRM: API mismatch: the client has the version 550.90.12, but
            <6>nvidia-uvm: Unloaded the UVM driver.
            <6>nvidia-nvlink: Unregistered Nvlink Core, major device number 511
        """)  # fmt: skip
        ordered_restart(f, host.name, at, UBUNTU_24, "GPU driver 550.90.12", minutes=6)
        f.kernel(host.name, at + 6.2, """
            <6>nvidia-nvswitch0: using MSI
            <6>nvidia 0000:19:00.0: enabling device (0140 -> 0142)
            <4>NVRM: loading NVIDIA UNIX Open Kernel Module for x86_64  550.90.12  Release Build
            <6>mlx5_core 0000:4d:00.0: mlx5_cmd_out_err:808:(pid 1821): ACCESS_REG(0x805) op_mod(0x1) failed, status bad parameter(0x3), syndrome (0x15c356), err(-22)
            <6>mlx5_core 0000:4d:00.0 ibp77s0: Link up
        """)  # fmt: skip
        f.log(host.name, at + 7, "nv-fabricmanager", "Connected to 1 node.\nSuccessfully configured all the available NVSwitches to route GPU NVLink traffic. NVLink Peer-to-Peer support will be enabled once the GPUs are successfully registered with the NVLink fabric.", unit="nvidia-fabricmanager.service")  # fmt: skip
        f.log(
            host.name,
            at + 8,
            "gpu-health",
            "8/8 GPUs ok: ecc_uncorr_volatile=0 remapped_rows_pending=No nvlink_inactive=0 errors: 0",
        )
    f.log("row-5", 110, "ops", "planned: BMC firmware 1.12 of row-5, its BMC is away for some minutes")
    f.log("row-5", 110.5, "sudo", "     ops : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/ipmitool hpm upgrade xd670_bmc_1.12.hpm force", priority=5)  # fmt: skip
    for sensor in CRAY:
        f.reading("row-5", sensor, lambda minute: (None, "gone") if 112 <= minute < 118 else None)
    f.log("row-1", 113, "bmc-poller", "<4>row-5-bmc: no answer within 10 s, next try in 60 s\n<6>row-5-bmc: in maintenance, polled again later")  # fmt: skip
    f.kernel("row-5", 112.5, "<4>ipmi_si IPI0001:00: KCS in invalid state 9\n<6>ipmi_si IPI0001:00: IPMI message handler: Found new BMC (man_id: 0x003c0a, prod_id: 0x1000, dev_id: 0x20)", gap=200)  # fmt: skip
    f.sel("row-5", """
        112 | Version Change #0x76 | Firmware or software change detected, Mngmt Ctrl Firm Rev | Asserted
        = Pre-Init  |0000000021| System ACPI Power State ACPI_State | S0/G0: working | Asserted
        118 | System Event #0x83 | Timestamp Clock Sync | Asserted
        119 | Version Change #0x76 | Firmware or software change success, Mngmt Ctrl Firm Rev | Asserted
    """, clock=2, first=0x71)  # fmt: skip
    chatter(f, UBUNTU)
    return f


def healthy_just_below_every_limit() -> Fleet:
    f = Fleet("healthy-just-below-every-limit", "Healthy control: corrected errors, bounces and failures, each once or a few times, on a cluster with an old kernel",
              hosts("lim-1 lim-2 lim-3 lim-4 lim-5", vendor="Lenovo", model="ThinkSystem SR630", sensors=LENOVO, rack="f1", switch="leaf-f1",
                    units=("sshd.service", "crond.service", "chronyd.service", "slurmd.service")), minutes=150)  # fmt: skip
    f.reasons.append("Nothing is wrong. Most in 2.5 h: 3 corrected errors of one module, 5 corrected PCIe errors of one port, one link bounce of 3 s, one polled NVMe completion, intake 33 C, 13 stray logins, one restart by systemd, one job over its own memory.")  # fmt: skip
    quiet_logs(f, "lim-2")
    f.sel("lim-2", """
        -500d | Memory DIMM 7 | Uncorrectable ECC | Asserted
        -499d | Memory DIMM 7 | Presence detected | Asserted
        -30d | Event Logging Disabled SEL | Log area reset/cleared | Asserted
        -12d | Temperature Ambient Temp | Upper Non-critical going high | Asserted | Reading 36 > Threshold 35 degrees C
        -12d | Temperature Ambient Temp | Upper Non-critical going high | Deasserted | Reading 34 > Threshold 35 degrees C
        60 | Memory DIMM 3 | Correctable ECC | Asserted
    """, clock=4)  # fmt: skip
    for at in (18, 60, 133):
        f.kernel("lim-2", at, "<6>mce: [Hardware Error]: Machine check events logged\n<4>EDAC MC0: 1 CE memory read error on CPU_SrcID#0_MC#0_Chan#2_DIMM#0 (channel:2 slot:0 page:0x7a1c3b offset:0x6c0 grain:32 syndrome:0x0 -  err_code:0x0001:0x0092 socket:0 imc:0 rank:1 bg:2 ba:1 row:0x1b2c col:0x2d8)")  # fmt: skip
    for at in (9, 41, 66, 92, 140):
        f.kernel("lim-4", at, """
            <4>pcieport 0000:5d:02.0: AER: Corrected error received: 0000:5e:00.0
            <4>mlx5_core 0000:5e:00.0: PCIe Bus Error: severity=Corrected, type=Data Link Layer, (Transmitter ID)
            <4>mlx5_core 0000:5e:00.0:   device [15b3:1017] error status/mask=00001000/00002000
            <4>mlx5_core 0000:5e:00.0:    [12] Timeout
        """, gap=0.01)  # fmt: skip
    f.kernel("lim-3", 52, "<6>mlx5_core 0000:5e:00.0 ens2f0np0: Link down\n<6>mlx5_core 0000:5e:00.0 ens2f0np0: Link up", gap=3)  # fmt: skip
    f.kernel("lim-5", 77, "<4>nvme nvme0: I/O 312 QID 9 timeout, completion polled")
    for host in f.hosts:
        f.reading(host.name, "Ambient Temp", lambda minute: (round(27 + 6 * max(0, 1 - abs(minute - 80) / 60)), "ok"))
    f.gauge("lim-1", "filesystem_avail_bytes", lambda minute: 13e9 + (minute % 30) * 2e7)
    f.systemd("lim-1", 44, "<5>prometheus-slurm-exporter.service: Main process exited, code=exited, status=2/INVALIDARGUMENT\n<4>prometheus-slurm-exporter.service: Failed with result 'exit-code'.\n<6>prometheus-slurm-exporter.service: Service RestartSec=10s expired, scheduling restart.\n<6>prometheus-slurm-exporter.service: Scheduled restart job, restart counter is at 1.\n<6>Started Prometheus SLURM Exporter.", gap=3)  # fmt: skip
    f.kernel("lim-5", 101, """
        <6>R invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
        <6>oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=step_0,mems_allowed=0-1,oom_memcg=/slurm/uid_2041/job_90112/step_0,task_memcg=/slurm/uid_2041/job_90112/step_0/task_0,task=R,pid=71222,uid=2041
        <3>Memory cgroup out of memory: Killed process 71222 (R) total-vm:18231044kB, anon-rss:16770112kB, file-rss:4120kB, shmem-rss:0kB, UID:2041 pgtables:33012kB oom_score_adj:0
    """)  # fmt: skip
    f.log("lim-5", 101.1, "slurmstepd", "<3>error: Detected 1 oom_kill event in StepId=90112.0. Some of the step tasks have been OOM Killed.", unit="slurmd.service")  # fmt: skip
    for number, at in enumerate((5, 14, 22, 37, 39, 58, 71, 80, 88, 97, 111, 124, 139)):
        f.log(f"lim-{number % 5 + 1}", at, "sshd", f"Invalid user guest from 203.0.113.{40 + number} port 4{number:02d}12\nFailed password for invalid user guest from 203.0.113.{40 + number} port 4{number:02d}12 ssh2\nConnection closed by invalid user guest 203.0.113.{40 + number} port 4{number:02d}12 [preauth]", unit="sshd.service")  # fmt: skip
    ordered_restart(f, "lim-1", 116, ROCKY_8, "kernel 4.18.0-553.16.1")
    f.event_logs["lim-1-bmc"] = []
    f.sel(
        "lim-1",
        "115 | System Event #0xff | OEM System boot event | Asserted\n122 | OS Boot #0x22 | C: boot completed | Asserted",
    )
    chatter(f, ROCKY, but="lim-2 lim-4")
    return f


def healthy_night_of_guests() -> Fleet:
    f = Fleet("healthy-night-of-guests", "Healthy control: backups, scrubs, migrations and an update on a cluster of hypervisors",
              hosts("pv-1 pv-2 pv-3 pv-4", vendor="ASRockRack", model="1U24E1S-GENOA/2L2T", sensors=ASROCK, rack="i1", switch="sw-i1", role="hypervisor",
                    units=("ssh.service", "pveproxy.service", "pvestatd.service", "corosync.service", "ceph-mon@pv.service")), minutes=140)  # fmt: skip
    f.reasons.append("Nothing is wrong: one guest's backup fails and succeeds when run again, a scrub finds nothing, OSDs stop and start with their host's announced restart.")  # fmt: skip
    quiet_logs(f, "pv-4")
    for number, host in enumerate(f.hosts[:3]):
        at = 6 + number * 11
        f.log(host.name, at, "pvescheduler", f"<root@pam> starting task UPID:{host.name}:0008A1{number}:vzdump::root@pam:\nINFO: starting new backup job: vzdump --all 1 --mode snapshot --storage pbs --quiet 1\nINFO: Starting Backup of VM 10{number} (qemu)\nINFO: Finished Backup of VM 10{number} (00:04:12)", unit="pvescheduler.service", gap=60)  # fmt: skip
        f.kernel(host.name, at + 1, f"<6>vmbr0: port 9(tap10{number}i0) entered disabled state\n<6>tap10{number}i0 (unregistering): left allmulticast mode\n<6>vmbr0: port 9(tap10{number}i0) entered blocking state\n<6>vmbr0: port 9(tap10{number}i0) entered forwarding state")  # fmt: skip
        f.log(host.name, at + 9, "zed", f"eid={80 + number} class=scrub_start pool='rpool'\neid={81 + number} class=history_event pool='rpool'\neid={82 + number} class=scrub_finish pool='rpool'", unit="zfs-zed.service", gap=600)  # fmt: skip
        f.log(host.name, at + 12, "ceph-osd", f"2026-09-14T06:30:00.000+0000 7f0 0 log_channel(cluster) log [DBG] : 3.{number}a deep-scrub starts\n2026-09-14T06:31:00.000+0000 7f0 0 log_channel(cluster) log [DBG] : 3.{number}a deep-scrub ok", unit="ceph-osd@4.service", gap=70)  # fmt: skip
    f.log("pv-2", 20, "pvescheduler", "<3>ERROR: Backup of VM 117 failed - VM 117 qmp command 'backup' failed - got timeout\n<3>INFO: Failed at 2026-09-14 06:20:00\n<6>INFO: Backup job finished with errors\n<3>job errors", unit="pvescheduler.service", gap=2)  # fmt: skip
    f.log("pv-2", 33, "pvedaemon", "INFO: starting new backup job: vzdump 117 --storage pbs --mode snapshot\nINFO: Finished Backup of VM 117 (00:03:40)\nINFO: Backup job finished successfully", unit="pvedaemon.service", gap=110)  # fmt: skip
    f.log("pv-3", 60, "pvedaemon", "<root@pam> starting task UPID:pv-3:0009B2:qmigrate:121:root@pam:\nmigration finished successfully (duration 00:01:22)", unit="pvedaemon.service", gap=82)  # fmt: skip
    f.log("pv-1", 61, "QEMU", "<4>kvm: warning: TSC frequency mismatch between VM (2694998 kHz) and host (2695000 kHz), and TSC scaling unavailable")  # fmt: skip
    f.log("pv-1", 52, "corosync", "  [TOTEM ] Retransmit List: 1f2a 1f2b\n  [QUORUM] Sync members[4]: 1 2 3 4\n  [MAIN  ] Completed service synchronization, ready to provide service.", unit="corosync.service")  # fmt: skip
    for name in ("pv-1", "pv-2", "pv-3"):
        f.log(name, 90.3, "corosync", "  [CFG   ] Node 4 was shut down by sysadmin\n  [QUORUM] Sync members[3]: 1 2 3\n  [QUORUM] Sync left[1]: 4\n  [TOTEM ] A new membership (1.2b1) was formed. Members left: 4\n  [KNET  ] link: host: 4 link: 0 is down\n  [KNET  ] host: host: 4 (passive) best link: 0 (pri: 1)\n  [KNET  ] host: host: 4 has no active links", unit="corosync.service")  # fmt: skip
        f.log(name, 96, "corosync", "  [KNET  ] rx: host: 4 link: 0 is up\n  [QUORUM] Sync members[4]: 1 2 3 4\n  [QUORUM] Sync joined[1]: 4", unit="corosync.service")  # fmt: skip
    f.log("pv-4", 88.6, "ceph", "noout is set")
    f.log("pv-1", 90.5, "ceph-mon", "<4>2026-09-14T07:30:30.000+0000 7f0 0 log_channel(cluster) log [WRN] : Health check failed: 2 osds down (OSD_DOWN)\n<4>2026-09-14T07:30:31.000+0000 7f0 0 log_channel(cluster) log [WRN] : Health check failed: noout flag(s) set (OSDMAP_FLAGS)", unit="ceph-mon@pv-1.service")  # fmt: skip
    f.log("pv-1", 96.5, "ceph-mon", "2026-09-14T07:36:30.000+0000 7f0 0 log_channel(cluster) log [INF] : Health check cleared: OSD_DOWN (was: 2 osds down)\n2026-09-14T07:36:40.000+0000 7f0 0 log_channel(cluster) log [INF] : Cluster is now healthy", unit="ceph-mon@pv-1.service")  # fmt: skip
    ordered_restart(f, "pv-4", 90, PROXMOX_8, "pve-kernel 6.8.12-4, guests moved away, noout set")
    chatter(f, PROXMOX)
    return f


def healthy_pods_come_and_go() -> Fleet:
    f = Fleet("healthy-pods-come-and-go", "Healthy control: deployments, probes that fail at first, pulls that are tried again, a pod over its own limit",
              hosts("fk-1 fk-2 fk-3 fk-4", vendor="Dell Inc.", model="PowerEdge R6525", sensors=DELL, rack="n8", switch="leaf-n8", role="kubernetes",
                    units=("sshd.service", "containerd.service", "kubelet.service")), minutes=120)  # fmt: skip
    f.reasons.append(
        "Nothing is wrong: what fails belongs to pods that are being rolled out or to users' tests, and succeeds minutes later."
    )
    quiet_logs(f)
    for number, host in enumerate(f.hosts):
        at = 10 + number * 17
        f.log(host.name, at, "kubelet", f"""
            I0914 06:10:00.1 1977 kubelet.go:2425] "SyncLoop ADD" source="api" pods=["shop/cart-7f9c-{number}xk"]
            <3>E0914 06:10:04.1 1977 pod_workers.go:1301] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"cart\\" with ErrImagePull: \\"rpc error: code = DeadlineExceeded desc = failed to pull and unpack image\\"" pod="shop/cart-7f9c-{number}xk"
            <3>E0914 06:10:16.1 1977 pod_workers.go:1301] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"cart\\" with ImagePullBackOff: \\"Back-off pulling image \\\\\\"registry.example/cart:4.2\\\\\\"\\"" pod="shop/cart-7f9c-{number}xk"
            I0914 06:10:33.1 1977 kubelet.go:2457] "SyncLoop (PLEG): event for pod" pod="shop/cart-7f9c-{number}xk" event=ContainerStarted
            I0914 06:10:34.1 1977 prober.go:107] "Probe failed" probeType="Readiness" pod="shop/cart-7f9c-{number}xk" containerName="cart" probeResult="failure" output="Get \\"http://10.244.1.9:8080/ready\\": dial tcp 10.244.1.9:8080: connect: connection refused"
            I0914 06:10:50.1 1977 kubelet.go:2533] "SyncLoop (probe)" probe="readiness" status="ready" pod="shop/cart-7f9c-{number}xk"
        """, unit="kubelet.service", gap=12)  # fmt: skip
        f.log(host.name, at + 5, "containerd", f'<4>time="2026-09-14T06:15:00.1Z" level=error msg="ContainerStatus for \\"4f{number}\\" failed" error="rpc error: code = NotFound desc = an error occurred when try to find container \\"4f{number}\\": not found"', unit="containerd.service")  # fmt: skip
        f.kernel(host.name, at + 6, "<6>cni0: port 4(veth4a1b2c3d) entered disabled state\n<6>device veth4a1b2c3d left promiscuous mode\n<6>eth0: renamed from tmp4a1b2\n<6>IPVS: rr: TCP 10.96.0.10:53 - no destination available")  # fmt: skip
    f.kernel("fk-3", 55, """
        <6>php invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=936
        <6>oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=cri-containerd-77.scope,mems_allowed=0-1,oom_memcg=/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod77.slice,task_memcg=/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod77.slice/cri-containerd-77.scope,task=php,pid=40122,uid=1000
        <3>Memory cgroup out of memory: Killed process 40122 (php) total-vm:412004kB, anon-rss:260112kB, file-rss:4kB, shmem-rss:0kB, UID:1000 pgtables:812kB oom_score_adj:936
    """)  # fmt: skip
    f.log("fk-3", 54, "ops", "load test of staging/php with a limit of 256Mi until it is killed, please ignore")
    f.log("fk-2", 64, "update_engine", "I20260914 07:04:00.1 1411 update_attempter.cc:482] Updating boot flags...\nI20260914 07:05:00.1 1411 postinstall_runner_action.cc:110] Postinst done, reboot needed", unit="update-engine.service", gap=60)  # fmt: skip
    f.log("fk-2", 66, "locksmithd", "LastCheckedTime=1789369500 Progress=0 CurrentOperation=\"UPDATE_STATUS_UPDATED_NEED_REBOOT\" NewVersion=3975.2.2 NewSize=0\nreboot window not open, waiting", unit="locksmithd.service")  # fmt: skip
    f.log("fk-1", 71, "etcd", '<4>{"level":"warn","ts":"2026-09-14T07:11:00.1Z","msg":"apply request took too long","took":"131.2ms","expected-duration":"100ms","prefix":"read-only range "}', unit="etcd.service")  # fmt: skip
    f.log("fk-4", 80, "coredns", "[ERROR] plugin/errors: 2 pool.ntp.org. AAAA: read udp 10.244.3.2:41222->10.7.0.2:53: i/o timeout", unit="containerd.service")  # fmt: skip
    f.log("fk-4", 93, "kubelet", 'I0914 07:33:10.1 1977 image_gc_manager.go:310] "Disk usage on image filesystem is over the high threshold, trying to free bytes down to the low threshold" usage=86 highThreshold=85 amountToFree=12884901888 lowThreshold=80\nI0914 07:33:30.1 1977 image_gc_manager.go:383] "Removing image to free bytes" imageID="sha256:9f31c0" size=812004412', unit="kubelet.service", gap=10)  # fmt: skip
    chatter(f, FLATCAR)
    return f


def healthy_term_at_a_university() -> Fleet:
    f = Fleet("healthy-term-at-a-university", "Healthy control: students' jobs fail in every way, storage does its chores, a maintenance closes the login node",
              [*hosts("un-1 un-2 un-3 un-4", vendor="Inspur", model="NF5280M6", sensors=INSPUR, rack="u1", switch="leaf-u1", units=("sshd.service", "cron.service", "slurmd.service")),
               *hosts("un-login", vendor="Tyan", model="B8253T83E8HR", sensors=TYAN, rack="u1", switch="leaf-u1", role="login", units=("sshd.service", "cron.service"))], minutes=150)  # fmt: skip
    f.reasons.append("Nothing is wrong: programs of users crash, jobs are cancelled or run out of time, patrol reads and checks finish clean, one announced restart.")  # fmt: skip
    quiet_logs(f, "un-login")
    for number, at in enumerate(range(6, 146, 9)):
        name = f"un-{number % 4 + 1}"
        job = 331200 + number
        f.log(name, at, "slurmd", f"<6>launch task StepId={job}.0 request from UID:{2100 + number} GID:2000 HOST:10.7.4.{number} PORT:41022", unit="slurmd.service")  # fmt: skip
        ending = (
            f"<3>error: *** JOB {job} ON {name} CANCELLED AT 2026-09-14T06:40:00 DUE TO TIME LIMIT ***",
            f"<3>error: *** STEP {job}.0 ON {name} CANCELLED AT 2026-09-14T06:41:00 ***",
            f"<6>[{job}.0] done with step",
            f"<3>error: execve(): ./a.out: Permission denied\n<3>error: [{job}.0] task 0 (71{number}) exited with exit code 13",
        )[number % 4]
        f.log(name, at + 4, "slurmstepd", ending, unit="slurmd.service")
        if number % 3 == 1:
            f.kernel(name, at + 2, f"<6>a.out[{51000 + number}]: segfault at {number:x}8 ip 0000000000401{136 + number} sp 00007ffc9b1a2{100 + number} error 6 in a.out[401000+1000] likely on CPU {number} (core {number}, socket 0)")  # fmt: skip
            f.log(
                name,
                at + 2.1,
                "systemd-coredump",
                f"[🡕] Process {51000 + number} (a.out) of user {2100 + number} dumped core.",
            )
    for name in ("un-1", "un-2", "un-3"):
        f.kernel(
            name, 30, "<6>megaraid_sas 0000:31:00.0: 8101 (842619600s/0x0020/info) - Patrol Read started", priority=6
        )
        f.kernel(name, 35, "<6>megaraid_sas 0000:31:00.0: 8102 (842619900s/0x0008/info) - Battery relearn started\n<6>megaraid_sas 0000:31:00.0: 8104 (842620900s/0x0008/info) - Battery relearn completed", gap=1000)  # fmt: skip
        f.kernel(
            name, 118, "<6>megaraid_sas 0000:31:00.0: 8110 (842626311s/0x0020/info) - Patrol Read complete", priority=6
        )
    f.kernel("un-2", 58, """
        <4>Lustre: 2211:0:(client.c:2295:ptlrpc_expire_one_request()) @@@ Request sent has timed out for slow reply: [sent 1789368000/real 1789368000]  req@00000000a1b2 x1711/t0(0) o400->scratch-OST0004-osc-ffff@10.7.8.4@o2ib:28/4 lens 224/224 e 0 to 1 dl 1789368007 ref 1 fl Rpc:XNQr/0/ffffffff rc 0/-1 job:'kworker/u194:2.0'
        <4>Lustre: scratch-OST0004-osc-ffff: Connection to scratch-OST0004 (at 10.7.8.4@o2ib) was lost; in progress operations using this service will wait for recovery to complete
        <4>Lustre: scratch-OST0004-osc-ffff: Connection restored to 10.7.8.4@o2ib (at 10.7.8.4@o2ib)
    """, gap=6)  # fmt: skip
    f.kernel("un-3", 72, "<4>hfi1 0000:86:00.0: hfi1_0: Port 1: logical state changed to PORT_ACTIVE (0x4)\n<6>IPv6: ADDRCONF(NETDEV_CHANGE): ib0: link becomes ready", priority=6)  # fmt: skip
    f.log("un-login", 20, "sshd", "Failed password for s2104 from 192.0.2.44 port 50311 ssh2\nFailed password for s2104 from 192.0.2.44 port 50311 ssh2\nAccepted password for s2104 from 192.0.2.44 port 50311 ssh2", unit="sshd.service", gap=6)  # fmt: skip
    f.log("un-login", 66, "sudo", "pam_unix(sudo:auth): conversation failed\n   s2110 : user NOT in sudoers ; TTY=pts/7 ; PWD=/home/s2110 ; USER=root ; COMMAND=/usr/bin/zypper install python3", priority=5)  # fmt: skip
    f.log("un-login", 81, "systemd-logind", "The system will reboot at Mon 2026-09-14 07:31:00 UTC!\nCreating /run/nologin, blocking further logins...", unit="systemd-logind.service", priority=5)  # fmt: skip
    f.log(
        "un-login",
        84,
        "sshd",
        "fatal: Access denied for user s2144 by PAM account configuration [preauth]",
        unit="sshd.service",
    )
    ordered_restart(f, "un-login", 91, SLES_15, "kernel of the login node")
    chatter(f, SUSE)
    return f


def healthy_superchips_and_workstations() -> Fleet:
    f = Fleet("healthy-superchips-and-workstations", "Healthy control: Arm superchips get new firmware under OpenBMC, and a rack of rolling-release workstations is updated",
              [*hosts("gh-1 gh-2 gh-3", vendor="Supermicro", model="ARS-111GL-NHR", sensors=GRACE_BMC, rack="z1", switch="leaf-z1", gpus=1, role="training", units=("ssh.service", "nvidia-persistenced.service")),
               *hosts("ws-1 ws-2", vendor="ASUSTeK COMPUTER INC.", model="Pro WS WRX90E-SAGE SE", sensors=TYAN, rack="z2", switch="leaf-z2", role="workstation", units=("sshd.service",))], minutes=110)  # fmt: skip
    f.reasons.append(
        "Nothing is wrong: announced restarts into new firmware and kernels on two architectures, with what such boots print."
    )
    quiet_logs(f, "gh-1 gh-2 ws-1")
    ordered_restart(f, "gh-1", 16, GRACE, "SBIOS 01.03.00", minutes=9)
    ordered_restart(f, "gh-2", 40, GRACE, "SBIOS 01.03.00", minutes=9)
    ordered_restart(f, "ws-1", 61, ARCH, "linux 6.12.1.arch1-1", minutes=3)
    for name, at in (("gh-1", 26), ("gh-2", 50)):
        f.log(name, at, "nvidia-persistenced", "<5>Verbose syslog connection opened\n<5>device 0009:01:00.0 - registered\n<5>device 0009:01:00.0 - persistence mode enabled.\n<5>device 0009:01:00.0 - NUMA memory onlined.", unit="nvidia-persistenced.service")  # fmt: skip
        f.kernel(name, at + 0.5, """
            <6>NVRM: nvidia_numa_node_id 1, NUMA memory auto-onlined
            <6>mlx5_core 0002:01:00.0: Port module event: module 1, Cable unplugged
        """)  # fmt: skip
    f.log("ws-2", 30, "pacman", "<6>[ALPM] upgraded linux (6.11.9.arch1-1 -> 6.12.1.arch1-1)\n<4>[ALPM-SCRIPTLET] ==> WARNING: Possibly missing firmware for module: 'qla2xxx'\n<6>[ALPM] transaction completed")  # fmt: skip
    f.kernel("ws-2", 44, """
        <6>usb 3-2: USB disconnect, device number 4
        <6>usb 3-2: new high-speed USB device number 5 using xhci_hcd
        <6>usb-storage 3-2:1.0: USB Mass Storage device detected
        <5>sd 14:0:0:0: [sde] 60062500 512-byte logical blocks: (30.8 GB/28.6 GiB)
        <3>sd 14:0:0:0: [sde] No Caching mode page found
        <3>sd 14:0:0:0: [sde] Assuming drive cache: write through
        <4>FAT-fs (sde1): Volume was not properly unmounted. Some data may be corrupt. Please run fsck.
    """)  # fmt: skip
    f.kernel("ws-2", 70, "<4>amdgpu 0000:43:00.0: amdgpu: [drm] REG_WAIT timeout 1us * 100000 tries - optc35_disable_crtc line:164\n<6>ucsi_ccg 7-0008: failed to reset PPM!")  # fmt: skip
    f.log("ws-2", 72, "systemd", "<4>app-gnome-tracker@autostart.service: Failed with result 'exit-code'.\n<6>app-gnome-tracker@autostart.service: Consumed 1.1s CPU time.", unit="user@1000.service")  # fmt: skip
    f.log("gh-3", 55, "rasdaemon", "<6>rasdaemon: ras:extlog_mem_event event enabled\n<3>rasdaemon: Can't get debugfs traces for aer: No such file\n<6>rasdaemon: mc_event: 0 records so far", unit="rasdaemon.service")  # fmt: skip
    chatter(f, UBUNTU)
    return f


ALL = (
    healthy_drivers_rolled_over_a_row,
    healthy_just_below_every_limit,
    healthy_night_of_guests,
    healthy_pods_come_and_go,
    healthy_term_at_a_university,
    healthy_superchips_and_workstations,
)
