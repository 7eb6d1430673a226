"""systemd's services and timers, as `systemctl` lists them. Units of users' own managers are none of the host's."""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from groundcrew_host_collector.process import output_of
from groundcrew_host_collector.settings import Switch
from groundcrew_host_collector.source import SourceAbsent, SourceFailed

MAX_UNITS = 1_900
_TIMEOUT_S = 20
_MAX_BYTES = 8 * 1024 * 1024
_PROPERTIES = "Id,Result,NRestarts,Type,UnitFileState,TriggeredBy"
_MOST_DIGITS = 16
_MOST_TEXT = 1_000
_SHOWN_AT_ONCE = 200  # keeps the argument list far below the kernel's limit


@dataclass(frozen=True, slots=True)
class Unit:
    name: str
    load: str
    active: str
    sub: str
    result: str = ""
    restarts: int | None = None
    type: str = ""
    file_state: str = ""
    triggered_by: str = ""


class Units:
    """Asks systemctl, found on `path` (folders joined by ':')."""

    def __init__(self, *, path: str, wanted: Switch, booted: Path = Path("/run/systemd/system")) -> None:
        self._path = path
        self._wanted = wanted
        self._booted = booted
        self.complete = False
        """Whether the last look left nothing out."""

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
        """All loaded services and timers in order of name, at most MAX_UNITS. Raises SourceAbsent, SourceFailed."""
        program = self.program()
        listed = await output_of(
            [program, "list-units", "--all", "--type=service,timer", "--output=json", "--no-pager"],
            timeout_s=_TIMEOUT_S,
            max_bytes=_MAX_BYTES,
        )
        found = parse_list(listed)
        units, self.complete = found[:MAX_UNITS], len(found) <= MAX_UNITS
        for start in range(0, len(units), _SHOWN_AT_ONCE):
            some = units[start : start + _SHOWN_AT_ONCE]
            shown = await output_of(
                [program, "show", "--no-pager", f"--property={_PROPERTIES}", "--", *(unit.name for unit in some)],
                timeout_s=_TIMEOUT_S,
                max_bytes=_MAX_BYTES,
            )
            details = parse_show(shown)
            units[start : start + _SHOWN_AT_ONCE] = [_with(unit, details.get(unit.name, {})) for unit in some]
        return units


def parse_list(output: bytes) -> list[Unit]:
    """Units of `list-units --output=json`, without those that are only mentioned by others. Raises SourceFailed."""
    try:
        rows = orjson.loads(output)
        units = {
            row["unit"]: Unit(row["unit"], row.get("load", ""), row.get("active", ""), row.get("sub", ""))
            for row in rows
            if isinstance(row["unit"], str) and _is_ours(row["unit"])
        }
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
        msg = f"systemctl list-units did not print the expected JSON: {error}"
        raise SourceFailed(msg) from None
    known = (units[name] for name in sorted(units))
    return [unit for unit in known if not (unit.load == "not-found" and unit.active == "inactive")]


def _is_ours(name: str) -> bool:
    return name.endswith((".service", ".timer")) and not name.startswith("-")


def parse_show(output: bytes) -> dict[str, dict[str, str]]:
    """Properties by unit name, of `show` with one paragraph per unit. What is not told there is left out."""
    details: dict[str, dict[str, str]] = {}
    for paragraph in output.decode("utf-8", "replace").split("\n\n"):
        values = dict(line.split("=", 1) for line in paragraph.splitlines() if "=" in line)
        if name := values.pop("Id", ""):
            details[name] = values
    return details


def _with(unit: Unit, values: dict[str, str]) -> Unit:
    restarts = values.get("NRestarts", "")
    return replace(
        unit,
        result=values.get("Result", ""),
        restarts=int(restarts) if restarts.isdecimal() and len(restarts) < _MOST_DIGITS else None,
        type=values.get("Type", ""),
        file_state=values.get("UnitFileState", ""),
        triggered_by=values.get("TriggeredBy", "")[:_MOST_TEXT],
    )


def gone(name: str) -> Unit:
    """A unit that was listed before and is not any more: stopped and forgotten, or taken from the disk."""
    return Unit(name, "not-found", "inactive", "dead")
