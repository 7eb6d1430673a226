"""Names of systemd units: which are well formed, and which nothing of ours may ever touch."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

SERVICE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:.@\\-]{0,199}\.service")
"""A service unit with its suffix. systemd allows a leading '-' (the root mount); we never do, it reads as an option."""

PROTECTED_UNITS: tuple[str, ...] = (
    "systemd-*",
    "dbus*",
    "init*",
    "ssh*",
    "network*",
    "NetworkManager*",
    "wpa_supplicant*",
    "dhcpcd*",
    "polkit*",
    "getty*",
    "serial-getty*",
    "console-getty*",
    "user@*",
    "user-runtime-dir@*",
    "emergency*",
    "rescue*",
    "auditd*",
    "groundcrew*",
)
"""Shell patterns of units whose loss cuts off the host or ourselves. A site may add to them, never take away."""


def protected_by(unit: str, extra: Iterable[str] = ()) -> str | None:
    """The pattern that protects this unit, None where none does. Case does not matter: a near miss is protected."""
    name = unit.lower()
    return next((pattern for pattern in (*PROTECTED_UNITS, *extra) if fnmatchcase(name, pattern.lower())), None)
