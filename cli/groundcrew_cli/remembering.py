"""`groundcrew knowledge`: look up what is remembered, and add a text of one's own."""

from datetime import datetime
from pathlib import Path

from groundcrew.contracts.knowledge import Augmented, Remembered
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import NOT_POSSIBLE, USAGE, CliError
from groundcrew_cli.terminal import ago, note, paint, plain, say, say_json, wrapped

MAX_CHARACTERS = 20_000
MAX_LINES = 8


def search(
    gateway: Gateway,
    words: str,
    *,
    collection: list[str] | None,
    entity: str | None,
    limit: int,
    as_json: bool,
    now: datetime,
) -> None:
    found = gateway.get(Augmented, "knowledge", q=words, collection=collection or None, entity=entity, limit=limit)
    if as_json:
        say_json(found.model_dump(mode="json"))
        return
    for passage in found.passages:
        about = f" · {plain(passage.entity)}" if passage.entity else ""
        head = (
            f"{passage.score:.2f}  {passage.collection.value}{about} · {ago(passage.time, now)} · {plain(passage.ref)}"
        )
        say(paint(head, "dim"))
        lines = passage.text.splitlines()
        for line in lines[:MAX_LINES]:
            say(wrapped(plain(line), "      ", "      "))
        if len(lines) > MAX_LINES:
            say(f"      ... {len(lines) - MAX_LINES} more lines; --json shows all")
        say()
    if not found.passages:
        say("Nothing that is remembered resembles that.")
    if found.missing:
        note(plain(found.missing))


def add(gateway: Gateway, file: Path, *, collection: str, entity: str | None, ref: str | None, as_json: bool) -> None:
    """Raises CliError where the file cannot be read or is too long."""
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise CliError(f"{file}: {error.strerror}", NOT_POSSIBLE) from None
    except UnicodeDecodeError:
        raise CliError(f"{file}: expected text in UTF-8", USAGE) from None
    if len(text) > MAX_CHARACTERS:
        raise CliError(f"{file}: {len(text)} characters; at most {MAX_CHARACTERS} can be remembered at once", USAGE)
    if not text.strip():
        raise CliError(f"{file}: expected some words", USAGE)
    named = ref or str(file)
    body = {"collection": collection, "text": text, "ref": named, "entity": entity}
    kept = gateway.post(Remembered, "knowledge", body)
    if as_json:
        say_json(kept.model_dump(mode="json"))
    else:
        say(f"Remembered in {collection} as {plain(named)}; adding it again replaces it.")
