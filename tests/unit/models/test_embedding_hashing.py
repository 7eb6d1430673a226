"""Feature hashing: the same vector everywhere, alike texts alike."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.models.embedding_hashing import DIMENSION, MIN_SCORE, HashingEmbedder, hashed

GOLDEN = {48: -0.2568, 74: -0.2568, 259: 0.2568, 530: -0.7337, 533: -0.2568, 637: -0.2568, 860: -0.2568, 964: -0.2568}


def cosine(a: str, b: str) -> float:
    return sum(x * y for x, y in zip(hashed(a), hashed(b), strict=True))


def test_the_vector_is_the_same_in_another_process_and_as_it_was():
    """Stored vectors are compared with new ones for years: what changes them must change the embedder's name."""
    text = "PSU2 of web-01 lost its input power"
    code = f"from groundcrew.models.embedding_hashing import hashed; print(hashed({text!r}))"
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}
    )
    assert other.stdout.strip() == str(hashed(text))
    places = {place: round(value, 4) for place, value in enumerate(hashed("power")) if value}
    assert places == GOLDEN


@pytest.mark.parametrize(
    ("near", "far"),
    [
        ("PSU1 of gpu-09 lost its input power", "nginx.service on web-01 failed"),
        ("the power supply of web-04 failed", "correctable ECC errors of DIMM A1"),
        ("input power was lost", "kernel panic"),
    ],
)
def test_the_same_kind_of_fault_is_nearer_than_another(near, far):
    text = "PSU2 of web-01 lost its input power"
    assert cosine(text, near) > max(MIN_SCORE, cosine(text, far))


def test_words_of_one_stem_share_pieces():
    assert cosine("failing fans", "failed fan") > MIN_SCORE
    assert cosine("failing fans", "cooked rice") < MIN_SCORE


def test_capitals_and_punctuation_do_not_matter():
    assert cosine("Link is DOWN!", "link, is down") == pytest.approx(1)


def test_a_text_without_words_has_no_direction():
    assert hashed(" ... \n") == [0.0] * DIMENSION


@given(st.text(max_size=300))
def test_any_text_has_length_one_or_nothing(text):
    length = sum(x * x for x in hashed(text))
    assert length == pytest.approx(1) or length == 0


async def test_texts_keep_their_order():
    vectors = await HashingEmbedder().embed(["one", "two"])
    assert vectors == [hashed("one"), hashed("two")]
