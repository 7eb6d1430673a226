"""The services are killed while they hold a message of each partition that matters: what comes after it is not held up
for long."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime

import httpx2
import nats
import nats.errors
import psutil
import pytest

from groundcrew.bus.access import ADMIN
from groundcrew.bus.subjects import consumer_name, partition_of
from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Envelope, ProducedBy, encode, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.observations import LogBatch
from groundcrew.contracts.streams import ACK_WAIT_S, Durables, subject_of
from groundcrew_embedded.bus_config import password_of

from .conftest import System, command_ports, pid_of, until

pytestmark = pytest.mark.chaos

SITE, HOST, UNIT = "default", "brickbox-43", "demo-worker.service"
VERDICT_S = 10.0
"""What a machine that is busy with other tests may need besides."""


def last_words() -> Envelope[LogBatch]:
    """A batch that the killed process had just taken."""
    when = datetime.now(UTC)
    data = LogBatch(
        ids=[stable_id("last words")], times=[to_us(when)], priorities=[6], identifiers=["cron"], units=[""],
        transports=["file"], boot_ids=[""], positions=["1"], messages=["a line that the killed process held"],
    )  # fmt: skip
    return seal(
        data,
        id=stable_id("batch of last words"),
        site=SITE,
        entity=host(HOST),
        time=when,
        received_at=when,
        source="file:/var/log/cron",
        position="1",
        produced_by=ProducedBy(service="host-collector", version="1"),
    )


async def take_and_vanish(system: System) -> None:
    """As the trigger and the recording of a process that dies with the message in hand."""
    port = command_ports(system.home)["nats"]
    client = await nats.connect(f"nats://127.0.0.1:{port}", user=ADMIN, password=password_of(system.home, ADMIN))
    js = client.jetstream()
    envelope = last_words()
    await js.publish(subject_of(envelope), encode(envelope))
    for durable in (Durables.TRIGGER, Durables.RECORD):
        name = consumer_name(durable, SITE, partition=partition_of(subject_of(envelope)))
        taking = await js.pull_subscribe_bind(name, durable.stream)
        with contextlib.suppress(nats.errors.TimeoutError):  # or it went to what the killed process had asked for
            await taking.fetch(1, timeout=0.5)
        assert (await js.consumer_info(durable.stream, name)).num_ack_pending >= 1
    await client.close()


async def test_a_failure_line_after_a_kill_is_an_incident_soon(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDCREW_HOST_COLLECTOR__HOST", HOST)
    url = system.up().url
    services = psutil.Process(pid_of(system.home, "services"))
    services.kill()
    await asyncio.to_thread(services.wait, 10)  # the supervisor needs longer to start it again
    await take_and_vanish(system)
    with system.followed.open("a") as file:
        when = datetime.now(UTC).isoformat(timespec="seconds")
        file.write(f"{when} {HOST} systemd[1]: {UNIT}: Failed with result 'exit-code'.\n")
    key = (system.home.path / "api-key").read_text().strip()

    def incidents() -> str | None:
        """None while the services are not back yet."""
        try:
            found = httpx2.get(f"{url}/api/v1/incidents", headers={"Authorization": f"Bearer {key}"}, timeout=2)
        except httpx2.HTTPError:
            return None
        return json.dumps(found.json()) if found.status_code == 200 else None

    until("the services answer again", 60, lambda: incidents() is not None)
    until("the line is an incident", ACK_WAIT_S + VERDICT_S, lambda: UNIT in (incidents() or ""))
