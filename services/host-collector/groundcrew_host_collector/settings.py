"""Settings of the host collector: section `host_collector` of `groundcrew.toml`."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from groundcrew.runtime.settings import Section, ServiceSettings

Switch = Literal["auto", "on", "off"]


class HostCollectorSection(Section):
    host: str = Field("", max_length=200, description="name of this host; empty: what the kernel says")
    state_dir: Path = Field(
        Path("/var/lib/groundcrew/host-collector"), description="folder of the cursor file; it must survive restarts"
    )

    journal: Switch = Field("auto", description="follow journald; auto: where there is a readable journal")
    journal_directory: Path | None = Field(
        None, description="folder of .journal files, or one such file, to follow instead of this machine's own journal"
    )
    journal_hosts: Literal["own", "entry"] = Field(
        "own", description="whose lines these are: this host's, or (for relays) the host that each entry names"
    )
    journal_program: str = Field("journalctl", min_length=1, description="program that reads the journal")
    since_s: int = Field(900, ge=0, description="at the first start, seconds of journal and kernel log to read back")

    files: list[str] | None = Field(
        None, description="globs of log files to follow; []: none; unset: /var/log/*log where there is no journal"
    )
    files_start: Literal["end", "start"] = Field(
        "end", description="where files begin that exist at the first start; files made later are read from their start"
    )
    poll_s: float = Field(0.2, ge=0.02, le=10, description="seconds between looks at the followed files")

    kmsg: Switch = Field("auto", description="read the kernel's ring buffer; auto: where no journal is followed")
    kmsg_path: Path = Path("/dev/kmsg")

    metrics: Literal["on", "off"] = "on"
    metrics_interval_s: float = Field(15, ge=1, le=3600, description="seconds between two samples of every metric")

    gpus: Literal["on", "off"] = Field("on", description="ask nvidia-smi for NVIDIA's GPUs, where it is")
    gpus_interval_s: float = Field(30, ge=5, le=3600, description="seconds between two questions to nvidia-smi")
    nvidia_smi_program: str = Field("nvidia-smi", min_length=1, description="program that tells of GPUs")

    smart: Literal["on", "off"] = Field("on", description="ask smartctl for the health of drives, where it is")
    smart_interval_s: float = Field(
        1800, ge=60, le=86_400, description="seconds between two looks at all drives; those asleep are left asleep"
    )
    smartctl_program: str = Field("smartctl", min_length=1, description="program that tells of drives; it needs root")

    sar: Literal["on", "off"] = Field("on", description="take in sysstat's history, where there is some")
    sar_directories: list[Path] = Field(
        [Path("/var/log/sysstat"), Path("/var/log/sa")],
        description="folders of sysstat's data files (saDD, saYYYYMMDD)",
    )
    sar_days: float = Field(
        28, gt=0, le=366, description="days of history to take in; context forgets samples after keep_days_samples"
    )
    sar_interval_s: float = Field(300, ge=1, le=86_400, description="seconds between looks at the data files")
    sadf_program: str = Field("sadf", min_length=1, description="program that reads them")

    services: Switch = Field("auto", description="watch systemd units; auto: where systemd is this machine's init")
    services_interval_s: float = Field(15, ge=1, le=3600, description="seconds between looks at the units")
    systemctl_path: str = Field("/usr/bin:/bin", description="folders, joined by ':', in which systemctl is looked for")

    probe_s: float = Field(60, ge=0.05, le=3600, description="seconds between looks for sources that were absent")


class Settings(ServiceSettings):
    """What this service reads."""

    host_collector: HostCollectorSection = HostCollectorSection()
