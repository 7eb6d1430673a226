"""Holds what a replay printed against a scenario's answer.toml."""

import re
import tomllib
from pathlib import Path
from typing import Any

SAME_ACTION = {"cable.replace", "disk.replace", "fan.replace", "gpu.replace", "nvme.replace"}
"""A replacement is proposed as a ticket's content."""


def locator(text: str) -> str:
    """Locators are compared without case, spaces, '_' and '-'."""
    return re.sub(r"[\s_-]", "", text).lower()


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def mismatches(folder: Path, printed: dict[str, Any]) -> list[str]:
    """What is wrong, one sentence each; empty where the replay gave the known answer."""
    answer = tomllib.loads((folder / "answer.toml").read_text())
    wrong = []
    if len(printed["incidents"]) != answer["incidents"]:
        said = [f"{i['cause']['id']} on {i['hosts']}" for i in printed["incidents"]]
        wrong.append(f"{len(said)} incidents instead of {answer['incidents']}: {said}")
    left = list(printed["incidents"])
    for expected in answer.get("incident", []):
        found = next((i for i in left if i["hosts"] == sorted(expected["hosts"])), None)
        if found is None:
            wrong.append(f"no incident on {expected['hosts']}")
            continue
        left.remove(found)
        wrong += _differences(expected, found)
    return wrong


def _differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    wrong = []
    cause = found["cause"]
    if found["severity"] != expected["severity"]:
        wrong.append(f"severity {found['severity']} instead of {expected['severity']}")
    if cause["id"] not in _list(expected["cause"]):
        wrong.append(f"cause {cause['id']} instead of {expected['cause']}")
    if cause["component_class"] not in _list(expected["component_class"]):
        wrong.append(f"class {cause['component_class']} instead of {expected['component_class']}")
    if locator(cause["component"]) not in {locator(name) for name in expected["component"]}:
        wrong.append(f"component {cause['component']!r} instead of one of {expected['component']}")
    texts = [one["text"] for one in found["evidence"]]
    wrong += [f"no evidence cites {text!r}" for text in expected["evidence"] if not any(text in one for one in texts)]
    kinds = {action["kind"] for action in found["actions"]}
    if not kinds & set(expected.get("actions", kinds)):
        wrong.append(f"actions {sorted(kinds)}: none of {expected['actions']}")
    wrong += [f"action {kind} was proposed" for kind in expected.get("never", []) if kind in kinds]
    return wrong
