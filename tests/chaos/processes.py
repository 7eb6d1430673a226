"""Every service as a process of its own, `python -m groundcrew_<name>`, over a real nats-server and PostgreSQL."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from groundcrew.bus.access import ADMIN

from ..conftest import PATTERNS, ConnectionParts, free_port  # noqa: TID252 - tests are no package on the path
from ..contract.bus.nats_server import PASSWORDS, NatsServer  # noqa: TID252 - as above

SERVICES = ("context", "actions", "trigger", "review", "runner", "gateway", "host-collector")

SECTIONS = {"hybrid-coordinator": ("MODEL_", "REMOTE_MODEL__", "REDIS__")}
"""Sections that a service reads besides its own."""


@dataclass
class Service:
    """One running process, and where it answers probes."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def readiness(self, timeout_s: float = 10) -> dict[str, Any]:
        """The body of /readyz, with `status` and the `seconds` that the answer took."""
        began = time.monotonic()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=timeout_s) as reply:
                status, body = reply.status, reply.read()
        except urllib.error.HTTPError as unready:
            status, body = unready.code, unready.read()
        return {**json.loads(body), "status": status, "seconds": time.monotonic() - began}

    def until_ready(self, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while True:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if self.readiness()["status"] == 200:
                    return
            except OSError:
                pass
            assert time.monotonic() < deadline, f"{self.name} is not ready: {self.log.read_text()[-3000:]}"
            time.sleep(0.05)


@dataclass
class Services:
    """Starts and ends them; `settings` are environment variables without GROUNDCREW_."""

    folder: Path
    nats: NatsServer
    postgres: ConnectionParts
    settings: dict[str, str] = field(default_factory=dict)
    running: list[Service] = field(default_factory=list)

    def start(self, name: str) -> Service:
        port = free_port()
        log = self.folder / f"{name}.log"
        section = name.replace("-", "_").upper()
        settings = {
            "SITE__NAME": "demo",
            "NATS__URL": self.nats.url,
            "NATS__USER": name,
            "NATS__PASSWORD": PASSWORDS.get(name, PASSWORDS[ADMIN]),
            "POSTGRES__HOST": self.postgres["host"],
            "POSTGRES__PORT": str(self.postgres["port"]),
            "POSTGRES__DATABASE": self.postgres["database"],
            "POSTGRES__USER": self.postgres["user"],
            "POSTGRES__PASSWORD": self.postgres["password"],
            ("GATEWAY__PORT" if name == "gateway" else "HTTP__PORT"): str(port),
        }
        if name in ("runner", "host-collector", "hybrid-coordinator"):
            settings[f"{section}__STATE_DIR"] = str(self.folder / name)
        if name == "context":
            settings["CONTEXT__TOKENIZER"] = "bytes"
        if name == "trigger" and PATTERNS in os.environ:
            settings["TRIGGER__STATE_DIR"] = os.environ[PATTERNS]
        prefixes = (f"{section}__", *SECTIONS.get(name, ()))
        own = {key: value for key, value in self.settings.items() if key.startswith(prefixes)}
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        environ |= {f"GROUNDCREW_{key}": value for key, value in (settings | own).items()}
        with log.open("ab") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", f"groundcrew_{name.replace('-', '_')}"],
                env=environ, stdout=sink, stderr=sink, cwd=self.folder,
            )  # fmt: skip
        service = Service(name, process, port, log)
        self.running.append(service)
        return service

    def terminate(self, limit_s: float) -> dict[str, float]:
        """SIGTERM to all at once: how long each of them takes; `limit_s` for one that does not end."""
        began = time.monotonic()
        for service in self.running:
            service.process.send_signal(signal.SIGTERM)
        taken: dict[str, float] = {}
        while len(taken) < len(self.running) and time.monotonic() - began < limit_s:
            for service in self.running:
                if service.name not in taken and service.process.poll() is not None:
                    taken[service.name] = round(time.monotonic() - began, 2)
            time.sleep(0.02)
        return {service.name: taken.get(service.name, limit_s) for service in self.running}

    def end(self) -> None:
        for service in self.running:
            if service.process.poll() is None:
                service.process.kill()
            service.process.wait(10)
