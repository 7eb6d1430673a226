"""Two sites that share a database but not a bus: each publishes its own messages only."""

from tests.contract.stores.observed import incident, opened

from groundcrew.contracts.streams import decode
from groundcrew.stores.context.postgres import PostgresContextStore


async def test_a_store_of_one_site_sees_only_its_outbox(postgres_store):
    for site in ("default", "demo"):
        async with postgres_store.fusion(site) as transaction:
            await transaction.publish(opened(incident(1), site=site))
    demo = PostgresContextStore(postgres_store._database, site="demo")
    (waiting,) = await demo.outbox.pending(10)
    assert decode(waiting.payload).site == "demo"
    assert len(await postgres_store.outbox.pending(10)) == 2
