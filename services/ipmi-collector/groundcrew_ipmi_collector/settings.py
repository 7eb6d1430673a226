"""Settings of the ipmi-collector: section `ipmi_collector` of `groundcrew.toml`."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from groundcrew.runtime.settings import Section, ServiceSettings


class IpmiCollectorSection(Section):
    state_dir: Path = Field(
        Path("/var/lib/groundcrew/ipmi-collector"),
        description="folder of cursors and sensor caches; it must survive restarts",
    )
    backend: Literal["auto", "native", "ipmitool"] = Field(
        "auto",
        description="who speaks IPMI over LAN: `native` the collector itself, `ipmitool` the program of that name, "
        "`auto` the collector, and ipmitool for BMCs with which it cannot (an unusual cipher suite)",
    )
    program: str = Field("ipmitool", min_length=1, description="name or path of ipmitool")
    user: str = Field("", max_length=64, description="user of every BMC whose inventory entry names none")
    password: SecretStr = Field(
        SecretStr(""), description="password of every BMC whose inventory entry names no file and no variable"
    )
    secrets_dir: Path = Field(
        Path("/run/secrets"),
        description="folder in which password files must lie that an entry made over REST names; entries of "
        "inventory.toml may name any",
    )
    interval_s: float = Field(30, ge=1, le=3_600, description="seconds between two looks at event log and chassis")
    sensors_interval_s: float = Field(60, ge=1, le=3_600, description="seconds between two readings of all sensors")
    at_once: int = Field(
        64, ge=1, le=200, description="BMCs that are asked at the same time, of one rack at most a quarter of them"
    )
    processes: int = Field(16, ge=1, le=200, description="processes of ipmitool that run at the same time")
    failing_at_once: int = Field(
        4,
        ge=1,
        le=200,
        description="of the BMCs of one rack that did not answer last time, beside those: they hold up no other",
    )
    reply_s: int = Field(1, ge=1, le=30, description="seconds to wait for a reply before a packet is sent again")
    tries: int = Field(2, ge=1, le=10, description="times that a packet is sent")
    tls_ca: Path | None = Field(
        None,
        description="file of the CA certificates that vouch for BMCs read over Redfish whose entry names none; "
        "without one, the system's",
    )
    redfish_reply_s: float = Field(10, ge=1, le=120, description="seconds to wait for one answer over Redfish")
    redfish_look_s: float = Field(
        60, ge=5, le=600, description="seconds that all answers of one look over Redfish may take together"
    )
    redfish_parts_s: float = Field(
        300, ge=10, le=86_400, description="seconds between two looks at memory, processors, drives and supplies over "
        "Redfish, while the BMC claims that all are well"
    )  # fmt: skip
    event_streams: int = Field(
        1_000, ge=0, le=10_000, description="BMCs whose events are listened to at the same time over Redfish, over a "
        "connection of its own each, so that an entry is seen within seconds; the others are looked at every interval_s"
    )  # fmt: skip
    event_address: str = Field(
        "", pattern=r"^$|^https://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9._/-]*)?$", max_length=200,
        description="address of this collector as BMCs reach it, such as https://collector.example:8443: BMCs that "
        "offer no stream of events push theirs to it. Empty: none is pushed, no port is opened and nothing is made on "
        "a BMC. Needs event_cert and event_key",
    )  # fmt: skip
    event_listen: str = Field(
        "0.0.0.0:8443", pattern=r"^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$",
        description="address:port to take pushed events at, where event_address is set",
    )  # fmt: skip
    event_cert: Path | None = Field(None, description="certificate chain for it, PEM; BMCs may check it")
    event_key: Path | None = Field(None, description="its private key, PEM")
    backoff_s: float = Field(
        600, ge=1, le=86_400, description="seconds at most until a BMC that cannot be read is asked again"
    )
    session_s: float = Field(
        60, ge=5, le=600, description="seconds after which a session is ended; reading a long event log has more"
    )

    @model_validator(mode="after")
    def _pushing_has_its_files(self) -> Self:
        if self.event_address and (self.event_cert is None or self.event_key is None):
            msg = "event_address: expected event_cert and event_key with it"
            raise ValueError(msg)
        return self

    @property
    def listens_at(self) -> tuple[str, int]:
        """Host and port of event_listen."""
        host, _, port = self.event_listen.rpartition(":")
        return host.strip("[]"), int(port)


class Settings(ServiceSettings):
    """What this service reads."""

    ipmi_collector: IpmiCollectorSection = IpmiCollectorSection()
