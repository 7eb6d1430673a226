"""`groundcrew models list` and `groundcrew models verify`."""

from typing import Any

from groundcrew_cli.errors import FAILED, CliError
from groundcrew_cli.terminal import command, paint, say, say_json, wrapped
from groundcrew_cli.weights.catalogue import PURPOSES, Catalogue
from groundcrew_cli.weights.gauge import gauge
from groundcrew_cli.weights.shelf import Lock, Shelf, amount


def show(shelf: Shelf, *, as_json: bool) -> None:
    """What there is to choose from, what is here, and what serves which purpose."""
    catalogue = Catalogue.shipped()
    serving = {purpose: shelf.linked(purpose) for purpose in PURPOSES}
    here = {lock.file: lock for lock in shelf.locks() if shelf.is_whole(lock)}
    if as_json:
        models = [model.model_dump(mode="json") | {"here": model.file in here} for model in catalogue.model]
        say_json({"dir": str(shelf.path), "serving": serving, "models": models})
        return
    for purpose in PURPOSES:
        say(f"{purpose}: {serving[purpose] or 'nothing pulled yet'}")
        for model in catalogue.model:
            if purpose in model.purposes:
                mark = "●" if model.file == serving[purpose] else "○" if model.file in here else " "
                default = ", default" if model is catalogue.default(purpose) else ""
                say(f"  {mark} {model.name}{default}")
                facts = f"{model.size_gb:g} GB, {model.context:,} tokens, {model.licence}: {model.about}"
                say(paint(wrapped(facts, "      ", "      "), "dim"))
    if others := sorted(set(here) - {model.file for model in catalogue.model}):
        say(f"also here: {', '.join(others)}")
    say(f"\n● serves, ○ is here; the files are in {shelf.path}")


def verify(shelf: Shelf, *, as_json: bool) -> None:
    """Read every file again and compare. Raises CliError where one is not what its lock says."""
    rows = [_look(shelf, lock) for lock in shelf.locks()]
    known = {row["file"] for row in rows}
    links = {f"{purpose}.gguf" for purpose in PURPOSES}
    rows += [
        {"file": path.name, "state": "unknown", "detail": "it has no lock: nobody checked it"}
        for path in sorted(shelf.path.glob("*.gguf"))
        if path.name not in known | links
    ]
    rows += [
        {"file": f"{purpose}.gguf", "state": "missing", "detail": f"it leads to {file}, which is not there"}
        for purpose in PURPOSES
        if (file := shelf.linked(purpose)) and not (shelf.path / file).is_file() and file not in known
    ]
    if as_json:
        say_json(rows)
    else:
        for row in rows:
            say(f"{row['file']}: {row['state']}{', ' + row['detail'] if row['detail'] else ''}")
        if not rows:
            say(f"No model is in {shelf.path}.")
    if bad := [row["file"] for row in rows if row["state"] != "good"]:
        raise CliError(
            f"not as it should be: {', '.join(bad)}",
            FAILED,
            hint=f"remove what is damaged, then: {command('models pull')}",
        )


def _look(shelf: Shelf, lock: Lock) -> dict[str, Any]:
    row: dict[str, Any] = {"file": lock.file, "state": "good", "detail": "", "purposes": shelf.purposes(lock.file)}
    try:
        size = (shelf.path / lock.file).stat().st_size
        if size != lock.size:
            return row | {"state": "damaged", "detail": f"{amount(size)} instead of {amount(lock.size)}"}
        with gauge(lock.file) as shown:
            shown.begin("checking", size)
            found = shelf.digest(lock.file, shown.add)
    except FileNotFoundError:
        return row | {"state": "missing", "detail": ""}
    except OSError as error:
        return row | {"state": "unreadable", "detail": error.strerror or str(error)}
    if found != lock.sha256:
        return row | {"state": "damaged", "detail": f"SHA-256 {found} instead of {lock.sha256}"}
    return row
