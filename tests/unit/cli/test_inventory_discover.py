"""`groundcrew inventory discover`: what is found is printed, written once, or taken in where it is not listed yet."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from tests.conftest import free_port

from groundcrew.contracts.inventory import Inventory, InventoryBmc
from groundcrew_ipmi_collector.lab.bmc import SimulatedBmc
from groundcrew_ipmi_collector.lab.server import BmcServer

BMC = "127.0.8.2"


@pytest.fixture(scope="module")
def ports() -> Iterator[list[str]]:
    """One BMC over IPMI at an address of its own; arguments that name where it is asked for."""
    port, ready, ended = free_port(), Event(), Event()

    async def serve() -> None:
        server = await BmcServer.serve(SimulatedBmc(lambda: 0), port, address=BMC, user="u", password="p")
        ready.set()
        await asyncio.to_thread(ended.wait)
        server.close()

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    yield ["127.0.8.1-3", "--port", str(port), "--redfish-port", str(free_port()), "--rate", "2000"]
    ended.set()
    thread.join(10)


def test_what_is_found_is_printed_and_nothing_else_happens(run: Any, gateway: Any, ports: list[str]) -> None:
    out = run("inventory", "discover", *ports).out
    assert 'address = "127.0.8.2"' in out
    assert out.count("[[bmc]]") == 1
    told = json.loads(run("inventory", "discover", *ports, "--json").out)
    assert (told["asked"], [one["says"] for one in told["found"]]) == (3, ["IPMI 2.0"])
    assert gateway.asked == []


def test_a_file_that_is_there_is_not_overwritten(run: Any, ports: list[str], tmp_path: Path) -> None:
    file = tmp_path / "found.toml"
    assert "inventory import" in run("inventory", "discover", *ports, "-o", str(file)).out
    before = file.read_text()
    again = run("inventory", "discover", *ports, "-o", str(file))
    assert again.code == 2
    assert file.read_text() == before


def test_a_csv_file_of_what_was_found_is_one_that_can_be_taken_in(run: Any, ports: list[str], tmp_path: Path) -> None:
    file = tmp_path / "found.csv"
    run("inventory", "discover", *ports, "-o", str(file))
    heading, row = file.read_text().splitlines()
    assert heading.startswith("name,address,port,redfish_port,protocol,user,password_file,")
    assert row.startswith("bmc-127-0-8-2,127.0.8.2,")
    filled = row.replace(",ipmi,,,", ",ipmi,admin,/etc/groundcrew/bmc,")
    file.write_text(f"{heading}\n{filled}\n")
    assert "1 BMC" in run("inventory", "check", str(file)).out


def test_only_what_is_not_listed_yet_is_taken_in(run: Any, gateway: Any, ports: list[str]) -> None:
    gateway.reply("GET inventory", Inventory(revision=4))
    gateway.reply("PATCH inventory", Inventory(revision=5))
    assert run("inventory", "discover", *ports, "--import", "--url", gateway.url).out.startswith("1 added")
    gateway.reply("GET inventory", Inventory(revision=5, bmc=[InventoryBmc(name="rack-1", address=BMC)]))
    assert run("inventory", "discover", *ports, "--import", "--url", gateway.url).out.startswith("0 added, 1 listed")


def test_what_is_no_address_is_refused_before_anybody_is_asked(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "nets"
    file.write_text("10.0.0.0/8\n")
    refused = run("inventory", "discover", "--file", str(file))
    assert refused.code == 2
    assert "line 1: more than 4,096 addresses" in refused.err
    assert run("inventory", "discover").code == 2
