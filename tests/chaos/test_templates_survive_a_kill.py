"""The trigger process is killed with -9, over a real nats-server: what it had learnt and written it still knows, and
what it told is not told as new again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from groundcrew.bus.access import ADMIN
from groundcrew.bus.jetstream import JetStreamBus
from groundcrew.bus.port import BusError
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.queries import Endpoints, TemplatePage, TemplatesQuery
from groundcrew.contracts.streams import Buckets
from groundcrew.diagnosis.novelty import NEW

from ..conftest import ConnectionParts  # noqa: TID252 - tests are no package on the path
from ..contract.bus.nats_server import PASSWORDS, NatsServer  # noqa: TID252 - as above
from ..unit.diagnosis_novelty.lines import Line, after, batch, quiet_days  # noqa: TID252
from ..unit.meta.conftest import silent  # noqa: TID252
from .processes import Services

pytestmark = pytest.mark.chaos

NOWHERE = ConnectionParts(host="127.0.0.1", port=1, database="none", user="none", password="none")
KNOWN, NEVER, ANOTHER = "lane 3 was retrained", "lane 3 lost its calibration", "the cooling loop has run dry"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[tuple[Services, JetStreamBus]]:
    nats = NatsServer(tmp_path)
    await nats.start()
    settings = {"TRIGGER__NOVELTY_LEARN_LINES": "100", "TRIGGER__NOVELTY_WRITE_S": "1"}
    services = Services(tmp_path, nats, NOWHERE, settings)
    admin = await JetStreamBus.connect(
        url=nats.url, user=ADMIN, password=PASSWORDS[ADMIN], site="demo", service=ADMIN, clock=SystemClock(),
        registry=CollectorRegistry(), log=silent(), wait_s=10,
    )  # fmt: skip
    yield services, admin
    services.end()
    await admin.close()
    nats.stop()


async def until(what: str, condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while True:
            try:
                if await condition():
                    return
            except BusError:
                pass  # nobody answers while it is down
            await asyncio.sleep(0.1)


async def test_what_was_written_is_known_after_kill_9(place: tuple[Services, JetStreamBus]) -> None:
    services, admin = place
    told: list[str] = []

    async def note(envelope: object) -> None:
        told.append(envelope.data.title)  # type: ignore[attr-defined]

    await admin.tap("gc.demo.trigger.info.*", note)
    process = services.start("trigger")
    await asyncio.to_thread(process.until_ready)

    async def say(*lines: Line) -> None:
        await admin.publish(batch(list(lines)))

    async def known() -> TemplatePage:
        return await admin.request(Endpoints.TEMPLATES, TemplatesQuery())

    async def heard(count: int) -> bool:
        return sum(one.count for one in (await known()).items) >= count

    await say((after(0, 1), 3, "frobd", KNOWN))
    await say(*quiet_days(2))
    await say((after(2), 3, "frobd", NEVER))
    await until("all is mined", lambda: heard(2))
    before = (await known()).items
    bucket = await admin.key_value(Buckets.TEMPLATES)
    await say((after(2, 1), 6, "cron", "time goes on"))

    async def written() -> bool:
        return any("." not in key for key in await bucket.keys())

    await until("it is written", written)
    await asyncio.sleep(2.5)  # what was told is written within two seconds
    process.process.kill()
    process.process.wait(10)

    services.running.clear()
    await asyncio.to_thread(services.start("trigger").until_ready)
    for number, text in enumerate((KNOWN.replace("3", "5"), NEVER.replace("3", "7"), ANOTHER)):
        await say((after(2, 60 + number), 3, "frobd", text))
    await until("all is mined", lambda: heard(5))
    assert {one.id: one.count for one in (await known()).items if one.id in {b.id for b in before}} == {
        one.id: one.count + 1 for one in before
    }
    await until("both are told", lambda: _holds(lambda: len(told) >= 2))
    assert [title.rpartition(": ")[2] for title in told] == ["lane <*> lost its calibration", ANOTHER]
    assert all(title.startswith("New error of frobd") for title in told), NEW


async def _holds(condition: Callable[[], bool]) -> bool:
    return condition()
