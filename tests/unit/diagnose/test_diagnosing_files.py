"""Files at hand, through the production handlers: what is said to be wrong, since when, and what was read."""

import asyncio
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from groundcrew.diagnosis.lines import Line, LineReader
from groundcrew.diagnosis.rules import Rule
from groundcrew.runtime.packs import load_packs
from groundcrew_embedded.diagnosing.boots import Boots
from groundcrew_embedded.diagnosing.diagnosis import Named, diagnose
from groundcrew_embedded.diagnosing.opening import Unusable
from groundcrew_embedded.diagnosing.sieve import FIRST_KEPT, MAX_KEPT, Kept, Sieve
from groundcrew_host_collector.source import LogRow

NOW_US = 1_790_000_000_000_000
MEDIUM_ERROR = "blk_update_request: critical medium error, dev sdb, sector 4711 op 0x0:(READ) flags 0x0"
SMARTCTL = """smartctl 7.3 2022-02-28 r5338 [x86_64-linux-6.1.0-18-amd64] (local build)

=== START OF INFORMATION SECTION ===
Device Model:     EXAMPLE HD-4000
Serial Number:    EX0001
Firmware Version: 1.01

=== START OF READ SMART DATA SECTION ===
SMART overall-health self-assessment test result: FAILED!
Drive failure expected in less than 24 hours. SAVE ALL DATA.

ID# ATTRIBUTE_NAME          FLAG     VALUE WORST THRESH TYPE      UPDATED  WHEN_FAILED RAW_VALUE
  5 Reallocated_Sector_Ct   0x0033   001   001   010    Pre-fail  Always   FAILING_NOW 2047
  9 Power_On_Hours          0x0032   061   061   000    Old_age   Always       -       34567
197 Current_Pending_Sector  0x0012   100   100   000    Old_age   Always       -       16
"""


def told(tmp_path: Path, files: dict[str, str | bytes], **given: Any) -> dict[str, Any]:
    for name, text in files.items():
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    named = [Named(str(tmp_path / name)) for name in files]
    return asyncio.run(diagnose(named, now_us=NOW_US, **given))


def test_a_syslog_of_two_hosts_names_the_one_that_fails(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        {
            "messages": "Mar  4 02:00:01 node1 CRON[77]: (root) CMD (true)\n"
            f"Mar  4 02:00:02 node2 kernel: {MEDIUM_ERROR}\n"
        },
    )
    [incident] = found["incidents"]
    assert incident["hosts"] == ["node2"]
    assert incident["cause"]["id"] in ("disk.failed", "disk.pending_sectors")
    assert incident["cause"]["component"] == "sdb"
    assert [(one["entries"], one["matched"]) for one in found["read"]] == [(2, 1)]
    assert incident["evidence"][0]["ref"].endswith("messages:2")


def test_nothing_is_found_in_a_healthy_log(tmp_path: Path) -> None:
    found = told(tmp_path, {"messages": "Mar  4 02:00:01 node1 systemd[1]: Started Daily apt activities.\n"})
    assert found["incidents"] == []


def test_what_dmesg_and_syslog_both_say_counts_once(tmp_path: Path) -> None:
    line = f"[ 1000.000000] {MEDIUM_ERROR}\n"
    found = told(tmp_path, {"dmesg": line, "syslog": f"Mar  4 02:00:02 node2 kernel: {MEDIUM_ERROR}\n"})
    [incident] = found["incidents"]
    assert len(incident["evidence"]) == 1
    assert incident["hosts"] == ["node2"]


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    files = {"syslog": f"Mar  4 02:00:02 node2 kernel: {MEDIUM_ERROR}\n"}
    assert json.dumps(told(tmp_path, files)) == json.dumps(told(tmp_path, files))


def test_smartctl_of_a_failing_drive(tmp_path: Path) -> None:
    found = told(tmp_path, {"smartctl_-a_.dev.sda": SMARTCTL}, host="node9")
    [incident] = found["incidents"]
    assert (incident["hosts"], incident["cause"]["id"], incident["cause"]["component"]) == (
        ["node9"], "disk.failed", "sda",
    )  # fmt: skip


def test_event_log_and_kernel_log_of_one_host_make_one_incident(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        {
            "sel.txt": "   1 | 03/04/2026 | 02:00:01 UTC | Power Supply PS2 Status | Power Supply AC lost | Asserted\n",
            "sdr.txt": "PS2 Status       | C9h | ok  | 10.2 | Presence detected, Power Supply AC lost\n",
        },
        host="node3",
    )
    [incident] = found["incidents"]
    assert incident["cause"]["id"] == "psu.input_lost"
    assert incident["hosts"] == ["node3"]


def test_a_member_that_mdstat_misses(tmp_path: Path) -> None:
    text = "Personalities : [raid1] \nmd0 : active raid1 sdb1[1](F) sda1[0]\n      1000 blocks [2/1] [U_]\n      \n"
    [incident] = told(tmp_path, {"mdstat": text})["incidents"]
    assert (incident["cause"]["id"], incident["cause"]["component"]) == ("raid.degraded", "md0")


@pytest.mark.skipif(shutil.which("journalctl") is None, reason="journalctl is not installed")
def test_a_journal_file_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"broken\.journal: journalctl cannot read it"):
        told(tmp_path, {"broken.journal": b"LPKSHHRH" + bytes(4_000)})


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("picture.bin", bytes(range(256)) * 40, "it is no text and no journal file"),
        ("half.json", b'{\n  "json_format_version": [1, 0],\n  "smartctl": {', "no whole JSON of `smartctl -j`"),
    ],
)
def test_garbage_is_one_clear_line(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    with pytest.raises(Unusable, match=said):
        told(tmp_path, {name: data})


def line(seconds: float, message: str = "x") -> Line:
    return Line(round(seconds * 1_000_000), "kernel", 6, message, since_boot=True)


def test_boots_are_told_apart_by_uptimes_that_begin_anew() -> None:
    boots = Boots()
    uptimes = (0.0, 900.0, 899.0, 5_000.0, 0.0, 30.0)
    assert [boots.note(line(one)) for one in uptimes] == [0, 0, 0, 0, 1, 1]


def test_a_boot_begins_when_the_real_time_clock_says() -> None:
    boots = Boots()
    boots.note(line(1.5, "rtc_cmos 00:02: setting system clock to 2026-03-04T02:00:00 UTC (1772589600)"))
    assert boots.found[0].began_us == 1_772_589_598_500_000


def test_boots_without_a_clock_end_before_the_next_begins() -> None:
    boots = Boots()
    for one in (0.0, 5_000.0, 0.0, 30.0):
        boots.note(line(one))
    boots.place(NOW_US)
    first, second = boots.found
    assert second.began_us == NOW_US - 30_000_000
    assert first.began_us is not None
    assert first.began_us + first.newest_us < second.began_us


def kept(number: int, message: str) -> Kept:
    return Kept(0, number, "node1", LogRow(str(number), number * 60_000_000, 6, "kernel", "", "kernel", "", message))


def log_rules() -> tuple[Rule, ...]:
    return load_packs(None).knowledge.rules


def test_of_a_flood_the_rare_line_stays() -> None:
    sieve = Sieve.of(log_rules())
    flood = "sd 0:0:0:0: [sda] tag#1 FAILED Result: hostbyte=DID_BAD_TARGET driverbyte=DRIVER_OK"
    sieve.take([kept(number, flood) for number in range(MAX_KEPT)])
    sieve.take([kept(MAX_KEPT, MEDIUM_ERROR)])
    sieve.take([kept(MAX_KEPT + 1 + number, flood) for number in range(MAX_KEPT)])
    sieve.cut()
    numbers = [one.number for one in sieve.kept]
    assert len(numbers) <= MAX_KEPT + FIRST_KEPT
    assert sieve.dropped >= MAX_KEPT - FIRST_KEPT
    assert MAX_KEPT in numbers
    assert numbers[:FIRST_KEPT] == list(range(FIRST_KEPT))
    assert numbers[-1] == 2 * MAX_KEPT


@pytest.mark.parametrize(
    ("text", "time", "host", "identifier"),
    [
        ("Mon 2026-03-02 10:11:12 UTC node1 kernel: x", "2026-03-02T10:11:12+00:00", "node1", "kernel"),
        ("1772446272.500000 node1 sshd[7]: x", "2026-03-02T10:11:12.500000+00:00", "node1", "sshd"),
        ("2026-03-02T10:11:12+0000 node1 kernel: x", "2026-03-02T10:11:12+00:00", "node1", "kernel"),
        ("<4>1 2026-03-02T10:11:12Z node1 app 12 - - x", "2026-03-02T10:11:12+00:00", "node1", "app"),
    ],
)
def test_all_forms_of_journalctl_name_time_and_host(text: str, time: str, host: str, identifier: str) -> None:
    read = LineReader("").read(text, received_us=NOW_US, boot_us=0)
    assert read.time_us is not None
    assert datetime.fromtimestamp(read.time_us / 1e6, UTC).isoformat() == time
    assert (read.host, read.identifier, read.message) == (host, identifier, "x")


def test_faults_of_years_ago_are_told_as_over(tmp_path: Path) -> None:
    sel = (
        "   1 | 01/01/1970 | 00:00:05 UTC | Fan FAN3 | Lower Critical going low | Asserted\n"
        "   2 | 01/01/1970 | 00:04:05 UTC | Fan FAN3 | Lower Critical going low | Deasserted\n"
        "   3 | 03/12/2019 | 13:10:45 UTC | Fan FAN4 | Lower Critical going low | Asserted\n"
        "   4 | 03/12/2019 | 13:15:45 UTC | Fan FAN4 | Lower Critical going low | Deasserted\n"
    )
    found = told(tmp_path, {"sel.txt": sel, "syslog": f"Mar  4 02:00:02 node2 kernel: {MEDIUM_ERROR}\n"})
    said = {(one["cause"]["component"], one["state"]) for one in found["incidents"]}
    assert said == {("FAN3", "resolved"), ("FAN4", "resolved"), ("sdb", "open")}
    assert {host for one in found["incidents"] for host in one["hosts"]} == {"node2"}
