"""What a single line cannot say: boot or run time, recovery, how often; and what must never alarm."""

import pytest

from groundcrew.diagnosis.detector import Detector
from groundcrew.diagnosis.rules import Example
from groundcrew.diagnosis.trial import Trial, Verdict, triggers
from groundcrew.runtime.packs import load_packs

from .seen import logs, said

RULES = load_packs().knowledge.rules
TRIAL = Trial(RULES)
DOWN = "ixgbe 0000:81:00.0 ens3f0: NIC Link is Down"
UP = "ixgbe 0000:81:00.0 ens3f0: NIC Link is Up 10 Gbps, Flow Control: RX/TX"


def alarms(text: str, identifier: str = "", uptime_s: float | None = None) -> list[Verdict]:
    verdicts = TRIAL.judge(Example(text=text, identifier=identifier, uptime_s=uptime_s))
    return [verdict for verdict in verdicts if triggers(verdict)]


@pytest.mark.parametrize(("uptime_s", "fault"), [(None, False), (3.4, False), (119.9, False), (5_211.7, True)])
def test_a_link_that_is_down_is_a_fault_by_itself_only_well_after_boot(uptime_s: float | None, fault: bool) -> None:
    assert [verdict.rule.id for verdict in alarms(DOWN, "kernel", uptime_s)] == ["nic.link-down"] * fault


def test_a_link_that_comes_back_in_time_says_nothing(detector: Detector) -> None:
    assert said(detector, logs((0, "kernel", DOWN), (10, "kernel", UP), (90, "kernel", "x"))) == []


def test_a_link_whose_return_was_told_first_says_nothing(detector: Detector) -> None:
    assert said(detector, logs((10, "kernel", UP), (0, "kernel", DOWN), (90, "kernel", "x"))) == []


@pytest.mark.parametrize("up", [0, 59])
def test_a_return_before_the_link_fell_or_after_the_patience_says_nothing_of_it(detector: Detector, up: int) -> None:
    lines = logs((up, "kernel", UP), (1, "kernel", DOWN), (90, "kernel", "x"))
    assert said(detector, lines) == [("nic.link-down", "raised", "ens3f0")]


def test_a_link_that_stays_down_is_raised_and_cleared(detector: Detector) -> None:
    assert said(detector, logs((0, "kernel", DOWN), (60, "kernel", "x"), (90, "kernel", UP))) == [
        ("nic.link-down", "raised", "ens3f0"),
        ("nic.link-down", "cleared", "ens3f0"),
    ]


def test_the_channels_of_one_killed_program_are_no_fault_of_the_gpu(detector: Detector) -> None:
    xid = "NVRM: Xid (PCI:0000:1a:00): 45, pid=812, name=trainer, Ch {:08x}"
    told = said(detector, logs(*((i, "kernel", xid.format(i)) for i in range(12))))
    assert [rule for rule, _, _ in told] == ["gpu.xid-45-once"], "info, for what else happens to the GPU"


def test_a_switch_that_cooled_down_clears_its_heat(detector: Detector) -> None:
    hot, cool = (
        f"nvidia-nvswitch1: SXid (PCI:0000:86:00.0): {code}, Non-fatal, Host_thermal" for code in (10004, 10005)
    )
    assert said(detector, logs((0, "kernel", hot), (60, "kernel", cool))) == [
        ("nvswitch.hot", "raised", "0000:86:00.0"),
        ("nvswitch.hot", "cleared", "0000:86:00.0"),
    ]


@pytest.mark.parametrize(
    ("sxid", "severity"),
    [
        (12020, "critical"),
        (23017, "critical"),
        (10003, "critical"),
        (20009, "warning"),
        (22013, "info"),
        (11012, "info"),
    ],
)
def test_the_fabric_managers_guide_grades_an_sxid_above_the_lines_own_word(sxid: int, severity: str) -> None:
    line = f"nvidia-nvswitch0: SXid (PCI:0000:86:00.0): {sxid}, Non-fatal, Link 07 something"
    (verdict,) = TRIAL.judge(Example(text=line))
    assert verdict.rule.severity.value == severity


@pytest.mark.parametrize(
    "line",
    [
        "amdgpu 0000:c1:00.0: amdgpu: 0 uncorrectable hardware errors detected in umc block",
        "amdgpu 0000:0b:00.0: amdgpu: SMU is initialized successfully!",
        "[drm] amdgpu kernel modesetting enabled.",
        "NVRM: loading NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024",
        "nvidia-nvswitch2: open (major=510)",
        "nvidia: module verification failed: signature and/or required key missing - tainting kernel",
        "mlx5_core 0000:41:00.1: Port module event: module 1, Cable unplugged",
        "mlx5_core 0000:41:00.1: firmware version: 20.38.1002",
        "e1000e 0000:00:1f.6: Interrupt Throttling Rate (ints/sec) set to dynamic conservative mode",
        "bond0: (slave ens1f0): Enslaving as a backup interface with an up link",
        "docker0: port 3(veth12ab) entered disabled state",
        "IPv6: ADDRCONF(NETDEV_UP): eth0: link is not ready",
        "nf_conntrack version 0.5.0 (65536 buckets, 262144 max)",
        "[UFW BLOCK] IN=eth0 OUT= MAC=00:11 SRC=203.0.113.9 DST=10.0.0.4 LEN=40 PROTO=TCP SPT=4711 DPT=22 SYN URGP=0",
        "IPv4: martian source 255.255.255.255 from 10.3.0.7, on dev eth1",
        "%LINK-3-UPDOWN: Interface GigabitEthernet1/0/24, changed state to up",
        "%SYS-5-CONFIG_I: Configured from console by admin on vty0 (10.0.0.9)",
        "Workqueue: nvme-wq nvme_rdma_error_recovery_work [nvme_rdma]",
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB.",
        "connect to 10.0.0.1: Network is unreachable",
    ],
)
def test_what_healthy_machines_write_does_not_alarm(line: str) -> None:
    assert [verdict.rule.id for verdict in alarms(line)] == []


def test_a_link_whose_fall_and_return_come_late_together_was_down_all_the_same(detector: Detector) -> None:
    assert said(detector, logs((0, "kernel", DOWN), (420, "kernel", UP))) == [
        ("nic.link-down", "raised", "ens3f0"),
        ("nic.link-down", "cleared", "ens3f0"),
    ]


@pytest.mark.parametrize(
    "order",
    [("systemd-logind", "System is rebooting."), ("systemd", "Reached target poweroff.target - System Power Off.")],
)
def test_a_link_that_ends_with_its_host_by_order_is_no_fault(detector: Detector, order: tuple[str, str]) -> None:
    told = said(detector, logs((0, *order), (2, "kernel", DOWN), (200, "kernel", "x")))
    assert told == [("system.going-down", "raised", "")]


def test_a_link_that_falls_long_after_a_shutdown_was_called_off_is_a_fault(detector: Detector) -> None:
    told = said(
        detector,
        logs((0, "systemd-logind", "System is rebooting."), (2_000, "kernel", DOWN), (2_100, "kernel", "x")),
    )
    assert ("nic.link-down", "raised", "ens3f0") in told


def test_a_link_that_fell_just_before_the_order_arrived_is_excused_by_it(detector: Detector) -> None:
    told = said(
        detector, logs((0, "kernel", DOWN), (12, "systemd-logind", "System is rebooting."), (90, "kernel", "x"))
    )
    assert told == [("system.going-down", "raised", "")]
