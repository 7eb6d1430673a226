"""A gateway that answers from a table, on a real socket; and the command line run in this process."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import BaseModel

from groundcrew_cli import app

KEY = "gck_test"
Answer = Callable[[dict[str, list[str]], Any], tuple[int, Any]]


@dataclass
class FakeGateway:
    """`answers` by 'METHOD path below /api/v1/'; `asked` holds what came in."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]], Any]] = field(default_factory=list)
    url: str = ""

    def reply(self, what: str, answer: BaseModel | Answer | tuple[int, Any]) -> None:
        if isinstance(answer, BaseModel):
            body = answer.model_dump(mode="json")
            self.answers[what] = lambda query, given: (200, body)
        elif isinstance(answer, tuple):
            self.answers[what] = lambda query, given: answer
        else:
            self.answers[what] = answer

    def handle(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, Any]:
        parts = urlsplit(target)
        what = f"{method} {parts.path.removeprefix('/api/v1/')}"
        query, given = parse_qs(parts.query), json.loads(body) if body else None
        self.asked.append((what, query, given))
        if headers.get("Authorization") != f"Bearer {KEY}":
            return 401, {"title": "Unauthorized", "detail": "this API key is not known"}
        if what not in self.answers:
            return 404, {"title": "Not Found", "detail": f"there is no {what}"}
        return self.answers[what](query, given)


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    fake = FakeGateway()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, reply = fake.handle(self.command, self.path, self.headers, body)
            data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that http.server asks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the base class
            """Tests read `asked` instead."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home with a key, and no configuration from outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDCREW_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GROUNDCREW_CONFIG", raising=False)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "api-key").write_text(KEY + "\n")
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run('status', '--json')`: what the console script does."""

    def run_it(*arguments: str) -> Result:
        monkeypatch.setattr("sys.argv", ["groundcrew", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app.main()
        captured = capsys.readouterr()
        code = ended.value.code
        return Result(code if isinstance(code, int) else 0 if code is None else 1, captured.out, captured.err)

    return run_it
