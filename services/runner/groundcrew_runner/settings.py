"""Settings of the runner."""

from pathlib import Path

from pydantic import Field

from groundcrew.runtime.settings import Section, ServiceSettings


class RunnerSection(Section):
    host: str = Field("", max_length=200, description="name of the host that it acts on; empty: this machine's name")
    path: list[str] = Field(
        default_factory=lambda: ["/usr/bin", "/bin"],
        min_length=1,
        description="folders in which programs are looked for, first one first; nothing else is ever executed",
    )
    state_dir: Path = Field(
        Path("/var/lib/groundcrew/runner"),
        description="folder that remembers what was begun, so that nothing runs twice; must outlive restarts",
    )
    protected_units: list[str] = Field(
        default_factory=list, description="shell patterns of units never to be touched, on top of the built-in ones"
    )
    settle_s: float | None = Field(
        None, ge=0, le=60, description="seconds to wait before the probe afterwards; unset: as the catalogue says"
    )
    keep_days: int = Field(40, ge=31, le=3650, description="days that the memory of a grant is kept after its report")


class Settings(ServiceSettings):
    runner: RunnerSection = RunnerSection()
