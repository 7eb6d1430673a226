"""`groundcrew bmcs`: the list, and one BMC."""

import json
from datetime import timedelta
from typing import Any

from groundcrew.contracts.clock import SystemClock
from groundcrew.contracts.event_logs import SyncJob
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import SourceStatus
from groundcrew.contracts.queries import (
    BmcPage,
    BmcSummary,
    EventLogEvent,
    EventLogsReply,
    EventLogState,
    SelEntry,
    SelPage,
    SensorReading,
    SensorsReply,
)


def bmc(name: str, state: str, detail: str, **facts: str) -> BmcSummary:
    source = SourceStatus(name="sel", state=state, detail=detail, since=SystemClock().now())
    return BmcSummary(name=name, entity=f"bmc:{name}", host="brickbox-43", facts=facts, sources=[source])


def test_bmcs_that_do_not_answer_come_first_with_their_reason(run: Any, gateway: Any) -> None:
    answered = (SystemClock().now() - timedelta(minutes=2)).isoformat()
    works = bmc("a-bmc", "present", "followed", power="on", answered_at=answered)
    hangs = bmc("z-bmc", "failing", "timeout: the BMC does not answer")
    gateway.reply("GET bmcs", BmcPage(items=[works, hangs]))
    lines = run("bmcs", "--url", gateway.url).out.splitlines()
    assert lines[0].startswith("failing   z-bmc  of brickbox-43")
    assert lines[1] == "  timeout: the BMC does not answer"
    assert lines[2] == "  never answered"
    assert lines[4].startswith("answers   a-bmc  of brickbox-43  power on")
    assert lines[5] == "  answered 2 min ago"
    assert all(len(line) <= 80 for line in lines)


def test_of_one_bmc_what_is_out_of_range_comes_first(run: Any, gateway: Any) -> None:
    now = SystemClock().now()
    readings = [
        SensorReading(time=now, bmc="a-bmc", sensor="CPU1 Temp", value=62, text="", unit="degrees C", status="ok"),
        SensorReading(time=now, bmc="a-bmc", sensor="FAN1", value=0, text="", unit="RPM", status="cr"),
    ]
    entry = SelEntry(
        id=stable_id("record"), bmc="a-bmc", record_id=1, time=now, source_time="", sensor="Fan FAN1",
        event="Lower Critical going low", asserted=True, text="Fan FAN1 | Lower Critical going low\x1b[2J",
    )  # fmt: skip
    gateway.reply("GET bmcs/a-bmc", bmc("a-bmc", "present", "followed", power="on"))
    gateway.reply("GET bmcs/a-bmc/sensors", SensorsReply(sensors=readings))
    gateway.reply("GET bmcs/a-bmc/sel", SelPage(items=[entry]))
    logs = EventLogsReply(
        logs=[
            EventLogState(
                log="SEL", time=now, generation=2, entries=400, capacity=500, when_full="stops", overflow=False
            )
        ],
        changes=[
            EventLogEvent(
                id=stable_id("x"),
                log="SEL",
                time=now,
                generation=2,
                entries=1,
                change="cleared",
                detail="it was erased",
            )
        ],
    )
    gateway.reply("GET bmcs/a-bmc/event-logs", logs)
    out = run("bmcs", "a-bmc", "--url", gateway.url).out
    assert out.index("FAN1") < out.index("CPU1 Temp")
    assert "1 out of range" in out
    assert "400 of 500 (80%) records" in out
    assert "SEL cleared: it was erased" in out
    assert "Lower Critical going low" in out
    assert "\x1b[2J" not in out
    told = json.loads(run("bmcs", "a-bmc", "--json", "--url", gateway.url).out)
    assert [one["sensor"] for one in told["sensors"]] == ["CPU1 Temp", "FAN1"]


def test_no_bmc_says_how_to_get_one(run: Any, gateway: Any) -> None:
    gateway.reply("GET bmcs", BmcPage(items=[]))
    assert "[[bmc]]" in run("bmcs", "--url", gateway.url).out


def job(state: str, synced: int) -> SyncJob:
    now = SystemClock().now()
    return SyncJob(
        id=stable_id("job"), bmc="a-bmc", state=state, reason="anna asked", progress=synced / 300,
        current_step="reading" if state == "running" else state, events_synced=synced, events_total=300, started_at=now,
        updated_at=now, estimated_remaining=30.0,
    )  # fmt: skip


def test_reading_the_logs_once_more_shows_how_far_it_is(run: Any, gateway: Any) -> None:
    gateway.reply("POST bmcs/a-bmc/sync", job("running", 135))
    gateway.reply("GET bmcs/a-bmc/sync", job("done", 300))
    shown = run("bmcs", "a-bmc", "--sync", "--url", gateway.url)
    assert "[█████████░░░░░░░░░░░]  45%  events 135/300  30 s left  reading" in shown.err
    assert shown.out.strip() == "[████████████████████] 100%  events 300/300  done"
    assert "name the BMC" in run("bmcs", "--sync", "--url", gateway.url).err
