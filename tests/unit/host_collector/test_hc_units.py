"""systemd units through a program named systemctl."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew_host_collector.source import SourceAbsent, SourceFailed
from groundcrew_host_collector.units import Unit, Units, parse_list, parse_show

LIST = [
    {"unit": "nginx.service", "load": "loaded", "active": "failed", "sub": "failed", "description": "web"},
    {"unit": "cron.service", "load": "loaded", "active": "active", "sub": "running", "description": "cron"},
    {"unit": "gone.service", "load": "not-found", "active": "inactive", "sub": "dead", "description": "gone"},
    {"unit": "backup.timer", "load": "loaded", "active": "active", "sub": "waiting", "description": "nightly"},
    {"unit": "backup.service", "load": "loaded", "active": "inactive", "sub": "dead", "description": "backup"},
    {"unit": "postgresql@15-main.service", "load": "loaded", "active": "active", "sub": "running", "description": "x"},
    {"unit": "rpcbind.service", "load": "masked", "active": "inactive", "sub": "dead", "description": "rpcbind"},
    {"unit": "sys-kernel.mount", "load": "loaded", "active": "active", "sub": "mounted", "description": "none of ours"},
]
SHOW = """\
Type=oneshot
NRestarts=0
Result=success
Id=backup.service
TriggeredBy=backup.timer
UnitFileState=static

Result=success
Id=backup.timer
UnitFileState=enabled

Type=simple
NRestarts=0
Result=success
Id=cron.service
UnitFileState=enabled

Type=notify
NRestarts=5
Result=exit-code
Id=nginx.service
UnitFileState=enabled

Type=forking
NRestarts=0
Result=success
Id=postgresql@15-main.service
UnitFileState=enabled-runtime

Type=simple
NRestarts=0
Result=success
Id=rpcbind.service
UnitFileState=masked
"""
"""As systemctl(1) says: the properties asked for that the unit has, in the order of the D-Bus interface."""


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
        Unit("backup.service", "loaded", "inactive", "dead", "success", 0, "oneshot", "static", "backup.timer"),
        Unit("backup.timer", "loaded", "active", "waiting", "success", None, "", "enabled"),
        Unit("cron.service", "loaded", "active", "running", "success", 0, "simple", "enabled"),
        Unit("nginx.service", "loaded", "failed", "failed", "exit-code", 5, "notify", "enabled"),
        Unit("postgresql@15-main.service", "loaded", "active", "running", "success", 0, "forking", "enabled-runtime"),
        Unit("rpcbind.service", "masked", "inactive", "dead", "success", 0, "simple", "masked"),
    ]
    listed, shown = (tmp_path / "argv").read_text().splitlines()
    assert listed.startswith("list-units --all --type=service,timer ")
    assert shown.endswith("cron.service nginx.service postgresql@15-main.service rpcbind.service")


async def test_more_units_than_fit_are_no_complete_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "list").write_text(json.dumps(LIST))
    fake_systemctl(tmp_path, f"case $1 in list-units) cat {tmp_path}/list;; esac")
    units = Units(path=str(tmp_path), wanted="on")
    assert (len(await units.read()), units.complete) == (6, True)
    monkeypatch.setattr("groundcrew_host_collector.units.MAX_UNITS", 5)
    assert (len(await units.read()), units.complete) == (5, False)


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


@pytest.mark.parametrize("number", ["[not set]", "", "-1", "9" * 400])
async def test_numbers_that_are_none_are_unknown(tmp_path: Path, number: str) -> None:
    (tmp_path / "list").write_text(json.dumps(LIST[:1]))
    (tmp_path / "show").write_text(f"Id=nginx.service\nNRestarts={number}\n")
    fake_systemctl(tmp_path, f"case $1 in list-units) cat {tmp_path}/list;; show) cat {tmp_path}/show;; esac")
    [unit] = await Units(path=str(tmp_path), wanted="on").read()
    assert unit.restarts is None


def test_values_may_hold_equals_signs_and_lines_without_one_are_passed_over() -> None:
    assert parse_show(b"Id=a.service\nType=a=b\nnonsense\n\n\n\nType=simple\n") == {"a.service": {"Type": "a=b"}}


@given(st.binary(max_size=200))
def test_no_output_breaks_the_reading_of_properties(output: bytes) -> None:
    parse_show(output)
