"""Hosts, BMCs and how they hang together. Keys are those of `scenario.toml` plus addresses."""

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from groundcrew.contracts.envelope import Record


class InventoryHost(Record):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    address: str = ""
    bmc: str = Field("", description="name of the host's BMC")
    bmc_address: str = ""
    vendor: str = ""
    model: str = ""
    rack: str = ""
    pdu: list[str] = Field(default_factory=list, description="PDU feeds, one per supply")
    switch: str = ""
    gpus: int = 0
    role: str = ""


class Inventory(Record):
    """A revision of the whole inventory of a site."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    revision: int = 0
    host: list[InventoryHost] = Field(default_factory=list)

    @model_validator(mode="after")
    def _unique_names(self) -> Self:
        seen: set[str] = set()
        for entry in self.host:
            if entry.name in seen:
                msg = f"host {entry.name!r} is listed twice"
                raise ValueError(msg)
            seen.add(entry.name)
        return self

    def host_of_bmc(self, bmc: str) -> str | None:
        """Name of the host that this BMC sits in, None where the inventory does not say."""
        return next((h.name for h in self.host if h.bmc == bmc), None)
