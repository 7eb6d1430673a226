"""Every dress that a log line wears: what remains of it, whose it is, how bad it claims to be."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.clock import from_us, to_us
from groundcrew.diagnosis.lines import Line, LineReader

READER = LineReader("web-1.example.org", lambda naive: naive.replace(tzinfo=UTC))
RECEIVED = to_us(datetime(2026, 3, 4, 12, 0, tzinfo=UTC))
BOOT = to_us(datetime(2026, 3, 4, 1, 59, tzinfo=UTC))
TWO = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)


def read(text: str) -> Line:
    return READER.read(text, received_us=RECEIVED, boot_us=BOOT)


FORMS = [
    # syslog's tag in all its shapes
    ("Mar  4 02:00:00 db-3 sshd(pam_unix)[31]: check pass; user unknown", "sshd", 6, "check pass; user unknown"),
    ("Mar  4 02:00:00 db-3 /usr/sbin/cron[9]: (CRON) bad minute", "cron", 6, "(CRON) bad minute"),
    ("Mar  4 02:00:00 db-3 (udev-worker)[40]: sdb: timed out", "(udev-worker)", 6, "sdb: timed out"),
    ("Mar  4 02:00:00 db-3 postfix/qmgr[8]: warning: slow", "postfix/qmgr", 4, "warning: slow"),
    ("Mar  4 02:00:00 mac Some App Helper[812]: outlet is missing", "Some App Helper", 6, "outlet is missing"),
    ("Mar  4 02:00:00 mac com.apple.launchd[1] (org.x.y[77]): exited", "com.apple.launchd", 6, "exited"),
    ("Mar  4 02:00:00 mac kernel[0]: AppleThing: up", "kernel", 6, "AppleThing: up"),
    ("Mar  4 02:00:00 sun ufs: [ID 213553 kern.warning] /var: full", "ufs", 4, "/var: full"),
    ("Mar  4 02:00:00 sw-2 88: %LINK-3-UPDOWN: Gi0/1 down", "", 3, "%LINK-3-UPDOWN: Gi0/1 down"),
    ("2026-03-04T02:00:00+00:00 db-3 smartd: sda is ill", "smartd", 6, "sda is ill"),
    ("systemd[1]: a.service: Succeeded.", "systemd", 6, "a.service: Succeeded."),
    # the kernel's own
    ("[   60.000000][T40773] BUG: scheduling", "kernel", 6, "BUG: scheduling"),
    ("[   60.000000] [    C3] hrtimer late", "kernel", 6, "hrtimer late"),
    ("[   60.000000] systemd[1]: a.service: Succeeded.", "systemd", 6, "a.service: Succeeded."),
    ("[   60.000000] app[42]: segfault at 0 ip 1", "kernel", 6, "app[42]: segfault at 0 ip 1"),
    ("[   60.000000] db-3 kernel: sd 0:0:0:0: ready", "kernel", 6, "sd 0:0:0:0: ready"),
    ("[Wed Mar  4 02:00:00 2026] sd 0:0:0:0: ready", "kernel", 6, "sd 0:0:0:0: ready"),
    ("kern  :err   : [   60.000000] sd 0:0:0:0: lost", "kernel", 3, "sd 0:0:0:0: lost"),
    ("kern  :warn  : 2026-03-04T02:00:00,000000+00:00 VFS: odd", "kernel", 4, "VFS: odd"),
    ("2026-03-04T02:00:00,000000+00:00 VFS: odd", "kernel", 6, "VFS: odd"),
    ("3,812,60000000,-;sd 0:0:0:0: lost", "kernel", 3, "sd 0:0:0:0: lost"),
    # servers' own files
    ("[Wed Mar 04 02:00:00.000000 2026] [core:crit] [pid 7] AH1", "httpd", 2, "[core:crit] [pid 7] AH1"),
    ("2026/03/04 02:00:00 [alert] 7#7: worker left", "nginx", 1, "[alert] 7#7: worker left"),
    ("2026/03/04 02:00:00 listening", "", 6, "listening"),
    ("2026-03-04 02:00:00.000 UTC [77] shop@app FATAL:  gone", "", 2, "[77] shop@app FATAL:  gone"),
    ("2026-03-04T02:00:00.000000Z 3 [ERROR] [MY-1] [InnoDB] x", "mysqld", 3, "3 [ERROR] [MY-1] [InnoDB] x"),
    ("2026-03-04  2:00:00 0 [Warning] odd", "mysqld", 4, "0 [Warning] odd"),
    ("260304  2:00:00 [ERROR] odd", "mysqld", 3, "[ERROR] odd"),
    ("812:M 04 Mar 2026 02:00:00.000 # fork failed", "redis", 4, "fork failed"),
    ("[812] 04 Mar 02:00:00.000 * saved", "redis", 5, "saved"),
    ("[04-Mar-2026 02:00:00] WARNING: [pool a] busy", "", 4, "WARNING: [pool a] busy"),
    ("E0304 02:00:00.000000    1 pod.go:9] lost", "", 3, "pod.go:9] lost"),
    ("[2026-03-04T02:00:00,000][WARN ][o.e.x] [n1] slow", "", 4, "[WARN ][o.e.x] [n1] slow"),
    ("[2026-03-04 02:00:00,000] ERROR lost (kafka.log)", "", 3, "ERROR lost (kafka.log)"),
    ("[2026-03-04T02:00:00.000] error: node lost", "", 3, "error: node lost"),
    ("[2026-03-04 02:00:00.000][9][critical][main] out", "", 2, "[9][critical][main] out"),
    ("nova-api.log.1.2026-03-05_01:00:00 2026-03-04 02:00:00.000 88 ERROR x.y z", "nova-api", 3, "88 ERROR x.y z"),
    ("2026-03-04 02:00:00,000 - WARN  [Peer@1] - late", "", 4, "WARN  [Peer@1] - late"),
    ("2026-03-04 02:00:00,000 FATAL [main] a.b.C: out", "", 2, "FATAL [main] a.b.C: out"),
    ("260304 020000 148 WARN dfs.Node: odd", "", 4, "148 WARN dfs.Node: odd"),
    ("26/03/04 02:00:00 ERROR exec.Task: lost", "", 3, "ERROR exec.Task: lost"),
    ("04-Mar-2026 02:00:00.000 SEVERE [main] x", "", 2, "SEVERE [main] x"),
    # containers and structured
    ("2026-03-04T02:00:00.000000000Z stderr F level=warn msg=x", "", 4, "level=warn msg=x"),
    ('time="2026-03-04T02:00:00Z" level=error msg="x" id=7', "", 3, 'level=error msg="x" id=7'),
    ('{"level":"error","ts":1772589600.0,"msg":"slow","took":"2s"}', "", 3, "slow took=2s"),
    ('{"t":{"$date":"2026-03-04T02:00:00.000Z"},"s":"F","msg":"out","attr":{"n":1}}', "", 2, 'out attr={"n":"1"}'),
    ('{"log":"W0304 02:00:00.000000 1 a.go:1] x\\n","stream":"stderr","time":"2026-03-04T02:00:00Z"}', "", 4,
     "W0304 02:00:00.000000 1 a.go:1] x"),
    ('{"MESSAGE":"x","PRIORITY":"2","SYSLOG_IDENTIFIER":"p","__REALTIME_TIMESTAMP":"1772589600000000","_PID":"1"}',
     "p", 2, "x"),
    # supercomputers' collectors
    ("- 1772589600 2026.03.04 dn7 Mar 4 03:00:00 dn7/dn7 crond(pam_unix)[9]: x", "crond", 6, "x"),
    ("R_X 1772589600 2026.03.04 dn7 Mar 4 03:00:00 dn7/dn7 kernel: hda: lost", "kernel", 6, "hda: lost"),
    ("- 1772589600 2026.03.04 R0-M1 2026-03-04-02.00.00.363779 R0-M1 RAS KERNEL FATAL x", "", 2,
     "R0-M1 RAS KERNEL FATAL x"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "identifier", "priority", "message"), FORMS)
def test_a_line_in_any_dress(text: str, identifier: str, priority: int, message: str) -> None:
    line = read(text)

    assert (line.identifier, line.priority, line.message) == (identifier, priority, message)
    assert text.startswith("systemd[") or (line.time_us is not None and from_us(line.time_us) == TWO)


@pytest.mark.parametrize(
    "text",
    [
        "FATAL: out of memory in worker",
        "40766 gige7 gige temperature 1104857875 1 warning",
        "[FAILED] Failed to start a.service",
        '{"no": "message"}',
        '{"msg": "cut off',
        "[2026-13-99 02:00:00] no such day",
    ],
)
def test_what_has_no_known_head_keeps_its_text(text: str) -> None:
    line = read(text)

    assert (line.time_us, line.identifier, line.message) == (None, "", text)


def test_the_priority_of_the_header_stands_before_words_of_the_text() -> None:
    assert read("<30>Mar  4 02:00:00 web-1 dockerd[8]: level=error msg=x").priority == 6


def test_colours_are_taken_off() -> None:
    assert read("[\x1b[0;1;31mFAILED\x1b[0m] Failed to start a.service").message == "[FAILED] Failed to start a.service"


def test_what_json_can_write_and_no_database_stores_is_replaced() -> None:
    message = read('{"level":"info","msg":"a\\u0000b\\ud800c"}').message

    assert "\0" not in message
    assert message.encode("utf-8")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(["msg", "level", "time", "ts", "t", "s", "log", "PRIORITY", "MESSAGE", "SYSLOG_IDENTIFIER"])


@given(st.dictionaries(_KEYS | st.text(max_size=6), _VALUES, max_size=6), st.booleans())
def test_any_object_gives_a_line_that_is_not_longer(fields: dict[str, object], ascii_only: bool) -> None:
    text = json.dumps(fields, ensure_ascii=ascii_only)

    line = read(text)

    assert len(line.message) <= len(text)
    assert 0 <= line.priority <= 7


@given(st.sampled_from(FORMS), st.integers(0, 80), st.text(max_size=12), st.integers(0, 12))
def test_a_known_form_with_garbage_in_it_never_raises(
    form: tuple[str, str, int, str], place: int, garbage: str, gone: int
) -> None:
    text = form[0][:place] + garbage + form[0][place + gone :]

    line = read(text)

    assert 0 <= line.priority <= 7
    assert len(line.message) <= len(text)
    assert line.time_us is None or line.time_us >= 0
