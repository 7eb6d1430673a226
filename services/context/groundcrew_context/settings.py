"""Settings of the context service."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from groundcrew.diagnosis.relation import Windows
from groundcrew.runtime.settings import Section, ServiceSettings
from groundcrew_context.inventory_file import read_inventory


class ContextSection(Section):
    inventory_file: str = Field("", description="path of inventory.toml; empty: hosts are known by what they report")
    packs: str = Field("", description="folder with causes*.toml and forecasts*.toml that are laid over ours")
    join_minutes: float = Field(15, gt=0, le=1_440, description="triggers further apart are not one incident")
    hold_minutes: float = Field(5, ge=0, le=1_440, description="how long all must be clear before an incident resolves")
    reopen_minutes: float = Field(
        60, ge=0, le=10_080, description="a fault that is back so soon opens its incident again"
    )
    keep_days_logs: int = Field(14, ge=1, description="days that log lines are kept")
    keep_days_samples: int = Field(30, ge=1, description="days that metric samples are kept")
    keep_days_services: int = Field(90, ge=1, description="days that service states are kept")
    keep_days_sensors: int = Field(30, ge=1, description="days that sensor readings are kept")
    keep_days_sel: int = Field(730, ge=1, description="days that event log records of BMCs are kept")
    keep_days_triggers: int = Field(180, ge=1, description="days that trigger events are kept")
    keep_days_incidents: int = Field(730, ge=1, description="days that resolved incidents and findings are kept")
    tokenizer: Literal["o200k", "bytes"] = Field(
        "o200k", description="how the context window counts tokens; 'bytes' is an upper bound and saves 50 MB of memory"
    )
    instance: str = Field("", description="name of this process for the fusion lease; empty: a random one")
    lease_s: float = Field(
        10, ge=1, le=300, description="seconds after which a standby takes over from a silent process"
    )

    @field_validator("inventory_file")
    @classmethod
    def _usable(cls, path: str) -> str:
        """A mistake in the inventory is a mistake in the settings: told at once, with its place."""
        if path:
            read_inventory(Path(path))
        return path

    def windows(self) -> Windows:
        return Windows(
            join=timedelta(minutes=self.join_minutes),
            hold=timedelta(minutes=self.hold_minutes),
            reopen=timedelta(minutes=self.reopen_minutes),
        )

    def keep_days(self) -> dict[str, int]:
        """Days by table."""
        return {
            "log_events": self.keep_days_logs,
            "samples": self.keep_days_samples,
            "service_status": self.keep_days_services,
            "sensor_readings": self.keep_days_sensors,
            "sel_records": self.keep_days_sel,
            "event_log_changes": self.keep_days_sel,
            "trigger_events": self.keep_days_triggers,
            "findings": self.keep_days_incidents,
            "incidents": self.keep_days_incidents,
        }


class Settings(ServiceSettings):
    context: ContextSection = ContextSection()
