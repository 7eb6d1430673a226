"""BMCs over REST and on the pages."""

from tests.unit.gateway.conftest import START, Rig, bmc, reading, record

from groundcrew.contracts.observations import SourceStatus

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
