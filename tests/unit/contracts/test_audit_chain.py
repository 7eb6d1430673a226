"""Whoever can write to the table can make any single link fit itself; it has to fit its neighbours too."""

from datetime import UTC, datetime

import pytest

from groundcrew.contracts.actions import NO_ACTION, AuditEntry
from groundcrew.contracts.audit import GENESIS, ChainBroken, ChainCheck, link, link_hash


def chain(length: int = 4) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for seq in range(1, length + 1):
        entries.append(
            link(
                seq=seq,
                time=datetime(2026, 3, 1, 2, 36, seq, tzinfo=UTC),
                site="default",
                actor="ada",
                event="approved",
                action_id=NO_ACTION,
                detail={"comment": "go"},
                previous=entries[-1].hash if entries else GENESIS,
            )
        )
    return entries


def forged(entry: AuditEntry, **changes: object) -> AuditEntry:
    """The entry with other content and the hash that fits it."""
    changed = entry.model_copy(update=changes)
    return changed.model_copy(update={"hash": link_hash(changed)})


def broken_at(entries: list[AuditEntry]) -> int:
    with pytest.raises(ChainBroken) as broken:
        ChainCheck().walk(entries)
    return broken.value.seq


def test_a_whole_chain_is_walked_to_its_newest_hash() -> None:
    check, entries = ChainCheck(), chain()
    check.walk(entries[:2])
    check.walk(entries[2:])
    assert (check.entries, check.newest) == (4, entries[-1].hash)


def test_an_entry_rewritten_with_a_fitting_hash_breaks_the_next_one() -> None:
    entries = chain()
    entries[1] = forged(entries[1], actor="eve")
    assert broken_at(entries) == 3


@pytest.mark.parametrize("field", ["actor", "event", "time", "detail", "site", "action_id"])
def test_any_field_changed_in_place_is_found(field: str) -> None:
    other = {"time": datetime(2020, 1, 1, tzinfo=UTC), "detail": {"comment": "no"}}.get(field, "0f" * 16)
    entries = chain()
    entries[2] = entries[2].model_copy(update={field: other})
    assert broken_at(entries) == 3


def test_an_entry_taken_out_is_found_even_where_the_rest_is_numbered_anew() -> None:
    entries = chain()
    del entries[1]
    assert broken_at(entries) == 2
    entries[1] = forged(entries[1], seq=2)
    assert broken_at(entries) == 2


def test_a_chain_that_does_not_begin_at_its_beginning_is_found() -> None:
    assert broken_at([forged(chain()[0], previous="f" * 64)]) == 1
