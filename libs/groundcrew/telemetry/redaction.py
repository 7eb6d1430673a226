"""What must never reach a log line, a page or an error message."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

HIDDEN = "********"

_SECRET_KEY = re.compile(
    r"(^|_)(password|passwd|secret|token|api_key|authorization|cookie|credentials)$", re.IGNORECASE
)
_USERINFO = re.compile(r"://[^/\s@]+@")  # without the scheme: looking for one is quadratic in a long word
_BEARER = re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+|\bgck_[\w-]+")


def redact_text(text: str) -> str:
    """Hide the user part of URLs, bearer tokens and API keys inside a text."""
    text = _USERINFO.sub(f"://{HIDDEN}@", text)
    return _BEARER.sub(lambda match: (match.group(1) or "") + HIDDEN, text)


def redact(value: Any, key: str = "") -> Any:
    """A copy of plain data with every secret replaced; an empty secret stays empty, so that its absence shows."""
    if isinstance(value, SecretStr):
        return HIDDEN if value.get_secret_value() else ""
    if isinstance(value, Mapping):
        return {str(name): redact(item, str(name)) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact(item, key) for item in value]
    if isinstance(value, str):
        if _SECRET_KEY.search(key):
            return HIDDEN if value else ""
        return redact_text(value)
    return value
