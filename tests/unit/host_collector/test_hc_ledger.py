"""The cursor file."""

import os
from pathlib import Path

import pytest

from groundcrew_host_collector.ledger import Ledger, LedgerError
from groundcrew_host_collector.source import Span

SPAN = Span("journal", "journal", {"cursor": "a"}, {"cursor": "b"}, received_us=5, boot_us=7)


async def test_an_intent_survives_until_it_is_committed(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path)
    ledger.intend("journal", SPAN)
    await ledger.save()

    again = Ledger.open(tmp_path)
    assert again.intents("journal") == [SPAN]

    again.commit("journal", SPAN)
    await again.flush()
    last = Ledger.open(tmp_path)
    assert last.intents("journal") == []
    assert last.positions("journal") == {"journal": {"cursor": "b"}}


async def test_generations_never_go_back(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path)
    ledger.next_generation()
    await ledger.flush()

    assert Ledger.open(tmp_path).next_generation() == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 99}', '{"version": 1, "generation": 0}'])
def test_a_file_that_is_not_ours_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "cursors.json").write_text(content)

    with pytest.raises(LedgerError, match=r"cursors\.json: not a cursor file"):
        Ledger.open(tmp_path)


def test_a_folder_that_cannot_be_made_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LedgerError, match=r"host_collector\.state_dir"):
        Ledger.open(tmp_path / "file" / "state")


async def test_a_full_disk_keeps_the_old_file_and_tries_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.open(tmp_path)
    ledger.intend("journal", SPAN)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            await ledger.save()
    assert Ledger.open(tmp_path).intents("journal") == []

    await ledger.flush()
    assert Ledger.open(tmp_path).intents("journal") == [SPAN]
