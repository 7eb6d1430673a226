"""What was found, as entries of the inventory and as a file to look through before it is taken in."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from groundcrew.contracts.inventory import InventoryBmc
from groundcrew_ipmi_collector.discovery.presence import Present
from groundcrew_ipmi_collector.discovery.ranges import Address
from groundcrew_ipmi_collector.discovery.service_root import Root


@dataclass(frozen=True)
class Found:
    """One BMC: what answered there, over which protocol."""

    address: Address
    ipmi: Present | None
    redfish: Root | None

    @property
    def name(self) -> str:
        return f"bmc-{str(self.address).replace('.', '-').replace(':', '-')}"

    @property
    def says(self) -> str:
        """In one line, of what a machine said no control character."""
        parts = []
        if self.redfish is not None:
            what = " ".join(part for part in (self.redfish.vendor, self.redfish.product) if part)
            version = f"Redfish {self.redfish.version}".strip()
            parts.append(f"{version} ({what})" if what else version)
            if self.redfish.wants_login:
                parts.append("its service root wants a login")
        if self.ipmi is not None:
            parts.append({True: "IPMI 2.0", False: "IPMI 1.5 only, which is not read", None: "IPMI"}[self.ipmi.ipmi2])
        return _printable(", ".join(parts))

    def entry(self, *, port: int, redfish_port: int, pin: bool) -> InventoryBmc:
        """Over Redfish where it shows a service root that is read, and IPMI too where it has both."""
        has_ipmi = self.ipmi is not None and self.ipmi.ipmi2 is not False
        protocol = "ipmi" if self.redfish is None else "auto" if has_ipmi else "redfish"
        root = self.redfish
        return InventoryBmc(
            name=self.name,
            address=str(self.address),
            port=port,
            redfish_port=redfish_port,
            protocol=protocol,
            tls_fingerprint=root.fingerprint if root is not None and pin else "",
            vendor="" if root is None else root.vendor,
        )


def as_toml(found: Sequence[Found], entries: Sequence[InventoryBmc], asked: int) -> str:
    """inventory.toml's lines for them."""
    lines = [
        f"# {len(found)} BMCs among {asked:,} addresses. Look through it before it is taken in: who answers is not yet",
        "# who should. Give each a name, a user and where its password is; then: groundcrew inventory import FILE",
    ]
    for one, entry in zip(found, entries, strict=True):
        lines += ["", f"# {one.says}", "[[bmc]]"]
        body = entry.model_dump(exclude_defaults=True, mode="json")
        lines += [f"{key} = {_toml(value)}" for key, value in body.items()]
        if one.redfish is not None and not entry.tls_fingerprint:
            lines.append(f"# tls_fingerprint = {_toml(one.redfish.fingerprint)}  # the certificate that it showed")
    return "\n".join([*lines, ""])


_CSV = ("name", "address", "port", "redfish_port", "protocol", "user", "password_file", "tls_fingerprint", "vendor")


def as_csv(entries: Sequence[InventoryBmc]) -> str:
    """Rows of a CSV file of BMCs, for a spreadsheet: columns that an operator fills in are there and empty. What a
    machine said of itself does not begin as a formula does."""
    written = io.StringIO()
    rows = csv.DictWriter(written, _CSV, extrasaction="ignore", lineterminator="\n")
    rows.writeheader()
    for entry in entries:
        rows.writerow(entry.model_dump(mode="json") | {"vendor": _printable(entry.vendor).lstrip("=+-@ ")})
    return written.getvalue()


def _toml(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    text = _printable(str(value))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
