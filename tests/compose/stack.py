"""Drives podman-compose: one project of its own, with its own secrets and ports, beside whatever else runs."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
IMAGES = (
    "docker.io/library/python:3.12-slim-bookworm",
    "docker.io/library/nats:2.15.1-alpine",
    "docker.io/timescale/timescaledb:2.19.3-pg17",
    "docker.io/library/redis:7.2-alpine",
    "docker.io/prom/prometheus:v2.42.0",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def engine_environment() -> dict[str, str]:
    """What podman needs on a machine without systemd, if the folder beside the checkout knows."""
    environment = dict(os.environ) | {"BUILDAH_FORMAT": "docker"}
    here = ROOT.parent / "shared" / "containers" / "containers.conf"
    if "CONTAINERS_CONF" not in environment and here.exists() and not Path("/run/systemd/system").exists():
        environment["CONTAINERS_CONF"] = str(here)
    return environment


@dataclass
class Stack:
    """A running (or not yet running) copy of docker-compose.yml."""

    secrets: Path
    project: str = field(default_factory=lambda: f"groundcrew-test-{os.getpid()}")
    gateway_port: int = field(default_factory=free_port)
    mcp_port: int = field(default_factory=free_port)
    prometheus_port: int = field(default_factory=free_port)
    syslog_port: int = field(default_factory=free_port)

    @property
    def environment(self) -> dict[str, str]:
        return engine_environment() | {
            "SECRETS": str(self.secrets),
            "HOST_NAME": "tested-host",
            "GATEWAY_PORT": str(self.gateway_port),
            "MCP_PORT": str(self.mcp_port),
            "SYSLOG_PORT": str(self.syslog_port),
            "PROMETHEUS_PORT": str(self.prometheus_port),
        }

    def run(self, *argv: str, data: bytes | None = None, timeout: float = 120) -> str:
        done = subprocess.run(
            argv, cwd=ROOT, env=self.environment, input=data, capture_output=True, timeout=timeout, check=False
        )
        said = done.stdout.decode(errors="replace")
        assert done.returncode == 0, (
            f"{' '.join(argv[:4])}: {said[-2000:]}{done.stderr.decode(errors='replace')[-4000:]}"
        )
        return said

    def compose(self, *argv: str, timeout: float = 120) -> str:
        return self.run(sys.executable, "-m", "podman_compose", "-p", self.project, *argv, timeout=timeout)

    def container(self, service: str) -> str:
        return f"{self.project}_{service}_1"

    def podman(self, *argv: str, data: bytes | None = None) -> str:
        return self.run("podman", *argv, data=data)

    def inspect(self, service: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.podman("inspect", self.container(service)))[0]
        return found

    def healthy(self, service: str) -> bool:
        """Run the container's own health check; nothing else does on a machine without systemd."""
        argv = ["podman", "healthcheck", "run", self.container(service)]
        return subprocess.run(argv, env=self.environment, capture_output=True, check=False).returncode == 0

    def wait_healthy(self, services: Iterable[str], seconds: float) -> None:
        for service in services:
            self.wait_for(lambda name=service: self.healthy(name), seconds, lambda name=service: self.logs(name))  # type: ignore[misc]

    def logs(self, service: str) -> str:
        argv = ["podman", "logs", "--tail", "30", self.container(service)]
        done = subprocess.run(argv, env=self.environment, capture_output=True, check=False)
        return f"{service} is not ready:\n{(done.stdout + done.stderr).decode(errors='replace')}"

    def publish(self, envelopes: list[bytes]) -> None:
        """As the host collector, from inside its container: no port of the bus is published."""
        script = Path(__file__).with_name("publish.py").read_text()
        self.podman("exec", "-i", self.container("host-collector"), "python", "-c", script, data=b"\n".join(envelopes))

    def get(self, path: str, key: str = "") -> Any:
        """The JSON that the gateway answers with; raises urllib's HTTPError."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.gateway_port}{path}")
        if key:
            request.add_header("Authorization", f"Bearer {key}")
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.load(answer)

    def key(self) -> str:
        return self.podman("exec", self.container("gateway"), "cat", "/var/lib/groundcrew/api-key").strip()

    def leftovers(self) -> list[str]:
        """Containers, volumes and networks that bear this project's name."""
        label = f"label=io.podman.compose.project={self.project}"
        found: list[str] = []
        for kind, name in (("container", "{{.Names}}"), ("volume", "{{.Name}}"), ("network", "{{.Name}}")):
            everything = ["--all"] if kind == "container" else []
            found += self.podman(kind, "ls", *everything, "--filter", label, "--format", name).split()
        return found

    @staticmethod
    def wait_for(condition: Callable[[], bool], seconds: float, why: Callable[[], str] = lambda: "not in time") -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, why()
            time.sleep(0.5)
