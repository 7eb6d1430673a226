"""Settings of the host collector: section `host_collector` of `groundcrew.toml`."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from groundcrew.runtime.settings import Section, ServiceSettings

Switch = Literal["auto", "on", "off"]


def host_and_port(text: str) -> tuple[str, int] | None:
    """('0.0.0.0', 5514) of `0.0.0.0:5514`, ('::', 5514) of `[::]:5514`; None of an empty text. Raises ValueError."""
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        msg = "expected address:port, such as 0.0.0.0:5514"
        raise ValueError(msg)
    return host.removeprefix("[").removesuffix("]"), int(port)


def _checked_address(text: str) -> str:
    host_and_port(text)
    return text


def _checked_network(text: str) -> str:
    ip_network(text)
    return text


HostPort = Annotated[str, AfterValidator(_checked_address)]
Network = Annotated[str, AfterValidator(_checked_network)]


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
    poll_s: float = Field(
        0.2, ge=0.02, le=10, description="seconds between looks at files at rest; growing ones are looked at sooner"
    )

    kmsg: Switch = Field("auto", description="read the kernel's ring buffer; auto: where no journal is followed")
    kmsg_path: Path = Path("/dev/kmsg")

    syslog_udp: HostPort = Field(
        "", description="address:port to receive syslog of switches, PDUs and other machines at; empty: not by UDP"
    )
    syslog_tcp: HostPort = Field("", description="the same by TCP")
    syslog_tls: HostPort = Field("", description="the same by TLS; needs syslog_tls_cert and syslog_tls_key")
    syslog_tls_cert: Path | None = Field(None, description="certificate chain of this receiver, PEM")
    syslog_tls_key: Path | None = Field(None, description="its private key, PEM")
    syslog_tls_client_ca: Path | None = Field(
        None, description="certificates of who may sign senders' certificates; set: senders must show one"
    )
    syslog_from: list[Network] = Field(
        default_factory=list, description="networks that may send, such as 10.0.0.0/8; empty: all that reach the port"
    )
    syslog_spool_mb: int = Field(
        256, ge=1, le=102_400, description="MiB of received messages that are kept on disk while the bus is away"
    )

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

    @model_validator(mode="after")
    def _tls_has_its_files(self) -> Self:
        if self.syslog_tls and (self.syslog_tls_cert is None or self.syslog_tls_key is None):
            msg = "syslog_tls: expected syslog_tls_cert and syslog_tls_key with it"
            raise ValueError(msg)
        return self

    probe_s: float = Field(60, ge=0.05, le=3600, description="seconds between looks for sources that were absent")


class Settings(ServiceSettings):
    """What this service reads."""

    host_collector: HostCollectorSection = HostCollectorSection()
