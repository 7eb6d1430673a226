"""A host goes into maintenance over REST: what fails meanwhile is on record and no incident; what is still bad when the
window is ended is an incident then. On a real nats-server under the generated permissions and a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from groundcrew.bus.access import ADMIN
from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import ProducedBy, seal
from groundcrew.contracts.identity import host, stable_id
from groundcrew.contracts.observations import ServiceBatch

from ..conftest import PostgresServer  # noqa: TID252 - tests are no installed package
from ..contract.bus.nats_server import NatsServer  # noqa: TID252
from .plant import SITE, Plant

NAME = "web-01"


class Watched(Plant):
    """Without those that this does not need."""

    async def open(self) -> None:
        self.bus = await self.connect(ADMIN)
        await self.start("context", context={"tokenizer": "bytes", "instance": "one"})
        await self.start("trigger")
        await self.start("gateway", gateway={"port": self._port, "admin_key_file": str(self._folder / "api-key")})

    async def units(self, **states: str) -> None:
        """What the collector of the host sees now."""
        now = self.clock.now()
        names = [f"{name}.service" for name in states]
        batch = ServiceBatch(
            times=[to_us(now)] * len(names),
            units=names,
            load_states=["loaded"] * len(names),
            active_states=list(states.values()),
            sub_states=["running" if state == "active" else "failed" for state in states.values()],
            results=["success" if state == "active" else "exit-code" for state in states.values()],
            restarts=[0] * len(names),
        )
        told = seal(
            batch, id=stable_id("units", to_us(now)), site=SITE, entity=host(NAME), time=now, received_at=now,
            source="systemd", position="1", produced_by=ProducedBy(service="host-collector", version="0"),
        )  # fmt: skip
        await self.bus.publish(told)


@pytest.fixture
async def plant(tmp_path: Path, postgres: PostgresServer) -> AsyncIterator[Watched]:
    nats = NatsServer(tmp_path)
    await nats.start()
    plant = Watched(nats, postgres.create_database("maintenance"), tmp_path)
    await plant.open()
    yield plant
    await plant.close()
    nats.stop()


async def until(client: httpx2.AsyncClient, path: str, number: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(20):
        while True:
            items: list[dict[str, Any]] = (await client.get(path)).json()["items"]
            if len(items) >= number:
                return items
            await asyncio.sleep(0.05)


async def test_what_fails_in_maintenance_is_no_incident_until_the_window_ends(plant: Watched) -> None:
    async with plant.rest() as client:
        window = {"targets": [f"host:{NAME}"], "duration_s": 3_600, "kind": "maintenance", "why": "new firmware"}
        made = (await client.post("silences", json=window)).json()
        await plant.units(nginx="active", redis="active")
        await plant.units(nginx="failed", redis="failed")
        await plant.units(redis="active")
        triggers = await until(client, "triggers", 3)
        label = f"maintenance {made['id'][:8]}: new firmware"
        assert sorted(one["silenced_by"] for one in triggers) == ["", label, label], "an end is not marked"
        assert (await client.get("incidents")).json()["items"] == []

        await plant.stop("trigger")
        await plant.start("trigger")
        await plant.units(redis="active")
        await asyncio.sleep(0.2)
        ended = (await client.delete(f"silences/{made['id']}")).json()
        [incident] = await until(client, "incidents", 1)
        assert incident["title"].startswith("nginx.service")
        assert incident["last_seen"] >= ended["ends_at"][:19], "it was so until then"
        assert "still so after a silence" in str((await client.get(f"incidents/{incident['id']}")).json())

        window = {"targets": [f"host:{NAME}"], "duration_s": 1, "why": "a second"}
        await client.post("silences", json=window)
        await plant.units(memcached="active")
        await plant.units(memcached="failed")
        await until(client, "incidents", 2)
