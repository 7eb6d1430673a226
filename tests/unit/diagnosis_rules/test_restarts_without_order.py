"""A boot that no order to go down came before: what told of it, and what excuses it."""

from groundcrew.diagnosis.detector import Detector

from .seen import logs, said

BANNER = "Linux version 6.1.0-25-amd64 (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC Debian 6.1.106-3"
RESTARTED = ("host.unordered-restart", "raised", "")
ORDER = (8.0, "systemd-logind", "System is rebooting.")


def before(*, ordered: bool) -> list[tuple[float, str, str]]:
    return [(0, "kernel", "all is well"), *([ORDER] if ordered else [])]


def boot(start: float) -> list[tuple[float, str, str]]:
    return [(start, "kernel", BANNER), (start + 120, "kernel", "all is well")]


def test_a_boot_after_a_sudden_end_is_told(detector: Detector) -> None:
    assert said(detector, logs(*before(ordered=False), boot="b1")) == []
    assert said(detector, logs(*boot(300), boot="b2", first=10)) == [RESTARTED]


def test_a_boot_after_an_order_to_go_down_is_no_news(detector: Detector) -> None:
    said(detector, logs(*before(ordered=True), boot="b1"))
    assert said(detector, logs(*boot(300), boot="b2", first=10)) == [("system.going-down", "cleared", "")]


def test_the_first_boot_that_is_seen_of_a_host_is_no_news(detector: Detector) -> None:
    assert said(detector, logs(*boot(300), boot="b2")) == []


def test_an_order_that_comes_after_the_first_lines_of_the_next_boot_excuses_it(detector: Detector) -> None:
    said(detector, logs(*before(ordered=False), boot="b1"))
    said(detector, logs((300, "kernel", BANNER), boot="b2", first=10))
    said(detector, logs(ORDER, boot="b1", first=5))
    assert said(detector, logs((420, "kernel", "all is well"), boot="b2", first=11)) == []


def test_late_lines_of_the_boot_before_are_no_restart(detector: Detector) -> None:
    said(detector, logs(*before(ordered=True), boot="b1"))
    said(detector, logs(*boot(300), boot="b2", first=10))
    said(detector, logs((9, "kernel", "the last words"), boot="b1", first=5))
    assert said(detector, logs((500, "kernel", BANNER), (700, "kernel", "x"), boot="b2", first=20)) == []


def test_a_host_that_restarts_by_itself_twice_a_day_is_a_fault(detector: Detector) -> None:
    said(detector, logs(*before(ordered=False), boot="b1"))
    assert said(detector, logs(*boot(3_600), boot="b2", first=10)) == [RESTARTED]
    told = said(detector, logs(*boot(7_200), boot="b3", first=20))
    assert ("host.unordered-restarts", "raised", "") in told


def test_lines_that_name_no_boot_tell_of_no_restart(detector: Detector) -> None:
    assert said(detector, logs(*before(ordered=False), *boot(300))) == []


def test_a_port_without_a_cable_is_no_fault_after_the_first_line_of_a_kernel_though_no_boot_is_named(
    detector: Detector,
) -> None:
    down = "bnxt_en 0000:19:00.0 eno1np0: NIC Link is Down"
    assert said(detector, logs((0, "kernel", BANNER), (40, "kernel", down), (200, "kernel", "x"))) == []
    late = said(detector, logs((900, "kernel", down), (990, "kernel", "x"), first=10))
    assert late == [("nic.link-down", "raised", "eno1np0")]
