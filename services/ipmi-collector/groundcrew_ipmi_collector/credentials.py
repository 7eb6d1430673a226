"""Who we are to a BMC: the inventory names a file or a variable, never a password."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from groundcrew.contracts.inventory import InventoryBmc, Origin
from groundcrew_ipmi_collector.reason import IpmiFailed, Reason
from groundcrew_ipmi_collector.settings import IpmiCollectorSection

MAX_PASSWORD = 20
"""Bytes of a password at most: IPMI 2.0, 22.30 (Set User Password)."""

MAX_KG = 20
"""Bytes of a key K_G at most: IPMI 2.0, 22.25 (Set Channel Security Keys)."""

VARIABLES = ("BMC_", "IPMI_")
"""How a variable must begin that an entry made over REST names: nobody may have our other secrets tried on a BMC."""


CREDENTIAL_PREFIXES = ("bmc", "ipmi", "redfish")
"""How a systemd credential must begin that an entry made over REST names, for the same reason."""


@dataclass(frozen=True)
class Credentials:
    user: str
    password: str = field(repr=False)
    kg: str = field(default="", repr=False)
    """The BMC's key K_G; empty where none is set, and the password takes its place (IPMI 2.0, 13.31)."""


def credentials_of(
    entry: InventoryBmc,
    section: IpmiCollectorSection,
    environ: Mapping[str, str] = os.environ,
    *,
    most: int = MAX_PASSWORD,
) -> Credentials:
    """Read anew at every poll, so that a changed file counts at once; `most`: bytes that the protocol allows.
    Raises IpmiFailed(CREDENTIALS)."""
    user = entry.user or section.user
    if entry.password_file:
        password = _from_file(entry, section, entry.password_file, "password_file")
    elif entry.password_env:
        password = _from_variable(entry, environ, entry.password_env, "password_env")
    elif entry.password_credential:
        password = _from_credential(entry, environ)
    else:
        password = section.password.get_secret_value()
    if not user and not password:
        raise _refused("the inventory entry names no user and no password, and [ipmi_collector] has none either")
    if len(password.encode()) > most or "\0" in password:
        allows = "IPMI 2.0 allows" if most == MAX_PASSWORD else "are read"
        raise _refused(f"the password is longer than the {most} bytes that {allows}")
    return Credentials(user, password, _kg(entry, section, environ))


def _kg(entry: InventoryBmc, section: IpmiCollectorSection, environ: Mapping[str, str]) -> str:
    if entry.kg_file:
        kg = _from_file(entry, section, entry.kg_file, "kg_file")
    elif entry.kg_env:
        kg = _from_variable(entry, environ, entry.kg_env, "kg_env")
    else:
        return ""
    if not kg or len(kg.encode()) > MAX_KG or "\0" in kg:
        raise _refused(f"the key K_G has {len(kg.encode())} bytes: expected 1 to {MAX_KG}")
    return kg


def _from_file(entry: InventoryBmc, section: IpmiCollectorSection, named: str, key: str) -> str:
    path = Path(named)
    if entry.origin is not Origin.FILE and not path.resolve().is_relative_to(section.secrets_dir.resolve()):
        raise _refused(f"{key} {path}: expected a file in ipmi_collector.secrets_dir ({section.secrets_dir})")
    return _first_line(path, f"{key} {path}")


def _from_credential(entry: InventoryBmc, environ: Mapping[str, str]) -> str:
    """systemd.exec(5), LoadCredential=: a file of that name in $CREDENTIALS_DIRECTORY, for this unit alone."""
    name, folder = entry.password_credential, environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise _refused(f"password_credential {name}: the collector's unit has no credentials (LoadCredential=)")
    if name in {".", ".."}:
        raise _refused(f"password_credential {name}: expected the name of a credential")
    if entry.origin is not Origin.FILE and not name.startswith(CREDENTIAL_PREFIXES):
        raise _refused(
            f"password_credential {name}: expected a name that begins with {' or '.join(CREDENTIAL_PREFIXES)}"
        )
    return _first_line(Path(folder) / name, f"password_credential {name}")


def _first_line(path: Path, called: str) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline(2_000).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or type(error).__name__
        raise _refused(f"{called} cannot be read: {said}") from None


def _from_variable(entry: InventoryBmc, environ: Mapping[str, str], name: str, key: str) -> str:
    if entry.origin is not Origin.FILE and not name.startswith(VARIABLES):
        raise _refused(f"{key} {name}: expected a name that begins with {' or '.join(VARIABLES)}")
    if name not in environ:
        raise _refused(f"{key} {name} is not set in the collector's environment")
    return environ[name]


def _refused(text: str) -> IpmiFailed:
    return IpmiFailed(Reason.CREDENTIALS, text)
