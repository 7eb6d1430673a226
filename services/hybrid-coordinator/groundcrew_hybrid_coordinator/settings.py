"""Settings of the hybrid-coordinator service."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from groundcrew.contracts.completions import Purpose
from groundcrew.runtime.settings import Section, ServiceSettings
from groundcrew_hybrid_coordinator.knowledge_settings import KnowledgeSection, QdrantSection


def _http_url(value: str) -> str:
    if not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        msg = "expected a URL such as http://127.0.0.1:40081/v1"
        raise ValueError(msg)
    if parts.username or parts.password or parts.query or parts.fragment:
        msg = "expected a URL without user, password and query; a key goes into api_key"
        raise ValueError(msg)
    return value.rstrip("/")


Url = Annotated[str, AfterValidator(_http_url)]


class ModelSection(Section):
    """A server that speaks the OpenAI protocol."""

    url: Url = Field("", description="address of an OpenAI-protocol server, ending in /v1; empty: none is used")
    name: str = Field("", max_length=200, description="name of the model; empty: the first that the server lists")
    api_key: SecretStr = Field(SecretStr(""), description="key that the server asks for")
    context_tokens: int = Field(8_192, ge=256, le=10_000_000, description="tokens of prompt and answer together")
    concurrency: int = Field(2, ge=1, le=256, description="questions that the server answers at once")
    queue: int = Field(3, ge=0, le=1_000, description="questions that may wait; further ones are told 'busy' at once")
    deadline_s: float = Field(30, gt=0, le=600, description="seconds that one answer may take, waiting included")
    first_token_s: float = Field(30, gt=0, le=600, description="seconds in which a streamed answer must begin")
    tokens_per_hour: int = Field(
        0, ge=0, description="tokens of prompts and answers within an hour at most; 0: unlimited"
    )


class TriggerModelSection(ModelSection):
    queue: int = Field(4, ge=0, le=1_000, description="questions that may wait; further ones are told 'busy' at once")
    deadline_s: float = Field(10, gt=0, le=600, description="seconds that one answer may take, waiting included")
    first_token_s: float = Field(10, gt=0, le=600, description="seconds in which a streamed answer must begin")


class ReviewModelSection(ModelSection):
    context_tokens: int = Field(32_768, ge=256, le=10_000_000, description="tokens of prompt and answer together")
    concurrency: int = Field(1, ge=1, le=256, description="questions that the server answers at once")
    deadline_s: float = Field(60, gt=0, le=600, description="seconds that one answer may take, waiting included")


class MetaModelSection(ModelSection):
    context_tokens: int = Field(131_072, ge=256, le=10_000_000, description="tokens of prompt and answer together")
    concurrency: int = Field(1, ge=1, le=256, description="questions that the server answers at once")
    deadline_s: float = Field(300, gt=0, le=600, description="seconds that one answer may take, waiting included")
    first_token_s: float = Field(120, gt=0, le=600, description="seconds in which a streamed answer must begin")


class RemoteModelSection(ModelSection):
    context_tokens: int = Field(131_072, ge=256, le=10_000_000, description="tokens of prompt and answer together")
    deadline_s: float = Field(120, gt=0, le=600, description="seconds that one answer may take, waiting included")
    concurrency: int = Field(4, ge=1, le=256, description="questions that the server answers at once")


class RedisSection(Section):
    host: str = Field("127.0.0.1", description="address of Redis or Valkey; used only where a model is configured")
    port: int = Field(6379, ge=1, le=65_535, description="port of the server")
    user: str = Field("", description="user name; empty where the server asks for none")
    password: SecretStr = Field(SecretStr(""), description="password of the user")
    wait_s: float = Field(
        0.25, gt=0, le=5, description="seconds that a question waits for Redis at most; without it, it is answered anew"
    )


class CoordinatorSection(KnowledgeSection):
    allow_remote: list[Literal["trigger", "review", "meta"]] = Field(
        default_factory=list,
        description="purposes whose prompts may leave the site to [remote_model], where the local model is not"
        " configured or fails; none unless named here",
    )
    cache_s: int = Field(3_600, ge=0, le=30 * 86_400, description="seconds that an answer is kept in Redis; 0: none is")
    cache_max_bytes: int = Field(65_536, ge=0, le=16 * 1024 * 1024, description="a larger answer is not kept")
    fails: int = Field(3, ge=1, le=100, description="failures in a row after which a server is left alone for a while")
    rest_s: float = Field(15, gt=0, le=3_600, description="seconds that a failing server is left alone")
    keep_texts: Literal["none", "answers", "all"] = Field(
        "all",
        description="which texts the record of an interaction holds, without secrets: none, answers, all; what people"
        " ask is remembered with its answer where it is all",
    )
    keep_characters: int = Field(4_000, ge=0, le=100_000, description="characters of a kept prompt or answer at most")
    keep_days: int = Field(90, ge=1, le=3_650, description="days that interactions are kept")


class Settings(ServiceSettings):
    hybrid_coordinator: CoordinatorSection = CoordinatorSection()
    model_trigger: TriggerModelSection = TriggerModelSection()
    model_review: ReviewModelSection = ReviewModelSection()
    model_meta: MetaModelSection = MetaModelSection()
    remote_model: RemoteModelSection = RemoteModelSection()
    redis: RedisSection = RedisSection()
    qdrant: QdrantSection = QdrantSection()

    def local(self, purpose: Purpose) -> ModelSection:
        """The section of a purpose's own server."""
        sections: dict[Purpose, ModelSection] = {
            Purpose.TRIGGER: self.model_trigger,
            Purpose.REVIEW: self.model_review,
            Purpose.META: self.model_meta,
        }
        return sections[purpose]

    @property
    def uses_models(self) -> bool:
        """Whether any question can be answered at all."""
        remote = bool(self.remote_model.url and self.hybrid_coordinator.allow_remote)
        return remote or any(self.local(purpose).url for purpose in Purpose)
