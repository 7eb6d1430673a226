"""`groundcrew sel`: a log as a person reads it, and as scripts do."""

import json
from pathlib import Path
from typing import Any

import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.queries import SelEntry, SelPage

LOG = """\
   1 | 08/17/2024 | 02:31:44 | Power Supply PS1 Status | Failure detected () | Asserted
   2 | 08/17/2024 | 02:31:57 | Power Supply PS1 Status | Failure detected () | Deasserted
   3 | 08/18/2024 | 02:33:24 | Fan FAN5 | Lower Critical going low  | Asserted
   4 | 08/18/2024 | 02:33:24 | Fan FAN5 | Lower Non-recoverable going low  | Asserted
   5 | 08/18/2024 | 02:40:00 | OS Boot | C: boot completed | Asserted
   6 | 08/18/2024 | 02:4
   7 | 08/19/2024 | 02:40:00 | Memory DIMM\x1b[2J_A1 | Uncorrectable ECC | Asserted
"""
KEYS = {"component_class", "locator", "fault", "severity", "since", "text"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "node-7-sel.txt"
    path.write_text(LOG)
    return path


def test_what_stands_comes_first_with_what_to_do_and_then_the_rest(run: Any, log: Path) -> None:
    result = run("sel", str(log))
    assert result.code == 0
    out, lines = result.out, result.out.splitlines()
    assert lines[0].endswith("node-7-sel.txt: 6 records (ipmitool sel)")
    assert lines[1] == "2 faults stand, 1 recovered"
    assert lines[3].startswith("● critical")
    assert "dimm.uncorrectable" in lines[3]
    assert "▲ warning  FAN5  fan.failed" in out
    assert "Fan FAN5 | Lower Critical going low, Lower Non-recoverable going low" in out
    assert "next  Replace the fan" in out
    assert out.index("fan.failed") < out.index("Recovered") < out.index("PS1") < out.index("Of no consequence (1)")
    assert out.index("Of no consequence") < out.index("Not understood (1 line)")
    assert "\x1b[2J" not in out
    assert all(len(line) <= 80 for line in lines[1:])


def test_json_has_exactly_what_it_promises(run: Any, log: Path) -> None:
    told = json.loads(run("sel", str(log), "--json").out)
    assert set(told) == {"records", "active", "recovered", "noise", "unparsed"}
    assert (told["records"], told["noise"]) == (6, 1)
    assert all(set(one) == KEYS for one in told["active"])
    fan = next(one for one in told["active"] if one["component_class"] == "fan")
    assert fan == {
        "component_class": "fan", "locator": "FAN5", "fault": "fan.failed", "severity": "warning",
        "since": "2024-08-18T02:33:24Z", "text": "Fan FAN5 | Lower Critical going low, Lower Non-recoverable going low",
    }  # fmt: skip
    [past] = told["recovered"]
    assert (past["locator"], past["until"], past["times"]) == ("PS1", "2024-08-17T02:31:57Z", 1)
    assert told["unparsed"] == [{"line": 6, "text": "6 | 08/18/2024 | 02:4"}]


def test_a_file_that_a_windows_shell_wrote(run: Any, tmp_path: Path) -> None:
    wide = tmp_path / "wide.txt"
    wide.write_bytes(LOG.encode("utf-16"))
    assert json.loads(run("sel", str(wide), "--json").out)["records"] == 6


@pytest.mark.parametrize("text", ["", "\n  SEL has no entries\n\n"], ids=["an empty file", "ipmitool's sentence"])
def test_an_empty_log_is_no_error(run: Any, tmp_path: Path, text: str) -> None:
    path = tmp_path / "sel.txt"
    path.write_text(text)
    result = run("sel", str(path))
    assert result.code == 0
    assert "Nothing is recorded." in result.out


def test_a_file_of_another_kind_is_told_with_what_was_expected(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("# dmidecode 3.3\nGetting SMBIOS data from sysfs.\n")
    result = run("sel", str(path))
    assert result.code == 2
    assert result.out == ""
    assert f"{path}: no event log and no sensor listing: expected what `ipmitool sel list`" in result.err


@pytest.mark.parametrize("name", ["gone.txt", "gone.json", "./gone", "."])
def test_a_file_that_cannot_be_read_is_told_in_one_line(run: Any, tmp_path: Path, name: str, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("sel", name)
    assert result.code == 2
    assert len(result.err.splitlines()) == 1
    assert name in result.err


def test_of_a_bmc_the_stored_log_page_by_page(run: Any, gateway: Any) -> None:
    now = SystemClock().now()

    def entry(number: int, event: str, asserted: bool) -> SelEntry:
        return SelEntry(
            id=stable_id(str(number)), bmc="rack1/node-7-bmc", record_id=number, time=now, source_time="",
            sensor="Fan FAN5", event=event, asserted=asserted, text=f"Fan FAN5 | {event}",
        )  # fmt: skip

    pages = {
        None: SelPage(items=[entry(3, "Lower Critical going low", True)], next="more"),
        "more": SelPage(
            items=[entry(2, "Lower Critical going low", False), entry(1, "Lower Critical going low", True)]
        ),
    }
    gateway.reply(
        "GET bmcs/node-7-bmc/sel",
        lambda query, given: (200, pages[query.get("cursor", [None])[0]].model_dump(mode="json")),
    )
    told = json.loads(run("sel", "node-7-bmc", "--json", "--url", gateway.url).out)
    assert told["records"] == 3
    assert [one["locator"] for one in told["active"]] == ["FAN5"]
    assert [one["locator"] for one in told["recovered"]] == ["FAN5"]
    out = run("sel", "node-7-bmc", "--url", gateway.url).out
    assert out.startswith("node-7-bmc: 3 records (stored event log)")


def test_what_is_neither_a_file_nor_a_known_bmc_says_both(run: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDCREW_HOME", str(tmp_path / "home"))
    result = run("sel", "node-7-bmc")
    assert result.code != 0
    assert "node-7-bmc is no file, and to look for a BMC:" in result.err
