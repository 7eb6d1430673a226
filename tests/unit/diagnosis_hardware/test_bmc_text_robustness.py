"""Whatever is done to what a BMC tool printed, reading it costs the damaged lines and nothing else."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bmc_logs import LOGS

from groundcrew.diagnosis.conditions import fold
from groundcrew.diagnosis.facts import Vocabulary
from groundcrew.diagnosis.listings import read_listing
from groundcrew.runtime.packs import load_packs

from .test_bmc_listings import ELIST, SENSOR

VOCABULARY = Vocabulary(load_packs().knowledge.rules)
BY_LINE = {"ipmitool sel", "ipmitool sensors", "ipmi-sel", "ipmi-sensors"}
"""Forms of which each line stands for itself, so that every one must be accounted for."""

DATA = Path(os.environ.get("GROUNDCREW_DATA", Path(__file__).parents[4] / "shared" / "data"))


def _texts() -> Iterator[str]:
    yield from (log.text for log in LOGS)
    yield from (ELIST, SENSOR)
    folder = DATA / "ipmi"
    if folder.is_dir():
        yield from (path.read_text(errors="replace") for path in sorted(folder.rglob("*.*")) if path.suffix != ".jsonl")


TEXTS = list(_texts())
LISTS = [text for text in TEXTS if read_listing(text).kinds in (["ipmitool sel"], ["ipmitool sensors"])]
"""Those of which each line stands for itself."""


def read(text: str) -> None:
    listing = read_listing(text)
    folded = fold(listing, VOCABULARY)
    assert folded.noise <= len(listing.records) + len(listing.readings)
    if BY_LINE.issuperset(listing.kinds):
        lines = sum(bool(line.strip()) for line in text.splitlines())
        assert lines == len(listing.records) + len(listing.readings) + listing.unparsed_count + listing.passed


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_cut_off_anywhere(text: str, data: st.DataObject) -> None:
    read(text[: data.draw(st.integers(0, len(text)))])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_with_bits_flipped(text: str, data: st.DataObject) -> None:
    raw = bytearray(text.encode())
    if raw:
        for at in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=8)):
            raw[at] ^= 1 << data.draw(st.integers(0, 7))
    read(raw.decode("utf-8", "replace"))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_with_the_line_ends_of_another_system(text: str) -> None:
    unix, other = read_listing(text.replace("\r\n", "\n")), read_listing(text.replace("\n", "\r\n"))
    assert (other.records, other.readings, other.unparsed_count) == (unix.records, unix.readings, unix.unparsed_count)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(LISTS), st.data())
def test_a_damaged_line_leaves_the_others_as_they_were(text: str, data: st.DataObject) -> None:
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return
    at = data.draw(st.integers(0, len(lines) - 1))
    before = read_listing("\n".join([*lines[:at], *lines[at + 1 :]]))
    damaged = data.draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=60))
    after = read_listing(
        "\n".join([*lines[:at], damaged.replace("SEL Record ID", "").split("\x0b")[0], *lines[at + 1 :]])
    )
    assert len(before.records) <= len(after.records) + 1
    entries = [(one.record_id, one.text) for one in before.records]
    kept = [(one.record_id, one.text) for one in after.records]
    assert [one for one in entries if one not in kept] == []


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    read(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(alphabet="0123456789abcfx|()/: -+PMASELIDokncr.,'[]\n", max_size=80), max_size=20))
def test_no_text_of_their_own_letters_makes_it_raise(lines: list[str]) -> None:
    read("\n".join(lines))
