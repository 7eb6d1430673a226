"""`groundcrew models` against a real HTTP server that behaves like the hub, and like the worse ones."""

import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from groundcrew_cli.errors import CliError
from groundcrew_cli.settings import ModelsSection
from groundcrew_cli.weights import shelf as shelves
from groundcrew_cli.weights.catalogue import PURPOSES, Catalogue
from groundcrew_cli.weights.hub import Hub, client
from groundcrew_cli.weights.pulling import folder_of
from groundcrew_cli.weights.shelf import Shelf, amount
from groundcrew_cli.weights.transfer import Patience, Transfer, Wanted

BODY = bytes(range(256)) * 4_000
DIGEST = hashlib.sha256(BODY).hexdigest()
FILE = "tiny.gguf"
REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Server:
    """Serves BODY under any path ending in .gguf; each trait spoils one thing."""

    url: str = ""
    body: bytes = BODY
    linked: bool = True
    """Answers with a redirect that tells digest and length, as the hub does."""
    digest: str = DIGEST
    beside: str = ""
    ranges: bool = True
    break_after: list[int] = field(default_factory=list)
    """How many bytes each answer sends before the connection breaks; afterwards they are whole."""
    claims: int | None = None
    """The length that it says, whatever it sends."""
    statuses: list[int] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_traits: Server

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        it = self.server_traits
        wanted = self.headers.get("Range", "")
        it.asked.append((self.command, self.path, wanted))
        if it.statuses:
            self._head(it.statuses.pop(0), {"Content-Length": "0"})
        elif self.path.endswith(".sha256"):
            text = f"{it.beside}  {FILE}\n".encode()
            self._head(200 if it.beside else 404, {"Content-Length": str(len(text))})
            self.wfile.write(text)
        elif it.linked and "/storage/" not in self.path:
            told = {"X-Linked-Etag": f'"{it.digest}"', "X-Linked-Size": str(len(BODY)), "X-Repo-Commit": REVISION}
            place = f"/storage{self.path}?signature=secret"
            self._head(302, {"Location": place, "Content-Length": "0"} | told)
        else:
            self._send(wanted)

    def _send(self, wanted: str) -> None:
        it = self.server_traits
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and it.ranges else 0
        if start >= len(it.body) and start:
            self._head(416, {"Content-Range": f"bytes */{len(it.body)}", "Content-Length": "0"})
            return
        part = it.body[start:]
        headers = {"Content-Length": str(it.claims if it.claims is not None else len(part))}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(it.body) - 1}/{len(it.body)}"
        self._head(206 if start else 200, headers)
        if self.command == "HEAD":
            return
        if it.break_after:
            part = part[: it.break_after.pop(0)]
            self.close_connection = True
        self.wfile.write(part)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class Quiet(ThreadingHTTPServer):
    """A client that has what it wants leaves; that is no error."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        assert isinstance(sys.exc_info()[1], ConnectionError)


@pytest.fixture
def server() -> Iterator[Server]:
    traits = Server()
    handler = type("Spoilt", (Handler,), {"server_traits": traits})
    real = Quiet(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=real.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    traits.url = f"http://127.0.0.1:{real.server_address[1]}"
    yield traits
    real.shutdown()
    real.server_close()
    thread.join()


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """The folder that the settings name."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GROUNDCREW_MODELS__DIR", str(tmp_path / "models"))
    return Shelf(tmp_path / "models")


class Silent:
    """A gauge that remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def begin(self, what: str, total: int | None, have: int = 0) -> None:
        pass

    def add(self, count: int) -> None:
        pass

    def say(self, text: str) -> None:
        self.said.append(text)


@dataclass
class Fetched:
    size: int
    waits: list[float]
    part: Path


def fetch(server: Server, folder: Path, *, size: int | None = len(BODY), worth: int = 200_000) -> Fetched:
    folder.mkdir(exist_ok=True)
    part, waits = folder / ".tiny.gguf.part", []
    with client() as http:
        transfer = Transfer(Hub(http), Silent(), Patience(attempts=4, worth=worth), waits.append)
        wanted = Wanted(f"{server.url}/a/{FILE}", DIGEST, size)
        return Fetched(transfer.fetch(wanted, part), waits, part)


# --- one file over a bad line -----------------------------------------------------------------------------------------


def ranges_asked(server: Server) -> list[str]:
    return [wanted for method, path, wanted in server.asked if method == "GET" and "/storage/" in path]


def test_a_file_that_breaks_off_goes_on_from_its_last_byte(server: Server, tmp_path: Path) -> None:
    server.break_after = [300_000, 300_000]

    fetched = fetch(server, tmp_path)

    assert fetched.part.read_bytes() == BODY
    assert ranges_asked(server) == ["", "bytes=300000-", "bytes=600000-"]


def test_a_line_that_brings_enough_each_time_is_never_given_up(server: Server, tmp_path: Path) -> None:
    server.break_after = [200_000] * 5

    assert fetch(server, tmp_path).waits == [1.0] * 5


def test_a_line_that_brings_too_little_is_given_up_and_what_came_is_kept(server: Server, tmp_path: Path) -> None:
    server.break_after = [1_000] * 20

    with pytest.raises(CliError, match="given up after 4 attempts in succession") as failed:
        fetch(server, tmp_path)

    assert "4.0 kB are kept" in failed.value.hint
    assert (tmp_path / ".tiny.gguf.part").stat().st_size == 4_000


def test_waits_grow(server: Server, tmp_path: Path) -> None:
    server.break_after = [1_000, 1_000, 1_000]

    assert fetch(server, tmp_path).waits == [1.0, 2.0, 4.0]


def test_a_server_without_ranges_sends_it_all_again(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    server.break_after = [300_000]

    assert fetch(server, tmp_path).part.read_bytes() == BODY


def test_a_server_that_is_busy_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.statuses = [503, 429]

    assert fetch(server, tmp_path).waits == [1.0, 2.0]


def test_what_is_not_there_is_told_at_once(server: Server, tmp_path: Path) -> None:
    server.statuses = [404]

    with pytest.raises(CliError, match=r"/a/tiny\.gguf is not there"):
        fetch(server, tmp_path)


def test_a_server_that_claims_less_than_it_should_is_no_whole_file(server: Server, tmp_path: Path) -> None:
    server.claims = 1_000
    server.linked = False

    with pytest.raises(CliError, match="the server ended after"):
        fetch(server, tmp_path)


def test_a_server_that_claims_more_than_it_sends_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.claims = len(BODY) + 10
    server.linked = False
    server.break_after = [len(BODY)]

    assert fetch(server, tmp_path).part.read_bytes() == BODY


def test_a_server_that_sends_more_than_the_file_is_not_listened_to(server: Server, tmp_path: Path) -> None:
    server.body = BODY + bytes(5_000_000)

    assert fetch(server, tmp_path).size == len(BODY)


def test_a_wrong_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    server.body = bytes(len(BODY))

    with pytest.raises(CliError, match=f"expected SHA-256 {DIGEST}"):
        fetch(server, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_part_that_was_spoilt_on_the_disk_costs_a_fresh_start(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".tiny.gguf.part").write_bytes(bytes(500_000))

    assert fetch(server, tmp_path).part.read_bytes() == BODY
    assert ranges_asked(server) == ["bytes=500000-", ""]


def test_a_part_that_is_whole_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".tiny.gguf.part").write_bytes(BODY)

    fetch(server, tmp_path, size=None)

    assert ranges_asked(server) == [f"bytes={len(BODY)}-"]


def test_a_part_that_is_too_long_is_begun_anew(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".tiny.gguf.part").write_bytes(BODY + b"x")

    assert fetch(server, tmp_path).part.read_bytes() == BODY


# --- the command ------------------------------------------------------------------------------------------------------


def url(server: Server) -> str:
    return f"{server.url}/owner/name/resolve/main/{FILE}"


def test_pull_checks_the_file_against_the_hubs_digest_and_links_its_purpose(
    run: Any, server: Server, shelf: Shelf
) -> None:
    result = run("models", "pull", "review", "--url", url(server))

    assert result.code == 0, result.err
    assert (shelf.path / "review.gguf").read_bytes() == BODY
    assert (shelf.path / "review.gguf").readlink() == Path(FILE), "a relative link holds in a container, too"
    lock = shelf.lock(FILE)
    assert lock is not None
    assert (lock.sha256, lock.size, lock.revision) == (DIGEST, len(BODY), REVISION)
    assert "signature" not in lock.model_dump_json()
    assert f"SHA-256 {DIGEST}" in result.out


def test_a_second_pull_asks_nobody(run: Any, server: Server, shelf: Shelf) -> None:
    run("models", "pull", "review", "--url", url(server))
    server.asked.clear()

    result = run("models", "pull", "review", "--json")

    assert json.loads(result.out)[0] | {"purposes": ["review"], "fetched": False} == json.loads(result.out)[0]
    assert server.asked == []


def test_two_purposes_share_a_file(run: Any, server: Server, shelf: Shelf) -> None:
    run("models", "pull", "review", "meta", "--url", url(server))

    assert shelf.purposes(FILE) == ["review", "meta"]
    assert len([one for one in server.asked if one[0] == "GET"]) == 2, "one redirect, one body"


def test_a_mirror_keeps_the_hubs_paths(run: Any, server: Server, shelf: Shelf) -> None:
    result = run("models", "pull", "trigger", "--mirror", f"{server.url}/hf/")

    model = Catalogue.shipped().default("trigger")
    assert result.code == 0, result.err
    assert server.asked[0][1] == f"/hf/{model.repository}/resolve/main/{model.file}"
    assert shelf.linked("trigger") == model.file


def test_a_setting_names_the_model(
    run: Any, server: Server, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("GROUNDCREW_MODELS__REVIEW", "qwen3-8b")

    assert run("models", "pull", "review", "--mirror", server.url).code == 0
    assert shelf.linked("review") == Catalogue.shipped().named("qwen3-8b").file


def test_a_server_that_publishes_no_digest_is_not_trusted(run: Any, server: Server, shelf: Shelf) -> None:
    server.linked = False

    result = run("models", "pull", "meta", "--url", url(server))

    assert result.code == 4
    assert f"{FILE}: the server publishes no SHA-256 of it" in result.err
    assert shelf.locks() == []


def test_a_digest_beside_the_file_will_do(run: Any, server: Server, shelf: Shelf) -> None:
    server.linked, server.beside = False, DIGEST

    assert run("models", "pull", "meta", "--url", url(server)).code == 0


def test_the_operators_digest_wins(run: Any, server: Server, shelf: Shelf) -> None:
    result = run("models", "pull", "meta", "--url", url(server), "--sha256", "0" * 64)

    assert result.code == 1
    assert "the server offers another file of that name" in result.err
    assert not (shelf.path / FILE).exists()


def test_a_file_that_changed_on_the_server_is_not_taken_silently(run: Any, server: Server, shelf: Shelf) -> None:
    run("models", "pull", "meta", "--url", url(server))
    (shelf.path / FILE).unlink()
    server.digest = "1" * 64

    result = run("models", "pull", "meta", "--url", url(server))

    assert result.code == 1
    assert f"remove {FILE} and {FILE}.lock" in result.err


def test_a_file_put_there_by_hand_is_checked_rather_than_fetched(run: Any, server: Server, shelf: Shelf) -> None:
    shelf.path.mkdir()
    (shelf.path / FILE).write_bytes(BODY)

    assert run("models", "pull", "meta", "--url", url(server)).code == 0
    assert ranges_asked(server) == []


def test_a_full_disk_is_told_before_anything_is_fetched(
    run: Any, server: Server, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "SPARE", 1 << 62)

    result = run("models", "pull", "meta", "--url", url(server))

    assert result.code == 4
    assert "are needed and" in result.err
    assert ranges_asked(server) == []


def test_an_air_gapped_machine_takes_files_from_a_folder(run: Any, server: Server, shelf: Shelf) -> None:
    inside = shelf.path.parent / "carried"
    run("models", "pull", "meta", "--url", url(server), "--dir", str(inside))
    model = Catalogue.shipped().default("meta")
    (inside / FILE).rename(inside / model.file)
    (inside / f"{model.file}.lock").write_text((inside / f"{FILE}.lock").read_text().replace(FILE, model.file))
    server.asked.clear()

    result = run("models", "pull", "meta", "--from", str(inside))

    assert result.code == 0, result.err
    assert (shelf.path / "meta.gguf").read_bytes() == BODY
    assert server.asked == []


def test_a_carried_file_that_was_spoilt_on_the_way_is_refused(run: Any, shelf: Shelf, tmp_path: Path) -> None:
    model = Catalogue.shipped().default("meta")
    (tmp_path / model.file).write_bytes(BODY[:-1] + b"x")
    (tmp_path / f"{model.file}.sha256").write_text(f"{DIGEST}  {model.file}\n")

    result = run("models", "pull", "meta", "--from", str(tmp_path))

    assert result.code == 1
    assert f"expected SHA-256 {DIGEST}" in result.err
    assert not list(shelf.path.glob("*.gguf"))


def test_a_carried_file_without_a_digest_is_refused(run: Any, shelf: Shelf, tmp_path: Path) -> None:
    model = Catalogue.shipped().default("meta")
    (tmp_path / model.file).write_bytes(BODY)

    assert "its SHA-256 is not known" in run("models", "pull", "meta", "--from", str(tmp_path)).err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["oracle"], "no purpose is called 'oracle'; expected trigger, review, meta"),
        (["--model", "gpt-9"], "no model is called 'gpt-9'"),
        (["--url", "https://models.example/a.gguf"], "--url needs the purpose it is for"),
        (["meta", "--url", "file:///etc/passwd.gguf"], "expected http(s)://"),
        (["meta", "--url", "https://models.example/..%2f.gguf"], "expected http(s)://"),
        (["meta", "--model", "qwen3-8b", "--sha256", "abc"], "expected 64 hexadecimal digits"),
        (["--mirror", "mirror.example"], "expected something like https://"),
    ],
)
def test_wrong_usage_is_told_in_one_line(run: Any, shelf: Shelf, arguments: list[str], complaint: str) -> None:
    result = run("models", "pull", *arguments)

    assert result.code == 2
    assert complaint in result.err


def test_verify_finds_what_changed_on_the_disk(run: Any, server: Server, shelf: Shelf) -> None:
    run("models", "pull", "meta", "--url", url(server))
    assert run("models", "verify").code == 0

    (shelf.path / FILE).write_bytes(BODY[:-1] + b"x")

    result = run("models", "verify")
    assert result.code == 1
    assert f"{FILE}: damaged" in result.out


def test_verify_names_files_that_nobody_checked(run: Any, shelf: Shelf) -> None:
    shelf.path.mkdir()
    (shelf.path / "found.gguf").write_bytes(b"GGUF")

    assert "found.gguf: unknown" in run("models", "verify").out


def test_list_shows_what_serves(run: Any, server: Server, shelf: Shelf) -> None:
    run("models", "pull", "trigger", "--mirror", server.url)

    listed = json.loads(run("models", "list", "--json").out)

    assert listed["serving"] == {
        "trigger": Catalogue.shipped().default("trigger").file, "review": None, "meta": None,
    }  # fmt: skip
    assert "● qwen2.5-1.5b-instruct" in run("models", "list").out


def test_another_pull_at_work_is_waited_for(shelf: Shelf) -> None:
    shelf.create()
    waiting = threading.Event()
    with shelf.writing(lambda: None):
        other = threading.Thread(target=_write, args=(shelf, waiting))
        other.start()
        assert waiting.wait(10)
        assert not (shelf.path / "done").exists()
    other.join(10)

    assert (shelf.path / "done").exists()


def _write(shelf: Shelf, waiting: threading.Event) -> None:
    with shelf.writing(waiting.set):
        (shelf.path / "done").touch()


def test_without_a_folder_and_without_a_home_the_option_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the image of the command line alone."""
    monkeypatch.setitem(sys.modules, "groundcrew_embedded.home", None)

    with pytest.raises(CliError) as failed:
        folder_of(ModelsSection(), None)
    assert "--dir" in failed.value.hint


# --- catalogue --------------------------------------------------------------------------------------------------------


def test_every_purpose_has_a_model_of_an_open_licence_whose_context_suffices() -> None:
    needed = {"trigger": 8_192, "review": 32_768, "meta": 131_072}
    catalogue = Catalogue.shipped()

    for purpose in PURPOSES:
        assert catalogue.default(purpose).context >= needed[purpose]
    assert {model.licence for model in catalogue.model} <= {"Apache-2.0", "MIT"}
    assert len({model.name for model in catalogue.model}) == len({model.file for model in catalogue.model})


@pytest.mark.parametrize(("count", "text"), [(12, "12 bytes"), (1_117_320_736, "1.1 GB"), (340_000_000, "340 MB")])
def test_amounts_are_rounded_for_people(count: int, text: str) -> None:
    assert amount(count) == text
