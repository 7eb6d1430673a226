"""Where hosts are: the inventory's page, and the place of one host on its own."""

import pytest

from groundcrew.contracts.inventory import Inventory, InventoryHost
from groundcrew.contracts.observations import SourceStatus
from groundcrew.contracts.queries import Endpoints
from groundcrew.stores.gateway.port import Role
from groundcrew_gateway.pages.place import place_of, racks_of

from .conftest import HOSTILE, START, listed

HTML = {"Accept": "text/html"}


def test_a_host_knows_with_whom_it_shares_feeds_switch_and_rack():
    place = place_of(listed(), "brickbox-43")
    assert [(one.kind, one.name, one.others) for one in place.shared] == [
        ("feed", "pdu-3a", []),
        ("feed", "pdu-3b", ["brickbox-44"]),
        ("switch", "tor-7", ["brickbox-44"]),
        ("rack", "r7", ["brickbox-44"]),
    ]
    assert (place.bmc.address, place.needs[0].on) == ("10.2.0.43", "host:nfs-1")
    assert place_of(listed(), "nfs-1").needed_by[0].entity == "host:brickbox-43"


def test_racks_are_in_the_order_that_people_count_and_hosts_from_the_top_down():
    hosts = [("a", "r10", "U1"), ("b", "r2", "U3"), ("c", "r2", "U12"), ("d", "", ""), ("e", "r2", "")]
    racks = racks_of([InventoryHost(name=name, rack=rack, unit=unit) for name, rack, unit in hosts])
    assert [(one.name, [host.name for host in one.hosts]) for one in racks] == [
        ("r2", ["c", "b", "e"]),
        ("r10", ["a"]),
        ("", ["d"]),
    ]


async def test_host_page_shows_place_parts_and_dependencies(rig):
    browser = await rig.browser(Role.VIEWER)
    page = (await browser.get("/hosts/brickbox-43", headers=HTML)).text
    for told in ("r7</a>, U12", "SYS-420GP", "S4217", "PWS-2K20A", "P2K2", "the operator&#39;s file"):
        assert told in page
    assert '<a href="/hosts/nfs-1">nfs-1</a>' in page
    assert '<dt>Feed pdu-3b</dt><dd>with <a href="/hosts/brickbox-44">brickbox-44</a></dd>' in page


async def test_host_that_nobody_listed_says_so(rig):
    rig.fleet.inventory = Inventory()
    browser = await rig.browser(Role.VIEWER)
    page = (await browser.get("/hosts/brickbox-43", headers=HTML)).text
    assert "The inventory says nothing of this host" in page


async def test_inventory_page_shows_racks_bmcs_and_who_said_so(rig):
    browser = await rig.browser(Role.VIEWER)
    page = (await browser.get("/inventory", headers=HTML)).text
    assert "3 hosts in 1 rack, 1 BMC with an address, 1 dependency · revision 7, by ada" in page
    assert page.index("brickbox-44") < page.index("brickbox-43"), "U14 is above U12"
    assert "10.2.0.43:623" in page
    assert '<td data-label="needs"><a href="/hosts/nfs-1">nfs-1</a> <span class="quiet">not listed</span></td>' in page
    assert "REST" in page
    only = (await browser.get("/inventory?rack=r7", headers=HTML)).text
    assert 'href="/hosts/web-01"' not in only


async def test_a_large_inventory_is_shown_rack_by_rack(rig):
    hosts = [InventoryHost(name=f"n{n}", rack=f"r{n % 20}") for n in range(400)]
    rig.fleet.inventory = Inventory(host=hosts)
    browser = await rig.browser(Role.VIEWER)
    page = (await browser.get("/inventory", headers=HTML)).text
    assert page.count("<tr data-row>") == 20
    assert 'href="/inventory?rack=r19"' in page


async def test_what_the_inventory_says_is_text_and_no_markup(rig):
    evil = InventoryHost(name=HOSTILE, rack=HOSTILE, model=HOSTILE, pdu=[HOSTILE])
    rig.fleet.inventory = Inventory(host=[evil, InventoryHost(name="brickbox-43", rack=HOSTILE, pdu=[HOSTILE])])
    browser = await rig.browser(Role.VIEWER)
    for path in ("/inventory", "/hosts/brickbox-43"):
        page = (await browser.get(path, headers=HTML)).text
        assert HOSTILE not in page
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["/inventory", "/hosts/brickbox-43"])
async def test_pages_stand_while_context_does_not_tell_the_inventory(rig, path):
    rig.broker.served.pop(Endpoints.INVENTORY.subject("default"))
    browser = await rig.browser(Role.VIEWER)
    answer = await browser.get(path, headers=HTML)
    assert answer.status_code == 200
    assert "context does not answer" in answer.text


async def test_charts_are_readable_without_seeing_them(rig):
    browser = await rig.browser(Role.VIEWER)
    sar = SourceStatus(name="sar", state="present", detail="3 of 3 files in /var/log/sysstat", since=START)
    rig.fleet.hosts[0] = rig.fleet.hosts[0].model_copy(update={"sources": [*rig.fleet.hosts[0].sources, sar]})
    for span in ("24h", "7d", "30d"):
        page = (await browser.get(f"/hosts/brickbox-43?range={span}", headers=HTML)).text
        assert f"over {span}: over 1 min now 0.42, between 0.1 and 0.5, on average 0.34" in page
    assert "comes from sysstat (3 of 3 files in /var/log/sysstat)" in page
