"""Asking for a model file over HTTP: redirects, what the hub says of it, and opening it from a byte onwards.

The Hugging Face hub answers a file's address with a redirect to its storage, and says in headers of that redirect what
the file is: `X-Linked-Etag` its SHA-256 (for files in LFS), `X-Linked-Size` its bytes, `X-Repo-Commit` the revision.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx2

from groundcrew_cli.errors import FAILED, CliError

MAX_REDIRECTS = 5
CONNECT_S = 15.0
SILENT_S = 60.0
"""A server that sends nothing for so long is taken for gone."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MAX_SIDECAR = 4_096


class Unanswered(Exception):
    """Worth another try: the connection, or a status that passes."""


@dataclass(frozen=True)
class Said:
    """What a server says of a file, as far as it says so."""

    sha256: str = ""
    size: int | None = None
    revision: str = ""


@dataclass(frozen=True)
class Opened:
    """A body that begins at byte `start`; `total` is the whole file's length as the server tells it."""

    response: httpx2.Response
    start: int
    total: int | None


def client() -> httpx2.Client:
    """Goes through the proxies that the environment names: a public file is no secret."""
    timeout = httpx2.Timeout(SILENT_S, connect=CONNECT_S)
    return httpx2.Client(timeout=timeout, follow_redirects=False, headers={"Accept-Encoding": "identity"})


class Hub:
    """One server, or the hub with its storage behind it."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    def describe(self, url: str) -> Said:
        """What the server says of the file; raises CliError where it has none, Unanswered where it does not answer."""
        with self._follow("HEAD", url, {}) as (response, said):
            _check(response, url)
            length = response.headers.get("Content-Length", "")
            size = int(length) if length.isdecimal() else None
            return said if said.size is not None else Said(said.sha256, size, said.revision)

    def digest_beside(self, url: str) -> str:
        """The digest in `URL.sha256`, as sha256sum writes it; empty where there is none."""
        with self._follow("GET", f"{url}.sha256", {}) as (response, _):
            if response.status_code != 200:
                return ""
            text = b""
            for chunk in response.iter_bytes():
                text += chunk
                if len(text) > _MAX_SIDECAR:
                    return ""
        found = _DIGEST.match(text.decode("ascii", "replace").lower())
        return found.group() if found else ""

    @contextmanager
    def open(self, url: str, start: int) -> Iterator[Opened]:
        """The file from byte `start`; from 0 where the server knows no ranges, or `start` is not in the file."""
        wanted = {"Range": f"bytes={start}-"} if start else {}
        with self._follow("GET", url, wanted) as (response, _):
            if response.status_code == 416:
                yield Opened(response, -1, _total(response))
                return
            _check(response, url)
            begins = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
            if response.status_code == 206 and begins and int(begins.group(1)) == start:
                yield Opened(response, start, _total(response))
            elif response.status_code == 206:
                msg = f"asked for byte {start}, the server sent {response.headers.get('Content-Range')!r}"
                raise Unanswered(msg)
            else:
                length = response.headers.get("Content-Length", "")
                yield Opened(response, 0, int(length) if length.isdecimal() else None)

    @contextmanager
    def _follow(self, method: str, url: str, headers: dict[str, str]) -> Iterator[tuple[httpx2.Response, Said]]:
        said = Said()
        try:
            for _ in range(MAX_REDIRECTS + 1):
                with self._http.stream(method, url, headers=headers) as response:
                    said = said if said.sha256 else _said(response)
                    if not response.is_redirect:
                        yield response, said
                        return
                    after = urljoin(url, response.headers["Location"])
                    if urlsplit(url).scheme == "https" and urlsplit(after).scheme != "https":
                        raise CliError(f"{url} leads to {_short(after)}, which is not encrypted", FAILED)
                    url = after
        except (httpx2.TransportError, httpx2.InvalidURL, httpx2.DecodingError) as error:
            raise Unanswered(f"{urlsplit(url).hostname}: {str(error) or type(error).__name__}") from None
        raise CliError(f"{_short(url)}: more than {MAX_REDIRECTS} redirects", FAILED)


def _said(response: httpx2.Response) -> Said:
    tag = response.headers.get("X-Linked-Etag", "").removeprefix("W/").strip('"').lower()
    size = response.headers.get("X-Linked-Size", "")
    revision = response.headers.get("X-Repo-Commit", "")
    return Said(
        tag if _DIGEST.fullmatch(tag) else "",
        int(size) if size.isdecimal() else None,
        revision if re.fullmatch(r"[0-9a-f]{40}", revision) else "",
    )


def _check(response: httpx2.Response, url: str) -> None:
    status = response.status_code
    if status in (408, 425, 429) or status >= 500:
        raise Unanswered(f"{_short(url)} answered with status {status}")
    if status not in (200, 206):
        reason = {401: "needs a login", 403: "is not for everybody", 404: "is not there"}.get(
            status, f"answered with status {status}"
        )
        raise CliError(f"{_short(url)} {reason}", FAILED)


def _total(response: httpx2.Response) -> int | None:
    found = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    return int(found.group(1)) if found else None


def _short(url: str) -> str:
    """Without query, which at a storage holds a signature, and without a login."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
