"""One line of JSON per event from a child to whoever started it, over a pipe; and the state file for the CLI."""

import asyncio
import contextlib
import os
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
import psutil

from groundcrew_embedded.home import Home, write_json


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The system answers. `link` signs a browser in once; it is shown to the operator and never stored."""

    url: str
    link: str
    mcp_url: str = ""


def report(handle: int, **event: Any) -> None:
    """Write one event; a parent that is gone needs none."""
    with contextlib.suppress(BrokenPipeError):
        os.write(handle, orjson.dumps(event) + b"\n")


class Reports:
    """The reading end: keeps the newest value of every key that was reported."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._rest = b""
        self.seen: dict[str, Any] = {}
        os.set_blocking(handle, False)
        asyncio.get_running_loop().add_reader(handle, self._read)

    def _read(self) -> None:
        chunk = os.read(self._handle, 65_536)
        if not chunk:
            self.close()
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self.seen |= orjson.loads(line)

    def close(self) -> None:
        if self._handle >= 0:
            asyncio.get_running_loop().remove_reader(self._handle)
            os.close(self._handle)
            self._handle = -1


@dataclass(frozen=True, kw_only=True)
class State:
    """What `<home>/run/state.json` says of the running system."""

    url: str
    pid: int
    born: float
    ports: dict[str, int]
    demo: bool
    version: str
    services_pid: int | None = None
    servers: dict[str, int] = field(default_factory=dict)
    mcp_url: str = ""


def write_state(home: Home, state: State) -> None:
    write_json(home.state, asdict(state))


def read_state(home: Home) -> State | None:
    """The state of the running system; None where none runs (what a killed one left behind does not count)."""
    try:
        state = State(**orjson.loads(home.state.read_bytes()))
        alive = abs(psutil.Process(state.pid).create_time() - state.born) < 1
    except (FileNotFoundError, orjson.JSONDecodeError, TypeError, psutil.NoSuchProcess):
        return None
    return state if alive else None
