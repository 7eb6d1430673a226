"""Nine real incidents, read from their logs: the cause that comes out against the cause that people found."""

import asyncio
import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from groundcrew_embedded.diagnosing.diagnosis import Named, diagnose

DATA = Path(os.environ.get("GROUNDCREW_DATA", Path(__file__).parents[4] / "shared" / "data")) / "host_incidents"
NOW_US = 1_790_000_000_000_000
MAPPING = tomllib.loads((Path(__file__).parent / "host_incidents.toml").read_text())
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="GROUNDCREW_DATA names no folder with host_incidents/")


def diagnosed(name: str) -> dict[str, Any]:
    return asyncio.run(diagnose([Named(str(DATA / name))], now_us=NOW_US))


def is_right(incident: dict[str, Any], label: dict[str, Any]) -> bool:
    known = MAPPING[label["root_cause"]]
    part = incident["cause"]["component"]
    return incident["cause"]["id"] in known["causes"] and any(
        part == one or part.startswith(one) for one in (*label["components"], *known.get("parts", ()))
    )


@needs_data
def test_the_first_incident_names_what_people_found_in_eight_of_nine() -> None:
    labels = [json.loads(line) for line in (DATA / "labels.jsonl").read_text().splitlines()]
    first, any_of_them = [], []
    for label in labels:
        incidents = diagnosed(label["file"])["incidents"]
        if incidents and is_right(incidents[0], label):
            first.append(label["file"])
        if any(is_right(one, label) for one in incidents):
            any_of_them.append(label["file"])
    assert len(labels) == 9
    assert len(first) >= 8, f"right: {first}"
    assert len(any_of_them) == 9, f"right: {any_of_them}"
