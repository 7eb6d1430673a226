"""The models that `groundcrew models` knows, from `catalogue.toml`."""

import tomllib
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from groundcrew_cli.errors import USAGE, CliError

Purpose = Literal["trigger", "review", "meta"]
PURPOSES: tuple[Purpose, ...] = ("trigger", "review", "meta")

HUB = "https://huggingface.co"
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.gguf$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Model(BaseModel):
    """One file to serve. `url` is where it is to be had if it is in no repository of the hub."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    purposes: tuple[Purpose, ...] = Field(min_length=1)
    file: FileName
    repository: str = Field("", pattern=r"^([A-Za-z0-9._-]+/[A-Za-z0-9._-]+)?$")
    url: str = ""
    licence: str
    size_gb: float = Field(gt=0)
    context: int = Field(gt=0)
    about: str
    sha256: Digest | None = None

    def source(self, base: str = HUB, revision: str = "main") -> str:
        """Where to fetch it: on the hub, or on a mirror that keeps the hub's paths."""
        return self.url or f"{base.rstrip('/')}/{self.repository}/resolve/{revision}/{self.file}"


class Catalogue(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    model: tuple[Model, ...]

    @classmethod
    def shipped(cls) -> Self:
        text = files("groundcrew_cli.weights").joinpath("catalogue.toml").read_text(encoding="utf-8")
        return cls.model_validate(tomllib.loads(text))

    def default(self, purpose: Purpose) -> Model:
        return next(model for model in self.model if purpose in model.purposes)

    def named(self, name: str) -> Model:
        """Raises CliError naming those that there are."""
        for model in self.model:
            if model.name == name:
                return model
        known = ", ".join(model.name for model in self.model)
        raise CliError(f"no model is called {name!r}; expected one of {known}, or give --url", USAGE)

    def of_file(self, file: str) -> Model | None:
        return next((model for model in self.model if model.file == file), None)


def file_of(url: str) -> str:
    """The file name at the end of an address. Raises CliError where that is no plain `.gguf` name."""
    parts = urlsplit(url)
    name = PurePosixPath(unquote(parts.path)).name
    plain = name.removesuffix(".gguf").replace(".", "").replace("-", "").replace("_", "")
    if parts.scheme not in ("http", "https") or not parts.hostname or not name.endswith(".gguf") or not plain.isalnum():
        raise CliError(f"--url {url!r}: expected http(s)://…/NAME.gguf", USAGE)
    return name
