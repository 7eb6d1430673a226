"""Reads rule, threshold, service and cause packs: the shipped ones, and an operator's folder laid over them.

The kind of a file is in its name: `rules*.toml`, `xids*.toml`, `thresholds*.toml`, `services*.toml`, `causes*.toml`,
`forecasts*.toml`. An entry of the operator's folder replaces the shipped one of the same id (an Xid's is its code, and
that of its rule `gpu.xid-<code>`), or removes it with `disabled = true`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import TypeVar

from groundcrew.diagnosis.detector import Knowledge
from groundcrew.diagnosis.rules import Named, PackError, overlay, parse_rules
from groundcrew.diagnosis.services import parse_services
from groundcrew.diagnosis.thresholds import check_overrides, parse_overrides, parse_thresholds
from groundcrew.diagnosis.xids import parse_xids

KINDS = ("rules", "xids", "thresholds", "services", "causes", "forecasts")
MAX_FILE_BYTES = 4 * 1024 * 1024

N = TypeVar("N", bound=Named)


@dataclass(frozen=True)
class PackFile:
    """A pack as text. `layer` 0 is shipped, 1 the operator's; `name` is how errors call it."""

    kind: str
    layer: int
    name: str
    text: str


@dataclass(frozen=True)
class Packs:
    """All packs of a process: parsed for detection, the files for whoever parses the rest, and one digest of all."""

    knowledge: Knowledge
    files: tuple[PackFile, ...]
    digest: str

    def texts(self, kind: str) -> list[PackFile]:
        """Files of a kind, shipped ones first, by name."""
        return [file for file in self.files if file.kind == kind]


def load_packs(folder: Path | None = None, *, thresholds: Path | None = None, debounce_s: float = 300) -> Packs:
    """Shipped packs, and over them `folder` and a single file of `thresholds`. Raises PackError naming file, table
    and key. `debounce_s` is for rules that say none of their own."""
    files = [*_shipped(), *_operators(folder)]
    if thresholds is not None:
        files.append(_read(thresholds, "thresholds"))
    digest = blake2b(digest_size=16)
    for file in files:
        for part in (file.kind, file.text):
            digest.update(len(part.encode()).to_bytes(8, "big") + part.encode())
    knowledge = Knowledge(
        rules=_parse(files, {"rules": parse_rules, "xids": parse_xids}),
        thresholds=_parse(files, {"thresholds": parse_thresholds}),
        overrides=_parse(files, {"thresholds": parse_overrides}),
        services=_parse(files, {"services": parse_services}),
        debounce_s=debounce_s,
    )
    for file in files:
        if file.kind == "thresholds":
            check_overrides(parse_overrides(file.text, file.name), knowledge.thresholds, file.name)
    return Packs(knowledge, tuple(files), digest.hexdigest())


def _parse(files: Sequence[PackFile], parsers: Mapping[str, Callable[[str, str], list[N]]]) -> tuple[N, ...]:
    """What the files of some kinds say together, one parser for each kind; they share one space of ids."""
    layers: list[list[N]] = [[], []]
    seen: dict[tuple[int, str], str] = {}
    for file in files:
        parse = parsers.get(file.kind)
        for entry in _parsed(parse, file.text, file.name) if parse is not None else ():
            first = seen.setdefault((file.layer, entry.id), file.name)
            if first != file.name:
                msg = f"{file.name}: {entry.id}: id: already used in {first}"
                raise PackError(msg)
            layers[file.layer].append(entry)
    return tuple(overlay(layers))


@lru_cache(maxsize=512)  # a reload changes one file of many, and a process may load the same packs for many replays
def _parsed(parse: Callable[[str, str], list[N]], text: str, name: str) -> tuple[N, ...]:
    return tuple(parse(text, name))


def _shipped() -> list[PackFile]:
    folder = resources.files("groundcrew.diagnosis").joinpath("packs")
    found = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return [
        PackFile(kind, 0, name, folder.joinpath(name).read_text("utf-8"))
        for name in found
        if (kind := _kind(name)) is not None
    ]


def _operators(folder: Path | None) -> list[PackFile]:
    if folder is None:
        return []
    if not folder.is_dir():
        msg = f"{folder}: expected a folder of packs"
        raise PackError(msg)
    files = []
    for path in sorted(folder.glob("*.toml")):
        kind = _kind(path.name)
        if kind is None:
            msg = f"{path}: expected a name that begins with one of {', '.join(KINDS)}"
            raise PackError(msg)
        files.append(_read(path, kind))
    return files


def _read(path: Path, kind: str) -> PackFile:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            msg = f"{path}: larger than {MAX_FILE_BYTES} bytes"
            raise PackError(msg)
        return PackFile(kind, 1, str(path), path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: {error}"
        raise PackError(msg) from None


def _kind(name: str) -> str | None:
    return next((kind for kind in KINDS if name.startswith(kind)), None)
