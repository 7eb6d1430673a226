"""The embedded nats-server's configuration: every service its own user, allowed what the table of messages says."""

from groundcrew.bus.access import ADMIN, SERVICES
from groundcrew.bus.permissions import server_config
from groundcrew_embedded.home import Home
from groundcrew_embedded.table import DEMO_SITE


def password_of(home: Home, user: str) -> str:
    """The NATS password of a service, or of `admin`."""
    return home.secret(f"nats-{user}")


def config(home: Home, port: int, site: str) -> str:
    """The configuration's text, passwords included; the caller keeps it 0600."""
    return server_config(
        passwords={user: password_of(home, user) for user in (*SERVICES, ADMIN)},
        sites=list(dict.fromkeys((site, DEMO_SITE))),
        store_dir=str(home.path / "nats" / "jetstream"),
        listen=f"127.0.0.1:{port}",
    )
