"""The coordinator store in PostgreSQL, schema `coordinator`."""

from collections.abc import Sequence
from datetime import datetime

from groundcrew.contracts.completions import CompletionOutcome, Purpose, Served
from groundcrew.stores.coordinator.port import Interaction
from groundcrew.stores.copying import storable
from groundcrew.stores.database import Database, Row

_COLUMNS = (
    "id, time, purpose, outcome, served, reason, model, prompt_tokens, completion_tokens, latency_s, prompt_digest,"
    " prompt, answer, asked_by, incident_id, value_score"
)
_INSERT = f"INSERT INTO interactions (site, {_COLUMNS}) VALUES ({', '.join(['%s'] * 17)}) ON CONFLICT DO NOTHING"  # noqa: S608 - constants


class PostgresCoordinatorStore:
    """Closing the database is up to whoever opened it; `close` does so too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, site: str, interactions: Sequence[Interaction]) -> None:
        async with self._database.transaction() as connection, connection.cursor() as cursor:
            await cursor.executemany(_INSERT.encode(), [_row(site, one) for one in interactions])

    async def newest(self, site: str, limit: int, *, incident_id: str | None = None) -> Sequence[Interaction]:
        where, parameters = ("AND incident_id = %s", [site, incident_id]) if incident_id else ("", [site])
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM interactions WHERE site = %s {where} ORDER BY time DESC, id DESC LIMIT %s",  # noqa: S608 - constants
            [*parameters, limit],
        )
        return [_interaction(row) for row in rows]

    async def forget(self, site: str, before: datetime) -> int:
        return await self._database.execute("DELETE FROM interactions WHERE site = %s AND time < %s", (site, before))

    async def ping(self) -> None:
        await self._database.ping()

    async def close(self) -> None:
        await self._database.close()


def _row(site: str, of: Interaction) -> tuple[object, ...]:
    return (
        site,
        of.id,
        of.time,
        of.purpose.value,
        of.outcome.value,
        of.served.value,
        storable(of.reason),
        storable(of.model),
        of.prompt_tokens,
        of.completion_tokens,
        of.latency_s,
        of.prompt_digest,
        storable(of.prompt),
        storable(of.answer),
        storable(of.asked_by),
        of.incident_id,
        of.value_score,
    )


def _interaction(row: Row) -> Interaction:
    (
        row_id, time, purpose, outcome, served, reason, model, prompt_tokens, completion_tokens, latency_s, digest,
        prompt, answer, asked_by, incident_id, value_score,
    ) = row  # fmt: skip
    return Interaction(
        id=row_id.hex,
        time=time,
        purpose=Purpose(purpose),
        outcome=CompletionOutcome(outcome),
        served=Served(served),
        reason=reason,
        model=model,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        latency_s=latency_s,
        prompt_digest=digest,
        prompt=prompt,
        answer=answer,
        asked_by=asked_by,
        incident_id=incident_id.hex if incident_id is not None else None,
        value_score=value_score,
    )
