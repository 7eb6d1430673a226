"""From parameters to an argument vector. Never a shell, never an element that a parameter could turn into an option."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class ActionRefused(Exception):
    """The policy does not allow this; the text is the reason, for the operator."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of an action. `pattern` must match the whole value; `expected` says the same in words."""

    name: str
    pattern: re.Pattern[str]
    expected: str
    default: str | None = None
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class Slot:
    """The place of one parameter: exactly one element, `prefix` and the value, or none where the value is absent."""

    parameter: str
    prefix: str = ""


Template = Sequence[str | Slot]


def checked(parameters: Sequence[Parameter], given: Mapping[str, str]) -> dict[str, str]:
    """The values with defaults filled in. Raises ActionRefused for what is missing, unknown or malformed."""
    known = {parameter.name for parameter in parameters}
    if strange := sorted(set(given) - known):
        raise ActionRefused(f"parameter {strange[0]!r} is not known; known are: {', '.join(sorted(known)) or 'none'}")
    values: dict[str, str] = {}
    for parameter in parameters:
        value = given.get(parameter.name, parameter.default)
        if value is None:
            if parameter.required:
                raise ActionRefused(f"parameter {parameter.name!r} is missing: expected {parameter.expected}")
            continue
        if not parameter.pattern.fullmatch(value):
            raise ActionRefused(f"parameter {parameter.name!r} is {value[:80]!r}: expected {parameter.expected}")
        values[parameter.name] = value
    return values


def rendered(template: Template, values: Mapping[str, str]) -> list[str]:
    """The argument vector of checked values. Raises ActionRefused should a value stand where an option would."""
    argv: list[str] = []
    for part in template:
        if isinstance(part, str):
            argv.append(part)
        elif (value := values.get(part.parameter)) is not None:
            if not value or (not part.prefix and value.startswith("-")) or "\0" in value:
                raise ActionRefused(f"parameter {part.parameter!r} is {value[:80]!r}: not usable as an argument")
            argv.append(part.prefix + value)
    return argv
