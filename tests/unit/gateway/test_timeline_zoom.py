"""A part of an incident's timeline: which one is drawn, and what leads from there."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundcrew.contracts.identity import stable_id
from groundcrew.contracts.incidents import Cause, Evidence, EvidenceSource, Incident, IncidentState, Severity
from groundcrew.contracts.queries import IncidentDetail
from groundcrew_gateway.pages.lanes import axis_of, incident_chart
from groundcrew_gateway.pages.timeline import Axis
from groundcrew_gateway.pages.zoom import LEAST, stamp, zoomed
from groundcrew_gateway.problems import Problem

INCIDENT = stable_id("incident", 1)
HTML = {"Accept": "text/html"}
AT = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
HOUR = Axis(AT, AT + timedelta(hours=1))
MOMENTS = st.none() | st.integers(-7_200, 7_200).map(lambda seconds: AT + timedelta(seconds=seconds))


def detail(points: int) -> IncidentDetail:
    last = AT + timedelta(seconds=max(0, points - 1))
    incident = Incident(
        id=INCIDENT, revision=1, state=IncidentState.OPEN, severity=Severity.CRITICAL, title="x", hosts=["n1"],
        entity="host:n1", opened_at=AT, updated_at=last, last_seen=last, evidence_count=points, trigger_count=1,
        cause=Cause(id="psu.input_lost", component_class="psu", component="PSU2", confidence=0.9),
    )  # fmt: skip
    pieces = [
        Evidence(
            id=f"{number:032x}", source=EvidenceSource.JOURNAL, ref="r", time=AT + timedelta(seconds=number),
            entity="host:n1", text=f"line {number}",
        )
        for number in range(points)
    ]  # fmt: skip
    return IncidentDetail(incident=incident, evidence=pieces, history=[], findings=[])


@given(MOMENTS, MOMENTS)
def test_whatever_part_is_asked_for_lies_inside_the_whole_and_is_never_too_narrow(since, until) -> None:
    if since is not None and until is not None and since >= until:
        with pytest.raises(Problem, match="before until"):
            zoomed(HOUR, since, until)
        return
    zoom = zoomed(HOUR, since, until)
    assert HOUR.start <= zoom.shown.start < zoom.shown.end <= HOUR.end
    assert zoom.shown.end - zoom.shown.start >= LEAST
    assert 0 <= zoom.x <= 100
    for way in zoom.ways:
        if way.since:
            there = zoomed(HOUR, datetime.fromisoformat(way.since), datetime.fromisoformat(way.until))
            assert HOUR.start <= there.shown.start < there.shown.end <= HOUR.end


def test_closer_and_wider_undo_each_other_and_along_keeps_the_width() -> None:
    zoom = zoomed(HOUR, AT + timedelta(minutes=20), AT + timedelta(minutes=40))
    ways = {way.key: (way.since[11:16], way.until[11:16]) for way in zoom.ways}
    assert ways == {
        "closer": ("02:25", "02:35"), "wider": ("02:10", "02:50"), "earlier": ("02:10", "02:30"),
        "later": ("02:30", "02:50"), "all": ("", ""),
    }  # fmt: skip


def test_coming_closer_keeps_to_what_there_is() -> None:
    seen = [AT + timedelta(minutes=2), AT + timedelta(minutes=58)]
    zoom = zoomed(HOUR, None, None, seen)
    for _ in range(5):
        [closer] = [way for way in zoom.ways if way.key == "closer"]
        zoom = zoomed(HOUR, datetime.fromisoformat(closer.since), datetime.fromisoformat(closer.until), seen)
        assert zoom.shown.start <= seen[0] <= zoom.shown.end
    assert zoom.shown.end - zoom.shown.start < timedelta(minutes=2)


def test_of_the_whole_only_closer_is_left() -> None:
    assert [way.key for way in zoomed(HOUR, None, None).ways if way.open] == ["closer"]
    assert zoomed(HOUR, None, None).words.endswith("all of it")


def test_the_narrowest_part_goes_no_closer() -> None:
    zoom = zoomed(HOUR, AT, AT + timedelta(milliseconds=1))
    assert zoom.shown.end - zoom.shown.start == LEAST
    assert [way.key for way in zoom.ways if way.open] == ["wider", "later", "all"]


def test_a_part_beyond_the_whole_is_all_of_it() -> None:
    assert not zoomed(HOUR, AT - timedelta(days=2), AT - timedelta(days=1)).narrowed
    assert not zoomed(HOUR, AT + timedelta(days=1), None).narrowed


@pytest.mark.parametrize("points", [0, 1, 200])
def test_what_is_outside_is_counted_and_nothing_is_lost(points: int) -> None:
    given_ = detail(points)
    whole = axis_of(given_, [])
    zoom = zoomed(whole, AT + timedelta(seconds=10), AT + timedelta(seconds=20))
    chart = incident_chart(given_, [], axis=zoom.shown)
    drawn = sum(mark.count for lane in chart.lanes for mark in lane.marks)
    assert drawn + chart.elsewhere == points
    assert drawn == {0: 0, 1: 0, 200: 11}[points]
    assert sum(mark.count for lane in incident_chart(given_, []).lanes for mark in lane.marks) == points


def test_closer_parts_what_was_drawn_as_one() -> None:
    given_ = detail(200)
    far = incident_chart(given_, []).lanes[0].marks
    near = incident_chart(given_, [], axis=Axis(AT, AT + timedelta(seconds=20))).lanes[0].marks
    assert max(mark.count for mark in far) > 1
    assert all(mark.count == 1 for mark in near)


async def test_the_page_draws_the_part_of_its_address(rig) -> None:
    browser = await rig.browser()
    page = (await browser.get(f"/incidents/{INCIDENT}", headers=HTML)).text
    [closer] = re.findall(r'id="zoom-closer" class="button" href="([^"]+)"', page)
    query = parse_qs(urlsplit(closer.replace("&amp;", "&")).query)
    assert set(query) == {"since", "until"}
    narrowed = (await browser.get(closer.replace("&amp;", "&"), headers=HTML)).text
    assert "a part of" in narrowed
    assert 'id="zoom-all" class="button" href=' in narrowed
    assert "all of it" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [("since=yesterday", "since"), ("since=2026-03-04T02:00:00Z&until=2026-03-04T01:00:00Z", "before until")],
)
async def test_a_part_that_is_none_is_one_clear_error(rig, query: str, said: str) -> None:
    answer = await (await rig.browser()).get(f"/incidents/{INCIDENT}?{query}", headers=HTML)
    assert answer.status_code == 422
    assert said in answer.text


def test_stamps_survive_an_address() -> None:
    assert stamp(AT.replace(microsecond=123_456)) == "2026-03-04T02:00:00.123Z"


async def test_an_owner_is_named_on_the_page_and_never_cut_short(rig) -> None:
    browser = await rig.browser()
    post = f"/incidents/{INCIDENT}/assign"
    assert (await browser.post(post, data={"text": " ada "}, headers=HTML)).status_code == 303
    assert [(one.command, one.text) for one in rig.fleet.asked if hasattr(one, "command")] == [("assign", "ada")]
    assert (await browser.post(post, data={"text": "x" * 201}, headers=HTML)).status_code == 422
    page = (await browser.get(f"/incidents/{INCIDENT}", headers=HTML)).text
    assert 'id="owner" name="text"' in page


async def test_an_empty_note_is_refused(rig) -> None:
    browser = await rig.browser()
    answer = await browser.post(f"/incidents/{INCIDENT}/note", data={"text": "  "}, headers=HTML)
    assert answer.status_code == 422
    assert "a note is expected" in answer.text
    assert not [one for one in rig.fleet.asked if hasattr(one, "command")]


async def test_the_root_cause_of_an_incident_is_one_link_away(rig) -> None:
    browser = await rig.browser()
    page = (await browser.get(f"/incidents/{INCIDENT}", headers=HTML)).text
    [there] = re.findall(r'href="(/reports/root-cause\?[^"]+)"', page)
    query = parse_qs(urlsplit(there.replace("&amp;", "&")).query)
    assert query == {"device": ["brickbox-43"], "event_id": [INCIDENT], "time_range": ["24h"]}
    form = (await browser.get(there.replace("&amp;", "&"), headers=HTML)).text
    assert f'<option value="{INCIDENT}" selected>' in form
    assert 'value="brickbox-43"' in form


async def test_an_event_that_is_not_among_the_newest_stays_chosen(rig) -> None:
    rig.fleet.incidents = []
    event = "0" * 31 + "7"
    page = (await (await rig.browser()).get(f"/reports/root-cause?device=n1&event_id={event}", headers=HTML)).text
    assert f'<option value="{event}" selected>event 00000000</option>' in page
