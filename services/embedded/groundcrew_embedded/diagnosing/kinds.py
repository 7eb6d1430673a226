"""What a file is, by what it begins with. Names of files say nothing: people rename them."""

import re
from enum import StrEnum

from groundcrew.diagnosis.listings import read_listing
from groundcrew.diagnosis.nvidia_smi_text import is_query
from groundcrew.diagnosis.smart_text import is_smartctl

HEAD_BYTES = 64 * 1024
"""So much of a file is looked at to tell what it is."""


class Kind(StrEnum):
    """The values are those of `--kind`."""

    LOG = "log"
    JOURNAL_JSON = "journal-json"
    JOURNAL_EXPORT = "journal-export"
    JOURNAL = "journal"
    BMC = "bmc"
    SMARTCTL = "smartctl"
    NVIDIA_SMI = "nvidia-smi"
    MDSTAT = "mdstat"


SAID = {
    Kind.LOG: "log",
    Kind.JOURNAL_JSON: "journal (JSON)",
    Kind.JOURNAL_EXPORT: "journal (export format)",
    Kind.JOURNAL: "journal file",
    Kind.BMC: "event log or sensors",
    Kind.SMARTCTL: "smartctl",
    Kind.NVIDIA_SMI: "nvidia-smi",
    Kind.MDSTAT: "mdstat",
}
"""In words, for people."""

_EXPORT = re.compile(rb"(?:[A-Z_][A-Z0-9_]{0,63}[=\n].*\n?){0,30}?__REALTIME_TIMESTAMP=\d{1,17}\n")
_JSON_ENTRY = re.compile(rb'\s*\{[^\n]{0,60000}"__REALTIME_TIMESTAMP"')
_SMART_JSON = re.compile(rb'\s*\{\s*"json_format_version"|\s*\{[^\0]{0,4000}"smartctl"\s*:\s*\{')
_CONTROLLERS = re.compile(rb'\s*\{\s*"Controllers"\s*:')
_REDFISH = re.compile(rb'\s*[\[{][^\0]{0,4000}?"@odata\.type"\s*:\s*"#LogEntry')
"""A collection of log entries may be one line that is longer than what is looked at."""
_MDSTAT = re.compile(r"(?m)^Personalities :")
_LISTED = 0.5
"""Share of a listing's lines that must be records or readings, so that a log with a few '|' is none."""


def recognise(head: bytes) -> Kind | None:
    """The kind of a file that begins with these bytes; None where it is no text that we read."""
    if head.startswith(b"LPKSHHRH"):
        return Kind.JOURNAL
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return of_text(head.decode("utf-16", "replace"))
    if _EXPORT.match(head):  # it may hold binary values
        return Kind.JOURNAL_EXPORT
    if _is_binary(head):
        return None
    if _JSON_ENTRY.match(head):
        return Kind.JOURNAL_JSON
    if _SMART_JSON.match(head):
        return Kind.SMARTCTL
    if _CONTROLLERS.match(head) or _REDFISH.match(head):
        return Kind.BMC
    return of_text(head.decode("utf-8", "replace"))


def of_text(head: str) -> Kind:
    """The kind of a text; what is nothing else is a log."""
    if is_smartctl(head):
        return Kind.SMARTCTL
    if "<nvidia_smi_log" in head[:2_000] or is_query(head[:2_000]):
        return Kind.NVIDIA_SMI
    if _MDSTAT.search(head[:2_000]):
        return Kind.MDSTAT
    lines = [line for line in head.splitlines()[:400] if line.strip()]
    listing = read_listing("\n".join(lines))
    taken = len(lines) - listing.unparsed_count
    if listing.kinds and (listing.records or listing.readings or listing.passed) and taken >= _LISTED * len(lines):
        return Kind.BMC
    return Kind.LOG


def _is_binary(head: bytes) -> bool:
    """Whether that is no text: NULs or control characters that no log has, more than now and then."""
    odd = sum(head.count(byte) for byte in (b"\0", b"\1", b"\2", b"\3", b"\4", b"\5", b"\6", b"\x0e", b"\x0f"))
    return odd > len(head) // 100 + (1 if len(head) < 100 else 0)
