"""The bars that a score of scenarios is held against: a TOML file of shares that must be reached and counts that must
not be passed. A key that is absent asks nothing."""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from groundcrew_cli.errors import USAGE, CliError

if TYPE_CHECKING:
    from groundcrew_cli.scoring import Total

AT_LEAST = ("incidents", "cause", "component", "hosts", "evidence")
AT_MOST = ("false_incidents", "forbidden_actions", "seconds")


class Thresholds(BaseModel):
    """Shares between 0 and 1 that must be reached; counts, and seconds of all replays together, that may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    incidents: float | None = Field(None, ge=0, le=1)
    cause: float | None = Field(None, ge=0, le=1)
    component: float | None = Field(None, ge=0, le=1)
    hosts: float | None = Field(None, ge=0, le=1)
    evidence: float | None = Field(None, ge=0, le=1)
    false_incidents: int | None = Field(None, ge=0)
    forbidden_actions: int | None = Field(None, ge=0)
    seconds: float | None = Field(None, gt=0)

    def missed(self, total: "Total") -> list[str]:
        """A clause for each bar that is missed."""
        said = []
        for name in AT_LEAST:
            bar, reached = getattr(self, name), getattr(total, name)
            if bar is not None and reached < bar:
                said.append(f"{name.replace('_', ' ')} {reached:.1%} of {bar:.1%}")
        for name in AT_MOST:
            bar, reached = getattr(self, name), getattr(total, name)
            if bar is not None and reached > bar:
                said.append(f"{name.replace('_', ' ')} {reached:.0f}, {bar:.0f} allowed")
        return said


def read(path: Path) -> Thresholds:
    """Raises CliError naming file and key."""
    try:
        return Thresholds.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise CliError(f"{path}: {error.strerror}", USAGE) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CliError(f"{path}: {error}", USAGE) from None
    except ValidationError as error:
        first = error.errors()[0]
        raise CliError(f"{path}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}", USAGE) from None
