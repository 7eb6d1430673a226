"""The action catalogue: all that can ever be done, as data.

An entry says what an action is called, what it takes, how it is rendered, how much it can break, and how one knows
afterwards that it worked. What has no entry cannot be done.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from groundcrew.contracts.actions import ActionKind, RiskClass
from groundcrew.contracts.identity import kind_of
from groundcrew.policy.rendering import ActionRefused, Parameter, Slot, Template, checked, rendered
from groundcrew.policy.units import SERVICE_NAME, protected_by
from groundcrew.policy.verification import (
    UNIT_PROPERTIES,
    Verified,
    tool_succeeded,
    unit_is_well,
    unit_moving,
    unit_refusal,
    unit_restarted,
)

Criterion = Callable[[Mapping[str, str], Mapping[str, str], int | None], Verified]
"""(probe before, probe after, exit code or None where it did not end) -> verified."""

Precondition = Callable[[Mapping[str, str], Iterable[str]], str | None]
"""(probe before, protected units of the site) -> why not, None where it may go on."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One kind of action. Times are seconds. An empty `argv` runs on no host.

    `needless` says why an action that no person approved may be left undone; what led to it may be out of date, or
    a line that somebody wrote to bring it about.
    """

    kind: ActionKind
    risk: RiskClass
    targets: frozenset[str]
    parameters: tuple[Parameter, ...]
    argv: Template = ()
    probe: Template = ()
    guarded: str = ""  # the parameter that names a unit which must not be protected
    precondition: Precondition | None = None
    needless: Callable[[Mapping[str, str]], str | None] | None = None
    criterion: Criterion = tool_succeeded
    moving: Callable[[Mapping[str, str]], bool] | None = None
    timeout_s: float = 30
    settle_s: float = 0
    cool_down_s: float = 0
    effect: str
    undo: str

    @property
    def on_host(self) -> bool:
        """Whether a runner has to do it."""
        return bool(self.argv)


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """An action made ready: checked values and the exact argument vectors of action and probe."""

    entry: Entry
    values: dict[str, str]
    argv: list[str]
    probe: list[str]


_UNIT = Parameter(
    name="unit",
    pattern=SERVICE_NAME,
    expected="the name of a service unit with its suffix, e.g. 'trainer.service'",
    required=True,
)

CATALOGUE: dict[ActionKind, Entry] = {
    entry.kind: entry
    for entry in (
        Entry(
            kind=ActionKind.JOURNAL_QUERY,
            risk=RiskClass.READ_ONLY,
            targets=frozenset({"host"}),
            parameters=(
                Parameter(
                    name="unit", pattern=SERVICE_NAME, expected="the name of a service unit, or nothing for all units"
                ),
                Parameter(
                    name="since",
                    pattern=re.compile(r"[1-9][0-9]{0,3}(min|h|d)"),
                    expected="how far to look back: '30min', '2h' or '1d'",
                    default="1h",
                ),
                Parameter(
                    name="lines",
                    pattern=re.compile(r"[1-9][0-9]{0,2}"),
                    expected="a number of lines from 1 to 999",
                    default="200",
                ),
                Parameter(
                    name="priority",
                    pattern=re.compile(r"[0-7]"),
                    expected="a syslog priority from 0 to 7; lines of that or higher importance are shown",
                ),
            ),
            argv=(
                "journalctl",
                "--no-pager",
                "--quiet",
                "--utc",
                "--output=short-iso",
                Slot(parameter="since", prefix="--since=-"),
                Slot(parameter="lines", prefix="--lines="),
                Slot(parameter="priority", prefix="--priority="),
                Slot(parameter="unit", prefix="--unit="),
            ),
            effect="Shows lines of the host's journal. Changes nothing.",
            undo="nothing to undo",
        ),
        Entry(
            kind=ActionKind.SERVICE_RESTART,
            risk=RiskClass.DISRUPTIVE,
            targets=frozenset({"host"}),
            parameters=(_UNIT,),
            argv=("systemctl", "restart", "--", Slot(parameter="unit")),
            probe=(
                "systemctl",
                "show",
                "--no-pager",
                f"--property={','.join(UNIT_PROPERTIES)}",
                "--",
                Slot(parameter="unit"),
            ),
            guarded="unit",
            precondition=unit_refusal,
            needless=unit_is_well,
            criterion=unit_restarted,
            moving=unit_moving,
            timeout_s=120,
            settle_s=2,
            cool_down_s=600,
            effect="Stops and starts the service: its work is interrupted, its clients reconnect.",
            undo="none: a restart cannot be taken back; the old process is gone",
        ),
        Entry(
            kind=ActionKind.TICKET_CREATE,
            risk=RiskClass.SAFE,
            targets=frozenset({"host", "bmc", "pdu", "switch", "rack", "site"}),
            parameters=(
                Parameter(
                    name="title",
                    pattern=re.compile(r"[^\x00-\x1f\x7f\x85\u2028\u2029]{1,200}"),
                    expected="one line of 1 to 200 characters",
                ),
            ),
            effect="Opens a ticket with cause, part, evidence and steps for a person. Touches no host.",
            undo="close the ticket",
        ),
    )
}


def prepare(kind: ActionKind, target: str, parameters: Mapping[str, str], *, protected: Iterable[str] = ()) -> Rendered:
    """Check and render. `protected` are the site's own patterns of units, on top of the built-in ones.

    Raises ActionRefused with a reason for whatever is not exactly what the catalogue allows.
    """
    entry = CATALOGUE.get(kind)
    if entry is None:
        raise ActionRefused(f"the catalogue has no action of kind {kind.value!r}")
    if kind_of(target) not in entry.targets:
        kinds = ", ".join(sorted(entry.targets))
        raise ActionRefused(f"{kind.value} acts on {kinds}, not on {target!r}")
    values = checked(entry.parameters, parameters)
    if entry.guarded and (pattern := protected_by(values[entry.guarded], protected)):
        raise ActionRefused(f"{values[entry.guarded]} is protected ({pattern}): nothing may {kind.value} it")
    return Rendered(entry=entry, values=values, argv=rendered(entry.argv, values), probe=rendered(entry.probe, values))
