"""Entries of an iLO's logs as HPE's `ilorest serverlogs` prints them without `--json`: a property in each line, those
of an object further in, an empty line behind each entry. Nothing raises.

Source of the form: HPE python-redfish-utility, how it prints resources for people.
"""

import re
from collections.abc import Sequence
from typing import Any

from groundcrew.diagnosis.redfish_listing import record_of
from groundcrew.diagnosis.redfish_log import parse_entry
from groundcrew.diagnosis.sel import SelRecord

_FIRST = re.compile(r'"?(?:@odata\.\w+|Created|Id)"?=.*')
_PAIR = re.compile(r'(?P<indent> *)"?(?P<key>[@A-Z][\w.@#-]{0,60})"?=(?P<value>.*?)\s*')
_BOOLEANS = {"true": True, "false": False}
_MAX_LINES = 80
_MAX_DEPTH = 8


def parse_ilorest_block(lines: Sequence[str], begin: int) -> tuple[str, range, SelRecord] | None:
    """The tool, the lines and the record of the entry that begins here; None where none does."""
    if _FIRST.fullmatch(lines[begin]) is None:
        return None
    entry: dict[str, Any] = {}
    open_: list[tuple[int, dict[str, Any]]] = [(-1, entry)]
    end = begin
    while end < min(len(lines), begin + _MAX_LINES) and (pair := _PAIR.fullmatch(lines[end])):
        indent = len(pair["indent"])
        while indent <= open_[-1][0]:
            open_.pop()
        inside, value = open_[-1][1], pair["value"]
        if not indent and pair["key"] in entry:
            break  # the next entry, where the empty line between was lost
        if value or len(open_) >= _MAX_DEPTH:
            inside.setdefault(pair["key"], _BOOLEANS.get(value.lower(), value.strip('"')))
        else:
            below: dict[str, Any] = {}
            inside.setdefault(pair["key"], below)
            open_.append((indent, below))
        end += 1
    if not entry.get("Message") or not entry.get("Created"):
        return None
    parsed = parse_entry(entry)
    return None if parsed is None else ("ilorest serverlogs", range(begin, end), record_of(parsed))
