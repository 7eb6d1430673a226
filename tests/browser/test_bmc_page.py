"""The page of a BMC in a browser, while its event logs are read whole."""

from datetime import timedelta

from playwright.async_api import expect

from groundcrew.contracts.clock import to_us
from groundcrew.contracts.envelope import Message, ProducedBy, seal
from groundcrew.contracts.event_logs import EventLogBatch, LogChange, SyncChanged, SyncJob, SyncState, WhenFull
from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.observations import InventoryObserved, SelBatch, SensorBatch, SourceState, SourceStatus

BMC = "gpu-04-bmc"
TOTAL = 1_200
SOURCES = ("sel", "sensors")


async def publish(plant, data: Message, source: str, position: str) -> None:
    now = plant.clock.now()
    await plant.bus.publish(
        seal(
            data,
            id=stable_id("browser", source, position),
            site="demo",
            entity=f"bmc:{BMC}",
            time=now,
            received_at=now,
            source=source,
            position=position,
            produced_by=ProducedBy(service="ipmi-collector", version="0"),
        )
    )


def job(plant, synced: int, step: str, state: SyncState = SyncState.RUNNING) -> SyncChanged:
    now = plant.clock.now()
    return SyncChanged(
        job=SyncJob(
            id=stable_id("job"), bmc=BMC, state=state, reason="first look", progress=synced / TOTAL, current_step=step,
            events_synced=synced, events_total=TOTAL, started_at=now - timedelta(seconds=40), updated_at=now,
            estimated_remaining=None if not synced else 40.0 * (TOTAL - synced) / synced,
        )
    )  # fmt: skip


async def told(plant) -> None:
    now = plant.clock.now()
    sources = [SourceStatus(name=name, state=SourceState.PRESENT, detail="every 60 s", since=now) for name in SOURCES]
    facts = {"protocol": "redfish", "answered_at": now.isoformat(), "power": "on", "sel_entries": "460"}
    await publish(plant, InventoryObserved(collector="bmc", facts=facts, sources=sources), "inventory", "1")
    at = to_us(now)
    logs = EventLogBatch(
        ids=[stable_id("l1")], times=[at], logs=["Sel"], generations=[1], entries=[TOTAL],
        capacities=[2_000], overflows=[False],
        when_full=[WhenFull.OVERWRITES], changes=[LogChange.NONE], details=[""],
    )  # fmt: skip
    await publish(plant, logs, "eventlogs", "1")
    count = 12
    records = SelBatch(
        ids=[stable_id("r", n) for n in range(count)], record_ids=list(range(count)),
        times=[at - (count - n) * 3_600_000_000 for n in range(count)], source_times=[""] * count,
        sensors=["Fan FAN4"] * count, events=["Lower Critical going low"] * count,
        asserted=[n % 2 == 0 for n in range(count)],
        texts=["Fan FAN4 | Lower Critical going low"] * count, uncertainties=[0.0] * count,
    )  # fmt: skip
    await publish(plant, records, "sel", "1")
    names = ["FAN1", "FAN4", "CPU1 Temp", "PSU1 Power"]
    sensors = SensorBatch(
        times=[at] * 4, sensors=names, values=[6_000.0, 0.0, 61.0, 412.0], texts=[""] * 4,
        units=["RPM", "RPM", "degrees C", "Watts"], statuses=["ok", "cr", "ok", "ok"],
        lowers=[900.0, 900.0, None, None], uppers=[None] * 4,
    )  # fmt: skip
    await publish(plant, sensors, "sensors", "1")


async def test_a_sync_that_runs_moves_on_the_page_and_says_when_it_is_done(plant, visit, tmp_path):
    await told(plant)
    await publish(plant, job(plant, 0, "reading: 450 of 1,200 entries"), "sync", "1")
    opened = await visit()
    page = opened.page
    await page.goto(f"{plant.url}/bmcs/{BMC}")
    running = page.locator("#logs [role=status]")
    await expect(running).to_contain_text("450 of 1,200", timeout=20_000)
    await publish(plant, job(plant, 460, "reading"), "sync", "2")
    await expect(running).to_contain_text("460 of 1,200 records stored", timeout=20_000)
    await expect(running).to_contain_text("38 %")
    await page.screenshot(path=tmp_path / "bmc.png", full_page=True)
    await publish(plant, job(plant, TOTAL, "done", SyncState.DONE), "sync", "3")
    await expect(page.locator("#logs")).to_contain_text("Read whole", timeout=20_000)
    await expect(running).to_have_count(0)
    assert opened.troubles == []
