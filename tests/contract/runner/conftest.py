"""A harmless systemd: a `systemctl` that keeps the state of units in files and restarts nothing."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

SCRIPT = """#!/bin/sh
dir='{folder}'
verb=$1
for unit; do :; done
printf '%s\\n' "$*" >> "$dir/calls"
case $verb in
show)
    echo "Id=$unit"
    if [ -e "$dir/$unit" ]; then echo LoadState=loaded; cat "$dir/$unit"; else
        printf 'LoadState=not-found\\nActiveState=inactive\\nSubState=dead\\n'; fi ;;
restart)
    if [ -e "$dir/fail" ]; then echo "Job for $unit failed." >&2; exit 1; fi
    n=$(grep -c '^restart' "$dir/calls")
    printf 'ActiveState=active\\nSubState=running\\nResult=success\\nNRestarts=0\\nInvocationID=%032d\\n' "$n" \\
        > "$dir/$unit"
    if [ -e "$dir/hang" ]; then echo $$ > "$dir/pid.new"; mv "$dir/pid.new" "$dir/pid"; sleep 60; fi ;;
esac
"""


class FakeSystemd:
    """Units are files in `folder`; `calls` holds every command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "units"
        self.bin = folder / "bin"
        self.folder.mkdir()
        self.bin.mkdir()
        program = self.bin / "systemctl"
        program.write_text(SCRIPT.format(folder=self.folder))
        program.chmod(0o755)

    @property
    def path(self) -> list[str]:
        return [str(self.bin), "/usr/bin", "/bin"]

    def unit(self, name: str, active: str = "failed", sub: str = "failed", result: str = "exit-code") -> None:
        text = f"ActiveState={active}\nSubState={sub}\nResult={result}\nNRestarts=3\nInvocationID={'a' * 32}\n"
        (self.folder / name).write_text(text)

    def restart_fails(self) -> None:
        (self.folder / "fail").touch()

    def restart_hangs(self) -> None:
        (self.folder / "hang").touch()

    def restarts(self) -> list[str]:
        calls = self.folder / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [line for line in lines if line.startswith("restart")]

    def hanging(self) -> int | None:
        """The process group of a restart that hangs."""
        with suppress(FileNotFoundError):
            return int((self.folder / "pid").read_text())
        return None


@pytest.fixture
def systemd(tmp_path: Path):  # type: ignore[no-untyped-def]
    fake = FakeSystemd(tmp_path)
    yield fake
    if (group := fake.hanging()) is not None:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
