"""Lines that are one JSON object: zap, logrus, bunyan, PostgreSQL, MongoDB, Docker's files, `journalctl -o json`."""

import json
from dataclasses import dataclass
from typing import Any

MAX_TEXT = 65_536
"""Characters of an object that is still read; a longer one stays as it is."""

_MESSAGES = ("MESSAGE", "msg", "message", "log", "error")
_LEVELS = ("PRIORITY", "level", "severity", "error_severity", "lvl", "levelname", "log.level", "s")
_TIMES = ("__REALTIME_TIMESTAMP", "time", "ts", "timestamp", "@timestamp", "t")
_NAMES = ("SYSLOG_IDENTIFIER", "_COMM")


@dataclass(frozen=True, slots=True)
class JsonLine:
    """What an object says: its message with the fields that are left over, `key=value` each."""

    message: str
    level: str
    identifier: str
    time: str


def read_json(text: str) -> JsonLine | None:
    """The line that an object stands for; None where the text is none, or has no message. Never raises."""
    if not text.startswith("{") or len(text) > MAX_TEXT or not text.rstrip().endswith("}"):
        return None
    try:
        fields = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    message_key = next((key for key in _MESSAGES if isinstance(fields.get(key), str) and fields[key]), None)
    if message_key is None:
        return None
    level_key, time_key, name_key = (_first(fields, keys) for keys in (_LEVELS, _TIMES, _NAMES))
    message = str(fields[message_key]).rstrip("\n")
    left = {message_key, level_key, time_key, name_key, "stream"}
    journal = message_key == "MESSAGE"  # journald's other fields are its own, not the program's
    rest = [] if journal else [f"{key}={_shown(value)}" for key, value in fields.items() if key not in left]
    told = _storable(" ".join([message, *rest]))
    if len(told) > len(text):
        return None
    name = fields[name_key] if name_key else ""
    return JsonLine(
        message=told,
        level=_plain(fields, level_key),
        identifier=_storable(name[:64]) if isinstance(name, str) else "",
        time=_plain(fields, time_key),
    )


def _first(fields: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if key in fields), None)


def _plain(fields: dict[str, Any], key: str | None) -> str:
    """The text of a field, also of MongoDB's `{"$date": ...}`; empty for anything else."""
    value = fields.get(key) if key else None
    if isinstance(value, dict):
        value = value.get("$date")
    return value if isinstance(value, str) else ""


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _storable(text: str) -> str:
    """Escapes can write what no database stores: NUL and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
