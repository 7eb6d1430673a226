"""What only a real server can do: die in mid-stream, freeze, refuse, be absent."""

import asyncio
import json
import socket
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from nats.js.api import StreamConfig
from prometheus_client import CollectorRegistry

from groundcrew.bus.access import SERVICES
from groundcrew.bus.jetstream import JetStreamBus
from groundcrew.bus.jetstream_declare import DeclarationFailed
from groundcrew.bus.permissions import server_config
from groundcrew.bus.port import BusUnavailable, MessageTooLarge, RequestFailed, Unavailable
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.queries import Empty, Endpoints, Failure, FleetStatus
from groundcrew.contracts.streams import ACK_WAIT_S, MIB, Buckets, Durables, stream

from .conftest import SITE, NatsHarness, logged, until
from .nats_server import PASSWORDS, NatsServer, binary


async def publish_until_stored(bus: JetStreamBus, envelopes) -> int:
    """As an outbox relay does: the same envelopes again until the bus has them. Returns the attempts."""
    attempts = 0
    async with asyncio.timeout(60):
        while True:
            attempts += 1
            try:
                await bus.publish_batch(envelopes)
            except BusUnavailable:
                await asyncio.sleep(0.05)
            else:
                return attempts


@pytest.mark.chaos
async def test_nothing_is_lost_or_doubled_when_the_server_is_killed_in_mid_stream(real: NatsHarness):
    collector, context = await real.bus("host-collector"), await real.bus("context")
    stored: dict[str, list[str]] = {}  # as a table with the id as its key: a message that comes twice is one row

    async def record(delivery):
        stored[delivery.envelope.id] = [delivery.envelope.entity, *delivery.data.messages]

    await context.consume(replace(Durables.RECORD, ack_wait_s=2), record)
    expected = [[logged(f"node-{n}", number) for n in range(8)] for number in range(300)]

    attempts: list[int] = []

    async def publish_all():
        for batch in expected:
            attempts.append(await publish_until_stored(collector, batch))  # noqa: PERF401 - read while it grows

    publishing = asyncio.create_task(publish_all())
    for published in (40, 120, 200):
        await until(lambda published=published: len(attempts) > published, seconds=30)
        real.server.kill()
        await asyncio.sleep(0.2)
        await real.server.start()
    await publishing
    await until(lambda: len(stored) >= 2_400, seconds=30)
    assert stored == {e.id: [e.entity, *e.data.messages] for batch in expected for e in batch}
    assert max(attempts) > 1, "the kills hit no publish; the test shows nothing"


@pytest.mark.chaos
async def test_a_publish_that_timed_out_but_was_stored_is_not_doubled(real: NatsHarness, monkeypatch):
    monkeypatch.setattr("groundcrew.bus.jetstream_publish.TIMEOUT_S", 0.5)
    bus = await real.bus()
    real.server.freeze()
    with pytest.raises(BusUnavailable, match="did not acknowledge within"):
        await bus.publish(logged("web-1", 1))
    real.server.thaw()
    await bus.publish(logged("web-1", 1))
    await bus.publish(logged("web-1", 2))
    assert [envelope.position for envelope in await real.stored("OBSERVE")] == ["1", "2"]


@pytest.mark.chaos
async def test_everything_works_again_after_a_restart_of_the_server(real: NatsHarness):
    context, gateway = await real.bus("context"), await real.bus("gateway")
    status = FleetStatus(hosts=1, healthy=1, warning=0, critical=0, open_incidents=0, log_rows=0, triggers_24h=0)
    changes, viewed = [], []

    async def answer(_query):
        return status

    async def note(key, value):
        changes.append((key, value))

    async def view(envelope):
        viewed.append(envelope.position)

    await context.serve(Endpoints.STATUS, answer)
    inventory = await context.key_value(Buckets.INVENTORY)
    await (await gateway.key_value(Buckets.INVENTORY)).watch(note)
    await gateway.tap("gc.demo.observe.>", view)
    real.server.kill()
    with pytest.raises(RequestFailed) as failed:
        await gateway.request(Endpoints.STATUS, Empty(), timeout=0.3)
    assert failed.value.failure is Failure.UNAVAILABLE
    await real.server.start()
    await until(lambda: gateway._connection.connected and context._connection.connected)
    assert await gateway.request(Endpoints.STATUS, Empty()) == status
    await inventory.put("current", b"7")
    await until(lambda: ("current", b"7") in changes)
    admin = await real.bus()
    await admin.publish(logged("web-1", 1))
    await until(lambda: viewed == ["1"])
    await gateway.ping()


async def test_a_message_whose_process_died_each_time_is_a_dead_letter(real: NatsHarness):
    durable = replace(Durables.RECORD, ack_wait_s=0.2, max_deliver=2)
    bus = await real.bus()
    await bus.publish(logged("web-1", 1))
    taken = [await _pull_and_vanish(real, partition, times=2) for partition in range(4)]
    assert taken.count(True) == 1
    calls = []

    async def record(delivery):
        calls.append(delivery.deliveries)

    await bus.consume(durable, record)
    letters = []
    async with asyncio.timeout(10):
        while not letters:
            await asyncio.sleep(0.05)
            letters = await real.stored("DEADLETTER")
    assert letters[0].data.reason == "delivered 2 times without an outcome, at most 2"
    assert calls == []


async def test_processes_that_restart_over_and_over_in_an_outage_bury_nothing(real: NatsHarness):
    durable = replace(Durables.RECORD, max_deliver=2)
    publisher = await real.bus()
    await publisher.publish(logged("web-1", 1))

    async def nowhere(_delivery):
        raise Unavailable("postgres", "connection refused")

    for _ in range(6):
        bus = await real.bus("context")
        consumer = await bus.consume(durable, nowhere)
        await until(lambda consumer=consumer: consumer.paused == "postgres")
        await bus.close()
    seen = []

    async def record(delivery):
        seen.append(delivery.deliveries)

    await publisher.consume(durable, record)
    await until(lambda: len(seen) == 1)
    assert seen == [7]
    assert await real.stored("DEADLETTER") == []


async def test_what_a_killed_process_held_goes_on_after_ack_wait_as_the_table_says(real: NatsHarness):
    bus = await real.bus()
    await bus.publish(logged("web-1", 1))
    taken = [await _pull_and_vanish(real, p, times=1, ack_wait_s=None) for p in range(4)]
    assert taken.count(True) == 1
    vanished = asyncio.get_running_loop().time()
    seen = []

    async def record(delivery):
        seen.append(asyncio.get_running_loop().time())

    await bus.consume(Durables.RECORD, record)
    await bus.publish(logged("web-1", 2))
    await until(lambda: len(seen) == 2)
    assert seen[0] - vanished < ACK_WAIT_S + 1


async def test_a_message_sent_while_the_consumer_stops_is_given_back_at_once(real: NatsHarness):
    """The server hears of the end a moment late; publishing from another connection hits that moment now and then."""
    publisher = await real.bus("host-collector")
    context = await real.bus("context")
    seen = set()

    async def record(delivery):
        seen.add((delivery.envelope.entity, delivery.envelope.position))

    for number in range(60):
        consumer = await context.consume(Durables.RECORD, record)
        # What was given back comes at once; without this a slow machine gives the same message back too many times.
        await until(lambda so_far=8 * number: len(seen) == so_far, seconds=ACK_WAIT_S - 2)
        batch = [logged(f"node-{host}", number) for host in range(8)]
        publishing = asyncio.create_task(publisher.publish_batch(batch))
        await asyncio.sleep(0.0005 * (number % 8))
        await consumer.stop()
        await publishing
    await context.consume(Durables.RECORD, record)
    await until(lambda: len(seen) == 480, seconds=ACK_WAIT_S - 2)


async def _pull_and_vanish(real: NatsHarness, partition: int, *, times: int, ack_wait_s: float | None = 0.2) -> bool:
    """Take the message as a process that dies before it acknowledges."""
    client = await real.client()
    js = client.jetstream()
    name = f"{SITE}-record-p{partition}"
    info = await js.consumer_info("OBSERVE", name)
    found = bool(info.num_pending)
    if found:
        if ack_wait_s is not None:
            await js.add_consumer("OBSERVE", replace(info.config, ack_wait=ack_wait_s))
        sub = await js.pull_subscribe_bind(name, "OBSERVE")
        for _ in range(times):
            await sub.fetch(1, timeout=5)
    await client.close()
    return found


async def test_a_deleted_consumer_is_declared_again(real: NatsHarness):
    bus = await real.bus()
    seen = []

    async def run(delivery):
        seen.append(delivery.envelope.position)

    await bus.consume(Durables.RECORD, run)
    client = await real.client()
    for partition in range(4):
        await client.jetstream().delete_consumer("OBSERVE", f"{SITE}-record-p{partition}")
    await client.close()
    await bus.publish(logged("web-1", 1))
    await until(lambda: seen == ["1"])


async def test_a_server_that_is_not_there_is_named_after_the_wait(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(BusUnavailable, match=rf"NATS at 127\.0\.0\.1:{port} did not answer within 0\.5 s"):
        await _connect(f"nats://user:hunter2@127.0.0.1:{port}", wait_s=0.5)


async def test_a_server_that_comes_up_late_is_waited_for(tmp_path: Path):
    server = NatsServer(tmp_path)
    await server.start()
    server.kill()
    connecting = asyncio.create_task(_connect(server.url, user="admin", password=PASSWORDS["admin"], wait_s=10))
    await asyncio.sleep(0.5)
    await server.start()
    bus = await connecting
    await bus.ping()
    await bus.close()
    server.stop()


async def test_a_wrong_password_is_told_at_once(real: NatsHarness):
    started = asyncio.get_running_loop().time()
    with pytest.raises(BusUnavailable, match="refused user of service trigger") as refused:
        await _connect(real.server.url, user="trigger", password="guessed", wait_s=20)
    assert asyncio.get_running_loop().time() - started < 5
    assert "guessed" not in str(refused.value)


async def test_too_small_a_file_store_names_the_sum_of_the_streams(tmp_path: Path):
    server = NatsServer(tmp_path, max_file_store=100 * MIB)
    await server.start()
    try:
        with pytest.raises(DeclarationFailed, match=r"stream OBSERVE .*max_file_store"):
            await _connect(server.url, user="admin", password=PASSWORDS["admin"])
    finally:
        server.stop()


async def test_a_stream_that_drifted_is_brought_back_by_context_only(real: NatsHarness):
    await real.bus("context", streams=[replace(stream("TRIGGER"), max_bytes=MIB)])
    await real.bus("trigger")
    assert (await _config(real, "TRIGGER")).max_bytes == MIB
    await real.bus("context")
    assert (await _config(real, "TRIGGER")).max_bytes == stream("TRIGGER").max_bytes


async def _config(real: NatsHarness, name: str) -> StreamConfig:
    client = await real.client()
    try:
        return (await client.jetstream().stream_info(name)).config
    finally:
        await client.close()


async def test_declaring_twice_changes_nothing(real: NatsHarness):
    await real.bus()
    first = await _config(real, "OBSERVE")
    await real.bus()
    assert await _config(real, "OBSERVE") == first


async def test_all_services_may_start_at_once_on_an_empty_server(real: NatsHarness):
    buses = await asyncio.gather(*(real.bus(service) for service in SERVICES))
    await asyncio.gather(*(bus.ping() for bus in buses))


async def test_a_service_is_told_when_its_credentials_are_taken_away(real: NatsHarness):
    reasons = []
    bus = await _connect(real.server.url, user="trigger", password=PASSWORDS["trigger"], on_fatal=reasons.append)
    real.server.kill()
    real.server.passwords["trigger"] = "changed"
    await real.server.start()
    await until(lambda: len(reasons) == 1)
    assert reasons == [f"NATS at 127.0.0.1:{real.server.port} no longer accepts the credentials of service trigger"]
    with pytest.raises(BusUnavailable):
        await bus.ping()
    await bus.close()


async def test_a_message_larger_than_the_server_takes_is_told_before_it_is_sent(real: NatsHarness):
    bus = await real.bus()
    with pytest.raises(MessageTooLarge, match="cut the batch"):
        await bus.publish(logged("web-1", 1, text="x" * (8 * MIB)))
    await bus.publish(logged("web-1", 2))


async def test_a_handler_that_never_ends_is_left_behind_when_the_drain_time_is_over(real: NatsHarness):
    bus = await real.bus(drain_s=0.3)
    started, cancelled = asyncio.Event(), []

    async def hangs(_delivery):
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    await bus.consume(Durables.RECORD, hangs)
    await bus.publish(logged("web-1", 1))
    await asyncio.wait_for(started.wait(), 5)
    begun = asyncio.get_running_loop().time()
    await bus.close()
    assert asyncio.get_running_loop().time() - begun < 3
    assert cancelled == [True]


async def test_services_are_found_by_the_services_api(real: NatsHarness):
    context = await real.bus("context")

    async def status(_query):
        raise RequestFailed(Failure.NOT_FOUND, "never asked")

    await context.serve(Endpoints.STATUS, status)
    client = await real.client()
    ping = json.loads((await client.request("$SRV.PING.context", b"", timeout=2)).data)
    info = json.loads((await client.request("$SRV.INFO.context", b"", timeout=2)).data)
    await client.close()
    assert ping["name"] == "context"
    assert [endpoint["subject"] for endpoint in info["endpoints"]] == ["gc.demo.query.context.status"]


async def test_messages_carry_their_id_and_a_trace(real: NatsHarness):
    bus = await real.bus()
    envelope = logged("web-1", 1)
    await bus.publish(envelope)
    client = await real.client()
    message = await client.jetstream().get_msg("OBSERVE", 1)
    await client.close()
    assert message.headers is not None
    assert message.headers["Nats-Msg-Id"] == envelope.id
    assert message.headers["traceparent"] == f"00-{envelope.correlation_id}-{envelope.id[:16]}-01"


async def test_nobody_else_hears_a_services_inbox(real: NatsHarness):
    gateway = await real.bus("gateway")
    heard = []

    async def listen(message):
        heard.append(message.subject)

    await gateway._connection.client.subscribe("_INBOX_context.>", cb=listen)
    context = await real.bus("context")
    await context.ping()
    await gateway._connection.synced()
    assert heard == []


def test_the_server_accepts_the_generated_configuration(tmp_path: Path):
    config = tmp_path / "nats.conf"
    passwords = PASSWORDS | {"gateway": "$NATS_GATEWAY"}
    text = server_config(passwords=passwords, sites=["demo", "default"], store_dir=str(tmp_path / "store"))
    config.write_text(text)
    checked = subprocess.run(
        [binary(), "-c", str(config), "-t"],
        capture_output=True,
        text=True,
        env={"NATS_GATEWAY": "from-the-environment"},
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "pw-gateway" not in text


async def _connect(
    url: str, *, user: str = "", password: str = "", wait_s: float = 10, on_fatal: Callable[[str], None] | None = None
) -> JetStreamBus:
    return await JetStreamBus.connect(
        url=url,
        user=user,
        password=password,
        service=user or "admin",
        site=SITE,
        clock=SystemClock(),
        registry=CollectorRegistry(),
        log=structlog.get_logger(),
        wait_s=wait_s,
        on_fatal=on_fatal,
    )
