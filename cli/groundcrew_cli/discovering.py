"""`groundcrew inventory discover`: which addresses are BMCs, as a file to look through, or taken in at once."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from groundcrew.contracts.inventory import Inventory, InventoryBmc
from groundcrew_cli.connection import Gateway
from groundcrew_cli.errors import FAILED, USAGE, CliError
from groundcrew_cli.inventory import add
from groundcrew_cli.terminal import command, count, note, plain, progress, say, say_json
from groundcrew_ipmi_collector.discovery.discovering import How, discover
from groundcrew_ipmi_collector.discovery.found import Found, as_csv, as_toml
from groundcrew_ipmi_collector.discovery.ranges import Address, RangesError, addresses, named_in

_MAX_FILE = 1_000_000


def asked_for(subnets: Sequence[str], file: Path | None) -> list[Address]:
    """The addresses that are named. Raises CliError."""
    named = [("argument", item) for item in subnets]
    try:
        if file is not None:
            if file.stat().st_size > _MAX_FILE:
                raise CliError(f"{file}: larger than {_MAX_FILE:,} bytes; expected a list of subnets", USAGE)
            named += named_in(file.read_text(encoding="utf-8"), str(file))
        found = addresses(named)
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"{file}: expected a text file of subnets: {error}", USAGE) from None
    except RangesError as error:
        raise CliError(plain(str(error)), USAGE) from None
    if not found:
        raise CliError("expected subnets, ranges or addresses, as arguments or with --file", USAGE)
    return found


def run(
    asked: list[Address],
    how: How,
    *,
    pin: bool,
    output: Path | None,
    gateway: Gateway | None,
    as_json: bool,
) -> None:
    """Prints or writes what was found; with a gateway, takes in what is not listed under another name. Raises
    CliError."""
    if output is not None and output.exists():
        raise CliError(f"{output} is there already; it is not overwritten", USAGE)
    with nullcontext() if as_json else progress(f"asking {count(len(asked), 'address', 'addresses')} ..."):
        try:
            found = asyncio.run(discover(asked, how))
        except OSError as error:
            raise CliError(f"no socket to ask with: {error.strerror or error}", FAILED) from None
    entries = [one.entry(port=how.port, redfish_port=how.redfish_port, pin=pin) for one in found]
    if output is not None:
        is_csv = output.suffix.lower() == ".csv"
        text = as_csv(entries) if is_csv else as_toml(found, entries, len(asked))
        output.write_text(text, encoding="utf-8")
    if gateway is not None:
        _take_in(gateway, entries, as_json=as_json)
    elif as_json:
        say_json(
            {"asked": len(asked), "found": [_as_json(one, entry) for one, entry in zip(found, entries, strict=True)]}
        )
    elif output is None:
        sys.stdout.write(as_toml(found, entries, len(asked)))
    else:
        say(f"{count(len(found), 'BMC')} in {plain(str(output))}. Look through it, then:")
        say(f"  {command(f'inventory import {plain(str(output))}')}")
    if not found and not as_json:
        note("Nobody answered. Is this machine in the BMCs' network? In containers, ask where the collector is:")
        note("  podman-compose exec ipmi-collector python -m groundcrew_ipmi_collector.discover SUBNET")


def _take_in(gateway: Gateway, entries: list[InventoryBmc], *, as_json: bool) -> None:
    known = gateway.get(Inventory, "inventory")
    listed = {entry.address.lower() for entry in known.bmcs()}
    fresh = [entry for entry in entries if entry.address.lower() not in listed]
    revision = add(gateway, fresh, known.revision)
    counts = {"added": len(fresh), "listed_already": len(entries) - len(fresh)}
    if as_json:
        say_json(counts | {"revision": revision})
    else:
        say(f"{counts['added']} added, {counts['listed_already']} listed already; revision {revision}")


def _as_json(one: Found, entry: InventoryBmc) -> dict[str, object]:
    root = one.redfish
    return {
        "entry": entry.model_dump(mode="json", exclude_defaults=True),
        "ipmi": one.ipmi is not None,
        "redfish": root is not None,
        "says": one.says,
        "tls_fingerprint": "" if root is None else root.fingerprint,
        "uuid": "" if root is None else root.uuid,
    }
