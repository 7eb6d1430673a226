"""Write deploy/nats/nats.conf, the configuration of nats-server in containers, out of the table of messages.

    python deploy/nats/generate.py [SITE ...] > deploy/nats/nats.conf

Passwords are variables; the server reads them from the file of secrets that it includes.
"""

import sys

from groundcrew.bus.access import ADMIN, SERVICES
from groundcrew.bus.permissions import server_config

SITES = ("default", "demo")
SECRETS = "../../run/secrets/nats_passwords.conf"
"""Relative to /etc/nats: the server reads included files relative to the one that includes them."""


def variable(user: str) -> str:
    return f"$NATS_{user.replace('-', '_').upper()}_PASSWORD"


def text(sites: tuple[str, ...] = SITES) -> str:
    config = server_config(
        passwords={user: variable(user) for user in (*SERVICES, ADMIN)},
        sites=sites,
        store_dir="/data/jetstream",
        listen="0.0.0.0:4222",
        http="127.0.0.1:8222",
    )
    return f'include "{SECRETS}"\n{config}'


if __name__ == "__main__":
    sys.stdout.write(text(tuple(sys.argv[1:]) or SITES))
