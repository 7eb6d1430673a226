"""Every code of NVIDIA's Xid catalogue is a rule of its own, whatever driver wrote the line."""

import csv
import os
from pathlib import Path

import pytest

from groundcrew.diagnosis.rules import Example, PackError
from groundcrew.diagnosis.trial import Trial, Verdict
from groundcrew.diagnosis.xids import parse_xids
from groundcrew.runtime.packs import load_packs

DATA = Path(os.environ.get("GROUNDCREW_DATA", Path(__file__).parents[4] / "shared" / "data"))
TRIAL = Trial([rule for rule in load_packs().knowledge.rules if rule.id.startswith("gpu.")])
CODES = range(1, 173)
KNOWN_TO_ONE_RULE = {"gpu.xid-unlisted"}

XID = """
[[xid]]
code = 63
mnemonic = "INFOROM_DRAM_RETIREMENT_EVENT"
immediate_action = "IGNORE"
title = "A row is remapped"
severity = "info"
kind = "nvidia_xid_63_row_remap"
causes = ["gpu.ecc_uncorrectable"]
says = "Row Remapper: new row"
meaning = "Here they are counted weekly."
steps = ["Count them."]
"""


def verdicts(line: str) -> dict[str, Verdict]:
    return {verdict.rule.id: verdict for verdict in TRIAL.judge(Example(text=line))}


@pytest.mark.parametrize("code", CODES)
def test_a_code_fires_its_own_rule_and_no_other(code: int) -> None:
    found = verdicts(f"NVRM: Xid (PCI:0000:3b:00): {code}, pid=871, name=trainer, Ch 00000018")
    assert set(found) - {"gpu.program-faults", f"gpu.xid-{code}-once"} == {f"gpu.xid-{code}"}
    assert found[f"gpu.xid-{code}"].component == "GPU 0000:3b:00.0"


def test_parsed_and_action_equal_to_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    path = DATA / "nvidia" / "xid_catalog.csv"
    if not path.is_file():
        pytest.skip(f"NVIDIA's Xid catalogue is not there: {path} (GROUNDCREW_DATA)")
    rows = list(csv.DictReader(path.read_text().splitlines()))
    differing = [row["code"] for row in rows if _said(int(row["code"])) != _catalogued(row)]
    with capsys.disabled():
        print(f"\nXid catalogue: parsed and action equal: {len(rows) - len(differing)} of {len(rows)}")
    assert differing == []
    assert len(rows) == len(CODES)


def _said(code: int) -> tuple[str, str, str]:
    captures = verdicts(f"NVRM: Xid (PCI:0000:3b:00): {code}, pid='<unknown>', name=<unknown>, x")[f"gpu.xid-{code}"]
    return tuple(captures.captures[name] for name in ("mnemonic", "immediate_action", "investigatory_action"))  # type: ignore[return-value]


def _catalogued(row: dict[str, str]) -> tuple[str, str, str]:
    return row["mnemonic"].strip(), row["immediate_action"].strip(), (row["investigatory_action"] or "").strip()


@pytest.mark.parametrize(
    ("line", "captures"),
    [
        ("NVRM: Xid (0000:1a:00): 31, Ch 00000018, engmask 00000101", {"pci": "0000:1a:00.0", "channel": "00000018"}),
        ("NVRM: Xid (PCI:0000:1a:00): 31, pid=411, Ch 00000018", {"pid": "411", "channel": "00000018"}),
        ("NVRM: Xid (PCI:0000:1a:00): 31, pid=411, name=ray::Worker, Ch 00000018", {"name": "ray::Worker"}),
        ("NVRM: Xid (PCI:0000:1a:00): 31, pid='<unknown>', name=<unknown>, Ch 00000001", {"pid": None, "name": None}),
        ("NVRM: Xid (PCI:0000:1a:00 GPU-I:05): 31, pid=411, name=exe, Ch 00000002", {"instance": "05", "pid": "411"}),
        ("[ 71.2] NVRM: Xid (PCI:0009:01:00.0): 31, pid=4, name=a, channel 0x00000002", {"channel": "0x00000002"}),
    ],
)
def test_process_and_channel_come_out_of_every_drivers_spelling(line: str, captures: dict[str, str | None]) -> None:
    found = verdicts(line)["gpu.xid-31"].captures
    assert {name: found.get(name) for name in captures} == captures


@pytest.mark.parametrize("code", [0, 173, 175, 999, 1079])
def test_a_code_that_is_not_in_the_catalogue_is_told_all_the_same(code: int) -> None:
    assert set(verdicts(f"NVRM: Xid (PCI:0000:3b:00): {code}, something new")) == KNOWN_TO_ONE_RULE


@pytest.mark.parametrize(
    ("says", "rule"),
    [
        ("NETIR_LINK_EVT  Fatal   XC0 i0 Link 03 (0x1 0x0)", "gpu.xid-149-fatal"),
        ("NETIR_LINK_EVT Nonfatal XC0 i0 Link 03 (0x1 0x0)", "gpu.xid-149"),
        ("NETIR_LINK_EVT Non-fatal XC0 i0 Link 03 (0x1 0x0)", "gpu.xid-149"),
    ],
)
def test_a_fatal_link_error_is_critical_and_another_is_not(says: str, rule: str) -> None:
    found = verdicts(f"NVRM: Xid (PCI:0009:01:00): 149, {says}")
    assert set(found) == {rule}
    assert found[rule].captures["link"] == "03"


@pytest.mark.parametrize(
    ("line", "captures"),
    [
        ("13, pid=4, name=a, Graphics SM Warp Exception on (GPC 2, TPC 4, SM 1): Misaligned", {"gpc": "2", "sm": "1"}),
        ("64, pid='<unknown>', name=<unknown>, Row Remapper Error: (0x8a2c10) - no rows", {"row": "0x8a2c10"}),
        ("74, NVLink: fatal error detected on link 6(0x10000, 0x0)", {"link": "6"}),
        ("154, GPU recovery action changed from 0x0 (None) to 0x4 (Drain and Reset)", {"action": "Drain and Reset"}),
    ],
)
def test_what_else_a_line_says_is_captured(line: str, captures: dict[str, str]) -> None:
    found = verdicts(f"NVRM: Xid (PCI:0000:1a:00): {line}")
    assert [rule for rule, one in found.items() if captures.items() <= one.captures.items()] != []


def test_a_recovery_action_that_is_no_longer_needed_raises_nothing() -> None:
    done = "NVRM: Xid (PCI:0009:01:00): 154, GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)"
    assert verdicts(done) == {}


def test_the_title_says_what_to_do() -> None:
    rules = {rule.id: rule for rule in load_packs().knowledge.rules}
    assert rules["gpu.xid-79"].title.endswith("(Xid 79, RESTART_BM)")
    assert any("RESET_GPU" in step for step in rules["gpu.xid-119"].steps)


def test_an_operators_catalogue_replaces_a_code_and_removes_one(tmp_path: Path) -> None:
    gone = XID.replace("code = 63", "code = 45").replace("says", "disabled = true\nsays")
    (tmp_path / "xids-site.toml").write_text(XID + gone)
    rules = {rule.id: rule for rule in load_packs(tmp_path).knowledge.rules}
    assert rules["gpu.xid-63"].meaning == "Here they are counted weekly."
    assert "gpu.xid-45" not in rules


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (("severity = \"info\"", "severity = \"loud\""), "xid 63: severity: expected info, warning or critical"),
        (("code = 63", "code = 0"), "xid 0: code: "),
        (("mnemonic", "mnemonik"), "xid 63: mnemonik: Extra inputs are not permitted"),
        (("says = ", "grave = '('\nsays = "), "xid 63: patterns[0]: "),
        (("[[xid]]", "[[xids]]"), "xids: expected [[xid]] tables only"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_code_and_key(wrong: tuple[str, str], says: str) -> None:
    with pytest.raises(PackError) as raised:
        parse_xids(XID.replace(*wrong), "xids-site.toml")
    assert str(raised.value).startswith("xids-site.toml: ")
    assert says in str(raised.value)


def test_a_code_used_twice_is_a_mistake() -> None:
    with pytest.raises(PackError, match=r"xids-site\.toml: xid 63: code: used twice"):
        parse_xids(XID + XID, "xids-site.toml")
