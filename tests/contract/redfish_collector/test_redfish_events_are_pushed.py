"""A BMC without a stream pushes its events, where the operator gave an address: one subscription, and none left."""

import asyncio
import http.client
import json
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from tests.bmc.redfish.bmc import SUBSCRIPTIONS, RedfishBmc
from tests.bmc.redfish.certificates import Certified
from tests.bmc.redfish.server import Served
from tests.conftest import free_port

from groundcrew_ipmi_collector.redfish.pushed import PushServer, server_context

from .reading import Reading, reading_of

LONG_S = 30.0


def post(destination: str, body: bytes) -> int:
    """As a BMC that checks no certificate does."""
    parts = urlsplit(destination)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context, timeout=10)
    try:
        connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def bmc() -> RedfishBmc:
    return RedfishBmc(pushes=True)


Make = Callable[..., Reading]


@pytest.fixture
def make(served: Served, certificates: Certified, tmp_path: Path) -> Make:
    """A collector that may be pushed to at a port of its own; again after a restart with the same one."""
    listener = trustme.CA().issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    listener.cert_chain_pems[0].write_to_path(str(chain))
    listener.private_key_pem.write_to_path(str(key))

    def made(port: int) -> Reading:
        section = {
            "event_address": f"https://127.0.0.1:{port}", "event_listen": f"127.0.0.1:{port}", "event_cert": chain,
            "event_key": key,
        }  # fmt: skip
        return reading_of(served, tmp_path, tls_ca=str(certificates.ca), section=section)

    return made


@pytest.fixture
async def reading(make: Make, bmc: RedfishBmc) -> AsyncIterator[Reading]:
    made = make(free_port())
    assert made.pushed is not None
    server = PushServer(made.pushed)
    await server.start(*made.section.listens_at, server_context(made.section))
    loop = asyncio.get_running_loop()
    sent: list[Any] = []
    bmc.push_to = lambda destination, body: sent.append(loop.run_in_executor(None, post, destination, body))
    yield made
    await asyncio.gather(*sent)
    await server.close()


async def posted(reading: Reading, destination: str, body: object) -> int:
    return await asyncio.to_thread(post, destination, json.dumps(body).encode())


async def test_a_pushed_event_has_the_log_read_long_before_it_is_due(bmc: RedfishBmc, reading: Reading):
    await reading.poll()
    assert reading.facts["events"] == "pushed"
    bmc.add(2)
    async with asyncio.timeout(LONG_S / 2):
        await reading.poller.rest(LONG_S)
    await reading.poll()
    assert reading.numbers == [1, 2]


@pytest.mark.parametrize("old", [True, False])
async def test_old_and_new_services_are_subscribed_to(bmc: RedfishBmc, reading: Reading, old: bool):
    bmc.types_only = old
    await reading.poll()
    assert len(bmc.subscriptions) == 1


async def test_after_a_kill_the_same_subscription_is_found_and_none_is_added(
    bmc: RedfishBmc, reading: Reading, make: Make
):
    await reading.poll()
    again = make(reading.section.listens_at[1])
    await again.poll()
    assert (len(bmc.subscriptions), bmc.subscribed) == (1, 1)
    assert again.facts["events"] == "pushed"
    await again.poller.close()
    assert bmc.subscriptions == {}, "who leaves, leaves none"
    assert bmc.sessions == {}


async def test_one_for_an_address_that_is_no_longer_ours_is_replaced_and_others_are_left(
    bmc: RedfishBmc, reading: Reading, make: Make
):
    bmc.subscriptions[f"{SUBSCRIPTIONS}/other"] = {"Destination": "https://ome.example/", "Context": "ome"}
    await reading.poll()
    twice = dict(bmc.subscriptions[f"{SUBSCRIPTIONS}/1"])
    bmc.subscriptions[f"{SUBSCRIPTIONS}/twice"] = twice
    moved = make(free_port())
    await moved.poll()
    assert len(bmc.subscriptions) == 2
    assert moved.pushed is not None
    assert bmc.subscriptions[f"{SUBSCRIPTIONS}/2"]["Destination"] == moved.pushed.destination("bmc:node-1-bmc")
    await moved.poller.close()
    assert list(bmc.subscriptions) == [f"{SUBSCRIPTIONS}/other"]


@pytest.mark.parametrize("shown", [None, "", "groundcrew-0", 7, ["x"], "\u00e4"])
async def test_who_does_not_show_the_context_wakes_nobody(bmc: RedfishBmc, reading: Reading, shown: object):
    for _ in range(3):  # a look that takes too long on a busy machine makes no subscription; the next one does
        await reading.poll()
        if bmc.subscriptions:
            break
    destination = next(iter(bmc.subscriptions.values()))["Destination"]
    assert await posted(reading, destination, {"Context": shown, "Events": [{}]}) == 403
    assert await posted(reading, f"{destination}0", {"Context": shown, "Events": [{}]}) == 403
    looked = len(bmc.requests)
    await reading.poller.rest(0.3)
    assert len(bmc.requests) == looked


async def test_a_bmc_that_offers_a_stream_is_not_subscribed_to(bmc: RedfishBmc, reading: Reading):
    bmc.streams = True
    await reading.poll()
    assert reading.facts["events"] == "stream"
    assert bmc.subscriptions == {}
    await reading.poller.close()


async def test_without_an_address_nothing_is_made_on_a_bmc(
    bmc: RedfishBmc, served: Served, certificates: Certified, tmp_path: Path
):
    reading = reading_of(served, tmp_path, tls_ca=str(certificates.ca))
    await reading.poll()
    assert bmc.subscriptions == {}
    assert reading.facts["events"] == "every 30 s"


async def test_a_body_without_end_and_what_is_no_post_are_refused(bmc: RedfishBmc, reading: Reading):
    await reading.poll()
    destination = next(iter(bmc.subscriptions.values()))["Destination"]
    with pytest.raises((http.client.HTTPException, OSError)):
        await asyncio.to_thread(post, destination, b'{"Context": "' + b"x" * 1_000_000)
    assert await asyncio.to_thread(post, destination, b"no json") == 400


def test_an_address_without_certificate_is_refused_in_one_line(make: Make):
    reading = make(free_port())
    with pytest.raises(ValueError, match="event_address: expected event_cert and event_key"):
        type(reading.section)(event_address="https://collector.example:8443")
