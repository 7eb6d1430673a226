"""The embedded nats-server's configuration: every service its own user, allowed what the table of messages says."""

from groundcrew_embedded.home import Home
from groundcrew_embedded.table import SERVICES


def users() -> list[str]:
    return [*(service.name for service in SERVICES), "admin"]


def config(home: Home, port: int) -> str:
    """The configuration's text, passwords included; the caller keeps it 0600."""
    entries = "\n".join(f'    {{ user: "{user}", password: "{home.secret(f"nats-{user}")}" }}' for user in users())
    return f"""\
listen: 127.0.0.1:{port}
server_name: groundcrew-embedded
max_payload: 4MB
jetstream {{
  store_dir: "{home.path}/nats/jetstream"
  sync_interval: always
  max_file_store: 4GB
}}
authorization {{
  users: [
{entries}
  ]
}}
"""
