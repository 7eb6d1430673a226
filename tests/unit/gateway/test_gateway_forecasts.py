"""Forecasts of a host: over REST, and on its page in words."""

from datetime import UTC, datetime, timedelta

from groundcrew.contracts.queries import Forecast
from groundcrew.stores.gateway.port import Role

HTML = {"Accept": "text/html"}
NOW = datetime(2026, 3, 4, 2, 36, tzinfo=UTC)
FULL = Forecast(
    id="filesystem.full",
    title="/var is full",
    component_class="filesystem",
    component="/var",
    metric="filesystem_avail_bytes",
    labels={"mountpoint": "/var"},
    unit="bytes",
    value=5 * 2.0**30,
    limit=0,
    per_day=-(2.0**30),
    soonest=NOW + timedelta(days=4),
    likely=NOW + timedelta(days=5),
    points=72,
)


async def test_forecasts_over_rest(rig):
    rig.fleet.ahead = [FULL]
    reply = await (await rig.client(Role.VIEWER)).get("/api/v1/hosts/brickbox-43/forecasts")
    assert reply.status_code == 200
    [one] = reply.json()["forecasts"]
    assert (one["component"], one["latest"]) == ("/var", None)


async def test_the_page_of_a_host_says_what_lies_ahead(rig):
    rig.fleet.ahead = [FULL]
    text = (await (await rig.browser(Role.VIEWER)).get("/hosts/brickbox-43", headers=HTML)).text
    assert "/var is full" in text
    assert "never" in text
    assert "5.0 GiB" in text or "5 GiB" in text
    assert "too few points" in text


async def test_a_fan_that_wears_is_told_with_its_back_test(rig):
    fan = {"id": "fan.wear", "title": "FAN2 turns slow", "metric": "fan", "unit": "RPM", "value": 5_225.0}
    rig.fleet.ahead = [FULL.model_copy(update=fan | {"limit": 3_000.0, "per_day": -150.0, "back_test": 0.034})]
    text = (await (await rig.browser(Role.VIEWER)).get("/hosts/brickbox-43", headers=HTML)).text
    assert "off by 3 %" in text
    assert "RPM" in text


async def test_a_host_of_which_nothing_is_used_up(rig):
    text = (await (await rig.browser(Role.VIEWER)).get("/hosts/brickbox-43", headers=HTML)).text
    assert "3 series show no clear way to a limit" in text
