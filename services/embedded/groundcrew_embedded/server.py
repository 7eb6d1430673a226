"""What the supervisor needs of a server, and where the wheels keep their programs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from groundcrew_embedded.account import Account
from groundcrew_embedded.home import Home, HomeError
from groundcrew_embedded.process import Command

PROBE_S = 1.0


class Server(Protocol):
    """An infrastructure server on a loopback port."""

    name: str

    async def prepare(self) -> None:
        """Make data folder and configuration; raises HomeError."""

    def command(self) -> Command: ...

    async def is_ready(self) -> bool:
        """Whether it takes requests now; answers within PROBE_S."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a server lives: home, account and port."""

    home: Home
    account: Account
    port: int

    def folder(self, name: str) -> Path:
        return self.account.folder(self.home.path / name)


@asynccontextmanager
async def conversation(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A short exchange with a loopback server; raises OSError or TimeoutError where there is none."""
    async with asyncio.timeout(PROBE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def package_folder(package: str) -> Path:
    """Folder of an installed package, which is not imported."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        msg = f"the Python package {package} is missing; `./groundcrew` installs it"
        raise HomeError(msg)
    return Path(spec.submodule_search_locations[0])


def installed_program(distribution: str, name: str) -> Path:
    """A program that a wheel installed among its scripts."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        files = []
    found = [Path(str(file.locate())).resolve() for file in files if file.name == name]
    if not found or not found[0].exists():
        msg = f"the Python package {distribution} is missing; `./groundcrew` installs it"
        raise HomeError(msg)
    return found[0]
