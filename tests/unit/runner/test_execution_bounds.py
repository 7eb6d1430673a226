"""Time, output and environment of what a runner starts."""

import asyncio
import time
from pathlib import Path

import psutil
import pytest

from groundcrew_runner.execution import MAX_OUTPUT, CannotStart, Executor

SYSTEM = ["/usr/bin", "/bin"]


def program(folder: Path, text: str, mode: int = 0o755) -> str:
    path = folder / "tool"
    path.write_text(text)
    path.chmod(mode)
    return path.name


async def test_output_is_bounded_and_its_end_kept(tmp_path: Path) -> None:
    name = program(tmp_path, "#!/bin/sh\nseq 1 200000\necho 'the end' >&2\n")
    finished = await Executor([str(tmp_path), *SYSTEM]).run([name], 20)
    assert finished.exit_code == 0
    assert len(finished.output.encode()) <= MAX_OUTPUT
    assert finished.output.startswith("[... cut ...]\n")
    assert finished.output.endswith("200000\nthe end\n")


async def test_bytes_that_are_no_text_stay_within_the_bound(tmp_path: Path) -> None:
    name = program(tmp_path, "#!/bin/sh\nhead -c 60000 /dev/zero | tr '\\0' '\\377'\nprintf 'a\\0b'\n")
    finished = await Executor([str(tmp_path), *SYSTEM]).run([name], 20)
    assert len(finished.output.encode()) <= MAX_OUTPUT
    assert finished.output.endswith("a\ufffdb")


async def test_a_program_gets_no_environment_of_ours_and_no_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDCREW_POSTGRES__PASSWORD", "hunter2")
    name = program(tmp_path, "#!/bin/sh\nenv\ncat\npwd\n")
    finished = await Executor([str(tmp_path), *SYSTEM]).run([name], 20)
    assert "GROUNDCREW" not in finished.output
    assert finished.output.endswith("/\n")


async def test_arguments_arrive_as_they_are(tmp_path: Path) -> None:
    name = program(tmp_path, '#!/bin/sh\nfor a; do printf "<%s>" "$a"; done\n')
    finished = await Executor([str(tmp_path), *SYSTEM]).run([name, "a b", "$(id)", "`id`", ";reboot"], 20)
    assert finished.output == "<a b><$(id)><`id`><;reboot>"


async def test_a_child_that_keeps_the_pipe_open_holds_nothing_up(tmp_path: Path) -> None:
    name = program(tmp_path, "#!/bin/sh\nsetsid sleep 5 &\necho done\n")
    began = time.monotonic()
    finished = await Executor([str(tmp_path), *SYSTEM]).run([name], 20)
    assert finished.exit_code == 0
    assert finished.output == "done\n"
    assert time.monotonic() - began < 4


async def test_a_program_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    name = program(tmp_path, "#!/bin/sh\ntrap '' TERM\necho begun\nsleep 30\nsleep 30\n")
    began = time.monotonic()
    finished = await Executor([str(tmp_path), *SYSTEM]).run([name], 0.3)
    assert finished.exit_code is None
    assert finished.output == "begun\n"
    assert time.monotonic() - began < 6


async def test_cancelling_ends_the_program(tmp_path: Path) -> None:
    name = program(
        tmp_path, f"#!/bin/sh\necho $$ > {tmp_path}/pid.new\nmv {tmp_path}/pid.new {tmp_path}/pid\nsleep 30\n"
    )
    running = asyncio.create_task(Executor([str(tmp_path), *SYSTEM]).run([name], 30))
    while not (tmp_path / "pid").exists():
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


@pytest.mark.parametrize("turns", range(12))
async def test_cancelling_while_the_program_starts_leaves_nothing_of_it(tmp_path: Path, turns: int) -> None:
    name = program(tmp_path, "#!/bin/sh\nsleep 31.4159\n")
    running = asyncio.create_task(Executor([str(tmp_path), *SYSTEM]).run([name], 30))
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    left = [p for p in psutil.Process().children(recursive=True) if "31.4159" in p.cmdline() or name in p.cmdline()]
    assert left == []


async def test_what_cannot_be_started_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="no program 'absent' in"):
        await Executor([str(tmp_path)]).run(["absent"], 1)
    name = program(tmp_path, "#!/no/such/interpreter\n")
    with pytest.raises(CannotStart, match="cannot be executed"):
        await Executor([str(tmp_path)]).run([name], 1)
