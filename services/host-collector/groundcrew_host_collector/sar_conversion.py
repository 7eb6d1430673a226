"""Files of older versions of sysstat: `sadf -c` turns them into the format of this machine's sadf.

It may crash on the way; what it had written until then is used, and the crash is told.
"""

import asyncio
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from groundcrew_host_collector.process import Program, running
from groundcrew_host_collector.source import SourceFailed

_CHUNK = 256 * 1024
_MADE_BY = re.compile(r"File created by \S+ from sysstat version (\S+)")
_OTHER_FORMAT = "cannot read the format of this file"


class OldFormat(SourceFailed):
    """sadf refuses a file of a version that it can convert."""

    def __init__(self, said: str, version: str) -> None:
        super().__init__(said)
        self.version = version


@dataclass(frozen=True)
class Conversion:
    """A converted copy, and one sentence where the conversion did not end well."""

    path: Path
    problem: str


def old_format_of(complaints: Sequence[str]) -> str:
    """The version that made a file, where sadf says that it is another's; empty for anything else that it says."""
    text = "\n".join(complaints)
    made = _MADE_BY.search(text)
    return made[1][:40] if made and _OTHER_FORMAT in text else ""


@asynccontextmanager
async def converted(
    program: str, path: Path, version: str, *, scratch: Path, timeout_s: float, max_bytes: int
) -> AsyncIterator[Conversion]:
    """A converted copy for the length of the block. Raises SourceFailed where nothing was converted."""
    with tempfile.NamedTemporaryFile(dir=scratch, prefix="sar-") as copy:
        size = 0
        async with running([program, "-c", str(path)]) as sadf:
            while data := await _read(sadf, timeout_s):
                size += len(data)
                if size > max_bytes:
                    msg = f"sadf -c made more than {max_bytes} bytes of it"
                    raise SourceFailed(msg)
                await asyncio.to_thread(copy.write, data)
            code = await sadf.wait()
        copy.flush()
        problem = ""
        if code != 0:
            problem = f"sadf -c, which converts files of sysstat {version}, {_ended(code)}"
            if not size:
                raise SourceFailed(problem)
        yield Conversion(Path(copy.name), problem)


async def _read(sadf: Program, timeout_s: float) -> bytes:
    try:
        async with asyncio.timeout(timeout_s):
            return await sadf.stdout.read(_CHUNK)
    except TimeoutError:
        msg = f"sadf -c printed nothing for {timeout_s:g} s"
        raise SourceFailed(msg) from None


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with {code}"
    try:
        return f"crashed with {signal.Signals(-code).name}"
    except ValueError:
        return f"crashed with signal {-code}"
