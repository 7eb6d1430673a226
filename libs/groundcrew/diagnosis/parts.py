"""When two locators name the same part: the kernel, the BMC, the driver and the controller have names of their own."""

import re
from functools import lru_cache

_SEPARATORS = re.compile(r"[\s_\-]+")
_SUPPLY = re.compile(r"^(?:power supply|psu|ps)[\s_\-]?(\d+)\b.*$")
_SCSI_DISK = re.compile(r"^((?:sd|vd|xvd|hd)[a-z]+)\d*$")
_NVME = re.compile(r"^(nvme\d+)(?:n\d+)?(?:p\d+)?$")
_GPU = re.compile(r"^gpu\s*(?=[0-9a-f]{4}:)")
_DIMM = re.compile(r"^(?:dimm|slot)[\s_\-]*(?=[a-z0-9])")
_PORT = re.compile(
    r"^(?:mc\d+|ata\d+(?:\.\d+)?|dm\d+|mapper/.+|\d+:\d+:\d+:\d+"
    r"|(?:mpt\dsas|smartpqi|hpsa|megaraidsas|aacraid|pm80xx|mvsas)\S*)$"
)
"""What parts hang on: a memory controller, ATA port, mapped device, SCSI address, disk controller by its driver."""
_PCI = re.compile(r"^([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2})(?:\.[0-7])?$")

_SENSOR = re.compile(r"^((?:cpu|proc|processor)\d+)(?:temp(?:erature)?|status|dts\w*)$")
_PLACED = re.compile(r"^(?:(?:physical|array) )?disk \d+:(?:\d+:)?(\d+)\b")
"""Dell's storage manager: connector, enclosure and slot, or connector and slot."""
_BAY = re.compile(r"^(?:physical )?(?:drive|hdd|ssd|disk)(?: ?(?:slot|bay))?[\s_#\-]*0*(\d+)\b")
_DRIVE_OF_CONTROLLER = re.compile(r"^(?:pd )?[0-9a-f]+\(e(?:0x)?[0-9a-f]+/s(\d+)\)$|^(?:0x)?[0-9a-f]+:s?(\d+)$")

_NAMINGS = (
    ("index", re.compile(r"^gpu\d*$")),
    ("address", _PCI),
    ("edac", re.compile(r"^(?:mc#?\d|cpusrcid#|.*csrow#?\d|.*chan(?:nel)?#\d)")),
    ("bay", re.compile(r"^bay\d+$")),
    ("disk", re.compile(r"^(?:(?:sd|vd|xvd|hd)[a-z]+|nvme\d+)$")),
    ("socket", re.compile(r"^(?:[a-z]+://)?(?:127\.\d+\.\d+\.\d+|localhost|\[?::1\]?|unix)\b")),
)
"""Ways to name parts: EDAC's are of the memory controller (Documentation/admin-guide/ras.rst of the kernel), a BMC's of
the board, a driver counts, PCI has addresses, a backplane has bays; behind a socket of the host is a program of it."""

_PROGRAMS = {
    "mysqld": "mysql", "mariadb": "mysql", "mariadbd": "mysql", "mysqldsafe": "mysql",
    "postgresql": "postgres", "postmaster": "postgres",
    "apache2": "httpd", "crond": "cron", "ssh": "sshd", "dockerd": "docker", "rsyslogd": "rsyslog",
    "redisserver": "redis", "ntp": "ntpd", "chrony": "chronyd", "named": "bind9",
}  # fmt: skip
"""Programs by the name of their process or unit, as distributions differ in them."""

_KEYS_KEPT = 65_536


@lru_cache(maxsize=_KEYS_KEPT)
def part_key(component: str) -> str:
    """A locator reduced to what names the part: `/dev/sde1` and `sde`, `PS2 Status` and `Power Supply 2`, `DIMM A4` and
    `A4`, `GPU 0000:c3:00.0` and `0000:c3:00`, `PD 05(e0x20/s5)`, `Physical Disk 0:1:5` and `Drive 5`, `mysqld` and
    `mariadb.service` come out equal; empty stays empty."""
    text = component.strip().lower().removeprefix("/dev/")
    if match := _SUPPLY.match(text):
        return f"psu{match.group(1)}"
    if match := _PLACED.match(text) or _BAY.match(text) or _DRIVE_OF_CONTROLLER.match(text):
        return f"bay{int(next(filter(None, match.groups())))}"
    text = _DIMM.sub("", _GPU.sub("", text))
    for pattern in (_SCSI_DISK, _NVME, _PCI):
        if match := pattern.match(text):
            return match.group(1)
    key = _SENSOR.sub(r"\1", _SEPARATORS.sub("", text).removesuffix(".service"))
    return _PROGRAMS.get(key.partition("@")[0], key)


@lru_cache(maxsize=_KEYS_KEPT)
def names_part(component: str) -> str:
    """The part key of a locator that names one part; empty for the memory controller, ATA port, SCSI address or mapped
    device that parts hang on or below, which other evidence calls by another name."""
    key = part_key(component)
    return "" if _PORT.match(key) else key


def are_two_parts(one: str, other: str) -> bool:
    """Whether two part keys surely name two parts: not where one is blank, nor where they are of different ways to name
    parts, such as a GPU's index and an address, nor a folder and one below it, which may be of one file system."""
    return bool(one and other) and one != other and _naming(one) == _naming(other) and not _nested(one, other)


def _nested(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return shorter.startswith("/") and longer.startswith(shorter + "/")


@lru_cache(maxsize=_KEYS_KEPT)
def _naming(key: str) -> str:
    return next((name for name, pattern in _NAMINGS if pattern.match(key)), "name")
