"""What tools print of the present state, as what the collectors would have sent: event log records and sensor readings
of BMCs and RAID controllers, samples of drives, GPUs and arrays."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

import orjson

from groundcrew.diagnosis import nvidia_smi, smart
from groundcrew.diagnosis.conditions import in_time
from groundcrew.diagnosis.discrete import events_of
from groundcrew.diagnosis.facts import judged
from groundcrew.diagnosis.listings import Listing, read_listing
from groundcrew.diagnosis.nvidia_smi_text import is_query, parse_text
from groundcrew.diagnosis.samples import Sample
from groundcrew.diagnosis.sel import SelRecord
from groundcrew.diagnosis.sensors import SensorRead
from groundcrew.diagnosis.smart_text import documents_of
from groundcrew_embedded.diagnosing.opening import Unusable

MAX_TEXT_BYTES = 64 * 2**20
"""No tool prints so much of one machine's state."""

_DEVICE = re.compile(
    r"(?:^|[._-])(?:dev[._-])?(sd[a-z]{1,3}|nvme\d{1,3}(?:n\d{1,3})?|hd[a-z]|sg\d{1,3}|bus[._-]\d+)(?=[._-]|$)"
)
_ARRAY = re.compile(r"^(md\w{1,20}) : (active|inactive)\b(.*)$")
_MEMBERS = re.compile(r"\[(\d{1,4})/(\d{1,4})\] \[[U_]+\]")


def listing_of(name: str, text: str) -> Listing:
    """Raises Unusable where nothing of it is an event log, sensors or a controller's tables."""
    listing = read_listing(text)
    if not listing.kinds and text.strip():
        msg = (
            f"{name}: no event log and no sensor listing; expected what `ipmitool sel list`, `sdr elist`, `sensor`, "
            "`ipmi-sel`, `ipmi-sensors`, `ipmicfg -sel list`, `racadm getsel`, `racadm lclog view`, `omreport system "
            "esmlog`, `sum -c GetEventLog`, `fmadm faulty`, `readlog`, `storcli ... J` or `sas2ircu N display` print, "
            "or log entries of Redfish as JSON"
        )
        raise Unusable(msg)
    return listing


def records_of(listing: Listing) -> list[SelRecord]:
    """The log's records, the oldest first."""
    return in_time(listing.records)


def shown_by(reads: Sequence[SensorRead]) -> Iterator[SelRecord]:
    """States of discrete sensors, as the records that told them; they stand now."""
    number = 0
    for read in reads:
        for sensor, event in events_of(read):
            number += 1
            yield SelRecord(number, None, "", sensor, event, True, f"{sensor} | {event} | Asserted")


def out_of_range(reads: Sequence[SensorRead]) -> Iterator[tuple[str, float | None, str, str]]:
    """(sensor, value, unit, status) of readings, with the status that their good thresholds give them."""
    for read in reads:
        status, _ = judged(read)
        if read.value is not None and status != "ns":
            yield read.sensor, read.value, read.unit, status


def smart_samples(name: str, text: str) -> tuple[list[Sample], str]:
    """Samples of drives, and a sentence on those that told nothing. Raises Unusable."""
    fallback = _device_of(name)
    found: list[Sample] = []
    silent: list[str] = []
    documents = _smart_documents(name, text)
    for number, (named, document) in enumerate(documents):
        device = smart.Device(named or fallback or (f"drive {number + 1}" if len(documents) > 1 else "drive"), "auto")
        report = smart.report_of_document(device, document)
        found += report.samples
        if report.state != "read":
            silent.append(f"{device.name}: {report.problem or report.state}")
    if not documents:
        msg = f"{name}: expected what `smartctl -a`, `-x` or `-j -a` print"
        raise Unusable(msg)
    return found, "; ".join(silent)[:200]


def _smart_documents(name: str, text: str) -> list[tuple[str, dict[str, object]]]:
    if not text.lstrip().startswith("{"):
        return list(documents_of(text))
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        msg = f"{name}: it is no whole JSON of `smartctl -j` ({error})"
        raise Unusable(msg) from None
    device = document.get("device") if isinstance(document, dict) else None
    named = device.get("name") if isinstance(device, dict) else None
    return [(named if isinstance(named, str) else "", document)] if isinstance(document, dict) else []


def _device_of(name: str) -> str:
    """Of `smartctl_-a_.dev.sda`, as sos names such files."""
    found = _DEVICE.findall(PurePath(name).name)
    return found[-1] if found else ""


def nvidia_samples(name: str, text: str) -> list[Sample]:
    """Of `nvidia-smi -q`, with `-x` or without. Raises Unusable."""
    try:
        driver, gpus = parse_text(text) if is_query(text[:4_000]) else nvidia_smi.parse(text.encode())
    except nvidia_smi.Unreadable as error:
        msg = f"{name}: {error}"
        raise Unusable(msg) from None
    return [sample for gpu in gpus for sample in (nvidia_smi.identity_of(gpu, driver), *nvidia_smi.samples_of(gpu))]


def array_samples(text: str) -> list[Sample]:
    """Of `/proc/mdstat`: members that an array misses. Source: md_seq_show of the kernel's drivers/md/md.c."""
    found: list[Sample] = []
    array = ""
    for line in text.splitlines():
        if begun := _ARRAY.match(line):
            array = begun[1]
            if begun[2] == "inactive":
                found.append(Sample("md_degraded_disks", 1.0, "", (("device", array),)))
        elif array and (members := _MEMBERS.search(line)):
            missing = max(0, int(members[1]) - int(members[2]))
            found.append(Sample("md_degraded_disks", float(missing), "", (("device", array),)))
            array = ""
    return found
