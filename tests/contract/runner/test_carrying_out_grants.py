"""What a runner does with a grant, against a harmless systemd."""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from groundcrew.bus.port import Unavailable
from groundcrew.contracts.actions import ActionGranted, ActionKind, Outcome
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.envelope import Envelope, ProducedBy, encode, seal
from groundcrew.contracts.identity import stable_id
from groundcrew.policy.catalogue import prepare
from groundcrew_runner.execution import Executor
from groundcrew_runner.grants import Runner
from groundcrew_runner.host_journal import HostJournal
from groundcrew_runner.ledger import Ledger, Page

HOST = "host:brickbox-43"
UNIT = "trainer.service"


async def stands(grant: Envelope[ActionGranted], argv: list[str]) -> str | None:
    """What actions says of a grant that is its own."""
    del grant, argv
    return None


def runner_on(folder: Path, path: list[str], **fields: Any) -> Runner:
    fields.setdefault("confirm", stands)
    ledger = Ledger(folder / "ledger")
    ledger.open()
    nowhere = folder / "nowhere"
    return Runner(
        entity=HOST, executor=Executor(path), ledger=ledger, clock=SystemClock(), settle_s=0,
        host_journal=HostJournal(structlog.get_logger(), journald=nowhere, syslog=nowhere), **fields,
    )  # fmt: skip


def grant(
    unit: str = UNIT,
    *,
    target: str = HOST,
    argv: list[str] | None = None,
    ttl_s: float = 60,
    timeout_s: float = 20,
    by: str = "ada",
) -> Envelope[ActionGranted]:
    now = datetime.now(UTC)
    action_id = stable_id("action", unit)
    data = ActionGranted(
        action_id=action_id,
        kind=ActionKind.SERVICE_RESTART,
        target=target,
        parameters={"unit": unit},
        argv=argv or ["systemctl", "restart", "--", unit],
        timeout_s=timeout_s,
        expires_at=now + timedelta(seconds=ttl_s),
        incident_id=stable_id("incident"),
        approved_by=by,
    )
    return seal(
        data, id=stable_id("grant", action_id), site="default", entity=target, time=now, received_at=now,
        source="actions", position="1", produced_by=ProducedBy(service="actions", version="0", packs=""),
    )  # fmt: skip


async def test_a_failed_unit_is_restarted_once_and_probed_before_and_after(systemd: Any, tmp_path: Path) -> None:
    systemd.unit(UNIT)
    runner = runner_on(tmp_path, systemd.path)
    report = (await runner.carry_out(grant())).report
    assert report is not None
    assert report.outcome is Outcome.SUCCEEDED
    assert report.exit_code == 0
    assert report.probe_before["ActiveState"] == "failed"
    assert report.probe_after["ActiveState"] == "active"
    assert report.probe_before["InvocationID"] != report.probe_after["InvocationID"]
    assert systemd.restarts() == [f"restart -- {UNIT}"]


async def test_a_grant_that_comes_again_is_answered_from_the_ledger(systemd: Any, tmp_path: Path) -> None:
    systemd.unit(UNIT)
    first = await runner_on(tmp_path, systemd.path).carry_out(grant())
    again = await runner_on(tmp_path, systemd.path).carry_out(grant())
    assert again.report == first.report
    assert len(systemd.restarts()) == 1


async def test_a_restart_that_fails_is_reported_with_what_systemctl_said(systemd: Any, tmp_path: Path) -> None:
    systemd.unit(UNIT)
    systemd.restart_fails()
    report = (await runner_on(tmp_path, systemd.path).carry_out(grant())).report
    assert report is not None
    assert report.outcome is Outcome.FAILED
    assert report.exit_code == 1
    assert report.output == f"Job for {UNIT} failed.\n"


async def test_a_restart_that_does_not_end_is_killed_with_all_its_children(systemd: Any, tmp_path: Path) -> None:
    systemd.unit(UNIT)
    systemd.restart_hangs()
    report = (await runner_on(tmp_path, systemd.path).carry_out(grant(timeout_s=0.5))).report
    assert report is not None
    assert report.outcome is Outcome.FAILED
    assert report.exit_code is None
    assert "did not end in time" in report.detail
    group = systemd.hanging()
    assert group is not None
    left = [p for p in Path("/proc").glob("[0-9]*/stat") if _in_group(p, group)]
    assert left == []


def _in_group(stat: Path, group: int) -> bool:
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return int(fields[2]) == group and fields[0] != "Z"


@pytest.mark.parametrize(
    ("different", "says"),
    [
        ({"ttl_s": -1}, "expired"),
        ({"target": "host:other"}, "this runner acts on host:brickbox-43"),
        ({"argv": ["systemctl", "stop", "--", UNIT]}, "this runner's catalogue says"),
        ({"unit": "sshd.service"}, "protected"),
        ({"unit": "absent.service"}, "load state is 'not-found'"),
    ],
    ids=["expired", "of another host", "another command line", "protected unit", "no such unit"],
)
async def test_what_is_not_exactly_right_is_refused_and_nothing_runs(
    systemd: Any, tmp_path: Path, different: dict[str, Any], says: str
) -> None:
    systemd.unit(UNIT)
    report = (await runner_on(tmp_path, systemd.path).carry_out(grant(**different))).report
    assert report is not None
    assert report.outcome is Outcome.REFUSED
    assert says in report.detail
    assert systemd.restarts() == []


@pytest.mark.parametrize(
    ("by", "outcome"),
    [("policy", Outcome.REFUSED), ("ada", Outcome.SUCCEEDED)],
    ids=["by policy", "by a person"],
)
async def test_a_unit_that_runs_is_restarted_for_a_person_only(
    systemd: Any, tmp_path: Path, by: str, outcome: Outcome
) -> None:
    systemd.unit(UNIT, active="active", sub="running", result="success")
    report = (await runner_on(tmp_path, systemd.path).carry_out(grant(by=by))).report
    assert report is not None
    assert report.outcome is outcome
    assert ("there is nothing to mend" in report.detail) == (by == "policy")
    assert len(systemd.restarts()) == (by == "ada")


async def test_what_actions_does_not_confirm_is_refused_and_nothing_runs(systemd: Any, tmp_path: Path) -> None:
    systemd.unit(UNIT)
    asked: list[list[str]] = []

    async def stopped(grant: Envelope[ActionGranted], argv: list[str]) -> str:
        asked.append(argv)
        return "all actions are stopped"

    report = (await runner_on(tmp_path, systemd.path, confirm=stopped).carry_out(grant())).report
    assert report is not None
    assert (report.outcome, report.detail) == (Outcome.REFUSED, "all actions are stopped")
    assert asked == [["systemctl", "restart", "--", UNIT]]
    assert systemd.restarts() == []


async def test_while_actions_does_not_answer_nothing_is_begun_and_nothing_reported(
    systemd: Any, tmp_path: Path
) -> None:
    systemd.unit(UNIT)

    async def silent(grant: Envelope[ActionGranted], argv: list[str]) -> str:
        raise Unavailable("actions", "nobody answered")

    with pytest.raises(Unavailable):
        await runner_on(tmp_path, systemd.path, confirm=silent).carry_out(grant())
    assert systemd.restarts() == []
    report = (await runner_on(tmp_path, systemd.path).carry_out(grant())).report
    assert report is not None
    assert report.outcome is Outcome.SUCCEEDED


async def test_a_host_without_systemctl_refuses_saying_so(tmp_path: Path) -> None:
    report = (await runner_on(tmp_path, [str(tmp_path)]).carry_out(grant())).report
    assert report is not None
    assert report.outcome is Outcome.REFUSED
    assert "no program 'systemctl'" in report.detail


async def test_a_refusal_stays_a_refusal_when_the_grant_comes_again(systemd: Any, tmp_path: Path) -> None:
    runner = runner_on(tmp_path, systemd.path)
    await runner.carry_out(grant())
    systemd.unit(UNIT)
    report = (await runner.carry_out(grant())).report
    assert report is not None
    assert report.outcome is Outcome.REFUSED
    assert systemd.restarts() == []


CHILD = """
import asyncio, sys, structlog
from pathlib import Path
from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.streams import decode
from groundcrew_runner.execution import Executor
from groundcrew_runner.grants import Runner
from groundcrew_runner.host_journal import HostJournal
from groundcrew_runner.ledger import Ledger
folder = Path(sys.argv[1])
async def stands(grant, argv): return None
ledger = Ledger(folder / "ledger")
ledger.open()
runner = Runner(entity="host:brickbox-43", executor=Executor(sys.argv[2:]), ledger=ledger, clock=SystemClock(),
                confirm=stands, settle_s=0,
                host_journal=HostJournal(structlog.get_logger(), journald=folder, syslog=folder))
asyncio.run(runner.carry_out(decode((folder / "grant").read_bytes())))
"""


async def test_a_runner_killed_in_the_midst_reports_unknown_and_never_runs_it_again(
    systemd: Any, tmp_path: Path
) -> None:
    systemd.unit(UNIT)
    systemd.restart_hangs()
    granted = grant()
    (tmp_path / "grant").write_bytes(encode(granted))
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path), *systemd.path], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while systemd.hanging() is None:
            assert time.monotonic() < deadline
            assert child.poll() is None
            await asyncio.sleep(0.02)
    finally:
        child.kill()
        child.wait()
    report = (await runner_on(tmp_path, systemd.path).carry_out(granted)).report
    assert report is not None
    assert report.outcome is Outcome.UNKNOWN
    assert "it has been restarted since" in report.detail
    assert report.probe_before["ActiveState"] == "failed"
    assert report.probe_after["ActiveState"] == "active"
    assert len(systemd.restarts()) == 1


async def test_a_runner_killed_just_before_it_began_reports_that_no_restart_has_happened(
    systemd: Any, tmp_path: Path
) -> None:
    systemd.unit(UNIT)
    granted, runner = grant(), runner_on(tmp_path, systemd.path)
    before = {"ActiveState": "failed", "InvocationID": "a" * 32}
    runner.ledger.write(
        Page(
            grant_id=granted.id,
            action_id=granted.data.action_id,
            correlation_id=granted.correlation_id,
            started_at=datetime.now(UTC),
            probe_before=before,
        )
    )
    report = (await runner.carry_out(granted)).report
    assert report is not None
    assert report.outcome is Outcome.UNKNOWN
    assert "no restart has happened" in report.detail
    assert systemd.restarts() == []


async def test_a_damaged_ledger_page_counts_as_begun(systemd: Any, tmp_path: Path) -> None:
    systemd.unit(UNIT)
    runner, granted = runner_on(tmp_path, systemd.path), grant()
    (tmp_path / "ledger" / f"{granted.id}.json").write_bytes(b'{"grant_id": "')
    report = (await runner.carry_out(granted)).report
    assert report is not None
    assert report.outcome is Outcome.UNKNOWN
    assert systemd.restarts() == []


def test_the_command_line_of_these_tests_is_the_catalogues_own() -> None:
    assert prepare(ActionKind.SERVICE_RESTART, HOST, {"unit": UNIT}).argv == grant().data.argv
