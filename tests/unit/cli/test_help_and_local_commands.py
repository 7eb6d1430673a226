"""Help, configuration, tests, replay and check: commands that need no running system."""

import errno
import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from groundcrew.contracts.clock import SystemClock, to_us
from groundcrew.contracts.observations import SourceState, SourceStatus
from groundcrew_cli import checking
from groundcrew_cli.checking import judge
from groundcrew_cli.looking import FILE_BYTES, Look, look
from groundcrew_cli.testing import arguments, checkout
from groundcrew_host_collector.metrics import Sample
from groundcrew_host_collector.settings import HostCollectorSection
from groundcrew_host_collector.source import LogRow
from groundcrew_host_collector.units import Unit

COMMANDS = [
    "up",
    "down",
    "status",
    "forecasts",
    "check",
    "incidents",
    "incident",
    "approve",
    "reject",
    "logs",
    "replay",
    "diagnose",
    "bench",
    "models",
    "knowledge",
    "rules",
    "inventory",
    "bmcs",
    "config",
    "test",
]
SCENARIO = Path(__file__).parents[2] / "scenarios" / "gpu-falls-off-bus"


def test_help_names_every_command_and_fits_80_columns(run: Any) -> None:
    result = run("--help")
    assert result.code == 0
    assert all(f" {command} " in result.out for command in COMMANDS)
    assert max(map(len, result.out.splitlines())) <= 80


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ("models", "config", "test")])
def test_every_command_explains_itself(run: Any, command: str) -> None:
    result = run(command, "--help")
    assert result.code == 0
    assert "Usage" in result.out


def test_help_imports_nothing_that_takes_time() -> None:
    slow = ("pydantic", "httpx2", "psycopg", "nats", "fastapi", "groundcrew_embedded", "psutil", "asyncio")
    code = (
        "import sys; from groundcrew_cli import app; sys.argv = ['groundcrew', '--help']\n"
        "try: app.main()\n"
        f"except SystemExit: print('LOADED', [m for m in {slow!r} if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "LOADED []"


def test_an_unknown_command_is_wrong_usage(run: Any) -> None:
    assert run("repair").code == 2


def test_the_configuration_is_shown_with_secrets_hidden(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDCREW_POSTGRES__PASSWORD", "hunter2")
    monkeypatch.setenv("GROUNDCREW_ACTIONS__AUTONOMY", "observe")
    result = run("config", "show")
    assert result.code == 0
    assert "hunter2" not in result.out
    assert 'autonomy = "observe"' in result.out
    sections = json.loads(run("config", "show", "--json").out)
    assert sections["runner"]["path"] == ["/usr/bin", "/bin"]
    assert "hunter2" not in json.dumps(sections)


def test_a_wrong_configuration_is_one_line_for_each_mistake(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run("config", "check").out == "The configuration is valid.\n"
    (tmp_path / "groundcrew.toml").write_text("[actions]\nautonomie = 'suggest'\n")
    monkeypatch.setenv("GROUNDCREW_RUNNER__KEEP_DAYS", "many")
    monkeypatch.setenv("GROUNDCREW_CLI__COLOUR", "always")
    result = run("config", "check")
    assert result.code == 2
    assert "unknown key actions.autonomie; did you mean 'autonomy'?" in result.err
    assert "unknown key cli.colour" in result.err
    assert "GROUNDCREW_RUNNER__KEEP_DAYS: runner.keep_days = 'many': expected" in result.err


def test_arguments_of_test_go_to_pytest_and_containers_are_left_out_unless_asked_for() -> None:
    assert (checkout() / "pyproject.toml").is_file()
    assert arguments([]) == ["-m", "not compose"]
    assert arguments(["-k", "audit"]) == ["-m", "not compose", "-k", "audit"]
    assert arguments(["-m", "compose"]) == ["-m", "compose"]
    assert arguments(["-mcompose"]) == ["-mcompose"]
    assert arguments(["--maxfail=1"]) == ["-m", "not compose", "--maxfail=1"]


def test_up_tells_every_mistake_of_the_configuration_and_starts_nothing(run: Any, home: Path, tmp_path: Path) -> None:
    (tmp_path / "groundcrew.toml").write_text("[gateway]\nport = 'abc'\n[trigger]\npacks = 3\n")
    for arguments_ in (["up"], ["up", "--detach"], ["config", "check"]):
        result = run(*arguments_)
        assert result.code == 2
        lines = result.err.splitlines()
        assert len(lines) == 2
        assert all(line.startswith("groundcrew: groundcrew.toml: ") for line in lines)
    assert not (home / "run").exists()


def test_a_scenario_that_may_not_be_read_is_one_line(run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def denied(folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder / "metrics.jsonl"))

    monkeypatch.setattr("groundcrew_embedded.replay.replay", denied)
    result = run("replay", str(tmp_path))
    assert (result.code, result.err) == (2, f"groundcrew: {tmp_path / 'metrics.jsonl'}: Permission denied\n")


def test_a_scenario_is_replayed_to_its_cause(run: Any) -> None:
    result = run("replay", str(SCENARIO))
    assert result.code == 0
    assert "GPU 0000:86:00.0" in result.out
    report = json.loads(run("replay", str(SCENARIO), "--json").out)
    assert report["incidents"][0]["cause"]["id"] == "gpu.fallen_off_bus"


def test_a_folder_that_is_no_scenario_is_wrong_usage(run: Any, tmp_path: Path) -> None:
    result = run("replay", str(tmp_path / "nothing"))
    assert result.code == 2
    assert str(tmp_path / "nothing") in result.err


# --- check ------------------------------------------------------------------------------------------------------------

NOW = SystemClock().now()


def row(message: str, *, minutes_ago: float, unit: str = "", identifier: str = "kernel", number: int = 1) -> LogRow:
    time_us = to_us(NOW - timedelta(minutes=minutes_ago))
    transport = "kernel" if identifier == "kernel" else "journal"
    return LogRow(str(number), time_us, 3, identifier, unit, transport, "", message)


def present(name: str) -> SourceStatus:
    return SourceStatus(name=name, state=SourceState.PRESENT, detail="1 line", since=NOW)


def disk(avail: float, size: float = 1e12) -> list[Sample]:
    labels = (("mountpoint", "/"),)
    return [
        Sample("filesystem_avail_bytes", avail, "bytes", labels),
        Sample("filesystem_size_bytes", size, "bytes", labels),
    ]


async def titles(seen: Look) -> list[str]:
    found = await judge(seen, "brickbox-43", NOW)
    return [f"{one.incident.severity.value}: {one.incident.cause.id}" for one in found]


async def test_a_host_where_nothing_is_wrong_has_no_incident() -> None:
    lines = [row("Linux version 6.1", minutes_ago=59), row("eth0: link becomes ready", minutes_ago=1, number=2)]
    units = [Unit("ssh.service", "loaded", "active", "running", "success", 0)]
    seen = Look(rows=[("kmsg", line) for line in lines], samples=disk(9e11), units=units, sources=[present("kmsg")])
    assert await titles(seen) == []


async def test_a_gpu_that_fell_off_the_bus_is_found_in_the_log() -> None:
    line = row("NVRM: Xid (PCI:0000:86:00): 79, pid=1, GPU has fallen off the bus.", minutes_ago=20)
    assert await titles(Look(rows=[("kmsg", line)])) == ["critical: gpu.fallen_off_bus"]


async def test_what_is_so_now_counts_although_its_hold_time_cannot_be_waited_for() -> None:
    assert await titles(Look(samples=disk(4e10))) == ["warning: filesystem.full"]


async def test_a_service_that_is_down_now_is_found_without_a_log_line() -> None:
    (found,) = await titles(Look(units=[Unit("trainer.service", "loaded", "failed", "failed", "exit-code", 5)]))
    assert found.endswith("software.failed")


@pytest.mark.parametrize(
    ("seen", "code", "word"),
    [
        (Look(sources=[present("metrics")], samples=disk(9e11)), 0, "healthy"),
        (Look(sources=[present("metrics")], samples=disk(4e10)), 1, "warning"),
        (Look(sources=[present("metrics")], samples=disk(1e9)), 2, "critical"),
        (Look(sources=[]), 3, "nothing could be read"),
    ],
)
def test_the_exit_code_of_check_says_how_the_host_is(
    run: Any, monkeypatch: pytest.MonkeyPatch, seen: Look, code: int, word: str
) -> None:
    async def fixed(*_: Any) -> Look:
        return seen

    monkeypatch.setattr(checking, "look", fixed)
    result = run("check")
    assert result.code == code
    assert word in result.out.splitlines()[0]
    assert json.loads(run("check", "--json").out)["verdict"] in word + " nothing read"


async def test_the_ends_of_log_files_are_read_and_lines_without_a_time_left_out(tmp_path: Path) -> None:
    stamp = f"{NOW - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
    old = f"{NOW - timedelta(days=5):%Y-%m-%dT%H:%M:%SZ}"
    filler = f"{stamp} brickbox-43 app: filler\n" * (2 * FILE_BYTES // 50)
    (tmp_path / "a.log").write_text(
        f"{stamp} brickbox-43 app: first of all\n{filler}{old} brickbox-43 app: too old\nno time at all\n"
        f"{stamp} brickbox-43 kernel: the last line\n"
    )
    section = HostCollectorSection(
        journal="off", files=[str(tmp_path / "*.log")], kmsg="off", services="off", gpus="off", smart="off",
        state_dir=tmp_path,
    )  # fmt: skip
    seen = await look(section, "brickbox-43", NOW - timedelta(hours=1), SystemClock())
    messages = [line.message for _, line in seen.rows]
    assert messages[-1] == "the last line"
    assert not {"first of all", "too old", "no time at all"} & set(messages)
    assert {status.name: status.state.value for status in seen.sources} == {
        "journal": "absent", "files": "present", "kmsg": "absent", "systemd": "absent", "gpus": "absent",
        "smart": "absent", "metrics": "present",
    }  # fmt: skip
    assert seen.samples


async def test_a_drive_that_says_that_it_fails_is_found(tmp_path: Path) -> None:
    answer = {"smartctl": {"exit_status": 8}, "smart_status": {"passed": False}, "model_name": "EXAMPLE HD4000"}
    (tmp_path / "answer").write_text(json.dumps(answer | {"devices": [{"name": "/dev/sdq", "type": "sat"}]}))
    smartctl = tmp_path / "smartctl"
    smartctl.write_text(f"#!/bin/sh\nexec cat {tmp_path}/answer\n")
    smartctl.chmod(0o755)
    section = HostCollectorSection(
        journal="off", files=[], kmsg="off", services="off", gpus="off", smartctl_program=str(smartctl)
    )
    seen = await look(section, "brickbox-43", NOW - timedelta(hours=1), SystemClock())
    found = await judge(Look(samples=[one for one in seen.samples if one.name == "smart_healthy"]), "brickbox-43", NOW)
    assert [(one.incident.cause.id, one.incident.cause.component) for one in found] == [("disk.failed", "sdq")]


JOURNAL_REMOTE = Path("/lib/systemd/systemd-journal-remote")


@pytest.mark.skipif(not JOURNAL_REMOTE.exists(), reason="needs the Debian package systemd-journal-remote")
@pytest.mark.skipif(shutil.which("journalctl") is None, reason="needs the Debian package systemd")
async def test_a_fault_in_a_journal_file_is_found_and_older_lines_are_not_read(tmp_path: Path) -> None:
    entries = [
        (timedelta(days=2), "NVRM: Xid (PCI:0000:17:00): 79, pid=1, GPU has fallen off the bus."),
        (
            timedelta(minutes=5),
            "EXT4-fs error (device sda1): ext4_find_entry:1455: inode #2: comm ls: reading directory",
        ),
    ]
    text = ""
    for number, (age, message) in enumerate(entries, start=1):
        us = to_us(NOW - age)
        text += (
            f"__REALTIME_TIMESTAMP={us}\n__MONOTONIC_TIMESTAMP={number}000000\n_BOOT_ID={'1' * 32}\n"
            f"_MACHINE_ID={'2' * 32}\n_TRANSPORT=kernel\nPRIORITY=3\nSYSLOG_IDENTIFIER=kernel\nMESSAGE={message}\n\n"
        )
    argv = [str(JOURNAL_REMOTE), "-o", str(tmp_path / "system.journal"), "-"]
    subprocess.run(argv, input=text.encode(), check=True, capture_output=True)
    section = HostCollectorSection(journal_directory=tmp_path, services="off", gpus="off", smart="off")
    since = NOW - timedelta(hours=1)
    seen = await look(section, "brickbox-43", since, SystemClock())
    assert [line.message for _, line in seen.rows] == [entries[1][1]]
    assert [status.name for status in seen.sources] == ["journal", "systemd", "gpus", "smart", "metrics"]
    found = await judge(Look(rows=seen.rows), "brickbox-43", NOW)
    assert [one.evidence[0].text for one in found] == [entries[1][1]]
