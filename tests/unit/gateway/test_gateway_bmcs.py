"""BMCs over REST and on the pages."""

from tests.unit.gateway.conftest import START, Rig, bmc, reading, record, sync_job

from groundcrew.contracts.observations import SourceStatus
from groundcrew.contracts.queries import EventLogEvent, EventLogsReply, EventLogState

HTML = {"Accept": "text/html"}


def failing(text: str) -> list[SourceStatus]:
    return [SourceStatus(name=name, state="failing", detail=text, since=START) for name in ("sel", "sensors")]


async def test_bmcs_their_sensors_and_their_event_log_are_told(rig: Rig):
    client = await rig.client()
    listed = (await client.get("/api/v1/bmcs")).json()["items"]
    assert [(one["name"], one["host"]) for one in listed] == [("brickbox-43-bmc", "brickbox-43")]
    assert (await client.get("/api/v1/bmcs/brickbox-43-bmc")).json()["facts"]["power"] == "on"
    sensors = (await client.get("/api/v1/bmcs/brickbox-43-bmc/sensors")).json()["sensors"]
    assert [(one["sensor"], one["status"]) for one in sensors] == [("CPU1 Temp", "ok"), ("FAN1", "cr")]
    records = (await client.get("/api/v1/bmcs/brickbox-43-bmc/sel?contains=lost&limit=5")).json()["items"]
    assert records[0]["event"] == "Power Supply AC lost"
    assert (rig.fleet.asked[-1].bmc, rig.fleet.asked[-1].contains) == ("brickbox-43-bmc", "lost")


async def test_of_one_host_only_its_own_bmc_is_listed(rig: Rig):
    rig.fleet.bmcs.append(bmc(name="other-bmc", entity="bmc:other-bmc", host="other"))
    client = await rig.client()
    listed = (await client.get("/api/v1/bmcs", params={"host": "other"})).json()["items"]
    assert [one["name"] for one in listed] == ["other-bmc"]


async def test_a_bmc_that_nobody_knows_is_not_found(rig: Rig):
    client = await rig.client()
    answer = await client.get("/api/v1/bmcs/nowhere")
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no BMC 'nowhere'")


async def test_bmcs_that_fail_come_first_with_their_reason(rig: Rig):
    rig.fleet.bmcs.append(
        bmc(name="z-bmc", entity="bmc:z-bmc", host="", sources=failing("timeout: the BMC does not answer"), facts={})
    )
    text = (await (await rig.browser()).get("/bmcs", headers=HTML)).text
    assert text.index("z-bmc") < text.index("brickbox-43-bmc")
    assert "timeout: the BMC does not answer" in text
    assert "212 records" in text


async def test_a_hosts_page_shows_its_bmc_with_what_is_out_of_range_and_the_newest_records(rig: Rig):
    text = (await (await rig.browser()).get("/hosts/brickbox-43", headers=HTML)).text
    assert "1 out of range" in text
    assert text.index("FAN1") < text.index("CPU1 Temp"), "worst first"
    assert "Power Supply AC lost" in text
    assert "/bmcs/brickbox-43-bmc" in text


async def test_a_bmcs_page_and_the_list_show_the_incidents_of_its_host(rig: Rig):
    browser = await rig.browser()
    title = (await (await rig.client()).get("/api/v1/incidents?host=brickbox-43")).json()["items"][0]["title"]
    assert title in (await browser.get("/bmcs/brickbox-43-bmc", headers=HTML)).text
    listed = (await browser.get("/bmcs", headers=HTML)).text
    assert 'data-label="incidents"><span class="sev' in listed


async def test_a_first_look_is_no_absence(rig: Rig):
    rig.fleet.bmcs[:] = [bmc(sources=[], facts={})]
    rig.fleet.event_logs = EventLogsReply(logs=[], changes=[], sync=sync_job())
    text = (await (await rig.browser()).get("/bmcs/brickbox-43-bmc", headers=HTML)).text
    assert "at its first look" in text
    assert "Nobody reads it" not in text


async def test_a_host_without_a_bmc_says_so(rig: Rig):
    rig.fleet.bmcs.clear()
    text = (await (await rig.browser()).get("/hosts/web-01", headers=HTML)).text
    assert "The inventory names no BMC of this host." in text


async def test_what_a_bmc_prints_is_shown_as_text(rig: Rig):
    hostile = "<script>alert('3am')</script>"
    rig.fleet.records = [record(hostile)]
    rig.fleet.sensors = [reading(hostile, 1.0)]
    rig.fleet.bmcs = [bmc(facts={"power": hostile, "product": hostile}, sources=failing(hostile))]
    browser = await rig.browser()
    for path in ("/bmcs", "/bmcs/brickbox-43-bmc", "/hosts/brickbox-43"):
        assert hostile not in (await browser.get(path, headers=HTML)).text


async def test_a_bmcs_page_shows_how_full_its_logs_are_what_became_of_them_and_how_far_they_are_read(rig: Rig):
    rig.fleet.event_logs = EventLogsReply(
        logs=[
            EventLogState(
                log="SEL", time=START, generation=2, entries=412, capacity=512, when_full="stops", overflow=True
            )
        ],
        changes=[
            EventLogEvent(
                id="d" * 32,
                log="SEL",
                time=START,
                generation=2,
                entries=1,
                change="lost",
                detail="ids 9 to 40 are gone",
            )
        ],
        sync=sync_job(),
    )
    rig.fleet.records = [record().model_copy(update={"uncertainty_s": 125.0})]
    for path in ("/bmcs/brickbox-43-bmc", "/hosts/brickbox-43"):
        text = (await (await rig.browser()).get(path, headers=HTML)).text
        assert "412 of 512 records" in text
        assert "it dropped records" in text
        assert "takes no more when full" in text
        assert "ids 9 to 40 are gone" in text
        assert "150 of 300 records" in text
        assert "30 s left" in text
        assert "±2 min" in text


async def test_an_operator_has_the_event_logs_of_a_bmc_read_once_more(rig: Rig):
    client = await rig.client()
    assert (await client.get("/api/v1/bmcs/brickbox-43-bmc/sync")).status_code == 404
    started = await client.post("/api/v1/bmcs/brickbox-43-bmc/sync")
    assert (started.status_code, started.json()["state"]) == (202, "queued")
    assert rig.fleet.asked[-1].bmc == "brickbox-43-bmc"
    assert (await client.get("/api/v1/bmcs/brickbox-43-bmc/sync")).json()["id"] == started.json()["id"]
    assert [one["state"] for one in (await client.get("/api/v1/syncs")).json()["items"]] == ["queued"]
    assert (await client.get("/api/v1/bmcs/brickbox-43-bmc/event-logs")).json()["sync"]["state"] == "queued"
