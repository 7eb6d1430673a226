"""`groundcrew silences` at the terminal: show, add, end."""

from datetime import timedelta
from typing import Any

import pytest

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.silences import Silence

NOW = SystemClock().now().replace(microsecond=0)


def silence(**changes: Any) -> Silence:
    plain = {
        "id": "5f0c4d2a9b7e4c1d8e3f6a7b8c9d0e1f",
        "kind": "maintenance",
        "targets": ["host:web-01", "rack:r7"],
        "rules": ["nic.*"],
        "starts_at": NOW - timedelta(minutes=5),
        "ends_at": NOW + timedelta(minutes=85),
        "why": "new firmware, ticket 4711",
        "by": "ada",
        "created_at": NOW,
    }
    return Silence(**(plain | changes))


@pytest.fixture
def sent(gateway: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def post(_query: Any, body: Any) -> tuple[int, Any]:
        found.append(body)
        return 200, silence().model_dump(mode="json")

    items = [silence().model_dump(mode="json")]
    gateway.reply("GET silences", lambda query, body: (200, {"items": items, "next": None}))
    gateway.reply("POST silences", post)
    ended = silence(ended_by="grace", ends_at=NOW).model_dump(mode="json")
    gateway.reply(f"DELETE silences/{silence().id}", lambda query, body: (200, ended))
    return found


def test_what_is_silenced_is_shown_with_who_and_why(run: Any, gateway: Any, sent: Any) -> None:
    result = run("silences", "--url", gateway.url)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].startswith("5f0c4d2a")
    assert "in force  maintenance of host:web-01, rack:r7" in lines[0]
    assert lines[1].strip() == "only nic.*"
    assert lines[2].endswith("UTC (1 h 30 min)")
    assert lines[3].strip() == "new firmware, ticket 4711 (by ada)"


def test_it_is_added_for_a_span(run: Any, gateway: Any, sent: list[dict[str, Any]]) -> None:
    words = [
        "host:web-01",
        "--for",
        "1d12h",
        "--why",
        "firmware",
        "--rule",
        "nic.*",
        "-m",
        "--from",
        "2026-03-04T22:00",
    ]
    assert run("silences", "add", *words, "--url", gateway.url).code == 0
    assert sent == [
        {
            "kind": "maintenance",
            "targets": ["host:web-01"],
            "rules": ["nic.*"],
            "duration_s": 129_600.0,
            "why": "firmware",
            "starts_at": "2026-03-04T22:00:00+00:00",
        }
    ]


@pytest.mark.parametrize("span", ["2", "h", "2x", "2h!", "-2h", ""])
def test_what_is_no_span_is_told(run: Any, gateway: Any, sent: list[dict[str, Any]], span: str) -> None:
    result = run("silences", "add", "all", f"--for={span}", "--why", "x", "--url", gateway.url)
    assert result.code == 2
    assert "is no span of time: expected e.g. 90m, 2h or 1d12h" in result.err
    assert sent == []


def test_it_is_ended_by_how_its_id_begins(run: Any, gateway: Any, sent: Any) -> None:
    result = run("silences", "end", "5f0c", "--url", gateway.url)
    assert (result.code, "ended by grace" in result.out) == (0, True)
    assert run("silences", "end", "ffff", "--url", gateway.url).code != 0
