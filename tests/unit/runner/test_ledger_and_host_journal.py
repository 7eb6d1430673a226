"""The runner's memory, and the note that it leaves on the host."""

import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from groundcrew.contracts.actions import ActionReported, Outcome
from groundcrew.contracts.identity import stable_id
from groundcrew_runner.host_journal import HostJournal
from groundcrew_runner.ledger import Ledger, LedgerBroken, Page

T0 = datetime(2026, 3, 1, 2, 36, tzinfo=UTC)


def page(number: int, *, reported: bool = True, published: bool = False) -> Page:
    report = ActionReported(
        action_id=stable_id("a", number), outcome=Outcome.SUCCEEDED, started_at=T0, finished_at=T0, output="ok"
    )
    return Page(
        grant_id=stable_id("g", number), action_id=stable_id("a", number), correlation_id=stable_id("c"),
        started_at=T0 + timedelta(seconds=number), report=report if reported else None, published=published,
    )  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path / "ledger")
    ledger.open()
    return ledger


def test_a_page_comes_back_as_written_and_a_new_one_replaces_it(ledger: Ledger) -> None:
    assert ledger.read(page(1).grant_id) is None
    ledger.write(page(1, reported=False))
    ledger.write(page(1))
    assert ledger.read(page(1).grant_id) == page(1)


def test_reports_that_the_broker_may_not_have_come_oldest_first(ledger: Ledger) -> None:
    for written in (page(3), page(1), page(2, published=True), page(4, reported=False)):
        ledger.write(written)
    assert ledger.unpublished() == [page(1), page(3)]


def test_only_finished_pages_are_ever_forgotten(ledger: Ledger, tmp_path: Path) -> None:
    kept = [page(1), page(2, reported=False)]
    for written in (*kept, page(3, published=True), page(4, published=True)):
        ledger.write(written)
    (tmp_path / "ledger" / f"{'b' * 32}.json").write_text("broken")
    for path in (tmp_path / "ledger").glob("*.json"):
        if path.stem != page(4).grant_id:
            os.utime(path, (1_000, 1_000))
    assert ledger.forget_before(T0) == 1
    assert ledger.read(page(3).grant_id) is None
    assert all(ledger.read(p.grant_id) == p for p in (*kept, page(4, published=True)))


def test_a_page_that_cannot_be_read_is_an_error_naming_the_file(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "ledger" / f"{'b' * 32}.json").write_text("{}")
    with pytest.raises(LedgerBroken, match=f"{'b' * 32}.json"):
        ledger.read("b" * 32)


def listener(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(path))
    sock.settimeout(2)
    return sock


def test_the_journal_gets_reason_and_incident_as_fields(tmp_path: Path) -> None:
    with listener(tmp_path / "j") as sock:
        journal = HostJournal(structlog.get_logger(), journald=tmp_path / "j", syslog=tmp_path / "s")
        assert journal.write("restart\nFAKE=1", {"incident_id": "abc\nPRIORITY=0", "note": ""}) == "journal"
        lines = sock.recv(4096).decode().splitlines()
    assert lines == [
        "MESSAGE=restart FAKE=1", "PRIORITY=5", "SYSLOG_IDENTIFIER=groundcrew-runner",
        "GROUNDCREW_INCIDENT_ID=abc PRIORITY=0",
    ]  # fmt: skip


def test_syslog_is_used_where_there_is_no_journal(tmp_path: Path) -> None:
    with listener(tmp_path / "s") as sock:
        journal = HostJournal(structlog.get_logger(), journald=tmp_path / "j", syslog=tmp_path / "s")
        assert journal.write("restart", {}) == "syslog"
        assert sock.recv(4096) == b"<13>groundcrew-runner: restart"


def test_our_own_log_has_it_where_there_is_neither(tmp_path: Path) -> None:
    with capture_logs() as logs:
        journal = HostJournal(structlog.get_logger(), journald=tmp_path / "j", syslog=tmp_path / "s")
        assert journal.write("restart", {"incident_id": "abc"}) == "own log"
    assert logs == [{"event": "host journal", "note": "restart", "incident_id": "abc", "log_level": "info"}]
