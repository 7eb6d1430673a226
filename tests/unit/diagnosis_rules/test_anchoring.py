"""A pattern is looked for by the part of it that is rarest in logs."""

import pytest

from groundcrew.diagnosis.prefilter import prefilter
from groundcrew.diagnosis.rarity import rarity


@pytest.mark.parametrize(
    ("pattern", "looked_for"),
    [
        (r"(?P<dev>\S+): Last path deleted", r"\x3a\x20Last\x20path\x20deleted"),
        (r"\berror: .{0,40}mpt3sas_cm\d", r"mpt3sas\x5fcm[0-9]"),
        (r"NVRM: Xid \(PCI:(?P<pci>[^)]+)\): 79\b", r"NVRM\x3a\x20Xid\x20\x28PCI\x3a"),
        (r"(?:sd\w+|error): (?:lost page write|device .{0,9}quiesced)", r"(?:lost\x20page\x20write|quiesced)"),
        (r"\bjfs_\w+: .{0,40}(?:corrupt|I/O error)", r"\bjfs\x5f"),
        (r"\bP\d{3}i?\b.{0,40}(?:failed|lockup)", r"\bP(?:[0-9]){3}"),
        (r"received (?:NO_PROPOSAL|TS_UNUSABLE)\b.{0,20}notify", r"received\x20(?:NO\x5fPROPOSAL"),
        (r"^\S+ \S+ \d+$", None),
    ],
)
def test_what_comes_before_the_rarest_literals_is_left_out(pattern: str, looked_for: str | None) -> None:
    found = prefilter(pattern).of_bytes.decode()
    assert found.startswith(looked_for if looked_for is not None else "^")


def test_what_is_rare_enough_to_begin_with_keeps_the_rarer_part_that_follows() -> None:
    assert prefilter(r"mpt3sas_cm\d: .{0,40}xqzwv").of_bytes.decode().endswith("xqzwv")


def test_literals_that_are_in_every_other_line_are_no_beginning() -> None:
    assert rarity(["error"]) < rarity(["btrfs"]) + 3 < rarity(["quiesced"])
    assert rarity(["lost page write"]) > rarity(["lost page write", "error"])
    assert rarity([]) == 0


def test_a_literal_at_the_edge_of_a_word_is_as_common_as_the_words_it_may_be_part_of() -> None:
    assert rarity(["rror"]) == rarity(["error"])
    assert rarity(["xq"]) < rarity(["xqzwv"])
