"""Drives and volumes as RAID controllers' tools print them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.conditions import fold
from groundcrew.diagnosis.facts import Vocabulary
from groundcrew.diagnosis.listings import read_listing
from groundcrew.diagnosis.raid_tools import parse_sas_ircu, parse_storcli
from groundcrew.runtime.packs import load_packs

VOCABULARY = Vocabulary(load_packs().knowledge.rules)
FOLDER = Path(os.environ.get("GROUNDCREW_DATA", Path(__file__).parents[4] / "shared" / "data")) / "ipmi" / "raid"


def active(text: str) -> set[tuple[str, str]]:
    return {(one.locator, one.fault) for one in fold(read_listing(text), VOCABULARY).active}


def storcli(**tables: Any) -> str:
    answer = {name.replace("_", " "): rows for name, rows in tables.items()}
    return json.dumps({"Controllers": [{"Command Status": {"Status": "Success"}, "Response Data": answer}]})


def test_a_failed_drive_and_its_degraded_volume() -> None:
    text = storcli(
        VD_LIST=[
            {"DG/VD": "0/0", "TYPE": "RAID5", "State": "Dgrd"},
            {"DG/VD": "1/1", "TYPE": "RAID1", "State": "Optl"},
        ],
        PD_LIST=[
            {"EID:Slt": "252:0", "State": "Onln"},
            {"EID:Slt": "252:1", "State": "Failed"},
            {"EID:Slt": "252:2", "State": "Rbld"},
            {"EID:Slt": "252:3", "State": "UGood"},
            {"EID:Slt": "252:4", "State": "GHS"},
        ],
        Cachevault_Info=[{"Model": "CVPM02", "State": "Optimal"}],
        BBU_Info=[{"Model": "iBBU09", "State": "Failed"}],
    )
    assert active(text) == {
        ("VD 0/0", "raid.degraded"),
        ("Drive 252:1", "disk.failed"),
        ("Drive 252:2", "raid.degraded"),
        ("RAID battery iBBU09", "raid.cache_unprotected"),
    }


def test_a_volume_that_is_offline_has_failed() -> None:
    assert active(storcli(VD_LIST=[{"DG/VD": "0/239", "State": "OfLn"}])) == {("VD 0/239", "raid.failed")}


def test_a_drive_that_flags_a_smart_alert() -> None:
    detail = {"Drive /c0/e252/s3 State": {"Media Error Count": 4, "S.M.A.R.T alert flagged by drive": "Yes"}}
    well = {"Drive /c0/e252/s4 State": {"S.M.A.R.T alert flagged by drive": "No"}}
    found = active(storcli(**{"Drive /c0/e252/s3 - Detailed Information": {**detail, **well}}))
    assert {fault for _, fault in found} == {"disk.failed"}


IRCU = """\
LSI Corporation SAS2 IR Configuration Utility.
IR volume 1
  Volume ID : 286
  Status of volume : {volume}
Device is a Hard disk
  Enclosure #                             : 1
  Slot #                                  : 4
  State                                   : {drive}
Device is a Enclosure services device
  Enclosure #                             : 1
  Slot #                                  : 9
  State                                   : Failed (FLD)
"""


def test_volumes_and_drives_of_an_ir_controller() -> None:
    assert active(IRCU.format(volume="Okay (OKY)", drive="Optimal (OPT)")) == set()
    found = active(IRCU.format(volume="Degraded (DGD)", drive="Failed (FLD)"))
    assert found == {("VD 1", "raid.degraded"), ("Drive 1:4", "disk.failed")}


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"recorded output is not there: {FOLDER} (GROUNDCREW_DATA)")
def test_recorded_controllers_are_well() -> None:
    for path in sorted(FOLDER.iterdir()):
        listing = read_listing(path.read_text(errors="replace"))
        assert listing.kinds in (["storcli"], ["sas2ircu"]), path.name
        assert fold(listing, VOCABULARY).active == [], path.name


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.sampled_from(["Controllers", "Response Data", "PD LIST", "State", "EID:Slt", "DG/VD", "x"]),
                        inner, max_size=4), max_leaves=30))  # fmt: skip
def test_no_document_makes_it_raise(document: Any) -> None:
    parse_storcli(json.dumps(document))
    parse_storcli(json.dumps({"Controllers": [{"Response Data": document}]}))


@given(st.lists(st.text(max_size=60)))
def test_no_lines_make_it_raise(lines: list[str]) -> None:
    parse_sas_ircu(lines)
