"""Compiled patterns in a folder: kept, bounded in number, and no reason not to start."""

import os
from pathlib import Path

import structlog
from structlog.testing import capture_logs

from groundcrew.runtime.compiled_patterns import KEPT, CompiledFolder, CompiledOnce


def folder_at(path: Path) -> CompiledFolder:
    return CompiledFolder(path, structlog.get_logger())


def test_what_was_stored_is_loaded(tmp_path: Path) -> None:
    folder = folder_at(tmp_path / "patterns")
    assert folder.load("a") is None
    folder.store("a", b"1")
    folder.store("a", b"2")
    assert folder.load("a") == b"2"
    assert (tmp_path / "patterns").stat().st_mode & 0o077 == 0


def test_the_newest_few_are_kept(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    (tmp_path / "not-ours.txt").write_text("x")
    for number in range(KEPT + 3):
        folder.store(f"k{number}", b"x")
        os.utime(tmp_path / f"k{number}.patterns", (number, number))
    folder.store("last", b"x")
    assert len(list(tmp_path.glob("*.patterns"))) == KEPT
    assert folder.load("last") == b"x"
    assert folder.load("k0") is None
    assert (tmp_path / "not-ours.txt").exists()


def test_a_folder_that_cannot_be_used_is_said_and_survived(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    folder = folder_at(tmp_path / "file" / "patterns")
    with capture_logs() as said:
        folder.store("a", b"1")
        assert folder.load("a") is None
    assert {entry["log_level"] for entry in said} == {"warning"}
    assert "compiled patterns are not kept" in said[0]["event"]


def test_what_was_compiled_here_is_handed_on_once_and_kept(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    once = CompiledOnce(folder)
    assert not once.fresh
    once.store("a", b"1")
    assert once.fresh
    (tmp_path / "a.patterns").write_bytes(b"2")
    assert once.load("a") == b"1"
    assert not once.fresh
    assert once.load("a") == b"2"


def test_without_a_folder_what_was_compiled_is_still_handed_on() -> None:
    once = CompiledOnce(None)
    once.store("a", b"1")
    assert once.load("a") == b"1"
    assert once.load("a") is None
