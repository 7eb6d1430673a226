"""Event log records and sensor readings out of what freeipmi's `ipmi-sel` and `ipmi-sensors` print.

Columns are as the heading names them, so that any choice of options is read (states, thresholds, no types, quiet
readings); without a heading, as the row's own shape tells. Words of freeipmi for sensor types become ipmitool's, so
that one vocabulary holds for both. Record ids are decimal here. Nothing raises.

Source of the forms: freeipmi ipmi-sel/ipmi-sel.c, _normal_output and _legacy_normal_output;
ipmi-sensors/ipmi-sensors-simple-output.c and -detailed-output.c.
"""

import re
from collections.abc import Iterator, Sequence

from groundcrew.diagnosis.freeipmi_states import holds
from groundcrew.diagnosis.sel import SelRecord, sel_time, split_pair
from groundcrew.diagnosis.sensors import SensorRead, Thresholds

_TYPES = {
    "platform security violation attempt": "Platform Security", "other units based sensor": "Other",
    "drive slot": "Drive Slot / Bay", "system firmware progress": "System Firmwares", "watchdog 1": "Watchdog1",
    "watchdog 2": "Watchdog2", "button/switch": "Button", "module/board": "Module / Board",
    "microcontroller/coprocessor": "Microcontroller", "add in card": "Add-in Card", "other fru": "Other FRU",
    "cable/interconnect": "Cable / Interconnect", "slot/connector": "Slot / Connector",
    "monitor asic/ic": "Monitor ASIC", "management subsystem health": "Management Subsys Health",
    "oem reserved": "Unknown",
}  # fmt: skip
_NAMES = {
    "record id": "id", "sensor name": "name", "sensor group": "type", "sensor type": "type",
    "monitoring status": "state", "sensor units": "units", "sensor reading": "reading",
}  # fmt: skip
_DIRECTIONS = {"assertion event": True, "deassertion event": False}
_DATE = re.compile(r"[A-Z][a-z]{2}-\d{1,2}-\d{4}|\d{1,2}-[A-Z][a-z]{2}-\d{4}|PostInit|N/A", re.IGNORECASE)
_LEGACY = re.compile(r"(\d{1,6}):(\d{1,2}-[A-Z][a-z]{2}-\d{4}) (\d{2}:\d{2}:\d{2}):([^:]*):(.*)")
_LEGACY_SENSOR = re.compile(r"(\d{1,6}): (.+?) \(([^()]+)\): (?:(\S+) (\S+) \((\S+)/(\S+)\): )?(\[.*\])")
_UNKNOWN = re.compile(r"Sensor #(\d{1,3})")
_QUOTED = re.compile(r"'([^']*)'|\[([^\]]*)\]")
_LIMIT = re.compile(
    r"At or (Below|Above) \([<>]=\) (?:Lower|Upper) (Non-Critical|Critical|Non-Recoverable)", re.IGNORECASE
)
_LEVELS = {"non-critical": "nc", "critical": "cr", "non-recoverable": "nr"}
_FLOAT = re.compile(r"-?\d{1,12}(?:\.\d{1,9})?")


def heading(line: str) -> list[str] | None:
    """The names of columns, lower case, where the line is a heading of either tool."""
    names = [column.lower() for column in _split(line)]
    if len(names) < 3 or names[0] not in {"id", "record id"}:
        return None
    return [_NAMES.get(name, name) for name in names]


def _split(line: str) -> list[str]:
    return [column.strip() for column in line.split("|" if "|" in line else ",")]


def _fitted(columns: list[str], names: Sequence[str], line: str) -> dict[str, str] | None:
    """Columns by name; what is left over belongs to the last, which is the event and may hold any character."""
    if len(columns) < len(names) or not columns[0].isdigit() or not columns[0].isascii() or len(columns[0]) > 9:
        return None
    joint = " | " if "|" in line else ", "
    return dict(zip(names, [*columns[: len(names) - 1], joint.join(columns[len(names) - 1 :])], strict=True))


def parse_sel_row(line: str, names: Sequence[str] | None) -> SelRecord | None:
    """A record of `ipmi-sel`; None where the line is none."""
    if found := _LEGACY.fullmatch(line.strip()):
        row = {"id": found[1], "date": found[2], "time": found[3], "name": found[4].strip(), "event": found[5]}
        return _record(row)
    columns = _split(line)
    if names is None or "date" not in names:
        if len(columns) < 5 or not _DATE.fullmatch(columns[1]):
            return None
        names = _guessed(columns)
    row_or_none = _fitted(columns, names, line)
    if row_or_none is None or not _DATE.fullmatch(row_or_none.get("date", "")):
        return None
    return _record(row_or_none)


def _guessed(columns: Sequence[str]) -> list[str]:
    """The columns of `--no-header-output`: what may stand between name and event tells itself apart."""
    names = ["id", "date", "time", "name"]
    for column in columns[4:-1]:
        if column.lower() in _DIRECTIONS:
            names.append("event direction")
        elif column.lower() in {"nominal", "warning", "critical"}:
            names.append("state")
        elif len(names) == 4:
            names.append("type")
        else:
            break
    return [*names, "event"]


def _record(row: dict[str, str]) -> SelRecord:
    sensor, event = sensor_words(row.get("type", ""), row.get("name", "")), row.get("event", "")
    asserted = _DIRECTIONS.get(row.get("event direction", "").lower())
    if "event direction" not in row and "state" in row:
        asserted = holds(event, row["state"])
    date, clock = row["date"], row.get("time", "")
    direction = {True: "Asserted", False: "Deasserted", None: ""}[asserted]
    source_time = f"{date} {clock}" if date.lower() not in {"postinit", "n/a"} else date
    text = " | ".join(part for part in (sensor, event, direction) if part)
    event = "" if event == "N/A" else event.strip('"')
    return SelRecord(int(row["id"]), sel_time(date, clock), source_time, sensor, event, asserted, text)


def sensor_words(kind: str, name: str) -> str:
    """`Power Supply PS2 Status`, in ipmitool's words."""
    kind = _TYPES.get(kind.lower(), "" if kind == "N/A" else kind)
    if found := _UNKNOWN.fullmatch(name):
        name = f"#0x{int(found[1]):02x}"
    elif name == "N/A" or name.lower() == kind.lower():
        name = ""
    return f"{kind} {name}".strip()


def parse_sensor_row(line: str, names: Sequence[str] | None) -> SensorRead | None:
    """A reading of `ipmi-sensors`; None where the line is none."""
    if found := _LEGACY_SENSOR.fullmatch(line.strip()):
        row = {"name": found[2], "type": found[3], "reading": found[4] or "", "units": found[5] or "",
               "lower c": found[6] or "", "upper c": found[7] or "", "event": found[8]}  # fmt: skip
        return _reading(row)
    columns = _split(line)
    if names is None or "date" in names:
        if len(columns) < 4 or not _QUOTED.match(columns[-1]):
            return None
        names = ["id", "name", "type", *_between(columns), "event"]
    row_or_none = _fitted(columns, names, line)
    return _reading(row_or_none) if row_or_none is not None and "name" in row_or_none else None


def _between(columns: Sequence[str]) -> list[str]:
    """The columns between type and event, by their number."""
    return {4: [], 5: ["state"], 6: ["reading", "units"], 7: ["state", "reading", "units"]}.get(
        len(columns), ["reading", "units"]
    )


def _reading(row: dict[str, str]) -> SensorRead:
    """What the event says counts; a state column that says Nominal beside it does not."""
    said = [quoted or bracketed for quoted, bracketed in _QUOTED.findall(row.get("event", ""))] or [
        row.get("event", row.get("reading", ""))
    ]
    limits = [found for text in said if (found := _LIMIT.match(text))]
    value, kind = _float(row.get("reading", "")), row.get("type", "")
    states = ", ".join(
        text for text in said if text.lower() not in {"ok", "n/a", "unknown", ""} and not _LIMIT.match(text)
    )
    status, side = "ok" if value is not None or states else "ns", ""
    for found in limits:
        level = _LEVELS[found[2].lower()]
        status = max(status, level, key=("ns", "ok", "nc", "cr", "nr").index)
        side = "lower" if found[1].lower() == "below" else "upper"
    low, high = (
        (_float(row.get(f"{word} nc", "")), _float(row.get(f"{word} c", "")), _float(row.get(f"{word} nr", "")))
        for word in ("lower", "upper")
    )
    unit = row.get("units", "")
    return SensorRead(
        row["name"], value, states, "" if unit == "N/A" else unit, status, side,
        _TYPES.get(kind.lower(), "" if kind == "N/A" else kind), "", Thresholds(low, high),
    )  # fmt: skip


def _float(text: str) -> float | None:
    return float(text) if _FLOAT.fullmatch(text) else None


def parse_sensor_blocks(lines: Sequence[str]) -> Iterator[tuple[range, SensorRead]]:
    """Readings of `ipmi-sensors -v`, with the lines that each takes; a 'Record ID' line begins one."""
    begun, block = 0, dict[str, str]()
    for number, line in enumerate(lines):
        if (found := split_pair(line)) is None or "|" in line:
            continue
        if found[0] == "Record ID":
            if read := _verbose(block):
                yield range(begun, number), read
            begun, block = number, {}
        elif not block:
            continue
        block.setdefault(found[0].lower(), found[1])
    if read := _verbose(block):
        yield range(begun, len(lines)), read


def _verbose(block: dict[str, str]) -> SensorRead | None:
    name = block.get("id string") or block.get("sensor name")
    if not name:
        return None
    value, _, units = block.get("sensor reading", "").partition(" ")
    row = {"name": name, "type": block.get("sensor type", "").partition(" (")[0], "reading": value, "units": units,
           "event": block.get("sensor event", "")}  # fmt: skip
    for word in ("lower", "upper"):
        for short, level in (("nc", "non-critical"), ("c", "critical"), ("nr", "non-recoverable")):
            row[f"{word} {short}"] = block.get(f"{word} {level} threshold", "").partition(" ")[0]
    return _reading(row)
