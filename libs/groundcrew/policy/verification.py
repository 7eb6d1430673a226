"""What a probe says: parsing, preconditions, and whether an action did what it was for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from groundcrew.policy.units import protected_by

UNIT_PROPERTIES = ("Id", "LoadState", "ActiveState", "SubState", "Result", "NRestarts", "InvocationID")
"""What a probe of a unit asks systemd for. InvocationID changes with every start, so it proves a restart."""

_MOVING = frozenset({"activating", "deactivating", "reloading"})


@dataclass(frozen=True)
class Verified:
    """Whether the action reached its aim, and one sentence saying how that is known."""

    ok: bool
    detail: str


def parse_properties(text: str) -> dict[str, str]:
    """`KEY=VALUE` lines of `systemctl show` that we asked for; the rest is ignored."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {key: value.strip()[:200] for key, _, value in pairs if key in UNIT_PROPERTIES}


def unit_moving(probe: Mapping[str, str]) -> bool:
    """True while systemd is still starting or stopping the unit: probe again later."""
    return probe.get("ActiveState") in _MOVING


def unit_refusal(probe: Mapping[str, str], protected: Iterable[str] = ()) -> str | None:
    """Why the unit that the probe found may not be restarted, None where it may."""
    if not probe.get("ActiveState"):
        return "systemd did not say what state the unit is in"
    if (load := probe.get("LoadState", "loaded")) != "loaded":
        return f"the unit's load state is {load!r}, expected 'loaded'"
    real = probe.get("Id", "")
    if pattern := protected_by(real, protected):
        return f"the unit is {real}, which is protected ({pattern})"
    return None


def unit_is_well(before: Mapping[str, str]) -> str | None:
    """Why nobody needs a restart of the unit that the probe found, None where it is of use."""
    if before.get("ActiveState") == "active":
        return f"the unit is active ({before.get('SubState', '')}): there is nothing to mend"
    return None


def unit_restarted(before: Mapping[str, str], after: Mapping[str, str], exit_code: int | None) -> Verified:
    """Active (or, run to its end, inactive with result success) in a new invocation, and the tool said so too."""
    state = after.get("ActiveState", "")
    if not state:
        return Verified(False, "systemd did not say what state the unit is in afterwards")
    shown = f"{state} ({after.get('SubState', '')}), result {after.get('Result') or 'not known'}"
    if exit_code is None:
        return Verified(False, f"the restart did not end in time; the unit is {shown}")
    if exit_code != 0:
        return Verified(False, f"systemctl ended with code {exit_code}; the unit is {shown}")
    done = state == "active" or (state == "inactive" and after.get("Result") == "success")
    if not done:
        return Verified(False, f"the unit is {shown} after the restart")
    old, new = before.get("InvocationID"), after.get("InvocationID")
    if old and new and old == new:
        return Verified(False, f"the unit is {shown}, but still in the invocation from before: it was not restarted")
    return Verified(True, f"the unit is {shown} in a new invocation" if old and new else f"the unit is {shown}")


def tool_succeeded(before: Mapping[str, str], after: Mapping[str, str], exit_code: int | None) -> Verified:
    """For actions that change nothing: the exit code is all there is to know."""
    del before, after
    if exit_code is None:
        return Verified(False, "it did not end in time")
    return Verified(exit_code == 0, f"ended with code {exit_code}")


def what_probe_proves(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """One sentence about an action that was begun and whose end nobody saw."""
    if not after:
        return "it may have run; there is nothing to probe"
    shown = f"the unit is {after.get('ActiveState') or 'not known'} ({after.get('SubState', '')})"
    old, new = before.get("InvocationID"), after.get("InvocationID")
    if not old or not new:
        return f"it may have run; {shown}"
    if old == new:
        return f"{shown} in the same invocation as before: no restart has happened"
    return f"{shown} in another invocation than before: it has been restarted since"
