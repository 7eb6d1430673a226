"""A home of its own for every test, that the servers' account may pass through."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from groundcrew_embedded import command
from groundcrew_embedded.home import Home

from ...conftest import PATTERNS  # noqa: TID252 - tests are no package on the path


def _home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="gc-home-"))
    folder.chmod(0o711)
    with pytest.MonkeyPatch.context() as environment:
        for source in ("JOURNAL", "KMSG", "METRICS", "SERVICES"):
            environment.setenv(f"GROUNDCREW_HOST_COLLECTOR__{source}", "off")
        environment.setenv("GROUNDCREW_HOST_COLLECTOR__FILES", "[]")
        environment.setenv("GROUNDCREW_CONTEXT__TOKENIZER", "bytes")
        environment.setenv("GROUNDCREW_TRIGGER__STATE_DIR", os.environ[PATTERNS])
        made = Home(folder / "home")
        yield made
        command.down(made.path)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home() -> Iterator[Home]:
    """An empty home; whatever runs in it is stopped afterwards."""
    yield from _home()


@dataclass(frozen=True)
class Running:
    home: Home
    ready: command.Ready

    @property
    def state(self) -> command.State:
        state = command.state(self.home.path)
        assert state is not None
        return state

    @property
    def key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.home.api_key.read_text().strip()}"}

    def family(self) -> list[psutil.Process]:
        process = psutil.Process(self.state.pid)
        return [process, *process.children(recursive=True)]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """One system for the tests that only look at it."""
    for home in _home():
        yield Running(home, command.up_detached(command.UpOptions(home=home.path, port=0)))
