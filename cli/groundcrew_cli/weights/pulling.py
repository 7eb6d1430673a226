"""`groundcrew models pull`: which file serves which purpose, fetched where it is not there yet."""

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from groundcrew_cli.errors import FAILED, NOT_POSSIBLE, USAGE, CliError
from groundcrew_cli.settings import ModelsSection
from groundcrew_cli.terminal import note, say, say_json
from groundcrew_cli.weights.catalogue import HUB, PURPOSES, Catalogue, Model, Purpose, file_of
from groundcrew_cli.weights.gauge import gauge
from groundcrew_cli.weights.hub import Hub, Said, client
from groundcrew_cli.weights.shelf import Lock, Shelf, amount
from groundcrew_cli.weights.transfer import Gauge, Transfer, Wanted, copy


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the operator asked for; empty where they left it to the settings."""

    purposes: tuple[Purpose, ...] = ()
    model: str = ""
    url: str = ""
    sha256: str = ""
    source: Path | None = None
    mirror: str = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A file and where it is to be had. `sha256` is what is known of it beforehand."""

    file: str
    model: Model | None = None
    url: str = ""
    sha256: str = ""

    def address(self, mirror: str, revision: str) -> str:
        if self.model is not None:
            return self.model.source(mirror or HUB, "main" if mirror else revision or "main")
        return self.url


def folder_of(section: ModelsSection, named: Path | None) -> Path:
    """`--dir`, else `models.dir`, else `models` in the home of the embedded system."""
    if named or section.dir:
        return Path(named or section.dir).expanduser().absolute()
    try:
        from groundcrew_embedded.home import default_home
    except ModuleNotFoundError:  # the image of the command line alone
        raise CliError("no folder of models is named", USAGE, hint="name it with --dir or models.dir") from None
    return default_home(os.environ) / "models"


def pull(shelf: Shelf, section: ModelsSection, request: Request, *, as_json: bool, now: datetime) -> None:
    """Make every wanted purpose a link to a checked file. What is there already costs no request."""
    _refuse(request)
    shelf.create()
    done: list[dict[str, Any]] = []
    with shelf.writing(lambda: note(f"another pull writes to {shelf.path}; waiting for it")):
        for choice, purposes in _wanted(shelf, section, request):
            began = time.monotonic()
            lock = _there(shelf, choice)
            fetched = lock is None
            if lock is None:
                lock = _bring(shelf, choice, request, now)
            for purpose in purposes:
                shelf.link(purpose, lock.file)
            took = time.monotonic() - began
            done.append(
                {"purposes": list(purposes), "file": lock.file, "size": lock.size, "sha256": lock.sha256,
                 "fetched": fetched}
            )  # fmt: skip
            if not as_json:
                how = f"{amount(lock.size)} in {took:.0f} s, {amount(lock.size / max(took, 0.001))}/s"
                say(f"{', '.join(purposes)}: {lock.file}, {how if fetched else 'is there already'}")
                say(f"  SHA-256 {lock.sha256}")
    if as_json:
        say_json(done)


def _refuse(request: Request) -> None:
    if request.url and request.model:
        raise CliError("--url and --model name two models; expected one of them", USAGE)
    if request.url and not request.purposes:
        raise CliError(f"--url needs the purpose it is for: {', '.join(PURPOSES)}", USAGE)
    if request.sha256 and not (request.url or request.model):
        raise CliError("--sha256 belongs to --url or --model", USAGE)
    if request.sha256 and not re.fullmatch(r"[0-9a-f]{64}", request.sha256):
        raise CliError("--sha256: expected 64 hexadecimal digits, as sha256sum prints them", USAGE)
    if request.source and (request.url or request.mirror):
        raise CliError("--from takes a file out of a folder; --url and --mirror fetch it", USAGE)
    if request.mirror and not re.match(r"https?://[^/]", request.mirror):
        raise CliError(
            f"--mirror {request.mirror!r}: expected something like https://mirror.example/huggingface", USAGE
        )


def _wanted(
    shelf: Shelf, section: ModelsSection, request: Request
) -> list[tuple[Choice, Sequence[Purpose]]]:  # fmt: skip
    """Every file once, with all purposes that it serves."""
    catalogue = Catalogue.shipped()
    purposes = request.purposes
    if request.model and not purposes:
        purposes = catalogue.named(request.model).purposes
    found: dict[str, tuple[Choice, list[Purpose]]] = {}
    for purpose in purposes or PURPOSES:
        choice = _choice(shelf, section, request, catalogue, purpose)
        found.setdefault(choice.file, (choice, []))[1].append(purpose)
    return list(found.values())


def _choice(
    shelf: Shelf, section: ModelsSection, request: Request, catalogue: Catalogue, purpose: Purpose
) -> Choice:  # fmt: skip
    """What was asked for, else what the settings say, else what serves already, else the catalogue's first."""
    if request.url:
        return Choice(file=file_of(request.url), url=request.url, sha256=request.sha256)
    if name := request.model or getattr(section, purpose):
        model = catalogue.named(name)
        return Choice(file=model.file, model=model, sha256=request.sha256 or model.sha256 or "")
    if serving := shelf.linked(purpose):
        lock, known = shelf.lock(serving), catalogue.of_file(serving)
        if lock or known:
            return Choice(file=serving, model=known, url=lock.url if lock else "")
    model = catalogue.default(purpose)
    return Choice(file=model.file, model=model, sha256=model.sha256 or "")


def _there(shelf: Shelf, choice: Choice) -> Lock | None:
    lock = shelf.lock(choice.file)
    if lock is None or not shelf.is_whole(lock) or choice.sha256 not in ("", lock.sha256):
        return None
    return lock


def _bring(shelf: Shelf, choice: Choice, request: Request, now: datetime) -> Lock:
    with gauge(choice.file) as shown:
        try:
            if request.source is not None:
                return _from_folder(shelf, choice, request.source, shown, now)
            with client() as http:
                return _from_server(shelf, choice, request.mirror, Hub(http), shown, now)
        except OSError as error:
            raise shelf.unusable(error) from None


def _from_server(shelf: Shelf, choice: Choice, mirror: str, hub: Hub, shown: Gauge, now: datetime) -> Lock:
    locked = shelf.lock(choice.file)
    pinned = choice.sha256 or (locked.sha256 if locked else "")
    url = choice.address(mirror, locked.revision if locked else "")
    if not url:
        raise CliError(
            f"nobody knows where {choice.file} is to be had", NOT_POSSIBLE, hint="name it with --url or --from"
        )
    transfer = Transfer(hub, shown)
    said = transfer.describe(url)
    sha256 = pinned or said.sha256 or hub.digest_beside(url)
    _agree(choice.file, sha256, said)
    part = _part(shelf, choice.file, sha256)
    if said.size is not None:
        shelf.need(max(0, said.size - (part.stat().st_size if part.exists() else 0)))
    size = transfer.fetch(Wanted(url, sha256, said.size), part)
    plain_url = url.partition("?")[0]
    lock = Lock(file=choice.file, sha256=sha256, size=size, pulled_at=now, url=plain_url, revision=said.revision)
    shelf.keep(part, lock)
    return lock


def _agree(file: str, sha256: str, said: Said) -> None:
    """Before a byte is fetched: there is a digest to hold it against, and the server does not speak of another file."""
    if not sha256:
        raise CliError(
            f"{file}: the server publishes no SHA-256 of it", NOT_POSSIBLE,
            hint=f"give --sha256, or put {file}.sha256 beside it on the server",
        )  # fmt: skip
    if said.sha256 and said.sha256 != sha256:
        raise CliError(
            f"{file}: the server offers another file of that name: SHA-256 {said.sha256} instead of {sha256}",
            FAILED,
            hint=f"to take it on purpose, remove {file} and {file}.lock, or give its --sha256",
        )


def _from_folder(shelf: Shelf, choice: Choice, folder: Path, shown: Gauge, now: datetime) -> Lock:
    """A file that another machine pulled, with its lock or a `.sha256` beside it."""
    source = folder / choice.file
    if not source.is_file():
        raise CliError(f"{source} is not there", NOT_POSSIBLE)
    carried, locked = Shelf(folder).lock(choice.file), shelf.lock(choice.file)
    beside = folder / f"{choice.file}.sha256"
    sha256 = choice.sha256 or next((lock.sha256 for lock in (locked, carried) if lock), "")
    if not sha256 and beside.is_file():
        sha256 = beside.read_text(encoding="utf-8", errors="replace")[:64].lower()
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise CliError(
            f"{source}: its SHA-256 is not known", NOT_POSSIBLE,
            hint=f"bring {choice.file}.lock along, or {choice.file}.sha256, or give --model and --sha256",
        )  # fmt: skip
    shelf.need(source.stat().st_size)
    part = shelf.part(choice.file, sha256)
    size = copy(source, part, sha256, shown)
    url, revision = (carried.url, carried.revision) if carried else ("", "")
    lock = Lock(file=choice.file, sha256=sha256, size=size, pulled_at=now, url=url, revision=revision)
    shelf.keep(part, lock)
    return lock


def _part(shelf: Shelf, file: str, sha256: str) -> Path:
    """Where the file grows. One that somebody put there by hand, or that is too short, is where it begins."""
    part, there = shelf.part(file, sha256), shelf.path / file
    if there.is_file() and not part.exists():
        there.replace(part)
    return part
