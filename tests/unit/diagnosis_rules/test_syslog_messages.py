"""One syslog message: the standards, and what switches and PDUs make of them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.clock import to_us
from groundcrew.diagnosis.syslog import SyslogMessage, read_syslog

WHEN = to_us(datetime(2026, 3, 4, 2, 0, 0, 250_000, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '<34>1 2026-03-04T02:00:00.25Z tor-3 bgpd 812 ADJ [x@1 a="b\\]"][y@2] \ufeffneighbour down',
            SyslogMessage(2, WHEN, "tor-3", "bgpd", "neighbour down"),
        ),
        ("<34>1 - - - - - -", SyslogMessage(2, None, "", "", "")),
        ("<11>1 2026-03-04T03:00:00.25+01:00 n1 app - - - text", SyslogMessage(3, WHEN, "n1", "app", "text")),
        ("<13>Mar  4 02:00:00 n1 sshd[12]: Invalid user x", SyslogMessage(5, None, "n1", "sshd", "Invalid user x")),
        ("<4>Mar  4 02:00:00 n1 kernel: eth0: link down\n", SyslogMessage(4, None, "n1", "kernel", "eth0: link down")),
        ("<4>Mar  4 2026 02:00:00 leaf-1 mib2d[9]: DOWN", SyslogMessage(4, None, "leaf-1", "mib2d", "DOWN")),
        ("<4>Mar  4 02:00:00 sshd[12]: no host here", SyslogMessage(4, None, "", "sshd", "no host here")),
        ("<13>2026-03-04T02:00:00.25Z n1 app: text", SyslogMessage(5, WHEN, "n1", "app", "text")),
        ("<13>2026-03-04T02:00:00 n1 app: text", SyslogMessage(5, None, "n1", "app", "text")),
        (
            "<187>2211: tor-3: *Mar  4 02:00:00.250 UTC: %LINK-3-UPDOWN: Interface Gi1/0/1, changed state to down",
            SyslogMessage(3, None, "tor-3", "", "%LINK-3-UPDOWN: Interface Gi1/0/1, changed state to down"),
        ),
        (
            "<189>29: *Mar  1 00:00:31.123: %SYS-5-RESTART: System restarted",
            SyslogMessage(5, None, "", "", "%SYS-5-RESTART: System restarted"),
        ),
        ("<189>29: %SYS-5-CONFIG_I: Configured", SyslogMessage(5, None, "", "", "%SYS-5-CONFIG_I: Configured")),
        ("outlet 4 is off", SyslogMessage(5, None, "", "", "outlet 4 is off")),
        ("<999>text", SyslogMessage(5, None, "", "", "<999>text")),
        ("", SyslogMessage(5, None, "", "", "")),
    ],
)
def test_a_message_is_read(text: str, expected: SyslogMessage) -> None:
    assert read_syslog(text) == expected


@given(st.one_of(st.text(), st.from_regex(r"<\d{1,3}>1? ?(Mar  4 02:00:00|2026-03-04T02:00:00Z)? ?\S* .*")))
def test_no_text_breaks_it_and_no_severity_is_made_up(text: str) -> None:
    read = read_syslog(text)
    assert 0 <= read.priority <= 7
    assert read.message in text
