"""systemd's service units, as `systemctl` lists them."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import orjson

from groundcrew_host_collector.process import output_of
from groundcrew_host_collector.settings import Switch
from groundcrew_host_collector.source import SourceAbsent, SourceFailed

MAX_UNITS = 1_900
_TIMEOUT_S = 20
_MAX_BYTES = 8 * 1024 * 1024
_SHOWN_AT_ONCE = 200  # keeps the argument list far below the kernel's limit


@dataclass(frozen=True, slots=True)
class Unit:
    name: str
    load: str
    active: str
    sub: str
    result: str = ""
    restarts: int | None = None


class Units:
    """Asks systemctl, found on `path` (folders joined by ':')."""

    def __init__(self, *, path: str, wanted: Switch, booted: Path = Path("/run/systemd/system")) -> None:
        self._path = path
        self._wanted = wanted
        self._booted = booted

    def program(self) -> str:
        """Where systemctl is. Raises SourceAbsent."""
        if self._wanted == "auto" and not self._booted.is_dir():
            msg = f"systemd is not the init of this machine (there is no {self._booted})"
            raise SourceAbsent(msg)
        program = shutil.which("systemctl", path=self._path)
        if program is None:
            msg = f"there is no systemctl in {self._path}"
            raise SourceAbsent(msg)
        return os.path.abspath(program)  # noqa: PTH100 - no symlink may be followed: systemctl may be one

    async def read(self) -> list[Unit]:
        """All loaded service units in order of name. Raises SourceAbsent, SourceFailed."""
        program = self.program()
        listed = await output_of(
            [program, "list-units", "--all", "--type=service", "--output=json", "--no-pager"],
            timeout_s=_TIMEOUT_S,
            max_bytes=_MAX_BYTES,
        )
        units = parse_list(listed)
        for start in range(0, len(units), _SHOWN_AT_ONCE):
            names = [unit.name for unit in units[start : start + _SHOWN_AT_ONCE]]
            shown = await output_of(
                [program, "show", "--no-pager", "--property=Id,Result,NRestarts", "--", *names],
                timeout_s=_TIMEOUT_S,
                max_bytes=_MAX_BYTES,
            )
            details = parse_show(shown)
            units[start : start + _SHOWN_AT_ONCE] = [
                Unit(unit.name, unit.load, unit.active, unit.sub, *details.get(unit.name, ("", None)))
                for unit in units[start : start + _SHOWN_AT_ONCE]
            ]
        return units


def parse_list(output: bytes) -> list[Unit]:
    """Units of `list-units --output=json`, without those that are only mentioned by others. Raises SourceFailed."""
    try:
        rows = orjson.loads(output)
        units = {
            row["unit"]: Unit(row["unit"], row.get("load", ""), row.get("active", ""), row.get("sub", ""))
            for row in rows
            if isinstance(row["unit"], str) and row["unit"].endswith(".service") and not row["unit"].startswith("-")
        }
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
        msg = f"systemctl list-units did not print the expected JSON: {error}"
        raise SourceFailed(msg) from None
    known = (units[name] for name in sorted(units))
    return [unit for unit in known if not (unit.load == "not-found" and unit.active == "inactive")][:MAX_UNITS]


def parse_show(output: bytes) -> dict[str, tuple[str, int | None]]:
    """Result and number of restarts by unit name, of `show` with one paragraph per unit."""
    details: dict[str, tuple[str, int | None]] = {}
    for paragraph in output.decode("utf-8", "replace").split("\n\n"):
        values = dict(line.split("=", 1) for line in paragraph.splitlines() if "=" in line)
        restarts = values.get("NRestarts", "")
        if name := values.get("Id"):
            details[name] = (values.get("Result", ""), int(restarts) if restarts.isdecimal() else None)
    return details
