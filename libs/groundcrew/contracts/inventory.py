"""Hosts, BMCs and how they hang together. Keys are those of `scenario.toml` plus addresses, parts and dependencies."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from groundcrew.contracts.envelope import Record
from groundcrew.contracts.identity import Entity


class Origin(StrEnum):
    """Who an entry is from. context writes it; a file or a request that does is ignored in it."""

    FILE = "file"  # the operator's inventory.toml
    REST = "rest"  # an edit over REST
    OBSERVED = "observed"  # reported by itself, listed by nobody


class InventoryPart(Record):
    """A part of a host that can be replaced."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    component_class: str = Field(description="psu, dimm, fan, gpu, disk, ...: the component classes of causes")
    locator: str = Field(description="the name that evidence prints: PSU2, P1-DIMMA1, sda")
    model: str = ""
    serial: str = ""


class InventoryHost(Record):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=240)
    address: str = ""
    bmc: str = Field("", description="name of the host's BMC")
    bmc_address: str = Field("", description="address of that BMC, where no [[bmc]] entry says more")
    bmc_protocol: Literal["", "ipmi", "redfish", "auto"] = Field(
        "", description="how that BMC is read, where no [[bmc]] entry says more; empty: ipmi"
    )
    vendor: str = ""
    model: str = ""
    serial: str = ""
    rack: str = ""
    unit: str = Field("", description="place in the rack, such as U12")
    pdu: list[str] = Field(default_factory=list, description="PDU feeds, one per supply")
    switch: str = ""
    gpus: int = 0
    role: str = ""
    part: list[InventoryPart] = Field(default_factory=list, max_length=500)
    origin: Origin = Origin.FILE


class InventoryBmc(Record):
    """How a BMC is reached. Credentials are named, never written here; its place is that of the host it sits in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=240)
    address: str = Field("", max_length=255, description="host name or IP address")
    port: int = Field(623, ge=1, le=65_535, description="of IPMI")
    redfish_port: int = Field(443, ge=1, le=65_535, description="of Redfish")
    protocol: Literal["ipmi", "redfish", "auto"] = Field(
        "ipmi", description="auto: Redfish where the BMC offers it and its certificate is trusted, else IPMI"
    )
    user: str = Field("", max_length=64, description="empty: the collector's own setting")
    password_file: str = Field("", description="file on the collector's machine; empty: the collector's own setting")
    password_env: str = Field("", description="environment variable of the collector")
    password_credential: str = Field(
        "", pattern=r"^[A-Za-z0-9._@:-]{0,255}$", description="systemd credential of the collector's unit"
    )
    kg_file: str = Field(
        "", description="file on the collector's machine with the BMC's key K_G, where one is set (two-key login)"
    )
    kg_env: str = Field("", description="environment variable of the collector with that key")
    tls_ca: str = Field("", description="file of CA certificates on the collector's machine; empty: its own setting")
    tls_fingerprint: str = Field(
        "",
        pattern=r"^$|^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}$",
        description="SHA-256 of the one certificate that is trusted, in hex; colons may separate the bytes",
    )
    tls_verify: bool = Field(True, description="false: any certificate is taken, and who listens learns the password")
    cipher_suite: int | None = Field(None, ge=0, le=17, description="None: 17, and 3 where the BMC refuses it")
    privilege: Literal["user", "operator", "administrator"] = "operator"
    vendor: str = ""
    origin: Origin = Origin.FILE

    @property
    def place(self) -> str:
        """What tells one BMC from another: its address, and the port where it is not the usual one. Both protocols
        of an address are one BMC."""
        port, usual = (self.redfish_port, 443) if self.protocol == "redfish" else (self.port, 623)
        return self.address.lower() if port == usual else f"{self.address.lower()}:{port}"


class InventoryDependency(Record):
    """`entity` needs `on`: what hangs together beyond the feeds, switch and rack of a host."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entity: Entity
    on: Entity
    kind: Literal["service", "storage", "network", "power", "cooling"] = "service"
    origin: Origin = Origin.FILE


class Inventory(Record):
    """A revision of the whole inventory of a site."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    revision: int = 0
    changed_at: AwareDatetime | None = None
    changed_by: str = Field("", description="who made this revision: a person's key, 'file' or 'collector'")
    host: list[InventoryHost] = Field(default_factory=list)
    bmc: list[InventoryBmc] = Field(default_factory=list)
    dependency: list[InventoryDependency] = Field(default_factory=list)

    @model_validator(mode="after")
    def _unique_names(self) -> Self:
        for kind, names in (("host", [h.name for h in self.host]), ("bmc", [b.name for b in self.bmc])):
            seen: set[str] = set()
            for name in names:
                if name in seen:
                    msg = f"{kind} {name!r} is listed twice"
                    raise ValueError(msg)
                seen.add(name)
        return self

    def host_of_bmc(self, bmc: str) -> str | None:
        """Name of the host that this BMC sits in, None where the inventory does not say."""
        return next((h.name for h in self.host if h.bmc == bmc), None)

    def bmcs(self) -> list[InventoryBmc]:
        """All BMCs that can be reached: the [[bmc]] entries with an address, and those that hosts name with one."""
        listed = {entry.name: entry for entry in self.bmc}
        for entry in self.host:
            if not entry.bmc or not entry.bmc_address:
                continue
            known = listed.get(entry.bmc)
            if known is None:
                listed[entry.bmc] = InventoryBmc(
                    name=entry.bmc,
                    address=entry.bmc_address,
                    protocol=entry.bmc_protocol or "ipmi",
                    origin=entry.origin,
                )
            elif not known.address:
                listed[entry.bmc] = known.model_copy(update={"address": entry.bmc_address})
        return sorted((entry for entry in listed.values() if entry.address), key=lambda entry: entry.name)
