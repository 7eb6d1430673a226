"""Whether an event holds, by the state that `ipmi-sel --output-event-state` prints where no direction stands beside it.

Of these events freeipmi judges the end otherwise than the begin: an input that is back is a Warning, a milder threshold
that is left is Nominal. Of all others the state says nothing of the direction. Pure.

Source: freeipmi etc/freeipmi_interpret_sel.conf, its defaults.
"""

import re

_WARNING_THEN_NOMINAL = re.compile(
    r"Lower Non-critical - going low|Upper Non-critical - going high|240VA Power Down", re.IGNORECASE
)
_CRITICAL_THEN_WARNING = re.compile(
    r"Lower Critical - going low|Upper Critical - going high|Power Supply input |AC lost|Redundancy Lost|Non-redundant|"
    r"Performance Lags|Degraded|Transition to Degraded",
    re.IGNORECASE,
)


def holds(event: str, state: str) -> bool | None:
    """None where the state does not tell."""
    told = state.lower()
    if _WARNING_THEN_NOMINAL.match(event):
        return {"warning": True, "nominal": False}.get(told)
    if _CRITICAL_THEN_WARNING.match(event):
        return {"critical": True, "warning": False}.get(told)
    return None
