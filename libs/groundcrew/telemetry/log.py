"""JSON lines on standard output: `ts level event service site ...`, with the correlation ids of the message at hand."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from groundcrew.contracts.clock import Clock
from groundcrew.contracts.envelope import Envelope
from groundcrew.telemetry.redaction import redact

MAX_TEXT = 4_096
"""Characters of one value in a log line; what machines write can be of any length."""

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_FIRST = ("ts", "level", "event", "service", "site")


def new_log(
    service: str, site: str, *, clock: Clock, level: str = "info", stream: TextIO | None = None
) -> FilteringBoundLogger:
    """A logger of its own, bound to service and site. Writes whole lines, so that processes can share the stream."""

    def stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["ts"] = clock.now().isoformat(timespec="microseconds")
        return event

    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(stream or sys.stdout),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.ExceptionRenderer(),
            stamp,
            _line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        cache_logger_on_first_use=True,
    ).bind(service=service, site=site)
    return logger


def _line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    ordered = {key: event.pop(key) for key in _FIRST if key in event}
    safe = _bounded(redact(ordered | dict(event)))
    return orjson.dumps(safe, default=lambda value: str(redact(str(value)))[:MAX_TEXT]).decode()


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + f"... ({len(value)} characters)"
    if isinstance(value, dict):
        return {key: _bounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_bounded(item) for item in value]
    return value


@contextmanager
def correlated(envelope: Envelope[Any]) -> Iterator[None]:
    """Bind the ids of a message to every log line written while it is handled."""
    with structlog.contextvars.bound_contextvars(
        correlation_id=envelope.correlation_id, message_id=envelope.id, message_type=envelope.type
    ):
        yield


class _Forward(logging.Handler):
    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        details = {"exception": str(record.exc_info[1])} if record.exc_info and record.exc_info[1] else {}
        self._log.log(record.levelno, record.getMessage(), logger=record.name, **details)


def capture_standard_logging(log: FilteringBoundLogger, level: str = "info") -> None:
    """Send what libraries log through `logging` (uvicorn, the database pool) down the same JSON stream.

    Called once per process, by whoever owns it. Libraries report from warning upwards unless we debug.
    """
    root = logging.getLogger()
    root.handlers = [_Forward(log)]
    root.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
