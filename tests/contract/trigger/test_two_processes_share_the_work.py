"""Two trigger processes share the durable on a real nats-server, and one is killed in the middle of rate windows,
confirmations and storms. Every trigger is stored once, with the counts that one process alone would give."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nats
import pytest
import structlog
from prometheus_client import CollectorRegistry

from groundcrew.bus.access import ADMIN
from groundcrew.bus.jetstream import JetStreamBus
from groundcrew.contracts.clock import SystemClock, to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.incidents import TriggerRaised
from groundcrew.contracts.observations import LogBatch
from groundcrew.contracts.streams import decode
from groundcrew.diagnosis.detector import Detector
from groundcrew.runtime.packs import load_packs

from ...chaos.processes import Services  # noqa: TID252
from ...conftest import ConnectionParts  # noqa: TID252 - tests are no package on the path
from ..bus.nats_server import PASSWORDS, NatsServer  # noqa: TID252 - as above

SITE = "demo"
WHEN = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
CE = "EDAC MC1: 1 CE memory read error on CPU_SrcID#0_MC#1_Chan#1_DIMM#0 (channel:1 slot:0 page:0x3a7c41d)"
OOM = "Out of memory: Killed process 3656 (ingestd) total-vm:258713220kB"
DOWN, UP = "mlx5_core 0000:5e:00.0 eno1np0: Link down", "mlx5_core 0000:5e:00.0 eno1np0: Link up"
HOSTS = ("train-11", "edge-03", "db-01")
BATCHES = 60
NOWHERE: ConnectionParts = {"host": "127.0.0.1", "port": 1, "database": "none", "user": "none", "password": "none"}
"""The trigger service has no database."""


def batch(name: str, number: int) -> Envelope[LogBatch]:
    """A minute of a host: corrected errors (a rate), a storm of kills, and now and then a link that stays down."""
    link = {3: DOWN, 7: UP}.get(number % 10, "nothing of note")
    texts = [CE, link, *[OOM] * 8]
    lines = range(number * len(texts), (number + 1) * len(texts))
    data = LogBatch(
        ids=[stable_id(SITE, name, line) for line in lines],
        times=[to_us(WHEN + timedelta(minutes=number, seconds=n)) for n in range(len(texts))],
        priorities=[4] * len(texts),
        identifiers=["kernel"] * len(texts),
        units=[""] * len(texts),
        transports=["kernel"] * len(texts),
        boot_ids=[""] * len(texts),
        positions=[str(line) for line in lines],
        messages=texts,
    )
    return seal(
        data,
        id=stable_id("batch", name, number),
        site=SITE,
        entity=host(name),
        time=WHEN,
        received_at=WHEN + timedelta(minutes=number),
        source="journal",
        position=str(lines[-1]),
        produced_by=ProducedBy(service="host-collector", version="1"),
    )


def alone() -> dict[str, tuple[str, str, int]]:
    """What one process tells: (rule, state, count) by id."""
    detector = Detector(load_packs().knowledge)
    drafts = [draft for name in HOSTS for number in range(BATCHES) for draft in detector.observe(batch(name, number))]
    return {draft.id: (draft.data.rule_id, draft.data.state.value, draft.data.count) for draft in drafts}


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    server = NatsServer(tmp_path)
    await server.start()
    made = Services(tmp_path, server, NOWHERE)
    try:
        yield made
    finally:
        made.end()
        server.stop()


async def stored(services: Services) -> list[Envelope[TriggerRaised]]:
    """What the stream holds, in order."""
    client = await nats.connect(services.nats.url, user=ADMIN, password=PASSWORDS[ADMIN])
    try:
        js = client.jetstream()
        state = (await js.stream_info("TRIGGER")).state
        found = [await js.get_msg("TRIGGER", seq=seq) for seq in range(1, state.last_seq + 1)]
        return [decode(message.data or b"") for message in found]
    finally:
        await client.close()


async def test_a_process_that_is_killed_in_the_middle_leaves_nothing_doubled_and_nothing_lost(
    services: Services,
) -> None:
    bus = await JetStreamBus.connect(
        url=services.nats.url, user=ADMIN, password=PASSWORDS[ADMIN], service=ADMIN, site=SITE, clock=SystemClock(),
        registry=CollectorRegistry(), log=structlog.get_logger(), wait_s=10, drain_s=5,
    )  # fmt: skip
    one, other = services.start("trigger"), services.start("trigger")
    await asyncio.to_thread(one.until_ready)
    await asyncio.to_thread(other.until_ready)
    expected = alone()
    assert {rule for rule, _, _ in expected.values()} >= {"memory.corrected-storm", "nic.link-down", "kernel.oom-kill"}
    for number in range(BATCHES):
        await bus.publish_batch([batch(name, number) for name in HOSTS])
        if number == BATCHES // 2:
            os.kill(one.process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 90
    while len(found := await stored(services)) < len(expected) and time.monotonic() < deadline:
        await asyncio.sleep(0.3)
    await bus.close()
    assert other.process.poll() is None, other.log.read_text()
    told = [(each.id, (each.data.rule_id, each.data.state.value, each.data.count)) for each in found]
    assert len(told) == len(dict(told)), "each is stored once"
    assert dict(told) == expected
    for name in HOSTS:
        times = [each.time for each in found if each.entity == host(name) and each.data.rule_id == "kernel.oom-kill"]
        assert times == sorted(times)
    assert sum(count for _, (rule, _, count) in told if rule == "kernel.oom-kill") > 8 * len(HOSTS) * (BATCHES - 6)
