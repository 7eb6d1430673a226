"""`groundcrew diagnose` at the terminal: what it prints, and its exit status."""

import json
from pathlib import Path
from typing import Any

import pytest

LINE = "Mar  4 02:00:02 node2 kernel: blk_update_request: critical medium error, dev sdb, sector 4711 op 0x0:(READ)\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_fault_is_told_with_place_time_cause_evidence_and_what_next(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "messages"
    path.write_text(LINE)
    result = run("diagnose", str(path), "--fail-on", "warning")
    assert result.code == 1
    for told in ("1 fault found", "▲ warning  node2", "cause  disk.", "sdb", "critical medium error", "  next   "):
        assert told in result.out
    assert result.out.rstrip().endswith("messages: log, 1 entry, all known to rules")


def test_json_is_that_of_replay_with_what_was_read(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "messages"
    path.write_text(LINE)
    result = run("diagnose", f"web-01={path}", "--json")
    assert result.code == 0
    found = json.loads(result.out)
    assert {"scenario", "triggers", "incidents", "read"} <= set(found)
    [incident] = found["incidents"]
    assert incident["hosts"] == ["web-01"]
    assert {"id", "severity", "opened_at", "cause", "alternatives", "evidence", "actions"} <= set(incident)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("gone", None, "No such file or directory"),
        ("noise", bytes(range(256)) * 20, "it is no text and no journal file, so nothing that is read here"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_exit_2(
    run: Any, tmp_path: Path, name: str, data: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    result = run("diagnose", str(path))
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines() == [f"groundcrew: {path}: {said}"]


def test_an_unknown_kind_is_refused(run: Any) -> None:
    assert run("diagnose", "--kind", "tea-leaves", "x").code == 2
