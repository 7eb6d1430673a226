"""Ticks: what a schedule publishes, over and over with the same payload, and the message each firing becomes."""

from datetime import datetime
from typing import Any

from groundcrew.contracts.envelope import Envelope, ProducedBy, seal
from groundcrew.contracts.identity import stable_id, token
from groundcrew.contracts.incidents import Tick


def tick_subject(site: str, name: str) -> str:
    return f"gc.{site}.tick.{token(name)}"


def schedule_subject(site: str, name: str) -> str:
    """Where the schedule itself is stored: one message per name."""
    return f"gc.{site}.schedule.{token(name)}"


def tick(site: str, name: str, *, now: datetime, produced_by: ProducedBy) -> Envelope[Tick]:
    """The envelope that a schedule repeats."""
    return seal(
        Tick(name=name),
        id=stable_id("tick", site, name),
        site=site,
        entity=f"site:{site}",
        time=now,
        received_at=now,
        source="schedule",
        position=name,
        produced_by=produced_by,
    )


def fired(envelope: Envelope[Any], sequence: int, stored_at: datetime) -> Envelope[Any]:
    """One firing: id, time and position of its own, from its place in the stream, equal on every redelivery."""
    if not isinstance(envelope.data, Tick):
        return envelope
    own_id = stable_id("tick", envelope.site, envelope.data.name, sequence, stored_at.isoformat())
    return envelope.model_copy(
        update={
            "id": own_id,
            "correlation_id": own_id,
            "time": stored_at,
            "received_at": stored_at,
            "position": str(sequence),
        }
    )
