"""Looking up what is remembered at a terminal, and adding to it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.knowledge import Augmented, Collection, Passage, Remembered


def answer(text: str = "Fault: nginx.service on web-01 failed\nWhat helped: a restart", missing: str = "") -> Augmented:
    passage = Passage(
        id=stable_id("p"),
        collection=Collection.ERROR_SOLUTIONS,
        text=text,
        score=0.71,
        entity="host:web-01",
        ref="incident/1",
        time=SystemClock().now() - timedelta(hours=3),
    )
    return Augmented(passages=[passage], embedder="hashing-1_1024", missing=missing)


def test_what_helped_before_is_shown_with_where_it_comes_from(gateway: Any, run: Any) -> None:
    gateway.reply("GET knowledge", answer())
    result = run("knowledge", "search", "nginx", "failed", "--collection", "issues", "--url", gateway.url)
    assert result.code == 0
    assert "0.71  error-solutions · host:web-01" in result.out
    assert "What helped: a restart" in result.out
    (_, query, _) = gateway.asked[-1]
    assert query == {"q": ["nginx failed"], "collection": ["issues"], "limit": ["5"]}


def test_text_from_machines_cannot_command_the_terminal(gateway: Any, run: Any) -> None:
    gateway.reply("GET knowledge", answer("\x1b[2Jcleared"))
    assert "\x1b" not in run("knowledge", "search", "x", "--url", gateway.url).out


def test_nothing_alike_and_what_could_not_be_searched_are_said(gateway: Any, run: Any) -> None:
    gateway.reply("GET knowledge", Augmented(passages=[], missing="Could not be searched: issues."))
    result = run("knowledge", "search", "x", "--url", gateway.url)
    assert "Nothing that is remembered resembles that." in result.out
    assert "Could not be searched: issues." in result.err


def test_a_runbook_is_added_under_its_name(gateway: Any, run: Any, tmp_path: Path) -> None:
    (tmp_path / "drain.md").write_text("Drain first.")
    gateway.reply("POST knowledge", Remembered(id=stable_id("p")))
    result = run("knowledge", "add", "drain.md", "--entity", "host:gpu-03", "--url", gateway.url)
    assert result.code == 0
    assert "Remembered in knowledge as drain.md" in result.out
    (_, _, body) = gateway.asked[-1]
    assert body == {"collection": "knowledge", "text": "Drain first.", "ref": "drain.md", "entity": "host:gpu-03"}
    assert json.loads(run("knowledge", "add", "drain.md", "--json", "--url", gateway.url).out)["id"] == stable_id("p")


@pytest.mark.parametrize(
    ("content", "says"), [(b"\xff\xfe", "expected text in UTF-8"), (b"x" * 20_001, "at most 20000"), (b" ", "words")]
)
def test_a_file_that_cannot_be_remembered_is_said_before_anything_is_sent(
    gateway: Any, run: Any, tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "x").write_bytes(content)
    result = run("knowledge", "add", "x", "--url", gateway.url)
    assert result.code == 2
    assert says in result.err
    assert gateway.asked == []


def test_a_file_that_is_not_there_is_named(gateway: Any, run: Any) -> None:
    result = run("knowledge", "add", "nowhere.md", "--url", gateway.url)
    assert result.code == 4
    assert "nowhere.md: No such file" in result.err
