"""Five hundred open incidents: the gravest come first on every page of the list, and none is left out."""

import re

from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import IncidentState, Severity

HTML = {"Accept": "text/html"}
KINDS = (
    (Severity.INFO, IncidentState.OPEN, 20),
    (Severity.WARNING, IncidentState.OPEN, 400),
    (Severity.CRITICAL, IncidentState.ACKNOWLEDGED, 20),
    (Severity.CRITICAL, IncidentState.OPEN, 60),
)
"""The newest first, as they are stored."""


async def test_every_page_goes_on_with_the_next_gravest_and_none_is_left_out(rig) -> None:
    [one] = rig.fleet.incidents
    rig.fleet.incidents = [
        one.model_copy(update={"id": stable_id(severity, state, at), "severity": severity, "state": state})
        for severity, state, count in KINDS
        for at in range(count)
    ]
    rank = {incident.id: (incident.state.value, incident.severity.value) for incident in rig.fleet.incidents}
    browser, seen, address = await rig.browser(), list[str](), "/incidents"
    for _ in range(20):
        page = (await browser.get(address, headers=HTML)).text
        rows = re.findall(r'class="what" href="/incidents/([0-9a-f]{32})"', page)
        assert len(rows) <= 50
        seen += rows
        after = re.search(r'<a href="([^"]+)" rel="next"', page)
        if after is None:
            break
        address = after.group(1).replace("&amp;", "&")
    assert sorted(seen) == sorted(rank)
    assert [rank[one] for one in seen] == (
        [("open", "critical")] * 60 + [("open", "warning")] * 400 + [("open", "info")] * 20
        + [("acknowledged", "critical")] * 20
    )  # fmt: skip


async def test_the_overview_shows_the_gravest_of_them(rig) -> None:
    [one] = rig.fleet.incidents
    many = [one.model_copy(update={"id": stable_id("w", at), "severity": Severity.WARNING}) for at in range(499)]
    rig.fleet.incidents = [*many, one.model_copy(update={"title": "an old critical one"})]
    page = (await (await rig.browser()).get("/", headers=HTML)).text
    rows = re.findall(r'class="what" href="[^"]+">([^<]+)<', page)
    assert rows[0] == "an old critical one"


async def test_a_cursor_that_is_none_begins_anew(rig) -> None:
    page = await (await rig.browser()).get("/incidents?cursor=nonsense", headers=HTML)
    assert page.status_code == 200
    assert "PSU2 of brickbox-43 lost its input" in page.text
