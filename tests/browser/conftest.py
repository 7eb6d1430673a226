"""The thinking services, a runner with a harmless systemctl, and the gateway in one process; a real Chromium before it.

`pytest tests/browser --screenshots docs/screenshots` renews the pictures of the documentation.
"""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from groundcrew.bus.memory import MemoryBroker, MemoryBus
from groundcrew.contracts.clock import SystemClock, to_us
from groundcrew.contracts.completions import ModelState
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.contracts.streams import Buckets
from groundcrew_actions import service as actions
from groundcrew_actions.settings import Settings as ActionsSettings
from groundcrew_context import service as context
from groundcrew_context.settings import Settings as ContextSettings
from groundcrew_embedded import demo
from groundcrew_embedded.rehearsal import MemoryStores, rehearsal_resources
from groundcrew_gateway import keys
from groundcrew_gateway import service as gateway
from groundcrew_gateway.settings import GatewaySection
from groundcrew_gateway.settings import Settings as GatewaySettings
from groundcrew_meta import service as meta
from groundcrew_meta.settings import Settings as MetaSettings
from groundcrew_review import service as review
from groundcrew_review.settings import Settings as ReviewSettings
from groundcrew_runner import service as runner
from groundcrew_runner.settings import RunnerSection
from groundcrew_runner.settings import Settings as RunnerSettings
from groundcrew_trigger import service as trigger
from groundcrew_trigger.settings import Settings as TriggerSettings

from ..unit.meta.conftest import Coordinator  # noqa: TID252 - tests are no installed package

SITE = "demo"
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SYSTEMCTL = """#!/bin/sh
for unit; do :; done
echo "$*" >> '{folder}/calls'
case $1 in
show)
    printf 'Id=%s\\nLoadState=loaded\\nNRestarts=0\\n' "$unit"
    if grep -q '^restart' '{folder}/calls'; then
        printf 'ActiveState=active\\nSubState=running\\nResult=success\\nInvocationID=b\\n'
    else
        printf 'ActiveState=failed\\nSubState=failed\\nResult=exit-code\\nInvocationID=a\\n'
    fi ;;
esac
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", help="write the pictures of the documentation into this folder")


@dataclass
class Plant:
    """Everything but the browser."""

    clock: SystemClock
    bus: MemoryBus
    url: str
    key: str
    stores: MemoryStores
    calls: Path
    model: Coordinator
    lines: int = field(default=0)

    async def link(self) -> str:
        token = await keys.single_use_token(await self.stores.gateway(), self.key, self.clock.now())
        return f"{self.url}/#token={token}"

    async def log(self, machine: str, message: str, *, unit: str = "init.scope", identifier: str = "systemd") -> None:
        """One line on a machine's journal, as its host-collector would publish it."""
        self.lines += 1
        now, position = self.clock.now(), f"s=browser;i={self.lines}"
        batch = LogBatch(
            ids=[stable_id(SITE, f"journal:{machine}", position)],
            times=[to_us(now)],
            priorities=[3],
            identifiers=[identifier],
            units=[unit],
            transports=["journal"],
            boot_ids=[""],
            positions=[position],
            messages=[message],
        )
        await self.bus.publish(
            seal(
                batch,
                id=stable_id("browser", machine, self.lines),
                site=SITE,
                entity=host(machine),
                time=now,
                received_at=now,
                source="journal",
                position=position,
                produced_by=ProducedBy(service="host-collector", version="0"),
            )
        )


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Plant]:
    clock = SystemClock()
    broker, stores = MemoryBroker(clock, live=True), MemoryStores(clock)
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(SYSTEMCTL.format(folder=tmp_path))
    systemctl.chmod(0o755)
    async with AsyncExitStack() as stack:

        def given(service: str) -> Any:
            bus = MemoryBus(SITE, clock, service=service, broker=broker)
            stack.push_async_callback(bus.close)
            return rehearsal_resources(service, bus, stores, clock, stack)

        outside = MemoryBus(SITE, clock, broker=broker)
        stack.push_async_callback(outside.close)
        bucket = await outside.key_value(Buckets.INVENTORY)
        await bucket.put("current", demo.inventory().model_dump_json().encode())
        await context.wire(ContextSettings(), given("context"))
        await trigger.wire(TriggerSettings(), given("trigger"))
        await actions.wire(ActionsSettings(), given("actions"))
        await review.wire(ReviewSettings(), given("review"))
        model = Coordinator(state=ModelState.NOT_CONFIGURED)
        await model.serve(outside)
        await meta.wire(MetaSettings(), given("meta"))
        section = RunnerSection(
            host="gpu-02", path=[str(systemctl.parent), "/usr/bin", "/bin"], state_dir=tmp_path / "state", settle_s=0
        )
        await runner.wire(RunnerSettings(runner=section), given("runner"))
        section_of_page = GatewaySection(port=free_port(), admin_key_file=str(tmp_path / "api-key"))
        await gateway.wire(GatewaySettings(gateway=section_of_page), given("gateway"))
        yield Plant(
            clock=clock,
            bus=outside,
            url=f"http://127.0.0.1:{section_of_page.port}",
            key=(tmp_path / "api-key").read_text().strip(),
            stores=stores,
            calls=tmp_path / "calls",
            model=model,
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Visit:
    """A page in a browser, with all that went wrong on it or out of it."""

    page: Page
    troubles: list[str] = field(default_factory=list)

    def watch(self, url: str) -> None:
        self.page.on("console", lambda said: said.type == "error" and self.troubles.append(said.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", lambda asked: asked.url.startswith(url) or self.troubles.append(asked.url))


Opens = Callable[..., Awaitable[Visit]]


@pytest.fixture
async def visit(plant: Plant, chromium: Browser) -> AsyncIterator[Opens]:
    """Sign a browser in by the link, as `groundcrew up` prints it. Options are those of a browser context."""
    contexts: list[BrowserContext] = []

    async def signed_in(**options: Any) -> Visit:
        context_ = await chromium.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
        contexts.append(context_)
        opened = Visit(await context_.new_page())
        opened.watch(plant.url)
        await opened.page.goto(await plant.link())
        await opened.page.wait_for_selector("#live.on")
        return opened

    yield signed_in
    for one in contexts:
        await one.close()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("needs the Debian package chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        await browser.close()
