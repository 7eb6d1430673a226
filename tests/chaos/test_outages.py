"""A dependency is away for a while: readiness names it in time, nothing is lost, doubled or buried, and all goes on."""

import time

import psycopg
import pytest

from ..conftest import PostgresServer  # noqa: TID252 - tests are no package on the path
from .conftest import until
from .processes import Service, Services

pytestmark = pytest.mark.chaos

ANSWER_S = 4.0
"""A check has two seconds; the rest is the machine's."""

BACK_S = 25.0
"""A held message is tried again every fifteen seconds at most."""


@pytest.fixture
def watched(services: Services) -> dict[str, Service]:
    """context, trigger and a collector that follows one file."""
    followed = services.folder / "numbered.log"
    followed.touch()
    collector = {"FILES": f'["{followed}"]', "JOURNAL": "off", "KMSG": "off", "METRICS": "off", "SERVICES": "off"}
    services.settings |= {f"HOST_COLLECTOR__{key}": value for key, value in collector.items()}
    services.settings |= {"HOST_COLLECTOR__FILES_START": "start"}
    started = {name: services.start(name) for name in ("context", "trigger", "host-collector")}
    for service in started.values():
        service.until_ready()
    return started


def write(services: Services, numbers: range) -> None:
    with (services.folder / "numbered.log").open("a") as file:
        file.writelines(f"numbered line {number:05d}\n" for number in numbers)


def rows(services: Services) -> tuple[int, int]:
    """(numbered lines stored, different ones among them)"""
    place = services.postgres
    with psycopg.connect(
        host=place["host"], port=place["port"], dbname=place["database"], user=place["user"],
        password=place["password"],
    ) as connection:  # fmt: skip
        found = connection.execute(
            "SELECT count(*), count(DISTINCT message) FROM context.log_events WHERE message LIKE '%numbered line %'"
        ).fetchone()
    assert found is not None
    return (found[0], found[1])


def failing(service: Service) -> dict[str, str]:
    """What /readyz finds wrong; it must answer in time."""
    found = service.readiness()
    assert found["seconds"] < ANSWER_S, found
    return {name: check["detail"] for name, check in found["checks"].items() if not check["ok"]}


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_readiness_names_a_postgres_that_is_away_and_the_consumer_that_waits(
    services: Services, watched: dict[str, Service], postgres: PostgresServer, how: str
) -> None:
    context = watched["context"]
    postgres.kill() if how == "killed" else postgres.freeze()
    write(services, range(10))
    until("context is unready", 10, lambda: "postgres" in failing(context))
    assert context.readiness()["status"] == 503
    assert "nats" not in failing(context)
    if how == "killed":
        until("the consumer waits", 10, lambda: failing(context).get("consumers") == "record waits for postgres")
    assert watched["trigger"].readiness()["status"] == 200, "trigger needs no PostgreSQL"
    postgres.start() if how == "killed" else postgres.thaw()
    until("context is ready again", 10, lambda: context.readiness()["status"] == 200)
    until("what was held is stored", BACK_S, lambda: rows(services) == (10, 10))
    until("no consumer waits", 5, lambda: failing(context) == {})


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_readiness_names_a_nats_that_is_away(services: Services, watched: dict[str, Service], how: str) -> None:
    services.nats.kill() if how == "killed" else services.nats.freeze()
    write(services, range(10))
    for service in watched.values():
        until(f"{service.name} is unready", 10, lambda service=service: "nats" in failing(service))
    assert "postgres" not in failing(watched["context"])
    if how == "killed":
        await services.nats.start()
    else:
        services.nats.thaw()
    for service in watched.values():
        until(f"{service.name} is ready", 20, lambda service=service: service.readiness()["status"] == 200)
    until("what was held back is stored", BACK_S, lambda: rows(services) == (10, 10))


def test_a_disk_that_hangs_for_20_s_loses_doubles_and_buries_nothing(
    services: Services, watched: dict[str, Service], postgres: PostgresServer
) -> None:
    for burst in range(0, 2_000, 100):
        write(services, range(burst, burst + 100))
        if burst == 1_000:
            until("some are stored", 10, lambda: rows(services)[0] > 0)
            postgres.freeze()
        time.sleep(0.05)
    time.sleep(20)
    postgres.thaw()
    until("all are stored", 60, lambda: rows(services)[1] == 2_000)
    time.sleep(1)  # a double would come late
    assert rows(services) == (2_000, 2_000)
    assert "bus: dead letter" not in "".join(service.log.read_text() for service in watched.values())
