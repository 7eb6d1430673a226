"""What chat pages ask besides the user's question: a title, tags, follow-ups, search terms. They are answered here, out
of what was sent: they cost neither a model nor a look at the fleet."""

import re
from collections.abc import Sequence

import orjson

from groundcrew_gateway.v1.chats import ChatMessage

MAX_TITLE = 60

_TASK = re.compile(r"^\s*(?:#+\s*task:|provide a concise|(?:generate|create) a (?:concise|short|brief))", re.IGNORECASE)
_TITLE = re.compile(r"\btitle\b", re.IGNORECASE)
_TAGS = re.compile(r"\btags?\b", re.IGNORECASE)
_FOLLOW_UPS = re.compile(r"\bfollow[- ]?ups?\b", re.IGNORECASE)
_QUERIES = re.compile(r"\b(?:search )?quer(?:y|ies)\b", re.IGNORECASE)
_JSON = re.compile(r"\bjson\b", re.IGNORECASE)
_FIRST_USER = re.compile(r"^\s*(?:USER|User|user|Human)\s*:\s*(.+)$", re.MULTILINE)
_FOLLOW = ["What should I do?", "Why did it happen?", "What changed since yesterday?"]


def side_answer(messages: Sequence[ChatMessage]) -> str | None:
    """The answer to such a request; None where it is none, so a question of the user's own."""
    text = messages[-1].words()
    if not _TASK.match(text):
        return None
    asked = text[:600]
    as_json = bool(_JSON.search(text))
    if _FOLLOW_UPS.search(asked):
        return orjson.dumps({"follow_ups": _FOLLOW}).decode()
    if _TAGS.search(asked) and not _TITLE.search(asked):
        return orjson.dumps({"tags": ["Servers"]}).decode()
    if _TITLE.search(asked):
        title = _title(messages, text)
        return orjson.dumps({"title": title}).decode() if as_json else title
    if _QUERIES.search(asked):
        return orjson.dumps({"queries": []}).decode()
    return None


def _title(messages: Sequence[ChatMessage], task: str) -> str:
    """The user's first words."""
    quoted = _FIRST_USER.search(task)
    earlier = next((one.words() for one in messages[:-1] if one.role == "user"), "")
    flat = " ".join((quoted[1] if quoted else earlier).split()) or "Servers"
    return flat if len(flat) <= MAX_TITLE else f"{flat[: MAX_TITLE - 1]}…"
