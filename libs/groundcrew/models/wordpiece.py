"""BERT's tokenizer for models without capitals: split into words, then each word into the longest known pieces.

After Devlin, Chang, Lee and Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers", NAACL 2019, and the
reference implementation's `tokenization.py`.
"""

import unicodedata
from collections.abc import Iterator, Sequence

MAX_WORD = 100
"""Characters of a word; a longer one is unknown, as in the reference."""


class WordPiece:
    """`pieces` is the vocabulary: a piece's number is its place."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._numbers = {piece: number for number, piece in enumerate(pieces)}
        self._unknown, self._first, self._last = (self._numbers[name] for name in ("[UNK]", "[CLS]", "[SEP]"))

    def encode(self, text: str, limit: int) -> list[int]:
        """At most `limit` numbers, [CLS] and [SEP] among them; the rest of the text is cut off."""
        numbers = [self._first]
        for word in _words(text):
            numbers += self._split(word)
            if len(numbers) >= limit - 1:
                break
        return [*numbers[: limit - 1], self._last]

    def _split(self, word: str) -> list[int]:
        """The longest known piece first; a word with a piece that is not known is unknown as a whole."""
        if len(word) > MAX_WORD:
            return [self._unknown]
        found: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                if (number := self._numbers.get(piece)) is not None:
                    found.append(number)
                    start = end
                    break
            else:
                return [self._unknown]
        return found


def _words(text: str) -> Iterator[str]:
    """Lower case, accents dropped; punctuation and each Chinese character stand alone."""
    plain = unicodedata.normalize("NFD", text.lower())
    word = ""
    for character in plain:
        kind = unicodedata.category(character)
        if character in "\t\n\r" or kind == "Zs":
            if word:
                yield word
            word = ""
        elif kind == "Mn" or kind.startswith("C") or character == "\ufffd":
            continue
        elif _stands_alone(character, kind):
            if word:
                yield word
            yield character
            word = ""
        else:
            word += character
    if word:
        yield word


def _stands_alone(character: str, kind: str) -> bool:
    code = ord(character)
    symbol = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    chinese = 0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or 0x20000 <= code <= 0x2FA1F
    return symbol or kind.startswith("P") or chinese or 0xF900 <= code <= 0xFAFF
