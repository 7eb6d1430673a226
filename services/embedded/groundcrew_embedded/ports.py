"""Free loopback ports that stay the same from one start to the next wherever they can."""

import socket
from collections.abc import Iterable
from pathlib import Path

import orjson

from groundcrew_embedded.home import write_json


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def taken(ports: Iterable[int]) -> list[int]:
    """Which of them somebody listens on, or holds for a connection of its own."""
    return [port for port in ports if not is_free(port)]


def claim(names: list[str], path: Path) -> dict[str, int]:
    """A port per name: the remembered one where it is still free, else a new one; remembered in `path`."""
    try:
        remembered = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        remembered = {}
    ports = {name: port for name in names if isinstance(port := remembered.get(name), int) and is_free(port)}
    missing = [name for name in names if name not in ports]
    held = []
    try:
        for name in missing:
            probe = socket.socket()
            held.append(probe)
            probe.bind(("127.0.0.1", 0))
            ports[name] = probe.getsockname()[1]
    finally:
        for probe in held:
            probe.close()
    write_json(path, ports)
    return ports
