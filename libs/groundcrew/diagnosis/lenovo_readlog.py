"""Event log records as IBM's and Lenovo's controllers print them on their command line: `readlog` of IMM and XCC.

A line has number, severity (I, W or E), source, time and the sentence of the message catalogue, mostly without its id.
Nothing raises.

Source of the form: Lenovo XClarity Controller and IBM Integrated Management Module II user's guides, readlog.
"""

import re

from groundcrew.diagnosis.message_records import of_message
from groundcrew.diagnosis.sel import SelRecord

_ROW = re.compile(
    r"\s*(?P<number>\d{1,6})\s+[IWE]\s+[A-Z][A-Za-z_-]{2,15}\s+(?P<date>\d{1,2}/\d{1,2}/(?:\d{4}|\d\d))[ ,]+"
    r"(?P<clock>\d\d?:\d\d:\d\d(?: ?[AP]M)?)\s+(?P<code>FQX[A-Z0-9]{8,10}[:\s]\s*)?(?P<said>\S.*?)\s*"
)

_CATALOGUE = "PLATFORM"
"""Stands for the id, so that rules for sentences of this catalogue (rules-redfish-platform.toml) see of which it is."""


def parse_readlog_row(line: str) -> SelRecord | None:
    """The record of one line; None where it is of another form."""
    if (row := _ROW.fullmatch(line)) is None:
        return None
    code = (row["code"] or _CATALOGUE).strip(" :\t")
    return of_message(int(row["number"]), (row["date"], row["clock"]), code, row["said"], None)
