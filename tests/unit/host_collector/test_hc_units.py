"""systemd units through a program named systemctl."""

import json
from pathlib import Path

import pytest

from groundcrew_host_collector.source import SourceAbsent, SourceFailed
from groundcrew_host_collector.units import Unit, Units, parse_list, parse_show

LIST = [
    {"unit": "nginx.service", "load": "loaded", "active": "failed", "sub": "failed", "description": "web"},
    {"unit": "cron.service", "load": "loaded", "active": "active", "sub": "running", "description": "cron"},
    {"unit": "gone.service", "load": "not-found", "active": "inactive", "sub": "dead", "description": "gone"},
]
SHOW = "Id=cron.service\nResult=success\nNRestarts=0\n\nId=nginx.service\nResult=exit-code\nNRestarts=5\n"


def fake_systemctl(folder: Path, body: str) -> None:
    program = folder / "systemctl"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)


async def test_units_are_listed_with_result_and_restarts(tmp_path: Path) -> None:
    (tmp_path / "list").write_text(json.dumps(LIST))
    (tmp_path / "show").write_text(SHOW)
    fake_systemctl(
        tmp_path,
        f'echo "$@" >> {tmp_path}/argv\ncase $1 in list-units) cat {tmp_path}/list;; show) cat {tmp_path}/show;; esac',
    )

    units = await Units(path=str(tmp_path), wanted="on").read()

    assert units == [
        Unit("cron.service", "loaded", "active", "running", "success", 0),
        Unit("nginx.service", "loaded", "failed", "failed", "exit-code", 5),
    ]
    assert (tmp_path / "argv").read_text().splitlines()[1].endswith("-- cron.service nginx.service")


async def test_without_systemd_as_init_the_source_is_absent_and_says_why(tmp_path: Path) -> None:
    units = Units(path="/usr/bin:/bin", wanted="auto", booted=tmp_path / "system")

    with pytest.raises(SourceAbsent, match="systemd is not the init of this machine"):
        await units.read()


async def test_without_the_program_the_source_is_absent(tmp_path: Path) -> None:
    with pytest.raises(SourceAbsent, match="no systemctl in"):
        await Units(path=str(tmp_path), wanted="on").read()


async def test_a_program_that_fails_gives_its_own_words(tmp_path: Path) -> None:
    fake_systemctl(tmp_path, "echo 'Failed to connect to bus: Host is down' >&2; exit 1")

    with pytest.raises(SourceFailed, match="ended with 1: Failed to connect to bus: Host is down"):
        await Units(path=str(tmp_path), wanted="on").read()


@pytest.mark.parametrize("output", [b"", b"{}x", b"[1]", b'[{"load": 1}]', b'{"a": 1}'])
def test_output_that_is_not_the_list_is_a_failure(output: bytes) -> None:
    with pytest.raises(SourceFailed, match="did not print the expected JSON"):
        parse_list(output)


def test_a_unit_name_can_not_be_an_option() -> None:
    assert parse_list(json.dumps([{"unit": "--force.service"}]).encode()) == []


def test_missing_numbers_are_unknown() -> None:
    assert parse_show(b"Id=a.service\nNRestarts=[not set]\n") == {"a.service": ("", None)}
