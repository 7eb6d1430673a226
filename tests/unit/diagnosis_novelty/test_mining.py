"""Masking and the tree of templates: what belongs together, bounds, and the same result however it came about."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.diagnosis.masking import WILD, Masker, masked
from groundcrew.diagnosis.mining import MAX_OF_A_KIND, SEARCHES, Miner

WORDS = ["disk", "sda", "fan", "failed", "error", "42", "0x1f", "at", "10.0.0.1", "retry", "link", "/dev/sdb1", ""]
LINES = st.lists(
    st.tuples(st.sampled_from(["kernel", "sshd"]), st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)),
    max_size=60,
)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("0000:3b:00.0:", "<*>:"),
        ("3b:00.0", "<*>"),
        ("fe80::1", "<*>"),
        ("12:04:59", "<*>"),
        ("(00:1b:21:3c:9d:f8)", "(<*>)"),
        ("10.0.0.1:8080,", "<*>,"),
        ("fe80::1ff:fe23:4567:890a", "<*>"),
        ("0xdeadbeef", "<*>"),
        ("6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "<*>"),
        ("/var/lib/x.db", "<*>"),
        ("https://example.org/a?b=1", "<*>"),
        ("[sdab]", "[<*>]"),
        ("nvme0n1p2", "<*>"),
        ("size=4096", "size=<*>"),
        ("1,234", "<*>"),
        ("-17", "<*>"),
        ("device", "device"),
        ("failed:", "failed:"),
        ("I/O", "I/O"),
    ],
)
def test_what_varies_in_a_word_is_masked(word, expected):
    assert masked(word) == expected


@given(st.text())
def test_any_text_is_masked_to_bounded_words(text):
    words = Masker().words(text)
    assert 1 <= len(words) <= 80
    assert all(len(word) <= 200 for word in words)
    assert words == Masker().words(text)


def mine(miner, *messages, identifier="kernel"):
    return [miner.mine(identifier, message, number)[0] for number, message in enumerate(messages)]


def test_lines_that_differ_in_numbers_and_one_word_are_of_one_template():
    miner = Miner(Masker())
    one, two, three = mine(
        miner, "ring 3 of widget alpha stalled for 20 ms", "ring 4 of widget beta stalled for 31 ms", "all is well"
    )
    assert one is two
    assert one.text == "ring <*> of widget <*> stalled for <*> ms"
    assert three.text == "all is well"


def test_an_id_holds_while_its_template_generalises():
    miner = Miner(Masker())
    [template] = mine(miner, "user alice was refused by the quota daemon")
    before = template.id
    mine(miner, "user bob was refused by the quota daemon")
    assert (template.id, template.text) == (before, "user <*> was refused by the quota daemon")


def test_the_same_words_of_two_programs_are_two_templates():
    miner = Miner(Masker())
    assert miner.mine("a", "it failed", 0)[0] is not miner.mine("b", "it failed", 0)[0]


@given(LINES)
def test_what_a_masker_remembers_changes_nothing(lines):
    cold, warm = Miner(Masker()), Miner(Masker())
    for identifier, message in lines:  # a masker that has seen everything before
        warm._masker.words(f"{identifier} {message}")
    for miner in (cold, warm):
        for number, (identifier, message) in enumerate(lines):
            miner.mine(identifier, message, number)
    assert cold.state() == warm.state()


@given(LINES, st.integers(0, 60))
def test_a_restart_changes_nothing(lines, cut):
    whole, first, second = Miner(Masker()), Miner(Masker()), Miner(Masker())
    for number, (identifier, message) in enumerate(lines):
        whole.mine(identifier, message, number)
    for number, (identifier, message) in enumerate(lines[:cut]):
        first.mine(identifier, message, number)
    second.restore(orjson.loads(orjson.dumps(first.state())))
    for number, (identifier, message) in enumerate(lines[cut:], start=cut):
        second.mine(identifier, message, number)
    assert _templates(second) == _templates(whole)


def _templates(miner):
    return [template.state() for template in miner.templates.values()]


@given(st.lists(st.text(alphabet="abcdefg /:0", max_size=30), max_size=200))
def test_templates_never_exceed_their_bound_and_the_tree_holds_no_more(messages):
    miner = Miner(Masker(), max_templates=5)
    for number, message in enumerate(messages):
        miner.mine("kernel", message, number)
        assert len(miner.templates) <= 5
    held = [template for leaf in miner._leaves.values() for template in leaf]
    assert sorted(one.id for one in held) == sorted(miner.templates)
    assert sum(sum(steps.values()) for place, steps in miner._steps.items() if len(place) == 2) == len(held)


def test_the_templates_of_a_kind_are_bounded():
    miner = Miner(Masker())
    for number in range(MAX_OF_A_KIND * 2):
        miner.mine(
            "kernel", " ".join(["7", "8", "9", "6", *(f"{chr(97 + number % 26) * (number // 26 + 2)}",) * 6]), number
        )
    assert max(len(kind.templates) for kind in miner._kinds.values()) == MAX_OF_A_KIND


def test_a_flood_of_lines_that_differ_in_everything_is_sampled_and_counted():
    miner = Miner(Masker())
    letters = "abcdefghijklmnopqrst"
    flood = [f"{a}{b} {c}{d} went wrong" for a in letters for b in letters for c in letters for d in letters[:2]]
    told = [miner.mine("kernel", message, number)[0] for number, message in enumerate(flood)]
    assert miner.passed_over == told.count(None) > 0
    assert len(flood) - miner.passed_over >= SEARCHES


def test_looking_whether_a_line_is_known_changes_nothing():
    miner = Miner(Masker())
    mine(miner, "link 3 is down")
    before = miner.state()
    assert miner.knows("kernel", "link 9 is down")
    assert not miner.knows("kernel", "quite another thing happened")
    assert not miner.knows("sshd", "link 9 is down")
    assert miner.state() == before


def test_lines_that_are_empty_or_one_word_are_mined():
    miner = Miner(Masker())
    empty, spaces, one, number = mine(miner, "", "   ", "oops", "42")
    assert (empty, one.text, number.text) == (spaces, "oops", WILD)
