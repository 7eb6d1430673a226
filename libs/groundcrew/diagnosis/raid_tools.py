"""States of drives, volumes and batteries out of what RAID controllers' tools print: storcli and perccli (JSON),
sas2ircu and sas3ircu (text). They become discrete sensors in the words of IPMI, so that one vocabulary judges them.

Sources: the legends that storcli prints below its tables; SAS-2 Integrated RAID Configuration Utility user guide,
DISPLAY command. Nothing raises.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from groundcrew.diagnosis.sensors import SensorRead

_DRIVE = {
    "failed": "Drive Fault", "ubad": "Drive Fault", "offln": "Drive Fault", "msng": "Drive Fault",
    "ubunsp": "Drive Fault", "rbld": "Rebuild In Progress", "fld": "Drive Fault", "mis": "Drive Fault",
}  # fmt: skip
_VOLUME = {
    "dgrd": "In Critical Array", "pdgd": "In Critical Array", "dgd": "In Critical Array", "ofln": "In Failed Array",
    "fld": "In Failed Array", "mis": "In Failed Array", "rbld": "Rebuild In Progress",
}  # fmt: skip
_ILL_BATTERY = frozenset({"failed", "degraded", "degraded(need attention)", "missing", "needs attention"})
_DETAILS = re.compile(r"Drive (/c\d+(?:/e\d+)?/s\d+) State")
_CODE = re.compile(r"\(([A-Z]{3,4})\)$")
MAX_DEPTH = 8


def parse_storcli(text: str) -> list[SensorRead] | None:
    """Of `storcli ... J` and `perccli ... J`; None where the text is no such document."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    controllers = document.get("Controllers") if isinstance(document, dict) else None
    if not isinstance(controllers, list):
        return None
    reads: list[SensorRead] = []
    for controller in controllers:
        answer = controller.get("Response Data") if isinstance(controller, dict) else None
        if isinstance(answer, dict):
            reads += _states(answer, 0)
    return reads


def _states(answer: Mapping[str, Any], depth: int) -> Iterator[SensorRead]:
    """Of all tables, however deep a version of the tool puts them."""
    for key, value in answer.items():
        if found := _DETAILS.fullmatch(key):
            yield from _details(found[1], value)
        elif isinstance(value, dict) and depth < MAX_DEPTH:
            yield from _states(value, depth + 1)
        elif isinstance(value, list):
            for row in value:
                if isinstance(row, dict):
                    yield from _row(key, row)


def _row(table: str, row: Mapping[str, Any]) -> Iterator[SensorRead]:
    state = str(row.get("State", "")).strip()
    if slot := row.get("EID:Slt"):
        yield _read(f"Drive {slot}", _DRIVE.get(state.lower(), ""))
    elif volume := row.get("DG/VD"):
        yield _read(f"VD {volume}", _VOLUME.get(state.lower(), ""))
    elif "cachevault" in table.lower() or "bbu" in table.lower():
        ill = state.lower() in _ILL_BATTERY
        yield SensorRead(f"RAID battery {row.get('Model', '')}".strip(), None, "Failed" if ill else "", "", "ok",
                         kind="Battery")  # fmt: skip


def _details(drive: str, value: Any) -> Iterator[SensorRead]:
    if isinstance(value, dict) and "S.M.A.R.T alert flagged by drive" in value:
        flagged = str(value["S.M.A.R.T alert flagged by drive"]).strip().lower() == "yes"
        yield _read(f"Drive {drive}", "Predictive Failure" if flagged else "")


def _read(name: str, state: str) -> SensorRead:
    return SensorRead(name, None, state, "", "ok", kind="Drive Slot / Bay")


def is_sas_ircu(lines: Sequence[str]) -> bool:
    """Whether this is what `sas2ircu N display` prints."""
    return any("IR Configuration Utility" in line for line in lines[:20])


def parse_sas_ircu(lines: Sequence[str]) -> list[SensorRead]:
    """Of `sas2ircu N display`; a device that is no hard disk or SSD says nothing."""
    reads: list[SensorRead] = []
    volume, enclosure, slot, drive = "", "", "", False
    for line in lines:
        text = line.strip()
        if text.startswith("IR volume "):
            volume = text.removeprefix("IR volume ")
        elif text.startswith("Device is a "):
            drive, enclosure, slot = "disk" in text.lower() or "ssd" in text.lower(), "", ""
        elif " : " in line or ": " in line:
            key, _, value = (part.strip() for part in line.partition(":"))
            code = _CODE.search(value)
            if key == "Enclosure #":
                enclosure = value
            elif key == "Slot #":
                slot = value
            elif key == "Status of volume" and code:
                reads.append(_read(f"VD {volume}", _VOLUME.get(code[1].lower(), "")))
            elif key == "State" and code and drive:
                reads.append(_read(f"Drive {enclosure}:{slot}", _DRIVE.get(code[1].lower(), "")))
    return reads
