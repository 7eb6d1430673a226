"""Where the system is, which key to show it, and asking it over REST."""

import ipaddress
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from groundcrew.runtime.settings import load
from groundcrew_cli.errors import FAILED, NOT_POSSIBLE, NOT_RUNNING, USAGE, CliError
from groundcrew_cli.settings import Settings
from groundcrew_cli.terminal import command

if TYPE_CHECKING:
    from groundcrew_embedded.command import State

M = TypeVar("M", bound=BaseModel)
TIMEOUT_S = 15.0


class Gateway:
    """The REST API of one running system."""

    def __init__(self, url: str, key: str, site: str | None) -> None:
        import httpx2

        self.url = url.rstrip("/")
        self._site = site
        self.site_option = f" --site {site}" if site else ""
        self._client = httpx2.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json"},
            timeout=TIMEOUT_S,
            trust_env=False,  # a proxy must not see the key
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, model: type[M], path: str, **query: Any) -> M:
        """Raises CliError for everything that is not an answer."""
        return self._read(model, path, self._send("GET", path, query, None))

    def post(self, model: type[M], path: str, body: Mapping[str, Any], *, timeout_s: float = TIMEOUT_S) -> M:
        return self._read(model, path, self._send("POST", path, {}, body, timeout_s))

    def patch(self, model: type[M], path: str, body: Mapping[str, Any], *, if_match: str) -> M:
        return self._read(model, path, self._send("PATCH", path, {}, body, headers={"If-Match": if_match}))

    def delete(self, model: type[M], path: str) -> M:
        return self._read(model, path, self._send("DELETE", path, {}, None))

    def events(self, path: str, body: Mapping[str, Any], *, timeout_s: float) -> Iterator[tuple[str, dict[str, Any]]]:
        """Server-sent events as (name, data), as they come; at most `timeout_s` between two."""
        import orjson

        params = {"site": self._site} if self._site else {}
        with (
            self._failures(timeout_s),
            self._client.stream("POST", f"/api/v1/{path}", params=params, json=body, timeout=timeout_s) as reply,
        ):
            if not reply.is_success:
                raise _problem(reply.status_code, reply.read(), self.url)
            name = ""
            for line in reply.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield name, orjson.loads(line.removeprefix("data: "))

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
        timeout_s: float = TIMEOUT_S,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        params = {name: value for name, value in query.items() if value is not None}
        if self._site:
            params["site"] = self._site
        with self._failures(timeout_s):
            reply = self._client.request(
                method, f"/api/v1/{path}", params=params, json=body, headers=headers, timeout=timeout_s
            )
        if not reply.is_success:
            raise _problem(reply.status_code, reply.content, self.url)
        return bytes(reply.content)

    @contextmanager
    def _failures(self, timeout_s: float) -> Iterator[None]:
        import httpx2

        try:
            yield
        except httpx2.TimeoutException:
            raise CliError(f"{self.url} did not answer within {timeout_s:g} s", FAILED) from None
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise CliError(
                f"{self.url} does not answer: {error}", NOT_RUNNING, hint=f"start it with: {command('up')}"
            ) from None

    def _read(self, model: type[M], path: str, content: bytes) -> M:
        try:
            return model.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise CliError(
                f"{self.url}: the answer to {path} is not what this version expects: {first['msg']}", FAILED
            ) from None


def _problem(status: int, content: bytes, url: str) -> CliError:
    import orjson

    try:
        document = orjson.loads(content)
        detail = str(document.get("detail") or document.get("title"))
    except (orjson.JSONDecodeError, AttributeError):
        detail = f"{url} answered with status {status}"
    if status == 401:
        return CliError(f"the API key was not accepted: {detail}", NOT_POSSIBLE, hint="see --key-file")
    return CliError(detail, FAILED if status >= 500 else NOT_POSSIBLE)


def connect(url: str | None, key_file: Path | None, site: str | None) -> Gateway:
    """The system named by `url` or the settings, else the one that `groundcrew up` keeps in GROUNDCREW_HOME.

    The key of this machine's own system is shown to no other machine. Raises CliError, SettingsError.
    """
    settings = load(Settings, environ=os.environ).cli
    url = url or settings.url or running().url
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise CliError(f"--url {url!r}: expected something like http://127.0.0.1:40083", USAGE)
    return Gateway(url, key_for(url, key_file), site)


def key_for(url: str, key_file: Path | None) -> str:
    """The API key to show at `url`: of the file, else of the settings, else of this machine's own system."""
    from groundcrew_embedded.home import Home, default_home

    if key_file is not None:
        return _key(key_file)
    if key := load(Settings, environ=os.environ).cli.api_key.get_secret_value():
        return key
    if not _is_here(url):
        raise CliError(f"{url} is not this machine: its API key is needed", USAGE, hint="name it with --key-file")
    return _key(Home(default_home(os.environ)).api_key)


def running() -> "State":
    """The system that `groundcrew up` keeps in GROUNDCREW_HOME."""
    from groundcrew_embedded.command import default_home, state

    home = default_home(os.environ)
    try:
        found = state(home)
    except OSError as error:
        raise unusable(error, home) from None
    if found is None:
        raise CliError(f"nothing is running in {home}", NOT_RUNNING, hint=f"start it with: {command('up')}")
    return found


def unusable(error: OSError, home: Path) -> CliError:
    """The home is another user's, or no folder."""
    return CliError(
        f"{error.filename or home}: {error.strerror}", NOT_POSSIBLE, hint="GROUNDCREW_HOME names the folder"
    )


def _is_here(url: str) -> bool:
    name = urlsplit(url).hostname or ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _key(path: Path) -> str:
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise CliError(f"the API key file {path} cannot be read: {reason}", NOT_POSSIBLE) from None
    if not key.isascii() or not key.isprintable() or not key or " " in key:
        raise CliError(f"the API key file {path} does not hold a key (expected: gck_...)", NOT_POSSIBLE)
    return key
