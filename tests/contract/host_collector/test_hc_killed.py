"""The collector is killed again and again while a log is written and rotated: every line is there, once, unchanged."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.chaos

COLLECTING = Path(__file__).with_name("collecting.py")


@contextmanager
def collecting(section: dict[str, Any], store: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running collector, killed at the end of the block."""
    said = store.with_suffix(".said")
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(COLLECTING), json.dumps(section), str(store)], stdout=output, stderr=output
        )
    try:
        yield process
        assert process.poll() is None, said.read_text()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def stored(store: Path) -> list[dict[str, Any]]:
    """Every log batch that was stored whole; a kill may leave a torn line, which no server would have acknowledged."""
    batches = []
    for line in store.read_bytes().splitlines() if store.exists() else []:
        try:
            envelope = json.loads(line)
        except ValueError:
            continue
        if envelope["type"] == "observe.logs":
            batches.append(envelope)
    return batches


def rows(batches: list[dict[str, Any]]) -> dict[str, set[tuple[str, int]]]:
    """What was said of each row id: message and time."""
    found: dict[str, set[tuple[str, int]]] = {}
    for batch in batches:
        data = batch["data"]
        for row_id, message, when in zip(data["ids"], data["messages"], data["times"], strict=True):
            found.setdefault(row_id, set()).add((message, when))
    return found


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the collector ended"
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def test_killed_in_mid_file_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    log, store = tmp_path / "app.log", tmp_path / "store.jsonl"
    section = {
        "host": "web-1",
        "state_dir": str(tmp_path / "state"),
        "journal": "off",
        "kmsg": "off",
        "metrics": "off",
        "sar": "off",
        "services": "off",
        "files": [str(log)],
        "files_start": "start",
        "poll_s": 0.02,
    }
    lines = 20_000
    chance = random.Random(7)
    written = 0
    log.touch()
    for life in range(6):
        before = len(stored(store))
        until = lines if life == 5 else written + lines // 6
        with log.open("a") as file:
            file.writelines(f"line {n}\n" for n in range(written, until))
        written = until
        with collecting(section, store) as process:
            if life == 5:
                wait_for(lambda: len(rows(stored(store))) >= lines, process)
            else:
                wait_for(lambda known=before: len(stored(store)) > known, process)  # type: ignore[misc]
                time.sleep(chance.uniform(0, 0.02))
        if life == 2:
            log.rename(tmp_path / "app.log.1")

    found = rows(stored(store))

    assert all(len(said) == 1 for said in found.values()), "a row that was published again is the same row"
    assert sorted(next(iter(said))[0] for said in found.values()) == sorted(f"line {n}" for n in range(lines))


def test_a_batch_that_is_published_again_has_the_same_id_and_rows(tmp_path: Path) -> None:
    """The commit of a span is never written: as after a kill between publish and commit."""
    log, store = tmp_path / "app.log", tmp_path / "store.jsonl"
    section = {
        "host": "web-1",
        "state_dir": str(tmp_path / "state"),
        "journal": "off",
        "kmsg": "off",
        "metrics": "off",
        "sar": "off",
        "services": "off",
        "files": [str(log)],
        "files_start": "start",
    }
    log.write_text("one\ntwo\n")
    cursors = tmp_path / "state" / "cursors.json"
    with collecting(section, store) as process:
        wait_for(lambda: len(stored(store)) == 1, process)
        intent = json.loads(cursors.read_bytes())
    assert intent["intents"]["files"], "the span was on disk before it was published"
    cursors.write_text(json.dumps(intent))
    with log.open("a") as file:
        file.write("three\n")

    with collecting(section, store) as process:
        wait_for(lambda: len(rows(stored(store))) == 3, process)

    first, again, last = stored(store)
    assert (first["id"], first["data"], first["time"]) == (again["id"], again["data"], again["time"])
    assert last["data"]["messages"] == ["three"]


def test_no_program_outlives_a_killed_collector(tmp_path: Path) -> None:
    program = tmp_path / "journalctl"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    program.chmod(0o755)
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "system.journal").touch()
    section = {
        "state_dir": str(tmp_path / "state"),
        "journal_program": str(program),
        "journal_directory": str(tmp_path / "journal"),
        "files": [],
        "kmsg": "off",
        "metrics": "off",
        "sar": "off",
        "services": "off",
    }
    with collecting(section, tmp_path / "store.jsonl") as process:
        wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "", process)
        child = int((tmp_path / "pid").read_text())
        assert Path(f"/proc/{child}").exists()

    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline, "journalctl is still there"
        time.sleep(0.02)
