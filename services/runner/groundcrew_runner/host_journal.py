"""Writes to the host's own journal why something was done, so that whoever reads the host's log finds the incident."""

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from structlog.typing import FilteringBoundLogger

IDENTIFIER = "groundcrew-runner"
JOURNALD = Path("/run/systemd/journal/socket")
SYSLOG = Path("/dev/log")
_NOTICE = 5
_USER = 1
_TIMEOUT_S = 1.0


class HostJournal:
    """journald where it runs, else syslog, else our own log. Never holds an action up."""

    def __init__(self, log: FilteringBoundLogger, *, journald: Path = JOURNALD, syslog: Path = SYSLOG) -> None:
        self._log = log
        self._journald = journald
        self._syslog = syslog

    def write(self, message: str, fields: Mapping[str, str]) -> str:
        """Returns where it went: 'journal', 'syslog' or 'own log'."""
        line = " ".join(message.split())[:1000]
        facts = {name: " ".join(value.split())[:200] for name, value in fields.items() if value}
        native = [f"MESSAGE={line}", f"PRIORITY={_NOTICE}", f"SYSLOG_IDENTIFIER={IDENTIFIER}"]
        native += [f"GROUNDCREW_{name.upper()}={value}" for name, value in facts.items()]
        if self._send(self._journald, native):
            return "journal"
        if self._send(self._syslog, [f"<{8 * _USER + _NOTICE}>{IDENTIFIER}: {line}"], end=""):
            return "syslog"
        self._log.info("host journal", note=line, **facts)
        return "own log"

    def _send(self, path: Path, lines: Sequence[str], end: str = "\n") -> bool:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_TIMEOUT_S)
                sender.sendto(("\n".join(lines) + end).encode(), str(path))
        except OSError:
            return False
        return True
