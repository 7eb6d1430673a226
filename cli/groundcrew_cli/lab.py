"""`groundcrew lab bmc`: simulated BMCs on this machine, and what to write so that they are watched."""

import contextlib
import os

from groundcrew_cli.errors import FAILED, USAGE, CliError
from groundcrew_cli.terminal import command, note
from groundcrew_ipmi_collector.lab.serving import USER, Wanted, run

VARIABLE = "BMC_LAB_PASSWORD"
PASSWORD = "groundcrew"  # noqa: S105 - of machines that are none, on the loopback address
_LAST_PORT = 65_535


def inventory(wanted: Wanted) -> str:
    """These BMCs as inventory.toml names them."""
    return "\n".join(
        f'[[bmc]]\nname = "lab-{place}"\naddress = "127.0.0.1"\nport = {wanted.first_port + place - 1}\n'
        f'user = "{USER}"\npassword_env = "{VARIABLE}"\n'
        for place in range(1, wanted.count + 1)
    )


def bmcs(wanted: Wanted, *, as_inventory: bool) -> str | None:
    """Run them until told to stop; or the inventory's lines, with nothing started."""
    if wanted.last_port > _LAST_PORT:
        raise CliError(f"--first-port {wanted.first_port}: {wanted.count} ports end above {_LAST_PORT}", USAGE)
    if as_inventory:
        return inventory(wanted)
    password = os.environ.get(VARIABLE, "") or PASSWORD
    note(f"user {USER}, password {f'that of {VARIABLE}' if os.environ.get(VARIABLE) else repr(PASSWORD)}")
    note(f"to have them watched: {command(f'lab bmc --count {wanted.count} --inventory')} >> inventory.toml,")
    note(f"and set {VARIABLE} for the collector")
    note(
        "lines here change them all: `add 5`, `clear`, `fault hang`, `fault none`; a blank one lists them; Ctrl-C ends"
    )
    try:
        with contextlib.suppress(KeyboardInterrupt):
            run(wanted, password, ends_with_input=False)
    except OSError as error:
        said = error.strerror or error
        raise CliError(
            f"a port from {wanted.first_port} to {wanted.last_port} cannot be used: {said}", FAILED,
            hint="choose others with --first-port",
        ) from None  # fmt: skip
    return None
